#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>
#include <parquet/encoding.h>

#include <cstring>
#include <limits>

#include "emberharmony/io/page_value_decoder_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Array;
using arrow::ArrayData;
using arrow::Buffer;
using arrow::MemoryPool;
using arrow::Result;
using arrow::Status;
using arrow::Type;

using Arrays = std::vector<std::shared_ptr<Array>>;

Status TooShort() { return Status::Invalid("the page ends before its last value"); }

int64_t NullCount(const PageRows& rows) { return rows.num_rows - rows.num_valid; }

const uint8_t* ValidBits(const PageRows& rows) {
  return rows.valid_bits == nullptr ? nullptr : rows.valid_bits->data();
}

/// valid_bits as ValidBits gives it.
bool HasValue(const uint8_t* valid_bits, int64_t row) {
  return valid_bits == nullptr || arrow::bit_util::GetBit(valid_bits, row);
}

std::shared_ptr<Array> MakeArray(const std::shared_ptr<arrow::DataType>& type, const PageRows& rows,
                                 std::vector<std::shared_ptr<Buffer>> value_buffers) {
  std::vector<std::shared_ptr<Buffer>> buffers = {rows.valid_bits};
  for (auto& buffer : value_buffers) buffers.push_back(std::move(buffer));
  return arrow::MakeArray(
      ArrayData::Make(type, rows.num_rows, std::move(buffers), NullCount(rows)));
}

/// The decoder that Arrow has for an encoding of a physical type, kept from page to page.
template <typename DType>
class ArrowPageDecoder {
 public:
  using Decoder = typename parquet::EncodingTraits<DType>::Decoder;

  ArrowPageDecoder(const parquet::ColumnDescriptor* descriptor, MemoryPool* pool)
      : descriptor_(descriptor), pool_(pool) {}

  Status SetPage(parquet::Encoding::type encoding, int64_t num_values, const uint8_t* data,
                 int64_t size) {
    if (num_values > std::numeric_limits<int>::max() || size > std::numeric_limits<int>::max()) {
      return Status::Invalid("a page holds more than 2^31 - 1 values or bytes");
    }
    if (decoder_ == nullptr || encoding != encoding_) {
      decoder_ = parquet::MakeTypedDecoder<DType>(encoding, descriptor_, pool_);
      encoding_ = encoding;
      if (decoder_ == nullptr) {
        return Status::Invalid("the encoding ", parquet::EncodingToString(encoding),
                               " is not one for its type");
      }
    }
    decoder_->SetData(static_cast<int>(num_values), data, static_cast<int>(size));
    return Status::OK();
  }

  Decoder* operator->() { return decoder_.get(); }

  /// Decodes into one slot a row; slots of nulls hold anything.
  template <typename T>
  Status DecodeSpaced(const PageRows& rows, T* out) {
    if (rows.num_rows == 0) return Status::OK();
    if (rows.num_valid == 0) {
      std::memset(static_cast<void*>(out), 0, static_cast<size_t>(rows.num_rows) * sizeof(T));
      return Status::OK();
    }
    const auto n = static_cast<int>(rows.num_rows);
    const int decoded = rows.valid_bits == nullptr
                            ? decoder_->Decode(out, n)
                            : decoder_->DecodeSpaced(out, n, static_cast<int>(NullCount(rows)),
                                                     rows.valid_bits->data(), 0);
    return decoded == n ? Status::OK() : TooShort();
  }

 private:
  const parquet::ColumnDescriptor* descriptor_;
  MemoryPool* pool_;
  parquet::Encoding::type encoding_ = parquet::Encoding::UNKNOWN;
  std::unique_ptr<Decoder> decoder_;
};

/// Writes decimals of 16 or 32 bytes, little-endian.
class DecimalWriter {
 public:
  explicit DecimalWriter(const arrow::DataType& type)
      : width_(type.id() == Type::DECIMAL256 ? 32 : 16) {}

  int width() const { return width_; }

  void WriteInteger(int64_t value, uint8_t* out) const {
    std::memset(out, value < 0 ? 0xFF : 0, static_cast<size_t>(width_));
    const arrow::Decimal128 decimal(value);
    decimal.ToBytes(out);
  }

  Status WriteBigEndian(const uint8_t* bytes, int64_t size, uint8_t* out) const {
    if (size > 32) return Status::Invalid("a decimal has ", size, " bytes, 32 are the most");
    if (size == 0) return Status::Invalid("a decimal has no bytes");
    if (width_ == 16) {
      // Longer than 16 bytes is fine as long as the rest only repeats the sign.
      for (; size > 16; --size, ++bytes) {
        if (bytes[0] != ((bytes[1] & 0x80) != 0 ? 0xFF : 0)) {
          return Status::Invalid("a decimal does not fit the 16 bytes that its precision allows");
        }
      }
      ARROW_ASSIGN_OR_RAISE(auto decimal,
                            arrow::Decimal128::FromBigEndian(bytes, static_cast<int32_t>(size)));
      decimal.ToBytes(out);
    } else {
      ARROW_ASSIGN_OR_RAISE(auto decimal,
                            arrow::Decimal256::FromBigEndian(bytes, static_cast<int32_t>(size)));
      decimal.ToBytes(out);
    }
    return Status::OK();
  }

 private:
  int width_;
};

template <typename To, typename From>
void NarrowValues(const From* from, int64_t n, uint8_t* out) {
  auto* to = reinterpret_cast<To*>(out);
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i]);
}

/// INT32, INT64, FLOAT and DOUBLE: values of one width, copied as they are, narrowed, or widened to
/// decimals.
template <typename DType>
class NumberDecoder : public PageValueDecoder {
 public:
  using T = typename DType::c_type;

  NumberDecoder(const parquet::ColumnDescriptor* descriptor, std::shared_ptr<arrow::DataType> type,
                MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), decoder_(descriptor, pool) {}

  Status SetPage(parquet::Encoding::type encoding, int64_t num_values, const uint8_t* data,
                 int64_t size) override {
    plain_ = encoding == parquet::Encoding::PLAIN;
    next_ = data;
    end_ = data + size;
    return plain_ ? Status::OK() : decoder_.SetPage(encoding, num_values, data, size);
  }

  Status Decode(const PageRows& rows, Arrays* out) override {
    ARROW_ASSIGN_OR_RAISE(
        auto values, arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(T)), pool_));
    if (plain_) {
      ARROW_RETURN_NOT_OK(DecodePlain(rows, reinterpret_cast<T*>(values->mutable_data())));
    } else {
      ARROW_RETURN_NOT_OK(
          decoder_.DecodeSpaced(rows, reinterpret_cast<T*>(values->mutable_data())));
    }
    ARROW_ASSIGN_OR_RAISE(auto converted, Convert(rows, std::move(values)));
    out->push_back(MakeArray(type_, rows, {std::move(converted)}));
    return Status::OK();
  }

 private:
  Status DecodePlain(const PageRows& rows, T* out) {
    const int64_t bytes = rows.num_valid * static_cast<int64_t>(sizeof(T));
    if (end_ - next_ < bytes) return TooShort();
    if (rows.valid_bits == nullptr) {
      if (bytes > 0) std::memcpy(out, next_, static_cast<size_t>(bytes));
    } else {
      const uint8_t* next = next_;
      const uint8_t* valid_bits = rows.valid_bits->data();
      // Branch-free: every row reads where the next value is, the last value's place once there is
      // none.
      const uint8_t* last = next_ + std::max<int64_t>(bytes - static_cast<int64_t>(sizeof(T)), 0);
      if (bytes == 0) {
        std::memset(out, 0, static_cast<size_t>(rows.num_rows) * sizeof(T));
      } else {
        for (int64_t i = 0; i < rows.num_rows; ++i) {
          std::memcpy(out + i, next < last ? next : last, sizeof(T));
          next += ((valid_bits[i >> 3] >> (i & 7)) & 1) * sizeof(T);
        }
      }
    }
    next_ += bytes;
    return Status::OK();
  }

  Result<std::shared_ptr<Buffer>> Convert(const PageRows& rows, std::shared_ptr<Buffer> values) {
    const auto* from = reinterpret_cast<const T*>(values->data());
    const int64_t n = rows.num_rows;
    if constexpr (std::is_integral_v<T>) {
      const Type::type id = type_->id();
      const auto narrow = [&](int64_t width, auto function) -> Result<std::shared_ptr<Buffer>> {
        ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> to, arrow::AllocateBuffer(n * width, pool_));
        function(from, n, to->mutable_data());
        return to;
      };
      if (id == Type::INT8 || id == Type::UINT8) return narrow(1, NarrowValues<uint8_t, T>);
      if (id == Type::INT16 || id == Type::UINT16) return narrow(2, NarrowValues<uint16_t, T>);
      if (id == Type::DECIMAL128 || id == Type::DECIMAL256) {
        const DecimalWriter writer(*type_);
        return narrow(writer.width(), [&](const T* value, int64_t count, uint8_t* to) {
          for (int64_t i = 0; i < count; ++i)
            writer.WriteInteger(value[i], to + i * writer.width());
        });
      }
    }
    return values;
  }

  std::shared_ptr<arrow::DataType> type_;
  MemoryPool* pool_;
  ArrowPageDecoder<DType> decoder_;
  bool plain_ = true;
  const uint8_t* next_ = nullptr;
  const uint8_t* end_ = nullptr;
};

class BooleanPageDecoder : public PageValueDecoder {
 public:
  BooleanPageDecoder(const parquet::ColumnDescriptor* descriptor, MemoryPool* pool)
      : pool_(pool), decoder_(descriptor, pool) {}

  Status SetPage(parquet::Encoding::type encoding, int64_t num_values, const uint8_t* data,
                 int64_t size) override {
    return decoder_.SetPage(encoding, num_values, data, size);
  }

  Status Decode(const PageRows& rows, Arrays* out) override {
    arrow::BooleanBuilder builder(pool_);
    if (rows.num_valid == 0) {
      ARROW_RETURN_NOT_OK(builder.AppendNulls(rows.num_rows));
    } else if (decoder_->DecodeArrow(static_cast<int>(rows.num_rows),
                                     static_cast<int>(NullCount(rows)), ValidBits(rows), 0,
                                     &builder) != rows.num_valid) {
      return TooShort();
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    out->push_back(std::move(array));
    return Status::OK();
  }

 private:
  MemoryPool* pool_;
  ArrowPageDecoder<parquet::BooleanType> decoder_;
};

/// INT96: nanoseconds of the day and a Julian day; becomes nanoseconds since 1970.
class Int96Decoder : public PageValueDecoder {
 public:
  Int96Decoder(const parquet::ColumnDescriptor* descriptor, std::shared_ptr<arrow::DataType> type,
               MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), decoder_(descriptor, pool) {}

  Status SetPage(parquet::Encoding::type encoding, int64_t num_values, const uint8_t* data,
                 int64_t size) override {
    return decoder_.SetPage(encoding, num_values, data, size);
  }

  Status Decode(const PageRows& rows, Arrays* out) override {
    std::vector<parquet::Int96> raw(static_cast<size_t>(rows.num_rows));
    ARROW_RETURN_NOT_OK(decoder_.DecodeSpaced(rows, raw.data()));
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(rows.num_rows * 8, pool_));
    auto* to = reinterpret_cast<int64_t*>(values->mutable_data());
    const uint8_t* valid_bits = ValidBits(rows);
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      to[i] = 0;
      if (HasValue(valid_bits, i))
        ARROW_RETURN_NOT_OK(ToNanoseconds(raw[static_cast<size_t>(i)], &to[i]));
    }
    out->push_back(MakeArray(type_, rows, {std::move(values)}));
    return Status::OK();
  }

 private:
  static Status ToNanoseconds(const parquet::Int96& raw, int64_t* out) {
    constexpr int64_t kJulianDayOf1970 = 2440588;
    constexpr int64_t kNanosecondsPerDay = 86400000000000;
    int64_t of_day;
    std::memcpy(&of_day, &raw.value[0], sizeof(of_day));
    const int64_t days = static_cast<int64_t>(raw.value[2]) - kJulianDayOf1970;
    int64_t start;
    if (__builtin_mul_overflow(days, kNanosecondsPerDay, &start) ||
        __builtin_add_overflow(start, of_day, out)) {
      return Status::Invalid(
          "an INT96 timestamp (Julian day ", raw.value[2],
          ") lies outside of 1677-09-21 to 2262-04-11, which is what nanoseconds "
          "in 64 bits can hold; write the column as INT64 microseconds");
    }
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  MemoryPool* pool_;
  ArrowPageDecoder<parquet::Int96Type> decoder_;
};

/// FIXED_LEN_BYTE_ARRAY: bytes, float16, UUIDs, decimals.
class FixedBytesDecoder : public PageValueDecoder {
 public:
  FixedBytesDecoder(const parquet::ColumnDescriptor* descriptor,
                    std::shared_ptr<arrow::DataType> type, MemoryPool* pool)
      : type_(std::move(type)),
        width_(descriptor->type_length()),
        pool_(pool),
        decoder_(descriptor, pool) {}

  Status SetPage(parquet::Encoding::type encoding, int64_t num_values, const uint8_t* data,
                 int64_t size) override {
    return decoder_.SetPage(encoding, num_values, data, size);
  }

  Status Decode(const PageRows& rows, Arrays* out) override {
    std::vector<parquet::FixedLenByteArray> raw(static_cast<size_t>(rows.num_rows));
    ARROW_RETURN_NOT_OK(decoder_.DecodeSpaced(rows, raw.data()));
    const bool decimal = type_->id() == Type::DECIMAL128 || type_->id() == Type::DECIMAL256;
    const DecimalWriter writer(*type_);
    const int64_t width = decimal ? writer.width() : width_;
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(rows.num_rows * width, pool_));
    std::memset(values->mutable_data(), 0, static_cast<size_t>(values->size()));
    const uint8_t* valid_bits = ValidBits(rows);
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      if (!HasValue(valid_bits, i)) continue;
      const uint8_t* from = raw[static_cast<size_t>(i)].ptr;
      uint8_t* to = values->mutable_data() + i * width;
      if (decimal) {
        ARROW_RETURN_NOT_OK(writer.WriteBigEndian(from, width_, to));
      } else if (width > 0) {
        std::memcpy(to, from, static_cast<size_t>(width));
      }
    }
    out->push_back(MakeArray(type_, rows, {std::move(values)}));
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  int64_t width_;
  MemoryPool* pool_;
  ArrowPageDecoder<parquet::FLBAType> decoder_;
};

/// BYTE_ARRAY: strings, bytes, decimals. PLAIN is decoded here, because it is what dictionaries are
/// made of.
class BytesDecoder : public PageValueDecoder {
 public:
  BytesDecoder(const parquet::ColumnDescriptor* descriptor, std::shared_ptr<arrow::DataType> type,
               MemoryPool* pool)
      : type_(std::move(type)), pool_(pool), decoder_(descriptor, pool) {}

  Status SetPage(parquet::Encoding::type encoding, int64_t num_values, const uint8_t* data,
                 int64_t size) override {
    plain_ = encoding == parquet::Encoding::PLAIN;
    next_ = data;
    end_ = data + size;
    return plain_ ? Status::OK() : decoder_.SetPage(encoding, num_values, data, size);
  }

  Status Decode(const PageRows& rows, Arrays* out) override {
    const bool decimal = type_->id() == Type::DECIMAL128 || type_->id() == Type::DECIMAL256;
    Arrays bytes;
    ARROW_RETURN_NOT_OK(plain_ ? DecodePlain(rows, decimal ? arrow::binary() : type_, &bytes)
                               : DecodeByArrow(rows, decimal ? arrow::binary() : type_, &bytes));
    for (auto& array : bytes) {
      if (decimal) {
        ARROW_ASSIGN_OR_RAISE(array, ToDecimals(static_cast<const arrow::BinaryArray&>(*array)));
      }
      out->push_back(std::move(array));
    }
    return Status::OK();
  }

 private:
  // Where each value lies must be found one after the other, as each length says where the next one
  // is; once the offsets are known the bytes are copied, 16 at a time where a value is short and
  // there is room.
  Status DecodePlain(const PageRows& rows, const std::shared_ptr<arrow::DataType>& type,
                     Arrays* out) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> offset_buffer,
                          arrow::AllocateBuffer((rows.num_rows + 1) * 4, pool_));
    auto* offsets = reinterpret_cast<int32_t*>(offset_buffer->mutable_data());
    const uint8_t* const first = next_;
    const uint8_t* next = next_;
    const uint8_t* const end = end_;
    const uint8_t* valid_bits = ValidBits(rows);
    int64_t total = 0;
    offsets[0] = 0;
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      if (HasValue(valid_bits, i)) {
        if (end - next < 4) return TooShort();
        uint32_t length;
        std::memcpy(&length, next, sizeof(length));
        if (length > static_cast<uint64_t>(end - next - 4)) return TooShort();
        next += 4 + static_cast<int64_t>(length);
        total += length;  // below the page's size, which is below 2^31
      }
      offsets[i + 1] = static_cast<int32_t>(total);
    }
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> data,
                          arrow::AllocateResizableBuffer(total + kCopyBytes, pool_));
    CopyValues(rows, offsets, first, data->mutable_data());
    ARROW_RETURN_NOT_OK(data->Resize(total, /*shrink_to_fit=*/false));
    next_ = next;
    out->push_back(MakeArray(type, rows, {std::move(offset_buffer), std::move(data)}));
    return Status::OK();
  }

  void CopyValues(const PageRows& rows, const int32_t* offsets, const uint8_t* from,
                  uint8_t* to) const {
    const uint8_t* const end = end_;
    const uint8_t* valid_bits = ValidBits(rows);
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      if (!HasValue(valid_bits, i)) continue;
      const int64_t length = offsets[i + 1] - offsets[i];
      from += 4;
      if (length <= kCopyBytes && end - from >= kCopyBytes) {
        std::memcpy(to + offsets[i], from, kCopyBytes);
      } else if (length > 0) {
        std::memcpy(to + offsets[i], from, static_cast<size_t>(length));
      }
      from += length;
    }
  }

  Status DecodeByArrow(const PageRows& rows, const std::shared_ptr<arrow::DataType>& type,
                       Arrays* out) {
    parquet::EncodingTraits<parquet::ByteArrayType>::Accumulator accumulator;
    accumulator.builder = std::make_unique<arrow::BinaryBuilder>(arrow::binary(), pool_);
    if (rows.num_valid == 0) {
      ARROW_RETURN_NOT_OK(accumulator.builder->AppendNulls(rows.num_rows));
    } else if (decoder_->DecodeArrow(static_cast<int>(rows.num_rows),
                                     static_cast<int>(NullCount(rows)), ValidBits(rows), 0,
                                     &accumulator) != rows.num_valid) {
      return TooShort();
    }
    ARROW_ASSIGN_OR_RAISE(auto last, accumulator.builder->Finish());
    accumulator.chunks.push_back(std::move(last));
    for (const auto& chunk : accumulator.chunks) {
      if (chunk->length() == 0) continue;
      auto data = chunk->data()->Copy();
      data->type = type;
      out->push_back(arrow::MakeArray(std::move(data)));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<Array>> ToDecimals(const arrow::BinaryArray& bytes) {
    const DecimalWriter writer(*type_);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> values,
                          arrow::AllocateBuffer(bytes.length() * writer.width(), pool_));
    std::memset(values->mutable_data(), 0, static_cast<size_t>(values->size()));
    for (int64_t i = 0; i < bytes.length(); ++i) {
      if (bytes.IsNull(i)) continue;
      const std::string_view value = bytes.GetView(i);
      ARROW_RETURN_NOT_OK(writer.WriteBigEndian(reinterpret_cast<const uint8_t*>(value.data()),
                                                static_cast<int64_t>(value.size()),
                                                values->mutable_data() + i * writer.width()));
    }
    return arrow::MakeArray(ArrayData::Make(
        type_, bytes.length(), {bytes.null_bitmap(), std::move(values)}, bytes.null_count()));
  }

  static constexpr int64_t kCopyBytes = 16;

  std::shared_ptr<arrow::DataType> type_;
  MemoryPool* pool_;
  ArrowPageDecoder<parquet::ByteArrayType> decoder_;
  bool plain_ = true;
  const uint8_t* next_ = nullptr;
  const uint8_t* end_ = nullptr;
};

/// Columns of Arrow's null type.
class NullDecoder : public PageValueDecoder {
 public:
  Status SetPage(parquet::Encoding::type, int64_t, const uint8_t*, int64_t) override {
    return Status::OK();
  }
  Status Decode(const PageRows& rows, Arrays* out) override {
    out->push_back(std::make_shared<arrow::NullArray>(rows.num_rows));
    return Status::OK();
  }
};

bool Holds(parquet::Type::type physical, Type::type id) {
  switch (physical) {
    case parquet::Type::BOOLEAN:
      return id == Type::BOOL;
    case parquet::Type::INT32:
      return id == Type::INT8 || id == Type::INT16 || id == Type::INT32 || id == Type::UINT8 ||
             id == Type::UINT16 || id == Type::UINT32 || id == Type::DATE32 || id == Type::TIME32 ||
             id == Type::DECIMAL128 || id == Type::DECIMAL256;
    case parquet::Type::INT64:
      return id == Type::INT64 || id == Type::UINT64 || id == Type::TIMESTAMP ||
             id == Type::TIME64 || id == Type::DURATION || id == Type::DECIMAL128 ||
             id == Type::DECIMAL256;
    case parquet::Type::INT96:
      return id == Type::TIMESTAMP;
    case parquet::Type::FLOAT:
      return id == Type::FLOAT;
    case parquet::Type::DOUBLE:
      return id == Type::DOUBLE;
    case parquet::Type::BYTE_ARRAY:
      return id == Type::STRING || id == Type::BINARY || id == Type::DECIMAL128 ||
             id == Type::DECIMAL256;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return id == Type::FIXED_SIZE_BINARY || id == Type::HALF_FLOAT || id == Type::DECIMAL128 ||
             id == Type::DECIMAL256;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<PageValueDecoder>> PageValueDecoder::Make(
    const parquet::ColumnDescriptor* descriptor, const std::shared_ptr<arrow::DataType>& type,
    MemoryPool* pool) {
  const auto physical = descriptor->physical_type();
  if (type->id() == Type::NA) return std::make_unique<NullDecoder>();
  const bool width_fits =
      physical != parquet::Type::FIXED_LEN_BYTE_ARRAY ||
      (type->id() == Type::HALF_FLOAT          ? descriptor->type_length() == 2
       : type->id() == Type::FIXED_SIZE_BINARY ? type->byte_width() == descriptor->type_length()
                                               : true);
  if (!Holds(physical, type->id()) || !width_fits) {
    return Status::Invalid("values of the physical type ", parquet::TypeToString(physical),
                           " can't be read as ", type->ToString());
  }
  switch (physical) {
    case parquet::Type::BOOLEAN:
      return std::make_unique<BooleanPageDecoder>(descriptor, pool);
    case parquet::Type::INT32:
      return std::make_unique<NumberDecoder<parquet::Int32Type>>(descriptor, type, pool);
    case parquet::Type::INT64:
      return std::make_unique<NumberDecoder<parquet::Int64Type>>(descriptor, type, pool);
    case parquet::Type::FLOAT:
      return std::make_unique<NumberDecoder<parquet::FloatType>>(descriptor, type, pool);
    case parquet::Type::DOUBLE:
      return std::make_unique<NumberDecoder<parquet::DoubleType>>(descriptor, type, pool);
    case parquet::Type::INT96:
      return std::make_unique<Int96Decoder>(descriptor, type, pool);
    case parquet::Type::BYTE_ARRAY:
      return std::make_unique<BytesDecoder>(descriptor, type, pool);
    default:
      return std::make_unique<FixedBytesDecoder>(descriptor, type, pool);
  }
}

}  // namespace emberharmony::io::internal
