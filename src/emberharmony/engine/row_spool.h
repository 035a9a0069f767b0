#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/base/content_hash.h"
#include "emberharmony/base/spill_file.h"
#include "emberharmony/engine/run_ledger.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::engine {

/// Rows of a data set on disk, in blocks of about a megabyte. Written by one thread, then read by
/// any number of them.
class RowSpool {
 public:
  struct Block {
    int64_t offset;
    int64_t num_rows;
    bool begins_anew;  ///< its rows follow none before
  };

  /// For rows of `num_columns` numbers, float32 or float64, each with the number of a sequence if
  /// `has_sequences`.
  static arrow::Result<std::unique_ptr<RowSpool>> Create(const std::string& folder,
                                                         ops::DType dtype, int64_t num_columns,
                                                         bool has_sequences);
  /// The same in a file with a name, which stays, and whose bytes are hashed.
  static arrow::Result<std::unique_ptr<RowSpool>> CreateNamed(const std::string& path,
                                                              ops::DType dtype, int64_t num_columns,
                                                              bool has_sequences);
  /// Such a file with the blocks that were written to it, to be read.
  static arrow::Result<std::unique_ptr<RowSpool>> OpenNamed(const std::string& path,
                                                            ops::DType dtype, int64_t num_columns,
                                                            bool has_sequences,
                                                            std::vector<Block> blocks);

  /// Adds rows (n, num_columns) of the dtype and, if there are numbers, n of them.
  arrow::Status Append(const ops::Tensor& rows, const int64_t* sequences);
  /// What is added from here on follows nothing before. Also ends what Append has begun: to be
  /// called before reading.
  arrow::Status EndPart();
  /// All rows are on disk when it returns; of a file with a name its size and hash.
  arrow::Result<LedgerFile> Sync();

  ops::DType dtype() const { return dtype_; }
  int64_t num_columns() const { return num_columns_; }
  bool has_sequences() const { return has_sequences_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  /// The rows of a block, and behind them, with sequences, its numbers.
  arrow::Status Read(const Block& block, ops::Tensor* rows, std::vector<int64_t>* sequences) const;

 private:
  RowSpool(std::unique_ptr<base::SpillFile> file, ops::DType dtype, int64_t num_columns,
           bool has_sequences);
  arrow::Status Flush();

  std::unique_ptr<base::SpillFile> file_;
  std::unique_ptr<base::ContentHash> hash_;  // of a new file with a name
  const ops::DType dtype_;
  const int64_t num_columns_;
  const bool has_sequences_;
  const int64_t rows_in_block_;
  std::string rows_;
  std::vector<int64_t> sequences_;
  bool begins_anew_ = true;
  std::vector<Block> blocks_;
};

}  // namespace emberharmony::engine
