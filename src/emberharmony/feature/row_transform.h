#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "emberharmony/backend/op.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/value_block.h"

/// Steps that need whole rows: several columns at once (cross, pca), or rows in their order (lag,
/// windows). Every other step is a Transform, which works on the distinct values of one column.
///
/// A row-wise step stands in a feature's steps like any other:
///
///     - columns: [origin, destination]
///       steps: [cross, {hash_bucket: {buckets: 1000}}]
///
/// The steps ahead of it are applied to each column, those behind it to each of its outputs, which
/// another row-wise step may take as its columns. A run applies it once, in a pass of its own,
/// after the steps ahead of it have learned; its outputs wait on disk as further columns of the
/// source ("derived" ones), from which the steps behind it learn and features are written
/// (engine/row_steps.h).
namespace emberharmony::feature {

/// The fold of a row that is none of training's.
inline constexpr uint8_t kNoFold = 255;

/// Consecutive rows of a unit.
struct RowBlock {
  int64_t num_rows = 0;
  /// One array of num_rows rows for each of the step's inputs, in the inputs' type, neither
  /// dictionaries nor runs. nullptr for a target where the step is applied.
  arrow::ArrayVector columns;
  /// Of each row its fold, in [0, num_folds), or 0 for a step without folds; kNoFold for rows that
  /// are not of training. nullptr while learning: every row is of training, in fold 0. nullptr
  /// while applying: rows are served, none is of training.
  const uint8_t* folds = nullptr;
};

struct RowTraits {
  /// Depends on the order of rows: the run's units are gone through in order, by one thread, with
  /// one state. Refused for sources whose rows come in no order of their own.
  bool ordered = false;
  /// Above 0: training rows get values that were learned without their own fold. At most 64.
  int num_folds = 0;
  /// A matrix step: computes with ops, so that another backend than the native one may do it, whose
  /// results differ in their last bits.
  bool computes = false;
};

/// What an ordered step remembers of the rows that came before: made for each run, or each table
/// that is transformed in memory. One thread at a time.
class RowState {
 public:
  virtual ~RowState() = default;
};

/// What a step learns from. Update may be called by one thread at a time, with the rows in any
/// order and any grouping, none of which may show in the result.
class RowLearner {
 public:
  virtual ~RowLearner() = default;
  /// Rows of folds other than kNoFold count.
  virtual arrow::Status Update(const RowBlock& rows) = 0;
  /// After each pass over the data; true when another is needed.
  virtual arrow::Result<bool> FinishPass() { return false; }
  /// After a pass that another follows: what the passes so far have found, for a run that goes on
  /// with the next; empty: such a run begins with the first.
  virtual std::string EncodePasses() const { return ""; }
  /// In the place of those passes. DataError for bytes that are none of an equal step's.
  virtual arrow::Status RestorePasses(const std::string& encoded);

  /// Whether what learners of the same step have seen of parts of a table can be put together.
  virtual bool is_mergeable() const { return false; }
  /// What it has seen, before Learn: equal rows give equal bytes, whatever their order.
  virtual arrow::Result<std::string> Encode() const;
  /// At least as much as Encode takes.
  virtual int64_t encoded_bytes_max() const { return 0; }
  /// Adds what another has seen. DataError for bytes that are none of an equal step's.
  virtual arrow::Status MergeEncoded(const std::string& encoded);
};

/// One row-wise step, bound to its inputs. Made unlearned; Learn or Restore completes one that
/// learns. Apply is thread-safe.
class RowTransform {
 public:
  virtual ~RowTransform() = default;
  virtual const std::string& name() const = 0;
  virtual RowTraits traits() const { return {}; }
  /// What a step that `computes` asks a backend for.
  virtual std::vector<backend::Op> operations() const { return {}; }
  /// The step's options with defaults filled in: equal options give equal JSON.
  virtual nlohmann::json options() const = 0;
  /// The columns that it yields, known before it learns, each with a name of its own that no column
  /// of the table should have: COLUMN_lag_1.
  virtual std::vector<ColumnInfo> outputs() const = 0;

  /// What the step learns with; nullptr when it learns nothing. Memory is accounted for in the
  /// budget, which may be nullptr and outlives the learner: OutOfMemory, never spilled.
  virtual arrow::Result<std::unique_ptr<RowLearner>> MakeLearner(
      base::MemoryBudget* /*budget*/) const {
    return nullptr;
  }
  /// Takes what such a learner, whose passes have ended, found. DataError when the data does not
  /// allow the step.
  virtual arrow::Status Learn(const RowLearner& learner);
  virtual bool learned() const { return true; }
  /// What model.json says of the step: {"step": name, options..., what was learned...}.
  virtual nlohmann::json Describe() const;
  /// A learned vocabulary (columns value, id, count), or nullptr.
  virtual std::shared_ptr<arrow::RecordBatch> VocabularyTable() const { return nullptr; }
  /// The inverse of Describe and VocabularyTable; checks everything: models may come from
  /// strangers.
  virtual arrow::Status Restore(const nlohmann::json& learned,
                                const std::shared_ptr<arrow::RecordBatch>& vocabulary);

  /// The state that Apply of an ordered step needs; nullptr for others.
  virtual std::unique_ptr<RowState> MakeState(base::MemoryBudget* /*budget*/) const {
    return nullptr;
  }
  /// Appends an array of rows.num_rows rows for each of outputs(), of its type or a dictionary of
  /// it (int32 indices). `state` has seen all rows before these. Output memory comes from `pool`.
  virtual arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                              arrow::ArrayVector* outputs) const = 0;
};

/// What a step is made from.
struct RowContext {
  /// The feature's columns behind the steps ahead (one, unless the step takes them together), then
  /// those that the options name, then the target if the step learns from it. Numbers behind a step
  /// are float64; a column without steps ahead has its own type.
  std::vector<ColumnInfo> inputs;
  size_t num_columns = 1;  ///< of the inputs, the feature's
  /// The feature's columns are what another row-wise step yields: values may be missing for want of
  /// rows (at a sequence's beginning, where no window ends), and not only in the table.
  bool derived = false;
};

/// What is known of a row-wise step before it is made.
struct RowStep {
  /// Takes all columns of the feature at once; else each column has a step of its own.
  bool takes_columns_together = false;
  /// The plan's target is the last input, while learning.
  bool learns_from_target = false;
  /// The columns of the table that the options name (`by`), as far as they are sound.
  std::vector<std::string> (*named_columns)(const nlohmann::json& options) = nullptr;
  /// UsageError for bad options or inputs.
  arrow::Result<std::unique_ptr<RowTransform>> (*make)(const nlohmann::json& options,
                                                       const RowContext& context) = nullptr;
};

/// The row-wise steps by name. Each step's own file registers it; filled before main.
class RowStepRegistry {
 public:
  static RowStepRegistry& Get();
  void Register(std::string name, RowStep step) { steps_[std::move(name)] = step; }
  /// nullptr: there is none of this name.
  const RowStep* Find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, RowStep> steps_;
};

struct RowStepRegistration {
  RowStepRegistration(std::string name, RowStep step) {
    RowStepRegistry::Get().Register(std::move(name), step);
  }
};

}  // namespace emberharmony::feature
