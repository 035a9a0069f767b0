#include "emberharmony/engine/explain.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/plural.h"
#include "emberharmony/base/saturating.h"
#include "emberharmony/engine/derived_columns.h"
#include "emberharmony/engine/memory_forecast.h"
#include "emberharmony/engine/output_forecast.h"
#include "emberharmony/engine/output_layout.h"
#include "emberharmony/engine/pass_forecast.h"
#include "emberharmony/engine/planned_run.h"
#include "emberharmony/engine/shown_text.h"
#include "emberharmony/io/object_stores.h"

namespace emberharmony::engine {

namespace {

// A step on categories that may yield more columns than this is worth a word.
constexpr int64_t kWideOneHot = 1000;

std::string QuotedName(const std::string& name) { return "'" + ShownText(name, 80) + "'"; }

const char* MethodName(plan::SplitMethod method) {
  switch (method) {
    case plan::SplitMethod::kHash:
      return "hash";
    case plan::SplitMethod::kTime:
      return "time";
    case plan::SplitMethod::kRandom:
      return "random";
  }
  return "";
}

// What a run would end with, or the user may not expect.
class ExplainedWarnings {
 public:
  ExplainedWarnings(const PlannedRun& run, const Explanation& explanation)
      : run_(run), source_(run.source()), explanation_(explanation) {}

  std::vector<std::string> Make() {
    warnings_ = source_.warnings();
    if (source_.num_rows() == 0) {
      warnings_.push_back(
          "the source has no rows: the output would have columns, but nothing in them, and a step "
          "that needs values to learn from ends a run with status 1");
    }
    WarnOfNullInstants();
    WarnOfMissingValues();
    WarnOfFewRows();
    WarnOfCategories();
    WarnOfMatrix();
    WarnOfMemory();
    return std::move(warnings_);
  }

 private:
  void WarnOfNullInstants() {
    const plan::SplitSpec& split = run_.plan().split;
    if (split.method != plan::SplitMethod::kTime || run_.reading.only_split >= 0) return;
    int64_t nulls = 0;
    for (const io::Unit& unit : source_.units()) {
      const int64_t known = source_.Hint(unit, run_.reading.columns[0]).null_count;
      nulls = base::SaturatingAdd(nulls, std::max<int64_t>(0, known));
    }
    if (nulls == 0) return;
    const bool may_be_left_out =
        run_.requested.filter != nullptr || run_.given.required_column().has_value();
    warnings_.push_back(fmt::format(
        "the split's time column {} is null in {} rows{}; leave them out with --where '{} IS NOT "
        "NULL', or split by method: hash",
        QuotedName(split.time_column), ShownCount(nulls),
        may_be_left_out ? ": unless all of them are left out, a run ends with status 1"
                        : ": a run ends with status 1",
        ShownText(split.time_column)));
  }

  // Steps that take a statistic of values end a run where there are none.
  static bool NeedsValues(const feature::Transform& step) {
    return !step.analyzers().empty() && !step.traits().last;
  }

  // -1 where the source does not know.
  int64_t CountNulls(int column) const {
    int64_t nulls = 0;
    for (const io::Unit& unit : source_.units()) {
      const int64_t known = source_.Hint(unit, column).null_count;
      if (known < 0) return -1;
      nulls = base::SaturatingAdd(nulls, known);
    }
    return nulls;
  }

  // Of columns of the table, and of what row-wise steps take of them.
  void WarnOfMissingValues() {
    if (source_.num_rows() == 0) return;
    const plan::BoundPlan& bound = run_.given.bound;
    for (size_t i = 0; i < bound.pipelines.size(); ++i)
      WarnOfNoValues(*bound.pipelines[i], bound.source_columns[i]);
    for (size_t r = 0; r < bound.row_steps.size(); ++r) {
      const plan::BoundRowStep& row_step = bound.row_steps[r];
      const auto& sampled = run_.sample.row_steps;
      const std::string fault = r < sampled.size() ? sampled[r].fault : "";
      if (!fault.empty()) {
        warnings_.push_back(fmt::format(
            "{}: one of the first {} rows is so, and if it is of training a run ends with status 1",
            fault, ShownCount(run_.sample.num_rows)));
      }
      for (size_t i = 0; i < row_step.inputs.size(); ++i) {
        WarnOfNoValues(*row_step.inputs[i], row_step.source_columns[i]);
        if (row_step.step->name() == "pca" && row_step.stage == 0 && fault.empty())
          WarnOfGaps(*row_step.inputs[i], row_step.source_columns[i]);
      }
      if (row_step.learns_from_target &&
          CountNulls(row_step.source_columns.back()) == source_.num_rows()) {
        warnings_.push_back(fmt::format(
            "the target is null in all rows, so {} has nothing to learn from: a run ends with "
            "status 1",
            row_step.step->name()));
      }
    }
  }

  void WarnOfNoValues(const feature::Pipeline& pipeline, int column) {
    for (int s = 0; s < pipeline.num_steps(); ++s) {
      const feature::Transform& step = pipeline.step(s);
      if (step.name() == "impute" && step.analyzers().empty()) return;  // by a constant
      if (!NeedsValues(step)) continue;
      if (CountNulls(column) == source_.num_rows()) {
        warnings_.push_back(fmt::format(
            "column {} is null in all rows, so {} has nothing to learn from: a run ends with "
            "status 1; leave the column out, or fill it first (impute: {{constant: 0}})",
            QuotedName(pipeline.source_column()), step.name()));
      }
      return;
    }
  }

  // What goes into components has no gaps, unless they are filled ahead.
  void WarnOfGaps(const feature::Pipeline& input, int column) {
    for (int s = 0; s < input.num_steps(); ++s) {
      if (input.step(s).name() == "impute") return;
    }
    const int64_t nulls = CountNulls(column);
    if (nulls <= 0) return;
    warnings_.push_back(fmt::format(
        "column {} is null in {}, which pca cannot learn from: if one of them is of training a run "
        "ends with status 1; put an impute step ahead of it",
        QuotedName(input.source_column()), base::Counted(nulls, "row")));
  }

  // Rows are few where perhaps none of them is one of training.
  void WarnOfFewRows() {
    constexpr double kChanceMin = 0.001;
    const plan::SplitSpec& split = run_.plan().split;
    if (split.method == plan::SplitMethod::kTime || source_.num_rows() == 0) return;
    const auto rows = static_cast<double>(source_.num_rows());
    const double chance = std::pow(1 - std::strtod(split.train.c_str(), nullptr), rows);
    const auto& pipelines = run_.given.bound.pipelines;
    const bool learns = std::any_of(pipelines.begin(), pipelines.end(), [](const auto& pipeline) {
      for (int s = 0; s < pipeline->num_steps(); ++s) {
        if (NeedsValues(pipeline->step(s))) return true;
      }
      return false;
    });
    if (!learns || chance < kChanceMin) return;
    warnings_.push_back(fmt::format(
        "of {} perhaps none is of training, and steps learn from those alone: a run without any "
        "ends with status 1; give more rows, or a larger share for training",
        base::Counted(source_.num_rows(), "row")));
  }

  void WarnOfCategories() {
    for (const ExplainedFeature& feature : explanation_.features) {
      if (!feature.categories) continue;
      const ExplainedCategories& categories = *feature.categories;
      // Of a time split by shares the first rows may all be in another split.
      if (categories.sampled_values > categories.limit) {
        warnings_.push_back(fmt::format(
            "column {} has {} distinct values in its first {} rows, and {} may make {} columns: if "
            "the training rows hold as many, a run ends with status 2; {}raise max_categories",
            QuotedName(feature.column), ShownCount(categories.sampled_values),
            ShownCount(categories.sampled_rows), categories.step, ShownCount(categories.limit),
            categories.step == "one_hot" ? "use vocabulary or hash_bucket, or " : ""));
      } else if (categories.columns.min > kWideOneHot) {
        warnings_.push_back(
            fmt::format("column {}: {} yields at least {} columns{}", QuotedName(feature.column),
                        categories.step, ShownCount(categories.columns.min),
                        categories.step == "one_hot" ? "; a vocabulary takes one" : ""));
      }
    }
  }

  // The largest id that a step may give, as far as it can be told; 0 for steps that give none.
  int64_t LargestId(size_t pipeline, int s) const {
    const feature::Transform& step = run_.given.bound.pipelines[pipeline]->step(s);
    const nlohmann::json options = step.options();
    if (step.name() == "hash_bucket") return options.at("buckets").get<int64_t>() - 1;
    if (step.name() != "vocabulary") return 0;
    double values = static_cast<double>(source_.num_rows());
    if (const SampledValues* seen = run_.sample.Find(pipeline, s)) {
      values = static_cast<double>(seen->num_distinct) * run_.growth(*seen);
    }
    if (options.contains("max_size")) values = std::min(values, options["max_size"].get<double>());
    return static_cast<int64_t>(values) + options.at("oov_buckets").get<int64_t>() + 1;
  }

  void WarnOfMatrix() {
    if (run_.plan().layout != plan::Layout::kMatrix || run_.plan().output_dtype != "float32") {
      return;
    }
    for (size_t i = 0; i < explanation_.features.size(); ++i) {
      const feature::Pipeline& pipeline = *run_.given.bound.pipelines[i];
      for (int s = 0; s < pipeline.num_steps(); ++s) {
        const int64_t ids = LargestId(i, s);
        if (ids <= kExactFloatIntegers) continue;
        warnings_.push_back(fmt::format(
            "column {}: {} may give ids above 2^24, which a matrix of float32 can't hold exactly: "
            "a run then ends with status 2; write dtype: float64 or layout: columns, or limit it",
            QuotedName(explanation_.features[i].column), pipeline.step(s).name()));
      }
    }
  }

  void WarnOfMemory() {
    const ExplainedMemory& memory = explanation_.memory;
    if (memory.fits() || memory.fits_tightly()) return;
    warnings_.push_back(fmt::format(
        "a run needs about {} at least, and --memory is {}: it will probably end with status 4; "
        "raise --memory, or ask for less at a time (fewer features, fewer threads)",
        base::FormatByteSize(memory.least_bytes), base::FormatByteSize(memory.limit_bytes)));
  }

  const PlannedRun& run_;
  const io::Source& source_;
  const Explanation& explanation_;
  std::vector<std::string> warnings_;
};

// How many columns features have; of those that are learned one.
int FeatureColumns(const GivenPlan& given) {
  int columns = 0;
  for (const auto& pipeline : given.bound.pipelines) {
    const auto known = static_cast<int>(pipeline->outputs().size());
    columns += known == 0 && !pipeline->learned() ? 1 : known;
  }
  return columns;
}

// The columns that the run learns from, transforms, or looks into for rows to leave out or cut.
std::vector<int> UsedColumns(const PlannedRun& run) {
  std::vector<int> columns = run.given.bound.source_columns;
  for (const plan::BoundRowStep& row_step : run.given.bound.row_steps) {
    columns.insert(columns.end(), row_step.source_columns.begin(), row_step.source_columns.end());
  }
  if (run.given.bound.target_column >= 0) columns.push_back(run.given.bound.target_column);
  if (run.reading.finds_cuts) columns.push_back(run.reading.columns[0]);
  return columns;
}

// Why a service is asked for more than the plan names, and what to change.
void TellWhyAllColumns(RemoteFacts* facts) {
  for (auto& [name, value] : *facts) {
    if (name != io::kColumnsFact) continue;
    value += " (the split hashes whole rows; with a key it would be the plan's columns alone)";
  }
}

void DescribeSplit(const PlannedRun& run, Explanation* explanation) {
  const plan::SplitSpec& split = run.plan().split;
  explanation->split_method = MethodName(split.method);
  explanation->split_columns = split.key;
  if (split.method == plan::SplitMethod::kTime) explanation->split_columns = {split.time_column};
  explanation->whole_rows = run.reading.by_row;
  explanation->seed = split.seed;
}

void SumBytes(Explanation* explanation) {
  Extent output;
  for (const ExplainedSplit& split : explanation->splits) {
    if (split.bytes) output.max = base::SaturatingAdd(output.max, split.bytes->max);
  }
  Extent& total = explanation->bytes_read;
  for (ExplainedPass& pass : explanation->passes) {
    if (pass.phase == "verify") {
      pass.bytes = output.max;
      continue;
    }
    total.min =
        base::SaturatingAdd(total.min, base::SaturatingMultiply(pass.scans.min, pass.bytes));
    total.max =
        base::SaturatingAdd(total.max, base::SaturatingMultiply(pass.scans.max, pass.bytes));
  }
  // A filter may leave out what statistics decide, and rows that do not pass.
  if (!explanation->rows_known) total.min = 0;
}

// Nothing is left where each feature is a one_hot or a multi_hot of a column without values.
bool MayHaveFeatures(const std::vector<ExplainedFeature>& features) {
  return std::any_of(features.begin(), features.end(), [](const ExplainedFeature& feature) {
    return !feature.outputs.empty() || !feature.categories || feature.categories->columns.max > 0;
  });
}

}  // namespace

arrow::Result<Explanation> RunExplain(const SourceRequest& source_request,
                                      const PlanRequest& plan_request, RunContext* context) {
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested, OpenRequested(source_request, context));
  ARROW_ASSIGN_OR_RAISE(auto given, PreparePlan(source_request, requested, plan_request));
  if (!given) return base::UsageError("explain needs a plan; `ember plan` makes one");
  context->set_compute(given->plan.compute);
  RemoteSample service{{}, true};
  if (requested.remote != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        service, SampleRemoteRows(source_request, kSampleRowsMax, ColumnsToRead(given),
                                  given->plan.unit_column.value_or(""), context, &requested));
    ARROW_ASSIGN_OR_RAISE(given, PreparePlan(source_request, requested, plan_request));
  }
  const int num_features = FeatureColumns(*given);
  if (num_features == 0) return NoFeatures(given->plan);
  ARROW_RETURN_NOT_OK(CheckLayout(given->plan, num_features));
  ARROW_ASSIGN_OR_RAISE(SplitReading reading,
                        DecideSplitReading(*requested.whole, *requested.selected, given->plan.split,
                                           /*in_scan=*/true));
  if (reading.by_row) TellWhyAllColumns(&service.facts);
  std::error_code error;
  const auto temporary = std::filesystem::temp_directory_path(error);
  if (!error) context->set_default_spill_dir(temporary.string());
  ARROW_ASSIGN_OR_RAISE(const CategorySample sample,
                        SampleCategories(source_request, requested, *given, context));
  // From here on the table has the columns that row-wise steps will yield.
  requested.selected = WithDerivedColumns(requested.selected, given->bound.derived, nullptr);
  const io::Source& source = *requested.selected;
  // From here on it is a run's memory that counts, and not what this process has left.
  context->budget()->set_limit_bytes(NominalBudgetBytes(context->memory_limit_bytes()));
  const base::Activity activity("explain");
  PlannedRun run{requested, *given, sample, std::move(reading), {}, context};
  run.facts = ColumnFactsOf(source, UsedColumns(run));
  Explanation explanation;
  explanation.source = io::ShownLocation(source_request.location);
  explanation.num_rows = source.num_rows();
  explanation.rows_known = requested.filter == nullptr && service.has_rows;
  explanation.num_units = static_cast<int64_t>(source.units().size());
  explanation.num_bytes = source.num_bytes();
  explanation.num_columns =
      source.schema()->num_fields() - static_cast<int>(given->bound.derived.size());
  DescribeSplit(run, &explanation);
  ARROW_ASSIGN_OR_RAISE(explanation.features, ForecastFeatures(run, plan_request.name));
  if (!MayHaveFeatures(explanation.features)) return NoFeatures(given->plan);
  ForecastOutput(run, &explanation);
  ARROW_ASSIGN_OR_RAISE(explanation.passes, ForecastPasses(run, explanation.features));
  SumBytes(&explanation);
  ForecastMemory(run, &explanation);
  explanation.warnings = ExplainedWarnings(run, explanation).Make();
  explanation.service = std::move(service.facts);
  if (!service.has_rows) {
    explanation.warnings = {
        "the query was not run, since that is billed: rows, bytes, memory and shards are those of "
        "a result without rows"};
  }
  if (!explanation.service.empty() && requested.num_rows > source.num_rows()) {
    explanation.warnings.push_back(fmt::format(
        "rows, bytes, memory and shards are told of the first {} rows; the service estimates {}",
        ShownCount(source.num_rows()), ShownCount(requested.num_rows)));
  }
  return explanation;
}

}  // namespace emberharmony::engine
