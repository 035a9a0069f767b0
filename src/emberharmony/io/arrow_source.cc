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

}  // namespace

Result<std::shared_ptr<Source>> ArrowSource::Make(SourceFiles found, int64_t index_bytes_max) {
  auto source = std::shared_ptr<ArrowSource>(new ArrowSource());
  source->store_ = found.store;
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
  } else {
    ARROW_ASSIGN_OR_RAISE(
        schema_, UnitedSchema(files_[0].relative_path, schema_, file->name, *contents.schema));
  }
  files_.push_back(std::move(listed));
  first_batch_.push_back(num_batches_);
  num_batches_ += contents.batches.size();
  AddUnits(index, *file);
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
    batches = {next, 0};
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

ColumnHint ArrowSource::Hint(const Unit& unit, int column) const {
  ColumnHint hint;
  if (column >= schema_->num_fields()) return hint;  // a struct's member, which can't be read
  // A hint is only that: what is wrong with the file is reported when it is read.
  const auto file = OpenFile(unit.file);
  if (!file.ok()) return hint;
  const auto batches = BatchesOf(unit, **file);
  if (!batches.ok()) return hint;
  const ArrowColumn& stored = (*file)->index->columns.at(static_cast<size_t>(column));
  const auto type = stored.type->id();
  hint.dictionary_encoded = type == arrow::Type::DICTIONARY || type == arrow::Type::RUN_END_ENCODED;
  // The values of a dictionary, or of runs, may be null themselves.
  bool known = IsPlainType(*stored.type) && type != arrow::Type::NA;
  int64_t null_count = 0;
  for (const ArrowBatchToRead& batch : *batches) {
    const ArrowMessage& message = *batch.message;
    const auto before = message.CountVariadic(stored.first_view);
    const auto with = message.CountVariadic(stored.first_view + stored.num_views);
    const bool has_views = stored.first_view + stored.num_views > 0;
    if (has_views && !(before.ok() && with.ok())) return {};
    const int64_t first = stored.first_buffer + (has_views ? *before : 0);
    const int64_t end = first + stored.num_buffers + (has_views ? *with - *before : 0);
    if (end > message.num_buffers() || stored.first_node >= message.num_nodes()) return {};
    for (int64_t i = first; i < end; ++i) {
      const auto buffer = message.buffer(i);
      if (!buffer.ok()) return {};
      hint.compressed_bytes += buffer->size;
    }
    const int64_t nulls = message.node_nulls(stored.first_node);
    known = known && nulls >= 0 && nulls <= message.num_rows();
    null_count += known ? nulls : 0;
  }
  if (known) hint.null_count = null_count;
  return hint;
}

Result<std::unique_ptr<BatchReader>> ArrowSource::Open(const Unit& unit,
                                                       const std::vector<int>& columns,
                                                       const BatchOptions& options,
                                                       Cursor start) const {
  if (options.batch_rows < 1) {
    return base::UsageError("a batch must have at least one row, not " +
                            std::to_string(options.batch_rows));
  }
  if (start.next_row < 0 || start.next_row > unit.num_rows) {
    return base::DataError("'" + unit.file_name + "': a reader should start at row " +
                           std::to_string(start.next_row) + " of a unit of " +
                           std::to_string(unit.num_rows) + " rows: the cursor is from other data");
  }
  ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(unit.file));
  ARROW_ASSIGN_OR_RAISE(const auto batches, BatchesOf(unit, *file));
  arrow::MemoryPool* pool = options.pool != nullptr ? options.pool : arrow::default_memory_pool();
  constexpr int64_t kReadBytesOfOpenFile = int64_t{1} << 20;
  const int64_t read_bytes =
      store_ == nullptr ? kReadBytesOfOpenFile : ReadBytesEach(*store_, columns.size());
  std::vector<std::unique_ptr<ArrowColumnReader>> readers;
  for (const int column : columns) {
    const auto num_fields = schema_->num_fields();
    const std::vector<StructMember> members =
        column < num_fields ? std::vector<StructMember>() : StructMembers(*schema_);
    const auto num_columns = num_fields + static_cast<int>(members.size());
    if (column < 0 || column >= num_columns) {
      return base::UsageError("there is no column " + std::to_string(column) + " among " +
                              std::to_string(num_columns));
    }
    const bool member = column >= num_fields;
    const arrow::Field& shown =
        member ? *members[static_cast<size_t>(column - num_fields)].field : *schema_->field(column);
    if (member ||
        !ArrowColumnReader::CanRead(*file->index->columns[static_cast<size_t>(column)].type)) {
      return base::UsageError("column '" + shown.name() + "' is nested (" +
                              (member ? "a field of a struct" : shown.type()->ToString()) +
                              "), and nested columns of Arrow files are not supported: leave it "
                              "out of the plan and give its split a key, or flatten it first");
    }
    auto of_column = batches;
    for (ArrowBatchToRead& batch : of_column) {
      const uint64_t ordinal =
          first_batch_.at(static_cast<size_t>(unit.file)) + static_cast<uint64_t>(batch.batch);
      batch.dictionary_id = ordinal * static_cast<uint64_t>(schema_->num_fields()) +
                            static_cast<uint64_t>(column) + 1;
    }
    auto reader =
        std::make_unique<ArrowColumnReader>(file, column, std::move(of_column), read_bytes, pool);
    if (start.next_row > 0) ARROW_RETURN_NOT_OK(reader->Skip(start.next_row));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<UnitReader<ArrowColumnReader>>(unit.num_rows, options.batch_rows, start,
                                                         std::move(readers));
}

}  // namespace emberharmony::io::internal
