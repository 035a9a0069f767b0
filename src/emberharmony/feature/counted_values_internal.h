#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/feature/analyzer.h"
#include "emberharmony/feature/value_keys_internal.h"
#include "emberharmony/feature/value_runs_internal.h"

namespace emberharmony::feature {

/// A multiset of the values of one type: the state of value_counts, and what a value_index is made
/// of.
///
/// Values lie in hash tables, by the sections of value_runs_internal.h. When the budget refuses
/// more memory, the tables go to a temporary file as a run and start again empty; whoever reads the
/// multiset merges the runs. One thread at a time; const functions on several.
class CountedValues {
 public:
  CountedValues(ValueKeys keys, StateOptions options);

  const ValueKeys& keys() const { return keys_; }
  const StateOptions& options() const { return options_; }
  /// Rows with a value, and rows without (which may be negative for a while: WeightedValues).
  int64_t count() const { return count_; }
  int64_t null_count() const { return null_count_; }
  int64_t memory_bytes() const;
  bool spilled() const { return !runs_.empty(); }

  /// Adds plain values of a type that keys().Accepts.
  arrow::Status Add(const WeightedValues& values);
  arrow::Status AddAll(const CountedValues& other);

  /// Whether Spill is allowed and would give back more than a little memory.
  bool CanSpill() const;
  /// Writes the tables to a run and gives their memory back.
  arrow::Status Spill();

  /// Calls visit(section, entry) for each distinct value: in the order of sections and hashes when
  /// `ordered` or spilled(), else in no useful order.
  using Visit = std::function<arrow::Status(int section, const CountedEntry& entry)>;
  arrow::Status ForEach(bool ordered, const Visit& visit) const;
  /// Distinct values; only when not spilled().
  int64_t size() const { return tables_[0].size() + tables_[1].size() + long_table_.size(); }

  /// Spill, where that is allowed and of use.
  arrow::Status GiveBack();

  /// Canonical bytes.
  arrow::Result<std::string> Encode() const;
  arrow::Status EncodeTo(const ByteConsumer& out) const;
  /// Adds an encoded multiset of the same type: bytes from strangers are checked. After an error
  /// the multiset holds part of it.
  arrow::Status MergeEncoded(const EncodedState& encoded);
  static arrow::Result<std::unique_ptr<CountedValues>> Decode(std::string_view bytes,
                                                              ValueKeys keys,
                                                              const StateOptions& options);

  /// The counts of values[begin, begin + n), n <= ValueKeys::kChunk: 0 for an absent value, -1 for
  /// a missing one. Only when not spilled().
  void Find(const arrow::Array& values, int64_t begin, int n, int64_t* counts) const;

 private:
  arrow::Status AddNumbers(const WeightedValues& values);
  arrow::Status AddBytes(const WeightedValues& values);
  arrow::Status AddToKeyTable(int section, const uint64_t* keys, const int64_t* counts, int64_t n);
  arrow::Status AddToLongTable(const std::string_view* strings, const int64_t* counts, int64_t n);
  arrow::Status MakeSpace(const arrow::Status& refused);
  arrow::Status MakeFile();
  arrow::Status MergeRuns();
  std::unique_ptr<EntryStream> Stream(int section) const;
  std::unique_ptr<EntryStream> StreamRuns(int section) const;
  arrow::Status MergeSection(int section, int64_t num_entries, EntryStream* stream);
  arrow::Result<int64_t> CountEntries(int section) const;
  static base::MemoryBudget* TableBudget(const StateOptions& options);

  ValueKeys keys_;
  StateOptions options_;
  int64_t count_ = 0;
  int64_t null_count_ = 0;
  std::array<KeyTable, 2> tables_;  // sections 0 and 1
  BytesTable long_table_;           // section 2
  std::vector<ValueRun> runs_;
  std::shared_ptr<base::SpillFile> file_;  // for new runs; made when first needed
};

/// Which section a string belongs to, and its key in sections 0 and 1.
inline int SectionOf(std::string_view bytes) {
  return bytes.size() == 8 ? 1 : bytes.size() < 8 ? 0 : kLongSection;
}
uint64_t KeyOf(std::string_view bytes);

/// The bytes of an entry of a kBytes multiset: of short strings they are written to buffer.
std::string_view BytesOf(int section, const CountedEntry& entry, char (&buffer)[8]);

}  // namespace emberharmony::feature
