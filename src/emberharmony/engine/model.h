#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "emberharmony/engine/run_options.h"

namespace emberharmony::engine {

/// A table to read: a location as the command takes it (a file, a folder, a glob, an address of an
/// object store; docs/reference/sources.md), or rows in memory, which are shared, not copied. A
/// RecordBatchReader is read to its end first and kept in memory, since learning may take more than
/// one pass.
using TableInput =
    std::variant<std::string, std::shared_ptr<arrow::Table>, std::shared_ptr<arrow::RecordBatch>,
                 std::shared_ptr<arrow::RecordBatchReader>>;

/// Which part of a table is read, and what changes about the plan: the command's options.
struct FitOptions {
  std::vector<std::string> columns = {};   ///< --columns; empty: all
  std::optional<std::string> where = {};   ///< --where: only rows that pass this filter
  std::optional<int64_t> limit_rows = {};  ///< --limit, of the rows that pass
  std::optional<std::string> target = {};  ///< --target: overrides the plan's
  std::optional<int64_t> seed = {};        ///< --seed: overrides the split's
  double high_null_threshold = 0.9;        ///< of automatic plans
  RunOptions run = {};
};

/// What was learned from a table: applied to batches of any length, down to single rows, by the
/// code that `ember transform` runs, so that features are the same in training and in serving.
///
/// A value: copies share what was learned, which never changes. All const functions may be called
/// by several threads at a time.
class Model {
 public:
  /// Reads a model directory of `ember fit`, `extract` or `merge`, or of Save. It may come from a
  /// stranger: everything is checked. DataError (base/error_kind.h) when something is missing or
  /// damaged; OutOfMemory when the model does not fit into options.memory_bytes. Its states, which
  /// `ember merge` needs, are read with options.keep_state only.
  static arrow::Result<Model> Load(const std::string& dir, const RunOptions& options = {});

  /// Writes the model directory, which appears only when complete. UsageError when `dir` exists
  /// and is not an empty folder. With the states only if it was fitted or loaded with keep_state.
  arrow::Status Save(const std::string& dir) const;

  /// The features of the rows, in plan order, and last the target if the batch has it: what `ember
  /// transform` writes for these rows, with the same values and types, as one matrix if the plan
  /// says so. Columns may be dictionary-encoded or slices; columns that the model does not use are
  /// left out. Structs' fields are columns called `parent.child`. Steps that look back (lag,
  /// rolling) see the rows of this batch alone, or those of this table.
  ///
  /// Columns of another type than the model was fitted on are cast where no value changes
  /// (io/lossless_cast.h).
  ///
  /// UsageError that names every column that is absent or of a type that is never cast, or the
  /// column and the first value that would change; DataError for values that a step refuses. Arrays
  /// are allocated from `pool`, which must outlive them; columns handed on as they are share the
  /// batch's memory.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Transform(
      const arrow::RecordBatch& batch,
      arrow::MemoryPool* pool = arrow::default_memory_pool()) const;
  /// The same for a table, cut into batches where its chunks end.
  arrow::Result<std::shared_ptr<arrow::Table>> Transform(
      const arrow::Table& table, arrow::MemoryPool* pool = arrow::default_memory_pool()) const;

  /// The columns that the model uses (those of features, target and split), with their types.
  std::shared_ptr<arrow::Schema> input_schema() const;
  /// The schema of what Transform gives for batches with or without the target.
  arrow::Result<std::shared_ptr<arrow::Schema>> output_schema(bool with_target = false) const;
  /// What the features are called, in order: columns, or the values of a matrix.
  std::vector<std::string> feature_names() const;
  /// The plan, as YAML, every default written out.
  std::string plan() const;

 private:
  friend arrow::Result<Model> Fit(const std::optional<std::string>& plan, const TableInput& table,
                                  const FitOptions& options);
  struct Learned;
  explicit Model(std::shared_ptr<const Learned> learned) : learned_(std::move(learned)) {}

  std::shared_ptr<const Learned> learned_;
};

/// Learns from the table's training rows (those that the plan's split assigns to `train`) what the
/// plan asks for, as `ember fit` does. `plan` is YAML text (docs/reference/plan.md); std::nullopt:
/// an automatic plan, made from the table.
///
/// UsageError for a plan that is wrong or does not fit the table: all faults together, each with
/// its line; DataError for values that a step refuses; OutOfMemory at options.run.memory_bytes,
/// which counts what the whole process holds, a table in memory included. Thread-safe; uses
/// options.run.num_threads threads.
arrow::Result<Model> Fit(const std::optional<std::string>& plan, const TableInput& table,
                         const FitOptions& options = {});

/// The automatic plan for a table as YAML, to be looked at and changed: `ember plan`.
arrow::Result<std::string> MakePlan(const TableInput& table, const FitOptions& options = {});

}  // namespace emberharmony::engine
