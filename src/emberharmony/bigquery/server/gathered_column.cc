#include "emberharmony/bigquery/server/gathered_column.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <limits>

namespace emberharmony::bigquery::server {
namespace {

using arrow::Array;
using arrow::Buffer;
using arrow::Result;
using arrow::Status;
using BufferPtr = std::shared_ptr<Buffer>;

bool MayHaveNulls(const GatheredPiece& piece) {
  return piece.indices != nullptr || piece.values->null_count() > 0;
}

/// Writes the piece's bits of validity from `row` on and returns how many are null.
int64_t GatherValidity(const GatheredPiece& piece, int64_t row, uint8_t* bits) {
  if (piece.indices == nullptr) {
    if (piece.values->null_count() == 0) {
      arrow::bit_util::SetBitsTo(bits, row, piece.num_rows, true);
    } else {
      arrow::internal::CopyBitmap(piece.values->null_bitmap_data(), piece.values->offset(),
                                  piece.num_rows, bits, row);
    }
    return piece.values->null_count();
  }
  const auto null_index = static_cast<int32_t>(piece.values->length());
  int64_t nulls = 0;
  for (int64_t i = 0; i < piece.num_rows; ++i) {
    const bool valid = piece.indices[i] != null_index;
    nulls += valid ? 0 : 1;
    arrow::bit_util::SetBitTo(bits, row + i, valid);
  }
  return nulls;
}

struct Validity {
  BufferPtr bits;  ///< null where nothing is
  int64_t nulls = 0;
};

Result<Validity> GatherValidities(const std::vector<GatheredPiece>& pieces, int64_t num_rows,
                                  arrow::MemoryPool* pool) {
  bool any = false;
  for (const GatheredPiece& piece : pieces) any = any || MayHaveNulls(piece);
  if (!any) return Validity{};
  // An encoded piece tells of its nulls only in its indices; most have none.
  bool found = false;
  for (const GatheredPiece& piece : pieces) {
    if (piece.indices == nullptr) {
      found = found || piece.values->null_count() > 0;
      continue;
    }
    const auto null_index = static_cast<int32_t>(piece.values->length());
    int32_t equal = 0;
    for (int64_t i = 0; i < piece.num_rows; ++i) equal |= piece.indices[i] == null_index ? 1 : 0;
    found = found || equal != 0;
  }
  if (!found) return Validity{};
  Validity validity;
  ARROW_ASSIGN_OR_RAISE(validity.bits, arrow::AllocateEmptyBitmap(num_rows, pool));
  int64_t row = 0;
  for (const GatheredPiece& piece : pieces) {
    validity.nulls += GatherValidity(piece, row, validity.bits->mutable_data());
    row += piece.num_rows;
  }
  return validity;
}

template <typename T>
void GatherFixed(const GatheredPiece& piece, const uint8_t* values, uint8_t* out) {
  const auto null_index = static_cast<int32_t>(piece.values->length());
  for (int64_t i = 0; i < piece.num_rows; ++i) {
    T value{};
    const int32_t index = piece.indices[i];
    if (index != null_index) std::memcpy(&value, values + index * sizeof(T), sizeof(T));
    std::memcpy(out + i * sizeof(T), &value, sizeof(T));
  }
}

Result<BufferPtr> GatherFixedWidth(const std::vector<GatheredPiece>& pieces, int64_t width,
                                   int64_t num_rows, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr data, arrow::AllocateBuffer(num_rows * width, pool));
  uint8_t* out = data->mutable_data();
  for (const GatheredPiece& piece : pieces) {
    const arrow::ArrayData& source = *piece.values->data();
    // A dictionary without entries may have no buffer, and then none is read.
    const uint8_t* values =
        source.buffers[1] == nullptr ? nullptr : source.buffers[1]->data() + source.offset * width;
    if (piece.indices == nullptr) {
      std::memcpy(out, values, static_cast<size_t>(piece.num_rows * width));
    } else if (width == 4) {
      GatherFixed<uint32_t>(piece, values, out);
    } else if (width == 8) {
      GatherFixed<uint64_t>(piece, values, out);
    } else if (width == 16) {
      GatherFixed<std::array<uint64_t, 2>>(piece, values, out);
    } else {
      GatherFixed<std::array<uint64_t, 4>>(piece, values, out);
    }
    out += piece.num_rows * width;
  }
  return data;
}

Result<BufferPtr> GatherBits(const std::vector<GatheredPiece>& pieces, int64_t num_rows,
                             arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr data, arrow::AllocateEmptyBitmap(num_rows, pool));
  int64_t row = 0;
  for (const GatheredPiece& piece : pieces) {
    const arrow::ArrayData& source = *piece.values->data();
    if (piece.indices == nullptr) {
      arrow::internal::CopyBitmap(source.buffers[1]->data(), source.offset, piece.num_rows,
                                  data->mutable_data(), row);
    } else {
      for (int64_t i = 0; i < piece.num_rows; ++i) {
        const bool is_set =
            piece.indices[i] < source.length &&
            arrow::bit_util::GetBit(source.buffers[1]->data(), source.offset + piece.indices[i]);
        arrow::bit_util::SetBitTo(data->mutable_data(), row + i, is_set);
      }
    }
    row += piece.num_rows;
  }
  return data;
}

int64_t TextBytes(const GatheredPiece& piece) {
  const auto& texts = static_cast<const arrow::BinaryArray&>(*piece.values);
  if (piece.indices == nullptr) return texts.total_values_length();
  const int32_t* offsets = texts.raw_value_offsets();
  int64_t bytes = 0;
  for (int64_t i = 0; i < piece.num_rows; ++i) {
    const int32_t index = piece.indices[i];
    if (index < texts.length()) bytes += offsets[index + 1] - offsets[index];
  }
  return bytes;
}

/// Appends the piece's texts at *end and their ends to offsets.
void GatherTexts(const GatheredPiece& piece, int32_t* offsets, uint8_t* data, int32_t* end) {
  const auto& texts = static_cast<const arrow::BinaryArray&>(*piece.values);
  const int32_t* from = texts.raw_value_offsets();
  if (piece.indices == nullptr) {
    const int64_t bytes = texts.total_values_length();
    if (bytes > 0) std::memcpy(data + *end, texts.raw_data() + from[0], static_cast<size_t>(bytes));
    const int32_t shift = *end - from[0];
    for (int64_t i = 0; i < piece.num_rows; ++i) offsets[i] = from[i + 1] + shift;
    *end += static_cast<int32_t>(bytes);
    return;
  }
  const uint8_t* bytes = texts.raw_data();
  for (int64_t i = 0; i < piece.num_rows; ++i) {
    const int32_t index = piece.indices[i];
    if (index < texts.length()) {
      const int32_t size = from[index + 1] - from[index];
      if (size > 0) std::memcpy(data + *end, bytes + from[index], static_cast<size_t>(size));
      *end += size;
    }
    offsets[i] = *end;
  }
}

}  // namespace

Result<std::shared_ptr<Array>> GatherColumn(const std::vector<GatheredPiece>& pieces,
                                            const std::shared_ptr<arrow::DataType>& type,
                                            int64_t num_rows, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(Validity validity, GatherValidities(pieces, num_rows, pool));
  std::vector<BufferPtr> buffers = {validity.bits};
  if (type->id() == arrow::Type::BOOL) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr bits, GatherBits(pieces, num_rows, pool));
    buffers.push_back(std::move(bits));
  } else if (type->id() == arrow::Type::STRING || type->id() == arrow::Type::BINARY) {
    int64_t bytes = 0;
    for (const GatheredPiece& piece : pieces) bytes += TextBytes(piece);
    if (bytes > std::numeric_limits<int32_t>::max()) {
      return Status::Invalid(fmt::format(
          "expected at most 2 GiB of text in a response, found {} bytes: send fewer rows", bytes));
    }
    ARROW_ASSIGN_OR_RAISE(
        BufferPtr offsets,
        arrow::AllocateBuffer((num_rows + 1) * static_cast<int64_t>(sizeof(int32_t)), pool));
    ARROW_ASSIGN_OR_RAISE(BufferPtr data, arrow::AllocateBuffer(bytes, pool));
    auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
    int32_t end = 0;
    *out++ = 0;
    for (const GatheredPiece& piece : pieces) {
      GatherTexts(piece, out, data->mutable_data(), &end);
      out += piece.num_rows;
    }
    buffers.push_back(std::move(offsets));
    buffers.push_back(std::move(data));
  } else {
    ARROW_ASSIGN_OR_RAISE(BufferPtr data,
                          GatherFixedWidth(pieces, type->byte_width(), num_rows, pool));
    buffers.push_back(std::move(data));
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, num_rows, std::move(buffers), validity.nulls));
}

}  // namespace emberharmony::bigquery::server
