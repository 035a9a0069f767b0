#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <cstring>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/csv_text_internal.h"
#include "emberharmony/io/csv_values_internal.h"

namespace emberharmony::io::internal {
namespace {

/// Which rows are not null; nothing is allocated before the first that is.
class Validity {
 public:
  Validity(int64_t num_rows, arrow::MemoryPool* pool) : num_rows_(num_rows), bits_(pool) {}

  arrow::Status SetNull(int64_t row) {
    if (num_nulls_++ == 0) {
      ARROW_RETURN_NOT_OK(bits_.Resize(arrow::bit_util::BytesForBits(num_rows_)));
      std::memset(bits_.data(), 0xFF, static_cast<size_t>(bits_.size()));
    }
    arrow::bit_util::ClearBit(bits_.data(), row);
    return arrow::Status::OK();
  }

  int64_t num_nulls() const { return num_nulls_; }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish() {
    if (num_nulls_ == 0) return nullptr;
    return bits_.Finish();
  }

 private:
  const int64_t num_rows_;
  int64_t num_nulls_ = 0;
  PooledArray<uint8_t> bits_;
};

/// `parse` yields what goes into the array, or nothing for a conflict.
template <typename Value, typename Parse>
arrow::Result<std::shared_ptr<arrow::Array>> ConvertFixed(const char* text,
                                                          std::span<const CsvField> fields,
                                                          std::shared_ptr<arrow::DataType> type,
                                                          arrow::MemoryPool* pool,
                                                          int64_t* conflict, Parse parse) {
  const auto num_rows = static_cast<int64_t>(fields.size());
  PooledArray<Value> values(pool);
  ARROW_RETURN_NOT_OK(values.Resize(num_rows));
  Validity validity(num_rows, pool);
  Value* out = values.data();
  for (int64_t row = 0; row < num_rows; ++row) {
    const CsvField& field = fields[static_cast<size_t>(row)];
    if (field.size == 0) {
      out[row] = Value{};
      ARROW_RETURN_NOT_OK(validity.SetNull(row));
    } else if (const auto value = parse(field.in(text))) {
      out[row] = *value;
    } else {
      *conflict = row;
      return nullptr;
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, validity.Finish());
  ARROW_ASSIGN_OR_RAISE(auto buffer, values.Finish());
  return arrow::MakeArray(arrow::ArrayData::Make(
      std::move(type), num_rows, {std::move(valid), std::move(buffer)}, validity.num_nulls()));
}

arrow::Result<std::shared_ptr<arrow::Array>> ConvertBools(const char* text,
                                                          std::span<const CsvField> fields,
                                                          arrow::MemoryPool* pool,
                                                          int64_t* conflict) {
  const auto num_rows = static_cast<int64_t>(fields.size());
  PooledArray<uint8_t> bits(pool);
  ARROW_RETURN_NOT_OK(bits.Resize(arrow::bit_util::BytesForBits(num_rows)));
  if (num_rows > 0) std::memset(bits.data(), 0, static_cast<size_t>(bits.size()));
  Validity validity(num_rows, pool);
  for (int64_t row = 0; row < num_rows; ++row) {
    const CsvField& field = fields[static_cast<size_t>(row)];
    if (field.size == 0) {
      ARROW_RETURN_NOT_OK(validity.SetNull(row));
    } else if (const auto value = ParseCsvBool(field.in(text))) {
      if (*value) arrow::bit_util::SetBit(bits.data(), row);
    } else {
      *conflict = row;
      return nullptr;
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, validity.Finish());
  ARROW_ASSIGN_OR_RAISE(auto buffer, bits.Finish());
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::boolean(), num_rows, {std::move(valid), std::move(buffer)}, validity.num_nulls()));
}

arrow::Result<std::shared_ptr<arrow::Array>> ConvertStrings(const char* text,
                                                            std::span<const CsvField> fields,
                                                            arrow::MemoryPool* pool) {
  const auto num_rows = static_cast<int64_t>(fields.size());
  PooledArray<int32_t> offsets(pool);
  ARROW_RETURN_NOT_OK(offsets.Resize(num_rows + 1));
  Validity validity(num_rows, pool);
  int64_t size = 0;
  for (int64_t row = 0; row < num_rows; ++row) {
    const CsvField& field = fields[static_cast<size_t>(row)];
    offsets[row] = static_cast<int32_t>(size);
    size += field.size;
    if (field.is_null()) ARROW_RETURN_NOT_OK(validity.SetNull(row));
  }
  // A block's text has less than 2^31 bytes, and so have its fields together.
  offsets[num_rows] = static_cast<int32_t>(size);
  PooledArray<char> bytes(pool);
  ARROW_RETURN_NOT_OK(bytes.Resize(size + kCsvPadding));
  char* out = bytes.data();
  for (const CsvField& field : fields) {
    // Short strings are copied with what is behind them, which the next one overwrites.
    if (field.size <= 16) {
      std::memcpy(out, text + field.begin, 16);
    } else {
      std::memcpy(out, text + field.begin, field.size);
    }
    out += field.size;
  }
  ARROW_RETURN_NOT_OK(bytes.Resize(size));
  ARROW_ASSIGN_OR_RAISE(auto valid, validity.Finish());
  ARROW_ASSIGN_OR_RAISE(auto offset_buffer, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto byte_buffer, bytes.Finish());
  return arrow::MakeArray(arrow::ArrayData::Make(
      arrow::utf8(), num_rows, {std::move(valid), std::move(offset_buffer), std::move(byte_buffer)},
      validity.num_nulls()));
}

/// A timestamp in the type's unit; a date is its midnight where there is no zone.
std::optional<int64_t> ReadTimestamp(std::string_view value, bool zoned, bool nanoseconds) {
  auto timestamp = ParseCsvTimestamp(value);
  if (!timestamp && !zoned) {
    const auto days = ParseCsvDate(value);
    if (days) timestamp = CsvTimestamp{int64_t{*days} * 86400, 0, false};
  }
  if (!timestamp || timestamp->zoned != zoned) return std::nullopt;
  if (nanoseconds) {
    if (!timestamp->fits_nanoseconds()) return std::nullopt;
    return timestamp->seconds * 1000000000 + timestamp->nanoseconds;
  }
  if (timestamp->needs_nanoseconds()) return std::nullopt;
  return timestamp->seconds * 1000000 + timestamp->nanoseconds / 1000;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> ConvertCsvFields(const char* text,
                                                              std::span<const CsvField> fields,
                                                              CsvType type, arrow::MemoryPool* pool,
                                                              int64_t* conflict) {
  *conflict = -1;
  switch (type) {
    case CsvType::kBool:
      return ConvertBools(text, fields, pool, conflict);
    case CsvType::kInt64:
      return ConvertFixed<int64_t>(text, fields, arrow::int64(), pool, conflict, ParseCsvInt64);
    case CsvType::kFloat64:
      return ConvertFixed<double>(text, fields, arrow::float64(), pool, conflict, ParseCsvFloat64);
    case CsvType::kDate:
      return ConvertFixed<int32_t>(text, fields, arrow::date32(), pool, conflict, ParseCsvDate);
    case CsvType::kTimestamp:
    case CsvType::kTimestampNs:
    case CsvType::kTimestampUtc:
    case CsvType::kTimestampNsUtc: {
      const bool zoned = type == CsvType::kTimestampUtc || type == CsvType::kTimestampNsUtc;
      const bool nanoseconds = type == CsvType::kTimestampNs || type == CsvType::kTimestampNsUtc;
      return ConvertFixed<int64_t>(
          text, fields, ArrowTypeOf(type), pool, conflict,
          [&](std::string_view value) { return ReadTimestamp(value, zoned, nanoseconds); });
    }
    case CsvType::kString:
      break;
  }
  return ConvertStrings(text, fields, pool);
}

}  // namespace emberharmony::io::internal
