#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {

struct StepSpec {
  std::string name;
  nlohmann::json options;  ///< null when none were given
};

struct OutputOptions {
  std::shared_ptr<arrow::DataType> type;  ///< float32 by default
  int64_t quantile_keys = 65536;
  bool exact_quantiles = false;
};

/// The values a step learns from: the source column after some steps, with the rows that an earlier
/// impute will fill left out.
struct Probe {
  int step = 0;           ///< the step that learns
  std::vector<int> path;  ///< the steps to apply to the source values first, in order
  std::string
      path_key;  ///< equal keys (of the same source column) mean equal values; "" is the raw column
  std::vector<std::shared_ptr<const Analyzer>> analyzers;
  int fill_step =
      -1;  ///< an impute whose fill joins the states before they are finalized; -1: none
};

/// The steps of one source column, in order. Not thread-safe while it learns; Apply is.
class Pipeline {
 public:
  /// `index` is the pipeline's position in the plan (used in path keys). UsageError when a step is
  /// unknown, has bad options, cannot take what the step before yields, or follows one that must be
  /// last. The error's message starts with "step K: " (K from 0), so that the plan can add line and
  /// column.
  static arrow::Result<std::unique_ptr<Pipeline>> Make(int index, const arrow::Field& source,
                                                       const std::vector<StepSpec>& steps,
                                                       const OutputOptions& output);

  const std::string& source_column() const { return source_column_; }
  const std::vector<StepSpec>& specs() const { return specs_; }
  int num_steps() const;
  const Transform& step(int i) const { return *steps_[i]; }

  /// True when every step has learned what it needs (a pipeline without learning steps from the
  /// start).
  bool learned() const;
  bool learned(int step) const { return learned_[static_cast<size_t>(step)]; }
  /// Whether Apply leaves a step to the backend of the caller's scope (backend/backend_scope.h):
  /// one that computes, and behind which all are continuous (TransformTraits). All else is computed
  /// natively, and so is what steps learn from, so that what is learned and ids are the same on
  /// every backend.
  bool runs_on_backend(int step) const;
  /// What can be learned in the next pass over the data: every unlearned step before which nothing
  /// unlearned stands, except one impute whose fill can be joined in at the end (DESIGN section 3,
  /// "Filling nulls and then learning").
  std::vector<Probe> NextProbes() const;
  /// The values a probe's analyzers see: a block of source.length() entries. Where its null slot
  /// has become an entry of its own (values->length() == source.length(), no null_slot), that entry
  /// is the last and weighs what the slot weighs.
  arrow::Result<ValueBlock> ApplyPath(const Probe& probe, const ValueBlock& source,
                                      arrow::MemoryPool* pool) const;
  /// After probe.fill_step has learned: its fill, taken through the path's steps after it, and its
  /// weight.
  arrow::Result<Fill> FillFor(const Probe& probe, arrow::MemoryPool* pool) const;
  /// Steps must learn in ascending order of Probe::step. Later steps are re-bound to what the step
  /// now yields, so that an error may also be a later step's that cannot take it. Errors start with
  /// "step K: " as in Make.
  arrow::Status Learn(int step, const std::vector<std::shared_ptr<const Statistic>>& statistics);
  arrow::Status Restore(int step, const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary);
  /// The same for a step that is on_disk (TransformTraits).
  arrow::Status RestoreOnDisk(int step, const nlohmann::json& learned,
                              arrow::RecordBatchReader* vocabulary, const StateOptions& memory);

  /// The output columns, once learned; before, as far as known (one_hot: none). The last step's
  /// columns come first, then what earlier steps put out beside their value (indicators). Numeric
  /// form, and numbers and booleans whose type no step chose, have the output type; all else keeps
  /// its type.
  arrow::FieldVector outputs() const;
  /// Applies all steps and the final cast: one array for each of outputs(), all of equal length:
  /// source.length(), or source.values->length() when the steps leave the null slot alone
  /// (passthrough), where the index of the null slot then equals the arrays' length and means null.
  /// A NaN of the numeric form becomes null.
  arrow::Result<std::vector<std::shared_ptr<arrow::Array>>> Apply(const ValueBlock& source,
                                                                  arrow::MemoryPool* pool) const;

 private:
  Pipeline() = default;
  /// Makes the steps from `first` on, each from what the one before yields.
  arrow::Status Bind(int first);
  arrow::Status CheckNext(int step) const;
  arrow::Status ApplySteps(std::span<const int> steps, ValueBlock* block,
                           arrow::MemoryPool* pool) const;
  std::string PathKey(const std::vector<int>& path) const;
  std::vector<ColumnInfo> OutputInfos() const;

  int index_ = 0;
  std::string source_column_;
  ColumnInfo source_;
  OutputOptions output_;
  std::vector<StepSpec> specs_;
  std::vector<std::unique_ptr<Transform>> steps_;
  std::vector<bool> learned_;
};

}  // namespace emberharmony::feature
