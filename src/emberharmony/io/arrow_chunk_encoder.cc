#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <cstring>
#include <limits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_chunk_encoder_internal.h"
#include "emberharmony/io/column_format_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Status;
using arrow::Type;

int64_t WidthOf(const arrow::DataType& type) {
  return static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8;
}

template <typename T>
void GatherAs(const uint8_t* table, const int32_t* slots, int64_t n, uint8_t* out) {
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(out + i * static_cast<int64_t>(sizeof(T)),
                table + slots[i] * static_cast<int64_t>(sizeof(T)), sizeof(T));
  }
}

void Gather(const uint8_t* table, const int32_t* slots, int64_t n, int64_t width, uint8_t* out) {
  switch (width) {
    case 1:
      return GatherAs<uint8_t>(table, slots, n, out);
    case 2:
      return GatherAs<uint16_t>(table, slots, n, out);
    case 4:
      return GatherAs<uint32_t>(table, slots, n, out);
    case 8:
      return GatherAs<uint64_t>(table, slots, n, out);
    default:
      for (int64_t i = 0; i < n; ++i) {
        std::memcpy(out + i * width, table + slots[i] * width, static_cast<size_t>(width));
      }
  }
}

}  // namespace

Status ArrowChunkEncoder::CheckWritable(const arrow::Field& field) {
  const arrow::DataType& type = *field.type();
  const bool writable = type.id() == Type::NA || arrow::is_base_binary_like(type.id()) ||
                        (arrow::is_fixed_width(type.id()) && type.id() != Type::DICTIONARY);
  if (writable) return Status::OK();
  return base::UsageError("column '" + field.name() + "' has the type " + type.ToString() +
                          ", which can't be written to Arrow files; leave it out of the plan");
}

arrow::Result<std::unique_ptr<RowGroupEncoder>> ArrowChunkEncoder::Make(arrow::FieldVector columns,
                                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME));
  return std::unique_ptr<RowGroupEncoder>(
      new ArrowChunkEncoder(std::move(columns), std::move(codec), pool));
}

arrow::Result<std::vector<EncodedChunk>> ArrowChunkEncoder::Encode(SlotRows* rows) {
  ARROW_RETURN_NOT_OK(rows->GivePlainRowsSlots());
  std::vector<EncodedChunk> chunks;
  for (size_t k = 0; k < columns_.size(); ++k) {
    const auto column = static_cast<int>(k);
    const arrow::DataType& type = *columns_[k]->type();
    PageBytes pages;
    int64_t num_nulls = rows->num_rows();
    if (type.id() != Type::NA) {
      ARROW_RETURN_NOT_OK(FindValid(*rows, column));
      ARROW_RETURN_NOT_OK(AddValidity(*rows, &pages, &num_nulls));
    }
    switch (type.id()) {
      case Type::NA:
        break;
      case Type::BOOL:
        ARROW_RETURN_NOT_OK(AddBits(*rows, column, &pages));
        break;
      case Type::STRING:
      case Type::BINARY:
        ARROW_RETURN_NOT_OK(AddBinary<int32_t>(*rows, column, &pages));
        break;
      case Type::LARGE_STRING:
      case Type::LARGE_BINARY:
        ARROW_RETURN_NOT_OK(AddBinary<int64_t>(*rows, column, &pages));
        break;
      default:
        ARROW_RETURN_NOT_OK(AddFixed(*rows, column, WidthOf(type), &pages));
    }
    EncodedChunk chunk;
    chunk.data = std::make_shared<const PageBytes>(std::move(pages));
    chunk.num_rows = rows->num_rows();
    chunk.statistics.set_null_count(num_nulls);
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

Status ArrowChunkEncoder::FindValid(const SlotRows& rows, int column) {
  ARROW_RETURN_NOT_OK(valid_.Resize(rows.num_slots()));
  for (const SlotRows::Block& block : rows.blocks()) {
    const arrow::Array& values = *block.values[static_cast<size_t>(column)];
    uint8_t* valid = valid_.data() + block.base;
    if (values.null_count() == 0) {
      std::memset(valid, 1, static_cast<size_t>(block.length));
    } else {
      for (int64_t i = 0; i < block.length; ++i) valid[i] = values.IsValid(i) ? 1 : 0;
    }
    valid[block.length] = 0;
  }
  return Status::OK();
}

Status ArrowChunkEncoder::AddValidity(const SlotRows& rows, PageBytes* pages, int64_t* num_nulls) {
  const int64_t n = rows.num_rows();
  ARROW_RETURN_NOT_OK(plain_.Resize(arrow::bit_util::BytesForBits(n)));
  std::memset(plain_.data(), 0, static_cast<size_t>(plain_.size()));
  const uint8_t* valid = valid_.data();
  const int32_t* slots = rows.slots();
  int64_t num_valid = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint8_t bit = valid[slots[i]];
    plain_[i / 8] = static_cast<uint8_t>(plain_[i / 8] | bit << (i % 8));
    num_valid += bit;
  }
  *num_nulls = n - num_valid;
  return AddBuffer(plain_.data(), *num_nulls == 0 ? 0 : plain_.size(), pages);
}

Status ArrowChunkEncoder::AddBits(const SlotRows& rows, int column, PageBytes* pages) {
  ARROW_RETURN_NOT_OK(table_.Resize(rows.num_slots()));
  for (const SlotRows::Block& block : rows.blocks()) {
    const auto& values =
        static_cast<const arrow::BooleanArray&>(*block.values[static_cast<size_t>(column)]);
    uint8_t* table = table_.data() + block.base;
    for (int64_t i = 0; i < block.length; ++i) {
      table[i] = values.IsValid(i) && values.Value(i) ? 1 : 0;
    }
    table[block.length] = 0;
  }
  const int64_t n = rows.num_rows();
  ARROW_RETURN_NOT_OK(plain_.Resize(arrow::bit_util::BytesForBits(n)));
  std::memset(plain_.data(), 0, static_cast<size_t>(plain_.size()));
  const uint8_t* table = table_.data();
  const int32_t* slots = rows.slots();
  for (int64_t i = 0; i < n; ++i) {
    plain_[i / 8] = static_cast<uint8_t>(plain_[i / 8] | table[slots[i]] << (i % 8));
  }
  return AddBuffer(plain_.data(), plain_.size(), pages);
}

Status ArrowChunkEncoder::AddFixed(const SlotRows& rows, int column, int64_t width,
                                   PageBytes* pages) {
  ARROW_RETURN_NOT_OK(table_.Resize(rows.num_slots() * width));
  for (const SlotRows::Block& block : rows.blocks()) {
    const arrow::ArrayData& values = *block.values[static_cast<size_t>(column)]->data();
    uint8_t* table = table_.data() + block.base * width;
    if (block.length > 0 && width > 0) {
      std::memcpy(table, values.buffers[1]->data() + values.offset * width,
                  static_cast<size_t>(block.length * width));
    }
    const uint8_t* valid = valid_.data() + block.base;
    for (int64_t i = 0; i <= block.length; ++i) {
      if (valid[i] == 0) std::memset(table + i * width, 0, static_cast<size_t>(width));
    }
  }
  ARROW_RETURN_NOT_OK(plain_.Resize(rows.num_rows() * width));
  Gather(table_.data(), rows.slots(), rows.num_rows(), width, plain_.data());
  return AddBuffer(plain_.data(), plain_.size(), pages);
}

template <typename Offset>
Status ArrowChunkEncoder::AddBinary(const SlotRows& rows, int column, PageBytes* pages) {
  ARROW_RETURN_NOT_OK(views_.Resize(rows.num_slots()));
  for (const SlotRows::Block& block : rows.blocks()) {
    const arrow::Array& values = *block.values[static_cast<size_t>(column)];
    const uint8_t* valid = valid_.data() + block.base;
    std::string_view* views = views_.data() + block.base;
    for (int64_t i = 0; i < block.length; ++i) {
      views[i] = valid[i] != 0 ? BinaryValue(values, i) : std::string_view();
    }
    views[block.length] = std::string_view();
  }
  const int64_t n = rows.num_rows();
  const int32_t* slots = rows.slots();
  const std::string_view* views = views_.data();
  constexpr int64_t kWidth = sizeof(Offset);
  ARROW_RETURN_NOT_OK(plain_.Resize((n + 1) * kWidth));
  int64_t end = 0;
  for (int64_t i = 0; i <= n; ++i) {
    const auto offset = static_cast<Offset>(end);
    std::memcpy(plain_.data() + i * kWidth, &offset, sizeof(offset));
    if (i < n) end += static_cast<int64_t>(views[slots[i]].size());
  }
  if (end > std::numeric_limits<Offset>::max()) {
    return Status::CapacityError("column '", columns_[static_cast<size_t>(column)]->name(),
                                 "' has more than 2^31 bytes of text in one row group");
  }
  ARROW_RETURN_NOT_OK(AddBuffer(plain_.data(), plain_.size(), pages));
  ARROW_RETURN_NOT_OK(plain_.Resize(end));
  uint8_t* out = plain_.data();
  for (int64_t i = 0; i < n; ++i) {
    const std::string_view text = views[slots[i]];
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    out += text.size();
  }
  return AddBuffer(plain_.data(), plain_.size(), pages);
}

Status ArrowChunkEncoder::AddBuffer(const uint8_t* data, int64_t size, PageBytes* pages) {
  constexpr int64_t kPrefix = 8;
  const auto padded = [](int64_t bytes) { return arrow::bit_util::RoundUp(bytes, kAlignment); };
  std::shared_ptr<arrow::Buffer> page;
  int64_t page_size = 0;
  if (size > 0) {
    // A frame that is not smaller is left out; its place is known to be large enough all the same.
    const int64_t capacity = std::max(codec_->MaxCompressedLen(size, data), size);
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer,
                          arrow::AllocateResizableBuffer(padded(kPrefix + capacity), pool_));
    uint8_t* out = buffer->mutable_data();
    ARROW_ASSIGN_OR_RAISE(int64_t written, codec_->Compress(size, data, capacity, out + kPrefix));
    int64_t prefix = size;
    if (written >= size) {
      prefix = -1;
      written = size;
      std::memcpy(out + kPrefix, data, static_cast<size_t>(size));
    }
    std::memcpy(out, &prefix, kPrefix);
    page_size = kPrefix + written;
    std::memset(out + page_size, 0, static_cast<size_t>(padded(page_size) - page_size));
    ARROW_RETURN_NOT_OK(buffer->Resize(padded(page_size), /*shrink_to_fit=*/true));
    page = std::move(buffer);
  } else {
    ARROW_ASSIGN_OR_RAISE(page, arrow::AllocateBuffer(0, pool_));
  }
  pages->size += page->size();
  pages->uncompressed_bytes += size;
  pages->unpadded_sizes.push_back(page_size);
  pages->pages.push_back(std::move(page));
  return Status::OK();
}

}  // namespace emberharmony::io
