#include "emberharmony/engine/derived_columns.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "emberharmony/io/array_pieces.h"

namespace emberharmony::engine {

namespace {

std::shared_ptr<arrow::Schema> BlockSchema(const std::shared_ptr<arrow::DataType>& type) {
  return arrow::schema({arrow::field("rows", type)});
}

/// Hands out the rows of a derived column of a unit, some at a time.
class DerivedReader {
 public:
  DerivedReader(const DerivedColumns& columns, int column, int64_t unit, arrow::MemoryPool* pool)
      : columns_(columns), column_(column), unit_(unit), pool_(pool) {}

  /// The next num_rows rows, which there are.
  arrow::Result<io::Column> Next(int64_t num_rows) {
    io::Column rows;
    while (num_rows > 0) {
      if (rows_ == nullptr || at_ == rows_->length()) ARROW_RETURN_NOT_OK(NextChunk());
      const int64_t n = std::min(num_rows, rows_->length() - at_);
      ARROW_ASSIGN_OR_RAISE(io::Piece piece, PieceOf(rows_->Slice(at_, n)));
      rows.pieces.push_back(std::move(piece));
      at_ += n;
      num_rows -= n;
    }
    return rows;
  }

 private:
  arrow::Status NextChunk() {
    if (next_chunk_ == columns_.num_chunks(column_, unit_)) {
      return arrow::Status::Invalid("a derived column has fewer rows than its unit");
    }
    ARROW_ASSIGN_OR_RAISE(rows_, columns_.Read(column_, unit_, next_chunk_++, pool_));
    at_ = 0;
    dictionary_.reset();
    if (io::IsEncoded(*rows_->type())) {
      ARROW_ASSIGN_OR_RAISE(dictionary_, io::MakePieceDictionary(*rows_, pool_));
    }
    return arrow::Status::OK();
  }

  arrow::Result<io::Piece> PieceOf(std::shared_ptr<arrow::Array> rows) const {
    const int64_t num_rows = rows->length();
    if (dictionary_) return io::EncodedPiece(*rows, *dictionary_, next_chunk_, pool_);
    return io::Piece{std::move(rows), nullptr, num_rows, 0};
  }

  const DerivedColumns& columns_;
  const int column_;
  const int64_t unit_;
  arrow::MemoryPool* const pool_;
  size_t next_chunk_ = 0;
  std::shared_ptr<arrow::Array> rows_;  // of the current chunk
  std::optional<io::PieceDictionary> dictionary_;
  int64_t at_ = 0;
};

/// Columns of the source and derived ones, in the order asked for.
class WidenedReader : public io::BatchReader {
 public:
  /// `own`: a reader of the source's columns among them, or nullptr where there are none.
  WidenedReader(std::unique_ptr<io::BatchReader> own, std::vector<std::optional<DerivedReader>> all,
                int64_t num_rows, int64_t batch_rows)
      : own_(std::move(own)), all_(std::move(all)), num_rows_(num_rows), batch_rows_(batch_rows) {}

  arrow::Result<std::optional<io::Batch>> Next() override {
    io::Batch batch;
    std::vector<io::Column> own_columns;
    if (own_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto own, own_->Next());
      if (!own) return std::nullopt;
      batch.first_row = own->first_row;
      batch.num_rows = own->num_rows;
      own_columns = std::move(own->columns);
    } else {
      if (cursor_.next_row >= num_rows_) return std::nullopt;
      batch.first_row = cursor_.next_row;
      batch.num_rows = std::min(batch_rows_, num_rows_ - cursor_.next_row);
    }
    size_t next_own = 0;
    for (std::optional<DerivedReader>& derived : all_) {
      if (!derived) {
        batch.columns.push_back(std::move(own_columns[next_own++]));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(io::Column column, derived->Next(batch.num_rows));
      batch.columns.push_back(std::move(column));
    }
    cursor_.next_row = batch.first_row + batch.num_rows;
    return batch;
  }

  io::Cursor cursor() const override { return cursor_; }

 private:
  std::unique_ptr<io::BatchReader> own_;
  std::vector<std::optional<DerivedReader>> all_;  // by column; nothing: one of the source's
  const int64_t num_rows_;
  const int64_t batch_rows_;
  io::Cursor cursor_;
};

class WidenedSource : public io::Source {
 public:
  WidenedSource(std::shared_ptr<io::Source> source, const arrow::FieldVector& fields,
                std::shared_ptr<const DerivedColumns> derived)
      : source_(std::move(source)), derived_(std::move(derived)) {
    arrow::FieldVector all = source_->schema()->fields();
    num_own_ = static_cast<int>(all.size());
    all.insert(all.end(), fields.begin(), fields.end());
    schema_ = arrow::schema(std::move(all));
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<io::Unit>& units() const override { return source_->units(); }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return source_->rows_are_numbered(); }
  std::string identity() const override { return source_->identity() + "-derived"; }
  std::vector<std::string> warnings() const override { return source_->warnings(); }

  io::ColumnHint Hint(const io::Unit& unit, int column) const override {
    if (column < num_own_) return source_->Hint(unit, column);
    constexpr int64_t kValueBytes = 8;
    io::ColumnHint hint;
    hint.compressed_bytes = derived_ != nullptr ? derived_->bytes(column - num_own_, unit.index)
                                                : unit.num_rows * kValueBytes;
    hint.largest_part_bytes =
        std::clamp<int64_t>(hint.compressed_bytes, 1, DerivedColumns::kChunkRowsMax * kValueBytes);
    return hint;
  }

  arrow::Result<std::unique_ptr<io::BatchReader>> Open(const io::Unit& unit,
                                                       const std::vector<int>& columns,
                                                       const io::BatchOptions& options,
                                                       io::Cursor start) const override {
    arrow::MemoryPool* pool = options.pool != nullptr ? options.pool : arrow::default_memory_pool();
    std::vector<int> own;
    std::vector<std::optional<DerivedReader>> all;
    for (const int column : columns) {
      if (column < num_own_) {
        own.push_back(column);
        all.emplace_back();
      } else if (derived_ == nullptr || start.next_row != 0) {
        return arrow::Status::Invalid("derived columns cannot be read here");
      } else {
        all.emplace_back(DerivedReader(*derived_, column - num_own_, unit.index, pool));
      }
    }
    if (own.size() == columns.size()) return source_->Open(unit, own, options, start);
    io::BatchOptions limited = options;
    limited.batch_rows = std::min(options.batch_rows, derived_->chunk_rows());
    std::unique_ptr<io::BatchReader> reader;
    if (!own.empty()) {
      ARROW_ASSIGN_OR_RAISE(reader, source_->Open(unit, own, limited, start));
    }
    return std::make_unique<WidenedReader>(std::move(reader), std::move(all), unit.num_rows,
                                           limited.batch_rows);
  }

 private:
  const std::shared_ptr<io::Source> source_;
  const std::shared_ptr<const DerivedColumns> derived_;
  std::shared_ptr<arrow::Schema> schema_;
  int num_own_ = 0;
};

}  // namespace

arrow::Result<std::shared_ptr<DerivedColumns>> DerivedColumns::Make(arrow::FieldVector fields,
                                                                    int64_t num_units,
                                                                    const std::string& folder) {
  std::shared_ptr<DerivedColumns> columns(new DerivedColumns());
  columns->chunks_.resize(fields.size());
  for (auto& of_column : columns->chunks_) of_column.resize(num_units);
  constexpr int64_t kBytes = int64_t{2} << 20;
  constexpr int64_t kRowsMin = 256;
  const auto row_bytes = static_cast<int64_t>(8 * std::max<size_t>(1, fields.size()));
  columns->chunk_rows_ = std::clamp(kBytes / row_bytes, kRowsMin, kChunkRowsMax);
  columns->fields_ = std::move(fields);
  ARROW_ASSIGN_OR_RAISE(columns->file_, base::SpillFile::Create(folder));
  return columns;
}

arrow::Status DerivedColumns::Writer::Add(const std::shared_ptr<arrow::Array>& rows) {
  int64_t begin = 0;
  while (begin < rows->length()) {
    const int64_t n = std::min(rows->length() - begin, columns_->chunk_rows_ - num_waiting_);
    waiting_.push_back(rows->Slice(begin, n));
    num_waiting_ += n;
    begin += n;
    if (num_waiting_ == columns_->chunk_rows_) ARROW_RETURN_NOT_OK(Flush());
  }
  return arrow::Status::OK();
}

arrow::Status DerivedColumns::Writer::Finish() { return Flush(); }

arrow::Status DerivedColumns::Writer::Flush() {
  if (num_waiting_ == 0) return arrow::Status::OK();
  std::shared_ptr<arrow::Array> rows = waiting_[0];
  if (waiting_.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(rows, arrow::Concatenate(waiting_, pool_));
  }
  waiting_.clear();
  num_waiting_ = 0;
  Chunk chunk;
  if (rows->type_id() == arrow::Type::DICTIONARY) {
    const auto& encoded = static_cast<const arrow::DictionaryArray&>(*rows);
    ARROW_ASSIGN_OR_RAISE(chunk.dictionary, columns_->WriteBlock(encoded.dictionary(), pool_));
    rows = encoded.indices();
  }
  ARROW_ASSIGN_OR_RAISE(chunk.rows, columns_->WriteBlock(rows, pool_));
  columns_->chunks_[column_][unit_].push_back(chunk);
  return arrow::Status::OK();
}

arrow::Result<DerivedColumns::Block> DerivedColumns::WriteBlock(
    const std::shared_ptr<arrow::Array>& array, arrow::MemoryPool* pool) {
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  const auto batch = arrow::RecordBatch::Make(BlockSchema(array->type()), array->length(), {array});
  ARROW_ASSIGN_OR_RAISE(const auto buffer, arrow::ipc::SerializeRecordBatch(*batch, options));
  Block block;
  block.bytes = buffer->size();
  ARROW_ASSIGN_OR_RAISE(block.offset, file_->Append(std::string_view(*buffer)));
  return block;
}

arrow::Result<std::shared_ptr<arrow::Array>> DerivedColumns::ReadBlock(
    const Block& block, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(block.bytes, pool));
  ARROW_RETURN_NOT_OK(file_->Read(block.offset, block.bytes, buffer->mutable_data()));
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  arrow::io::BufferReader reader(std::move(buffer));
  const arrow::ipc::DictionaryMemo none;
  ARROW_ASSIGN_OR_RAISE(const auto batch,
                        arrow::ipc::ReadRecordBatch(BlockSchema(type), &none, options, &reader));
  return batch->column(0);
}

arrow::Result<std::shared_ptr<arrow::Array>> DerivedColumns::Read(int column, int64_t unit,
                                                                  size_t chunk,
                                                                  arrow::MemoryPool* pool) const {
  const Chunk& found = chunks_[column][unit][chunk];
  const std::shared_ptr<arrow::DataType>& type = fields_[column]->type();
  if (found.dictionary.bytes == 0) return ReadBlock(found.rows, type, pool);
  ARROW_ASSIGN_OR_RAISE(auto indices, ReadBlock(found.rows, arrow::int32(), pool));
  ARROW_ASSIGN_OR_RAISE(auto values, ReadBlock(found.dictionary, type, pool));
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), type),
                                            std::move(indices), std::move(values));
}

int64_t DerivedColumns::bytes(int column, int64_t unit) const {
  int64_t bytes = 0;
  for (const Chunk& chunk : chunks_[column][unit])
    bytes += chunk.rows.bytes + chunk.dictionary.bytes;
  return bytes;
}

std::shared_ptr<io::Source> WithDerivedColumns(std::shared_ptr<io::Source> source,
                                               const arrow::FieldVector& fields,
                                               std::shared_ptr<const DerivedColumns> derived) {
  if (fields.empty()) return source;
  return std::make_shared<WidenedSource>(std::move(source), fields, std::move(derived));
}

}  // namespace emberharmony::engine
