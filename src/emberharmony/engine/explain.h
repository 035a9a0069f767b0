#pragma once

#include <arrow/result.h>

#include "emberharmony/engine/explanation.h"
#include "emberharmony/engine/given_plan.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"

namespace emberharmony::engine {

/// `ember explain`: what a run of a plan on a source would do, before it is run. Reads what opening
/// the source reads (footers, listings; a CSV file to find its records) and, for the steps that
/// count distinct values, the first rows (engine/category_sample.h). The same request gives the
/// same explanation, whatever the process.
///
/// `plan` must have a text. What a run refuses before it reads is refused in the same words; and so
/// is a one_hot that is certain to make more columns than its max_categories.
arrow::Result<Explanation> RunExplain(const SourceRequest& source, const PlanRequest& plan,
                                      RunContext* context);

}  // namespace emberharmony::engine
