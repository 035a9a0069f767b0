#include "emberharmony/engine/pass_forecast.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "emberharmony/base/saturating.h"
#include "emberharmony/engine/shard_layout.h"
#include "emberharmony/feature/exact_quantiles.h"
#include "emberharmony/feature/learning_passes.h"

namespace emberharmony::engine {

namespace {

using feature::Pipeline;

// How many scans of a column of 64 bits, or of dates, find the cuts of a time split
// (engine/time_cuts.h).
constexpr int64_t kCutScansMax = 4;
constexpr int64_t kDateCutScansMax = 2;

std::vector<std::string> NamesOf(const io::Source& source, const std::vector<int>& columns) {
  const std::set<int> ordered(columns.begin(), columns.end());
  std::vector<std::string> names;
  for (const int column : ordered) names.push_back(source.schema()->field(column)->name());
  return names;
}

ExplainedPass PassOver(const io::Source& source, std::string phase, std::string purpose,
                       const std::vector<int>& columns) {
  ExplainedPass pass;
  pass.phase = std::move(phase);
  pass.purpose = std::move(purpose);
  pass.columns = NamesOf(source, columns);
  pass.rows = source.num_rows();
  pass.bytes = ReadBytes(source, columns);
  return pass;
}

// Whether a value of this type is one of so many.
bool HasMoreValuesThan(const arrow::DataType& type, int64_t limit) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return limit < 2;
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return limit < 256;
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
    case arrow::Type::HALF_FLOAT:
      return limit < 65536;
    default:
      return true;
  }
}

class PassForecast {
 public:
  PassForecast(const PlannedRun& run, const std::vector<ExplainedFeature>& features)
      : run_(run), source_(run.source()), features_(features) {}

  arrow::Result<std::vector<ExplainedPass>> Make() {
    AddFilter();
    AddDrop();
    AddCuts();
    AddSplit();
    ARROW_RETURN_NOT_OK(AddLearning());
    ARROW_RETURN_NOT_OK(AddTransform());
    AddVerification();
    return std::move(passes_);
  }

 private:
  void AddFilter() {
    const auto& filter = run_.requested.filter;
    if (filter == nullptr) return;
    passes_.push_back(PassOver(*run_.requested.whole, "filter", "find the rows that pass --where",
                               filter->columns()));
  }

  void AddDrop() {
    const auto required = run_.given.required_column();
    if (!required) return;
    const int column = source_.schema()->GetFieldIndex(*required);
    ExplainedPass pass = PassOver(source_, "drop", "leave out rows without a target", {});
    for (const io::Unit& unit : source_.units()) {
      if (!MayLackValues(source_, unit, column)) continue;
      pass.bytes = base::SaturatingAdd(pass.bytes, source_.columns_independent()
                                                       ? source_.Hint(unit, column).compressed_bytes
                                                       : unit.bytes);
      pass.columns = {*required};
    }
    passes_.push_back(std::move(pass));
  }

  void AddCuts() {
    if (!run_.reading.finds_cuts) return;
    const int column = run_.reading.columns[0];
    const arrow::DataType* type = source_.schema()->field(column)->type().get();
    if (type->id() == arrow::Type::DICTIONARY)
      type = static_cast<const arrow::DictionaryType*>(type)->value_type().get();
    const bool date = type->id() == arrow::Type::DATE32;
    ExplainedPass pass =
        PassOver(source_, "cuts", "find where a time split by shares cuts", run_.reading.columns);
    pass.scans = {1, date ? kDateCutScansMax : kCutScansMax};
    passes_.push_back(std::move(pass));
  }

  void AddSplit() {
    const SplitReading& reading = run_.reading;
    const bool drops = run_.given.required_column().has_value();
    // Without rows that are left out, nothing has to be noted of a split that all rows are in.
    if (reading.only_split >= 0 && !drops) return;
    if (assigned_while_learning()) return;
    const bool reads = reading.only_split < 0 && !reading.columns.empty();
    const io::Source& read = reading.by_row ? *run_.requested.whole : source_;
    ExplainedPass pass =
        PassOver(read, "split", SplitPurpose(), reads ? reading.columns : std::vector<int>());
    if (reading.only_split >= 0) pass.scans = {0, 1};
    passes_.push_back(std::move(pass));
  }

  std::string SplitPurpose() const {
    const SplitReading& reading = run_.reading;
    if (reading.only_split >= 0) return "note which rows are left out";
    if (reading.by_row) return "hash whole rows (a split with a key reads less)";
    switch (run_.plan().split.method) {
      case plan::SplitMethod::kHash:
        return "hash the split's key";
      case plan::SplitMethod::kTime:
        return "compare instants with the cuts";
      case plan::SplitMethod::kRandom:
        return "draw random numbers: nothing is read";
    }
    return "";
  }

  // Of a source whose columns are read together the first pass that learns splits the rows, too.
  bool assigned_while_learning() const {
    return run_.reading.in_scan && run_.sees_training_rows() && !PassColumns(0).empty();
  }

  // Where among the columns those of a level begin: of level 0 are the table's own, of the next
  // those that the first stage of row-wise steps yields, and so on.
  int FirstColumn(int level) const {
    const plan::BoundPlan& bound = run_.given.bound;
    if (level == 0) return 0;
    int column = source_.schema()->num_fields() - static_cast<int>(bound.derived.size());
    for (const plan::BoundRowStep& row_step : bound.row_steps) {
      if (row_step.stage < level - 1) column += static_cast<int>(row_step.step->outputs().size());
    }
    return column;
  }

  // The columns of a level that learn in each pass, by pass.
  std::vector<std::vector<int>> PassColumns(int level) const {
    std::vector<std::set<int>> columns;
    const plan::BoundPlan& bound = run_.given.bound;
    const int begin = FirstColumn(level);
    const int end = FirstColumn(level + 1);
    const auto add = [&](int column, const Pipeline& pipeline) {
      if (column < begin || column >= end) return;
      const size_t passes = feature::LearningPasses(pipeline).size();
      columns.resize(std::max(columns.size(), passes));
      for (size_t p = 0; p < passes; ++p) columns[p].insert(column);
    };
    for (size_t i = 0; i < bound.pipelines.size(); ++i)
      add(bound.source_columns[i], *bound.pipelines[i]);
    for (const plan::BoundRowStep& row_step : bound.row_steps) {
      for (size_t i = 0; i < row_step.inputs.size(); ++i)
        add(row_step.source_columns[i], *row_step.inputs[i]);
    }
    std::vector<std::vector<int>> lists;
    for (const auto& set : columns) lists.emplace_back(set.begin(), set.end());
    return lists;
  }

  // Row-wise steps of a stage learn in a pass, or in several, and are applied in one: those that
  // need an order in another.
  arrow::Status AddRowSteps(int stage) {
    struct Kind {
      std::set<int> columns;
      std::vector<std::string> names;
      void Add(const plan::BoundRowStep& row_step, size_t num_inputs) {
        columns.insert(row_step.source_columns.begin(),
                       row_step.source_columns.begin() + static_cast<int64_t>(num_inputs));
        const std::string& name = row_step.step->name();
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    };
    std::vector<Kind> learning;  // by pass
    Kind applied[2];
    for (const plan::BoundRowStep& row_step : run_.given.bound.row_steps) {
      if (row_step.stage != stage) continue;
      const size_t num_inputs = row_step.inputs.size();
      ARROW_ASSIGN_OR_RAISE(const auto learner, row_step.step->MakeLearner(nullptr));
      // What cannot be merged must see the rows twice (engine/row_step_merge.h).
      const size_t num_passes = learner == nullptr ? 0 : learner->is_mergeable() ? 1 : 2;
      learning.resize(std::max(learning.size(), num_passes));
      for (size_t p = 0; p < num_passes; ++p) learning[p].Add(row_step, num_inputs);
      applied[row_step.step->traits().ordered].Add(
          row_step, num_inputs - (row_step.learns_from_target ? 1 : 0));
    }
    const auto add = [&](const Kind& kind, std::string phase, const std::string& purpose) {
      if (kind.names.empty()) return;
      passes_.push_back(PassOver(source_, std::move(phase),
                                 fmt::format(fmt::runtime(purpose), fmt::join(kind.names, ", ")),
                                 {kind.columns.begin(), kind.columns.end()}));
    };
    for (size_t p = 0; p < learning.size(); ++p)
      add(learning[p], "fit",
          p == 0 ? "learn {} from whole rows"
                 : "learn {} from whole rows once more, with what the pass before has found");
    add(applied[0], "rows", "apply {} to whole rows; what it yields waits on disk");
    add(applied[1], "rows",
        "apply {} to rows in their order, by one thread; what it yields waits "
        "on disk");
    return arrow::Status::OK();
  }

  arrow::Status AddLearning() {
    if (run_.sees_training_rows()) AddLearningOf(/*level=*/0);
    const auto& row_steps = run_.given.bound.row_steps;
    const int num_stages = row_steps.empty() ? 0 : row_steps.back().stage + 1;
    for (int stage = 0; stage < num_stages; ++stage) {
      ARROW_RETURN_NOT_OK(AddRowSteps(stage));
      if (run_.sees_training_rows()) AddLearningOf(stage + 1);
    }
    if (run_.sees_training_rows()) AddRefinement();
    return arrow::Status::OK();
  }

  void AddLearningOf(int level) {
    const auto by_pass = PassColumns(level);
    const bool derived = level > 0;
    for (size_t p = 0; p < by_pass.size(); ++p) {
      std::vector<int> columns = by_pass[p];
      std::string purpose = p > 0     ? "learn from what the pass before has learned"
                            : derived ? "learn from what whole rows have yielded"
                                      : "learn";
      if (p == 0 && !derived && assigned_while_learning()) {
        columns.insert(columns.end(), run_.reading.columns.begin(), run_.reading.columns.end());
        purpose = "hash rows into splits and learn";
      }
      passes_.push_back(PassOver(source_, "fit", std::move(purpose), columns));
      // Only if rows are left out does anybody look.
      if (run_.reading.only_split > 0) passes_.back().scans = {0, 1};
    }
  }

  void AddRefinement() {
    const std::vector<int> refined = RefinedColumns();
    if (refined.empty()) return;
    ExplainedPass pass =
        PassOver(source_, "fit",
                 fmt::format("make quantiles exact, of columns with more than {} distinct values",
                             run_.plan().quantile_keys),
                 refined);
    pass.scans = {0, 1};
    passes_.push_back(std::move(pass));
  }

  std::vector<int> RefinedColumns() const {
    std::set<int> columns;
    const plan::BoundPlan& bound = run_.given.bound;
    for (size_t i = 0; i < bound.pipelines.size(); ++i) {
      const int column = bound.source_columns[i];
      const Pipeline& pipeline = *bound.pipelines[i];
      for (int s = 0; s < pipeline.num_steps(); ++s) {
        for (const auto& analyzer : pipeline.step(s).analyzers()) {
          const int64_t exact_up_to = feature::ExactUpTo(*analyzer);
          if (exact_up_to < 0 || source_.num_rows() <= exact_up_to) continue;
          if (HasMoreValuesThan(*source_.schema()->field(column)->type(), exact_up_to))
            columns.insert(column);
        }
      }
    }
    return {columns.begin(), columns.end()};
  }

  // The groups that the transform writes, as far as their columns are known.
  std::vector<OutputGroup> Groups() const {
    const plan::BoundPlan& bound = run_.given.bound;
    const int64_t value_bytes = run_.plan().output_dtype == "float64" ? 8 : 4;
    const bool matrix = run_.plan().layout == plan::Layout::kMatrix;
    std::vector<OutputGroup> groups;
    int next = 0;
    for (size_t i = 0; i < bound.pipelines.size(); ++i) {
      const int outputs = static_cast<int>(bound.pipelines[i]->outputs().size());
      groups.push_back({bound.pipelines[i].get(), bound.source_columns[i], next, outputs,
                        matrix ? value_bytes : 0});
      next += outputs;
    }
    return groups;
  }

  arrow::Status AddTransform() {
    const std::vector<int> columns = run_.transformed_columns();
    ARROW_RETURN_NOT_OK(AddRowSizes());
    const std::set<int> once(columns.begin(), columns.end());
    std::string purpose = "transform and write";
    if (source_.columns_independent() && once.size() < columns.size())
      purpose += "; a column of several features is read for each";
    ExplainedPass pass = PassOver(source_, "transform", std::move(purpose), columns);
    pass.writes = true;
    passes_.push_back(std::move(pass));
    return arrow::Status::OK();
  }

  // Where rows differ in size the columns that make the difference are read once before.
  arrow::Status AddRowSizes() {
    std::vector<OutputGroup> groups = Groups();
    std::unique_ptr<Pipeline> target;
    const int target_column = run_.given.bound.target_column;
    if (target_column >= 0) {
      ARROW_ASSIGN_OR_RAISE(target, Pipeline::Make(0, *source_.schema()->field(target_column),
                                                   {{"passthrough", nullptr}}, {arrow::float32()}));
      groups.push_back({target.get(), target_column, 0, 1, 0});
    }
    // Columns that are not known yet make rows larger, but not different from each other.
    const int64_t value_bytes = run_.plan().output_dtype == "float64" ? 8 : 4;
    Extent unknown;
    for (const ExplainedFeature& feature : features_) {
      if (!feature.categories) continue;
      unknown.min += feature.categories->columns.min * value_bytes;
      unknown.max += feature.categories->columns.max * value_bytes;
    }
    std::set<int> columns;
    Extent scans = {0, 0};
    int64_t bytes = 0;
    for (const io::Unit& unit : source_.units()) {
      RowSizes sizes = RowSizesOf(source_, unit, groups);
      sizes.largest_bytes += unknown.max;
      if (!sizes.reads()) continue;
      scans.max = 1;
      sizes.largest_bytes -= unknown.max - unknown.min;
      if (sizes.reads()) scans.min = 1;
      for (const OutputGroup* group : sizes.differing) {
        columns.insert(group->source_column);
        if (source_.columns_independent()) {
          bytes =
              base::SaturatingAdd(bytes, source_.Hint(unit, group->source_column).compressed_bytes);
        }
      }
      if (!source_.columns_independent()) bytes = base::SaturatingAdd(bytes, unit.bytes);
    }
    if (scans.max == 0) return arrow::Status::OK();
    ExplainedPass pass =
        PassOver(source_, "transform", "measure rows, whose size decides where row groups end", {});
    pass.columns = NamesOf(source_, {columns.begin(), columns.end()});
    pass.bytes = bytes;
    pass.scans = scans;
    passes_.push_back(std::move(pass));
    return arrow::Status::OK();
  }

  // Reads the output: its size is filled in with the output's.
  void AddVerification() {
    if (!run_.context->options().content_checksum) return;
    ExplainedPass pass;
    pass.phase = "verify";
    pass.purpose = "read the shards again for their checksums";
    pass.rows = source_.num_rows();
    passes_.push_back(std::move(pass));
  }

  const PlannedRun& run_;
  const io::Source& source_;
  const std::vector<ExplainedFeature>& features_;
  std::vector<ExplainedPass> passes_;
};

}  // namespace

arrow::Result<std::vector<ExplainedPass>> ForecastPasses(
    const PlannedRun& run, const std::vector<ExplainedFeature>& features) {
  return PassForecast(run, features).Make();
}

}  // namespace emberharmony::engine
