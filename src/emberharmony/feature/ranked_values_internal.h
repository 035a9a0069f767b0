#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "emberharmony/base/spill_file.h"
#include "emberharmony/feature/value_keys_internal.h"
#include "emberharmony/feature/value_runs_internal.h"
#include "emberharmony/feature/vocabulary_batches.h"

namespace emberharmony::feature {

/// Values with their counts in the order of their ranks, in a temporary file: a vocabulary that
/// memory does not hold. Immutable and thread-safe.
class RankedValues {
 public:
  /// Of the sections that the values belong to when they are hashed (value_runs_internal.h).
  struct Sizes {
    std::array<int64_t, kNumSections> num_values{};
    std::array<int64_t, kNumSections> num_bytes{};  ///< of strings
  };
  RankedValues(ValueKeys keys, ValueRun run, Sizes sizes)
      : keys_(std::move(keys)), run_(std::move(run)), sizes_(sizes) {}

  const ValueKeys& keys() const { return keys_; }
  int64_t size() const { return run_.num_entries[section()]; }
  const Sizes& sizes() const { return sizes_; }

  /// All of them, front to back, in the form of section().
  std::unique_ptr<EntryStream> Stream() const { return StreamRun(run_, section()); }
  /// Numbers are entries of section 0; strings and bytes of any length those of the section for
  /// long ones.
  int section() const { return SectionOf(keys_); }
  static int SectionOf(const ValueKeys& keys) {
    return keys.form() == ValueKeys::Form::kBytes ? kLongSection : 0;
  }

 private:
  ValueKeys keys_;
  ValueRun run_;
  Sizes sizes_;
};

/// Reads ranked values as arrays, batch by batch. One thread at a time.
class RankedValuesReader {
 public:
  /// Batches end where a vocabulary is cut, or earlier, with rows_max rows. Their memory is
  /// `pool`'s.
  RankedValuesReader(std::shared_ptr<const RankedValues> ranked, arrow::MemoryPool* pool,
                     int64_t rows_max = kVocabularyBatchRows)
      : ranked_(std::move(ranked)), pool_(pool), rows_max_(rows_max), stream_(ranked_->Stream()) {}
  struct Batch {
    std::shared_ptr<arrow::Array> values;  ///< nullptr at the end
    std::shared_ptr<arrow::Int64Array> counts;
  };
  arrow::Result<Batch> Next();

 private:
  const std::shared_ptr<const RankedValues> ranked_;
  arrow::MemoryPool* const pool_;
  const int64_t rows_max_;
  const std::unique_ptr<EntryStream> stream_;
};

/// Writes values in the order of their ranks, which is that of the calls.
class RankedValuesWriter {
 public:
  /// The file is made in `folder`.
  static arrow::Result<std::unique_ptr<RankedValuesWriter>> Make(ValueKeys keys,
                                                                 const std::string& folder);
  /// An entry of RankedValues::section().
  arrow::Status Add(const CountedEntry& entry);
  /// Values of keys.type(), or one that keys accepts, none of them missing.
  arrow::Status Add(const arrow::Array& values, const arrow::Int64Array& counts);
  arrow::Result<std::shared_ptr<const RankedValues>> Finish();

 private:
  RankedValuesWriter(ValueKeys keys, std::unique_ptr<base::SpillFile> file)
      : keys_(std::move(keys)), section_(RankedValues::SectionOf(keys_)) {
    run_.file = std::move(file);
  }
  arrow::Status Flush();

  const ValueKeys keys_;
  const int section_;
  ValueRun run_;
  RankedValues::Sizes sizes_;
  std::string buffer_;
};

}  // namespace emberharmony::feature
