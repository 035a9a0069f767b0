// Tensors as text: repr(), str() and format().
#include <charconv>
#include <cmath>
#include <complex>
#include <string>

#include "bindings/results.h"
#include "bindings/tensor_object.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

template <class Make>
PyObject* GuardedText(Make&& make) {
  try {
    return make();
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

/// What stands behind the digits of a whole number: "1.0" by itself, "1" within a complex number.
enum class WholeNumber { kPointZero, kPlain };

/// A number in single precision as NumPy's scalar of it is written: the fewest digits that read
/// back as it, with an exponent from 1e6 on, where single precision runs out of digits, and below
/// 1e-4.
std::string SingleText(float value, WholeNumber whole) {
  constexpr int kTextMax = 64;
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const double size = std::abs(static_cast<double>(value));
  const bool is_plain = size == 0 || (size >= 1e-4 && size < 1e6);
  const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  char text[kTextMax];
  std::string digits(text, std::to_chars(text, text + kTextMax, value, format).ptr);
  if (is_plain && whole == WholeNumber::kPointZero && digits.find('.') == std::string::npos) {
    digits += ".0";
  }
  return digits;
}

std::string SingleText(std::complex<float> value) {
  const std::string imaginary = SingleText(value.imag(), WholeNumber::kPlain) + "j";
  if (value.real() == 0 && !std::signbit(value.real())) return imaginary;
  const bool has_sign = imaginary[0] == '-';
  return "(" + SingleText(value.real(), WholeNumber::kPlain) + (has_sign ? "" : "+") + imaginary +
         ")";
}

/// The text of the element of a tensor of rank 0, as NumPy's scalar of its dtype has it. That of
/// all but single precision is Python's.
PyObject* ScalarText(const ops::Tensor& x) {
  if (x.dtype() == ops::DType::kFloat32) {
    return ToPython(SingleText(x.values<float>()[0], WholeNumber::kPointZero));
  }
  if (x.dtype() == ops::DType::kComplex64) {
    return ToPython(SingleText(x.values<std::complex<float>>()[0]));
  }
  const Reference number(Checked(ElementToPython(x.data(), x.dtype())));
  return Checked(PyObject_Str(number.get()));
}

}  // namespace

PyObject* ReprOfTensor(PyObject* self) {
  return GuardedText([&] {
    const ops::Tensor& own = TensorOf(self);
    const ops::Tensor x = OnCpu(own);
    ops::PrintOptions options;
    options.separator = ", ";
    options.prefix = "Tensor(";
    std::string text = options.prefix + ops::to_string(x, options);
    if (x.size() == 0) text += ", shape=" + x.shape().ToString();
    text += ", dtype=" + std::string(tensor::DTypeName(x.dtype()));
    if (own.device() != tensor::kCpuDevice) text += ", device=" + tensor::DeviceName(own.device());
    return ToPython(text + ")");
  });
}

PyObject* StrOfTensor(PyObject* self) {
  return GuardedText([&] {
    const ops::Tensor x = OnCpu(TensorOf(self));
    return x.rank() == 0 ? ScalarText(x) : ToPython(ops::to_string(x));
  });
}

PyObject* FormatOfTensor(PyObject* self, PyObject* spec) {
  return GuardedText([&]() -> PyObject* {
    const ops::Tensor& own = TensorOf(self);
    const bool is_plain = PyUnicode_GetLength(spec) == 0;
    if (is_plain && own.rank() > 0) return StrOfTensor(self);
    if (own.size() != 1) {
      Raise(PyExc_TypeError, "a format is for one number, found a " + own.Describe() +
                                 ": format x.item(...), or print it with str()");
    }
    // Python's number has the formats, with the digits of double precision: NumPy's scalars are
    // formatted so, too.
    const ops::Tensor x = OnCpu(own);
    const Reference number(Checked(ElementToPython(x.data(), x.dtype())));
    return Checked(PyObject_Format(number.get(), spec));
  });
}

}  // namespace emberharmony::python
