#include <arrow/array/array_binary.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/value_keys_internal.h"

namespace emberharmony::feature {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kSignBit = uint64_t{1} << 63;

template <typename T>
const T* Raw(const arrow::Array& values) {
  return values.data()->GetValues<T>(1);
}

// Integers of width T to keys that ascend.
template <typename T>
void ReadIntegers(const arrow::Array& values, int64_t begin, int n, uint64_t* keys) {
  const T* raw = Raw<T>(values) + begin;
  for (int i = 0; i < n; ++i) {
    if constexpr (std::is_signed_v<T>) {
      keys[i] = static_cast<uint64_t>(static_cast<int64_t>(raw[i])) ^ kSignBit;
    } else {
      keys[i] = raw[i];
    }
  }
}

// The IEEE 754 bit patterns of one width.
template <typename U>
struct FloatBits;
template <>
struct FloatBits<uint16_t> {
  static constexpr uint16_t kInfinity = 0x7c00;
};
template <>
struct FloatBits<uint32_t> {
  static constexpr uint32_t kInfinity = 0x7f800000;
};
template <>
struct FloatBits<uint64_t> {
  static constexpr uint64_t kInfinity = 0x7ff0000000000000ULL;
};

// Floats to keys that ascend: negative ones are complemented, others get the top bit. Returns true
// when none is NaN.
template <typename U>
bool ReadFloats(const arrow::Array& values, int64_t begin, int n, uint64_t* keys, bool* is_number) {
  constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(U) - 1));
  const U* raw = Raw<U>(values) + begin;
  bool all = true;
  for (int i = 0; i < n; ++i) {
    const U magnitude = raw[i] & static_cast<U>(~kSign);
    const U bits = magnitude == 0 ? U{0} : raw[i];
    keys[i] = static_cast<U>((bits & kSign) != 0 ? ~bits : bits | kSign);
    is_number[i] = magnitude <= FloatBits<U>::kInfinity;
    all &= is_number[i];
  }
  return all;
}

template <typename U>
U BitsOfKey(uint64_t key) {
  constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(U) - 1));
  const U bits = static_cast<U>(key);
  return static_cast<U>((bits & kSign) != 0 ? bits & static_cast<U>(~kSign) : ~bits);
}

template <typename U>
bool IsFloatKey(uint64_t key) {
  constexpr U kSign = static_cast<U>(U{1} << (8 * sizeof(U) - 1));
  if (key != static_cast<U>(key)) return false;
  const U bits = BitsOfKey<U>(key);
  return bits != kSign && static_cast<U>(bits & static_cast<U>(~kSign)) <= FloatBits<U>::kInfinity;
}

template <typename ArrayType>
void ReadViews(const arrow::Array& values, int64_t begin, int n, std::string_view* bytes) {
  const auto& array = static_cast<const ArrayType&>(values);
  for (int i = 0; i < n; ++i) bytes[i] = array.GetView(begin + i);
}

// A two's complement number of width bytes, least significant first, to bytes that ascend with it:
// most significant first, with the sign bit turned over; and back.
void DecimalToKey(const uint8_t* value, int width, char* key) {
  for (int i = 0; i < width; ++i) key[i] = static_cast<char>(value[width - 1 - i]);
  key[0] = static_cast<char>(key[0] ^ 0x80);
}
void KeyToDecimal(std::string_view key, uint8_t* value) {
  const int width = static_cast<int>(key.size());
  for (int i = 0; i < width; ++i) value[width - 1 - i] = static_cast<uint8_t>(key[i]);
  value[width - 1] ^= 0x80;
}

// Marks which of values[begin, begin + n) are there; true when all are.
bool ReadValidity(const arrow::Array& values, int64_t begin, int n, bool* valid) {
  if (values.null_count() == 0) return true;
  const uint8_t* bitmap = values.null_bitmap_data();
  bool all = true;
  for (int i = 0; i < n; ++i) {
    valid[i] = bitmap != nullptr && arrow::bit_util::GetBit(bitmap, values.offset() + begin + i);
    all &= valid[i];
  }
  return all;
}

bool IsText(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return true;
    default:
      return false;
  }
}

template <typename Builder>
arrow::Result<std::shared_ptr<arrow::Array>> BuildText(
    const std::shared_ptr<arrow::DataType>& type, int64_t n,
    const std::function<std::string_view(int64_t)>& bytes, arrow::MemoryPool* pool) {
  Builder builder(type, pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(n));
  int64_t num_bytes = 0;
  for (int64_t i = 0; i < n; ++i) num_bytes += static_cast<int64_t>(bytes(i).size());
  ARROW_RETURN_NOT_OK(builder.ReserveData(num_bytes));
  for (int64_t i = 0; i < n; ++i) ARROW_RETURN_NOT_OK(builder.Append(bytes(i)));
  return builder.Finish();
}

}  // namespace

uint64_t BigEndian(uint64_t value) { return __builtin_bswap64(value); }

arrow::Result<ValueKeys> ValueKeys::Make(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return Make(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  ValueKeys keys;
  keys.type_ = type.GetSharedPtr();
  keys.form_ = Form::kNumber;
  if (type.id() == arrow::Type::NA) {
    keys.form_ = Form::kNothing;
  } else if (type.id() == arrow::Type::BOOL) {
    keys.layout_ = Layout::kBool;
  } else if (arrow::is_unsigned_integer(type.id())) {
    keys.layout_ = Layout::kUnsigned;
  } else if (arrow::is_floating(type.id())) {
    keys.layout_ = Layout::kFloat;
  } else if (arrow::is_signed_integer(type.id()) || arrow::is_temporal(type.id()) ||
             type.id() == arrow::Type::DURATION || type.id() == arrow::Type::DECIMAL32 ||
             type.id() == arrow::Type::DECIMAL64) {
    keys.layout_ = Layout::kSigned;
  } else if (IsText(type.id())) {
    keys.form_ = Form::kBytes;
    keys.layout_ = Layout::kText;
  } else if (type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    keys.form_ = Form::kBytes;
    keys.layout_ = Layout::kFixedBytes;
  } else if (type.id() == arrow::Type::DECIMAL128 || type.id() == arrow::Type::DECIMAL256) {
    keys.form_ = Form::kBytes;
    keys.layout_ = Layout::kDecimal;
  } else {
    return base::UsageError("values of type " + type.ToString() +
                            " cannot be counted; drop the column or flatten it into columns of "
                            "numbers, strings or times");
  }
  if (keys.layout_ != Layout::kText && keys.form_ != Form::kNothing) {
    keys.width_ = std::max(type.bit_width() / 8, 0);
  }
  return keys;
}

bool ValueKeys::Accepts(const arrow::DataType& type) const {
  if (type.id() == arrow::Type::DICTIONARY) {
    return Accepts(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return type.id() == arrow::Type::NA || type_->Equals(type) ||
         (layout_ == Layout::kText && IsText(type.id()));
}

bool ValueKeys::ReadNumbers(const arrow::Array& values, int64_t begin, int n, uint64_t* keys,
                            bool* valid) const {
  bool all_numbers = true;
  bool is_number[kChunk];
  switch (layout_) {
    case Layout::kBool:
      for (int i = 0; i < n; ++i) {
        keys[i] =
            arrow::bit_util::GetBit(values.data()->buffers[1]->data(), values.offset() + begin + i);
      }
      break;
    case Layout::kUnsigned:
      if (width_ == 1) ReadIntegers<uint8_t>(values, begin, n, keys);
      if (width_ == 2) ReadIntegers<uint16_t>(values, begin, n, keys);
      if (width_ == 4) ReadIntegers<uint32_t>(values, begin, n, keys);
      if (width_ == 8) ReadIntegers<uint64_t>(values, begin, n, keys);
      break;
    case Layout::kFloat:
      if (width_ == 2) all_numbers = ReadFloats<uint16_t>(values, begin, n, keys, is_number);
      if (width_ == 4) all_numbers = ReadFloats<uint32_t>(values, begin, n, keys, is_number);
      if (width_ == 8) all_numbers = ReadFloats<uint64_t>(values, begin, n, keys, is_number);
      break;
    default:
      if (width_ == 1) ReadIntegers<int8_t>(values, begin, n, keys);
      if (width_ == 2) ReadIntegers<int16_t>(values, begin, n, keys);
      if (width_ == 4) ReadIntegers<int32_t>(values, begin, n, keys);
      if (width_ == 8) ReadIntegers<int64_t>(values, begin, n, keys);
      break;
  }
  const bool all_there = ReadValidity(values, begin, n, valid);
  if (all_numbers) return all_there;
  for (int i = 0; i < n; ++i) valid[i] = is_number[i] && (all_there || valid[i]);
  return false;
}

bool ValueKeys::ReadBytes(const arrow::Array& values, int64_t begin, int n, std::string_view* bytes,
                          bool* valid, char* scratch) const {
  const bool all_there = ReadValidity(values, begin, n, valid);
  switch (values.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      ReadViews<arrow::BinaryArray>(values, begin, n, bytes);
      break;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      ReadViews<arrow::LargeBinaryArray>(values, begin, n, bytes);
      break;
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW: {
      const auto& array = static_cast<const arrow::BinaryViewArray&>(values);
      for (int i = 0; i < n; ++i) {  // a null's view need not point anywhere
        bytes[i] = all_there || valid[i] ? array.GetView(begin + i) : std::string_view();
      }
      break;
    }
    default: {
      const uint8_t* raw =
          values.data()->GetValues<uint8_t>(1, 0) + (values.offset() + begin) * width_;
      for (int i = 0; i < n; ++i) {
        if (layout_ == Layout::kDecimal) {
          DecimalToKey(raw + int64_t{i} * width_, width_, scratch + i * width_);
          bytes[i] = {scratch + i * width_, static_cast<size_t>(width_)};
        } else {
          bytes[i] = {reinterpret_cast<const char*>(raw) + int64_t{i} * width_,
                      static_cast<size_t>(width_)};
        }
      }
    }
  }
  return all_there;
}

bool ValueKeys::IsKey(uint64_t key) const {
  if (form_ != Form::kNumber) return false;
  switch (layout_) {
    case Layout::kBool:
      return key <= 1;
    case Layout::kUnsigned:
      return width_ == 8 || key >> (8 * width_) == 0;
    case Layout::kFloat:
      return width_ == 2   ? IsFloatKey<uint16_t>(key)
             : width_ == 4 ? IsFloatKey<uint32_t>(key)
                           : IsFloatKey<uint64_t>(key);
    default: {
      const auto value = static_cast<int64_t>(key ^ kSignBit);
      const int shift = 64 - 8 * width_;
      return static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift == value;
    }
  }
}

bool ValueKeys::IsKey(std::string_view bytes) const {
  if (form_ != Form::kBytes) return false;
  return layout_ == Layout::kText || static_cast<int>(bytes.size()) == width_;
}

arrow::Result<std::shared_ptr<arrow::Array>> ValueKeys::MakeNumbers(
    int64_t n, const std::function<uint64_t(int64_t)>& key, arrow::MemoryPool* pool) const {
  if (form_ == Form::kNothing) return arrow::MakeArrayOfNull(type_, 0, pool);
  const int64_t num_bytes =
      layout_ == Layout::kBool ? arrow::bit_util::BytesForBits(n) : n * width_;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(num_bytes, pool));
  uint8_t* out = buffer->mutable_data();
  if (layout_ == Layout::kBool) {
    std::fill_n(out, num_bytes, 0);
    for (int64_t i = 0; i < n; ++i) arrow::bit_util::SetBitTo(out, i, key(i) != 0);
  } else {
    for (int64_t i = 0; i < n; ++i) {
      uint64_t value = key(i);
      if (layout_ == Layout::kSigned) value ^= kSignBit;
      if (layout_ == Layout::kFloat) {
        value = width_ == 2   ? BitsOfKey<uint16_t>(value)
                : width_ == 4 ? BitsOfKey<uint32_t>(value)
                              : BitsOfKey<uint64_t>(value);
      }
      std::memcpy(out + i * width_, &value, width_);  // the low bytes
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, n, {nullptr, std::move(buffer)}, 0));
}

arrow::Result<std::shared_ptr<arrow::Array>> ValueKeys::MakeBytes(
    int64_t n, const std::function<std::string_view(int64_t)>& bytes,
    arrow::MemoryPool* pool) const {
  switch (type_->id()) {
    case arrow::Type::STRING:
      return BuildText<arrow::StringBuilder>(type_, n, bytes, pool);
    case arrow::Type::BINARY:
      return BuildText<arrow::BinaryBuilder>(type_, n, bytes, pool);
    case arrow::Type::LARGE_STRING:
      return BuildText<arrow::LargeStringBuilder>(type_, n, bytes, pool);
    case arrow::Type::LARGE_BINARY:
      return BuildText<arrow::LargeBinaryBuilder>(type_, n, bytes, pool);
    case arrow::Type::STRING_VIEW:
      return BuildText<arrow::StringViewBuilder>(type_, n, bytes, pool);
    case arrow::Type::BINARY_VIEW:
      return BuildText<arrow::BinaryViewBuilder>(type_, n, bytes, pool);
    default:
      break;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * width_, pool));
  for (int64_t i = 0; i < n; ++i) {
    uint8_t* out = buffer->mutable_data() + i * width_;
    if (layout_ == Layout::kDecimal) {
      KeyToDecimal(bytes(i), out);
    } else {
      std::memcpy(out, bytes(i).data(), width_);
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, n, {nullptr, std::move(buffer)}, 0));
}

}  // namespace emberharmony::feature
