#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// UsageError, which names what differs, when the complete output in a folder is known to be that
/// of another request. A model tells its plan alone.
arrow::Status CheckCompleteOutput(const std::string& output, const LedgerContents& header,
                                  const std::optional<GivenPlan>& given);

}  // namespace emberharmony::engine
