#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "emberharmony/engine/report_columns_internal.h"
#include "emberharmony/engine/runs.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine::internal {

namespace {

constexpr int64_t kMostFrequentShown = 12;
// A larger vocabulary's table is not made for a few of its rows.
constexpr int64_t kVocabularySizeMax = int64_t{1} << 20;
// Names longer than this are cut in the plan's comments.
constexpr size_t kCommentNameBytes = 100;

std::vector<CountedText> MostFrequent(const feature::Transform& step, const ReportStep& described) {
  std::vector<CountedText> entries;
  if (described.Integer("size").value_or(0) > kVocabularySizeMax) return entries;
  const std::shared_ptr<arrow::RecordBatchReader> vocabulary = step.ReadVocabulary();
  if (vocabulary == nullptr) return entries;
  // The first batch, by rank. A report that lacks some values is better than none.
  const auto first = vocabulary->Next();
  if (!first.ok() || *first == nullptr) return entries;
  const arrow::RecordBatch* const table = first->get();
  const auto values = table->GetColumnByName("value");
  const auto counts = table->GetColumnByName("count");
  if (values == nullptr || counts == nullptr || counts->type_id() != arrow::Type::INT64) {
    return entries;
  }
  const auto& numbers = static_cast<const arrow::Int64Array&>(*counts);
  for (int64_t i = 0; i < std::min(table->num_rows(), kMostFrequentShown); ++i) {
    auto value = values->GetScalar(i);
    if (value.ok()) entries.push_back({(*value)->ToString(), numbers.Value(i)});
  }
  return entries;
}

ReportPipeline DescribePipeline(const feature::Pipeline& pipeline) {
  ReportPipeline described;
  for (int i = 0; i < pipeline.num_steps(); ++i) {
    ReportStep step{pipeline.step(i).Describe(), {}};
    step.most_frequent = MostFrequent(pipeline.step(i), step);
    described.steps.push_back(std::move(step));
  }
  for (const auto& field : pipeline.outputs()) {
    described.outputs.push_back({field->name(), field->type()->ToString()});
  }
  return described;
}

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

// The comments of an automatic plan, "dropped 'NAME': REASON", found by name.
class Comments {
 public:
  explicit Comments(const std::vector<std::string>& comments) {
    for (size_t i = 0; i < comments.size(); ++i) by_text_.emplace(ShownText(comments[i]), i);
  }

  /// Takes the comment about this column and returns its reason, or "".
  std::string TakeReason(const std::string& name) {
    std::string shown = ShownText(name, kCommentNameBytes);
    const bool cut = name.size() > kCommentNameBytes;
    if (cut) shown.resize(shown.size() - std::string_view("\u2026").size());
    const std::string prefix = "dropped '" + shown + (cut ? "" : "': ");
    const auto found = by_text_.lower_bound({prefix, 0});
    if (found == by_text_.end() || !found->first.starts_with(prefix)) return "";
    const std::string comment = found->first;
    by_text_.erase(found);
    if (!cut) return comment.substr(prefix.size());
    const size_t colon = comment.rfind("': ");
    return colon == std::string::npos ? comment : comment.substr(colon + 3);
  }

  /// Those that nobody took, in the plan's order.
  std::vector<std::string> Rest() const {
    std::map<size_t, std::string> by_position;
    for (const auto& [text, position] : by_text_) by_position.emplace(position, text);
    std::vector<std::string> rest;
    rest.reserve(by_position.size());
    for (auto& [position, text] : by_position) rest.push_back(std::move(text));
    return rest;
  }

 private:
  std::set<std::pair<std::string, size_t>> by_text_;
};

std::string ReasonNotUsed(const ReportColumn& column, const plan::Plan& plan) {
  if (!column.pipelines.empty()) {
    const auto& steps = column.pipelines.back().steps;
    const bool dropped = !steps.empty() && steps.back().name() == "drop";
    return dropped ? "the plan drops it" : "its steps found nothing to yield";
  }
  const auto& key = plan.split.key;
  if (std::find(key.begin(), key.end(), column.name) != key.end()) {
    return "it only decides the split";
  }
  return "the plan does not use it";
}

std::vector<ReportColumn> SourceColumns(const RunReport& report, const arrow::Schema& schema) {
  const auto& target = report.model->plan().target;
  std::vector<ReportColumn> columns;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const arrow::Field& field = *schema.field(i);
    ReportColumn column;
    column.name = field.name();
    column.type = field.type()->ToString();
    column.is_number = IsNumber(*field.type());
    column.is_target = target && target->column == field.name();
    if (static_cast<size_t>(i) < report.profiles.size()) {
      const plan::ColumnProfile& profile = report.profiles[i];
      // A column of a type that detection does not read has an empty profile.
      if (profile.count + profile.null_count > 0) column.profile = profile;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

ReportSplits SplitsOf(const RunReport& report) {
  ReportSplits splits;
  for (size_t s = 0; s < report.split_names.size(); ++s) {
    const std::string& name = report.split_names[s];
    const auto found = report.manifest.splits.find(name);
    if (name.empty() || found == report.manifest.splits.end()) continue;
    splits.names.push_back(name);
    splits.positions.push_back(s);
    splits.rows[s] = found->second.num_rows;
  }
  return splits;
}

// The texts of what the last step tells apart, in its order.
std::vector<std::string> LearnedTexts(const LearnedCounts& learned, const ReportStep& step) {
  std::vector<std::string> texts;
  if (!learned.one_hot) {
    for (const CountedText& entry : step.most_frequent) texts.push_back(entry.text);
    return texts;
  }
  const auto found = step.facts.find("categories");
  if (found == step.facts.end()) return texts;
  for (const nlohmann::json& value : *found) {
    texts.push_back(value.is_string()
                        ? value.get<std::string>()
                        : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return texts;
}

// What the transform counted of a column: its values by the first pipeline that has an output, what
// was learned by each.
void AddDistributions(const std::vector<const ColumnDistribution*>& distributions,
                      const ReportSplits& splits, ReportColumn* column) {
  for (const ColumnDistribution* distribution : distributions) {
    if (distribution != nullptr && distribution->counts_values()) {
      column->values = ValuesOf(*distribution);
    }
  }
  if (!column->values) return;
  for (size_t p = 0; p < column->pipelines.size(); ++p) {
    if (distributions[p] == nullptr || !distributions[p]->learned()) continue;
    ReportPipeline& pipeline = column->pipelines[p];
    const LearnedCounts& learned = *distributions[p]->learned();
    pipeline.coverage = CoverageOf(learned, splits.rows, column->values->missing);
    ReportChart chart = LearnedChart(learned, LearnedTexts(learned, pipeline.steps.back()));
    chart.has_unseen = true;
    chart.unseen = pipeline.coverage->unseen;
    if (!chart.rows.empty()) column->values->charts.push_back(std::move(chart));
  }
  if (column->values->charts.empty() && column->values->no_chart.empty()) {
    column->values->no_chart = "the vocabulary is too large to be listed";
  }
}

}  // namespace

std::string ReportStep::name() const {
  const auto found = facts.find("step");
  return found != facts.end() && found->is_string() ? found->get<std::string>() : "step";
}

std::optional<double> ReportStep::Number(const std::string& key) const {
  const auto found = facts.find(key);
  if (found == facts.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::optional<int64_t> ReportStep::Integer(const std::string& key) const {
  const auto found = facts.find(key);
  if (found == facts.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

size_t ReportColumn::num_outputs() const {
  size_t outputs = is_target ? 1 : 0;
  for (const ReportPipeline& pipeline : pipelines) outputs += pipeline.outputs.size();
  return outputs;
}

ReportColumns CollectColumns(const RunReport& report) {
  ReportColumns collected;
  if (report.model == nullptr) return collected;
  const auto& schema =
      report.source_schema != nullptr ? report.source_schema : report.model->input_schema();
  collected.columns = SourceColumns(report, *schema);
  const auto& target = report.model->plan().target;
  collected.drops_null_targets = target && target->drop_null;
  std::map<std::string, ReportColumn*> by_name;
  for (ReportColumn& column : collected.columns) by_name.emplace(column.name, &column);
  collected.splits = SplitsOf(report);
  std::map<std::string, std::vector<const ColumnDistribution*>> distributions;
  const auto& pipelines = report.model->pipelines();
  for (size_t i = 0; i < pipelines.size(); ++i) {
    const auto found = by_name.find(pipelines[i]->source_column());
    if (found == by_name.end()) continue;
    found->second->pipelines.push_back(DescribePipeline(*pipelines[i]));
    if (i < report.distributions.size()) {
      distributions[found->first].push_back(report.distributions[i].get());
    }
  }
  // Behind those of the pipelines stands the target's.
  if (target && report.distributions.size() > pipelines.size()) {
    distributions[target->column].push_back(report.distributions[pipelines.size()].get());
  }
  for (const auto& [name, counted] : distributions) {
    const auto found = by_name.find(name);
    if (found != by_name.end()) AddDistributions(counted, collected.splits, found->second);
  }
  Comments comments(report.model->plan().comments);
  for (ReportColumn& column : collected.columns) {
    collected.num_outputs += column.num_outputs();
    if (column.num_outputs() > 0) continue;
    column.reason = comments.TakeReason(column.name);
    if (column.reason.empty()) column.reason = ReasonNotUsed(column, report.model->plan());
  }
  collected.notes = comments.Rest();
  return collected;
}

}  // namespace emberharmony::engine::internal
