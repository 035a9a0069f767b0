#include <algorithm>

#include "emberharmony/io/sink.h"

namespace emberharmony::io {

void RowGroupCutter::Add(int64_t row_bytes) { AddMany(row_bytes, 1); }

void RowGroupCutter::AddMany(int64_t row_bytes, int64_t num_rows) {
  while (num_rows > 0) {
    // The number of rows of this size with which the open group closes, whichever limit is met
    // first.
    int64_t closing_rows = kMaxRows - rows_;
    if (row_bytes > 0) {
      const int64_t missing_bytes = kMaxBytes - bytes_;
      closing_rows = std::min(closing_rows, (missing_bytes - 1) / row_bytes + 1);
    }
    const int64_t taken = std::min(closing_rows, num_rows);
    rows_ += taken;
    bytes_ += taken * row_bytes;
    num_rows -= taken;
    if (taken == closing_rows) {
      closed_.push_back(rows_);
      rows_ = 0;
      bytes_ = 0;
    }
  }
}

std::vector<int64_t> RowGroupCutter::Finish() {
  if (rows_ > 0) closed_.push_back(rows_);
  rows_ = 0;
  bytes_ = 0;
  return std::move(closed_);
}

}  // namespace emberharmony::io
