#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/base/spill_file.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// What row-wise steps yield, on disk until the run ends: for each unit and column its rows in
/// chunks. The file has no name, so its space comes back however the process ends.
class DerivedColumns {
 public:
  /// A chunk holds chunk_rows() rows or, the last of a unit, fewer: so many, or fewer where there
  /// are many columns, since a chunk of each is in memory while they are read together.
  static constexpr int64_t kChunkRowsMax = 16384;

  /// `folder`: where the run spills.
  static arrow::Result<std::shared_ptr<DerivedColumns>> Make(arrow::FieldVector fields,
                                                             int64_t num_units,
                                                             const std::string& folder);

  /// Writes the rows of one column of one unit, in order. One thread at a time; different writers
  /// at the same time. `Add` takes arrays of the field's type or dictionaries of it.
  class Writer {
   public:
    arrow::Status Add(const std::shared_ptr<arrow::Array>& rows);
    arrow::Status Finish();

   private:
    friend class DerivedColumns;
    Writer(DerivedColumns* columns, int column, int64_t unit, arrow::MemoryPool* pool)
        : columns_(columns), column_(column), unit_(unit), pool_(pool) {}
    arrow::Status Flush();

    DerivedColumns* columns_;
    int column_;
    int64_t unit_;
    arrow::MemoryPool* pool_;
    arrow::ArrayVector waiting_;
    int64_t num_waiting_ = 0;
  };
  Writer Write(int column, int64_t unit, arrow::MemoryPool* pool) {
    return Writer(this, column, unit, pool);
  }

  const arrow::FieldVector& fields() const { return fields_; }
  int64_t chunk_rows() const { return chunk_rows_; }
  size_t num_chunks(int column, int64_t unit) const { return chunks_[column][unit].size(); }
  /// The rows of a chunk, as they were given.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int column, int64_t unit, size_t chunk,
                                                    arrow::MemoryPool* pool) const;
  int64_t bytes(int column, int64_t unit) const;

 private:
  struct Block {
    int64_t offset = 0;
    int64_t bytes = 0;  // 0: there is none
  };
  struct Chunk {
    Block rows;        // of a dictionary its indices
    Block dictionary;  // its values
  };
  DerivedColumns() = default;
  arrow::Result<Block> WriteBlock(const std::shared_ptr<arrow::Array>& array,
                                  arrow::MemoryPool* pool);
  arrow::Result<std::shared_ptr<arrow::Array>> ReadBlock(
      const Block& block, const std::shared_ptr<arrow::DataType>& type,
      arrow::MemoryPool* pool) const;

  int64_t chunk_rows_ = kChunkRowsMax;
  arrow::FieldVector fields_;
  std::unique_ptr<base::SpillFile> file_;
  std::vector<std::vector<std::vector<Chunk>>> chunks_;  // by column and unit
};

/// A source with its own columns and, behind them, derived ones. `derived` are complete, or nullptr
/// where the columns are only looked at (explain): such a source tells of them what it can and
/// opens none.
std::shared_ptr<io::Source> WithDerivedColumns(std::shared_ptr<io::Source> source,
                                               const arrow::FieldVector& fields,
                                               std::shared_ptr<const DerivedColumns> derived);

}  // namespace emberharmony::engine
