#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace emberharmony::io {

/// How Arrow values of one type become Parquet's plain values.
enum class Conversion {
  kCopy,      ///< same bytes
  kFromInt8,  ///< widened to 32 bits
  kFromInt16,
  kFromUInt8,
  kFromUInt16,
  kTimes1000,  ///< seconds to milliseconds
  kDate64,     ///< milliseconds to days
  kBigEndian,  ///< decimals: reversed, cut to the bytes that the precision needs
  kBoolean,    ///< a bit to a byte; packed into bits when a page is written
  kBinary,     ///< variable length
  kNull,       ///< a column of nothing but nulls
};

/// The order in which minimum and maximum are taken, after the Parquet format's ColumnOrder.
enum class ValueOrder {
  kNone,
  kBool,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kHalf,
  kFloat,
  kDouble,
  kSignedBytes,
  kBytes
};

/// One output column: its Arrow type and how that is laid out in Parquet. Immutable.
struct ColumnFormat {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  bool nullable = true;
  const parquet::ColumnDescriptor* descriptor = nullptr;
  Conversion conversion = Conversion::kCopy;
  ValueOrder order = ValueOrder::kNone;
  int source_width = 0;  ///< bytes of an Arrow value; 0 for bool and variable length
  int width = 0;         ///< bytes of a value as held here (bool 1); 0 for variable length

  bool binary() const { return conversion == Conversion::kBinary; }
  bool boolean() const { return conversion == Conversion::kBoolean; }
};

/// A usage error that names the column if its type cannot be written.
arrow::Status CheckWritable(const arrow::Field& field);

/// The format of a column whose type can be written.
arrow::Result<ColumnFormat> MakeColumnFormat(const arrow::Field& field,
                                             const parquet::ColumnDescriptor* descriptor);

/// Writes all values of `array` (not of variable length) as format.width bytes each; what a null
/// becomes is not specified. Fails if a valid value cannot be represented.
arrow::Status ConvertValues(const ColumnFormat& format, const arrow::Array& array, uint8_t* out);

/// The array's values where they lie, if they need no conversion; else null.
const uint8_t* ValuesInPlace(const ColumnFormat& format, const arrow::Array& array);

/// Value i of an array of variable length.
std::string_view BinaryValue(const arrow::Array& array, int64_t i);

/// Whether entry i is not null, also for arrays of type null.
inline bool IsValid(const arrow::Array& array, int64_t i) {
  return array.type_id() != arrow::Type::NA && array.IsValid(i);
}

/// Minimum and maximum of `count` plain values of format.width bytes, added to `statistics` by the
/// rules of the Parquet format: NaN is left out; a zero minimum becomes -0, a zero maximum +0.
void AddMinMax(const ColumnFormat& format, const uint8_t* values, int64_t count,
               parquet::EncodedStatistics* statistics);

/// The same for values of variable length; left out when one of the two is longer than 64 bytes.
void AddMinMax(const ColumnFormat& format, const std::string_view* values, int64_t count,
               parquet::EncodedStatistics* statistics);

}  // namespace emberharmony::io
