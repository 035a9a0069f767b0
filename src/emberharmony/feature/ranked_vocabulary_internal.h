#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "emberharmony/feature/disk_index_internal.h"
#include "emberharmony/feature/ranked_values_internal.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_index.h"

namespace emberharmony::feature {

/// Checks the batches of a vocabulary's file, which may come from a stranger: ids ascend one by
/// one, counts add up, and values have the rank that their counts give them.
class VocabularyCheck {
 public:
  struct Expected {
    std::string what;  ///< "vocabulary" or "counts", for messages
    std::string column;
    std::shared_ptr<arrow::DataType> type;
    int64_t first_id = 0;
    bool wide_ids = false;  ///< int64 is as good as int32
    int64_t min_count = 1;
    bool ranked = false;     ///< counts descend, and of equal ones values ascend
    int64_t kept_count = 0;  ///< the sum of the counts
  };
  explicit VocabularyCheck(Expected expected)
      : expected_(std::move(expected)), left_(expected_.kept_count) {}

  const std::shared_ptr<arrow::DataType>& type() const { return expected_.type; }
  arrow::Status CheckSize(int64_t size, int64_t num_rows) const;
  arrow::Status Add(const arrow::RecordBatch& batch);
  int64_t num_rows() const { return num_rows_; }
  /// Behind the last batch.
  arrow::Status Finish() const;
  arrow::Status Damaged(const std::string& fault) const;

 private:
  arrow::Status CheckRanks(const arrow::Array& values, const arrow::Int64Array& counts);

  const Expected expected_;
  int64_t left_;
  int64_t num_rows_ = 0;
  // Of the row before, whatever batch it was in.
  int64_t last_count_ = INT64_MAX;
  uint64_t last_key_ = 0;
  std::string last_bytes_;
};

/// The values of a vocabulary by rank with their counts, and a map from the values to their
/// positions or counts: in memory, or in temporary files where memory does not hold them. Immutable
/// and thread-safe.
class RankedVocabulary {
 public:
  using Number = DiskIndex::Number;

  /// From what value_counts found: in memory if there is room, else on disk if statistic.memory has
  /// a folder for that, else OutOfMemory.
  static arrow::Result<std::unique_ptr<const RankedVocabulary>> Learn(
      const ValueCountsStatistic& statistic, Number number);
  /// From the rows of a vocabulary's file, which have to be there, pass `check` and be `size`.
  static arrow::Result<std::unique_ptr<const RankedVocabulary>> Restore(
      const arrow::RecordBatch* vocabulary, int64_t size, VocabularyCheck check);
  /// The same on disk, batch by batch.
  static arrow::Result<std::unique_ptr<const RankedVocabulary>> ReadOnDisk(
      arrow::RecordBatchReader* vocabulary, int64_t size, VocabularyCheck check, Number number,
      const StateOptions& memory);

  int64_t size() const { return on_disk_ != nullptr ? on_disk_->size() : index_->size(); }

  /// ValueIndex::Lookup; of a vocabulary made for positions.
  arrow::Status Positions(const arrow::Array& values, int32_t* out) const;
  /// The counts of values, or kAbsent or kMissing of ValueIndex; of one made for counts.
  arrow::Status Counts(const arrow::Array& values, int64_t* out) const;

  /// Columns value, id and count, the ids from first_id on; nullptr when they lie on disk.
  std::shared_ptr<arrow::RecordBatch> Table(int64_t first_id,
                                            const std::shared_ptr<arrow::DataType>& id_type) const;
  /// The same, batch by batch (VocabularyBatchEnd), wherever they lie.
  std::shared_ptr<arrow::RecordBatchReader> Read(
      int64_t first_id, const std::shared_ptr<arrow::DataType>& id_type) const;

 private:
  RankedVocabulary() = default;
  static arrow::Result<std::unique_ptr<const RankedVocabulary>> Make(
      std::shared_ptr<arrow::Array> values, std::shared_ptr<arrow::Int64Array> counts);
  static arrow::Result<std::unique_ptr<const RankedVocabulary>> MakeOnDisk(
      std::shared_ptr<const RankedValues> ranked, Number number, const StateOptions& memory);

  // In memory.
  std::unique_ptr<ValueIndex> index_;
  std::shared_ptr<arrow::Int64Array> counts_;
  // On disk.
  std::shared_ptr<const RankedValues> ranked_;
  std::unique_ptr<DiskIndex> on_disk_;
  arrow::MemoryPool* pool_ = nullptr;  // of what is read from there
};

}  // namespace emberharmony::feature
