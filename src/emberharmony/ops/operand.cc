#include "emberharmony/ops/operand.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

namespace emberharmony::ops {

DType Scalar::default_dtype() const {
  switch (kind_) {
    case Kind::kBool:
      return DType::kBool;
    case Kind::kFloating:
      return DType::kFloat64;
    case Kind::kInteger:
      break;
  }
  return is_negative_ || integer_ <= uint64_t{std::numeric_limits<int64_t>::max()} ? DType::kInt64
                                                                                   : DType::kUInt64;
}

std::string Scalar::ToString() const {
  switch (kind_) {
    case Kind::kBool:
      return integer_ != 0 ? "true" : "false";
    case Kind::kFloating:
      return fmt::format("{}", floating_);
    case Kind::kInteger:
      break;
  }
  return is_negative_ ? fmt::format("{}", static_cast<int64_t>(integer_))
                      : fmt::format("{}", integer_);
}

void Scalar::Write(DType dtype, void* to, const char* function) const {
  const bool fits_kind = kind_ == Kind::kBool      ? tensor::IsBool(dtype)
                         : kind_ == Kind::kInteger ? tensor::IsReal(dtype)
                                                   : tensor::IsRealFloating(dtype);
  if (!fits_kind) {
    throw DTypeError(fmt::format(
        "{}: the number {} cannot meet an array of dtype {}: convert the array with astype",
        function, ToString(), DTypeName(dtype)));
  }
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T element{};
    if constexpr (std::is_same_v<T, bool>) {
      element = integer_ != 0;
    } else if constexpr (std::is_floating_point_v<T>) {
      element = kind_ == Kind::kFloating ? static_cast<T>(floating_)
                : is_negative_           ? static_cast<T>(static_cast<int64_t>(integer_))
                                         : static_cast<T>(integer_);
    } else {
      using Limits = std::numeric_limits<T>;
      const bool fits = is_negative_
                            ? std::is_signed_v<T> && static_cast<int64_t>(integer_) >=
                                                         static_cast<int64_t>(Limits::min())
                            : integer_ <= static_cast<uint64_t>(Limits::max());
      if (!fits) {
        throw DTypeError(
            fmt::format("{}: expected a number that {} can hold, [{}, {}], found {}: convert the "
                        "array to a wider dtype with astype",
                        function, DTypeName(dtype), Limits::min(), Limits::max(), ToString()));
      }
      element = static_cast<T>(integer_);
    }
    std::memcpy(to, &element, sizeof(T));
  });
}

}  // namespace emberharmony::ops
