#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/engine/model.h"
#include "emberharmony/engine/runs.h"

namespace emberharmony::engine::internal {

/// The source of a run over the table.
arrow::Result<SourceRequest> RequestOf(const TableInput& table, const FitOptions& options);
/// The plan of a run, called "plan" in messages.
PlanRequest RequestOf(const std::optional<std::string>& plan, const FitOptions& options);

/// function()'s result, or that of an exception it throws: where the library ends, none leaves it.
template <typename Function>
auto ResultOf(const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::exception& error) {
    ARROW_RETURN_NOT_OK(base::AllocationFailureOf(error));
    return arrow::Status::UnknownError("unexpected exception: ", error.what());
  }
}

}  // namespace emberharmony::engine::internal
