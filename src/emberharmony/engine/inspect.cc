#include "emberharmony/engine/inspect.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/canonical_json.h"
#include "emberharmony/engine/column_extremes.h"
#include "emberharmony/engine/column_memory.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/job_schedule.h"
#include "emberharmony/engine/weighted_scan.h"
#include "emberharmony/feature/distinct_count.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_json.h"
#include "emberharmony/io/declared_category.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

namespace {

// Up to it doubles hold all integers, and halves of them.
constexpr double kExactIntegerMax = 0x1p53;
constexpr double kQuantiles[] = {0.25, 0.5, 0.75};

bool IsTime(const arrow::DataType& type) {
  return arrow::is_temporal(type.id()) || type.id() == arrow::Type::DURATION;
}

bool HasQuantiles(const arrow::DataType& type) {
  return type.id() != arrow::Type::BOOL && type.id() != arrow::Type::NA &&
         (feature::HasNumericForm(type) || IsTime(type));
}

// Numbers are told apart by a histogram as long as it is exact; all else is counted value by value.
bool IsCounted(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || arrow::is_base_binary_like(type.id()) ||
         type.id() == arrow::Type::FIXED_SIZE_BINARY;
}

arrow::Result<InspectedValue> ValueAt(const arrow::Array& values, int64_t i, int64_t count) {
  InspectedValue value;
  value.text = feature::ValueText(values, i);
  value.count = count;
  if (IsTime(*values.type())) {
    value.value = value.text;
  } else {
    ARROW_ASSIGN_OR_RAISE(value.value, feature::ValueToJson(values, i));
  }
  return value;
}

// A number that stands for a value of the type: times count their unit, and a half of it is cut; so
// is a half between integers where no double holds it.
arrow::Result<InspectedValue> NumberOf(double number,
                                       const std::optional<feature::WholeNumber>& whole,
                                       const std::shared_ptr<arrow::DataType>& type,
                                       int64_t count) {
  const bool has_fraction =
      std::fabs(number) <= kExactIntegerMax && number != std::floor(number) && !IsTime(*type);
  if (!whole || has_fraction) return InspectedValue{number, feature::NumberText(number), count};
  const auto low_bytes = static_cast<uint64_t>(*whole);
  const auto width = static_cast<size_t>(type->byte_width());
  auto bytes = arrow::Buffer::FromString(
      std::string(reinterpret_cast<const char*>(&low_bytes), std::min(width, sizeof(low_bytes))));
  const auto values = arrow::MakeArray(arrow::ArrayData::Make(type, 1, {nullptr, bytes}, 0));
  return ValueAt(*values, 0, count);
}

class InspectJob : public ColumnJob {
 public:
  InspectJob(const io::Source& source, int column, const InspectOptions& options,
             RunContext* context, InspectedColumn* found)
      : source_(source),
        column_(column),
        options_(options),
        context_(context),
        field_(source.schema()->field(column)),
        memory_(*field_, "inspect", context),
        found_(found) {
    const arrow::DataType& type = *field_->type();
    found_->name = field_->name();
    found_->type = field_->type();
    found_->kind = io::IsDeclaredCategory(*field_) ? "categorical" : plan::DetectedKind(type);
    if (HasQuantiles(type)) {
      histogram_ = Add(feature::MakeValueHistogramAnalyzer(options.quantile_keys));
      distinct_ = Add(feature::MakeDistinctCountAnalyzer());
    }
    if (feature::HasNumericForm(type) && type.id() != arrow::Type::NA) {
      moments_ = Add(feature::MakeMomentsAnalyzer());
    }
    if (IsCounted(type)) {
      counts_ = Add(feature::MakeValueCountsAnalyzer({.max_size = options.top_values}));
    }
    ordered_ = ColumnExtremes::Supports(type);
  }

  arrow::Result<bool> BeginPass() override {
    for (const auto& analyzer : analyzers_) {
      ARROW_ASSIGN_OR_RAISE(auto state, analyzer->MakeState(*field_->type(), memory_.options()));
      states_.push_back(std::move(state));
    }
    found_->read = !analyzers_.empty();
    if (!found_->read) ARROW_RETURN_NOT_OK(SuggestSteps());  // nothing else will be known
    return found_->read;
  }

  arrow::Status ProcessUnit(int64_t u) override {
    const base::Activity activity("inspect", field_->name());
    const io::Unit& unit = source_.units()[u];
    const TaskGate::Pass pass = context_->gate()->Enter(ScanBytes(source_, unit, column_));
    ARROW_RETURN_NOT_OK(
        ScanWeighted(source_, unit, column_, nullptr, context_,
                     [&](const auto& values, const int64_t* weights, int64_t null_weight) {
                       return Consume(values, weights, null_weight);
                     }));
    context_->progress()->Advance(unit.num_rows);
    return arrow::Status::OK();
  }

  int source_column() const override { return column_; }

  arrow::Status Consume(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                        int64_t null_weight) override {
    const base::Activity activity("inspect", field_->name());
    std::lock_guard lock(mutex_);
    const feature::WeightedValues weighted{*values, weights, null_weight};
    for (size_t i = 0; i < analyzers_.size(); ++i) {
      ARROW_RETURN_NOT_OK(analyzers_[i]->Update(states_[i].get(), weighted));
    }
    return ordered_ ? extremes_.Update(*values, weights) : arrow::Status::OK();
  }

  arrow::Result<bool> FinishPass() override {
    const base::Activity activity("inspect", field_->name());
    if (found_->read) ARROW_RETURN_NOT_OK(Finish());
    return false;
  }

  void Release() override { states_.clear(); }

 private:
  int Add(std::shared_ptr<const feature::Analyzer> analyzer) {
    analyzers_.push_back(std::move(analyzer));
    return static_cast<int>(analyzers_.size()) - 1;
  }

  template <typename Statistic>
  arrow::Result<std::shared_ptr<const Statistic>> Finalize(int i) {
    ARROW_ASSIGN_OR_RAISE(auto statistic, analyzers_[i]->Finalize(*states_[i]));
    return std::static_pointer_cast<const Statistic>(std::move(statistic));
  }

  arrow::Status Finish() {
    if (counts_ >= 0) ARROW_RETURN_NOT_OK(FinishCounts());
    if (histogram_ >= 0) ARROW_RETURN_NOT_OK(FinishHistogram());
    if (moments_ >= 0) {
      ARROW_ASSIGN_OR_RAISE(auto moments, Finalize<feature::MomentsStatistic>(moments_));
      found_->moments = *moments;
      profile_.min = moments->min;
      profile_.max = moments->max;
      profile_.infinity_count = moments->infinity_count;
    }
    if (extremes_.min() != nullptr) {
      ARROW_ASSIGN_OR_RAISE(found_->min, ValueAt(*extremes_.min(), 0, 0));
      ARROW_ASSIGN_OR_RAISE(found_->max, ValueAt(*extremes_.max(), 0, 0));
    }
    return SuggestSteps();
  }

  arrow::Status FinishCounts() {
    ARROW_ASSIGN_OR_RAISE(auto counts, Finalize<feature::ValueCountsStatistic>(counts_));
    found_->count = profile_.count = counts->count;
    found_->null_count = profile_.null_count = counts->null_count;
    found_->distinct_count = profile_.distinct_count = counts->distinct_count;
    found_->top_known = true;
    for (int64_t i = 0; i < counts->values->length(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto value, ValueAt(*counts->values, i, counts->counts->Value(i)));
      found_->top.push_back(std::move(value));
    }
    return arrow::Status::OK();
  }

  arrow::Status FinishHistogram() {
    ARROW_ASSIGN_OR_RAISE(auto histogram, Finalize<feature::QuantileStatistic>(histogram_));
    ARROW_ASSIGN_OR_RAISE(auto distinct, Finalize<feature::DistinctCountStatistic>(distinct_));
    found_->count = profile_.count = distinct->count;
    found_->null_count = profile_.null_count = distinct->null_count;
    profile_.distinct_count = distinct->distinct_count;
    profile_.distinct_exact = distinct->exact;
    // Doubles stand for decimals of up to 15 digits one to one, and for floats always.
    const bool own = !arrow::is_decimal(field_->type()->id());
    if (histogram->infinity_count() > 0) {
      found_->top_unknown = "not told of a column with infinities";
    } else if (!own) {
      found_->top_unknown = "not told of decimals";
    } else if (!histogram->exact()) {
      found_->top_unknown = "too many distinct values to tell";
    }
    found_->top_known = found_->top_unknown.empty();
    found_->distinct_exact = distinct->exact || found_->top_known;
    found_->distinct_count = found_->top_known ? histogram->num_keys() : distinct->distinct_count;
    if (found_->top_known) {
      for (const feature::CountedNumber& entry :
           histogram->MostFrequentValues(options_.top_values)) {
        ARROW_ASSIGN_OR_RAISE(auto value,
                              NumberOf(entry.value, entry.whole, field_->type(), entry.count));
        found_->top.push_back(std::move(value));
      }
    }
    if (histogram->num_keys() == 0) return arrow::Status::OK();
    for (const double q : kQuantiles) {
      const auto estimate = q == 0.5 ? histogram->Median() : histogram->Quantile(q);
      ARROW_ASSIGN_OR_RAISE(auto value,
                            NumberOf(estimate.value, estimate.whole, field_->type(), 0));
      found_->quantiles.push_back({q, std::move(value), estimate.error_bound});
    }
    return arrow::Status::OK();
  }

  arrow::Status SuggestSteps() {
    plan::AutomaticPlanOptions options;
    options.high_null_threshold = options_.high_null_threshold;
    ARROW_ASSIGN_OR_RAISE(plan::Plan plan,
                          plan::MakeAutomaticPlan(arrow::Schema({field_}), {profile_}, options));
    if (plan.features.empty() && found_->distinct_exact && !profile_.distinct_exact) {
      // A plan decides by its estimate; the reason tells the exact count where it is one as well.
      plan::ColumnProfile exact = profile_;
      exact.distinct_count = found_->distinct_count;
      exact.distinct_exact = true;
      ARROW_ASSIGN_OR_RAISE(plan::Plan same,
                            plan::MakeAutomaticPlan(arrow::Schema({field_}), {exact}, options));
      if (same.features.empty()) plan = std::move(same);
    }
    if (!plan.features.empty()) {
      found_->steps = plan::WriteSteps(plan.features[0].steps);
      return arrow::Status::OK();
    }
    if (plan.comments.empty()) return arrow::Status::OK();
    const std::string& comment = plan.comments[0];
    const size_t colon = comment.rfind("': ");
    found_->reason = colon == std::string::npos ? comment : comment.substr(colon + 3);
    return arrow::Status::OK();
  }

  const io::Source& source_;
  const int column_;
  const InspectOptions& options_;
  RunContext* const context_;
  const std::shared_ptr<arrow::Field> field_;
  const ColumnMemory memory_;
  InspectedColumn* const found_;
  std::vector<std::shared_ptr<const feature::Analyzer>> analyzers_;
  int histogram_ = -1, distinct_ = -1, moments_ = -1, counts_ = -1;  // -1: not of this type
  bool ordered_ = false;
  plan::ColumnProfile profile_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<feature::State>> states_;  // guarded by mutex_ during the pass
  ColumnExtremes extremes_;                              // likewise
};

nlohmann::json QuantileJson(const InspectedQuantile& quantile) {
  return {{"q", quantile.q}, {"value", quantile.at.value}, {"error_bound", quantile.error_bound}};
}

nlohmann::json InspectedColumnJson(const InspectedColumn& column) {
  nlohmann::json json = {
      {"name", column.name}, {"type", column.type->ToString()}, {"detected", column.kind}};
  if (!column.steps.empty()) json["suggested_steps"] = column.steps;
  if (!column.reason.empty()) json["left_out"] = column.reason;
  if (!column.read) return json;
  const double rows = static_cast<double>(column.count) + static_cast<double>(column.null_count);
  json["count"] = column.count;
  json["null_count"] = column.null_count;
  json["null_share"] = rows > 0 ? static_cast<double>(column.null_count) / rows : 0.0;
  json["distinct_count"] = column.distinct_count;
  json["distinct_exact"] = column.distinct_exact;
  if (column.min) json["min"] = column.min->value;
  if (column.max) json["max"] = column.max->value;
  if (column.moments) {
    json["infinity_count"] = column.moments->infinity_count;
    if (column.count > column.moments->infinity_count) {
      json["mean"] = column.moments->mean;
      json["variance"] = column.moments->variance;
      json["standard_deviation"] = column.moments->standard_deviation;
    }
  }
  if (!column.quantiles.empty()) {
    json["quantiles"] = nlohmann::json::array();
    for (const auto& quantile : column.quantiles) {
      json["quantiles"].push_back(QuantileJson(quantile));
      if (quantile.q != 0.5) continue;
      json["median"] = quantile.at.value;
      json["median_error_bound"] = quantile.error_bound;
    }
  }
  if (column.top_known) {
    json["top_values"] = nlohmann::json::array();
    for (const auto& value : column.top) {
      json["top_values"].push_back({{"value", value.value}, {"count", value.count}});
    }
  }
  return json;
}

}  // namespace

arrow::Result<std::vector<InspectedColumn>> InspectColumns(const io::Source& source,
                                                           const InspectOptions& options,
                                                           RunContext* context) {
  const int num_columns = source.schema()->num_fields();
  std::vector<InspectedColumn> columns(num_columns);
  std::vector<int> order(num_columns);
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  for (const int column : ByDescendingBytes(source, order)) {
    jobs.push_back(
        std::make_unique<InspectJob>(source, column, options, context, &columns[column]));
  }
  context->progress()->BeginPhase("inspect", source.num_rows() * num_columns, source.num_rows(),
                                  source.num_bytes());
  // Every row counts.
  const auto splits = SplitVectors::Uniform(source, 0);
  ARROW_RETURN_NOT_OK(RunJobs(jobs, source, *splits, context));
  context->progress()->EndPhase();
  return columns;
}

std::string Inspection::ToJson() const {
  nlohmann::json json = {{"version", 1},
                         {"source", source},
                         {"rows", num_rows},
                         {"units", num_units},
                         {"bytes", num_bytes}};
  json["columns"] = nlohmann::json::array();
  for (const InspectedColumn& column : columns)
    json["columns"].push_back(InspectedColumnJson(column));
  return base::CanonicalJson(json);
}

}  // namespace emberharmony::engine
