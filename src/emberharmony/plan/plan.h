#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/feature/pipeline.h"
#include "emberharmony/feature/row_transform.h"

namespace emberharmony::plan {

/// Where in the plan's text something stands; 1-based, columns in bytes; 0 when the plan was not
/// read from text.
struct Mark {
  int line = 0;
  int column = 0;
  auto operator<=>(const Mark&) const = default;
};

enum class SplitMethod { kHash, kTime, kRandom };

struct SplitSpec {
  SplitMethod method = SplitMethod::kHash;
  std::vector<std::string>
      key;                    ///< hash; empty: the row fingerprint over all columns of the source
  std::string train = "0.8";  ///< exact decimals, as written
  std::string validation = "0.1";
  std::string test = "0.1";
  int64_t seed = 42;
  std::string time_column;  ///< time: the column whose instants are cut
  std::optional<std::string>
      validation_from;  ///< time: the cuts as instants; absent: by the shares
  std::optional<std::string> test_from;
  Mark mark;
  std::vector<Mark> key_marks;  ///< one for each of key (time: one for time_column)
  Mark validation_from_mark;
  Mark test_from_mark;

  /// time: whether the cuts are given as instants, rather than by shares.
  bool by_instants() const { return validation_from.has_value() || test_from.has_value(); }
};

struct FeatureSpec {
  std::vector<std::string> columns;
  std::vector<feature::StepSpec> steps;
  Mark mark;
  std::vector<Mark> column_marks;
  std::vector<Mark> step_marks;
};

struct TargetSpec {
  std::string column;
  bool drop_null = false;
  Mark mark;
};

enum class Layout { kColumns, kMatrix };

enum class OutputFormat { kParquet, kArrow };

/// What the user asks for: a document. Values are as written; nothing has been checked against a
/// table.
struct Plan {
  int version = 1;
  std::optional<TargetSpec> target;
  SplitSpec split;
  std::vector<FeatureSpec> features;
  std::string output_dtype = "float32";
  Layout layout = Layout::kColumns;
  OutputFormat output_format = OutputFormat::kParquet;
  std::optional<std::string> unit_column;
  int64_t quantile_keys = 65536;
  bool exact_quantiles = false;
  std::string compute = "auto";
  std::vector<std::string>
      comments;  ///< of an automatic plan: what was dropped and why; written above the features
};

/// Reads a plan. `name` stands in messages ("plan.yaml:12:9: ..."). All faults of the document are
/// reported together as one UsageError, a line each in the order of the text. Text may come from
/// strangers: it is bounded (1 MiB, 16 levels, 200,000 values), anchors, aliases, tags and repeated
/// keys are refused. Lines that start with "# " right above `features` are kept as the plan's
/// comments.
arrow::Result<Plan> ParsePlan(std::string_view text, const std::string& name);
/// A plan as YAML: equal plans give equal text; ParsePlan(WritePlan(p)) == p but for marks. Names
/// may hold any bytes.
std::string WritePlan(const Plan& plan);
/// Steps as a plan writes them: "[{impute: median}, {scale: standard}]".
std::string WriteSteps(const std::vector<feature::StepSpec>& steps);
/// SHA-256 in hexadecimal of what the plan means: equal for plans that differ in layout, comments
/// or defaults written out only.
std::string PlanHash(const Plan& plan);

/// A row-wise step, and what it takes (feature/row_transform.h).
struct BoundRowStep {
  std::unique_ptr<feature::RowTransform> step;
  /// What each of the step's inputs goes through before.
  std::vector<std::unique_ptr<feature::Pipeline>> inputs;
  /// Input i's index in the source's schema; behind it, what an earlier step has yielded.
  std::vector<int> source_columns;
  /// The last input is the plan's target, which only learning sees.
  bool learns_from_target = false;
  /// How many row-wise steps of the feature come before: steps of a stage take what those of the
  /// stages before have yielded.
  int stage = 0;
  /// A row-wise step of the next stage takes what it yields.
  bool feeds_next_stage = false;
};

/// Binds a plan to a table: one pipeline for each (feature, column) in plan order; for each output
/// of a feature's last row-wise step, where it has one. All unknown columns and steps, steps that
/// cannot take their column's type, nested columns, duplicate output names (as far as known before
/// learning) are reported together as a UsageError with line, column and the nearest name. The
/// target must exist when require_target.
struct BoundPlan {
  std::vector<std::unique_ptr<feature::Pipeline>> pipelines;
  /// Pipeline i's index in the source's schema; from schema.num_fields() on in `derived`.
  std::vector<int> source_columns;
  std::vector<size_t> features;         ///< pipeline i's index in plan.features
  int target_column = -1;               ///< -1: no target, or absent and not required
  std::vector<int> key_columns;         ///< of the split: its key, or the column of a time split
  std::vector<BoundRowStep> row_steps;  ///< by stage; in a stage in plan order
  arrow::FieldVector derived;           ///< the outputs of row_steps, in order
};
arrow::Result<BoundPlan> BindPlan(const Plan& plan, const arrow::Schema& schema,
                                  const std::string& name, bool require_target);

/// Thresholds of the split (DESIGN section 5, "Bucket"): a row whose bucket is below `train` is
/// training, below `train_and_validation` validation, else test.
struct SplitThresholds {
  uint32_t train = 0;
  uint32_t train_and_validation = 0;
  static constexpr uint32_t kBuckets = 1u << 20;
};
/// UsageError unless the shares are decimals in [0, 1] that sum to 1 exactly.
arrow::Result<SplitThresholds> ThresholdsOf(const SplitSpec& split);

/// How many of n rows come before a time split's cuts (DESIGN section 5): floor(train * n) and
/// floor((train + validation) * n), exactly. Errors as above.
struct SplitRanks {
  int64_t train = 0;
  int64_t train_and_validation = 0;
};
arrow::Result<SplitRanks> RanksOf(const SplitSpec& split, int64_t num_rows);

/// Which of train, validation and test the plan asks for: those with a share above 0; with instants
/// train and those that are given one.
arrow::Result<std::array<bool, 3>> PresentSplits(const SplitSpec& split);

}  // namespace emberharmony::plan
