#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "emberharmony/io/arrow_file_internal.h"

namespace emberharmony::io::internal {

/// The dictionaries that record batches of a unit refer to, of one column and what is inside of it.
/// One thread at a time.
class ArrowDictionaries {
 public:
  /// `batches`: the unit's record batches, by their number in the file.
  ArrowDictionaries(std::shared_ptr<const ArrowFile> file, std::vector<int32_t> batches,
                    arrow::MemoryPool* pool)
      : file_(std::move(file)), batches_(std::move(batches)), pool_(pool) {}

  /// The file's dictionary batches that make up the dictionary for batch `i` of the unit, in order.
  arrow::Result<std::vector<int32_t>> BatchesFor(const ArrowColumn& column, size_t i) const;
  /// The entries that these dictionary batches hold together, as an array of NormalizedType; `i` is
  /// the batch of the unit that they are read for.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(const ArrowColumn& column,
                                                    const std::vector<int32_t>& ordinals, size_t i);
  /// Both together; what it returned last for the column is kept.
  arrow::Result<std::shared_ptr<arrow::Array>> Entries(const ArrowColumn& column, size_t i);

 private:
  struct Kept {
    std::vector<int32_t> ordinals;
    std::shared_ptr<arrow::Array> entries;
  };

  const std::shared_ptr<const ArrowFile> file_;
  const std::vector<int32_t> batches_;
  arrow::MemoryPool* const pool_;
  std::map<const ArrowColumn*, Kept> kept_;
};

}  // namespace emberharmony::io::internal
