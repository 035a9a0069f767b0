#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

class Checkpoint;

/// What a fit is for.
enum class FitPurpose {
  kApplying,            ///< the model is applied
  kApplyingAndMerging,  ///< applied, and merged: states are kept
  kMerging,             ///< merged at least: where all values of a column are null its steps stay
                        ///< unlearned (plan::FittedPlan::CheckComplete)
};

/// Learns what the bound plan's pipelines need from the training rows and completes them; those of
/// columns that the source does not have (derived ones, yet), or that come before `first_column`,
/// are left alone. If the model is to be merged their states, in canonical order, are returned as
/// well.
///
/// With a checkpoint each column's states are kept there when it has been scanned, and what an
/// interrupted run has kept is not scanned again.
arrow::Result<std::vector<plan::SavedState>> FitPipelines(const io::Source& source,
                                                          const SplitVectors& splits,
                                                          const plan::BoundPlan& bound,
                                                          FitPurpose purpose, RunContext* context,
                                                          int first_column = 0,
                                                          Checkpoint* checkpoint = nullptr);

/// An automatic plan (DESIGN section 5) and its pipelines, which have learned from the very states
/// that detection used.
struct DetectedPlan {
  plan::Plan plan;
  plan::BoundPlan bound;
  std::vector<plan::ColumnProfile> profiles;  ///< by column of the source
  std::vector<plan::SavedState> states;       ///< with keep_state
};

/// `splits` are those of the automatic plan's split. With learn == false only the plan is wanted:
/// the pipelines stay unlearned.
arrow::Result<DetectedPlan> DetectPlan(const io::Source& source, const SplitVectors& splits,
                                       const plan::AutomaticPlanOptions& options, bool learn,
                                       bool keep_state, RunContext* context,
                                       Checkpoint* checkpoint = nullptr);

/// What merging needs of a model. Its states stay in its folder and are read from there.
struct MergePart {
  plan::Plan plan;
  std::shared_ptr<arrow::Schema> input_schema;
  std::optional<plan::TimeCuts> time_cuts;
  std::vector<plan::SavedState> states;

  /// Loads and checks the whole model, and keeps this.
  static arrow::Result<MergePart> Load(const std::string& model_dir,
                                       const feature::StateOptions& memory);
};

/// UsageError unless there are parts, of equal plans and schemas, and of a plan whose fits can be
/// merged.
arrow::Status CheckMergeable(const std::vector<MergePart>& parts);

/// One model from the fits of disjoint parts: what one fit of the whole for merging would have
/// given, byte for byte. All must have been saved with their states, for equal plans and schemas.
/// UsageError otherwise, or when a step learned from another learned step that is not an impute, or
/// from rows that are not in the part (engine/row_step_merge.h).
arrow::Result<std::shared_ptr<plan::FittedPlan>> MergeModels(const std::vector<MergePart>& parts,
                                                             RunContext* context);

}  // namespace emberharmony::engine
