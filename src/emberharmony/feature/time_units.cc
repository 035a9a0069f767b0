#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/time_units_internal.h"

namespace emberharmony::feature {

arrow::Status CheckCalendarType(const std::string& step, const ColumnInfo& input) {
  const arrow::Type::type id = input.type->id();
  const bool is_calendar =
      id == arrow::Type::DATE32 || id == arrow::Type::DATE64 || id == arrow::Type::TIMESTAMP;
  if (!input.numeric_form && is_calendar) return arrow::Status::OK();
  return base::UsageError(step + " takes dates and timestamps, and column '" + input.name +
                          "' is " + input.type->ToString());
}

int64_t UnitsPerDay(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE32) return 1;
  if (type.id() == arrow::Type::DATE64) return kSecondsPerDay * 1000;
  switch (static_cast<const arrow::TimestampType&>(type).unit()) {
    case arrow::TimeUnit::SECOND:
      return kSecondsPerDay;
    case arrow::TimeUnit::MILLI:
      return kSecondsPerDay * 1000;
    case arrow::TimeUnit::MICRO:
      return kSecondsPerDay * 1000 * 1000;
    case arrow::TimeUnit::NANO:
      break;
  }
  return kSecondsPerDay * 1000 * 1000 * 1000;
}

}  // namespace emberharmony::feature
