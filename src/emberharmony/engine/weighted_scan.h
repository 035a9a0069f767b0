#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// Receives values and the number of training rows that hold each (nullptr: 1 each), and the number
/// of training rows that are null and have no entry in values.
using WeightedConsumer = std::function<arrow::Status(const std::shared_ptr<arrow::Array>& values,
                                                     const int64_t* weights, int64_t null_weight)>;

/// Weighs the pieces of one column of a unit, which come in order, and hands on its values as
/// ScanWeighted does. Weights and counters are accounted for in the budget. One thread at a time.
class WeightedScan {
 public:
  explicit WeightedScan(WeightedConsumer consumer, base::MemoryBudget* budget = nullptr);
  ~WeightedScan();
  /// `splits`: those of the piece's rows; nullptr when every row is a training row.
  arrow::Status Add(const io::Piece& piece, const uint8_t* splits);
  /// After the last piece.
  arrow::Status Finish();

 private:
  class Dictionary;
  std::unique_ptr<Dictionary> dictionary_;
};

/// Reads one column of a unit and hands on its values with their weights: once for each dictionary,
/// however many pages and batches it serves; plain rows piece by piece. `splits` is nullptr when
/// every row is a training row.
arrow::Status ScanWeighted(const io::Source& source, const io::Unit& unit, int column,
                           const SplitVector* splits, RunContext* context,
                           const WeightedConsumer& consumer);

}  // namespace emberharmony::engine
