#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emberharmony/feature/growable_memory_internal.h"

namespace emberharmony::feature {

/// A hash table from 64-bit keys to counts, made for tens of millions of updates from memory.
///
/// Buckets are cache lines of five keys with 32-bit counts (what is beyond 32 bits lies beside the
/// table), so a look-up is one cache miss, prefetched in blocks, and a key costs 15 to 23 bytes. A
/// key's home is the product of its hash and the number of buckets, so buckets lie in hash order:
/// the table grows in place, and is read in the order of the hashes, which is a total order since
/// the hash is a bijection. One thread at a time; const functions on several.
class KeyTable {
 public:
  static constexpr int kBucketKeys = 5;
  static constexpr int kBlock = 32;

  struct Entry {
    uint64_t key;
    int64_t count;
  };

  explicit KeyTable(base::MemoryBudget* budget) : memory_(budget) {}
  KeyTable(KeyTable&&) = default;
  KeyTable& operator=(KeyTable&&) = default;

  /// The finalizer of MurmurHash3. Part of the format of encoded states.
  static uint64_t Hash(uint64_t key) {
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53ULL;
    key ^= key >> 33;
    return key;
  }

  /// Makes room for num_keys keys in all. OutOfMemory leaves the table as it was.
  arrow::Status Reserve(int64_t num_keys);
  /// Adds counts[i] > 0 to the count of keys[i]. On OutOfMemory the first *num_done were added.
  arrow::Status Add(const uint64_t* keys, const int64_t* counts, int64_t n, int64_t* num_done);
  /// Adds all of another table's entries. On OutOfMemory the table holds part of them: *position
  /// (0 at first) says where to go on.
  arrow::Status AddAll(const KeyTable& other, int64_t* position);
  /// The counts of keys[i], n of them at most kBlock; 0 for absent ones.
  void Find(const uint64_t* keys, int n, int64_t* counts) const;

  int64_t size() const { return size_; }
  int64_t memory_bytes() const { return memory_.size(); }
  /// Forgets everything and gives its memory back.
  void Clear();

  /// Calls visit(key, count) for each entry, in no useful order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (int64_t b = 0; b < num_buckets_; ++b) {
      const Bucket& bucket = buckets()[b];
      for (uint32_t i = 0; i < bucket.used; ++i) visit(bucket.keys[i], CountOf(bucket, i));
    }
  }

  /// Reads the entries in ascending order of Hash(key). The table must not change meanwhile.
  class OrderedReader {
   public:
    explicit OrderedReader(const KeyTable& table) : table_(table) {}
    /// False at the end.
    bool Next(Entry* entry) {
      if (position_ == cluster_.size() && !ReadCluster()) return false;
      *entry = cluster_[position_++].second;
      return true;
    }

   private:
    bool ReadCluster();
    const KeyTable& table_;
    int64_t next_bucket_ = 0;
    bool past_first_cluster_ = false;
    size_t position_ = 0;
    std::vector<std::pair<uint64_t, Entry>> cluster_;  // with the hash, ascending
    std::vector<std::pair<uint64_t, Entry>> wrapped_;  // of the last cluster, found at the start
  };

 private:
  struct alignas(64) Bucket {
    uint32_t used;
    uint32_t counts[kBucketKeys];  // the low 32 bits
    uint64_t keys[kBucketKeys];
  };
  static_assert(sizeof(Bucket) == 64);

  Bucket* buckets() const { return reinterpret_cast<Bucket*>(memory_.data()); }
  static int64_t HomeOf(uint64_t hash, int64_t num_buckets) {
    return static_cast<int64_t>((static_cast<unsigned __int128>(hash) * num_buckets) >> 64);
  }
  int64_t CountOf(const Bucket& bucket, uint32_t i) const {
    const int64_t low = bucket.counts[i];
    return carries_.empty() ? low : low + HighCount(bucket.keys[i]);
  }
  int64_t HighCount(uint64_t key) const;
  void AddOne(uint64_t key, uint64_t hash, int64_t count);
  void Carry(uint64_t key, uint64_t high) { carries_[key] += static_cast<int64_t>(high << 32); }
  arrow::Status GrowTo(int64_t num_buckets);
  void SpreadOut(int64_t old_buckets);
  bool InsertUpTo(int64_t end, uint64_t key, uint32_t count, uint64_t hash);

  GrowableMemory memory_;
  int64_t num_buckets_ = 0;
  int64_t size_ = 0;
  int64_t size_limit_ = 0;                         // grow beyond
  std::unordered_map<uint64_t, int64_t> carries_;  // key -> its count's bits from 32 on
};

}  // namespace emberharmony::feature
