#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "emberharmony/io/arrow_array_reader_internal.h"
#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

constexpr int64_t kBytesMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kViewBytes = 16;

bool IsViewType(const arrow::DataType& type) {
  return type.id() == Type::STRING_VIEW || type.id() == Type::BINARY_VIEW;
}

bool IsBinary(const arrow::DataType& type) { return arrow::is_base_binary_like(type.id()); }

/// Buffers in memory may begin anywhere in what was read; arrays want values aligned.
Result<std::shared_ptr<arrow::Buffer>> Aligned(std::shared_ptr<arrow::Buffer> buffer, int64_t width,
                                               arrow::MemoryPool* pool) {
  const int64_t alignment = width % 8 == 0 ? 8 : width % 4 == 0 ? 4 : width % 2 == 0 ? 2 : 1;
  if (buffer->address() % static_cast<uintptr_t>(alignment) == 0) return buffer;
  return buffer->CopySlice(0, buffer->size(), pool);
}

template <typename T>
T LoadScalar(const uint8_t* data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

}  // namespace

bool IsPlainType(const arrow::DataType& type) {
  return type.id() == Type::NA || IsBinary(type) || IsViewType(type) ||
         (arrow::is_fixed_width(type.id()) && type.id() != Type::DICTIONARY);
}

Result<std::unique_ptr<ArrowArrayReader>> ArrowArrayReader::Make(
    const ArrowBody& body, const std::shared_ptr<arrow::DataType>& type, const ArrayParts& parts,
    arrow::MemoryPool* pool) {
  std::unique_ptr<ArrowArrayReader> reader(new ArrowArrayReader(body, type, pool));
  reader->parts_ = parts;
  reader->normalized_ = NormalizedType(type);
  ARROW_ASSIGN_OR_RAISE(reader->num_rows_, body.NumRows(parts));
  // An array without rows may be without buffers.
  if (type->id() == Type::NA || reader->num_rows_ == 0) return reader;
  ARROW_ASSIGN_OR_RAISE(reader->validity_, ArrowValidity::Open(body, parts, pool));
  ARROW_ASSIGN_OR_RAISE(reader->values_, body.Buffer(parts, 1, pool));
  if (IsBinary(*type)) {
    ARROW_ASSIGN_OR_RAISE(reader->data_, body.Buffer(parts, 2, pool));
  }
  if (IsViewType(*type)) {
    ARROW_ASSIGN_OR_RAISE(reader->num_variadic_, body.CountVariadic(parts));
  }
  return reader;
}

Result<std::shared_ptr<arrow::Buffer>> ArrowArrayReader::Fixed(BodyBuffer* buffer, int64_t width,
                                                               int64_t n) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, buffer->Slice(row_ * width, (row_ + n) * width));
  return Aligned(std::move(bytes), width, pool_);
}

/// Decimals of 4, 8 or 32 bytes as ones of 16, where all values of the precision fit.
Result<std::shared_ptr<arrow::Buffer>> ArrowArrayReader::ToDecimal(
    std::shared_ptr<arrow::Buffer> values, int64_t width, int64_t n) {
  const auto wanted = static_cast<const arrow::FixedWidthType&>(*normalized_).bit_width() / 8;
  if (width == wanted) return values;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> result,
                        arrow::AllocateBuffer(n * wanted, pool_));
  for (int64_t i = 0; i < n; ++i) {
    const uint8_t* value = values->data() + i * width;
    uint8_t* out = result->mutable_data() + i * wanted;
    const int64_t copied = std::min<int64_t>(width, wanted);
    std::memcpy(out, value, static_cast<size_t>(copied));
    if (copied < wanted) {
      std::memset(out + copied, (value[copied - 1] & 0x80) != 0 ? 0xFF : 0,
                  static_cast<size_t>(wanted - copied));
    }
  }
  return result;
}

Result<std::shared_ptr<arrow::ArrayData>> ArrowArrayReader::ReadFixed(int64_t n) {
  std::shared_ptr<arrow::Buffer> values;
  if (type_->id() == Type::BOOL) {
    ARROW_ASSIGN_OR_RAISE(values, ReadBits(&values_, row_, n, pool_));
  } else {
    const int64_t width = static_cast<const arrow::FixedWidthType&>(*type_).bit_width() / 8;
    ARROW_ASSIGN_OR_RAISE(values, Fixed(&values_, width, n));
    if (arrow::is_decimal(type_->id())) {
      ARROW_ASSIGN_OR_RAISE(values, ToDecimal(std::move(values), width, n));
    }
  }
  row_ += n;
  return arrow::ArrayData::Make(normalized_, n, {nullptr, std::move(values)}, 0);
}

template <typename Offset>
Result<std::shared_ptr<arrow::ArrayData>> ArrowArrayReader::ReadBinary(int64_t n) {
  constexpr int64_t kWidth = sizeof(Offset);
  ARROW_ASSIGN_OR_RAISE(auto offsets, values_.Slice(row_ * kWidth, (row_ + n + 1) * kWidth));
  const uint8_t* stored = offsets->data();
  const int64_t first = LoadScalar<Offset>(stored, 0);
  int64_t last = first;
  if (first < 0) return Status::Invalid("an offset is negative");
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> relative,
                        arrow::AllocateBuffer((n + 1) * 4, pool_));
  auto* out = reinterpret_cast<int32_t*>(relative->mutable_data());
  out[0] = 0;
  int64_t count = 0;
  for (; count < n; ++count) {
    const int64_t offset = LoadScalar<Offset>(stored, count + 1);
    if (offset < last || offset > data_.size()) {
      return Status::Invalid("the offsets ", last, " and ", offset, " of row ", row_ + count,
                             " do not lie in its ", data_.size(), " bytes of text in order");
    }
    if (offset - first > kBytesMax) break;
    last = offset;
    out[count + 1] = static_cast<int32_t>(offset - first);
  }
  if (count == 0) return Status::Invalid("row ", row_, " has more than 2^31 bytes");
  ARROW_ASSIGN_OR_RAISE(auto data, data_.Slice(first, last));
  row_ += count;
  return arrow::ArrayData::Make(normalized_, count, {nullptr, std::move(relative), std::move(data)},
                                0);
}

Result<std::shared_ptr<arrow::ArrayData>> ArrowArrayReader::ReadViews(int64_t n) {
  constexpr int32_t kInlineBytes = 12;
  ARROW_ASSIGN_OR_RAISE(auto views, Fixed(&values_, kViewBytes, n));
  int64_t num_nulls = 0;
  ARROW_ASSIGN_OR_RAISE(const auto valid, validity_.Read(row_, n, &num_nulls));
  const auto is_null = [&](int64_t i) {
    return valid != nullptr && !arrow::bit_util::GetBit(valid->data(), i);
  };
  // First the lengths and which buffers are needed, then the bytes. What a null's view says is not
  // looked at.
  std::map<int32_t, std::shared_ptr<arrow::Buffer>> needed;
  int64_t bytes = 0;
  int64_t count = 0;
  for (; count < n; ++count) {
    if (is_null(count)) continue;
    const uint8_t* view = views->data() + count * kViewBytes;
    const auto length = LoadScalar<int32_t>(view, 0);
    if (length < 0) return Status::Invalid("row ", row_ + count, " has a negative length");
    if (bytes + length > kBytesMax) break;
    bytes += length;
    if (length <= kInlineBytes) continue;
    const auto buffer = LoadScalar<int32_t>(view, 2);
    if (buffer < 0 || buffer >= num_variadic_) {
      return Status::Invalid("row ", row_ + count, " refers to buffer ", buffer, " of ",
                             num_variadic_);
    }
    needed.emplace(buffer, nullptr);
  }
  for (auto& [number, buffer] : needed) {
    if (const auto found = variadic_.find(number); found != variadic_.end()) {
      buffer = found->second;
    } else {
      ARROW_ASSIGN_OR_RAISE(auto body, body_.Buffer(parts_, 2 + number, pool_));
      ARROW_ASSIGN_OR_RAISE(buffer, body.Slice(0, body.size()));
    }
  }
  variadic_ = std::move(needed);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((count + 1) * 4, pool_));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, arrow::AllocateBuffer(bytes, pool_));
  auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  int32_t end = 0;
  for (int64_t i = 0; i < count; ++i) {
    out[i] = end;
    if (is_null(i)) continue;
    const uint8_t* view = views->data() + i * kViewBytes;
    const auto length = LoadScalar<int32_t>(view, 0);
    const uint8_t* text = view + 4;
    if (length > kInlineBytes) {
      const arrow::Buffer& buffer = *variadic_.at(LoadScalar<int32_t>(view, 2));
      const auto offset = LoadScalar<int32_t>(view, 3);
      if (offset < 0 || offset > buffer.size() - length) {
        return Status::Invalid("row ", row_ + i, " refers to bytes beyond its buffer");
      }
      text = buffer.data() + offset;
    }
    if (length > 0) std::memcpy(data->mutable_data() + end, text, static_cast<size_t>(length));
    end += length;
  }
  out[count] = end;
  row_ += count;
  return arrow::ArrayData::Make(normalized_, count, {nullptr, std::move(offsets), std::move(data)},
                                0);
}

template <typename Offset>
Result<int64_t> ArrowArrayReader::MeasureBinary(int64_t n) {
  constexpr int64_t kWidth = sizeof(Offset);
  ARROW_ASSIGN_OR_RAISE(const auto offsets, values_.Slice(row_ * kWidth, (row_ + n + 1) * kWidth));
  const int64_t first = LoadScalar<Offset>(offsets->data(), 0);
  const int64_t last = LoadScalar<Offset>(offsets->data(), n);
  if (first < 0 || last < first || last > data_.size()) {
    return Status::Invalid("the offsets ", first, " and ", last, " of rows ", row_, " and ",
                           row_ + n, " do not lie in its ", data_.size(),
                           " bytes of text in order");
  }
  return last - first + 4 * n;
}

Result<int64_t> ArrowArrayReader::MeasureViews(int64_t n) {
  ARROW_ASSIGN_OR_RAISE(const auto views,
                        values_.Slice(row_ * kViewBytes, (row_ + n) * kViewBytes));
  int64_t num_nulls = 0;
  ARROW_ASSIGN_OR_RAISE(const auto valid, validity_.Read(row_, n, &num_nulls));
  int64_t bytes = 4 * n;
  for (int64_t i = 0; i < n; ++i) {
    if (valid != nullptr && !arrow::bit_util::GetBit(valid->data(), i)) continue;
    bytes += std::max(LoadScalar<int32_t>(views->data() + i * kViewBytes, 0), 0);
  }
  return bytes;
}

Result<int64_t> ArrowArrayReader::Measure(int64_t n) {
  ARROW_RETURN_NOT_OK(CheckRows(n));
  if (n == 0 || type_->id() == Type::NA || type_->id() == Type::BOOL) return n;
  switch (type_->id()) {
    case Type::STRING:
    case Type::BINARY:
      return MeasureBinary<int32_t>(n);
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY:
      return MeasureBinary<int64_t>(n);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return MeasureViews(n);
    default: {
      const auto bits = static_cast<const arrow::FixedWidthType&>(*normalized_).bit_width();
      return n * std::max(bits / 8, 1);
    }
  }
}

Status ArrowArrayReader::CheckRows(int64_t n) const {
  if (n >= 0 && n <= num_rows_ - row_) return Status::OK();
  return Status::Invalid("an array has ", num_rows_, " rows, but ", row_ + n, " are needed");
}

Result<std::shared_ptr<arrow::Array>> ArrowArrayReader::Read(int64_t n) {
  ARROW_RETURN_NOT_OK(CheckRows(n));
  if (type_->id() == Type::NA) {
    row_ += n;
    return std::make_shared<arrow::NullArray>(n);
  }
  if (n == 0) return arrow::MakeEmptyArray(normalized_, pool_);
  const int64_t row = row_;
  std::shared_ptr<arrow::ArrayData> data;
  switch (type_->id()) {
    case Type::STRING:
    case Type::BINARY: {
      ARROW_ASSIGN_OR_RAISE(data, ReadBinary<int32_t>(n));
      break;
    }
    case Type::LARGE_STRING:
    case Type::LARGE_BINARY: {
      ARROW_ASSIGN_OR_RAISE(data, ReadBinary<int64_t>(n));
      break;
    }
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW: {
      ARROW_ASSIGN_OR_RAISE(data, ReadViews(n));
      break;
    }
    default: {
      ARROW_ASSIGN_OR_RAISE(data, ReadFixed(n));
    }
  }
  int64_t num_nulls = 0;
  ARROW_ASSIGN_OR_RAISE(data->buffers[0], validity_.Read(row, data->length, &num_nulls));
  data->null_count = num_nulls;
  return arrow::MakeArray(std::move(data));
}

Result<std::shared_ptr<arrow::Array>> ArrowArrayReader::ReadAll() {
  const int64_t n = num_rows_ - row_;
  ARROW_ASSIGN_OR_RAISE(auto array, Read(n));
  if (array->length() != n) {
    return Status::Invalid("a dictionary has more than 2^31 bytes");
  }
  return array;
}

}  // namespace emberharmony::io::internal
