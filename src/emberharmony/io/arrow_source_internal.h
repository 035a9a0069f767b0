#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/arrow_column_reader_internal.h"
#include "emberharmony/io/arrow_file_internal.h"
#include "emberharmony/io/file_store_internal.h"
#include "emberharmony/io/open_files_internal.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io::internal {

/// Arrow IPC files and streams of one schema. Metadata are read once, and what reading needs of
/// them is kept in memory for as many files as fit kIndexBytesMax; that of the others is read
/// again. At most kOpenFilesMax files are open at a time.
///
/// A unit is consecutive record batches of a file, closed after the one with which it reaches
/// kUnitRows rows or kUnitBytes bytes of message bodies as they lie in the file; or, where a number
/// of rows is given, exactly so many rows of a file (fewer at its end), wherever its batches end.
class ArrowSource : public Source {
 public:
  static constexpr int64_t kUnitRows = 524288;
  static constexpr int64_t kUnitBytes = int64_t{64} << 20;
  static constexpr size_t kOpenFilesMax = 64;
  static constexpr int64_t kIndexBytesMax = int64_t{16} << 20;

  /// The first file is Arrow, by FormatOfFirst. Files that are not data (DetectFormat) are left
  /// out; every other file must be Arrow and readable.
  /// `unit_rows`: of each unit; 0: as many as the batches make.
  static arrow::Result<std::shared_ptr<Source>> Make(SourceFiles files, int64_t unit_rows = 0,
                                                     int64_t index_bytes_max = kIndexBytesMax);
  /// A source of one file that is already open (tests, fuzzing).
  static arrow::Result<std::shared_ptr<Source>> MakeFromFile(
      std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file,
      int64_t index_bytes_max = kIndexBytesMax);

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return units_; }
  bool columns_independent() const override { return true; }
  ColumnHint Hint(const Unit& unit, int column) const override;
  arrow::Result<std::unique_ptr<BatchReader>> Open(const Unit& unit,
                                                   const std::vector<int>& columns,
                                                   const BatchOptions& options,
                                                   Cursor start) const override;
  std::string identity() const override { return identity_; }

 private:
  /// The record batches that hold a unit's rows: [first, first + count) of its file.
  struct UnitBatches {
    int32_t first = 0;
    int32_t count = 0;
    int64_t skipped_rows = 0;  ///< of the first batch, which belong to the unit before
    bool whole = true;         ///< all rows of these batches are the unit's
  };

  ArrowSource() : open_files_(kOpenFilesMax) {}
  arrow::Status AddFile(ListedFile listed, std::shared_ptr<const ArrowFile> file);
  void AddUnits(int32_t index, const ArrowFile& file);
  void AddUnitsOfRows(int32_t index, const ArrowFile& file);
  arrow::Result<std::shared_ptr<const ArrowFile>> OpenFile(int32_t index) const;
  /// A column as it is shown, with its path in the schema; the column must exist.
  StructMember ColumnAt(int column) const;
  arrow::Result<std::unique_ptr<ArrowColumnReader>> MakeReader(
      const std::shared_ptr<const ArrowFile>& file, const Unit& unit, int column,
      std::vector<ArrowBatchToRead> batches, int64_t read_bytes, arrow::MemoryPool* pool) const;
  arrow::Result<std::vector<ArrowBatchToRead>> BatchesOf(const Unit& unit,
                                                         const ArrowFile& file) const;

  std::shared_ptr<const FileStore> store_;  // null: the file was open already
  std::vector<ListedFile> files_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<StructMember> members_;
  std::vector<std::shared_ptr<const ArrowFileIndex>> indexes_;  // by file; null where not kept
  int64_t index_bytes_left_ = kIndexBytesMax;
  int64_t unit_rows_ = 0;
  std::vector<uint64_t> first_batch_;  // by file: how many record batches the files before it have
  uint64_t num_batches_ = 0;
  std::vector<Unit> units_;
  std::vector<UnitBatches> unit_batches_;  // by unit
  std::string identity_;
  mutable OpenFiles<ArrowFile> open_files_;
};

}  // namespace emberharmony::io::internal
