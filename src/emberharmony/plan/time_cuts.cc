#include "emberharmony/plan/time_cuts.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <limits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/calendar.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/instant_internal.h"

namespace emberharmony::plan {
namespace {

using internal::Instant;

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

// Reads fixed-width numbers front to back; after the first mismatch nothing matches.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  bool Digits(size_t n, int* out) {
    if (rest_.size() < n) return false;
    int value = 0;
    for (size_t i = 0; i < n; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(n);
    *out = value;
    return true;
  }
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool ReadDate(TextReader* in, int64_t* days) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!in->Digits(4, &year) || !in->Take('-') || !in->Digits(2, &month) || !in->Take('-') ||
      !in->Digits(2, &day) || month < 1 || month > 12 || day < 1) {
    return false;
  }
  *days = feature::DaysOf(year, month, day);
  // A day beyond the month's end would be one of the next month.
  return feature::CalendarDayOf(*days).month == month && day <= 31;
}

bool ReadTime(TextReader* in, Instant* instant) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!in->Digits(2, &hour) || !in->Take(':') || !in->Digits(2, &minute)) return false;
  if (in->Take(':')) {
    if (!in->Digits(2, &second)) return false;
    if (in->Take('.')) {
      int32_t place = static_cast<int32_t>(kNanosPerSecond / 10);
      int digit = 0;
      if (!in->Digits(1, &digit)) return false;
      do {
        if (place == 0) return false;
        instant->nanoseconds += digit * place;
        place /= 10;
      } while (in->Digits(1, &digit));
    }
  }
  instant->has_time = true;
  instant->seconds += hour * 3600 + minute * 60 + second;
  return hour < 24 && minute < 60 && second < 60;
}

bool ReadOffset(TextReader* in, Instant* instant) {
  if (in->Take('Z')) {
    instant->has_offset = true;
    return true;
  }
  const bool east = in->Take('+');
  if (!east && !in->Take('-')) return true;
  int hours = 0;
  int minutes = 0;
  if (!in->Digits(2, &hours)) return false;
  if (in->Take(':')) {
    if (!in->Digits(2, &minutes)) return false;
  } else {
    in->Digits(2, &minutes);
  }
  instant->has_offset = true;
  instant->seconds += (east ? -1 : 1) * (hours * 3600 + minutes * 60);
  return hours < 24 && minutes < 60;
}

const arrow::DataType& CutValueType(const arrow::DataType& type) {
  return type.id() == arrow::Type::DICTIONARY
             ? *static_cast<const arrow::DictionaryType&>(type).value_type()
             : type;
}

bool IsDate(const arrow::DataType& type) {
  return type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::DATE64;
}

bool IsZoned(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

int64_t UnitsPerSecond(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE64) return 1000;
  switch (static_cast<const arrow::TimestampType&>(type).unit()) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      break;
  }
  return kNanosPerSecond;
}

// The first value of the type that is not before the instant; absent when none can be.
std::optional<int64_t> FirstValueFrom(const Instant& instant, const arrow::DataType& type) {
  // A date is given for a date: see GivenCuts.
  if (type.id() == arrow::Type::DATE32)
    return feature::FloorDivide(instant.seconds, kSecondsPerDay);
  const int64_t units = UnitsPerSecond(type);
  const int64_t nanos_per_unit = kNanosPerSecond / units;
  const __int128 value = static_cast<__int128>(instant.seconds) * units +
                         (instant.nanoseconds + nanos_per_unit - 1) / nanos_per_unit;
  if (value > std::numeric_limits<int64_t>::max()) return std::nullopt;
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

std::string DayText(int64_t days) {
  const feature::CalendarDay day = feature::CalendarDayOf(days);
  return fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
}

}  // namespace

namespace internal {

arrow::Result<Instant> ParseInstant(std::string_view text) {
  TextReader in(text);
  Instant instant;
  int64_t days = 0;
  bool sound = ReadDate(&in, &days);
  instant.seconds = days * kSecondsPerDay;
  if (sound && (in.Take(' ') || in.Take('T'))) {
    sound = ReadTime(&in, &instant) && ReadOffset(&in, &instant);
  }
  if (sound && in.at_end()) return instant;
  return base::UsageError("expected an instant such as 2001-01-31 or 2001-01-31 05:06:07.25");
}

}  // namespace internal

arrow::Status CheckTimeType(const arrow::DataType& type) {
  const arrow::DataType& value_type = CutValueType(type);
  if (IsDate(value_type) || value_type.id() == arrow::Type::TIMESTAMP) return arrow::Status::OK();
  return base::UsageError("a time split takes a column of dates or timestamps, found " +
                          value_type.ToString() +
                          "; convert it in the source, or split by method: hash");
}

arrow::Result<std::optional<TimeCuts>> GivenCuts(const SplitSpec& split,
                                                 const arrow::DataType& column_type) {
  if (!split.validation_from.has_value() && !split.test_from.has_value()) return std::nullopt;
  ARROW_RETURN_NOT_OK(CheckTimeType(column_type));
  const arrow::DataType& type = CutValueType(column_type);
  TimeCuts cuts;
  const auto read = [&](const std::optional<std::string>& text,
                        std::optional<int64_t>* cut) -> arrow::Status {
    if (!text.has_value()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const Instant instant, internal::ParseInstant(*text));
    const std::string found = internal::Quoted(*text) + " for a column of " + type.ToString();
    if (IsDate(type) && instant.has_time) {
      return base::UsageError("a date such as 2001-01-31 was expected, found " + found);
    }
    if (instant.has_offset && !IsZoned(type)) {
      return base::UsageError("an instant without an offset from UTC was expected, found " + found);
    }
    *cut = FirstValueFrom(instant, type);
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(read(split.validation_from, &cuts.validation_from));
  ARROW_RETURN_NOT_OK(read(split.test_from, &cuts.test_from));
  return cuts;
}

std::string InstantText(int64_t value, const arrow::DataType& column_type) {
  const arrow::DataType& type = CutValueType(column_type);
  if (type.id() == arrow::Type::DATE32) return DayText(value);
  const int64_t units = UnitsPerSecond(type);
  const int64_t seconds = feature::FloorDivide(value, units);
  // Modulo 2^64: the first second of the smallest values begins before what 64 bits hold.
  const auto units_left = static_cast<int64_t>(
      static_cast<uint64_t>(value) - static_cast<uint64_t>(seconds) * static_cast<uint64_t>(units));
  const int64_t days = feature::FloorDivide(seconds, kSecondsPerDay);
  if (IsDate(type)) return DayText(days);
  const int64_t second = seconds - days * kSecondsPerDay;
  std::string text = fmt::format("{} {:02}:{:02}:{:02}", DayText(days), second / 3600,
                                 second / 60 % 60, second % 60);
  if (units_left != 0) {
    std::string fraction = fmt::format("{:09}", units_left * (kNanosPerSecond / units));
    while (fraction.ends_with("000")) fraction.resize(fraction.size() - 3);
    text += "." + fraction;
  }
  return IsZoned(type) ? text + "+00" : text;
}

}  // namespace emberharmony::plan
