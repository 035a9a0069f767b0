#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/file_format_internal.h"
#include "emberharmony/io/struct_members.h"
#include "emberharmony/io/table_columns_internal.h"
#include "emberharmony/io/unit_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

// Of the dictionary that entries of a column are read from, with all additions to it, as it lies in
// the file; 0: it has none.
int64_t LargestDictionaryBytes(const ArrowFileIndex& index, const ArrowColumn& column) {
  const bool has_runs = column.type->id() == arrow::Type::RUN_END_ENCODED;
  const ArrowColumn& of_entries = has_runs ? column.children[1] : column;
  if (of_entries.type->id() != arrow::Type::DICTIONARY) return 0;
  const auto found = index.dictionaries_of.find(of_entries.dictionary_id);
  if (found == index.dictionaries_of.end()) return 0;
  int64_t largest = 0;
  int64_t bytes = 0;
  for (const int32_t ordinal : found->second) {
    const ArrowDictionaryPlace& dictionary = index.dictionaries[static_cast<size_t>(ordinal)];
    bytes = (dictionary.is_delta ? bytes : 0) + dictionary.place.body_size;
    largest = std::max(largest, bytes);
  }
  return largest;
}

}  // namespace

Result<std::shared_ptr<Source>> ArrowSource::Make(SourceFiles found, int64_t unit_rows,
                                                  int64_t index_bytes_max) {
  auto source = std::shared_ptr<ArrowSource>(new ArrowSource());
  source->store_ = found.store;
  source->unit_rows_ = unit_rows;
  source->index_bytes_left_ = index_bytes_max;
  std::vector<ListedFile>& files = found.files;
  // A block of files at a time, so that the indexes of 10,000 are never in memory together.
  for (size_t begin = 0; begin < files.size(); begin += kOpenFilesMax) {
    const size_t count = std::min(kOpenFilesMax, files.size() - begin);
    std::vector<std::shared_ptr<const ArrowFile>> block(count);
    ARROW_RETURN_NOT_OK(base::ParallelFor(
        base::AvailableCores(), static_cast<int64_t>(count), [&](int64_t i) -> Status {
          ListedFile& listed = files[begin + static_cast<size_t>(i)];
          ARROW_ASSIGN_OR_RAISE(OpenedFile opened, found.store->Open(listed));
          listed.version = opened.version;
          ARROW_ASSIGN_OR_RAISE(const auto format, DetectFormat(listed, opened.file.get()));
          if (!format.has_value()) return Status::OK();
          if (*format != FileFormat::kArrow) {
            return MixedFormats(files[0], FileFormat::kArrow, listed, *format);
          }
          ARROW_ASSIGN_OR_RAISE(block[static_cast<size_t>(i)],
                                ReadArrowIndex(listed.relative_path, std::move(opened.file),
                                               arrow::default_memory_pool()));
          return Status::OK();
        }));
    for (size_t i = 0; i < count; ++i) {
      if (block[i] == nullptr) continue;
      ARROW_RETURN_NOT_OK(source->AddFile(files[begin + i], std::move(block[i])));
    }
  }
  source->identity_ = IdentityOf("arrow", source->files_);
  return source;
}

Result<std::shared_ptr<Source>> ArrowSource::MakeFromFile(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t index_bytes_max) {
  auto source = std::shared_ptr<ArrowSource>(new ArrowSource());
  source->index_bytes_left_ = index_bytes_max;
  ListedFile listed;
  listed.relative_path = name;
  listed.named = true;
  ARROW_ASSIGN_OR_RAISE(
      auto opened, ReadArrowIndex(std::move(name), std::move(file), arrow::default_memory_pool()));
  listed.size = opened->size;
  ARROW_RETURN_NOT_OK(source->AddFile(std::move(listed), std::move(opened)));
  source->identity_ = IdentityOf("arrow", source->files_);
  return source;
}

Status ArrowSource::AddFile(ListedFile listed, std::shared_ptr<const ArrowFile> file) {
  const auto index = static_cast<int32_t>(files_.size());
  const ArrowFileIndex& contents = *file->index;
  if (schema_ == nullptr) {
    schema_ = std::make_shared<arrow::Schema>(*contents.schema);
    members_ = StructMembers(*schema_);
  } else {
    ARROW_ASSIGN_OR_RAISE(
        auto united, UnitedSchema(files_[0].relative_path, schema_, file->name, *contents.schema));
    if (united != schema_) members_ = StructMembers(*united);
    schema_ = std::move(united);
  }
  files_.push_back(std::move(listed));
  first_batch_.push_back(num_batches_);
  num_batches_ += contents.batches.size();
  if (unit_rows_ > 0) {
    AddUnitsOfRows(index, *file);
  } else {
    AddUnits(index, *file);
  }
  // What is kept of the file: all, or all but the messages, which are long where columns are many,
  // or nothing.
  indexes_.emplace_back();
  int64_t bytes = contents.bytes() + contents.message_bytes();
  auto kept = file->index;
  if (bytes > index_bytes_left_) {
    auto shorter = std::make_shared<ArrowFileIndex>(contents);
    for (ArrowBatchPlace& batch : shorter->batches) batch.message.reset();
    bytes = shorter->bytes();
    kept = std::move(shorter);
  }
  file = std::make_shared<ArrowFile>(ArrowFile{file->name, file->file, file->size, kept});
  if (bytes <= index_bytes_left_) {
    index_bytes_left_ -= bytes;
    indexes_.back() = std::move(kept);
  }
  open_files_.Remember(index, std::move(file));
  return Status::OK();
}

void ArrowSource::AddUnits(int32_t index, const ArrowFile& file) {
  Unit unit;
  UnitBatches batches;
  const auto close = [&](int32_t next) {
    if (unit.num_rows > 0) {
      unit.index = static_cast<int64_t>(units_.size());
      unit.file = index;
      unit.file_name = file.name;
      batches.count = next - batches.first;
      units_.push_back(std::move(unit));
      unit_batches_.push_back(batches);
    }
    unit = Unit();
    batches = UnitBatches{next};
  };
  const auto num_batches = static_cast<int32_t>(file.index->batches.size());
  for (int32_t i = 0; i < num_batches; ++i) {
    const ArrowBatchPlace& batch = file.index->batches[static_cast<size_t>(i)];
    unit.num_rows += batch.num_rows;
    unit.bytes += batch.place.body_size;
    if (unit.num_rows >= kUnitRows || unit.bytes >= kUnitBytes) close(i + 1);
  }
  close(num_batches);
}

void ArrowSource::AddUnitsOfRows(int32_t index, const ArrowFile& file) {
  const std::vector<ArrowBatchPlace>& places = file.index->batches;
  int64_t num_rows = 0;
  for (const ArrowBatchPlace& place : places) num_rows += place.num_rows;
  int32_t batch = 0;
  int64_t batch_begin = 0;  // rows before `batch`
  for (int64_t begin = 0; begin < num_rows; begin += unit_rows_) {
    Unit unit;
    unit.index = static_cast<int64_t>(units_.size());
    unit.file = index;
    unit.file_name = file.name;
    unit.num_rows = std::min(unit_rows_, num_rows - begin);
    const auto rows_of = [&](int32_t i) { return places[static_cast<size_t>(i)].num_rows; };
    while (batch_begin + rows_of(batch) <= begin) batch_begin += rows_of(batch++);
    UnitBatches batches{batch, 0, begin - batch_begin, batch_begin == begin};
    const int64_t end = begin + unit.num_rows;
    int64_t reached = batch_begin;
    for (int32_t i = batch; reached < end; ++i) {
      const ArrowBatchPlace& place = places[static_cast<size_t>(i)];
      const int64_t first = std::max(reached, begin);
      reached += place.num_rows;
      // A batch of several units is each one's by its share of the rows.
      const double share = static_cast<double>(std::min(reached, end) - first) /
                           static_cast<double>(std::max<int64_t>(1, place.num_rows));
      unit.bytes += static_cast<int64_t>(share * static_cast<double>(place.place.body_size));
      ++batches.count;
    }
    batches.whole = batches.whole && reached == end;
    units_.push_back(std::move(unit));
    unit_batches_.push_back(batches);
  }
}

Result<std::shared_ptr<const ArrowFile>> ArrowSource::OpenFile(int32_t index) const {
  if (auto file = open_files_.Find(index)) return file;
  const ListedFile& listed = files_.at(static_cast<size_t>(index));
  if (store_ == nullptr) return Status::Invalid("the file of a source in memory was closed");
  ARROW_ASSIGN_OR_RAISE(OpenedFile opened, store_->Open(listed));
  std::shared_ptr<const ArrowFile> file;
  if (const auto& known = indexes_.at(static_cast<size_t>(index)); known != nullptr) {
    file = std::make_shared<ArrowFile>(
        ArrowFile{listed.relative_path, std::move(opened.file), listed.size, known});
  } else {
    ARROW_ASSIGN_OR_RAISE(file, ReadArrowIndex(listed.relative_path, std::move(opened.file),
                                               arrow::default_memory_pool()));
  }
  open_files_.Remember(index, file);
  return file;
}

Result<std::vector<ArrowBatchToRead>> ArrowSource::BatchesOf(const Unit& unit,
                                                             const ArrowFile& file) const {
  const UnitBatches& range = unit_batches_.at(static_cast<size_t>(unit.index));
  std::vector<ArrowBatchToRead> batches;
  for (int32_t i = range.first; i < range.first + range.count; ++i) {
    const ArrowBatchPlace& place = file.index->batches.at(static_cast<size_t>(i));
    ArrowBatchToRead batch{i, place.message, 0};
    if (batch.message == nullptr) {
      const auto found = ReadArrowMessage(file.file.get(), file.size, place.place.begin,
                                          arrow::default_memory_pool());
      if (!found.ok()) return NotArrow(file.name, found.status());
      batch.message = found->message;
      if (batch.message == nullptr || batch.message->kind() != ArrowMessage::Kind::kRecordBatch ||
          batch.message->num_rows() != place.num_rows) {
        return NotArrow(file.name, Status::Invalid("it has changed while it was read"));
      }
    }
    batches.push_back(std::move(batch));
  }
  return batches;
}

StructMember ArrowSource::ColumnAt(int column) const {
  const int num_fields = schema_->num_fields();
  if (column < num_fields) return {{column}, schema_->field(column)};
  return members_.at(static_cast<size_t>(column - num_fields));
}

ColumnHint ArrowSource::Hint(const Unit& unit, int column) const {
  ColumnHint hint;
  // A hint is only that: what is wrong with the file is reported when it is read.
  const auto file = OpenFile(unit.file);
  if (!file.ok()) return hint;
  const auto batches = BatchesOf(unit, **file);
  if (!batches.ok()) return hint;
  const ArrowColumnPlace place = FindArrowColumn((*file)->index->columns, ColumnAt(column).path);
  const ArrowColumn& stored = *place.column;
  const auto type = stored.type->id();
  const bool encoded = type == arrow::Type::DICTIONARY || type == arrow::Type::RUN_END_ENCODED;
  hint.dictionary_encoded = encoded && !arrow::is_nested(ColumnAt(column).field->type()->id());
  // The values of a dictionary, or of runs, may be null themselves, and structs around a column.
  bool known = !encoded && type != arrow::Type::NA && place.structs.empty() &&
               unit_batches_.at(static_cast<size_t>(unit.index)).whole;
  int64_t null_count = 0;
  for (const ArrowBatchToRead& batch : *batches) {
    const ArrowMessage& message = *batch.message;
    const auto before = message.CountVariadic(stored.parts.view);
    const auto with = message.CountVariadic(stored.parts.view + stored.num_views);
    const bool has_views = stored.parts.view + stored.num_views > 0;
    if (has_views && !(before.ok() && with.ok())) return {};
    const int64_t first = stored.parts.buffer + (has_views ? *before : 0);
    const int64_t end = first + stored.num_buffers + (has_views ? *with - *before : 0);
    if (end > message.num_buffers() || stored.parts.node >= message.num_nodes()) return {};
    for (int64_t i = first; i < end; ++i) {
      const auto buffer = message.buffer(i);
      if (!buffer.ok()) return {};
      hint.compressed_bytes += buffer->size;
    }
    const int64_t nulls = message.node_nulls(stored.parts.node);
    known = known && nulls >= 0 && nulls <= message.num_rows();
    null_count += known ? nulls : 0;
  }
  if (known) hint.null_count = null_count;
  hint.largest_part_bytes = LargestDictionaryBytes(*(*file)->index, stored);
  return hint;
}

Result<std::unique_ptr<ArrowColumnReader>> ArrowSource::MakeReader(
    const std::shared_ptr<const ArrowFile>& file, const Unit& unit, int column,
    std::vector<ArrowBatchToRead> batches, int64_t read_bytes, arrow::MemoryPool* pool) const {
  const size_t num_columns = static_cast<size_t>(schema_->num_fields()) + members_.size();
  ARROW_RETURN_NOT_OK(CheckColumn(column, num_columns));
  const StructMember shown = ColumnAt(column);
  if (!CanReadArrow(*FindArrowColumn(file->index->columns, shown.path).column)) {
    return base::UsageError("column '" + shown.field->name() + "': a column of type " +
                            shown.field->type()->ToString() +
                            " cannot be read, nor be part of a row fingerprint; split by a key, or "
                            "write the table without it");
  }
  for (ArrowBatchToRead& batch : batches) {
    const uint64_t ordinal =
        first_batch_.at(static_cast<size_t>(unit.file)) + static_cast<uint64_t>(batch.batch);
    batch.dictionary_id = ordinal * num_columns + static_cast<uint64_t>(column) + 1;
  }
  return std::make_unique<ArrowColumnReader>(file, shown, std::move(batches), read_bytes, pool);
}

Result<std::unique_ptr<BatchReader>> ArrowSource::Open(const Unit& unit,
                                                       const std::vector<int>& columns,
                                                       const BatchOptions& options,
                                                       Cursor start) const {
  ARROW_RETURN_NOT_OK(CheckRead(unit, options, unit.num_rows, start));
  ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(unit.file));
  ARROW_ASSIGN_OR_RAISE(const auto batches, BatchesOf(unit, *file));
  constexpr int64_t kReadBytesOfOpenFile = int64_t{1} << 20;
  const int64_t read_bytes =
      store_ == nullptr ? kReadBytesOfOpenFile : ReadBytesEach(*store_, columns.size());
  const int64_t skipped_rows = unit_batches_.at(static_cast<size_t>(unit.index)).skipped_rows;
  std::vector<std::unique_ptr<ArrowColumnReader>> readers;
  for (const int column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto reader,
                          MakeReader(file, unit, column, batches, read_bytes, PoolOf(options)));
    const int64_t before = skipped_rows + start.next_row;
    if (before > 0) ARROW_RETURN_NOT_OK(reader->Skip(before));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<UnitReader<ArrowColumnReader>>(unit.num_rows, options.batch_rows, start,
                                                         std::move(readers));
}

}  // namespace emberharmony::io::internal
