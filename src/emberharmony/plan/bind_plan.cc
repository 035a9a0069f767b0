#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/io/cell_text.h"
#include "emberharmony/io/sink.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/time_cuts.h"
#include "emberharmony/plan/type_text_internal.h"

namespace emberharmony::plan {
namespace {

using internal::Quoted;

constexpr size_t kColumnsListedMax = 30;
// Spelling is compared with every column's name; for a plan that fits nothing the first names
// suffice.
constexpr int kSuggestionsMax = 100;

Mark MarkAt(const std::vector<Mark>& marks, size_t i) {
  return i < marks.size() ? marks[i] : Mark();
}

// "a list" or the like, and what to do about it; "" for types that are not nested.
std::string_view NestedKind(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRUCT:
      return "a struct";
    case arrow::Type::MAP:
      return "a map";
    case arrow::Type::DENSE_UNION:
    case arrow::Type::SPARSE_UNION:
      return "a union";
    default:
      return arrow::is_nested(type.id()) ? "a list" : "";
  }
}

bool OnlyDrops(const FeatureSpec& feature) {
  return feature.steps.size() == 1 && feature.steps[0].name == "drop";
}

class Binder {
 public:
  Binder(const Plan& plan, const arrow::Schema& schema, const std::string& name)
      : plan_(plan), schema_(schema), names_(schema.field_names()), faults_(name) {
    for (size_t i = 0; i < names_.size(); ++i) positions_[names_[i]].push_back(static_cast<int>(i));
  }

  arrow::Result<BoundPlan> Bind(bool require_target) {
    RefuseWhatCannotRun();
    BindTarget(require_target);
    BindKey();
    for (const FeatureSpec& feature : plan_.features) {
      CheckSteps(feature);
      for (size_t c = 0; c < feature.columns.size(); ++c) {
        ARROW_RETURN_NOT_OK(BindColumn(feature, c));
      }
    }
    CheckOutputs();
    ARROW_RETURN_NOT_OK(faults_.ToStatus());
    return std::move(bound_);
  }

 private:
  void RefuseWhatCannotRun() {
    const auto refuse = [&](bool asked, Mark mark, std::string_view what) {
      if (asked) faults_.Add(mark, fmt::format("{} is not supported by this version", what));
    };
    refuse(plan_.unit_column.has_value(), {}, "unit_column");
    if (plan_.output_dtype != "float32" && plan_.output_dtype != "float64") {
      faults_.Add({},
                  "output.dtype must be float32 or float64, found " + Quoted(plan_.output_dtype));
    }
  }

  // The fields of a struct that was named itself, as far as they are worth listing.
  std::string MembersOf(const std::string& column) const {
    constexpr size_t kListedMax = 3;
    std::vector<std::string> members;
    for (const std::string& name : names_) {
      if (name.starts_with(column + ".")) members.push_back(Quoted(name));
    }
    if (members.empty()) return "";
    const bool more = members.size() > kListedMax;
    members.resize(std::min(members.size(), kListedMax));
    return fmt::format("; it has fields, name those: {}{}", fmt::join(members, ", "),
                       more ? ", ..." : "");
  }

  // The column's position, or -1 after a fault has been noted.
  int Resolve(const std::string& column, Mark mark, std::string_view what) {
    const auto found = positions_.find(column);
    if (found == positions_.end()) {
      std::string message = fmt::format("unknown {} {}", what, Quoted(column));
      if (++num_suggestions_ <= kSuggestionsMax) {
        const std::string members = MembersOf(column);
        message += members.empty() ? base::DidYouMean(column, names_) : members;
      }
      faults_.Add(mark, std::move(message));
      std::string listed;
      for (size_t i = 0; i < names_.size() && i < kColumnsListedMax; ++i) {
        listed += (i > 0 ? ", " : "") + internal::OneLine(names_[i]);
      }
      if (names_.size() > kColumnsListedMax)
        listed += fmt::format(", ... ({} in all)", names_.size());
      faults_.Advise(names_.empty() ? "the table has no columns"
                                    : "the table's columns are: " + listed);
      return -1;
    }
    if (found->second.size() > 1) {
      faults_.Add(
          mark, fmt::format("{} {} appears {} times in the table; names must be unique to be used",
                            what, Quoted(column), found->second.size()));
      return -1;
    }
    if (!base::IsUtf8(column)) {
      faults_.Add(
          mark, fmt::format("{} {}: names that are not UTF-8 are not supported; rename the column",
                            what, Quoted(column)));
      return -1;
    }
    const int position = found->second[0];
    const arrow::DataType& type = *schema_.field(position)->type();
    if (const std::string_view kind = NestedKind(type); !kind.empty()) {
      faults_.Add(mark, fmt::format("{} {} is {} ({}); no step of this version takes one, leave "
                                    "it out",
                                    what, Quoted(column), kind, type.ToString()));
      return -1;
    }
    if (const auto text = internal::TypeText(type); !text.ok()) {
      faults_.Add(mark, fmt::format("{} {}: {}", what, Quoted(column), text.status().message()));
      return -1;
    }
    return position;
  }

  void BindTarget(bool require_target) {
    if (!plan_.target.has_value()) return;
    const TargetSpec& target = *plan_.target;
    if (!require_target && !positions_.contains(target.column)) return;
    bound_.target_column = Resolve(target.column, target.mark, "target");
  }

  void BindKey() {
    if (plan_.split.method == SplitMethod::kTime) BindTimeColumn();
    if (plan_.split.method != SplitMethod::kHash) return;
    for (size_t i = 0; i < plan_.split.key.size(); ++i) {
      const std::string& column = plan_.split.key[i];
      const Mark mark = MarkAt(plan_.split.key_marks, i);
      const int position = Resolve(column, mark, "key column");
      if (position < 0) continue;
      const auto writer = io::CellTextWriter::Make(schema_.field(position)->type());
      if (!writer.ok()) {
        faults_.Add(mark, "split.key " + Quoted(column) + ": " + writer.status().message());
        continue;
      }
      bound_.key_columns.push_back(position);
    }
  }

  void BindTimeColumn() {
    const SplitSpec& split = plan_.split;
    const Mark mark = MarkAt(split.key_marks, 0);
    const int position = Resolve(split.time_column, mark, "time column");
    if (position < 0) return;
    const arrow::DataType& type = *schema_.field(position)->type();
    const std::string column = "split.column " + Quoted(split.time_column);
    if (const arrow::Status status = CheckTimeType(type); !status.ok()) {
      faults_.Add(mark, column + ": " + status.message());
      return;
    }
    // One at a time, so that each fault stands where its instant does.
    for (const bool is_test : {false, true}) {
      SplitSpec single;
      (is_test ? single.test_from : single.validation_from) =
          is_test ? split.test_from : split.validation_from;
      const auto cuts = GivenCuts(single, type);
      if (cuts.ok()) continue;
      faults_.Add(is_test ? split.test_from_mark : split.validation_from_mark,
                  std::string(is_test ? "split.test_from: " : "split.validation_from: ") +
                      cuts.status().message());
    }
    bound_.key_columns.push_back(position);
  }

  void CheckSteps(const FeatureSpec& feature) {
    const std::vector<std::string> known = feature::TransformRegistry::Get().names();
    steps_known_ = true;
    for (size_t i = 0; i < feature.steps.size(); ++i) {
      const std::string& name = feature.steps[i].name;
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      faults_.Add(MarkAt(feature.step_marks, i),
                  "unknown step " + Quoted(name) + base::DidYouMean(name, known));
      faults_.Advise(fmt::format("the steps are: {}", fmt::join(known, ", ")));
      steps_known_ = false;
    }
  }

  arrow::Status BindColumn(const FeatureSpec& feature, size_t c) {
    const std::string& column = feature.columns[c];
    const Mark mark = MarkAt(feature.column_marks, c);
    const int position = Resolve(column, mark, "column");
    if (position < 0) return arrow::Status::OK();
    if (plan_.target.has_value() && plan_.target->column == column && !OnlyDrops(feature)) {
      faults_.Add(
          mark,
          "the target " + Quoted(column) +
              " is used as a feature, so it would leak into the features; take it out of columns");
      return arrow::Status::OK();
    }
    if (!steps_known_) return arrow::Status::OK();
    // Nullable, whatever the table says: a model made from a table without nulls serves one that
    // could have some, and the same rows from another writer give the same model.
    const auto field = arrow::field(column, schema_.field(position)->type());
    feature::OutputOptions output;
    output.type = plan_.output_dtype == "float64" ? arrow::float64() : arrow::float32();
    output.quantile_keys = plan_.quantile_keys;
    output.exact_quantiles = plan_.exact_quantiles;
    auto pipeline = feature::Pipeline::Make(static_cast<int>(bound_.pipelines.size()), *field,
                                            feature.steps, output);
    if (!pipeline.ok()) {
      if (base::KindOf(pipeline.status()) != base::ErrorKind::kUsage) return pipeline.status();
      AddStepFault(feature, column, pipeline.status().message());
      return arrow::Status::OK();
    }
    bound_.pipelines.push_back(std::move(*pipeline));
    bound_.source_columns.push_back(position);
    output_marks_.push_back(mark);
    return arrow::Status::OK();
  }

  // "step K: message" becomes the message at the step's mark.
  void AddStepFault(const FeatureSpec& feature, const std::string& column, std::string message) {
    Mark mark = feature.mark;
    std::string where = "column " + Quoted(column) + ": ";
    if (message.starts_with("step ")) {
      const char* end = message.data() + message.size();
      size_t step = 0;
      const auto parsed = std::from_chars(message.data() + 5, end, step);
      if (parsed.ec == std::errc() && end - parsed.ptr > 2 && parsed.ptr[0] == ':' &&
          step < feature.steps.size()) {
        mark = MarkAt(feature.step_marks, step);
        message.erase(0, parsed.ptr + 2 - message.data());
        where += fmt::format("step {} ({}): ", step + 1, feature.steps[step].name);
      }
    }
    faults_.Add(mark, mark.line > 0 ? message : where + message);
  }

  void CheckOutputs() {
    std::map<std::string, std::string> makers;
    if (plan_.target.has_value()) makers[plan_.target->column] = "the target";
    if (plan_.layout == Layout::kMatrix) CheckMatrix();
    for (size_t i = 0; i < bound_.pipelines.size(); ++i) {
      const std::string maker = "column " + Quoted(bound_.pipelines[i]->source_column());
      for (const auto& output : bound_.pipelines[i]->outputs()) {
        const auto [other, is_new] = makers.emplace(output->name(), maker);
        if (is_new) continue;
        faults_.Add(
            output_marks_[i],
            fmt::format("two outputs would be named {}: one of {}, one of {}; leave one out{}",
                        Quoted(output->name()), other->second, maker,
                        other->second == maker ? "" : ", or rename a column of the table"));
      }
    }
  }

  // As far as outputs are known before learning; what one_hot makes are numbers.
  void CheckMatrix() {
    for (size_t i = 0; i < bound_.pipelines.size(); ++i) {
      for (const auto& output : bound_.pipelines[i]->outputs()) {
        const arrow::Status status = io::CheckMatrixColumn(*output);
        if (!status.ok()) faults_.Add(output_marks_[i], status.message());
      }
    }
    if (plan_.target.has_value() && plan_.target->column == io::kMatrixColumn) {
      faults_.Add(plan_.target->mark,
                  fmt::format("the target is called {}, as the matrix is; rename it, or write "
                              "layout: columns",
                              Quoted(io::kMatrixColumn)));
    }
  }

  const Plan& plan_;
  const arrow::Schema& schema_;
  const std::vector<std::string> names_;
  internal::Faults faults_;
  std::unordered_map<std::string, std::vector<int>> positions_;
  BoundPlan bound_;
  std::vector<Mark> output_marks_;  // of each pipeline's column
  int num_suggestions_ = 0;
  bool steps_known_ = true;  // of the feature at hand
};

}  // namespace

arrow::Result<BoundPlan> BindPlan(const Plan& plan, const arrow::Schema& schema,
                                  const std::string& name, bool require_target) {
  return Binder(plan, schema, name).Bind(require_target);
}

}  // namespace emberharmony::plan
