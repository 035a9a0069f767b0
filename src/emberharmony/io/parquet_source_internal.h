#pragma once

#include <list>
#include <mutex>

#include "emberharmony/io/column_reader_internal.h"
#include "emberharmony/io/file_store_internal.h"
#include "emberharmony/io/leaf_pages_internal.h"
#include "emberharmony/io/open_files_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/parquet_statistics_internal.h"
#include "emberharmony/io/source.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io::internal {

/// Parquet files of one schema. Footers are read once, and what reading needs of them is kept in
/// memory for as many files as fit kFooterBytesMax; the footers of the others are read again. At
/// most kOpenFilesMax files are open at a time, the least recently used one makes room.
class ParquetSource : public Source {
 public:
  static constexpr int64_t kUnitRows = 524288;
  static constexpr int64_t kUnitBytes = int64_t{64} << 20;
  static constexpr size_t kOpenFilesMax = 64;
  static constexpr size_t kStatisticsMax = 4;
  static constexpr int64_t kFooterBytesMax = int64_t{16} << 20;

  /// The first file is Parquet, by FormatOfFirst. Files that are not data (DetectFormat) are left
  /// out; every other file must be Parquet and readable.
  static arrow::Result<std::shared_ptr<Source>> Make(SourceFiles files,
                                                     int64_t footer_bytes_max = kFooterBytesMax);
  /// A source of one file that is already open (tests, fuzzing).
  static arrow::Result<std::shared_ptr<Source>> MakeFromFile(
      std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file);

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return units_; }
  bool columns_independent() const override { return true; }
  ColumnHint Hint(const Unit& unit, int column) const override;
  arrow::Result<std::unique_ptr<BatchReader>> Open(const Unit& unit,
                                                   const std::vector<int>& columns,
                                                   const BatchOptions& options,
                                                   Cursor start) const override;
  arrow::Result<std::unique_ptr<BatchReader>> OpenSelected(
      const Unit& unit, const std::vector<int>& columns, const BatchOptions& options,
      std::shared_ptr<const RowSelection> selection, Cursor start) const override;
  arrow::Result<std::vector<UnitPart>> Parts(const Unit& unit,
                                             const std::vector<int>& columns) const override;
  std::string identity() const override { return identity_; }
  std::vector<std::string> warnings() const override;

 private:
  ParquetSource() : open_files_(kOpenFilesMax) {}
  arrow::Status AddFile(int32_t index, const ParquetFile& file, const ParquetFileSchema& schema);
  const std::shared_ptr<arrow::Field>& field(int column) const;
  /// Whether a footer's statistics speak of the column: of a struct's member they may leave out the
  /// nulls of its struct.
  bool has_statistics(int column) const;
  void AddUnits(int32_t index, const ParquetFile& file);
  void KeepFooter(const ParquetFile& file);
  arrow::Result<std::shared_ptr<const ParquetFile>> OpenFile(int32_t index) const;
  arrow::Result<std::unique_ptr<ColumnReader>> MakeReader(std::shared_ptr<const ParquetFile> file,
                                                          const Unit& unit, int column,
                                                          size_t num_columns,
                                                          arrow::MemoryPool* pool) const;
  arrow::Result<std::shared_ptr<const FileStatistics>> StatisticsOf(
      const ParquetFile& file, int32_t index, const std::vector<int>& leaves) const;

  std::shared_ptr<const FileStore> store_;  // null: the file was open already
  std::vector<ListedFile> files_;
  std::vector<uint64_t> first_row_group_;  // by file: how many row groups the files before it have
  uint64_t num_row_groups_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<StructMember> members_;
  std::vector<ColumnLeaves> leaves_;                           // by column: fields, then members
  std::vector<std::shared_ptr<const ParquetFooter>> footers_;  // by file; null where not kept
  int64_t footer_bytes_left_ = kFooterBytesMax;
  std::vector<Unit> units_;
  std::string identity_;
  int64_t num_damaged_schemas_ = 0;
  std::string damaged_schema_;  // the first file with one

  mutable std::mutex statistics_mutex_;
  // Guarded by statistics_mutex_: of the files asked about last, which are the next ones, too.
  mutable std::list<std::pair<int32_t, std::shared_ptr<const FileStatistics>>> statistics_;

  mutable OpenFiles<ParquetFile> open_files_;
};

}  // namespace emberharmony::io::internal
