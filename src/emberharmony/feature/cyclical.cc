#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numbers>
#include <utility>

#include "emberharmony/feature/calendar.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/time_units_internal.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

enum class CyclePart { kHour, kDayOfWeek, kDayOfMonth, kMonth };

struct CyclePartInfo {
  const char* name;
  CyclePart part;
  int period;  ///< part values are 0 .. period - 1
};

constexpr std::array<CyclePartInfo, 4> kCycleParts = {{{"hour", CyclePart::kHour, 24},
                                                       {"day_of_week", CyclePart::kDayOfWeek, 7},
                                                       {"day_of_month", CyclePart::kDayOfMonth, 31},
                                                       {"month", CyclePart::kMonth, 12}}};

/// The part's value that stands for a missing date; its sine and cosine are 0.
constexpr uint8_t kMissingPart = 31;
constexpr size_t kTableSize = 32;

/// The hours of the values' days.
template <int64_t kUnitsPerDay, class T>
void HoursOf(const T* values, int64_t n, uint8_t* out) {
  constexpr int64_t kUnitsPerHour = kUnitsPerDay / 24;
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<uint8_t>(IntoDay<kUnitsPerDay>(values[i]) / kUnitsPerHour);
  }
}

/// part_of(day) of the values' days. Tables are often sorted by time: the day before is remembered.
template <int64_t kUnitsPerDay, class T, class F>
void CycleDayParts(const T* values, int64_t n, F&& part_of, uint8_t* out) {
  int64_t last_days = 0;
  uint8_t last_part = part_of(int64_t{0});
  for (int64_t i = 0; i < n; ++i) {
    const int64_t days = FloorDivide(values[i], kUnitsPerDay);
    if (days != last_days) {
      last_days = days;
      last_part = part_of(days);
    }
    out[i] = last_part;
  }
}

template <int64_t kUnitsPerDay, class T>
void CyclePartsOf(const T* values, int64_t n, CyclePart part, uint8_t* out) {
  const auto week = [](int64_t days) { return static_cast<uint8_t>(DayOfWeek(days)); };
  const auto day = [](int64_t days) { return static_cast<uint8_t>(CalendarDayOf(days).day - 1); };
  const auto month = [](int64_t days) {
    return static_cast<uint8_t>(CalendarDayOf(days).month - 1);
  };
  switch (part) {
    case CyclePart::kHour:
      if constexpr (kUnitsPerDay == 1) {
        std::fill(out, out + n, uint8_t{0});
      } else {
        HoursOf<kUnitsPerDay>(values, n, out);
      }
      return;
    case CyclePart::kDayOfWeek:
      return CycleDayParts<kUnitsPerDay>(values, n, week, out);
    case CyclePart::kDayOfMonth:
      return CycleDayParts<kUnitsPerDay>(values, n, day, out);
    case CyclePart::kMonth:
      return CycleDayParts<kUnitsPerDay>(values, n, month, out);
  }
}

/// `cyclical: [part, ...]`: for each part COLUMN_sin_PART = sin(2 pi v / period) and
/// COLUMN_cos_PART, in that order, of the output type. v and period: hour 0 to 23 of 24;
/// day_of_week of 7, Monday 0; day_of_month less 1 of 31; month less 1 of 12. Zoned timestamps
/// count in UTC. A missing date is 0, 0.
class Cyclical : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.last = true}; }
  nlohmann::json options() const override {
    nlohmann::json names = nlohmann::json::array();
    for (const PartTables& part : parts_) names.push_back(part.info.name);
    return {{"parts", std::move(names)}};
  }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override;
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  using Table = std::array<double, kTableSize>;
  struct PartTables {
    CyclePartInfo info;
    Table sines;    ///< by the part's value; 0 from the period on
    Table cosines;  ///< the same
  };

  explicit Cyclical(const TransformContext& context)
      : input_(context.input), output_type_(context.output_type) {}

  static PartTables MakeTables(const CyclePartInfo& info);
  void ReadParts(const ValueBlock& input, CyclePart part, uint8_t* out) const;
  arrow::Result<ValueBlock> LookUp(const uint8_t* parts, int64_t n, const Table& table,
                                   arrow::MemoryPool* pool) const;

  static inline const std::string kName = "cyclical";
  ColumnInfo input_;
  std::shared_ptr<arrow::DataType> output_type_;
  std::vector<PartTables> parts_;
};

arrow::Result<std::unique_ptr<Transform>> Cyclical::Make(const nlohmann::json& options,
                                                         const TransformContext& context) {
  StepOptions reader(kName, options, "parts");
  std::vector<std::string> names;
  for (const CyclePartInfo& info : kCycleParts) names.emplace_back(info.name);
  const std::vector<std::string> chosen = reader.Choices("parts", names);
  ARROW_RETURN_NOT_OK(reader.Finish());
  ARROW_RETURN_NOT_OK(CheckCalendarType(kName, context.input));
  auto step = std::unique_ptr<Cyclical>(new Cyclical(context));
  ARROW_RETURN_NOT_OK(ops::Catch([&] {
    for (const std::string& name : chosen) {
      for (const CyclePartInfo& info : kCycleParts) {
        if (name == info.name) step->parts_.push_back(MakeTables(info));
      }
    }
  }));
  return std::unique_ptr<Transform>(std::move(step));
}

Cyclical::PartTables Cyclical::MakeTables(const CyclePartInfo& info) {
  PartTables tables{info, {}, {}};
  const tensor::Tensor values =
      ops::astype(ops::arange(int64_t{0}, int64_t{info.period}), tensor::DType::kFloat64);
  const tensor::Tensor angles =
      ops::divide(ops::multiply(values, 2 * std::numbers::pi), static_cast<double>(info.period));
  const tensor::Tensor sines = ops::sin(angles);
  const tensor::Tensor cosines = ops::cos(angles);
  std::ranges::copy(sines.values<double>(), tables.sines.begin());
  std::ranges::copy(cosines.values<double>(), tables.cosines.begin());
  // Day 31 shares its slot with nothing: values end at 30.
  static_assert(kMissingPart == kTableSize - 1);
  return tables;
}

std::vector<ColumnInfo> Cyclical::outputs() const {
  std::vector<ColumnInfo> outputs;
  for (const PartTables& part : parts_) {
    for (const char* function : {"_sin_", "_cos_"}) {
      ColumnInfo output;
      output.name = input_.name + function + part.info.name;
      output.type = output_type_;
      output.nullable = false;
      output.lower_bound = -1;
      output.final_type = true;
      outputs.push_back(std::move(output));
    }
  }
  return outputs;
}

void Cyclical::ReadParts(const ValueBlock& input, CyclePart part, uint8_t* out) const {
  const arrow::Array& values = *input.values;
  const int64_t n = values.length();
  WithUnitsPerDay(UnitsPerDay(*input_.type),
                  [&]<int64_t kUnits>(std::integral_constant<int64_t, kUnits>) {
                    if constexpr (kUnits == 1) {
                      CyclePartsOf<kUnits>(values.data()->GetValues<int32_t>(1), n, part, out);
                    } else {
                      CyclePartsOf<kUnits>(values.data()->GetValues<int64_t>(1), n, part, out);
                    }
                  });
  if (values.null_count() > 0) {
    for (int64_t i = 0; i < n; ++i) {
      if (values.IsNull(i)) out[i] = kMissingPart;
    }
  }
  if (input.null_slot) out[n] = kMissingPart;
}

arrow::Result<ValueBlock> Cyclical::LookUp(const uint8_t* parts, int64_t n, const Table& table,
                                           arrow::MemoryPool* pool) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * output_type_->byte_width(), pool));
  const auto look_up = [&]<class T>(T* out) {
    std::array<T, kTableSize> cast;
    std::ranges::transform(table, cast.begin(), [](double x) { return static_cast<T>(x); });
    for (int64_t i = 0; i < n; ++i) out[i] = cast[parts[i] % kTableSize];
  };
  output_type_->id() == arrow::Type::DOUBLE
      ? look_up(reinterpret_cast<double*>(buffer->mutable_data()))
      : look_up(reinterpret_cast<float*>(buffer->mutable_data()));
  return ValueBlock{
      arrow::MakeArray(arrow::ArrayData::Make(output_type_, n, {nullptr, std::move(buffer)}, 0)),
      false};
}

arrow::Status Cyclical::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                              std::vector<ValueBlock>* outputs) const {
  const int64_t n = input.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(n, pool));
  for (const PartTables& part : parts_) {
    ReadParts(input, part.info.part, buffer->mutable_data());
    for (const Table* table : {&part.sines, &part.cosines}) {
      ARROW_ASSIGN_OR_RAISE(ValueBlock block, LookUp(buffer->data(), n, *table, pool));
      outputs->push_back(std::move(block));
    }
  }
  return arrow::Status::OK();
}

const TransformRegistration kCyclicalRegistration("cyclical", Cyclical::Make);

}  // namespace
}  // namespace emberharmony::feature
