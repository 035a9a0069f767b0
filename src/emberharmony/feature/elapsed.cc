#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/time_units_internal.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::feature {
namespace {

struct ElapsedUnit {
  const char* name;
  int64_t seconds;
};

constexpr std::array<ElapsedUnit, 5> kElapsedUnits = {{{"seconds", 1},
                                                       {"minutes", 60},
                                                       {"hours", 3600},
                                                       {"days", kSecondsPerDay},
                                                       {"weeks", 7 * kSecondsPerDay}}};

/// `elapsed: {since: INSTANT | min, unit: days}`: the time from an instant, or from the earliest of
/// the training rows, to the value, as a number; negative before it.
class Elapsed : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.exact_type = true}; }
  nlohmann::json options() const override { return {{"since", since_}, {"unit", unit_->name}}; }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    if (!learns_) return {};
    return {MakeMomentsAnalyzer()};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit Elapsed(const TransformContext& context) : input_(context.input) {
    output_.name = context.input.name;
    output_.type = arrow::float64();
    output_.numeric_form = true;
    output_.nullable = context.input.nullable;
  }

  static inline const std::string kName = "elapsed";
  ColumnInfo input_;
  ColumnInfo output_;
  nlohmann::json since_ = "min";
  const ElapsedUnit* unit_ = &kElapsedUnits[3];
  bool learns_ = true;

  std::optional<int64_t> origin_;  ///< in the column's unit; known once given or learned
  int64_t count_ = 0;              ///< learned, like the next
  int64_t null_count_ = 0;
};

int64_t ElapsedIntegerOf(const arrow::Array& values, int64_t i) {
  return values.type_id() == arrow::Type::DATE32 ? values.data()->GetValues<int32_t>(1)[i]
                                                 : values.data()->GetValues<int64_t>(1)[i];
}

arrow::Result<std::unique_ptr<Transform>> Elapsed::Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
  StepOptions reader(kName, options, "since");
  auto step = std::unique_ptr<Elapsed>(new Elapsed(context));
  std::vector<std::string> units;
  for (const ElapsedUnit& unit : kElapsedUnits) units.emplace_back(unit.name);
  const std::string unit = reader.Choice("unit", units, "days");
  for (const ElapsedUnit& each : kElapsedUnits) {
    if (unit == each.name) step->unit_ = &each;
  }
  const nlohmann::json* since = reader.Value("since");
  if (since != nullptr) step->since_ = *since;
  step->learns_ = step->since_ == "min";
  const arrow::Status fits = CheckCalendarType(kName, context.input);
  if (fits.ok() && !step->learns_) {
    const auto origin = ValueFromPlan(step->since_, context.input.type);
    if (origin.ok()) {
      step->origin_ = ElapsedIntegerOf(**origin, 0);
    } else {
      reader.AddFault("option 'since' must be min or an instant, such as 2001-01-31: " +
                      origin.status().message());
    }
  }
  ARROW_RETURN_NOT_OK(reader.Finish());
  ARROW_RETURN_NOT_OK(fits);
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status Elapsed::Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1 || !learns_) return WrongStatistics(kName);
  const auto* moments = dynamic_cast<const MomentsStatistic*>(statistics[0].get());
  if (moments == nullptr) return WrongStatistics(kName);
  ARROW_RETURN_NOT_OK(CheckHasValues(input_.name, "minimum", moments->count, moments->null_count));
  // The nearest double: of nanoseconds less than a microsecond off, and always by as much.
  constexpr double kOutside = 9223372036854775808.0;
  if (!(moments->min < kOutside)) {
    return base::DataError("column '" + input_.name +
                           "' has no instant before the last that 64 bits hold; name one: "
                           "elapsed: {since: 2001-01-31}");
  }
  origin_ = static_cast<int64_t>(moments->min);
  count_ = moments->count;
  null_count_ = moments->null_count;
  return arrow::Status::OK();
}

nlohmann::json Elapsed::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (!learns_ || !origin_.has_value()) return described;
  described["origin"] = *origin_;
  described["count"] = count_;
  described["null_count"] = null_count_;
  return described;
}

arrow::Status Elapsed::Restore(const nlohmann::json& learned,
                               const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(*this, input_.name, learned);
  if (!learns_) return facts.Finish();
  const int64_t origin = facts.Integer("origin", std::numeric_limits<int64_t>::min());
  const int64_t count = facts.Integer("count", 1);
  const int64_t null_count = facts.Integer("null_count");
  ARROW_RETURN_NOT_OK(facts.Finish());
  origin_ = origin;
  count_ = count;
  null_count_ = null_count;
  return arrow::Status::OK();
}

arrow::Status Elapsed::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                             std::vector<ValueBlock>* outputs) const {
  const arrow::Array& values = *input.values;
  const int64_t n = values.length();
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(input.length() * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  const int64_t per_day = UnitsPerDay(*input_.type);
  // A day is the unit of dates; of finer types the seconds' parts divide. Both numbers are exact.
  const double multiplier = per_day == 1 ? static_cast<double>(kSecondsPerDay) : 1.0;
  const int64_t per_second = per_day == 1 ? 1 : per_day / kSecondsPerDay;
  const auto divisor = static_cast<double>(per_second) * static_cast<double>(unit_->seconds);
  for (int64_t i = 0; i < n; ++i) {
    if (values.IsNull(i)) {
      out[i] = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const __int128 passed = static_cast<__int128>(ElapsedIntegerOf(values, i)) - *origin_;
    out[i] = static_cast<double>(passed) * multiplier / divisor;
  }
  if (input.null_slot) out[n] = std::numeric_limits<double>::quiet_NaN();
  outputs->push_back(
      {std::make_shared<arrow::DoubleArray>(input.length(), std::move(buffer)), false});
  return arrow::Status::OK();
}

const TransformRegistration kElapsedRegistration("elapsed", Elapsed::Make);

}  // namespace
}  // namespace emberharmony::feature
