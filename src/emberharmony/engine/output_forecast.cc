#include "emberharmony/engine/output_forecast.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/saturating.h"
#include "emberharmony/engine/numeric_backends.h"
#include "emberharmony/engine/shown_text.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/io/column_range.h"

namespace emberharmony::engine {

namespace {

using feature::Pipeline;

constexpr const char* kOneHot = "one_hot";
constexpr const char* kMultiHot = "multi_hot";
constexpr const char* kNativeBackendName = "native";
// Statistics are read file by file; those of so many files stay open as it is.
constexpr size_t kFilesWithRangesMax = 64;
// What a shard takes beside its values: magic, footer, a schema's field and a chunk's place for
// each column.
constexpr int64_t kShardBytes = 512;
constexpr int64_t kShardColumnBytes = 220;

// The value at i of integers and dates that fit; nothing for others.
std::optional<int64_t> IntegerAt(const arrow::Array& values, int64_t i) {
  if (values.IsNull(i)) return std::nullopt;
  const auto at = [&]<class Array>(const Array& typed) {
    return static_cast<int64_t>(typed.Value(i));
  };
  switch (values.type_id()) {
    case arrow::Type::INT8:
      return at(static_cast<const arrow::Int8Array&>(values));
    case arrow::Type::INT16:
      return at(static_cast<const arrow::Int16Array&>(values));
    case arrow::Type::INT32:
      return at(static_cast<const arrow::Int32Array&>(values));
    case arrow::Type::INT64:
      return at(static_cast<const arrow::Int64Array&>(values));
    case arrow::Type::UINT8:
      return at(static_cast<const arrow::UInt8Array&>(values));
    case arrow::Type::UINT16:
      return at(static_cast<const arrow::UInt16Array&>(values));
    case arrow::Type::UINT32:
      return at(static_cast<const arrow::UInt32Array&>(values));
    case arrow::Type::DATE32:
      return at(static_cast<const arrow::Date32Array&>(values));
    default:
      return std::nullopt;
  }
}

bool HasRanges(const io::Source& source) {
  std::set<int32_t> files;
  for (const io::Unit& unit : source.units()) {
    files.insert(unit.file);
    if (files.size() > kFilesWithRangesMax) return false;
  }
  return !files.empty();
}

// How many different integers there can be in columns, by the ranges that the source knows; only of
// those of which that can be told. A file is asked once for all of them.
std::map<int, int64_t> ValuesInRanges(const io::Source& source, std::vector<int> columns) {
  std::erase_if(columns, [&](int column) {
    const arrow::Type::type type = source.schema()->field(column)->type()->id();
    return !arrow::is_integer(type) && type != arrow::Type::DATE32;
  });
  if (columns.empty() || !HasRanges(source)) return {};
  struct Range {
    bool known = true;
    std::optional<int64_t> low, high;
  };
  std::vector<Range> ranges(columns.size());
  for (const io::Unit& unit : source.units()) {
    const auto parts = source.Parts(unit, columns);
    // What is wrong with a file is found out when it is read.
    if (!parts.ok()) return {};
    for (const io::UnitPart& part : *parts) {
      for (size_t c = 0; c < columns.size(); ++c) {
        const io::ColumnRange& told = part.columns[c];
        if (told.null_count == part.num_rows) continue;
        Range& range = ranges[c];
        const bool bounded = told.bounds != nullptr;
        const auto low = bounded ? IntegerAt(*told.bounds, 0) : std::nullopt;
        const auto high = bounded ? IntegerAt(*told.bounds, 1) : std::nullopt;
        range.known = range.known && low && high && *low <= *high;
        if (!range.known) continue;
        range.low = std::min(range.low.value_or(*low), *low);
        range.high = std::max(range.high.value_or(*high), *high);
      }
    }
  }
  std::map<int, int64_t> values;
  for (size_t c = 0; c < columns.size(); ++c) {
    const Range& range = ranges[c];
    if (!range.known) continue;
    if (!range.low) {
      values[columns[c]] = 0;
      continue;
    }
    const auto span = static_cast<uint64_t>(*range.high) - static_cast<uint64_t>(*range.low);
    if (span < static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      values[columns[c]] = static_cast<int64_t>(span) + 1;
  }
  return values;
}

std::optional<int64_t> ValuesOfType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return 2;
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return 256;
    default:
      return std::nullopt;
  }
}

// How many different numbers a step that makes buckets puts out.
std::optional<int64_t> ValuesOfStep(const feature::Transform& step) {
  const nlohmann::json options = step.options();
  for (const char* count : {"buckets", "quantiles"}) {
    const auto found = options.find(count);
    if (found != options.end() && found->is_number_integer()) return found->get<int64_t>();
  }
  const auto edges = options.find("edges");
  if (edges == options.end() || !edges->is_array()) return std::nullopt;
  return static_cast<int64_t>(edges->size()) + 1;
}

// The fixed width of a value in bytes; nothing for strings and bytes.
std::optional<int64_t> WidthOf(const arrow::DataType& type) {
  if (!arrow::is_fixed_width(type.id())) return std::nullopt;
  return std::max<int64_t>(1, static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8);
}

class FeatureForecast {
 public:
  FeatureForecast(const PlannedRun& run, const std::string& plan_name)
      : run_(run), source_(run.source()), plan_name_(plan_name) {}

  arrow::Result<std::vector<ExplainedFeature>> Make() {
    std::vector<ExplainedFeature> features;
    std::vector<int> hot_columns;
    const plan::BoundPlan& bound = run_.given.bound;
    for (size_t i = 0; i < bound.pipelines.size(); ++i) {
      const Pipeline& pipeline = *bound.pipelines[i];
      if (pipeline.num_steps() > 0 && pipeline.step(0).name() == kOneHot)
        hot_columns.push_back(bound.source_columns[i]);
    }
    values_in_ranges_ = ValuesInRanges(source_, std::move(hot_columns));
    for (const size_t spec : bound.features) {
      ARROW_ASSIGN_OR_RAISE(ExplainedFeature feature,
                            FeatureOf(run_.plan().features[spec], features.size()));
      features.push_back(std::move(feature));
    }
    if (run_.sample.training_rows) CheckNames();
    if (refusals_.empty()) return features;
    return base::UsageError(fmt::format("{}", fmt::join(refusals_, "\n")));
  }

 private:
  arrow::Result<ExplainedFeature> FeatureOf(const plan::FeatureSpec& spec, size_t index) {
    const Pipeline& pipeline = *run_.given.bound.pipelines[index];
    const int column = run_.given.bound.source_columns[index];
    marks_.push_back(spec.mark);
    ExplainedFeature feature;
    feature.column = pipeline.source_column();
    feature.type = source_.schema()->field(column)->type();
    // Of a derived column: also what has led to it.
    feature.steps_text = plan::WriteSteps(spec.steps);
    feature.outputs = pipeline.outputs();
    const size_t ahead = spec.steps.size() - static_cast<size_t>(pipeline.num_steps());
    if (ahead > 0) AddStepsAhead(column, &feature);
    for (int s = 0; s < pipeline.num_steps(); ++s) {
      const feature::Transform& step = pipeline.step(s);
      feature.steps.push_back(ElementwiseStep(step, pipeline.runs_on_backend(s)));
      const bool makes_columns = step.name() == kOneHot || step.name() == kMultiHot;
      if (!makes_columns || pipeline.learned()) continue;
      // Behind a row-wise step a pipeline has the last of the feature's steps.
      const size_t at = spec.steps.size() - static_cast<size_t>(pipeline.num_steps() - s);
      const plan::Mark mark = at < spec.step_marks.size() ? spec.step_marks[at] : spec.mark;
      feature.categories = CategoriesOf(index, column, s, mark);
    }
    return feature;
  }

  static std::vector<ExplainedFallback> Fallbacks(const NumericPlace& place,
                                                  const std::vector<backend::Op>& operations,
                                                  int rank) {
    std::vector<ExplainedFallback> fallbacks;
    for (backend::NativeOp& each : LeftToNative(place, operations, rank)) {
      fallbacks.push_back({std::move(each.op), std::move(each.reason)});
    }
    return fallbacks;
  }

  // With who computes it where it is applied.
  ExplainedStep ElementwiseStep(const feature::Transform& step, bool runs_on_backend) const {
    ExplainedStep explained{
        step.name(), step.options(), !step.analyzers().empty(), kNativeBackendName, {}};
    if (!runs_on_backend) return explained;
    const NumericBackends& backends = run_.context->backends();
    explained.backend = backends.name_for(/*has_matrix_steps=*/false);
    explained.natively = Fallbacks(backends.elementwise(), step.operations(), 1);
    return explained;
  }

  // The row-wise step that yields a derived column, and all that is ahead of it.
  void AddStepsAhead(int column, ExplainedFeature* feature) const {
    const plan::BoundPlan& bound = run_.given.bound;
    int first = source_.schema()->num_fields() - static_cast<int>(bound.derived.size());
    if (column < first) return;
    for (const plan::BoundRowStep& row_step : bound.row_steps) {
      first += static_cast<int>(row_step.step->outputs().size());
      if (column >= first) continue;
      AddStepsAhead(row_step.source_columns[0], feature);
      const Pipeline& input = *row_step.inputs[0];
      const bool runs_on_backend = RunsOnBackend(row_step, bound.pipelines);
      for (int s = 0; s < input.num_steps(); ++s) {
        feature->steps.push_back(
            ElementwiseStep(input.step(s), runs_on_backend && input.runs_on_backend(s)));
      }
      const auto learner = row_step.step->MakeLearner(nullptr);
      ExplainedStep explained{row_step.step->name(),
                              row_step.step->options(),
                              learner.ok() && *learner != nullptr,
                              kNativeBackendName,
                              {}};
      if (runs_on_backend) {
        const NumericBackends& backends = run_.context->backends();
        explained.backend = backends.name_for(/*has_matrix_steps=*/true);
        explained.natively = Fallbacks(backends.matrix(), row_step.step->operations(), 2);
      }
      feature->steps.push_back(std::move(explained));
      return;
    }
  }

  ExplainedCategories CategoriesOf(size_t index, int column, int step, plan::Mark mark) {
    const Pipeline& pipeline = *run_.given.bound.pipelines[index];
    ExplainedCategories categories;
    categories.step = pipeline.step(step).name();
    categories.limit = pipeline.step(step).options().at("max_categories").get<int64_t>();
    const bool of_lists = categories.step == kMultiHot;
    // A row has one value, or a list of any length.
    const bool is_empty = source_.num_rows() == 0;
    categories.columns = {0, of_lists && !is_empty
                                 ? categories.limit
                                 : std::min(categories.limit, source_.num_rows())};
    const auto bound_by = [&](const std::optional<int64_t>& bound) {
      if (bound) categories.columns.max = std::min(categories.columns.max, *bound);
    };
    if (step == 0) {
      const arrow::DataType& type = *source_.schema()->field(column)->type();
      bound_by(ValuesOfType(of_lists && type.num_fields() == 1 ? *type.field(0)->type() : type));
      const auto in_range = values_in_ranges_.find(column);
      if (in_range != values_in_ranges_.end()) bound_by(in_range->second);
    } else {
      bound_by(ValuesOfStep(pipeline.step(step - 1)));
    }
    if (const SampledValues* seen = run_.sample.Find(index, step)) {
      categories.sampled_rows = run_.sample.num_rows;
      categories.sampled_values = seen->num_distinct;
      if (of_lists) {
        categories.ones_per_row = seen->count / std::max<int64_t>(1, run_.sample.num_rows) + 1;
      }
      if (run_.sample.training_rows) {
        if (seen->num_distinct > categories.limit) Refuse(pipeline, *seen, categories, mark);
        categories.columns.min = std::min(seen->num_distinct, categories.limit);
        if (run_.sample.is_whole_source) categories.columns.max = categories.columns.min;
      }
      categories.columns.max = std::max(categories.columns.max, categories.columns.min);
    }
    categories.expected = ExpectedColumns(index, step, categories.columns);
    return categories;
  }

  // As the sample grows; the most there can be where there is none.
  int64_t ExpectedColumns(size_t index, int step, const Extent& columns) const {
    const SampledValues* seen = run_.sample.Find(index, step);
    if (seen == nullptr) return columns.max;
    const double grown = static_cast<double>(seen->num_distinct) * run_.growth(*seen);
    return std::clamp(static_cast<int64_t>(std::min(grown, 1e9)), columns.min, columns.max);
  }

  void Refuse(const Pipeline& pipeline, const SampledValues& seen,
              const ExplainedCategories& categories, plan::Mark mark) {
    // No other step takes the values of lists.
    const char* instead = categories.step == kMultiHot
                              ? "leave the column out"
                              : "use vocabulary or hash_bucket, which make one column";
    refusals_.push_back(fmt::format(
        "{}: {} of column '{}' would make more columns than it may: the training rows among the "
        "first {} hold {} distinct values already, and max_categories is {}; {}, or raise "
        "max_categories (at most 100000)",
        PlaceOf(mark), categories.step, ShownText(pipeline.source_column()), run_.sample.num_rows,
        seen.num_distinct, categories.limit, instead));
  }

  // The columns that a one_hot is certain to make may have the names of others.
  void CheckNames() {
    const plan::BoundPlan& bound = run_.given.bound;
    std::map<std::string, std::string> makers;
    if (run_.plan().target) makers[run_.plan().target->column] = "the target";
    for (size_t i = 0; i < bound.pipelines.size(); ++i) {
      for (const auto& output : bound.pipelines[i]->outputs()) {
        makers.emplace(output->name(), MakerOf(*bound.pipelines[i]));
      }
    }
    for (size_t i = 0; i < bound.pipelines.size(); ++i) {
      const Pipeline& pipeline = *bound.pipelines[i];
      const SampledValues* seen = run_.sample.Find(i, pipeline.num_steps() - 1);
      if (seen == nullptr) continue;
      for (const std::string& text : seen->category_texts) {
        const std::string name = pipeline.source_column() + "=" + text;
        const auto [other, is_new] = makers.emplace(name, MakerOf(pipeline));
        if (is_new) continue;
        const std::string maker = MakerOf(pipeline);
        refusals_.push_back(fmt::format(
            "{}: two outputs would be named '{}': one of {}, one of {}; leave one out{}",
            PlaceOf(marks_[i]), ShownText(name), other->second, maker,
            other->second == maker ? "" : ", or rename a column of the table"));
        break;
      }
    }
  }

  static std::string MakerOf(const Pipeline& pipeline) {
    return fmt::format("column '{}'", ShownText(pipeline.source_column()));
  }

  std::string PlaceOf(plan::Mark mark) const {
    return mark.line > 0 ? fmt::format("{}:{}:{}", plan_name_, mark.line, mark.column) : plan_name_;
  }

  const PlannedRun& run_;
  const io::Source& source_;
  const std::string& plan_name_;
  std::vector<plan::Mark> marks_;            // of the features
  std::map<int, int64_t> values_in_ranges_;  // by column
  std::vector<std::string> refusals_;
};

// Rows of each split, expected; nothing where only the data say.
std::vector<std::optional<int64_t>> ExpectedRows(const PlannedRun& run, int64_t num_rows) {
  const plan::SplitSpec& split = run.plan().split;
  if (split.method == plan::SplitMethod::kTime) {
    const auto ranks = plan::RanksOf(split, num_rows);
    if (split.by_instants() || !ranks.ok()) return {std::nullopt, std::nullopt, std::nullopt};
    return {ranks->train, ranks->train_and_validation - ranks->train,
            num_rows - ranks->train_and_validation};
  }
  const auto thresholds = plan::ThresholdsOf(split);
  if (!thresholds.ok()) return {std::nullopt, std::nullopt, std::nullopt};
  const auto below = [&](uint32_t threshold) {
    return base::SaturatingScale(num_rows, threshold, plan::SplitThresholds::kBuckets);
  };
  const int64_t train = below(thresholds->train);
  const int64_t train_and_validation = below(thresholds->train_and_validation);
  return {train, train_and_validation - train, num_rows - train_and_validation};
}

// Rows that drop_null leaves out.
Extent RowsDropped(const PlannedRun& run, const std::string& required) {
  const io::Source& source = run.source();
  const int column = source.schema()->GetFieldIndex(required);
  Extent dropped;
  for (const io::Unit& unit : source.units()) {
    const int64_t nulls = source.Hint(unit, column).null_count;
    dropped.min = base::SaturatingAdd(dropped.min, std::max<int64_t>(0, nulls));
    // A NaN counts as well.
    const bool known =
        nulls >= 0 && !arrow::is_floating(source.schema()->field(column)->type()->id());
    dropped.max = base::SaturatingAdd(dropped.max, known ? nulls : unit.num_rows);
  }
  if (run.requested.filter != nullptr) dropped.min = 0;
  return dropped;
}

// How many bytes all rows of an output take in the shards.
class OutputBytes {
 public:
  explicit OutputBytes(const PlannedRun& run) : run_(run), source_(run.source()) {
    for (const io::Unit& unit : source_.units())
      num_rows_ = base::SaturatingAdd(num_rows_, unit.num_rows);
  }

  // An output of a pipeline, or of the target (nullptr). A step on distinct values makes no more of
  // them, so that the column is hardly larger than it was; written plain it has its width.
  int64_t Of(const arrow::Field& output, int source_column, const Pipeline* pipeline) const {
    const int64_t stored = run_.facts.at(source_column).stored_bytes;
    const bool in_matrix = is_matrix() && pipeline != nullptr;
    const std::optional<int64_t> width = in_matrix ? value_bytes() : WidthOf(*output.type());
    if (!width) return stored;
    const int64_t plain = base::SaturatingMultiply(num_rows_, *width);
    if (in_matrix || run_.plan().output_format == plan::OutputFormat::kArrow) return plain;
    return std::min({plain, stored, Packed(output, pipeline)});
  }

  // So many columns of a one_hot or a multi_hot: a bit for each value at most, and of many columns,
  // where ones are rare, a few bytes for each one.
  int64_t OfCategories(int64_t num_columns, int64_t ones_per_row) const {
    constexpr int64_t kBytesOfOne = 5;
    constexpr int64_t kCompressionOfZeros = 8;
    const int64_t plain =
        base::SaturatingMultiply(num_columns, base::SaturatingMultiply(num_rows_, value_bytes()));
    if (is_matrix() || run_.plan().output_format == plan::OutputFormat::kArrow) {
      return plain / kCompressionOfZeros;
    }
    return std::min(base::SaturatingMultiply(num_columns, num_rows_ / 8 + 1),
                    base::SaturatingMultiply(num_rows_, kBytesOfOne * ones_per_row));
  }

 private:
  int64_t value_bytes() const { return run_.plan().output_dtype == "float64" ? 8 : 4; }

  bool is_matrix() const { return run_.plan().layout == plan::Layout::kMatrix; }

  // As indices of a dictionary, where there are few values.
  int64_t Packed(const arrow::Field& output, const Pipeline* pipeline) const {
    std::optional<int64_t> values = ValuesOfType(*output.type());
    if (pipeline != nullptr && pipeline->num_steps() > 0) {
      const auto made = ValuesOfStep(pipeline->step(pipeline->num_steps() - 1));
      if (made) values = made;
    }
    if (!values) return std::numeric_limits<int64_t>::max();
    const auto bits = std::bit_width(static_cast<uint64_t>(std::max<int64_t>(1, *values)));
    return base::SaturatingScale(num_rows_, bits, 8);
  }

  const PlannedRun& run_;
  const io::Source& source_;
  int64_t num_rows_ = 0;
};

Extent AllBytes(const PlannedRun& run, const Explanation& explanation) {
  const OutputBytes output(run);
  Extent bytes;
  const auto add = [&](int64_t min, int64_t max) {
    bytes = {base::SaturatingAdd(bytes.min, min), base::SaturatingAdd(bytes.max, max)};
  };
  for (size_t i = 0; i < explanation.features.size(); ++i) {
    const ExplainedFeature& feature = explanation.features[i];
    const int column = run.given.bound.source_columns[i];
    for (const auto& field : feature.outputs) {
      const int64_t each = output.Of(*field, column, run.given.bound.pipelines[i].get());
      add(each, each);
    }
    if (!feature.categories) continue;
    const Extent& columns = feature.categories->columns;
    const int64_t ones = feature.categories->ones_per_row;
    add(output.OfCategories(columns.min, ones), output.OfCategories(columns.max, ones));
  }
  if (explanation.target != nullptr) {
    const int64_t each = output.Of(*explanation.target, run.given.bound.target_column, nullptr);
    add(each, each);
  }
  return bytes;
}

// The target as it is written: a model made from a table without nulls serves one that has some.
std::shared_ptr<arrow::Field> TargetField(const PlannedRun& run) {
  const int column = run.given.bound.target_column;
  if (column < 0) return nullptr;
  const auto& field = run.source().schema()->field(column);
  auto type = field->type();
  if (type->id() == arrow::Type::DICTIONARY)
    type = static_cast<const arrow::DictionaryType&>(*type).value_type();
  return arrow::field(field->name(), std::move(type));
}

}  // namespace

arrow::Result<std::vector<ExplainedFeature>> ForecastFeatures(const PlannedRun& run,
                                                              const std::string& plan_name) {
  return FeatureForecast(run, plan_name).Make();
}

void ForecastOutput(const PlannedRun& run, Explanation* explanation) {
  const plan::Plan& plan = run.plan();
  const bool matrix = plan.layout == plan::Layout::kMatrix;
  explanation->layout = matrix ? "matrix" : "columns";
  explanation->format = plan.output_format == plan::OutputFormat::kArrow ? "arrow" : "parquet";
  explanation->dtype = plan.output_dtype;
  explanation->target = TargetField(run);
  Extent width;
  for (const ExplainedFeature& feature : explanation->features) {
    const Extent categories = feature.categories ? feature.categories->columns : Extent();
    const auto known = static_cast<int64_t>(feature.outputs.size());
    width = {width.min + known + categories.min, width.max + known + categories.max};
  }
  if (!matrix && explanation->target != nullptr) width = {width.min + 1, width.max + 1};
  explanation->width = width;

  int64_t num_rows = run.source().num_rows();
  if (const auto required = run.given.required_column()) {
    explanation->rows_dropped = RowsDropped(run, *required);
    if (explanation->rows_dropped->known()) num_rows -= explanation->rows_dropped->min;
  }
  const bool rows_known =
      explanation->rows_known && (!explanation->rows_dropped || explanation->rows_dropped->known());
  const auto rows = ExpectedRows(run, num_rows);
  const Extent all_bytes = AllBytes(run, *explanation);
  const auto units = std::max<int64_t>(1, explanation->num_units);
  const std::string shares[kNumSplits] = {plan.split.train, plan.split.validation, plan.split.test};
  for (int s = 0; s < kNumSplits; ++s) {
    if (!run.reading.present[s]) continue;
    ExplainedSplit split;
    split.name = kSplitNames[s];
    if (!plan.split.by_instants()) split.share = shares[s];
    if (rows_known) split.rows = rows[s];
    if (rows[s]) {
      const int64_t source_rows = std::max<int64_t>(1, run.source().num_rows());
      const auto part = [&](int64_t bytes, int64_t columns) {
        const int64_t beside = base::SaturatingMultiply(
            units, kShardBytes + base::SaturatingMultiply(columns, kShardColumnBytes));
        return base::SaturatingAdd(base::SaturatingScale(bytes, *rows[s], source_rows), beside);
      };
      const int64_t matrix_columns = explanation->target != nullptr ? 2 : 1;
      split.bytes = {part(all_bytes.min, matrix ? matrix_columns : width.min),
                     part(all_bytes.max, matrix ? matrix_columns : width.max)};
    }
    explanation->num_shards += units;
    explanation->splits.push_back(std::move(split));
  }
}

}  // namespace emberharmony::engine
