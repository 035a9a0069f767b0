#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/engine/requested_source.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::engine {

/// Which fold each training row of a unit is in, for steps that learn from all folds but a row's
/// own.
///
/// A row's fold is (fingerprint >> 20) mod num_folds, where the fingerprint is that by which a hash
/// split deals rows out (DESIGN section 5): of the split's key if it has one, so that rows of one
/// key share a fold, else of the whole row. The split itself takes the lower 20 bits. A split by
/// time or at random has no key: then the whole row counts, too, with the seed 0 for a time split.
class RowFolds {
 public:
  /// All of them outlive it; the splits are complete.
  RowFolds(const RequestedSource& requested, const plan::SplitSpec& spec,
           const SplitVectors& splits, RunContext* context)
      : requested_(requested), spec_(spec), splits_(splits), context_(context) {}

  /// By row of the unit: its fold, kNoFold for a row that is not of training. With num_folds 0
  /// training rows have 0, and nothing is read. An empty vector: every row is of training, in fold
  /// 0. Memory is the caller's to account for: a byte a row. Reads as a task of its own, so the
  /// caller must not be inside the run's gate.
  arrow::Result<std::vector<uint8_t>> Of(const io::Unit& unit, int num_folds) const;

 private:
  arrow::Status ByKey(const io::Unit& unit, std::vector<uint64_t>* fingerprints) const;
  arrow::Status ByRow(const io::Unit& unit, std::vector<uint64_t>* fingerprints) const;

  const RequestedSource& requested_;
  const plan::SplitSpec& spec_;
  const SplitVectors& splits_;
  RunContext* const context_;
};

}  // namespace emberharmony::engine
