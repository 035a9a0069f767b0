#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/requested_source.h"
#include "emberharmony/plan/fitted_plan.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::engine {

/// Where a plan comes from: text with a name for messages, or nothing for an automatic one.
struct PlanRequest {
  std::optional<std::string> text;
  std::string name;
  std::optional<std::string> target;  ///< --target: of an automatic plan, or overriding the plan's
  std::optional<int64_t> seed;        ///< --seed: overrides the split's
  double high_null_threshold = 0.9;
  std::string path = {};  ///< the file that the text is from, which no run replaces; or empty
  /// Of automatic plans, like all below: the column that tells rows apart, which is no feature. One
  /// of times or dates splits by time, any other by the hash of its values.
  std::optional<std::string> index_column = {};
  std::vector<std::string> categorical = {};         ///< plan::AutomaticPlanOptions
  std::map<std::string, std::string> left_out = {};  ///< the same

  /// What of it an automatic plan for such a table is made by.
  plan::AutomaticPlanOptions automatic_options(const arrow::Schema& schema) const;
};

/// A plan that was given, with what the request overrides, bound to a source.
struct GivenPlan {
  plan::Plan plan;
  plan::BoundPlan bound;

  /// The column without which a row is left out: a target with drop_null.
  std::optional<std::string> required_column() const;
};

/// What can be known of the request before anything is learned or replaced; nothing for an
/// automatic plan. Errors as those of ParsePlan and BindPlan, and UsageError for columns that the
/// request itself leaves out.
arrow::Result<std::optional<GivenPlan>> PreparePlan(const SourceRequest& source_request,
                                                    const RequestedSource& requested,
                                                    const PlanRequest& request);

/// The columns that a run of the plan reads, each once; none where it reads all: of an automatic
/// plan, or where whole rows are hashed into splits.
std::vector<std::string> ColumnsToRead(const std::optional<GivenPlan>& given);

/// The UsageError for a plan that puts out no features: a target alone is nothing to learn from.
arrow::Status NoFeatures(const plan::Plan& plan);

}  // namespace emberharmony::engine
