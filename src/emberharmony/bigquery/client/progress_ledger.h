#pragma once

#include <arrow/status.h>

#include <cstdint>

#include "emberharmony/bigquery/client/response_decoder.h"

namespace emberharmony::bigquery::client {

/// Finds rows that a stream's service has sent twice or left out, by the progress it tells with
/// each response. One thread at a time.
///
/// Progress is an estimate, so it is believed only where it proves itself exact: where every
/// response so far, by its rows and its share of the stream, means the same whole number of rows in
/// the stream. Then each response must begin where the one before it ended, and the last one must
/// end with the stream.
class ProgressLedger {
 public:
  /// `first_row`: where in the stream the first response begins.
  explicit ProgressLedger(int64_t first_row = 0) : next_row_(first_row), rows_(first_row) {}

  /// After a response with num_rows > 0 rows, which are in sequence as far as the rows counted
  /// before say. An error says what is wrong.
  arrow::Status Add(const std::optional<Progress>& progress, int64_t num_rows);
  /// When the service has ended the stream in good order.
  arrow::Status Finish() const;
  /// In the middle of the stream: whether what has come so far is in order.
  arrow::Status CheckSoFar() const { return Judge(); }
  /// Whether every response so far has told an exact progress: then rows that are missing or come
  /// twice are noticed, else not.
  bool is_proof() const { return exact_ && num_samples_ > 0; }
  /// Rows of the stream, where several responses have told the same number; else 0.
  int64_t told_rows() const { return exact_ && num_samples_ >= 3 ? total_rows_ : 0; }

 private:
  arrow::Status Judge() const;

  bool exact_ = true;        ///< so far
  int64_t total_rows_ = 0;   ///< in the stream, as the responses mean; 0: none has come
  int64_t num_samples_ = 0;  ///< that mean it
  int64_t next_row_;         ///< where the next response should begin, as the service counts
  int64_t gap_at_ = -1;      ///< after so many rows something did not fit; -1: nothing
  int64_t gap_rows_ = 0;     ///< rows left out (positive) or sent twice (negative)
  int64_t rows_;
};

}  // namespace emberharmony::bigquery::client
