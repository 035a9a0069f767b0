#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/plan/plan.h"

namespace emberharmony::plan {

/// One saved state of a fit: what merge needs.
struct SavedState {
  int source_column = -1;     ///< index in the fitted schema
  std::string path_key;       ///< feature::Probe::path_key
  std::string state_key;      ///< feature::Analyzer::state_key
  std::string bytes;          ///< Analyzer::Encode
};

/// What was learned: the plan, the schema of the columns it uses, and learned pipelines. Immutable once made; thread-safe.
class FittedPlan {
 public:
  static constexpr int kVersion = 1;

  /// All pipelines have learned. `schema` is the source's; duplicate output names are a UsageError.
  static arrow::Result<std::shared_ptr<const FittedPlan>> Make(Plan plan, std::shared_ptr<arrow::Schema> schema,
                                                               BoundPlan bound);

  const Plan& plan() const { return plan_; }
  /// The source columns that the pipelines, the target and the split's key use, in the source's order, with their types.
  const std::shared_ptr<arrow::Schema>& input_schema() const { return input_schema_; }
  const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines() const { return pipelines_; }
  /// Features in plan order; then the target, when the plan has one and `with_target`.
  std::shared_ptr<arrow::Schema> output_schema(bool with_target) const;
  const std::vector<SavedState>& states() const { return states_; }
  void set_states(std::vector<SavedState> states) { states_ = std::move(states); }

  /// Writes plan.yaml, model.json, vocabulary/NNNNN.parquet and, when there are states, state/ into the folder `dir`, which
  /// appears only when complete. Equal fits give equal bytes. No absolute path, time or host name is written.
  arrow::Status Save(const std::string& dir) const;
  /// Reads a folder written by Save; bounded and checked: it may come from a stranger.
  static arrow::Result<std::shared_ptr<FittedPlan>> Load(const std::string& dir);

  /// The positions in `schema` of the columns of input_schema(), and whether the target is there. UsageError that names every
  /// column that is absent or has another type ("the model was fitted on ...").
  struct Binding {
    std::vector<int> pipeline_columns;
    int target_column = -1;
  };
  arrow::Result<Binding> Bind(const arrow::Schema& schema) const;

 private:
  Plan plan_;
  std::shared_ptr<arrow::Schema> input_schema_;
  std::vector<std::unique_ptr<feature::Pipeline>> pipelines_;
  std::vector<SavedState> states_;
};

/// What detection saw of one column of the source, from the training rows.
struct ColumnProfile {
  int64_t count = 0;        ///< non-null rows
  int64_t null_count = 0;   ///< null and NaN
  int64_t distinct_count = 0;
  bool distinct_exact = true;
  double min = 0;           ///< numbers only
  double max = 0;
  int64_t infinity_count = 0;
};

struct AutomaticPlanOptions {
  std::optional<std::string> target;
  double high_null_threshold = 0.9;
  std::optional<int64_t> seed;
};

/// The analyzers that detection needs for a column of this type; empty when the column is dropped unread (nested).
std::vector<std::shared_ptr<const feature::Analyzer>> DetectionAnalyzers(const arrow::DataType& type);

/// The automatic plan of DESIGN section 5 from what detection saw; profiles[i] belongs to schema field i.
arrow::Result<Plan> MakeAutomaticPlan(const arrow::Schema& schema, const std::vector<ColumnProfile>& profiles,
                                      const AutomaticPlanOptions& options);

}  // namespace emberharmony::plan
