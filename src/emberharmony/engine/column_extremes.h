#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>

namespace emberharmony::engine {

/// The smallest and the largest value of a column, exact and in the column's own type: numbers and
/// times by value, strings and bytes by their bytes, false before true. Nulls and NaN are missing.
/// Independent of the order of updates. One thread at a time.
class ColumnExtremes {
 public:
  /// Whether values of this type have an order here: booleans, numbers, decimals, dates, times,
  /// durations, strings and bytes.
  static bool Supports(const arrow::DataType& type);

  /// Takes the values whose weight is above 0 (`weights` null: all of them) in. UsageError for a
  /// type without an order.
  arrow::Status Update(const arrow::Array& values, const int64_t* weights);

  /// An array of one value, or null when there has been none.
  const std::shared_ptr<arrow::Array>& min() const { return min_; }
  const std::shared_ptr<arrow::Array>& max() const { return max_; }

 private:
  std::shared_ptr<arrow::Array> min_;
  std::shared_ptr<arrow::Array> max_;
};

}  // namespace emberharmony::engine
