#pragma once

#include <arrow/result.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/column_distribution.h"
#include "emberharmony/engine/given_plan.h"
#include "emberharmony/engine/inspect.h"
#include "emberharmony/engine/manifest.h"
#include "emberharmony/engine/progress.h"
#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/run_request.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

/// What was done, for the report and the summary; everything that may differ between equal runs is
/// in here only. The model's memory is the run's: a report must not outlive its RunContext.
struct RunReport {
  std::string command;
  std::string source;
  std::optional<std::string> where;
  std::string why_no_rows;  ///< what took all rows of a source that has some; else empty
  std::string output;
  int num_threads = 0;
  int64_t memory_limit_bytes = 0;
  int64_t peak_resident_bytes = 0;
  int64_t num_rows = 0;
  int64_t num_dropped_rows = 0;  ///< without a target, under drop_null
  int64_t num_units = 0;
  int64_t source_bytes = 0;
  int64_t output_bytes = 0;
  double wall_seconds = 0;
  double cpu_seconds = 0;
  std::vector<Progress::PhaseTime> phases;
  std::vector<std::string> warnings;
  bool automatic_plan = false;
  std::vector<plan::ColumnProfile> profiles;  ///< of an automatic plan, by column of source_schema
  std::shared_ptr<arrow::Schema> source_schema;
  std::shared_ptr<const plan::FittedPlan> model;
  /// By pipeline of the model, then the target (engine/transform.h); empty: nothing was
  /// transformed.
  SourceDistributions distributions;
  std::array<std::string, kNumSplits> split_names;  ///< "": a split that does not exist
  Manifest manifest;
  nlohmann::json backend;             ///< NumericBackends::Use
  std::optional<RunRequest> request;  ///< what was asked for; of runs that can be continued
  int64_t num_units_found = 0;  ///< that an interrupted run had written before this one went on
  bool was_complete = false;    ///< there was nothing to do: the output was there, whole

  std::string ToJson() const;
};

/// `ember inspect`: what is in each column, from one pass over all rows.
arrow::Result<Inspection> RunInspect(const SourceRequest& source, const InspectOptions& options,
                                     RunContext* context);

/// `ember plan`: the automatic plan as YAML.
arrow::Result<std::string> RunPlan(const SourceRequest& source, const PlanRequest& plan,
                                   RunContext* context);

/// `ember fit`: learns, and writes the model directory `output`, with its states.
arrow::Result<RunReport> RunFit(const SourceRequest& source, const PlanRequest& plan,
                                const std::string& output, RunContext* context);

/// `ember transform`: applies a model directory to all rows.
arrow::Result<RunReport> RunTransform(const std::string& model, const SourceRequest& source,
                                      const std::string& output, RunContext* context);

/// `ember extract`: plan, fit, split and transform in one go.
arrow::Result<RunReport> RunExtract(const SourceRequest& source, const PlanRequest& plan,
                                    const std::string& output, RunContext* context);

/// Learns as `ember fit` does, but writes nothing. The model's memory is the run's: it must not
/// outlive its RunContext. With keep_state its states are kept, which merging needs.
arrow::Result<std::shared_ptr<const plan::FittedPlan>> FitModel(const SourceRequest& source,
                                                                const PlanRequest& plan,
                                                                bool keep_state,
                                                                RunContext* context);

/// `ember merge`: one model from the fits of disjoint parts (engine/fit.h, MergeModels).
arrow::Result<RunReport> RunMerge(const std::vector<std::string>& models, const std::string& output,
                                  RunContext* context);

}  // namespace emberharmony::engine
