#include "emberharmony/feature/numeric_form.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_block_counter.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>
#include <type_traits>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::feature {
namespace {

/// 10^0 .. 10^22, the powers of ten that a double holds exactly.
constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// unscaled * 10^-scale, rounded once.
template <class Decimal>
double NearestDouble(const Decimal& unscaled, int32_t scale) {
  // Both operands are exact here, so that the one division rounds once.
  constexpr int64_t kExactMax = int64_t{1} << 53;
  if (scale >= 0 && scale <= 22 && unscaled >= Decimal(-kExactMax) &&
      unscaled <= Decimal(kExactMax)) {
    const auto low = static_cast<int64_t>(unscaled.low_bits());
    return static_cast<double>(low) / kPowersOfTen[scale];
  }
  const std::string text = unscaled.ToIntegerString() + "e" + std::to_string(-scale);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

template <class ArrowType>
void ConvertPrimitive(const arrow::Array& array, double missing, double* out) {
  using ArrayType = typename arrow::TypeTraits<ArrowType>::ArrayType;
  const auto* values = static_cast<const ArrayType&>(array).raw_values();
  const int64_t n = array.length();
  if constexpr (std::is_floating_point_v<typename ArrowType::c_type>) {
    for (int64_t i = 0; i < n; ++i) {
      const auto value = static_cast<double>(values[i]);
      out[i] = std::isnan(value) ? missing : value;
    }
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<double>(values[i]);
  }
}

template <class ArrayType, class Decimal>
void ConvertDecimals(const arrow::Array& array, double* out) {
  const auto& decimals = static_cast<const ArrayType&>(array);
  const int32_t scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) out[i] = NearestDouble(Decimal(decimals.GetValue(i)), scale);
  }
}

/// The values of all entries but nulls, whose entries are arbitrary.
void ConvertValues(const arrow::Array& array, double missing, double* out) {
  switch (array.type_id()) {
    case arrow::Type::NA:
      break;
    case arrow::Type::BOOL: {
      const auto& bools = static_cast<const arrow::BooleanArray&>(array);
      for (int64_t i = 0; i < array.length(); ++i) out[i] = bools.Value(i) ? 1.0 : 0.0;
      break;
    }
#define EMBER_CONVERT(id, ArrowType)                         \
  case arrow::Type::id:                                      \
    ConvertPrimitive<arrow::ArrowType>(array, missing, out); \
    break;
      EMBER_CONVERT(INT8, Int8Type)
      EMBER_CONVERT(INT16, Int16Type)
      EMBER_CONVERT(INT32, Int32Type)
      EMBER_CONVERT(INT64, Int64Type)
      EMBER_CONVERT(UINT8, UInt8Type)
      EMBER_CONVERT(UINT16, UInt16Type)
      EMBER_CONVERT(UINT32, UInt32Type)
      EMBER_CONVERT(UINT64, UInt64Type)
      EMBER_CONVERT(FLOAT, FloatType)
      EMBER_CONVERT(DOUBLE, DoubleType)
#undef EMBER_CONVERT
    case arrow::Type::HALF_FLOAT: {
      const uint16_t* bits = static_cast<const arrow::HalfFloatArray&>(array).raw_values();
      for (int64_t i = 0; i < array.length(); ++i) {
        const double value = arrow::util::Float16::FromBits(bits[i]).ToDouble();
        out[i] = std::isnan(value) ? missing : value;
      }
      break;
    }
    case arrow::Type::DECIMAL32:
      ConvertDecimals<arrow::Decimal32Array, arrow::Decimal32>(array, out);
      break;
    case arrow::Type::DECIMAL64:
      ConvertDecimals<arrow::Decimal64Array, arrow::Decimal64>(array, out);
      break;
    case arrow::Type::DECIMAL128:
      ConvertDecimals<arrow::Decimal128Array, arrow::Decimal128>(array, out);
      break;
    case arrow::Type::DECIMAL256:
      ConvertDecimals<arrow::Decimal256Array, arrow::Decimal256>(array, out);
      break;
    default:
      break;
  }
}

void SetMissing(const arrow::Array& array, double missing, double* out) {
  const uint8_t* validity = array.null_bitmap_data();
  if (array.type_id() == arrow::Type::NA) {
    std::fill(out, out + array.length(), missing);
    return;
  }
  if (validity == nullptr || array.null_count() == 0) return;
  arrow::internal::BitBlockCounter blocks(validity, array.offset(), array.length());
  for (int64_t i = 0; i < array.length();) {
    const arrow::internal::BitBlockCount block = blocks.NextWord();
    if (!block.AllSet()) {
      for (int64_t j = i; j < i + block.length; ++j) {
        const bool valid = arrow::bit_util::GetBit(validity, array.offset() + j);
        out[j] = valid ? out[j] : missing;
      }
    }
    i += block.length;
  }
}

/// A bit for each entry that is not NaN, or nullptr when there is no NaN.
arrow::Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const double* values, int64_t n,
                                                         arrow::MemoryPool* pool,
                                                         int64_t* null_count) {
  int64_t num_missing = 0;
  for (int64_t i = 0; i < n; ++i) num_missing += std::isnan(values[i]) ? 1 : 0;
  *null_count = num_missing;
  if (num_missing == 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bitmap, arrow::AllocateBitmap(n, pool));
  uint8_t* bytes = bitmap->mutable_data();
  for (int64_t i = 0; i < n; i += 8) {
    uint8_t byte = 0;
    for (int64_t j = i; j < std::min(n, i + 8); ++j) {
      byte |= static_cast<uint8_t>(std::isnan(values[j]) ? 0 : 1u << (j - i));
    }
    bytes[i / 8] = byte;
  }
  return bitmap;
}

/// Casts to a float or integer type; sets *bad to the first value that the type cannot hold.
template <class T>
void CastValues(const double* values, int64_t n, T* out, const double** bad) {
  if constexpr (std::is_floating_point_v<T>) {
    for (int64_t i = 0; i < n; ++i) {
      out[i] = static_cast<T>(std::isnan(values[i]) ? 0.0 : values[i]);
    }
  } else {
    // The bounds are exact: -2^k and 2^k, the latter excluded.
    const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const double begin = std::is_signed_v<T> ? -end : 0.0;
    for (int64_t i = 0; i < n; ++i) {
      const double whole = std::isnan(values[i]) ? 0.0 : std::trunc(values[i]);
      if (whole >= begin && whole < end) {
        out[i] = static_cast<T>(whole);
      } else {
        if (*bad == nullptr) *bad = &values[i];
        out[i] = 0;
      }
    }
  }
}

template <class T>
arrow::Result<std::shared_ptr<arrow::Buffer>> CastBuffer(const double* values, int64_t n,
                                                         const arrow::DataType& type,
                                                         arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(T)), pool));
  const double* bad = nullptr;
  CastValues(values, n, reinterpret_cast<T*>(buffer->mutable_data()), &bad);
  if (bad != nullptr) {
    return base::DataError("value " + NumberText(*bad) + " does not fit " + type.ToString());
  }
  return buffer;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> CastToBits(const double* values, int64_t n,
                                                         arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits, arrow::AllocateEmptyBitmap(n, pool));
  for (int64_t i = 0; i < n; ++i) {
    if (values[i] != 0 && !std::isnan(values[i])) {
      arrow::bit_util::SetBit(bits->mutable_data(), i);
    }
  }
  return bits;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> CastData(const arrow::DoubleArray& array,
                                                       const arrow::DataType& type,
                                                       arrow::MemoryPool* pool) {
  const double* values = array.raw_values();
  const int64_t n = array.length();
  switch (type.id()) {
    case arrow::Type::BOOL:
      return CastToBits(values, n, pool);
    case arrow::Type::INT8:
      return CastBuffer<int8_t>(values, n, type, pool);
    case arrow::Type::INT16:
      return CastBuffer<int16_t>(values, n, type, pool);
    case arrow::Type::INT32:
      return CastBuffer<int32_t>(values, n, type, pool);
    case arrow::Type::INT64:
      return CastBuffer<int64_t>(values, n, type, pool);
    case arrow::Type::UINT8:
      return CastBuffer<uint8_t>(values, n, type, pool);
    case arrow::Type::UINT16:
      return CastBuffer<uint16_t>(values, n, type, pool);
    case arrow::Type::UINT32:
      return CastBuffer<uint32_t>(values, n, type, pool);
    case arrow::Type::UINT64:
      return CastBuffer<uint64_t>(values, n, type, pool);
    case arrow::Type::FLOAT:
      return CastBuffer<float>(values, n, type, pool);
    case arrow::Type::DOUBLE:
      return CastBuffer<double>(values, n, type, pool);
    default:
      return arrow::Status::Invalid("numbers cannot be cast to ", type.ToString());
  }
}

}  // namespace

bool HasNumericForm(const arrow::DataType& type) {
  return type.id() == arrow::Type::NA || type.id() == arrow::Type::BOOL ||
         arrow::is_numeric(type.id()) || arrow::is_decimal(type.id());
}

arrow::Status CheckNumeric(const std::string& step, const ColumnInfo& input) {
  if (input.numeric_form || HasNumericForm(*input.type)) return arrow::Status::OK();
  const std::string what =
      step + " takes numbers, and column '" + input.name + "' is " + input.type->ToString() + "; ";
  switch (input.type->id()) {
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP:
      return base::UsageError(what + "for dates and times use cyclical or passthrough");
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::DURATION:
      return base::UsageError(what + "use passthrough");
    default:
      return base::UsageError(what + "use vocabulary, one_hot or passthrough");
  }
}

ColumnInfo NumericInfo(const ColumnInfo& input) {
  ColumnInfo info = input;
  info.type = arrow::float64();
  info.numeric_form = true;
  info.final_type = false;
  return info;
}

arrow::Result<std::shared_ptr<arrow::DoubleArray>> ToNumeric(const ValueBlock& block,
                                                             arrow::MemoryPool* pool,
                                                             double missing) {
  const arrow::Array& array = *block.values;
  if (!HasNumericForm(*array.type())) {
    return arrow::Status::Invalid("no numeric form of ", array.type()->ToString());
  }
  if (array.type_id() == arrow::Type::DOUBLE && !block.null_slot && std::isnan(missing) &&
      array.null_count() == 0) {
    if (array.null_bitmap_data() == nullptr) {
      return std::static_pointer_cast<arrow::DoubleArray>(block.values);
    }
    return std::make_shared<arrow::DoubleArray>(array.length(), array.data()->buffers[1], nullptr,
                                                0, array.offset());
  }
  const int64_t n = array.length();
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(block.length() * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  ConvertValues(array, missing, out);
  SetMissing(array, missing, out);
  if (block.null_slot) out[n] = missing;
  return std::make_shared<arrow::DoubleArray>(block.length(), std::move(buffer));
}

arrow::Result<std::shared_ptr<arrow::Array>> FromNumeric(
    const arrow::DoubleArray& values, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool) {
  const int64_t n = values.length();
  int64_t null_count = 0;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity,
                        ValidityOf(values.raw_values(), n, pool, &null_count));
  if (type->id() == arrow::Type::DOUBLE && null_count == 0) {
    return std::make_shared<arrow::DoubleArray>(values.data());
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, CastData(values, *type, pool));
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, n, {std::move(validity), std::move(data)}, null_count));
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end);
}

}  // namespace emberharmony::feature
