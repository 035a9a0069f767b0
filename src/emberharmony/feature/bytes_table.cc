#include "emberharmony/feature/bytes_table_internal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace emberharmony::feature {
namespace {

constexpr int64_t kMinBytesBuckets = 8;
// Three of four places.
constexpr int64_t BytesLimit(int64_t num_buckets) { return num_buckets * 6; }

}  // namespace

uint32_t BytesTable::Hash(std::string_view bytes) {
  return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size()) >> 32);
}

void BytesTable::Clear() {
  slots_.Free();
  arena_.Free();
  arena_used_ = kArenaStart;
  num_buckets_ = size_ = 0;
}

arrow::Status BytesTable::Reserve(int64_t num_entries, int64_t num_bytes) {
  ARROW_RETURN_NOT_OK(arena_.Grow(arena_used_ + num_bytes + 24 * num_entries));
  const int64_t num_buckets = (num_entries + kBlock + 5) / 6;
  return num_buckets <= num_buckets_ ? arrow::Status::OK()
                                     : GrowTo(std::max(kMinBytesBuckets, num_buckets));
}

// The arena holds all there is to know, so the slots are made anew and the old ones are not needed.
arrow::Status BytesTable::GrowTo(int64_t num_buckets) {
  ARROW_RETURN_NOT_OK(slots_.Replace(num_buckets * 64));
  num_buckets_ = slots_.size() / 64;
  uint64_t* slots = this->slots();
  const int64_t num_slots = num_buckets_ * kBucketSlots;
  int64_t ahead = kArenaStart;  // the record whose home is being prefetched
  for (int k = 0; k < kBlock && ahead < arena_used_; ++k) {
    ahead += RecordSize(RecordAt(ahead).length);
  }
  for (int64_t at = kArenaStart; at < arena_used_;) {
    if (ahead < arena_used_) {
      __builtin_prefetch(slots + HomeOf(RecordAt(ahead).hash, num_buckets_) * kBucketSlots, 1);
      ahead += RecordSize(RecordAt(ahead).length);
    }
    const Record& record = RecordAt(at);
    int64_t slot = HomeOf(record.hash, num_buckets_) * kBucketSlots;
    while (slots[slot] != 0) slot = slot + 1 == num_slots ? 0 : slot + 1;
    slots[slot] = MakeSlot(record.hash, at);
    at += RecordSize(record.length);
  }
  return arrow::Status::OK();
}

// Room for another block of strings with num_bytes of arena.
arrow::Status BytesTable::MakeRoom(int64_t num_bytes) {
  if (size_ + kBlock > BytesLimit(num_buckets_)) {
    const int64_t next = num_buckets_ < 4096 ? num_buckets_ * 2 : num_buckets_ + num_buckets_ / 2;
    ARROW_RETURN_NOT_OK(GrowTo(std::max(kMinBytesBuckets, next)));
  }
  if (arena_used_ + num_bytes <= arena_.size()) return arrow::Status::OK();
  const int64_t needed = arena_used_ + num_bytes;
  const int64_t comfortable = needed + needed / 4;
  // Near the limit what is needed is better than nothing.
  return arena_.Grow(comfortable).ok() ? arrow::Status::OK() : arena_.Grow(needed);
}

// The slot that holds the string, or the free one where it would go.
inline uint64_t* BytesTable::FindSlot(std::string_view bytes, uint32_t hash) const {
  uint64_t* slots = this->slots();
  const int64_t num_slots = num_buckets_ * kBucketSlots;
  const uint64_t tag = hash & 0xffffff;
  for (int64_t slot = HomeOf(hash, num_buckets_) * kBucketSlots;;) {
    const uint64_t value = slots[slot];
    if (value == 0) return slots + slot;
    if (value >> 40 == tag) {
      const Record& record = RecordAt(OffsetOf(value));
      if (record.length == bytes.size() &&
          std::memcmp(record.bytes, bytes.data(), bytes.size()) == 0) {
        return slots + slot;
      }
    }
    if (++slot == num_slots) slot = 0;
  }
}

// Prefetches the record that the hash's bucket most likely means.
inline void BytesTable::PrefetchRecord(uint32_t hash) const {
  const uint64_t* bucket = slots() + HomeOf(hash, num_buckets_) * kBucketSlots;
  const uint64_t tag = hash & 0xffffff;
  for (int i = 0; i < kBucketSlots; ++i) {
    if (bucket[i] != 0 && bucket[i] >> 40 == tag) {
      __builtin_prefetch(arena_.data() + OffsetOf(bucket[i]), 1);
      return;
    }
  }
}

arrow::Status BytesTable::Add(const std::string_view* strings, const int64_t* counts, int64_t n,
                              int64_t* num_done) {
  uint32_t hashes[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    *num_done = begin;
    const int block = static_cast<int>(std::min<int64_t>(kBlock, n - begin));
    int64_t num_bytes = 0;
    for (int i = 0; i < block; ++i) {
      num_bytes += RecordSize(static_cast<int64_t>(strings[begin + i].size()));
    }
    if (size_ + kBlock > BytesLimit(num_buckets_) || arena_used_ + num_bytes > arena_.size())
        [[unlikely]] {
      ARROW_RETURN_NOT_OK(MakeRoom(num_bytes));
    }
    for (int i = 0; i < block; ++i) {
      hashes[i] = Hash(strings[begin + i]);
      __builtin_prefetch(slots() + HomeOf(hashes[i], num_buckets_) * kBucketSlots, 1);
    }
    for (int i = 0; i < block; ++i) PrefetchRecord(hashes[i]);
    for (int i = 0; i < block; ++i) {
      const std::string_view bytes = strings[begin + i];
      uint64_t* slot = FindSlot(bytes, hashes[i]);
      if (*slot != 0) {
        RecordAt(OffsetOf(*slot)).count += counts[begin + i];
        continue;
      }
      Record& record = RecordAt(arena_used_);
      record.count = counts[begin + i];
      record.hash = hashes[i];
      record.length = static_cast<uint32_t>(bytes.size());
      std::memcpy(record.bytes, bytes.data(), bytes.size());
      *slot = MakeSlot(hashes[i], arena_used_);
      arena_used_ += RecordSize(static_cast<int64_t>(bytes.size()));
      ++size_;
    }
  }
  *num_done = n;
  return arrow::Status::OK();
}

arrow::Status BytesTable::AddAll(const BytesTable& other, int64_t* position) {
  // With a stride, as in KeyTable::AddAll; the arena's order may be that of the hashes, too.
  constexpr int64_t kStride = 61;
  const Record* records[kBucketSlots];
  std::string_view strings[kBucketSlots];
  int64_t counts[kBucketSlots];
  // Saves growing on the way; where memory is too short for that, Add says so.
  if (*position == 0 && other.size_ > size_) (void)Reserve(other.size_, 0);
  int64_t index = 0;
  for (int64_t offset = 0; offset < kStride; ++offset) {
    for (int64_t b = offset; b < other.num_buckets_; b += kStride, ++index) {
      if (index < *position) continue;
      int n = 0;
      for (int i = 0; i < kBucketSlots; ++i) {
        const uint64_t slot = other.slots()[b * kBucketSlots + i];
        if (slot == 0) continue;
        records[n] = &other.RecordAt(OffsetOf(slot));
        __builtin_prefetch(records[n++]);
      }
      for (int i = 0; i < n; ++i) {
        strings[i] = {records[i]->bytes, records[i]->length};
        counts[i] = records[i]->count;
      }
      int64_t num_done = 0;
      // At most kBlock strings: all or nothing.
      ARROW_RETURN_NOT_OK(Add(strings, counts, n, &num_done));
      *position = index + 1;
    }
  }
  return arrow::Status::OK();
}

void BytesTable::Find(const std::string_view* strings, int n, int64_t* counts) const {
  if (size_ == 0) {
    std::fill_n(counts, n, 0);
    return;
  }
  uint32_t hashes[kBlock];
  for (int i = 0; i < n; ++i) {
    hashes[i] = Hash(strings[i]);
    __builtin_prefetch(slots() + HomeOf(hashes[i], num_buckets_) * kBucketSlots);
  }
  for (int i = 0; i < n; ++i) PrefetchRecord(hashes[i]);
  for (int i = 0; i < n; ++i) {
    const uint64_t slot = *FindSlot(strings[i], hashes[i]);
    counts[i] = slot == 0 ? 0 : RecordAt(OffsetOf(slot)).count;
  }
}

// As in KeyTable: a cluster ends with the first free slot.
bool BytesTable::OrderedReader::ReadCluster() {
  cluster_.clear();
  position_ = 0;
  const uint64_t* slots = table_.slots();
  while (cluster_.empty() && next_bucket_ < table_.num_buckets_) {
    bool full = true;
    while (full && next_bucket_ < table_.num_buckets_) {
      for (int i = 0; i < kBucketSlots; ++i) {
        const uint64_t slot = slots[next_bucket_ * kBucketSlots + i];
        if (slot == 0) {
          full = false;
          break;
        }
        const Record& record = table_.RecordAt(OffsetOf(slot));
        const bool wrapped =
            !past_first_cluster_ && HomeOf(record.hash, table_.num_buckets_) > next_bucket_;
        (wrapped ? wrapped_ : cluster_)
            .push_back({record.hash, {record.bytes, record.length}, record.count});
      }
      ++next_bucket_;
    }
    past_first_cluster_ = true;
    if (next_bucket_ == table_.num_buckets_) {
      cluster_.insert(cluster_.end(), wrapped_.begin(), wrapped_.end());
    }
  }
  std::sort(cluster_.begin(), cluster_.end(), [](const Entry& a, const Entry& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.bytes < b.bytes;
  });
  return !cluster_.empty();
}

}  // namespace emberharmony::feature
