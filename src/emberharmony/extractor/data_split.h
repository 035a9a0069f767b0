#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emberharmony::extractor {

/// The features of a split, and its target: files that are read when rows are asked for. Immutable;
/// any thread may use it.
class DataSplit {
 public:
  /// The Parquet files of the folder, in the order of their names. DataError for a folder that
  /// cannot be read. `owner` is kept as long as the split and its readers live.
  static arrow::Result<DataSplit> Open(std::string name, std::string folder, std::string target,
                                       std::shared_ptr<const void> owner = nullptr);

  const std::string& name() const { return name_; }      ///< "train", "validation" or "test"
  const std::string& folder() const { return folder_; }  ///< with its files
  int64_t num_rows() const { return num_rows_; }
  /// The columns: features, and last the target where there is one.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  std::vector<std::string> feature_names() const;

  /// The rows as a stream: one row group at a time is in memory. `columns` empty: all. UsageError
  /// for a column that is not there; errors of the reader are DataErrors.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Read(
      const std::vector<std::string>& columns = {}) const;
  /// All rows, in memory.
  arrow::Result<std::shared_ptr<arrow::Table>> ReadAll(
      const std::vector<std::string>& columns = {}) const;

 private:
  DataSplit() = default;

  std::string name_;
  std::string folder_;
  std::string target_;
  std::vector<std::string> files_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t num_rows_ = 0;
  std::shared_ptr<const void> owner_;
};

}  // namespace emberharmony::extractor
