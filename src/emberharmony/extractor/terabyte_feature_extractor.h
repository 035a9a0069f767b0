#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/model.h"
#include "emberharmony/extractor/data_split.h"

namespace emberharmony::extractor {

struct ExtractorOptions {
  std::string project_id = {};   ///< the project of BigQuery that pays
  std::string location = "US";   ///< where queries run
  int64_t chunk_size = 100'000;  ///< rows of ProcessBigQueryInChunks, and what max_chunks counts
  double max_memory_gb = 16.0;   ///< GiB of the process; never more than what the machine grants
  int num_threads = 0;           ///< 0: the cores that the process may use
  /// Who computes the numeric steps of PrepareData (engine::RunOptions::backend); empty: "auto".
  std::string preferred_backend = {};
  std::string storage_endpoint = {};  ///< HOST:PORT of another Storage Read server
  std::string rest_endpoint = {};     ///< URL of another server of the REST API
};

/// What is read of a table of BigQuery.
struct BigQueryRows {
  std::vector<std::string> columns = {};  ///< empty: all
  std::string where_clause = {};          ///< a condition in GoogleSQL; empty: all rows
  std::optional<int64_t> limit = {};
  /// Rows come in ranges of this column, which outlive the service's sessions of six hours; each
  /// waits on disk until it has come in full. Empty: stream by stream.
  std::string unit_column = {};
};

struct PrepareOptions {
  std::optional<std::string> target_column = {};            ///< kept as it is, last
  std::vector<std::string> force_categorical_columns = {};  ///< numbers, booleans
  std::vector<std::string> drop_columns = {};  ///< no features; a struct's name means all of it
  double high_null_threshold = 0.9;  ///< columns with a larger share of nulls are left out
  std::optional<int64_t> limit = {};
  /// The column that tells rows apart, which is no feature: one of times splits by time, any other
  /// by its values' hash; default: whole rows are hashed.
  std::optional<std::string> index_col = {};
  std::optional<int64_t> max_chunks = {};  ///< only so many times chunk_size rows
  std::optional<std::string> where_clause = {};
  std::optional<int64_t> seed = {};
  /// Where features, model and report go; empty: a temporary folder, which is removed with the last
  /// of the splits and their readers.
  std::string output_dir = {};
  bool overwrite = false;
  /// Goes on in output_dir, which it needs, where an equal call was stopped or killed, to the bytes
  /// of an undisturbed one; begins where none was, and takes a complete output as it is. UsageError
  /// for the output of another call, together with overwrite, and without output_dir.
  bool resume = false;
  /// A table of BigQuery is read in ranges of this column; a UsageError for other tables.
  std::string unit_column = {};
};

/// How numbers were scaled: by column, in the order of feature_names.
struct FittedScaler {
  std::vector<std::string> feature_names;
  std::vector<double> mean;
  std::vector<double> variance;  ///< ddof 0
  std::vector<double> scale;     ///< 1 where the variance is 0
};

/// What missing values were filled with: by column, in the order of feature_names.
struct FittedImputer {
  std::vector<std::string> feature_names;
  std::vector<double> statistics;
  std::vector<std::string> strategies;  ///< "median", "most_frequent"
};

struct PreparedData {
  DataSplit train;
  DataSplit validation;
  DataSplit test;
  std::vector<std::string> feature_names;  ///< of all three
  FittedScaler scaler;
  FittedImputer imputer;
  engine::Model model;  ///< gives new rows the same features
  int64_t num_rows = 0;
  std::vector<std::string> warnings;  ///< what to look at before trusting the output
};

/// Turns a table of any size into training, validation and test features, by the names that users
/// of the Python class TerabyteFeatureExtractor know. What is learned is learned from training rows
/// alone; no row is read twice or left out, and what cannot be read is an error. One thread at a
/// time; errors are arrow::Status with the kinds of base/error_kind.h.
class TerabyteFeatureExtractor {
 public:
  /// UsageError for numbers out of range.
  static arrow::Result<TerabyteFeatureExtractor> Make(ExtractorOptions options = {});

  /// Says where the credentials are: the key file of a service account, or a file of gcloud's. It
  /// becomes $GOOGLE_APPLICATION_CREDENTIALS of this process; empty: what the environment says.
  /// DataError without such a file, or without the plugin of the BigQuery client.
  arrow::Status SetupBigQueryConnection(const std::string& credentials_path = "");

  /// The SELECT for some columns and rows of a table; nothing is sent. UsageError for a name or
  /// condition that is none.
  arrow::Result<std::string> OptimizeBigQueryQuery(const std::string& table_id,
                                                   const BigQueryRows& rows = {}) const;

  /// The number of rows that pass a condition; needs BigQuery's REST API.
  arrow::Result<int64_t> GetTableRowCount(const std::string& table_id,
                                          const std::string& where_clause = "") const;

  /// Called with rows; an error ends the reading, and is returned.
  using RowsFunction = std::function<arrow::Status(const std::shared_ptr<arrow::RecordBatch>&)>;

  /// Calls `function` with the rows of a table, as they come: each row once, or an error.
  arrow::Status ProcessBigQueryStreaming(const std::string& table_id, const RowsFunction& function,
                                         const BigQueryRows& rows = {}) const;

  /// The same in chunks of chunk_size rows, but for the last one; at most max_chunks of them.
  arrow::Status ProcessBigQueryInChunks(const std::string& table_id, const RowsFunction& function,
                                        BigQueryRows rows = {},
                                        std::optional<int64_t> max_chunks = std::nullopt) const;

  /// Makes features of a table: of BigQuery (PROJECT.DATASET.TABLE, bigquery://...), a query
  /// (SELECT ...), a file, a folder, a glob or an address (extractor/table_id.h), or rows in
  /// memory. The plan is automatic (docs/reference/plan.md). Errors as Extract's.
  arrow::Result<PreparedData> PrepareData(const engine::TableInput& table,
                                          const PrepareOptions& options = {}) const;

 private:
  explicit TerabyteFeatureExtractor(ExtractorOptions options) : options_(std::move(options)) {}

  ExtractorOptions options_;
};

}  // namespace emberharmony::extractor
