#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/feature/analyzer.h"
#include "emberharmony/feature/encoded_state.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/time_cuts.h"

namespace emberharmony::plan {

/// One saved state of a fit: what merge needs.
struct SavedState {
  /// Index in the fitted schema (FittedPlan::input_schema); behind it, in FittedPlan::derived.
  int source_column = -1;
  std::string path_key;         ///< feature::Probe::path_key
  std::string state_key;        ///< feature::Analyzer::state_key
  feature::EncodedState bytes;  ///< Analyzer::Encode
};

/// What was learned: the plan, the schema of the columns it uses, and learned pipelines. Immutable
/// once made (but for set_states, which is its maker's); thread-safe then.
class FittedPlan {
 public:
  static constexpr int kVersion = 1;

  /// All pipelines have learned, but for those of columns that were all null in a fit for merging
  /// (CheckComplete). `schema` is the source's, to which `bound` belongs; duplicate output names
  /// are a UsageError. `cuts`: where a time split cuts; absent for other splits.
  static arrow::Result<std::shared_ptr<FittedPlan>> Make(Plan plan,
                                                         std::shared_ptr<arrow::Schema> schema,
                                                         BoundPlan bound,
                                                         std::optional<TimeCuts> cuts = {});

  const Plan& plan() const { return plan_; }
  /// The source columns that the pipelines, the target and the split's key use, in the source's
  /// order, with their types. A dictionary column has its values' type, and all are nullable: the
  /// same rows from another writer give the same model.
  const std::shared_ptr<arrow::Schema>& input_schema() const { return input_schema_; }
  const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines() const { return pipelines_; }
  /// The row-wise steps, whose outputs some of the pipelines take; source_columns are those of
  /// input_schema().
  const std::vector<BoundRowStep>& row_steps() const { return row_steps_; }
  /// The columns that they yield, in order.
  const arrow::FieldVector& derived() const { return derived_; }
  /// Features in plan order; then the target, when the plan has one, it was there in the fit, and
  /// `with_target`.
  std::shared_ptr<arrow::Schema> output_schema(bool with_target) const;
  /// Of a model whose plan has a time split.
  const std::optional<TimeCuts>& time_cuts() const { return time_cuts_; }
  const std::vector<SavedState>& states() const { return states_; }
  /// DataError, which names the columns, for a model that can be merged with others but not
  /// applied: all rows that it was fitted on were null there.
  arrow::Status CheckComplete() const;
  /// States of columns that are neither in input_schema() nor in derived() are dropped; the others
  /// are brought into canonical order.
  void set_states(std::vector<SavedState> states);

  /// Writes plan.yaml, model.json, vocabulary/NNNNN.parquet (NNNNN: the step's position when the
  /// plan's features are taken column by column, from 0, row-wise steps after all others) and, when
  /// there are states, state/states.bin into the folder `dir`, which appears only when complete;
  /// UsageError when there is something in it already. Equal fits give equal bytes. No absolute
  /// path, time or host name is written.
  arrow::Status Save(const std::string& dir) const;
  /// Reads a folder written by Save; bounded and checked: it may come from a stranger. Without
  /// `with_states` the folder state/ is not looked at; with them, they are checked, and read again
  /// from there when they are used. DataError when something is missing or does not fit together.
  /// What is loaded is accounted for in memory.pool, or else memory.budget (OutOfMemory), which
  /// must outlive the plan; with a memory.spill_dir, vocabularies for which there is no room lie
  /// there.
  static arrow::Result<std::shared_ptr<FittedPlan>> Load(const std::string& dir,
                                                         bool with_states = true,
                                                         const feature::StateOptions& memory = {});

  struct Binding {
    /// Of pipelines(), in `schema`; from schema.num_fields() on in derived().
    std::vector<int> pipeline_columns;
    int target_column = -1;  ///< -1: there is none
    /// Of the inputs of each of row_steps(), but for the target that it learns from.
    std::vector<std::vector<int>> row_step_columns;
  };
  /// The positions in `schema` of the columns that transforming needs, and whether the target is
  /// there. UsageError that names every column that is absent or has another type than the model
  /// was fitted on. A dictionary is as good as its values, a large_string as a string unless the
  /// model passes it through.
  arrow::Result<Binding> Bind(const arrow::Schema& schema) const;

 private:
  FittedPlan() = default;
  /// The derived column that pipeline i takes; -1: one of the table's.
  int DerivedColumn(size_t i) const { return derived_columns_[i]; }

  Plan plan_;
  std::shared_ptr<arrow::Schema> input_schema_;
  std::vector<std::unique_ptr<feature::Pipeline>> pipelines_;
  std::vector<int> derived_columns_;  ///< by pipeline: its index in derived_, or -1
  std::vector<BoundRowStep> row_steps_;
  arrow::FieldVector derived_;
  std::optional<TimeCuts> time_cuts_;
  std::vector<SavedState> states_;
};

/// What detection saw of one column of the source, from the training rows.
struct ColumnProfile {
  int64_t count = 0;       ///< non-null rows
  int64_t null_count = 0;  ///< null and NaN
  int64_t distinct_count = 0;
  bool distinct_exact = true;
  double min = 0;  ///< numbers only
  double max = 0;
  int64_t infinity_count = 0;
};

struct AutomaticPlanOptions {
  std::optional<std::string> target;
  double high_null_threshold = 0.9;
  std::optional<int64_t> seed;
  std::optional<SplitSpec> split = {};        ///< default: by whole rows, 80/10/10
  std::vector<std::string> categorical = {};  ///< numbers and booleans that are categories, too
  std::map<std::string, std::string> left_out = {};  ///< columns that are no features, and why; a
                                                     ///< struct's name means all its members

  bool is_categorical(const std::string& column) const;
  /// Why the column is left out; nullptr: it is not.
  const std::string* why_left_out(const std::string& column) const;
};

/// UsageError for categorical and left_out columns that the schema does not have or that are the
/// target, for categorical ones that are left out or of types that are none (times, binary,
/// nested), for a split by columns that cannot be split by, and for a threshold that is no share.
arrow::Status CheckAutomaticPlanOptions(const arrow::Schema& schema,
                                        const AutomaticPlanOptions& options);

/// The analyzers that detection needs for a column of this type; empty when the column is dropped
/// unread (nested, binary, time of day, duration, null). For numbers they are those that median and
/// standard scale learn from, for booleans and categories the value counts that most_frequent,
/// one_hot and vocabulary learn from: detection's states become the fit's.
/// A `categorical` column's are those of categories.
std::vector<std::shared_ptr<const feature::Analyzer>> DetectionAnalyzers(
    const arrow::DataType& type, bool categorical = false);

/// What detection makes of a type: "numeric", "boolean", "categorical", "datetime", or "other" for
/// what automatic plans leave out.
std::string DetectedKind(const arrow::DataType& type);

/// The automatic plan of DESIGN section 5 from what detection saw; profiles[i] belongs to schema
/// field i. One feature entry for each column that is kept, in the schema's order; a comment for
/// each that is dropped. What becomes of a column depends on that column alone, but for clashes of
/// names. UsageError when the target is not in the schema.
arrow::Result<Plan> MakeAutomaticPlan(const arrow::Schema& schema,
                                      const std::vector<ColumnProfile>& profiles,
                                      const AutomaticPlanOptions& options);

}  // namespace emberharmony::plan
