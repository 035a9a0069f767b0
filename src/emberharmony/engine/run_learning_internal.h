#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/fit.h"
#include "emberharmony/engine/given_plan.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/fitted_plan.h"

/// What runs that learn do between their source and their output (engine/runs.h).
namespace emberharmony::engine::internal {

/// PreparePlan, after which it is known who computes.
arrow::Result<std::optional<GivenPlan>> PreparePlanOf(const SourceRequest& source_request,
                                                      const RequestedSource& requested,
                                                      const PlanRequest& request,
                                                      RunContext* context);

/// SelectRows for a run of a plan.
arrow::Status SelectRowsOf(const SourceRequest& source_request, const PlanRequest& plan_request,
                           RunContext* context, RequestedSource* requested,
                           std::optional<GivenPlan>* given, Checkpoint* checkpoint = nullptr);

/// The split of an automatic plan, which is fixed before anything has been seen.
plan::SplitSpec AutomaticSplit(const PlanRequest& request, const arrow::Schema& schema);

/// The splits of all rows: those that an interrupted run has kept, or new ones, which the scan that
/// learns may assign where it sees all columns.
arrow::Result<std::shared_ptr<const SplitVectors>> MakeSplits(
    const RequestedSource& requested, const plan::SplitSpec& spec, RunContext* context,
    const std::optional<std::string>& required_column = std::nullopt,
    Checkpoint* checkpoint = nullptr);

/// What was learned, and from what.
struct Fitted {
  std::shared_ptr<const plan::FittedPlan> model;
  std::shared_ptr<const SplitVectors> splits;
  bool automatic = false;
  std::vector<plan::ColumnProfile> profiles;
  /// What features are written from: the table, with the columns that row-wise steps yield.
  std::shared_ptr<io::Source> source;
};

arrow::Result<Fitted> FitRequested(const RequestedSource& requested, const PlanRequest& request,
                                   std::optional<GivenPlan> given, FitPurpose purpose,
                                   RunContext* context, Checkpoint* checkpoint = nullptr);

/// The model and what comes with it, complete in the checkpoint: what an interrupted run has
/// learned, or FitRequested.
arrow::Result<Fitted> FitOrReload(const SourceRequest& source_request,
                                  const RequestedSource& requested, const PlanRequest& plan_request,
                                  std::optional<GivenPlan> given, Checkpoint* checkpoint,
                                  RunContext* context);

/// What a run without rows fails with: the reason for that comes first.
arrow::Status ExplainNoRows(const SourceRequest& request, const RequestedSource& requested,
                            const arrow::Status& status);

/// UsageError for a model without features.
arrow::Status CheckFeatures(const plan::FittedPlan& model);

}  // namespace emberharmony::engine::internal
