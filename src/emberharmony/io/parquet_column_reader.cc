#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/io/parquet_column_reader_internal.h"

namespace emberharmony::io::internal {

using arrow::Status;

ParquetColumnReader::ParquetColumnReader(std::shared_ptr<const ParquetFile> file,
                                         const arrow::Field& field, int leaf,
                                         std::vector<RowGroupChunk> chunks, arrow::MemoryPool* pool,
                                         int64_t read_bytes)
    : pool_(pool),
      pages_(std::move(file), field.name(), field.type(), leaf, std::move(chunks), pool,
             read_bytes),
      max_level_(pages_.max_definition_level()) {}

Status ParquetColumnReader::Skip(int64_t n) {
  return pages_.WithContext(CatchParquet([&] { return SkipRows(n); }));
}

Status ParquetColumnReader::SkipRows(int64_t n) {
  if (n <= 0) return Status::OK();
  if (n >= page_rows_left_) {
    ARROW_ASSIGN_OR_RAISE(n, pages_.SkipRows(n - page_rows_left_));
    BeginPage();
  }
  while (n > 0) {
    const int64_t count = std::min({n, page_rows_left_, kBlockRows});
    if (count == 0) return Status::Invalid("a page has fewer rows than were to be passed over");
    Column passed_over;
    ARROW_RETURN_NOT_OK(ReadRows(count, &passed_over));
    n -= count;
  }
  return Status::OK();
}

Status ParquetColumnReader::Read(int64_t n, Column* out) {
  return pages_.WithContext(CatchParquet([&] { return ReadRows(n, out); }));
}

Status ParquetColumnReader::ReadRows(int64_t n, Column* out) {
  while (n > 0) {
    if (page_rows_left_ == 0) {
      // The next chunk has another dictionary.
      if (pages_.levels_after_page() == 0) FinishIndices(out);
      ARROW_RETURN_NOT_OK(pages_.Next());
      BeginPage();
    }
    int64_t count = std::min(n, page_rows_left_);
    if (pages_.has_indices()) {
      if (piece_ == nullptr) ARROW_RETURN_NOT_OK(StartIndices(n));
      count = std::min(count, piece_capacity_ - piece_rows_);
      ARROW_RETURN_NOT_OK(AppendIndices(count));
      if (piece_rows_ == piece_capacity_) FinishIndices(out);
    } else {
      FinishIndices(out);
      ARROW_RETURN_NOT_OK(AppendPlain(count, out));
    }
    page_rows_left_ -= count;
    n -= count;
  }
  FinishIndices(out);
  return Status::OK();
}

void ParquetColumnReader::BeginPage() {
  page_rows_left_ = pages_.num_levels();
  if (page_rows_left_ == 0 || max_level_ == 0) return;
  const PageBytesView levels = pages_.definition_levels();
  levels_ = DefinitionLevelDecoder(levels.data, levels.size, max_level_);
}

Status ParquetColumnReader::StartIndices(int64_t rows_wanted) {
  // Never far beyond the page at hand, whatever a footer claims.
  piece_capacity_ = std::min({rows_wanted, page_rows_left_ + pages_.levels_after_page(),
                              std::max(page_rows_left_, kPieceRows)});
  ARROW_ASSIGN_OR_RAISE(piece_, arrow::AllocateBuffer(piece_capacity_ * 4, pool_));
  piece_rows_ = 0;
  return Status::OK();
}

Status ParquetColumnReader::AppendIndices(int64_t n) {
  auto* out = reinterpret_cast<uint32_t*>(piece_->mutable_data()) + piece_rows_;
  const auto null_index = static_cast<uint32_t>(pages_.dictionary()->length());
  piece_rows_ += n;
  if (max_level_ == 0) return pages_.indices()->Decode(n, out);
  while (n > 0) {
    const int64_t count = std::min(n, kBlockRows);
    int64_t num_valid = 0;
    ARROW_RETURN_NOT_OK(levels_.Decode(count, valid_bits_.data(), &num_valid));
    if (num_valid == count) {
      ARROW_RETURN_NOT_OK(pages_.indices()->Decode(count, out));
    } else {
      ARROW_RETURN_NOT_OK(pages_.indices()->Decode(num_valid, dense_.data()));
      kernels_.expand(dense_.data(), valid_bits_.data(), count, null_index, out);
    }
    out += count;
    n -= count;
  }
  return Status::OK();
}

Status ParquetColumnReader::AppendPlain(int64_t n, Column* out) {
  PageRows rows{n, n, nullptr};
  if (max_level_ > 0) {
    ARROW_ASSIGN_OR_RAISE(rows.valid_bits, arrow::AllocateBuffer((n + 7) / 8, pool_));
    ARROW_RETURN_NOT_OK(levels_.Decode(n, rows.valid_bits->mutable_data(), &rows.num_valid));
    if (rows.num_valid == n) rows.valid_bits.reset();
  }
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  ARROW_RETURN_NOT_OK(pages_.values()->Decode(rows, &arrays));
  int64_t decoded = 0;
  for (auto& array : arrays) {
    Piece piece;
    piece.num_rows = array->length();
    piece.values = std::move(array);
    decoded += piece.num_rows;
    out->pieces.push_back(std::move(piece));
  }
  if (decoded != n) return Status::Invalid("a page holds ", decoded, " values instead of ", n);
  return Status::OK();
}

void ParquetColumnReader::FinishIndices(Column* out) {
  if (piece_ == nullptr) return;
  std::shared_ptr<arrow::Buffer> indices = std::move(piece_);
  if (piece_rows_ < piece_capacity_) indices = arrow::SliceBuffer(indices, 0, piece_rows_ * 4);
  Piece piece;
  piece.values = pages_.dictionary();
  piece.indices = std::move(indices);
  piece.num_rows = piece_rows_;
  piece.dictionary_id = pages_.chunk().dictionary_id;
  out->pieces.push_back(std::move(piece));
}

}  // namespace emberharmony::io::internal
