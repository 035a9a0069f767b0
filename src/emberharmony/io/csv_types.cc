#include <arrow/type.h>

#include "emberharmony/io/csv_text_internal.h"
#include "emberharmony/io/csv_types_internal.h"

namespace emberharmony::io::internal {
namespace {

enum Evidence : uint32_t {
  kSeenBool = 1 << 0,
  kSeenInt64 = 1 << 1,
  kSeenLargeInteger = 1 << 2,  // beyond 64 bits
  kSeenFloat64 = 1 << 3,
  kSeenDate = 1 << 4,
  kSeenTimestamp = 1 << 5,
  kSeenZonedTimestamp = 1 << 6,
  kSeenNanoseconds = 1 << 7,
  kSeenBeyondNanoseconds = 1 << 8,  // the year is too far for nanoseconds in 64 bits
  kSeenText = 1 << 9,
};

bool OnlyAmong(uint32_t seen, uint32_t allowed) { return (seen & ~allowed) == 0; }

}  // namespace

std::shared_ptr<arrow::DataType> ArrowTypeOf(CsvType type) {
  switch (type) {
    case CsvType::kBool:
      return arrow::boolean();
    case CsvType::kInt64:
      return arrow::int64();
    case CsvType::kFloat64:
      return arrow::float64();
    case CsvType::kDate:
      return arrow::date32();
    case CsvType::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case CsvType::kTimestampNs:
      return arrow::timestamp(arrow::TimeUnit::NANO);
    case CsvType::kTimestampUtc:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case CsvType::kTimestampNsUtc:
      return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
    case CsvType::kString:
      break;
  }
  return arrow::utf8();
}

std::optional<CsvType> CsvTypeOf(const arrow::DataType& type) {
  for (const CsvType each : {CsvType::kBool, CsvType::kInt64, CsvType::kFloat64, CsvType::kDate,
                             CsvType::kTimestamp, CsvType::kTimestampNs, CsvType::kTimestampUtc,
                             CsvType::kTimestampNsUtc, CsvType::kString}) {
    if (ArrowTypeOf(each)->Equals(type)) return each;
  }
  return std::nullopt;
}

void CsvTypeEvidence::Add(const char* text, std::span<const CsvField> fields) {
  for (const CsvField& field : fields) {
    if ((seen_ & kSeenText) != 0) return;
    if (field.size > 0) seen_ |= Classify(field.in(text));
  }
}

uint32_t CsvTypeEvidence::Classify(std::string_view value) const {
  // What the column has been so far is tried first.
  if (seen_ == kSeenTimestamp) {
    const auto timestamp = ParseCsvTimestamp(value);
    if (timestamp && !timestamp->zoned && timestamp->fits_nanoseconds() &&
        !timestamp->needs_nanoseconds()) {
      return kSeenTimestamp;
    }
  }
  if (ParseCsvInt64(value)) return kSeenInt64;
  if (IsCsvInteger(value)) return kSeenLargeInteger;
  if (ParseCsvFloat64(value)) return kSeenFloat64;
  if (ParseCsvBool(value)) return kSeenBool;
  if (const auto days = ParseCsvDate(value)) {
    const bool far = !CsvTimestamp{int64_t{*days} * 86400, 0, false}.fits_nanoseconds();
    return far ? kSeenDate | kSeenBeyondNanoseconds : kSeenDate;
  }
  if (const auto timestamp = ParseCsvTimestamp(value)) {
    uint32_t seen = timestamp->zoned ? kSeenZonedTimestamp : kSeenTimestamp;
    if (timestamp->needs_nanoseconds()) seen |= kSeenNanoseconds;
    if (!timestamp->fits_nanoseconds()) seen |= kSeenBeyondNanoseconds;
    return seen;
  }
  return kSeenText;
}

CsvType CsvTypeEvidence::Resolve() const {
  const uint32_t seen = seen_ & ~kSeenBeyondNanoseconds;
  if (seen == 0) return CsvType::kString;
  if (OnlyAmong(seen, kSeenBool)) return CsvType::kBool;
  if (OnlyAmong(seen, kSeenInt64)) return CsvType::kInt64;
  if (OnlyAmong(seen, kSeenInt64 | kSeenLargeInteger)) return CsvType::kString;
  if (OnlyAmong(seen, kSeenInt64 | kSeenLargeInteger | kSeenFloat64)) return CsvType::kFloat64;
  if (OnlyAmong(seen, kSeenDate)) return CsvType::kDate;
  const bool nanoseconds = (seen & kSeenNanoseconds) != 0;
  if (nanoseconds && (seen_ & kSeenBeyondNanoseconds) != 0) return CsvType::kString;
  if (OnlyAmong(seen, kSeenDate | kSeenTimestamp | kSeenNanoseconds)) {
    return nanoseconds ? CsvType::kTimestampNs : CsvType::kTimestamp;
  }
  if (OnlyAmong(seen, kSeenZonedTimestamp | kSeenNanoseconds)) {
    return nanoseconds ? CsvType::kTimestampNsUtc : CsvType::kTimestampUtc;
  }
  return CsvType::kString;
}

}  // namespace emberharmony::io::internal
