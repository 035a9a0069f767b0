#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/complete_output.h"
#include "emberharmony/engine/given_plan.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/run_ledger.h"

namespace emberharmony::engine {

/// What a fit or an extract is asked for; before rows are read. `given` as PreparePlan gave it.
LedgerContents DescribeLearning(const std::string& command, const SourceRequest& source_request,
                                const RequestedSource& requested, const PlanRequest& plan_request,
                                const std::optional<GivenPlan>& given, const RunContext& context);

/// What a transform is asked for; the model is told by its folder's content.
arrow::Result<LedgerContents> DescribeTransform(const std::string& model_dir,
                                                const plan::FittedPlan& model,
                                                const SourceRequest& source_request,
                                                const RequestedSource& requested,
                                                const RunContext& context);

/// UsageError, which names what differs, when a complete output is that of another request, or does
/// not tell of which (an extract's and a transform's report does), or is damaged. Of a model this
/// is checked by CheckCompleteModel.
arrow::Status CheckCompleteOutput(const CompleteOutput& complete, const LedgerContents& header,
                                  const std::optional<GivenPlan>& given);

/// The same for a fit. A model has no record of its request, since equal fits are equal to the byte
/// and to what merging gives: it tells its plan, its columns, and how many rows it has learned
/// from, which is compared with the source as far as that is known without reading it, and where
/// its rows can be told to be the same at all.
arrow::Status CheckCompleteModel(const CompleteOutput& complete,
                                 const SourceRequest& source_request,
                                 const RequestedSource& requested, const PlanRequest& plan_request,
                                 const std::optional<GivenPlan>& given, RunContext* context);

}  // namespace emberharmony::engine
