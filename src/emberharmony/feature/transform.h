#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/backend/op.h"
#include "emberharmony/feature/analyzer.h"
#include "emberharmony/feature/value_block.h"

namespace emberharmony::feature {

struct TransformTraits {
  bool elementwise = true;  ///< each output entry depends on its input entry alone: applied to
                            ///< dictionaries. Else row-wise.
  bool ordered = false;     ///< depends on the order of rows
  bool last = false;        ///< no step may follow (one_hot, vocabulary, cyclical, drop,
                            ///< datetime of several parts)
  bool fills_missing =
      false;  ///< replaces missing values (impute); every other step keeps missing missing
  bool exact_type = false;  ///< what it learns or yields depends on the values' own type, so they
                            ///< must come in the input's type and form
  bool continuous = false;  ///< input that differs in its last bits gives output that does so: no
                            ///< id, category or count hangs on them
  bool on_disk = false;     ///< what it learns may lie in temporary files where memory does not
                            ///< hold it
  bool computes = false;    ///< with ops (ComputeNumeric): another backend than the native one may
};

/// What a step is made from. `input` describes the values that reach it.
struct TransformContext {
  ColumnInfo input;
  std::string source_column;
  std::shared_ptr<arrow::DataType> output_type;  ///< the plan's output.dtype, float32 by default
  int64_t quantile_keys = 65536;
  bool exact_quantiles = false;
};

/// The constant that fills missing values, and how many training rows it fills.
struct Fill {
  ValueBlock value;  ///< one entry
  int64_t weight = 0;
};

/// One step, bound to an input column. Made unlearned; Learn or Restore completes one that learns.
/// Apply is thread-safe.
class Transform {
 public:
  virtual ~Transform() = default;
  virtual const std::string& name() const = 0;
  virtual TransformTraits traits() const { return {}; }
  /// What a step that `computes` asks a backend for.
  virtual std::vector<backend::Op> operations() const { return {}; }
  /// The step's options with defaults filled in: equal options give equal JSON.
  virtual nlohmann::json options() const = 0;

  /// What the step learns from; empty when it learns nothing.
  virtual std::vector<std::shared_ptr<const Analyzer>> analyzers() const { return {}; }
  /// Takes what those analyzers found, in the same order. DataError when the data does not allow
  /// the step (an infinity before scale, no values to take a median of: the message names the
  /// column).
  virtual arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics);
  /// Set on a learned impute: its null rows are learned from by later steps through this.
  virtual std::optional<Fill> fill() const { return std::nullopt; }

  /// What model.json says of the step: {"step": name, options..., what was learned...}.
  virtual nlohmann::json Describe() const = 0;
  /// The learned vocabulary (columns value, id, count, by id); nullptr where there is none, or it
  /// lies on disk.
  virtual std::shared_ptr<arrow::RecordBatch> VocabularyTable() const { return nullptr; }
  /// The same batch by batch, wherever it lies; nullptr where there is none.
  virtual std::shared_ptr<arrow::RecordBatchReader> ReadVocabulary() const { return nullptr; }
  virtual int64_t vocabulary_size() const { return 0; }
  /// The inverse of Describe and VocabularyTable; checks everything: models may come from
  /// strangers.
  virtual arrow::Status Restore(const nlohmann::json& learned,
                                const std::shared_ptr<arrow::RecordBatch>& vocabulary);
  /// The same for a step that is on_disk, with a vocabulary that memory does not hold: it goes to
  /// temporary files in memory.spill_dir.
  virtual arrow::Status RestoreOnDisk(const nlohmann::json& learned,
                                      arrow::RecordBatchReader* vocabulary,
                                      const StateOptions& memory);

  /// The columns this step yields; before it has learned, what is known by then (one_hot: none).
  /// The first is what the next step sees; others (an indicator) go straight to the output. An
  /// empty list: the column is dropped.
  virtual std::vector<ColumnInfo> outputs() const = 0;
  /// Appends a block for each of outputs(), each of the input's length(); the null slot may stay
  /// one. Output memory comes from `pool`, but for what is shared with the input. DataError when a
  /// value does not allow the step (cast: overflow).
  virtual arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                              std::vector<ValueBlock>* outputs) const = 0;
};

using TransformFactory = arrow::Result<std::unique_ptr<Transform>> (*)(
    const nlohmann::json& options, const TransformContext& context);

/// The steps by name. Each step's own file registers it (static TransformRegistration); filled
/// before main.
class TransformRegistry {
 public:
  static TransformRegistry& Get();
  void Register(std::string name, TransformFactory factory);
  /// UsageError for an unknown name (with the nearest one) or bad options.
  arrow::Result<std::unique_ptr<Transform>> Make(const std::string& name,
                                                 const nlohmann::json& options,
                                                 const TransformContext& context) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, TransformFactory> factories_;
};

struct TransformRegistration {
  TransformRegistration(std::string name, TransformFactory factory) {
    TransformRegistry::Get().Register(std::move(name), factory);
  }
};

}  // namespace emberharmony::feature
