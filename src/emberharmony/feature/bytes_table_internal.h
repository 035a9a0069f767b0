#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "emberharmony/feature/growable_memory_internal.h"

namespace emberharmony::feature {

/// A hash table from strings of bytes to counts: the companion of KeyTable for what does not fit
/// into 64 bits.
///
/// The strings lie one after the other in an arena, each with its hash and count; the table proper
/// holds an offset and 24 bits of the hash a string, in cache lines of eight. As in KeyTable homes
/// ascend with the hash, so entries can be read in the order of (hash, bytes). One thread at a
/// time; const functions on several.
class BytesTable {
 public:
  static constexpr int kBlock = 32;
  static constexpr int64_t kLengthMax = (int64_t{1} << 31) - 1;

  struct Entry {
    uint32_t hash;
    std::string_view bytes;  // in the arena: valid until the table changes
    int64_t count;
  };

  explicit BytesTable(base::MemoryBudget* budget) : slots_(budget), arena_(budget) {}
  BytesTable(BytesTable&&) = default;
  BytesTable& operator=(BytesTable&&) = default;

  /// The upper half of XXH3_64bits. Part of the format of encoded states.
  static uint32_t Hash(std::string_view bytes);

  /// Makes room for num_entries strings of num_bytes together. OutOfMemory leaves the table as it
  /// was.
  arrow::Status Reserve(int64_t num_entries, int64_t num_bytes);
  /// Adds counts[i] > 0 to the count of strings[i], each of at most kLengthMax bytes. On
  /// OutOfMemory the first *num_done were added.
  arrow::Status Add(const std::string_view* strings, const int64_t* counts, int64_t n,
                    int64_t* num_done);
  /// Adds all of another table's entries; as KeyTable::AddAll.
  arrow::Status AddAll(const BytesTable& other, int64_t* position);
  /// The counts of strings[i], n of them at most kBlock; 0 for absent ones.
  void Find(const std::string_view* strings, int n, int64_t* counts) const;

  int64_t size() const { return size_; }
  int64_t memory_bytes() const { return slots_.size() + arena_.size(); }
  void Clear();

  /// Calls visit(bytes, count) for each entry, in no useful order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (int64_t at = kArenaStart; at < arena_used_;) {
      const Record& record = RecordAt(at);
      visit(std::string_view(record.bytes, record.length), record.count);
      at += RecordSize(record.length);
    }
  }

  /// Reads the entries in ascending order of (hash, bytes). The table must not change meanwhile.
  class OrderedReader {
   public:
    explicit OrderedReader(const BytesTable& table) : table_(table) {}
    /// False at the end.
    bool Next(Entry* entry) {
      if (position_ == cluster_.size() && !ReadCluster()) return false;
      *entry = cluster_[position_++];
      return true;
    }

   private:
    bool ReadCluster();
    const BytesTable& table_;
    int64_t next_bucket_ = 0;
    bool past_first_cluster_ = false;
    size_t position_ = 0;
    std::vector<Entry> cluster_;
    std::vector<Entry> wrapped_;
  };

 private:
  static constexpr int kBucketSlots = 8;
  static constexpr int64_t kArenaStart = 8;  // offset 0 marks a free slot

  struct Record {
    int64_t count;
    uint32_t hash;
    uint32_t length;
    char bytes[];  // padded to 8
  };
  static_assert(sizeof(Record) == 16);

  static int64_t RecordSize(int64_t length) { return (16 + length + 7) & ~int64_t{7}; }
  Record& RecordAt(int64_t offset) const {
    return *reinterpret_cast<Record*>(arena_.data() + offset);
  }
  // A slot: the low 24 bits of the hash, then the offset in units of 8 bytes.
  static uint64_t MakeSlot(uint32_t hash, int64_t offset) {
    return (static_cast<uint64_t>(hash & 0xffffff) << 40) | static_cast<uint64_t>(offset >> 3);
  }
  static int64_t OffsetOf(uint64_t slot) {
    return static_cast<int64_t>(slot & ((uint64_t{1} << 40) - 1)) << 3;
  }
  uint64_t* slots() const { return reinterpret_cast<uint64_t*>(slots_.data()); }
  static int64_t HomeOf(uint32_t hash, int64_t num_buckets) {
    return static_cast<int64_t>(
        (static_cast<uint64_t>(hash) * static_cast<uint64_t>(num_buckets)) >> 32);
  }
  uint64_t* FindSlot(std::string_view bytes, uint32_t hash) const;
  void PrefetchRecord(uint32_t hash) const;
  arrow::Status MakeRoom(int64_t num_bytes);
  arrow::Status GrowTo(int64_t num_buckets);

  GrowableMemory slots_;
  GrowableMemory arena_;
  int64_t arena_used_ = kArenaStart;
  int64_t num_buckets_ = 0;
  int64_t size_ = 0;
};

}  // namespace emberharmony::feature
