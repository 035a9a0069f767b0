#include "emberharmony/ops/operand.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

#include "emberharmony/ops/range_error.h"

namespace emberharmony::ops {

DType Scalar::default_dtype() const {
  switch (kind_) {
    case Kind::kBool:
      return DType::kBool;
    case Kind::kFloating:
      return DType::kFloat64;
    case Kind::kComplex:
      return DType::kComplex128;
    case Kind::kInteger:
      break;
  }
  return is_negative_ || integer_ <= uint64_t{std::numeric_limits<int64_t>::max()} ? DType::kInt64
                                                                                   : DType::kUInt64;
}

DType Scalar::PromotedWith(DType dtype) const {
  switch (kind_) {
    case Kind::kBool:
      return dtype;
    case Kind::kInteger:
      return tensor::IsBool(dtype) ? default_dtype() : dtype;
    case Kind::kFloating:
      return tensor::IsBool(dtype) || tensor::IsInteger(dtype) ? DType::kFloat64 : dtype;
    case Kind::kComplex:
      break;
  }
  return tensor::ComplexOf(dtype);
}

std::complex<double> Scalar::value() const {
  if (kind_ == Kind::kFloating || kind_ == Kind::kComplex) return {floating_, imaginary_};
  return is_negative_ ? static_cast<double>(static_cast<int64_t>(integer_))
                      : static_cast<double>(integer_);
}

std::string Scalar::ToString() const {
  switch (kind_) {
    case Kind::kBool:
      return integer_ != 0 ? "true" : "false";
    case Kind::kFloating:
      return fmt::format("{}", floating_);
    case Kind::kComplex:
      return fmt::format("({}{:+}j)", floating_, imaginary_);
    case Kind::kInteger:
      break;
  }
  return is_negative_ ? fmt::format("{}", static_cast<int64_t>(integer_))
                      : fmt::format("{}", integer_);
}

namespace {

/// Whether dtypes of this one's kind hold numbers of that kind.
bool Holds(DType dtype, Scalar::Kind kind) {
  switch (kind) {
    case Scalar::Kind::kBool:
      return true;
    case Scalar::Kind::kInteger:
      return tensor::IsNumeric(dtype);
    case Scalar::Kind::kFloating:
      return tensor::IsRealFloating(dtype) || tensor::IsComplex(dtype);
    case Scalar::Kind::kComplex:
      break;
  }
  return tensor::IsComplex(dtype);
}

}  // namespace

bool Scalar::Fits(DType dtype) const {
  if (!Holds(dtype, kind_)) return false;
  if (kind_ != Kind::kInteger || !tensor::IsInteger(dtype)) return true;
  const int bits = static_cast<int>(tensor::ItemSize(dtype)) * 8;
  if (tensor::IsUnsignedInteger(dtype)) {
    return !is_negative_ && (bits == 64 || integer_ >> bits == 0);
  }
  const uint64_t magnitude_less_one = is_negative_ ? ~integer_ : integer_;
  return magnitude_less_one >> (bits - 1) == 0;
}

void Scalar::Write(DType dtype, void* to, const char* function) const {
  if (!Holds(dtype, kind_)) {
    throw DTypeError(fmt::format(
        "{}: the number {} cannot become an element of dtype {}: convert the array with astype",
        function, ToString(), DTypeName(dtype)));
  }
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T element{};
    if constexpr (std::is_same_v<T, bool>) {
      element = integer_ != 0;
    } else if constexpr (std::is_same_v<T, float>) {
      // An integer is rounded once, not by way of a double.
      element = kind_ == Kind::kFloating ? static_cast<T>(floating_)
                : is_negative_           ? static_cast<T>(static_cast<int64_t>(integer_))
                                         : static_cast<T>(integer_);
    } else if constexpr (std::is_same_v<T, double>) {
      element = value().real();
    } else if constexpr (!std::is_integral_v<T>) {
      element = T(value());
    } else {
      if (!Fits(dtype)) {
        using Limits = std::numeric_limits<T>;
        throw RangeError(
            fmt::format("{}: expected a number that {} can hold, [{}, {}], found {}: convert the "
                        "array to a wider dtype with astype",
                        function, DTypeName(dtype), Limits::min(), Limits::max(), ToString()));
      }
      element = static_cast<T>(integer_);
    }
    std::memcpy(to, &element, sizeof(T));
  });
}

DType PromotedDType(const char* function, std::span<const Operand* const> operands) {
  std::optional<DType> common;
  for (const Operand* operand : operands) {
    if (!operand->is_tensor()) continue;
    const DType dtype = operand->tensor().dtype();
    const std::optional<DType> promoted = common ? tensor::PromoteTypes(*common, dtype) : dtype;
    if (!promoted) {
      throw DTypeError(
          fmt::format("{}: {} and {} have no common dtype that holds both: convert one with astype",
                      function, DTypeName(*common), DTypeName(dtype)));
    }
    common = promoted;
  }
  DType result = common.value_or(DType::kBool);
  for (const Operand* operand : operands) {
    if (!operand->is_tensor()) result = operand->scalar().PromotedWith(result);
  }
  return result;
}

DType result_type(std::initializer_list<Operand> operands) {
  std::vector<const Operand*> pointers;
  for (const Operand& operand : operands) {
    if (operand.is_none()) {
      throw std::invalid_argument("result_type: expected tensors and numbers, found nothing");
    }
    pointers.push_back(&operand);
  }
  if (pointers.empty()) {
    throw std::invalid_argument("result_type: expected at least one tensor or number, found none");
  }
  return PromotedDType("result_type", pointers);
}

}  // namespace emberharmony::ops
