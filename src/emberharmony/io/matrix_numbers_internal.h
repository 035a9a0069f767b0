#pragma once

#include <arrow/array.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io::internal {

/// Beyond this an integer is not a number of type T any more.
template <typename T>
constexpr int64_t kIntegerMax = int64_t{1} << std::numeric_limits<T>::digits;

template <typename T>
arrow::Status TooLarge(const std::string& column, const std::string& value) {
  return base::UsageError(
      "column '" + column + "': " + value + " is beyond 2^" +
      std::to_string(std::numeric_limits<T>::digits) + ", which a matrix of " +
      (sizeof(T) == 4 ? "float32" : "float64") + " can't hold exactly; " +
      (sizeof(T) == 4 ? "write dtype: float64, or layout: columns" : "write layout: columns"));
}

/// The values of any array that CheckMatrixColumn admits as numbers, nulls as NaN.
template <typename T>
class ToNumbers {
 public:
  ToNumbers(const std::string& column, const arrow::Array& array, T* out)
      : column_(column), array_(array), out_(out) {}

  arrow::Status Run() {
    switch (array_.type_id()) {
      case arrow::Type::NA:
        std::fill_n(out_, array_.length(), std::numeric_limits<T>::quiet_NaN());
        return arrow::Status::OK();
      case arrow::Type::BOOL:
        return Each(static_cast<const arrow::BooleanArray&>(array_));
      case arrow::Type::INT8:
        return Each(static_cast<const arrow::Int8Array&>(array_));
      case arrow::Type::UINT8:
        return Each(static_cast<const arrow::UInt8Array&>(array_));
      case arrow::Type::INT16:
        return Each(static_cast<const arrow::Int16Array&>(array_));
      case arrow::Type::UINT16:
        return Each(static_cast<const arrow::UInt16Array&>(array_));
      case arrow::Type::INT32:
        return Each(static_cast<const arrow::Int32Array&>(array_));
      case arrow::Type::UINT32:
        return Each(static_cast<const arrow::UInt32Array&>(array_));
      case arrow::Type::INT64:
        return Each(static_cast<const arrow::Int64Array&>(array_));
      case arrow::Type::UINT64:
        return Each(static_cast<const arrow::UInt64Array&>(array_));
      case arrow::Type::FLOAT:
        return Each(static_cast<const arrow::FloatArray&>(array_));
      case arrow::Type::DOUBLE:
        return Each(static_cast<const arrow::DoubleArray&>(array_));
      default:
        return arrow::Status::TypeError("column '", column_, "' of type ",
                                        array_.type()->ToString(), " in a matrix");
    }
  }

 private:
  template <typename Array>
  arrow::Status Each(const Array& array) {
    for (int64_t i = 0; i < array.length(); ++i) {
      if (array.IsNull(i)) {
        out_[i] = std::numeric_limits<T>::quiet_NaN();
        continue;
      }
      const auto value = array.Value(i);
      if constexpr (std::is_integral_v<decltype(value)> && sizeof(value) >= 4) {
        const auto bound = kIntegerMax<T>;
        if (std::cmp_greater(value, bound) || std::cmp_less(value, -bound)) {
          return TooLarge<T>(column_, std::to_string(value));
        }
      }
      out_[i] = static_cast<T>(value);
    }
    return arrow::Status::OK();
  }

  const std::string& column_;
  const arrow::Array& array_;
  T* const out_;
};

}  // namespace emberharmony::io::internal
