#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/io/file_format_internal.h"
#include "emberharmony/io/nested_column_reader_internal.h"
#include "emberharmony/io/parquet_column_reader_internal.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/selected_column_internal.h"
#include "emberharmony/io/table_columns_internal.h"
#include "emberharmony/io/unit_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

/// The place of a column among a file's levels of nesting; null where it has none of this shape.
const NestedNode* FindNode(const ParquetFooter& footer, const std::vector<int>& path) {
  if (footer.nested == nullptr) return nullptr;
  const std::vector<NestedNode>* nodes = footer.nested.get();
  const NestedNode* node = nullptr;
  for (const int child : path) {
    if (child >= static_cast<int>(nodes->size())) return nullptr;
    node = &(*nodes)[static_cast<size_t>(child)];
    nodes = &node->children;
  }
  return node;
}

}  // namespace

Result<std::shared_ptr<Source>> ParquetSource::Make(SourceFiles found, int64_t footer_bytes_max) {
  struct Footer {
    std::shared_ptr<const ParquetFile> file;
    ParquetFileSchema schema;
  };
  std::vector<ListedFile>& files = found.files;
  auto source = std::shared_ptr<ParquetSource>(new ParquetSource());
  source->store_ = found.store;
  source->footer_bytes_left_ = footer_bytes_max;
  source->files_.reserve(files.size());
  // A block of footers at a time, so that 10,000 of them are never in memory together.
  for (size_t begin = 0; begin < files.size(); begin += kOpenFilesMax) {
    const size_t count = std::min(kOpenFilesMax, files.size() - begin);
    std::vector<Footer> footers(count);
    ARROW_RETURN_NOT_OK(base::ParallelFor(
        base::AvailableCores(), static_cast<int64_t>(count), [&](int64_t i) -> Status {
          ListedFile& listed = files[begin + static_cast<size_t>(i)];
          Footer& footer = footers[static_cast<size_t>(i)];
          ARROW_ASSIGN_OR_RAISE(OpenedFile opened, found.store->Open(listed));
          listed.version = opened.version;
          ARROW_ASSIGN_OR_RAISE(const auto format, DetectFormat(listed, opened.file.get()));
          if (!format.has_value()) return Status::OK();
          if (*format != FileFormat::kParquet) {
            return MixedFormats(files[0], FileFormat::kParquet, listed, *format);
          }
          ARROW_ASSIGN_OR_RAISE(
              footer.file,
              ReadParquetFooter(listed.relative_path, std::move(opened.file), &footer.schema));
          return Status::OK();
        }));
    for (size_t i = 0; i < count; ++i) {
      if (footers[i].file == nullptr) continue;
      const auto index = static_cast<int32_t>(source->files_.size());
      source->files_.push_back(files[begin + i]);
      ARROW_RETURN_NOT_OK(source->AddFile(index, *footers[i].file, footers[i].schema));
      source->open_files_.Remember(index, std::move(footers[i].file));
    }
  }
  source->identity_ = IdentityOf("parquet", source->files_);
  return source;
}

Result<std::shared_ptr<Source>> ParquetSource::MakeFromFile(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file) {
  ListedFile listed;
  listed.relative_path = name;
  listed.named = true;
  ParquetFileSchema schema;
  ARROW_ASSIGN_OR_RAISE(auto footer, ReadParquetFooter(std::move(name), std::move(file), &schema));
  listed.size = footer->size;
  auto source = std::shared_ptr<ParquetSource>(new ParquetSource());
  source->files_.push_back(std::move(listed));
  ARROW_RETURN_NOT_OK(source->AddFile(0, *footer, schema));
  source->open_files_.Remember(0, std::move(footer));
  source->identity_ = IdentityOf("parquet", source->files_);
  return source;
}

Status ParquetSource::AddFile(int32_t index, const ParquetFile& file,
                              const ParquetFileSchema& schema) {
  if (schema_ == nullptr) {
    schema_ = schema.schema;
    leaves_ = LeavesOfColumns(*schema_);
    members_ = StructMembers(*schema_);
  } else {
    ARROW_ASSIGN_OR_RAISE(
        auto united, UnitedSchema(files_[0].relative_path, schema_, file.name, *schema.schema));
    if (united != schema_) members_ = StructMembers(*united);
    schema_ = std::move(united);
  }
  if (schema.arrow_schema_damaged && num_damaged_schemas_++ == 0) damaged_schema_ = file.name;
  base::Log(base::LogLevel::kDebug, "file '{}': {} row groups, {} bytes", file.name,
            file.footer->row_groups.size(), file.size);
  first_row_group_.push_back(num_row_groups_);
  num_row_groups_ += file.footer->row_groups.size();
  KeepFooter(file);
  AddUnits(index, file);
  return Status::OK();
}

void ParquetSource::KeepFooter(const ParquetFile& file) {
  const auto bytes = static_cast<int64_t>(sizeof(ParquetFooter) +
                                          file.footer->chunks.size() * sizeof(ColumnChunkPlace) +
                                          file.footer->row_groups.size() * sizeof(RowGroupPlace));
  footers_.emplace_back();
  if (bytes > footer_bytes_left_) return;
  footer_bytes_left_ -= bytes;
  auto footer = file.footer;
  // The files of a table mostly have one and the same schema: one copy of it serves them all.
  if (footers_[0] != nullptr && footer->schema->Equals(*footers_[0]->schema)) {
    auto shared = std::make_shared<ParquetFooter>(*footer);
    shared->schema = footers_[0]->schema;
    shared->nested = footers_[0]->nested;
    footer = std::move(shared);
  }
  footers_.back() = std::move(footer);
}

void ParquetSource::AddUnits(int32_t index, const ParquetFile& file) {
  Unit unit;
  const auto close = [&] {
    if (unit.num_rows > 0) {
      unit.index = static_cast<int64_t>(units_.size());
      unit.file = index;
      unit.file_name = file.name;
      units_.push_back(std::move(unit));
    }
    unit = Unit();
  };
  for (size_t i = 0; i < file.footer->row_groups.size(); ++i) {
    unit.row_groups.push_back(static_cast<int>(i));
    unit.num_rows += file.footer->row_groups[i].num_rows;
    unit.bytes += file.footer->row_groups[i].uncompressed_bytes;
    if (unit.num_rows >= kUnitRows || unit.bytes >= kUnitBytes) close();
  }
  close();
}

Result<std::shared_ptr<const ParquetFile>> ParquetSource::OpenFile(int32_t index) const {
  if (auto file = open_files_.Find(index)) return file;
  const ListedFile& listed = files_.at(static_cast<size_t>(index));
  ARROW_ASSIGN_OR_RAISE(auto file, store_->Open(listed));
  std::shared_ptr<const ParquetFile> opened;
  if (const auto& footer = footers_.at(static_cast<size_t>(index)); footer != nullptr) {
    opened = std::make_shared<ParquetFile>(
        ParquetFile{listed.relative_path, std::move(file.file), listed.size, footer});
  } else {
    ARROW_ASSIGN_OR_RAISE(opened, ReadParquetFooter(listed.relative_path, std::move(file.file)));
  }
  open_files_.Remember(index, opened);
  return opened;
}

std::vector<std::string> ParquetSource::warnings() const {
  if (num_damaged_schemas_ == 0) return {};
  const std::string others = num_damaged_schemas_ == 1
                                 ? ""
                                 : " and " + std::to_string(num_damaged_schemas_ - 1) + " others";
  return {"the Arrow schema stored in '" + damaged_schema_ + "'" + others +
          " is damaged: columns are read with Parquet's own types"};
}

const std::shared_ptr<arrow::Field>& ParquetSource::field(int column) const {
  if (column < schema_->num_fields()) return schema_->field(column);
  return members_.at(static_cast<size_t>(column - schema_->num_fields())).field;
}

bool ParquetSource::has_statistics(int column) const {
  return column < schema_->num_fields() && !arrow::is_nested(field(column)->type()->id());
}

namespace {

// Of a chunk with a dictionary that is the dictionary. Writers mostly end theirs at 1 MiB, but
// those of long strings may hold a whole chunk.
int64_t LargestPartBytes(const ColumnChunkPlace& place, bool flat) {
  constexpr int64_t kUsualDictionaryBytesMax = int64_t{16} << 20;
  // Not more than a file can have, so that sums stay sane whatever a footer claims.
  const auto bytes = std::clamp<int64_t>(place.uncompressed_bytes, 0, int64_t{1} << 48);
  if (!flat || !place.has_dictionary) return bytes;
  return std::max(std::min(bytes, kUsualDictionaryBytesMax), place.dictionary_bytes);
}

}  // namespace

ColumnHint ParquetSource::Hint(const Unit& unit, int column) const {
  const ColumnLeaves& leaves = leaves_.at(static_cast<size_t>(column));
  const bool flat = !arrow::is_nested(field(column)->type()->id());
  auto footer = footers_.at(static_cast<size_t>(unit.file));
  if (footer == nullptr) {
    const auto file = OpenFile(unit.file);
    // A hint is only that: what is wrong with the file is reported when it is read.
    if (!file.ok()) return {};
    footer = (*file)->footer;
  }
  ColumnHint hint;
  // Writers differ in whether a member is null where its struct is.
  hint.null_count = has_statistics(column) ? 0 : -1;
  hint.dictionary_encoded = flat;
  for (const int row_group : unit.row_groups) {
    for (int leaf = leaves.first; leaf < leaves.first + leaves.count; ++leaf) {
      const ColumnChunkPlace& place = footer->chunk(row_group, leaf);
      // As in LargestPartBytes.
      hint.compressed_bytes += std::clamp<int64_t>(place.compressed_bytes, 0, int64_t{1} << 48);
      hint.largest_part_bytes = std::max(hint.largest_part_bytes, LargestPartBytes(place, flat));
      hint.dictionary_encoded = hint.dictionary_encoded && place.has_dictionary;
      const bool known = hint.null_count >= 0 && place.null_count >= 0;
      hint.null_count = known ? hint.null_count + place.null_count : -1;
    }
  }
  return hint;
}

Result<std::unique_ptr<ColumnReader>> ParquetSource::MakeReader(
    std::shared_ptr<const ParquetFile> file, const Unit& unit, int column, size_t num_columns,
    arrow::MemoryPool* pool) const {
  ARROW_RETURN_NOT_OK(CheckColumn(column, leaves_.size()));
  std::vector<RowGroupChunk> chunks;
  for (const int row_group : unit.row_groups) {
    const uint64_t ordinal =
        first_row_group_.at(static_cast<size_t>(unit.file)) + static_cast<uint64_t>(row_group);
    const uint64_t id = ordinal * leaves_.size() + static_cast<uint64_t>(column) + 1;
    const auto& place = file->footer->row_groups.at(static_cast<size_t>(row_group));
    chunks.push_back({row_group, place.num_rows, id});
  }
  const arrow::Field& shown = *field(column);
  const ColumnLeaves& leaves = leaves_[static_cast<size_t>(column)];
  const int64_t read_bytes =
      store_ == nullptr
          ? LeafPages::kReadBytes
          : ReadBytesEach(*store_, num_columns * static_cast<size_t>(std::max(leaves.count, 1)));
  if (!arrow::is_nested(shown.type()->id())) {
    return std::make_unique<ParquetColumnReader>(std::move(file), shown, leaves.first,
                                                 std::move(chunks), pool, read_bytes);
  }
  const int member = column - schema_->num_fields();
  const std::vector<int> path =
      member < 0 ? std::vector<int>{column} : members_[static_cast<size_t>(member)].path;
  const NestedNode* node = FindNode(*file->footer, path);
  if (node == nullptr) {
    return base::DataError("'" + file->name + "', column '" + shown.name() +
                           "': it is not stored as its type, " + shown.type()->ToString() +
                           ", says; write the file again");
  }
  return std::make_unique<NestedColumnReader>(std::move(file), shown, node, chunks, pool,
                                              read_bytes);
}

Result<std::unique_ptr<BatchReader>> ParquetSource::Open(const Unit& unit,
                                                         const std::vector<int>& columns,
                                                         const BatchOptions& options,
                                                         Cursor start) const {
  ARROW_RETURN_NOT_OK(CheckRead(unit, options, unit.num_rows, start));
  ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(unit.file));
  std::vector<std::unique_ptr<ColumnReader>> readers;
  for (const int column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          MakeReader(file, unit, column, columns.size(), PoolOf(options)));
    if (start.next_row > 0) ARROW_RETURN_NOT_OK(reader->Skip(start.next_row));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<UnitReader<ColumnReader>>(unit.num_rows, options.batch_rows, start,
                                                    std::move(readers));
}

Result<std::unique_ptr<BatchReader>> ParquetSource::OpenSelected(
    const Unit& unit, const std::vector<int>& columns, const BatchOptions& options,
    std::shared_ptr<const RowSelection> selection, Cursor start) const {
  if (selection->all()) return Open(unit, columns, options, start);
  ARROW_RETURN_NOT_OK(CheckRead(unit, options, selection->num_selected(), start));
  ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(unit.file));
  std::vector<int64_t> row_groups;
  row_groups.reserve(unit.row_groups.size());
  for (const int row_group : unit.row_groups) {
    row_groups.push_back(file->footer->row_groups.at(static_cast<size_t>(row_group)).num_rows);
  }
  std::vector<std::unique_ptr<SelectedColumn>> readers;
  for (const int column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          MakeReader(file, unit, column, columns.size(), PoolOf(options)));
    readers.push_back(std::make_unique<SelectedColumn>(std::move(reader), selection, row_groups,
                                                       PoolOf(options)));
    readers.back()->SkipSelected(start.next_row);
  }
  return std::make_unique<UnitReader<SelectedColumn>>(selection->num_selected(), options.batch_rows,
                                                      start, std::move(readers));
}

Result<std::shared_ptr<const FileStatistics>> ParquetSource::StatisticsOf(
    const ParquetFile& file, int32_t index, const std::vector<int>& leaves) const {
  std::lock_guard lock(statistics_mutex_);
  for (const auto& [other, statistics] : statistics_) {
    if (other == index && statistics->leaves == leaves) return statistics;
  }
  ARROW_ASSIGN_OR_RAISE(auto statistics, ReadFileStatistics(file, leaves));
  statistics_.emplace_front(index, statistics);
  if (statistics_.size() > kStatisticsMax) statistics_.pop_back();
  return statistics;
}

Result<std::vector<UnitPart>> ParquetSource::Parts(const Unit& unit,
                                                   const std::vector<int>& columns) const {
  ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(unit.file));
  std::vector<int> leaves;
  for (const int column : columns) {
    if (has_statistics(column)) leaves.push_back(leaves_.at(static_cast<size_t>(column)).first);
  }
  ARROW_ASSIGN_OR_RAISE(auto statistics, StatisticsOf(*file, unit.file, leaves));
  std::vector<UnitPart> parts;
  for (const int row_group : unit.row_groups) {
    UnitPart part;
    part.num_rows = file->footer->row_groups.at(static_cast<size_t>(row_group)).num_rows;
    size_t leaf = 0;
    for (const int column : columns) {
      part.columns.emplace_back();
      if (!has_statistics(column)) continue;
      part.columns.back() = RangeOf(statistics->chunk(row_group, leaf), *file->footer, leaves[leaf],
                                    schema_->field(column)->type(), arrow::default_memory_pool());
      ++leaf;
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace emberharmony::io::internal
