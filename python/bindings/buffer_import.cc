// Tensors over the memory of objects with Python's buffer protocol (PEP 3118).
#include <cstring>
#include <string_view>

#include "bindings/array_import.h"
#include "bindings/forgotten_error.h"

namespace emberharmony::python {
namespace {

/// Keeps a buffer, and through it the object that has it, until the last tensor over it is gone.
class HeldBuffer {
 public:
  HeldBuffer() = default;
  HeldBuffer(const HeldBuffer&) = delete;
  HeldBuffer& operator=(const HeldBuffer&) = delete;
  ~HeldBuffer() {
    // Without an interpreter there is nobody left to give it back to.
    if (!held || !Py_IsInitialized()) return;
    const PyGILState_STATE state = EnsureGil();
    PyBuffer_Release(&view);
    PyGILState_Release(state);
  }

  Py_buffer view{};
  bool held = false;
};

std::optional<ops::DType> IntegerOfSize(Py_ssize_t bytes, bool is_signed) {
  switch (bytes) {
    case 1:
      return is_signed ? ops::DType::kInt8 : ops::DType::kUInt8;
    case 2:
      return is_signed ? ops::DType::kInt16 : ops::DType::kUInt16;
    case 4:
      return is_signed ? ops::DType::kInt32 : ops::DType::kUInt32;
    case 8:
      return is_signed ? ops::DType::kInt64 : ops::DType::kUInt64;
    default:
      return std::nullopt;
  }
}

/// The dtype of a format of the struct module, as far as it is one element in this machine's byte
/// order.
std::optional<ops::DType> ParseFormat(const char* text, Py_ssize_t item_bytes) {
  std::string_view format = text != nullptr ? text : "B";
  if (format.size() > 1 && std::string_view("@=<>!|").find(format[0]) != std::string_view::npos) {
    constexpr bool kLittle = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    const bool swapped = format[0] == (kLittle ? '>' : '<') || (kLittle && format[0] == '!');
    if (swapped && item_bytes > 1) return std::nullopt;
    format.remove_prefix(1);
  }
  if (format == "Zf" && item_bytes == 8) return ops::DType::kComplex64;
  if (format == "Zd" && item_bytes == 16) return ops::DType::kComplex128;
  if (format.size() != 1) return std::nullopt;
  if (format[0] == 'f' && item_bytes == 4) return ops::DType::kFloat32;
  if (format[0] == 'd' && item_bytes == 8) return ops::DType::kFloat64;
  if (format[0] == '?' && item_bytes == 1) return ops::DType::kBool;
  if (std::strchr("bhilqn", format[0]) != nullptr) return IntegerOfSize(item_bytes, true);
  if (std::strchr("BHILQNc", format[0]) != nullptr) return IntegerOfSize(item_bytes, false);
  return std::nullopt;
}

}  // namespace

std::optional<ops::Tensor> ImportBuffer(PyObject* source, bool* copied) {
  auto buffer = std::make_shared<HeldBuffer>();
  // Without PyBUF_WRITABLE read-only memory is given too, and says that it is.
  if (PyObject_GetBuffer(source, &buffer->view, PyBUF_RECORDS_RO) < 0) {
    ForgetError();
    return std::nullopt;
  }
  buffer->held = true;
  const Py_buffer& view = buffer->view;
  const std::optional<ops::DType> dtype = ParseFormat(view.format, view.itemsize);
  if (!dtype) return std::nullopt;
  const auto rank = static_cast<size_t>(view.ndim);
  const ops::Shape shape(std::span<const int64_t>(view.shape, rank));
  ops::Shape strides = shape;
  if (view.strides != nullptr) {
    strides = ops::Shape(std::span<const int64_t>(view.strides, rank));
  } else {
    int64_t step = view.itemsize;
    for (int i = view.ndim - 1; i >= 0; --i) {
      strides[i] = step;
      step *= shape[i];
    }
  }
  return FromMemory(view.buf, shape, strides, *dtype, buffer, view.readonly == 0, copied);
}

}  // namespace emberharmony::python
