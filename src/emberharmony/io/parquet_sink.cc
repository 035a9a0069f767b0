#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/chunk_store_internal.h"
#include "emberharmony/io/column_chunk_encoder_internal.h"
#include "emberharmony/io/column_format_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/sink.h"
#include "emberharmony/io/slot_rows_internal.h"

namespace emberharmony::io {
namespace {

constexpr char kMagic[] = {'P', 'A', 'R', '1'};

/// What Parquet says about the file as a whole; the same for equal layouts.
struct FileFormat {
  std::shared_ptr<parquet::WriterProperties> properties;
  std::shared_ptr<parquet::SchemaDescriptor> schema;
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;  ///< null: none
  std::vector<ColumnFormat> columns;
};

/// The Arrow schema, which readers that know Arrow consult, is written only where Parquet's own
/// types would give another one back (large strings, zones other than UTC, seconds, durations).
arrow::Result<std::shared_ptr<const arrow::KeyValueMetadata>> ArrowSchemaMetadata(
    const arrow::Schema& schema, const parquet::SchemaDescriptor& descriptor) {
  std::shared_ptr<arrow::Schema> seen;
  ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(&descriptor, &seen));
  if (seen->Equals(schema, /*check_metadata=*/false)) return nullptr;
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->RemoveMetadata());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, arrow::ipc::SerializeSchema(*arrow::schema(fields)));
  return arrow::key_value_metadata({"ARROW:schema"},
                                   {arrow::util::base64_encode(std::string_view(*bytes))});
}

arrow::Result<FileFormat> MakeFileFormat(const arrow::Schema& schema) {
  FileFormat format;
  parquet::WriterProperties::Builder builder;
  builder.created_by("emberharmony")
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->compression(parquet::Compression::SNAPPY);
  format.properties = builder.build();
  // Types first: the conversion below refuses what it does not know in words of its own.
  for (const auto& field : schema.fields()) {
    ARROW_RETURN_NOT_OK(CheckWritable(*field));
  }
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(&schema, *format.properties, &format.schema));
  ARROW_ASSIGN_OR_RAISE(format.metadata, ArrowSchemaMetadata(schema, *format.schema));
  for (int i = 0; i < schema.num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ColumnFormat column,
                          MakeColumnFormat(*schema.field(i), format.schema->Column(i)));
    format.columns.push_back(std::move(column));
  }
  return format;
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

class ParquetSink;

/// Cuts the rows of its columns into row groups and hands finished chunks to the sink.
class ParquetColumnSink : public ColumnSink {
 public:
  static arrow::Result<std::unique_ptr<ColumnSink>> Make(ParquetSink* sink, int first,
                                                         std::span<const ColumnFormat> columns,
                                                         std::span<const int64_t> row_group_rows,
                                                         arrow::MemoryPool* pool);

  arrow::Status Append(std::span<const std::shared_ptr<arrow::Array>> values,
                       const int32_t* indices, int64_t num_rows, uint64_t dictionary_id) override;
  arrow::Status Close() override;

 private:
  ParquetColumnSink(ParquetSink* sink, int first, std::span<const ColumnFormat> columns,
                    std::span<const int64_t> row_group_rows, arrow::MemoryPool* pool)
      : sink_(sink),
        first_(first),
        columns_(columns),
        row_group_rows_(row_group_rows),
        rows_(std::in_place, static_cast<int>(columns.size()), pool) {}

  arrow::Status CheckValues(std::span<const std::shared_ptr<arrow::Array>> values,
                            const int32_t* indices, int64_t num_rows) const;
  arrow::Status FinishRowGroup();
  arrow::Status WrongRows(int64_t found) const;

  ParquetSink* const sink_;
  const int first_;
  const std::span<const ColumnFormat> columns_;
  const std::span<const int64_t> row_group_rows_;
  size_t row_group_ = 0;
  std::optional<SlotRows> rows_;  // empty once closed, for their memory is needed elsewhere
  std::unique_ptr<ColumnChunkEncoder> encoder_;
  bool closed_ = false;
};

class ParquetSink : public Sink {
 public:
  ParquetSink(std::string path, ShardLayout layout, FileFormat format,
              const ParquetSinkOptions& options)
      : path_(std::move(path)),
        layout_(std::move(layout)),
        format_(std::move(format)),
        pool_(options.pool ? options.pool : arrow::default_memory_pool()),
        chunks_(layout_.row_group_rows.size(), format_.columns.size(),
                options.spill_threshold_bytes,
                options.spill_folder.empty() ? FolderOf(path_) : options.spill_folder, pool_),
        column_states_(format_.columns.size(), ColumnState::kNew) {}

  arrow::Result<std::unique_ptr<ColumnSink>> OpenColumns(int first, int count) override;
  arrow::Result<ShardInfo> Commit() override;
  void Abort() override;

  ChunkStore* chunks() { return &chunks_; }
  /// From column sinks.
  void MarkClosed(int first, size_t count);

 private:
  enum class ColumnState { kNew, kOpen, kClosed };

  arrow::Status CheckComplete();
  arrow::Status WriteFile(arrow::io::OutputStream* stream);
  arrow::Status WriteChunk(const StoredChunk& chunk, parquet::ColumnChunkMetaDataBuilder* metadata,
                           arrow::io::OutputStream* stream, int64_t* row_group_bytes);

  const std::string path_;
  const ShardLayout layout_;
  const FileFormat format_;
  arrow::MemoryPool* const pool_;
  ChunkStore chunks_;
  std::mutex mutex_;
  std::vector<ColumnState> column_states_;  // guarded by mutex_
  bool done_ = false;                       // committed or aborted; guarded by mutex_
};

arrow::Result<std::unique_ptr<ColumnSink>> ParquetColumnSink::Make(
    ParquetSink* sink, int first, std::span<const ColumnFormat> columns,
    std::span<const int64_t> row_group_rows, arrow::MemoryPool* pool) {
  std::unique_ptr<ParquetColumnSink> column_sink(
      new ParquetColumnSink(sink, first, columns, row_group_rows, pool));
  ARROW_ASSIGN_OR_RAISE(column_sink->encoder_, ColumnChunkEncoder::Make(columns, pool));
  return column_sink;
}

arrow::Status ParquetColumnSink::Append(std::span<const std::shared_ptr<arrow::Array>> values,
                                        const int32_t* indices, int64_t num_rows,
                                        uint64_t dictionary_id) {
  ARROW_RETURN_NOT_OK(CheckValues(values, indices, num_rows));
  for (int64_t done = 0; done < num_rows;) {
    if (row_group_ == row_group_rows_.size()) return WrongRows(num_rows - done);
    const int64_t group_rows = row_group_rows_[row_group_];
    const int64_t count = std::min(num_rows - done, group_rows - rows_->num_rows());
    rows_->Expect(group_rows);
    if (indices == nullptr) {
      ARROW_RETURN_NOT_OK(rows_->AppendPlain(values, done, count));
    } else {
      ARROW_RETURN_NOT_OK(rows_->AppendEncoded(values, indices + done, count, dictionary_id));
    }
    done += count;
    if (rows_->num_rows() == group_rows) ARROW_RETURN_NOT_OK(FinishRowGroup());
  }
  return arrow::Status::OK();
}

arrow::Status ParquetColumnSink::CheckValues(std::span<const std::shared_ptr<arrow::Array>> values,
                                             const int32_t* indices, int64_t num_rows) const {
  if (closed_ || values.size() != columns_.size()) {
    return arrow::Status::Invalid("column '", columns_[0].name, "': ", values.size(),
                                  " arrays were appended to ", columns_.size(),
                                  closed_ ? " closed" : " open", " columns");
  }
  const int64_t length = indices == nullptr ? num_rows : values[0]->length();
  for (size_t k = 0; k < values.size(); ++k) {
    if (!values[k]->type()->Equals(*columns_[k].type)) {
      return arrow::Status::TypeError("column '", columns_[k].name, "' was declared as ",
                                      columns_[k].type->ToString(), ", found values of type ",
                                      values[k]->type()->ToString());
    }
    if (values[k]->length() != length) {
      return arrow::Status::Invalid("column '", columns_[k].name, "': expected ", length,
                                    " values, found ", values[k]->length());
    }
  }
  return arrow::Status::OK();
}

arrow::Status ParquetColumnSink::FinishRowGroup() {
  ARROW_ASSIGN_OR_RAISE(auto chunks, encoder_->Encode(&*rows_));
  rows_->Clear();
  ARROW_RETURN_NOT_OK(sink_->chunks()->Put(row_group_, first_, std::move(chunks)));
  ++row_group_;
  return arrow::Status::OK();
}

arrow::Status ParquetColumnSink::Close() {
  if (closed_) return arrow::Status::OK();
  if (row_group_ != row_group_rows_.size()) return WrongRows(0);
  closed_ = true;
  encoder_.reset();
  rows_.reset();
  sink_->MarkClosed(first_, columns_.size());
  return arrow::Status::OK();
}

arrow::Status ParquetColumnSink::WrongRows(int64_t found) const {
  const int64_t expected =
      std::accumulate(row_group_rows_.begin(), row_group_rows_.end(), int64_t{0});
  const int64_t before =
      std::accumulate(row_group_rows_.begin(), row_group_rows_.begin() + row_group_, int64_t{0});
  return arrow::Status::Invalid("column '", columns_[0].name, "': the layout has ", expected,
                                " rows, found ", found > 0 ? "at least " : "",
                                before + rows_->num_rows() + found,
                                "; this is an error of the program, please report it");
}

arrow::Result<std::unique_ptr<ColumnSink>> ParquetSink::OpenColumns(int first, int count) {
  {
    std::lock_guard lock(mutex_);
    const auto num_columns = static_cast<int>(column_states_.size());
    if (done_ || first < 0 || count < 1 || first > num_columns - count) {
      return arrow::Status::Invalid("columns [", first, ", ", first + count, ") of ", num_columns,
                                    " cannot be opened in '", path_, "'");
    }
    for (int k = first; k < first + count; ++k) {
      if (column_states_[k] != ColumnState::kNew) {
        return arrow::Status::Invalid("column '", format_.columns[k].name, "' of '", path_,
                                      "' was opened twice");
      }
    }
    std::fill_n(column_states_.begin() + first, count, ColumnState::kOpen);
  }
  return ParquetColumnSink::Make(this, first, std::span(format_.columns).subspan(first, count),
                                 layout_.row_group_rows, pool_);
}

void ParquetSink::MarkClosed(int first, size_t count) {
  std::lock_guard lock(mutex_);
  std::fill_n(column_states_.begin() + first, count, ColumnState::kClosed);
}

void ParquetSink::Abort() {
  std::lock_guard lock(mutex_);
  done_ = true;
  chunks_.Clear();
}

arrow::Status ParquetSink::CheckComplete() {
  if (done_) return arrow::Status::Invalid("'", path_, "' was already committed or aborted");
  for (size_t k = 0; k < column_states_.size(); ++k) {
    if (column_states_[k] != ColumnState::kClosed) {
      return arrow::Status::Invalid("column '", format_.columns[k].name, "' of '", path_,
                                    "' was not closed before the commit");
    }
  }
  return arrow::Status::OK();
}

arrow::Result<ShardInfo> ParquetSink::Commit() {
  std::lock_guard lock(mutex_);
  ARROW_RETURN_NOT_OK(CheckComplete());
  ARROW_ASSIGN_OR_RAISE(auto file, base::AtomicFile::Create(path_));
  ARROW_RETURN_NOT_OK(internal::CatchParquet([&] { return WriteFile(file->stream()); }));
  ShardInfo info;
  info.num_rows =
      std::accumulate(layout_.row_group_rows.begin(), layout_.row_group_rows.end(), int64_t{0});
  info.bytes = file->bytes_written();
  info.xxh3_128 = file->xxh3_128_hex();
  ARROW_RETURN_NOT_OK(file->Commit());
  done_ = true;
  chunks_.Clear();
  return info;
}

arrow::Status ParquetSink::WriteFile(arrow::io::OutputStream* stream) {
  ARROW_RETURN_NOT_OK(stream->Write(kMagic, sizeof(kMagic)));
  auto builder = parquet::FileMetaDataBuilder::Make(format_.schema.get(), format_.properties);
  for (size_t group = 0; group < layout_.row_group_rows.size(); ++group) {
    parquet::RowGroupMetaDataBuilder* row_group = builder->AppendRowGroup();
    row_group->set_num_rows(layout_.row_group_rows[group]);
    int64_t row_group_bytes = 0;
    for (const StoredChunk& chunk : chunks_.row_group(group)) {
      ARROW_RETURN_NOT_OK(
          WriteChunk(chunk, row_group->NextColumnChunk(), stream, &row_group_bytes));
    }
    row_group->Finish(row_group_bytes);
  }
  const auto metadata = builder->Finish(format_.metadata);
  parquet::WriteFileMetaData(*metadata, stream);
  return arrow::Status::OK();
}

arrow::Status ParquetSink::WriteChunk(const StoredChunk& chunk,
                                      parquet::ColumnChunkMetaDataBuilder* metadata,
                                      arrow::io::OutputStream* stream, int64_t* row_group_bytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t begin, stream->Tell());
  int64_t dictionary_offset = 0;
  int64_t compressed = chunk.data->size;
  int64_t uncompressed = chunk.data->uncompressed_bytes;
  std::map<parquet::Encoding::type, int32_t> dictionary_encodings;
  std::map<parquet::Encoding::type, int32_t> data_encodings;
  if (chunk.dictionary != nullptr) {
    dictionary_offset = begin;
    compressed += chunk.dictionary->size;
    uncompressed += chunk.dictionary->uncompressed_bytes;
    dictionary_encodings[parquet::Encoding::PLAIN] = 1;
    data_encodings[parquet::Encoding::RLE_DICTIONARY] = chunk.data->num_pages;
    ARROW_RETURN_NOT_OK(chunks_.WritePages(*chunk.dictionary, stream));
  } else {
    data_encodings[parquet::Encoding::PLAIN] = chunk.data->num_pages;
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t data_offset, stream->Tell());
  ARROW_RETURN_NOT_OK(chunks_.WritePages(*chunk.data, stream));
  metadata->SetStatistics(chunk.statistics);
  metadata->Finish(chunk.num_rows, dictionary_offset, /*index_page_offset=*/-1, data_offset,
                   compressed, uncompressed, chunk.dictionary != nullptr,
                   /*dictionary_fallback=*/false, dictionary_encodings, data_encodings);
  *row_group_bytes += uncompressed;
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<Sink>> MakeParquetSink(std::string path, ShardLayout layout,
                                                     const ParquetSinkOptions& options) {
  if (layout.schema->num_fields() == 0) {
    return base::UsageError(fmt::format(
        "'{}' would have no columns; a Parquet file needs at least one output column", path));
  }
  for (const int64_t rows : layout.row_group_rows) {
    if (rows < 1) {
      return arrow::Status::Invalid("'", path, "': a row group has at least one row, found ", rows);
    }
  }
  ARROW_ASSIGN_OR_RAISE(FileFormat format, MakeFileFormat(*layout.schema));
  return std::make_unique<ParquetSink>(std::move(path), std::move(layout), std::move(format),
                                       options);
}

}  // namespace emberharmony::io
