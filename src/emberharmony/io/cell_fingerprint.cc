#include "emberharmony/io/cell_fingerprint.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/io/canonical_decimal_internal.h"
#include "emberharmony/io/interval_parts_internal.h"
#include "emberharmony/io/nested_json_internal.h"

namespace emberharmony::io {
namespace {

static_assert(std::endian::native == std::endian::little,
              "fingerprints are defined over little-endian bytes");

enum TypeByte : uint8_t {
  kBool = 1,
  kInteger = 2,
  kUnsigned = 3,
  kFloat = 4,
  kDate = 5,
  kTimestamp = 6,
  kString = 7,
  kBytes = 8,
  kDecimal = 9,
  kTime = 10,
  kNested = 11,
  kInterval = 12,
};

// FarmHash's Fingerprint64 (farmhashna::Hash64) for up to 32 bytes, written out for a type byte in
// front of a value, so that neither a copy nor a call is needed a cell. The test compares it with
// the library's at every length.
constexpr uint64_t kK0 = 0xc3a5c85c97cb3127ULL;
constexpr uint64_t kK1 = 0xb492b66fbe98f273ULL;
constexpr uint64_t kK2 = 0x9ae16a3b2f90404fULL;

inline uint64_t Load64(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

inline uint64_t Load32(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}

inline uint64_t HashLength16(uint64_t u, uint64_t v, uint64_t mul) {
  uint64_t a = (u ^ v) * mul;
  a ^= a >> 47;
  uint64_t b = (v ^ a) * mul;
  b ^= b >> 47;
  return b * mul;
}

// 8 to 16 bytes in all, of which these are the first and the last eight.
inline uint64_t Hash8To16(uint64_t length, uint64_t first, uint64_t last) {
  const uint64_t mul = kK2 + length * 2;
  const uint64_t a = first + kK2;
  const uint64_t c = std::rotr(last, 37) * mul + a;
  const uint64_t d = (std::rotr(a, 25) + last) * mul;
  return HashLength16(c, d, mul);
}

inline uint64_t HashWord(TypeByte type, uint64_t word) {
  return Hash8To16(9, type | word << 8, word);
}

uint64_t HashBytes(TypeByte type, const uint8_t* p, size_t n, std::string* scratch) {
  const uint64_t length = n + 1;
  if (n >= 32) {
    scratch->resize(length);
    (*scratch)[0] = static_cast<char>(type);
    std::memcpy(scratch->data() + 1, p, n);
    return base::Fingerprint64(*scratch);
  }
  if (n >= 16) {
    const uint64_t mul = kK2 + length * 2;
    const uint64_t a = (type | Load64(p) << 8) * kK1;
    const uint64_t b = Load64(p + 7);
    const uint64_t c = Load64(p + n - 8) * mul;
    const uint64_t d = Load64(p + n - 16) * kK2;
    return HashLength16(std::rotr(a + b, 43) + std::rotr(c, 30) + d, a + std::rotr(b + kK2, 18) + c,
                        mul);
  }
  if (n >= 8) return Hash8To16(length, type | Load64(p) << 8, Load64(p + n - 8));
  if (n == 7) {
    const uint64_t word = type | Load32(p) << 8 | Load32(p + 3) << 32;
    return Hash8To16(length, word, word);
  }
  if (n >= 3) {
    const uint64_t first = type | static_cast<uint64_t>(p[0]) << 8 |
                           static_cast<uint64_t>(p[1]) << 16 | static_cast<uint64_t>(p[2]) << 24;
    const uint64_t last = n == 3 ? first : Load32(p + n - 4);
    return HashLength16(length + (first << 3), last, kK2 + length * 2);
  }
  const uint8_t bytes[3] = {type, n > 0 ? p[0] : uint8_t{0}, n > 1 ? p[1] : uint8_t{0}};
  const uint32_t y = bytes[0] + (static_cast<uint32_t>(bytes[length >> 1]) << 8);
  const uint32_t z =
      static_cast<uint32_t>(length) + (static_cast<uint32_t>(bytes[length - 1]) << 2);
  const uint64_t mixed = y * kK2 ^ z * kK0;
  return (mixed ^ mixed >> 47) * kK2;
}

void ZeroNulls(const arrow::Array& values, uint64_t* out) {
  if (values.null_count() == 0) return;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) out[i] = 0;
  }
}

// Null cells have defined (if arbitrary) memory in Arrow's fixed-width arrays: hash all, then zero
// the nulls.
template <typename CType, typename ToWord>
void HashFixed(TypeByte type, const arrow::Array& values, uint64_t* out, ToWord to_word) {
  const CType* data = values.data()->GetValues<CType>(1);
  const int64_t n = values.length();
  for (int64_t i = 0; i < n; ++i) out[i] = HashWord(type, to_word(data[i]));
  ZeroNulls(values, out);
}

template <typename CType>
void HashIntegers(TypeByte type, const arrow::Array& values, uint64_t* out) {
  HashFixed<CType>(type, values, out,
                   [](CType v) { return static_cast<uint64_t>(static_cast<int64_t>(v)); });
}

void HashUInt64(const arrow::Array& values, uint64_t* out) {
  const uint64_t* data = values.data()->GetValues<uint64_t>(1);
  std::string scratch;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (data[i] >> 63 == 0) {
      out[i] = HashWord(kInteger, data[i]);
      continue;
    }
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof(digits), data[i]).ptr;
    out[i] = HashBytes(kUnsigned, reinterpret_cast<const uint8_t*>(digits), end - digits, &scratch);
  }
  ZeroNulls(values, out);
}

inline uint64_t CanonicalBits(double value) {
  if (value != value) return 0x7ff8000000000000ULL;
  return std::bit_cast<uint64_t>(value + 0.0);  // -0 + +0 is +0
}

void HashBools(const arrow::Array& values, uint64_t* out) {
  std::string scratch;
  const uint8_t bytes[2] = {0, 1};
  const uint64_t hashes[2] = {HashBytes(kBool, bytes, 1, &scratch),
                              HashBytes(kBool, bytes + 1, 1, &scratch)};
  const auto& bools = static_cast<const arrow::BooleanArray&>(values);
  for (int64_t i = 0; i < values.length(); ++i)
    out[i] = bools.IsNull(i) ? 0 : hashes[bools.Value(i) ? 1 : 0];
}

// Multiplies modulo 2^64: seconds beyond the years that microseconds can hold still get a
// fingerprint, an unequal one.
template <typename CType>
void HashInMicros(TypeByte type, arrow::TimeUnit::type unit, const arrow::Array& values,
                  uint64_t* out) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return HashFixed<CType>(type, values, out,
                              [](int64_t v) { return static_cast<uint64_t>(v) * 1000000; });
    case arrow::TimeUnit::MILLI:
      return HashFixed<CType>(type, values, out,
                              [](int64_t v) { return static_cast<uint64_t>(v) * 1000; });
    case arrow::TimeUnit::MICRO:
      return HashFixed<CType>(type, values, out,
                              [](int64_t v) { return static_cast<uint64_t>(v); });
    case arrow::TimeUnit::NANO:
      return HashFixed<CType>(type, values, out, [](int64_t v) {
        return static_cast<uint64_t>(v / 1000 - (v % 1000 < 0 ? 1 : 0));
      });
  }
}

template <typename OffsetType>
void HashStrings(TypeByte type, const arrow::Array& values, uint64_t* out) {
  const OffsetType* offsets = values.data()->GetValues<OffsetType>(1);
  const uint8_t empty = 0;
  const auto& buffer = values.data()->buffers[2];
  const uint8_t* data = buffer != nullptr && buffer->data() != nullptr ? buffer->data() : &empty;
  std::string scratch;
  for (int64_t i = 0; i < values.length(); ++i) {
    out[i] = HashBytes(type, data + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i]),
                       &scratch);
  }
  ZeroNulls(values, out);
}

template <typename ArrayType>
void HashViews(TypeByte type, const arrow::Array& values, uint64_t* out) {
  const auto& array = static_cast<const ArrayType&>(values);
  std::string scratch;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      out[i] = 0;
      continue;
    }
    const std::string_view view(array.GetView(i));
    out[i] = HashBytes(type, reinterpret_cast<const uint8_t*>(view.data()), view.size(), &scratch);
  }
}

template <typename ArrayType, typename DecimalType>
arrow::Status HashDecimals(const arrow::Array& values, uint64_t* out) {
  const int32_t scale = static_cast<const arrow::DecimalType&>(*values.type()).scale();
  if (scale < -1000 || scale > 1000) {
    return base::DataError("decimal columns need a scale from -1000 to 1000, found " +
                           values.type()->ToString());
  }
  const auto& array = static_cast<const ArrayType&>(values);
  std::string text;
  std::string scratch;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      out[i] = 0;
      continue;
    }
    text.clear();
    AppendCanonicalDecimal(DecimalType(array.GetValue(i)).ToIntegerString(), scale, &text);
    out[i] =
        HashBytes(kDecimal, reinterpret_cast<const uint8_t*>(text.data()), text.size(), &scratch);
  }
  return arrow::Status::OK();
}

template <typename ArrayType>
void HashIntervals(const arrow::Array& values, uint64_t* out) {
  const auto& array = static_cast<const ArrayType&>(values);
  std::string scratch;
  uint8_t bytes[16];
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      out[i] = 0;
      continue;
    }
    const IntervalParts parts = PartsOf(array.Value(i));
    std::memcpy(bytes, &parts.months, 4);
    std::memcpy(bytes + 4, &parts.days, 4);
    std::memcpy(bytes + 8, &parts.nanoseconds, 8);
    out[i] = HashBytes(kInterval, bytes, sizeof(bytes), &scratch);
  }
}

arrow::Status HashDictionary(const arrow::DictionaryArray& values, uint64_t* out) {
  std::vector<uint64_t> entries(values.dictionary()->length());
  ARROW_RETURN_NOT_OK(CellFingerprints(*values.dictionary(), entries.data()));
  for (int64_t i = 0; i < values.length(); ++i)
    out[i] = values.IsNull(i) ? 0 : entries[values.GetValueIndex(i)];
  return arrow::Status::OK();
}

arrow::Status HashNested(const arrow::Array& values, uint64_t* out) {
  ARROW_ASSIGN_OR_RAISE(const auto cells, JsonCells::Make(values));
  std::string json;
  std::string scratch;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) {
      out[i] = 0;
      continue;
    }
    json.clear();
    cells->Append(i, &json);
    out[i] =
        HashBytes(kNested, reinterpret_cast<const uint8_t*>(json.data()), json.size(), &scratch);
  }
  return arrow::Status::OK();
}

arrow::Status HashNumbers(const arrow::Array& values, uint64_t* out) {
  switch (values.type_id()) {
    case arrow::Type::INT8:
      HashIntegers<int8_t>(kInteger, values, out);
      break;
    case arrow::Type::INT16:
      HashIntegers<int16_t>(kInteger, values, out);
      break;
    case arrow::Type::INT32:
      HashIntegers<int32_t>(kInteger, values, out);
      break;
    case arrow::Type::INT64:
      HashIntegers<int64_t>(kInteger, values, out);
      break;
    case arrow::Type::UINT8:
      HashIntegers<uint8_t>(kInteger, values, out);
      break;
    case arrow::Type::UINT16:
      HashIntegers<uint16_t>(kInteger, values, out);
      break;
    case arrow::Type::UINT32:
      HashIntegers<uint32_t>(kInteger, values, out);
      break;
    case arrow::Type::UINT64:
      HashUInt64(values, out);
      break;
    case arrow::Type::HALF_FLOAT:
      HashFixed<uint16_t>(kFloat, values, out, [](uint16_t bits) {
        return CanonicalBits(arrow::util::Float16::FromBits(bits).ToDouble());
      });
      break;
    case arrow::Type::FLOAT:
      HashFixed<float>(kFloat, values, out,
                       [](float v) { return CanonicalBits(static_cast<double>(v)); });
      break;
    case arrow::Type::DOUBLE:
      HashFixed<double>(kFloat, values, out, [](double v) { return CanonicalBits(v); });
      break;
    case arrow::Type::DECIMAL32:
      return HashDecimals<arrow::Decimal32Array, arrow::Decimal32>(values, out);
    case arrow::Type::DECIMAL64:
      return HashDecimals<arrow::Decimal64Array, arrow::Decimal64>(values, out);
    case arrow::Type::DECIMAL128:
      return HashDecimals<arrow::Decimal128Array, arrow::Decimal128>(values, out);
    case arrow::Type::DECIMAL256:
      return HashDecimals<arrow::Decimal256Array, arrow::Decimal256>(values, out);
    default:
      return base::UsageError(
          "a column of type " + values.type()->ToString() +
          " cannot be part of a row fingerprint; split by a key, or write the table without it");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status CellFingerprints(const arrow::Array& values, uint64_t* out) {
  const arrow::DataType& type = *values.type();
  switch (type.id()) {
    case arrow::Type::NA:
      std::fill(out, out + values.length(), 0);
      break;
    case arrow::Type::BOOL:
      HashBools(values, out);
      break;
    case arrow::Type::STRING:
      HashStrings<int32_t>(kString, values, out);
      break;
    case arrow::Type::LARGE_STRING:
      HashStrings<int64_t>(kString, values, out);
      break;
    case arrow::Type::STRING_VIEW:
      HashViews<arrow::StringViewArray>(kString, values, out);
      break;
    case arrow::Type::BINARY:
      HashStrings<int32_t>(kBytes, values, out);
      break;
    case arrow::Type::LARGE_BINARY:
      HashStrings<int64_t>(kBytes, values, out);
      break;
    case arrow::Type::BINARY_VIEW:
      HashViews<arrow::BinaryViewArray>(kBytes, values, out);
      break;
    case arrow::Type::FIXED_SIZE_BINARY:
      HashViews<arrow::FixedSizeBinaryArray>(kBytes, values, out);
      break;
    case arrow::Type::DATE32:
      HashIntegers<int32_t>(kDate, values, out);
      break;
    case arrow::Type::DATE64:
      HashFixed<int64_t>(kDate, values, out, [](int64_t v) {
        return static_cast<uint64_t>(v / 86400000 - (v % 86400000 < 0 ? 1 : 0));
      });
      break;
    case arrow::Type::TIMESTAMP:
      HashInMicros<int64_t>(kTimestamp, static_cast<const arrow::TimestampType&>(type).unit(),
                            values, out);
      break;
    case arrow::Type::TIME32:
      HashInMicros<int32_t>(kTime, static_cast<const arrow::Time32Type&>(type).unit(), values, out);
      break;
    case arrow::Type::TIME64:
      HashInMicros<int64_t>(kTime, static_cast<const arrow::Time64Type&>(type).unit(), values, out);
      break;
    case arrow::Type::DURATION:
      HashInMicros<int64_t>(kTime, static_cast<const arrow::DurationType&>(type).unit(), values,
                            out);
      break;
    case arrow::Type::INTERVAL_MONTHS:
      HashIntervals<arrow::MonthIntervalArray>(values, out);
      break;
    case arrow::Type::INTERVAL_DAY_TIME:
      HashIntervals<arrow::DayTimeIntervalArray>(values, out);
      break;
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      HashIntervals<arrow::MonthDayNanoIntervalArray>(values, out);
      break;
    case arrow::Type::DICTIONARY:
      return HashDictionary(static_cast<const arrow::DictionaryArray&>(values), out);
    case arrow::Type::EXTENSION:
      return CellFingerprints(*static_cast<const arrow::ExtensionArray&>(values).storage(), out);
    case arrow::Type::STRUCT:
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::MAP:
      return HashNested(values, out);
    default:
      return HashNumbers(values, out);
  }
  return arrow::Status::OK();
}

uint64_t RowFingerprint(int64_t seed, std::span<const uint64_t> cells) {
  constexpr size_t kStackCells = 63;
  uint64_t words[kStackCells + 1];
  std::vector<uint64_t> heap;
  uint64_t* row = words;
  if (cells.size() > kStackCells) {
    heap.resize(cells.size() + 1);
    row = heap.data();
  }
  row[0] = static_cast<uint64_t>(seed);
  std::copy(cells.begin(), cells.end(), row + 1);
  return base::Fingerprint64({reinterpret_cast<const char*>(row), 8 * (cells.size() + 1)});
}

void RowFingerprints(int64_t seed, std::span<const uint64_t* const> columns, int64_t num_rows,
                     uint64_t* out) {
  const size_t width = columns.size() + 1;
  // 64 KiB of rows stay in the cache while column after column is laid into them.
  const int64_t block_rows = std::clamp<int64_t>(8192 / static_cast<int64_t>(width), 1, 256);
  std::vector<uint64_t> block(width * block_rows);
  for (int64_t i = 0; i < block_rows; ++i) block[i * width] = static_cast<uint64_t>(seed);
  for (int64_t first = 0; first < num_rows; first += block_rows) {
    const int64_t rows = std::min(block_rows, num_rows - first);
    for (size_t c = 0; c < columns.size(); ++c) {
      const uint64_t* cells = columns[c] + first;
      for (int64_t i = 0; i < rows; ++i) block[i * width + c + 1] = cells[i];
    }
    for (int64_t i = 0; i < rows; ++i) {
      out[first + i] =
          base::Fingerprint64({reinterpret_cast<const char*>(&block[i * width]), 8 * width});
    }
  }
}

}  // namespace emberharmony::io
