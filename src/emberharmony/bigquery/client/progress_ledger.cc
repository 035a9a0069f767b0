#include "emberharmony/bigquery/client/progress_ledger.h"

#include <fmt/format.h>

#include <cmath>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::client {
namespace {

// Of 2^53, a double's shares are exact to far less than a row.
constexpr double kRowsMax = 1e12;
// How far a number of rows that was computed from shares may be from a whole one.
constexpr double kTolerance = 0.01;

/// A whole number that `value` is meant to be, or -1.
int64_t Whole(double value) {
  if (!(value >= 0) || value > kRowsMax) return -1;
  const double rounded = std::round(value);
  return std::abs(value - rounded) <= kTolerance ? static_cast<int64_t>(rounded) : -1;
}

}  // namespace

arrow::Status ProgressLedger::Add(const std::optional<Progress>& progress, int64_t num_rows) {
  const int64_t rows_before = rows_;
  rows_ += num_rows;
  if (!exact_) return arrow::Status::OK();
  if (!progress.has_value()) {
    exact_ = false;
    return arrow::Status::OK();
  }
  const double share = progress->at_response_end - progress->at_response_start;
  const auto rows = static_cast<double>(num_rows);
  const int64_t total = Whole(rows / share);
  const auto total_rows = static_cast<double>(total);
  const int64_t begin = Whole(progress->at_response_start * total_rows);
  const int64_t end = Whole(progress->at_response_end * total_rows);
  const bool agrees = total > 0 && (total_rows_ == 0 || total == total_rows_) && begin >= 0 &&
                      end - begin == num_rows && end <= total;
  if (!agrees) {
    exact_ = false;
    return arrow::Status::OK();
  }
  total_rows_ = total;
  ++num_samples_;
  if (begin != next_row_ && gap_at_ < 0) {
    gap_at_ = rows_before;
    gap_rows_ = begin - next_row_;
  }
  next_row_ = end;
  // Two responses in line and one out of it are no chance.
  return num_samples_ >= 3 ? Judge() : arrow::Status::OK();
}

arrow::Status ProgressLedger::Judge() const {
  if (!exact_ || gap_at_ < 0) return arrow::Status::OK();
  return base::DataError(fmt::format(
      "the service has {} {} rows after the first {}, by its own count of {} in the "
      "stream; nothing of this read can be trusted: run again, and report it to the "
      "service's operator",
      gap_rows_ > 0 ? "left out" : "sent again", std::abs(gap_rows_), gap_at_, total_rows_));
}

arrow::Status ProgressLedger::Finish() const {
  if (!exact_ || num_samples_ == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(Judge());
  if (next_row_ == total_rows_) return arrow::Status::OK();
  return base::DataError(
      fmt::format("the service has ended a stream after {} rows, of {} by its own count; nothing "
                  "of this read can be trusted: run again, and report it to the service's operator",
                  rows_, total_rows_));
}

}  // namespace emberharmony::bigquery::client
