#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/calendar.h"
#include "emberharmony/feature/int32_block_internal.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/time_units_internal.h"
#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {
namespace {

enum class Part {
  kYear,
  kIsoYear,
  kQuarter,
  kMonth,
  kWeek,
  kDayOfYear,
  kDayOfMonth,
  kDayOfWeek,
  kIsWeekend,
  kHour,
  kMinute,
  kSecond
};

struct PartInfo {
  const char* name;
  Part part;
};

constexpr std::array<PartInfo, 12> kParts = {{{"year", Part::kYear},
                                              {"iso_year", Part::kIsoYear},
                                              {"quarter", Part::kQuarter},
                                              {"month", Part::kMonth},
                                              {"week", Part::kWeek},
                                              {"day_of_year", Part::kDayOfYear},
                                              {"day_of_month", Part::kDayOfMonth},
                                              {"day_of_week", Part::kDayOfWeek},
                                              {"is_weekend", Part::kIsWeekend},
                                              {"hour", Part::kHour},
                                              {"minute", Part::kMinute},
                                              {"second", Part::kSecond}}};

bool IsTimeOfDay(Part part) { return part >= Part::kHour; }

/// A part that a day alone decides.
int64_t DayPart(Part part, int64_t days) {
  switch (part) {
    case Part::kYear:
      return CalendarDayOf(days).year;
    case Part::kIsoYear:
      return IsoWeekOf(days).year;
    case Part::kQuarter:
      return (CalendarDayOf(days).month - 1) / 3 + 1;
    case Part::kMonth:
      return CalendarDayOf(days).month;
    case Part::kWeek:
      return IsoWeekOf(days).week;
    case Part::kDayOfYear:
      return CalendarDayOf(days).day_of_year;
    case Part::kDayOfMonth:
      return CalendarDayOf(days).day;
    case Part::kIsWeekend:
      return DayOfWeek(days) >= 5 ? 1 : 0;
    default:
      return DayOfWeek(days);
  }
}

/// Parts of the values' days. Tables are often sorted by time: the day before is remembered.
/// *bad is the first value, of those with a bit in `valid`, whose part int32 does not hold.
template <int64_t kUnitsPerDay, class T>
void DayPartsOf(const arrow::Array& array, const T* values, Part part, int32_t* out, int64_t* bad) {
  int64_t last_days = 0;
  int64_t last_part = DayPart(part, 0);
  for (int64_t i = 0; i < array.length(); ++i) {
    const int64_t days = FloorDivide(values[i], kUnitsPerDay);
    if (days != last_days) {
      last_days = days;
      last_part = DayPart(part, days);
    }
    out[i] = static_cast<int32_t>(last_part);
    const bool fits = last_part > kMissingInt32 && last_part <= std::numeric_limits<int32_t>::max();
    if (!fits && *bad < 0 && array.IsValid(i)) *bad = i;
  }
}

template <int64_t kUnitsPerDay>
void TimePartsOf(const int64_t* values, int64_t n, Part part, int32_t* out) {
  constexpr int64_t kUnitsPerSecond = kUnitsPerDay / kSecondsPerDay;
  const int32_t seconds_per_part = part == Part::kHour ? 3600 : part == Part::kMinute ? 60 : 1;
  const int32_t parts_per_whole = part == Part::kHour ? 24 : 60;
  for (int64_t i = 0; i < n; ++i) {
    const auto second = static_cast<int32_t>(IntoDay<kUnitsPerDay>(values[i]) / kUnitsPerSecond);
    out[i] = second / seconds_per_part % parts_per_whole;
  }
}

/// `datetime: [part, ...]`: COLUMN_PART, int32, for each part of a date or timestamp; zoned
/// timestamps count in UTC. Missing stays missing.
class DateTime : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  /// The values of a single part can go on to other steps; several are columns of their own.
  TransformTraits traits() const override {
    return {.last = parts_.size() > 1, .exact_type = true};
  }
  nlohmann::json options() const override {
    nlohmann::json names = nlohmann::json::array();
    for (const PartInfo& part : parts_) names.push_back(part.name);
    return {{"parts", std::move(names)}};
  }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override;
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit DateTime(const TransformContext& context) : input_(context.input) {}

  arrow::Status ReadPart(const arrow::Array& values, Part part, int32_t* out) const;

  static inline const std::string kName = "datetime";
  ColumnInfo input_;
  std::vector<PartInfo> parts_;
};

arrow::Result<std::unique_ptr<Transform>> DateTime::Make(const nlohmann::json& options,
                                                         const TransformContext& context) {
  StepOptions reader(kName, options, "parts");
  std::vector<std::string> names;
  for (const PartInfo& info : kParts) names.emplace_back(info.name);
  const std::vector<std::string> chosen = reader.Choices("parts", names);
  ARROW_RETURN_NOT_OK(reader.Finish());
  ARROW_RETURN_NOT_OK(CheckCalendarType(kName, context.input));
  auto step = std::unique_ptr<DateTime>(new DateTime(context));
  const bool is_date = context.input.type->id() != arrow::Type::TIMESTAMP;
  for (const std::string& name : chosen) {
    const auto info =
        std::ranges::find_if(kParts, [&](const PartInfo& each) { return name == each.name; });
    if (is_date && IsTimeOfDay(info->part)) {
      return base::UsageError("datetime: a date has no " + name + ", and column '" +
                              context.input.name + "' is " + context.input.type->ToString() +
                              "; leave " + name + " out");
    }
    step->parts_.push_back(*info);
  }
  return std::unique_ptr<Transform>(std::move(step));
}

std::vector<ColumnInfo> DateTime::outputs() const {
  std::vector<ColumnInfo> outputs;
  for (const PartInfo& part : parts_) {
    ColumnInfo output;
    output.name = input_.name + "_" + part.name;
    output.type = arrow::int32();
    output.nullable = input_.nullable;
    output.final_type = true;
    outputs.push_back(std::move(output));
  }
  return outputs;
}

arrow::Status DateTime::ReadPart(const arrow::Array& values, Part part, int32_t* out) const {
  int64_t bad = -1;
  WithUnitsPerDay(
      UnitsPerDay(*input_.type), [&]<int64_t kUnits>(std::integral_constant<int64_t, kUnits>) {
        if constexpr (kUnits == 1) {
          DayPartsOf<kUnits>(values, values.data()->GetValues<int32_t>(1), part, out, &bad);
        } else {
          const auto* raw = values.data()->GetValues<int64_t>(1);
          IsTimeOfDay(part) ? TimePartsOf<kUnits>(raw, values.length(), part, out)
                            : DayPartsOf<kUnits>(values, raw, part, out, &bad);
        }
      });
  if (bad >= 0) {
    const int64_t value = values.data()->GetValues<int64_t>(1)[bad];
    return base::DataError("column '" + input_.name + "': the year of " + std::to_string(value) +
                           " (" + input_.type->ToString() +
                           ") does not fit int32; correct the value, or leave the part out");
  }
  if (values.null_count() > 0) {
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsNull(i)) out[i] = kMissingInt32;
    }
  }
  return arrow::Status::OK();
}

arrow::Status DateTime::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                              std::vector<ValueBlock>* outputs) const {
  const int64_t n = input.values->length();
  for (const PartInfo& part : parts_) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int32_t)), pool));
    ARROW_RETURN_NOT_OK(
        ReadPart(*input.values, part.part, reinterpret_cast<int32_t*>(buffer->mutable_data())));
    ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                          Int32Block(std::move(buffer), n, input.null_slot, pool));
    outputs->push_back(std::move(block));
  }
  return arrow::Status::OK();
}

const TransformRegistration kDateTimeRegistration("datetime", DateTime::Make);

}  // namespace
}  // namespace emberharmony::feature
