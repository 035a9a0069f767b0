#include <algorithm>
#include <cstring>

#include "emberharmony/io/arrow_chunk_encoder_internal.h"
#include "emberharmony/io/matrix_encoder_internal.h"
#include "emberharmony/io/page_stream_internal.h"
#include "emberharmony/io/pooled_array_internal.h"
#include "emberharmony/io/rle_encoder.h"

namespace emberharmony::io {
namespace {

using arrow::Status;

constexpr int64_t kPageBytes = int64_t{1} << 20;
constexpr int64_t kMatrixLengthBytes = 4;

class ParquetMatrixEncoder : public MatrixEncoder {
 public:
  ParquetMatrixEncoder(int64_t values_per_row, int64_t value_bytes,
                       std::unique_ptr<PageStream> pages, arrow::MemoryPool* pool)
      : values_per_row_(values_per_row),
        row_bytes_(values_per_row * value_bytes),
        page_rows_(std::max<int64_t>(1, kPageBytes / std::max<int64_t>(1, row_bytes_))),
        pages_(std::move(pages)),
        body_(pool),
        bits_(pool) {}

  Status Add(const uint8_t* values, int64_t num_rows) override {
    while (num_rows > 0) {
      if (rows_ == 0) {
        ARROW_RETURN_NOT_OK(body_.Resize(LevelBytesMax(page_rows_)));
        ARROW_RETURN_NOT_OK(body_.Reserve(LevelBytesMax(page_rows_) + page_rows_ * row_bytes_));
      }
      const int64_t count = std::min(num_rows, page_rows_ - rows_);
      ARROW_RETURN_NOT_OK(body_.Append(values, count * row_bytes_));
      values += count * row_bytes_;
      num_rows -= count;
      rows_ += count;
      group_rows_ += count;
      if (rows_ == page_rows_) ARROW_RETURN_NOT_OK(EndPage());
    }
    return Status::OK();
  }

  arrow::Result<EncodedChunk> Finish() override {
    if (rows_ > 0) ARROW_RETURN_NOT_OK(EndPage());
    ARROW_ASSIGN_OR_RAISE(PageBytes pages, pages_->Finish());
    EncodedChunk chunk;
    chunk.data = std::make_shared<const PageBytes>(std::move(pages));
    // Parquet counts the values of lists, not the lists.
    chunk.num_rows = group_rows_ * values_per_row_;
    chunk.statistics.set_null_count(0);
    group_rows_ = 0;
    return chunk;
  }

 private:
  int64_t LevelBytesMax(int64_t rows) const {
    return 2 * (kMatrixLengthBytes + HybridBytesMax(rows * values_per_row_, 1));
  }

  static void PutLength(int64_t length, uint8_t* out) {
    const auto value = static_cast<uint32_t>(length);
    std::memcpy(out, &value, sizeof(value));
  }

  /// Values lie behind room for the levels, which are put right before them.
  Status EndPage() {
    const int64_t values = rows_ * values_per_row_;
    const int64_t room = LevelBytesMax(page_rows_);
    ARROW_RETURN_NOT_OK(bits_.Resize((values + 7) / 8));
    std::memset(bits_.data(), 0xFF, static_cast<size_t>(bits_.size()));
    for (int64_t i = 0; i < values; i += values_per_row_) {
      bits_[i / 8] = static_cast<uint8_t>(bits_[i / 8] & ~(1 << (i % 8)));
    }
    // The bits beyond the last value are not looked at.
    int64_t size = kMatrixLengthBytes;
    const int64_t repetition = EncodeHybridBits(bits_.data(), values, body_.data() + size);
    PutLength(repetition, body_.data());
    size += repetition;
    const int64_t definition = EncodeRun(values, 1, 1, body_.data() + size + kMatrixLengthBytes);
    PutLength(definition, body_.data() + size);
    size += kMatrixLengthBytes + definition;
    std::memmove(body_.data() + room - size, body_.data(), static_cast<size_t>(size));
    ARROW_RETURN_NOT_OK(pages_->AddDataPage(body_.data() + room - size, size + rows_ * row_bytes_,
                                            values, parquet::Encoding::PLAIN));
    rows_ = 0;
    body_.Clear();
    return Status::OK();
  }

  const int64_t values_per_row_;
  const int64_t row_bytes_;
  const int64_t page_rows_;
  const std::unique_ptr<PageStream> pages_;
  PooledArray<uint8_t> body_;
  PooledArray<uint8_t> bits_;
  int64_t rows_ = 0;        // of the open page
  int64_t group_rows_ = 0;  // of the row group
};

class ArrowMatrixEncoder : public MatrixEncoder {
 public:
  ArrowMatrixEncoder(int64_t row_bytes, arrow::MemoryPool* pool)
      : row_bytes_(row_bytes), pool_(pool) {}

  Status Add(const uint8_t* values, int64_t num_rows) override {
    if (pages_.pages.empty()) {
      // The mark of a buffer that is not compressed.
      const int64_t prefix = -1;
      ARROW_RETURN_NOT_OK(AddPage(reinterpret_cast<const uint8_t*>(&prefix), sizeof(prefix)));
    }
    rows_ += num_rows;
    return AddPage(values, num_rows * row_bytes_);
  }

  arrow::Result<EncodedChunk> Finish() override {
    // Neither lists nor values have a validity bitmap.
    const int64_t size = pages_.size;
    pages_.unpadded_sizes = {0, 0, size};
    const int64_t padding = (ArrowChunkEncoder::kAlignment - size % ArrowChunkEncoder::kAlignment) %
                            ArrowChunkEncoder::kAlignment;
    const uint8_t zeros[ArrowChunkEncoder::kAlignment] = {};
    ARROW_RETURN_NOT_OK(AddPage(zeros, padding));
    EncodedChunk chunk;
    pages_.uncompressed_bytes = rows_ * row_bytes_;
    chunk.data = std::make_shared<const PageBytes>(std::move(pages_));
    chunk.num_rows = rows_;
    chunk.statistics.set_null_count(0);
    pages_ = PageBytes();
    rows_ = 0;
    return chunk;
  }

 private:
  Status AddPage(const uint8_t* data, int64_t size) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> page, arrow::AllocateBuffer(size, pool_));
    if (size > 0) std::memcpy(page->mutable_data(), data, static_cast<size_t>(size));
    pages_.size += size;
    pages_.pages.push_back(std::move(page));
    return Status::OK();
  }

  const int64_t row_bytes_;
  arrow::MemoryPool* const pool_;
  PageBytes pages_;
  int64_t rows_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<MatrixEncoder>> MakeParquetMatrixEncoder(int64_t values_per_row,
                                                                       int64_t value_bytes,
                                                                       arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto pages, PageStream::Make(pool));
  return std::make_unique<ParquetMatrixEncoder>(values_per_row, value_bytes, std::move(pages),
                                                pool);
}

std::unique_ptr<MatrixEncoder> MakeArrowMatrixEncoder(int64_t values_per_row, int64_t value_bytes,
                                                      arrow::MemoryPool* pool) {
  return std::make_unique<ArrowMatrixEncoder>(values_per_row * value_bytes, pool);
}

}  // namespace emberharmony::io
