#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/bin_edges.h"
#include "emberharmony/engine/text_counts.h"
#include "emberharmony/engine/value_bins.h"
#include "emberharmony/feature/pipeline.h"
#include "emberharmony/io/batch.h"

namespace emberharmony::engine {

/// So many columns get a chart; of more the report says that there are too many. What is counted
/// for all charts together is bounded by it.
inline constexpr int64_t kChartedColumnsMax = 500;

/// Rows of each split in what a vocabulary or one_hot has learned, the missing ones left out.
struct LearnedCounts {
  bool one_hot = false;
  int64_t first_id = 0;            ///< vocabulary: the id of its first value
  std::vector<SplitCounts> shown;  ///< the vocabulary's first values, or all of one_hot's
  SplitCounts other{};             ///< the vocabulary's further values
  SplitCounts unseen{};            ///< vocabulary: values that are not in it
};

/// What a transform has counted of one group of outputs: the values of its source column, in each
/// split, before any step. Counts are exact and do not depend on the order in which they came.
///
/// Thread-safe while it is added to; what it has counted is read afterwards.
class ColumnDistribution {
 public:
  /// What is counted beside the missing values.
  struct Options {
    bool values = true;       ///< the column's own values; false where another group does
    bool chart = true;        ///< false: only what is missing, for want of room
    int64_t keys_max = 4096;  ///< distinct numbers told apart
    int64_t texts_max = 1000;
  };
  ColumnDistribution(const feature::Pipeline& pipeline, const arrow::DataType& type,
                     const Options& options, base::MemoryBudget* budget);
  /// Accounts for the counters that do not grow; before the first row.
  arrow::Status Reserve();

  bool counts_values() const { return options_.values; }
  bool has_chart() const { return options_.chart; }
  /// Rows that are null or NaN, and rows with an infinity.
  const SplitCounts& missing() const { return missing_; }
  const SplitCounts& infinite() const { return infinite_; }
  /// Of a column of numbers or times.
  const std::optional<Measure>& measure() const { return measure_; }
  const ValueBins* bins() const { return bins_.get(); }
  /// Of a column of strings, bytes or booleans, unless what was learned says the same.
  const TextCounts* texts() const { return texts_.get(); }
  /// Where the last step is a vocabulary or a one_hot.
  const std::optional<LearnedCounts>& learned() const { return learned_; }

 private:
  friend class DistributionCounter;
  using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

  template <class Rows>
  arrow::Status AddEntries(const arrow::Array& values, const Arrays& outputs, const Rows& rows);
  template <class Rows>
  arrow::Status AddNumbers(const arrow::Array& values, const Rows& rows);
  template <class Rows>
  arrow::Status AddTimes(const arrow::Array& values, const Rows& rows);
  template <class Rows>
  arrow::Status AddTexts(const arrow::Array& values, const Rows& rows);
  template <class Rows>
  void AddLearned(const std::vector<bool>& missing, int64_t n, const Arrays& outputs,
                  const Rows& rows);
  arrow::Result<std::vector<bool>> MissingEntries(const arrow::Array& values) const;

  const Options options_;
  base::MemoryBudget* const budget_;
  std::mutex mutex_;  // guards what follows while rows are added
  SplitCounts missing_{};
  SplitCounts infinite_{};
  std::optional<Measure> measure_;
  std::unique_ptr<ValueBins> bins_;
  std::unique_ptr<TextCounts> texts_;
  std::optional<LearnedCounts> learned_;
  base::MemoryReservation reservation_;  // of learned_
};

/// Counts the rows of one unit for a ColumnDistribution: by dictionary entry where the column is
/// encoded. One thread.
class DistributionCounter {
 public:
  using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

  DistributionCounter(ColumnDistribution* distribution, base::MemoryBudget* budget)
      : distribution_(distribution), reservation_(budget) {}

  /// The dictionary that the indices which follow point into, and what the steps made of it. Adds
  /// what was counted before.
  arrow::Status BeginDictionary(std::shared_ptr<arrow::Array> values, const Arrays& outputs);
  /// n rows of a split, each with the index of its entry, or of the null slot behind them.
  arrow::Status Count(int split, const int32_t* indices, int64_t n);
  /// Plain rows: each of the split in `splits`, or all of `uniform_split` where that is null.
  arrow::Status AddPlain(const arrow::Array& values, const Arrays& outputs, const uint8_t* splits,
                         int uniform_split);
  /// Adds what has not been added.
  arrow::Status Finish() { return Flush(); }

 private:
  class EntryRows;
  arrow::Status Flush();

  ColumnDistribution* const distribution_;
  base::MemoryReservation reservation_;  // of counts_
  std::shared_ptr<arrow::Array> values_;
  Arrays outputs_;
  int64_t lanes_ = 1;
  int64_t rows_ = 0;
  std::array<std::vector<uint32_t>, kNumSplits> counts_;
};

/// The distributions of a transform's groups of outputs, by group.
using SourceDistributions = std::vector<std::unique_ptr<ColumnDistribution>>;

}  // namespace emberharmony::engine
