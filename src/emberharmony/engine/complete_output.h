#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/manifest.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

/// What an output folder says of itself.
struct CompleteOutput {
  std::string folder;
  std::string command;  ///< "extract", "fit", "transform"
  Manifest manifest;    ///< empty for a model, and where it is damaged
  /// Of extract and fit; null where it is damaged.
  std::shared_ptr<const plan::FittedPlan> model;
  /// How many rows a model's columns have learned from, nulls among them; nullopt: no step tells,
  /// or they tell different numbers.
  std::optional<int64_t> num_learned_rows;
  int64_t bytes = 0;   ///< of the shards
  std::string damage;  ///< the first thing that is missing or does not fit; empty: nothing
};

/// Reads what is in a folder with a manifest.json or a model.json, and whether all of its files are
/// there: the model whole, of shards their footers, whose rows must be the manifest's. It may come
/// from a stranger: no path leads out of the folder, and no link is followed. The model lies
/// where `memory` says (FittedPlan::Load). DataError for a folder that may not be read.
arrow::Result<CompleteOutput> ReadCompleteOutput(const std::string& folder,
                                                 const feature::StateOptions& memory);

/// Whether there is a regular file, not a link to one. DataError where it may not be looked.
arrow::Result<bool> FindRegularFile(const std::string& path);

}  // namespace emberharmony::engine
