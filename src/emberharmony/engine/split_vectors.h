#pragma once

#include <arrow/io/file.h>
#include <arrow/result.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/time_cuts.h"

namespace emberharmony::engine {

inline constexpr int kNumSplits = 3;
inline constexpr std::array<const char*, kNumSplits> kSplitNames = {"train", "validation", "test"};

/// The split of every row of a unit: 0 train, 1 validation, 2 test, kDroppedRow none.
using SplitVector = std::vector<uint8_t>;
/// Of a row that belongs to no split, and is neither learned from nor written.
inline constexpr uint8_t kDroppedRow = 3;

/// Assigns the rows of one unit to splits while the unit is scanned for something else. One thread.
class UnitSplits {
 public:
  virtual ~UnitSplits() = default;
  /// The columns of the source with which the batches given to Assign begin.
  virtual const std::vector<int>& columns() const = 0;
  /// The splits of a batch's rows, which follow those of the batch before; valid until Finish.
  virtual arrow::Result<const uint8_t*> Assign(const io::Batch& batch) = 0;
  /// After the last batch: the unit's splits are kept.
  virtual void Finish() = 0;
};

class SplitAssignment;

/// Which split each row of a source belongs to (DESIGN section 5, split methods).
///
/// Computed once for all units, in parallel, and kept at two bits a row, within the run's budget.
/// When a share is 1 nothing is read and there are no vectors, unless rows are dropped. Immutable
/// and thread-safe after Make; after MakeForScan, once nothing is pending.
class SplitVectors {
 public:
  SplitVectors();
  ~SplitVectors();
  /// Every row in one split.
  static std::shared_ptr<const SplitVectors> Uniform(const io::Source& source, int split);
  /// Without a key, `source` counts, with all its columns as they are; columns that are named (a
  /// key, a time, a required one) are those of `named`, which shows the same rows.
  ///
  /// With a `required_column` (a target with drop_null) the rows in which it is null or NaN are
  /// dropped, before the split counts anything; it is read once more for that, unless the source
  /// knows that a unit has none. DataError for a null in the column of a time split, UsageError for
  /// a split that the source cannot have.
  static arrow::Result<std::shared_ptr<const SplitVectors>> Make(
      const io::Source& source, const io::Source& named, const plan::SplitSpec& spec,
      RunContext* context, const std::optional<std::string>& required_column = std::nullopt);

  /// As Make; but where a hash decides, the source's columns are read together and `named` is
  /// `source` itself, nothing is read yet: the first scan of the units for something else assigns
  /// their rows on its way.
  static arrow::Result<std::shared_ptr<const SplitVectors>> MakeForScan(
      const io::Source& source, const io::Source& named, const plan::SplitSpec& spec,
      RunContext* context, const std::optional<std::string>& required_column = std::nullopt);
  /// Whether rows have yet to be assigned: then there are no counts and nothing to Unpack.
  bool pending() const { return assignment_ != nullptr; }
  /// While pending, once for each unit, several at a time.
  arrow::Result<std::unique_ptr<UnitSplits>> BeginUnit(int64_t unit) const;
  /// Ends the pending state: reads the units that have not been assigned. One thread.
  arrow::Status Complete() const;

  /// Writes them, once nothing is pending.
  arrow::Status Write(arrow::io::OutputStream* stream) const;
  /// What Write wrote for a source of such units; DataError for anything else. Bounded and
  /// checked: it may come from a stranger.
  static arrow::Result<std::shared_ptr<const SplitVectors>> ReadFile(const std::string& path,
                                                                     const io::Source& source,
                                                                     RunContext* context);

  /// -1, or the split that every row is in.
  int uniform_split() const { return uniform_split_; }
  /// The rows of unit `unit`; nullptr when every row is in one split.
  std::shared_ptr<const SplitVector> Unpack(int64_t unit) const;
  /// Rows of each split in a unit.
  const std::array<int64_t, kNumSplits>& counts(int64_t unit) const { return counts_[unit]; }
  /// Whether a split exists at all, i.e. has a share above 0.
  bool has_split(int split) const { return present_[split]; }
  std::array<int64_t, kNumSplits> total_counts() const;
  /// Rows that are in no split.
  int64_t num_dropped() const { return num_dropped_; }
  /// Where a time split cuts.
  const std::optional<plan::TimeCuts>& time_cuts() const { return time_cuts_; }

 private:
  friend class SplitAssignment;
  arrow::Status ReadUnits(const std::string& path, arrow::io::ReadableFile* file,
                          const io::Source& source, RunContext* context);

  int uniform_split_ = -1;
  std::array<bool, kNumSplits> present_{};
  std::vector<std::array<int64_t, kNumSplits>> counts_;
  std::vector<int64_t> num_rows_;
  std::vector<std::vector<uint8_t>> packed_;  ///< four rows a byte
  int64_t num_dropped_ = 0;
  std::optional<plan::TimeCuts> time_cuts_;
  base::MemoryReservation reservation_;
  mutable std::unique_ptr<SplitAssignment> assignment_;  ///< while pending
};

}  // namespace emberharmony::engine
