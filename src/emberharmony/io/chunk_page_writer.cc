#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/io/bit_packer.h"
#include "emberharmony/io/chunk_page_writer_internal.h"
#include "emberharmony/io/index_kernels_internal.h"
#include "emberharmony/io/rle_encoder.h"

namespace emberharmony::io {
namespace {

constexpr int64_t kPageLengthBytes = 4;

void PutLength(uint8_t* out, int64_t length) {
  const auto value = static_cast<uint32_t>(length);
  for (int i = 0; i < kPageLengthBytes; ++i) out[i] = static_cast<uint8_t>(value >> 8 * i);
}

template <typename Value>
void GatherFixed(const uint8_t* entries, const int32_t* ids, int64_t count, uint8_t* out) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(out + i * sizeof(Value), entries + ids[i] * sizeof(Value), sizeof(Value));
  }
}

void GatherEntries(const EntryValues& entries, const int32_t* ids, int64_t count, uint8_t* out) {
  switch (entries.width) {
    case 1:
      return GatherFixed<uint8_t>(entries.fixed, ids, count, out);
    case 4:
      return GatherFixed<uint32_t>(entries.fixed, ids, count, out);
    case 8:
      return GatherFixed<uint64_t>(entries.fixed, ids, count, out);
    default:
      for (int64_t i = 0; i < count; ++i) {
        std::memcpy(out + i * entries.width, entries.fixed + int64_t{ids[i]} * entries.width,
                    entries.width);
      }
  }
}

/// How many of the rows fill a page of plain values of variable length.
int64_t RowsOfPlainPage(const EntryValues& entries, const int32_t* ids, int64_t count) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (ids[i] >= 0) bytes += kPageLengthBytes + static_cast<int64_t>(entries.views[ids[i]].size());
    if (bytes >= ChunkPageWriter::kPagePlainBytes) return i + 1;
  }
  return count;
}

}  // namespace

arrow::Result<std::unique_ptr<ChunkPageWriter>> ChunkPageWriter::Make(arrow::MemoryPool* pool) {
  std::unique_ptr<ChunkPageWriter> writer(new ChunkPageWriter(pool));
  ARROW_ASSIGN_OR_RAISE(writer->pages_, PageStream::Make(pool));
  return writer;
}

arrow::Result<PageBytes> ChunkPageWriter::WriteDictionary(const EntryValues& values,
                                                          int64_t count) {
  if (values.width > 0) {
    ARROW_RETURN_NOT_OK(pages_->AddDictionaryPage(values.fixed, count * values.width, count));
    return pages_->Finish();
  }
  body_.Clear();
  for (int64_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(PutBinary(values.views[i]));
  ARROW_RETURN_NOT_OK(pages_->AddDictionaryPage(body_.data(), body_.size(), count));
  return pages_->Finish();
}

arrow::Result<PageBytes> ChunkPageWriter::WriteIndices(bool nullable, const RowIds& rows,
                                                       int64_t num_entries) {
  const int bit_width = IndexBitWidth(num_entries);
  for (int64_t begin = 0; begin < rows.num_rows; begin += kPageRows) {
    const int64_t num_rows = std::min(kPageRows, rows.num_rows - begin);
    ARROW_ASSIGN_OR_RAISE(const int32_t* ids, LoadIds(rows, begin, num_rows));
    int64_t count = num_rows;
    const uint8_t* valid = nullptr;
    if (rows.has_nulls) {
      count = DropNegative(page_ids_.data(), num_rows, page_valid_.data());
      if (count < num_rows) valid = page_valid_.data();
    }
    ARROW_RETURN_NOT_OK(BeginBody(nullable, valid, num_rows));
    ARROW_RETURN_NOT_OK(PutIndices(ids, count, bit_width));
    ARROW_RETURN_NOT_OK(EndPage(num_rows, parquet::Encoding::RLE_DICTIONARY));
  }
  return pages_->Finish();
}

arrow::Result<PageBytes> ChunkPageWriter::WriteIndexBits(bool nullable, const uint8_t* bits,
                                                         int64_t num_rows) {
  static_assert(kPageRows % 8 == 0, "pages start at whole bytes");
  for (int64_t begin = 0; begin < num_rows; begin += kPageRows) {
    const int64_t page_rows = std::min(kPageRows, num_rows - begin);
    ARROW_RETURN_NOT_OK(BeginBody(nullable, nullptr, page_rows));
    const int64_t levels_size = body_.size();
    ARROW_RETURN_NOT_OK(body_.Resize(levels_size + 1 + HybridBytesMax(page_rows, 1)));
    body_[levels_size] = 1;  // bit width
    const int64_t size =
        EncodeHybridBits(bits + begin / 8, page_rows, body_.data() + levels_size + 1);
    ARROW_RETURN_NOT_OK(body_.Resize(levels_size + 1 + size));
    ARROW_RETURN_NOT_OK(EndPage(page_rows, parquet::Encoding::RLE_DICTIONARY));
  }
  return pages_->Finish();
}

arrow::Result<PageBytes> ChunkPageWriter::WritePlain(const ColumnFormat& format, const RowIds& rows,
                                                     const EntryValues& entries) {
  for (int64_t begin = 0; begin < rows.num_rows;) {
    int64_t num_rows = std::min(kPageRows, rows.num_rows - begin);
    ARROW_ASSIGN_OR_RAISE(const int32_t* ids, LoadIds(rows, begin, num_rows));
    if (format.binary()) num_rows = RowsOfPlainPage(entries, ids, num_rows);
    int64_t count = num_rows;
    const uint8_t* valid = nullptr;
    if (rows.has_nulls) {
      count = DropNegative(page_ids_.data(), num_rows, page_valid_.data());
      if (count < num_rows) valid = page_valid_.data();
    }
    ARROW_RETURN_NOT_OK(BeginBody(format.nullable, valid, num_rows));
    ARROW_RETURN_NOT_OK(PutValues(format, entries, ids, count));
    ARROW_RETURN_NOT_OK(EndPage(num_rows, parquet::Encoding::PLAIN));
    begin += num_rows;
  }
  return pages_->Finish();
}

arrow::Result<PageBytes> ChunkPageWriter::WriteDense(const ColumnFormat& format,
                                                     const uint8_t* valid, int64_t num_rows,
                                                     const EntryValues& values) {
  int64_t next_value = 0;
  for (int64_t begin = 0; begin < num_rows;) {
    int64_t page_rows = std::min(kPageRows, num_rows - begin);
    if (format.binary()) {
      int64_t bytes = 0;
      int64_t value = next_value;
      for (int64_t row = begin; row < begin + page_rows; ++row) {
        if (valid != nullptr && !arrow::bit_util::GetBit(valid, row)) continue;
        bytes += kPageLengthBytes + static_cast<int64_t>(values.views[value++].size());
        if (bytes >= kPagePlainBytes) page_rows = row + 1 - begin;
      }
    }
    int64_t count = page_rows;
    const uint8_t* page_valid = nullptr;
    if (valid != nullptr) {
      ARROW_RETURN_NOT_OK(page_valid_.Resize(arrow::bit_util::BytesForBits(page_rows)));
      count = arrow::internal::CountSetBits(valid, begin, page_rows);
      if (count < page_rows) {
        arrow::internal::CopyBitmap(valid, begin, page_rows, page_valid_.data(), 0);
        page_valid = page_valid_.data();
      }
    }
    ARROW_RETURN_NOT_OK(BeginBody(format.nullable, page_valid, page_rows));
    ARROW_RETURN_NOT_OK(PutDense(format, values, next_value, count));
    ARROW_RETURN_NOT_OK(EndPage(page_rows, parquet::Encoding::PLAIN));
    next_value += count;
    begin += page_rows;
  }
  return pages_->Finish();
}

arrow::Result<const int32_t*> ChunkPageWriter::LoadIds(const RowIds& rows, int64_t begin,
                                                       int64_t count) {
  const int32_t* slots = rows.slots + begin;
  if (rows.map == nullptr) return slots;
  ARROW_RETURN_NOT_OK(page_ids_.Resize(count));
  ARROW_RETURN_NOT_OK(page_valid_.Resize(arrow::bit_util::BytesForBits(count)));
  Remap(slots, count, rows.map, page_ids_.data());
  return page_ids_.data();
}

arrow::Status ChunkPageWriter::BeginBody(bool nullable, const uint8_t* valid, int64_t num_rows) {
  body_.Clear();
  if (!nullable) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(body_.Resize(kPageLengthBytes + HybridBytesMax(num_rows, 1)));
  uint8_t* levels = body_.data() + kPageLengthBytes;
  const int64_t size = valid == nullptr ? EncodeRun(num_rows, 1, 1, levels)
                                        : EncodeHybridBits(valid, num_rows, levels);
  PutLength(body_.data(), size);
  return body_.Resize(kPageLengthBytes + size);
}

arrow::Status ChunkPageWriter::PutIndices(const int32_t* ids, int64_t count, int bit_width) {
  const int64_t begin = body_.size();
  ARROW_RETURN_NOT_OK(body_.Resize(begin + 1 + HybridBytesMax(count, bit_width)));
  body_[begin] = static_cast<uint8_t>(bit_width);
  const int64_t size = EncodeHybrid(ids, count, bit_width, body_.data() + begin + 1);
  return body_.Resize(begin + 1 + size);
}

arrow::Status ChunkPageWriter::PutValues(const ColumnFormat& format, const EntryValues& entries,
                                         const int32_t* ids, int64_t count) {
  if (format.binary()) {
    for (int64_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(PutBinary(entries.views[ids[i]]));
    return arrow::Status::OK();
  }
  if (format.boolean()) {
    ARROW_RETURN_NOT_OK(page_bytes_.Resize(count));
    GatherEntries(entries, ids, count, page_bytes_.data());
    return PutDense(format, {.fixed = page_bytes_.data(), .width = 1}, 0, count);
  }
  const int64_t begin = body_.size();
  ARROW_RETURN_NOT_OK(body_.Resize(begin + count * entries.width));
  GatherEntries(entries, ids, count, body_.data() + begin);
  return arrow::Status::OK();
}

arrow::Status ChunkPageWriter::PutDense(const ColumnFormat& format, const EntryValues& values,
                                        int64_t begin, int64_t count) {
  if (format.binary()) {
    for (int64_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(PutBinary(values.views[begin + i]));
    return arrow::Status::OK();
  }
  if (!format.boolean()) {
    return body_.Append(values.fixed + begin * values.width, count * values.width);
  }
  const int64_t body_size = body_.size();
  ARROW_RETURN_NOT_OK(body_.Resize(body_size + arrow::bit_util::BytesForBits(count)));
  PackBytesToBits(values.fixed + begin, count, body_.data() + body_size);
  return arrow::Status::OK();
}

arrow::Status ChunkPageWriter::PutBinary(std::string_view value) {
  const int64_t begin = body_.size();
  ARROW_RETURN_NOT_OK(body_.Resize(begin + kPageLengthBytes + static_cast<int64_t>(value.size())));
  PutLength(body_.data() + begin, static_cast<int64_t>(value.size()));
  if (!value.empty())
    std::memcpy(body_.data() + begin + kPageLengthBytes, value.data(), value.size());
  return arrow::Status::OK();
}

arrow::Status ChunkPageWriter::EndPage(int64_t num_rows, parquet::Encoding::type encoding) {
  return pages_->AddDataPage(body_.data(), body_.size(), num_rows, encoding);
}

}  // namespace emberharmony::io
