#include <algorithm>

#include "emberharmony/feature/key_table_internal.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kMinKeyBuckets = 16;
// Four of five places: beyond, chains of full buckets get long.
constexpr int64_t KeyLimit(int64_t num_buckets) { return num_buckets * 4; }

// The place of key among the bucket's keys, as a mask. Compares all five without a branch: which
// one matches cannot be predicted.
template <typename Bucket>
inline uint32_t MatchMask(const Bucket& bucket, uint64_t key) {
  uint32_t mask = 0;
  for (int i = 0; i < KeyTable::kBucketKeys; ++i) {
    mask |= static_cast<uint32_t>(bucket.keys[i] == key) << i;
  }
  return mask & ((1u << bucket.used) - 1);
}

}  // namespace

int64_t KeyTable::HighCount(uint64_t key) const {
  const auto found = carries_.find(key);
  return found == carries_.end() ? 0 : found->second;
}

void KeyTable::Clear() {
  memory_.Free();
  num_buckets_ = size_ = size_limit_ = 0;
  carries_.clear();
}

arrow::Status KeyTable::Reserve(int64_t num_keys) {
  if (num_keys + kBlock <= size_limit_) return arrow::Status::OK();
  return GrowTo(std::max(kMinKeyBuckets, (num_keys + kBlock + 3) / 4));
}

arrow::Status KeyTable::GrowTo(int64_t num_buckets) {
  const int64_t old_buckets = num_buckets_;
  ARROW_RETURN_NOT_OK(memory_.Grow(num_buckets * static_cast<int64_t>(sizeof(Bucket))));
  num_buckets_ = memory_.size() / static_cast<int64_t>(sizeof(Bucket));
  size_limit_ = KeyLimit(num_buckets_);
  if (size_ > 0) SpreadOut(old_buckets);
  return arrow::Status::OK();
}

// Puts the entries of the first old_buckets buckets where they belong among num_buckets_. Homes
// move up, so going backwards nearly every entry lands above what is still to be read; the few
// that do not (displaced ones near the start) wait aside.
void KeyTable::SpreadOut(int64_t old_buckets) {
  std::vector<std::pair<uint64_t, uint32_t>> aside;
  for (int64_t b = old_buckets - 1; b >= 0; --b) {
    const Bucket bucket = buckets()[b];
    buckets()[b].used = 0;
    for (uint32_t i = 0; i < bucket.used; ++i) {
      const uint64_t hash = Hash(bucket.keys[i]);
      if (HomeOf(hash, num_buckets_) <= b ||
          !InsertUpTo(num_buckets_, bucket.keys[i], bucket.counts[i], hash)) {
        aside.emplace_back(bucket.keys[i], bucket.counts[i]);
      }
    }
  }
  for (const auto& [key, count] : aside) {
    const uint64_t hash = Hash(key);
    if (InsertUpTo(num_buckets_, key, count, hash)) continue;
    for (int64_t b = 0;; ++b) {  // past the end: wraps around; there is room somewhere
      Bucket& bucket = buckets()[b];
      if (bucket.used == kBucketKeys) continue;
      bucket.keys[bucket.used] = key;
      bucket.counts[bucket.used++] = count;
      break;
    }
  }
}

// Puts a new key into the first bucket with room from its home on; false if there is none before
// `end`.
bool KeyTable::InsertUpTo(int64_t end, uint64_t key, uint32_t count, uint64_t hash) {
  for (int64_t b = HomeOf(hash, num_buckets_); b < end; ++b) {
    Bucket& bucket = buckets()[b];
    if (bucket.used == kBucketKeys) continue;
    bucket.keys[bucket.used] = key;
    bucket.counts[bucket.used++] = count;
    return true;
  }
  return false;
}

inline void KeyTable::AddOne(uint64_t key, uint64_t hash, int64_t count) {
  int64_t b = HomeOf(hash, num_buckets_);
  for (;;) {
    Bucket& bucket = buckets()[b];
    const uint32_t mask = MatchMask(bucket, key);
    if (mask != 0) {
      const int i = __builtin_ctz(mask);
      const uint64_t sum = static_cast<uint64_t>(count) + bucket.counts[i];
      bucket.counts[i] = static_cast<uint32_t>(sum);
      if (sum >> 32 != 0) [[unlikely]]
        Carry(key, sum >> 32);
      return;
    }
    if (bucket.used < kBucketKeys) {
      bucket.keys[bucket.used] = key;
      bucket.counts[bucket.used++] = static_cast<uint32_t>(count);
      if (count >> 32 != 0) [[unlikely]]
        Carry(key, static_cast<uint64_t>(count) >> 32);
      ++size_;
      return;
    }
    if (++b == num_buckets_) b = 0;
  }
}

arrow::Status KeyTable::Add(const uint64_t* keys, const int64_t* counts, int64_t n,
                            int64_t* num_done) {
  uint64_t hashes[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    *num_done = begin;
    if (size_ + kBlock > size_limit_) [[unlikely]] {
      // Half as much again keeps the table at least half full; small ones double.
      const int64_t next = num_buckets_ < 4096 ? num_buckets_ * 2 : num_buckets_ + num_buckets_ / 2;
      ARROW_RETURN_NOT_OK(GrowTo(std::max(kMinKeyBuckets, next)));
    }
    const int block = static_cast<int>(std::min<int64_t>(kBlock, n - begin));
    for (int i = 0; i < block; ++i) {
      hashes[i] = Hash(keys[begin + i]);
      __builtin_prefetch(buckets() + HomeOf(hashes[i], num_buckets_), 1);
    }
    for (int i = 0; i < block; ++i) AddOne(keys[begin + i], hashes[i], counts[begin + i]);
  }
  *num_done = n;
  return arrow::Status::OK();
}

arrow::Status KeyTable::AddAll(const KeyTable& other, int64_t* position) {
  // Entries come in hash order; added in that order they would pile up at the start of a smaller
  // table. A stride spreads them.
  constexpr int64_t kStride = 61;
  uint64_t keys[kBucketKeys];
  int64_t counts[kBucketKeys];
  // Saves growing on the way; where memory is too short for that, Add says so.
  if (*position == 0 && other.size_ > size_) (void)Reserve(other.size_);
  int64_t index = 0;
  for (int64_t offset = 0; offset < kStride; ++offset) {
    for (int64_t b = offset; b < other.num_buckets_; b += kStride, ++index) {
      if (index < *position) continue;
      const Bucket& bucket = other.buckets()[b];
      for (uint32_t i = 0; i < bucket.used; ++i) {
        keys[i] = bucket.keys[i];
        counts[i] = other.CountOf(bucket, i);
      }
      int64_t num_done = 0;
      // At most kBlock keys: all or nothing.
      ARROW_RETURN_NOT_OK(Add(keys, counts, bucket.used, &num_done));
      *position = index + 1;
    }
  }
  return arrow::Status::OK();
}

void KeyTable::Find(const uint64_t* keys, int n, int64_t* counts) const {
  if (size_ == 0) {
    std::fill_n(counts, n, 0);
    return;
  }
  int64_t homes[kBlock];
  for (int i = 0; i < n; ++i) {
    homes[i] = HomeOf(Hash(keys[i]), num_buckets_);
    __builtin_prefetch(buckets() + homes[i]);
  }
  for (int i = 0; i < n; ++i) {
    counts[i] = 0;
    for (int64_t b = homes[i];;) {
      const Bucket& bucket = buckets()[b];
      const uint32_t mask = MatchMask(bucket, keys[i]);
      if (mask != 0) {
        counts[i] = CountOf(bucket, __builtin_ctz(mask));
        break;
      }
      if (bucket.used < kBucketKeys) break;
      if (++b == num_buckets_) b = 0;
    }
  }
}

// A cluster is a run of full buckets and the one that ends it: no entry after it has its home
// before its end. Entries at the start whose home lies further up have wrapped around from the end.
bool KeyTable::OrderedReader::ReadCluster() {
  cluster_.clear();
  position_ = 0;
  while (cluster_.empty() && next_bucket_ < table_.num_buckets_) {
    bool full = true;
    while (full && next_bucket_ < table_.num_buckets_) {
      const Bucket& bucket = table_.buckets()[next_bucket_];
      for (uint32_t i = 0; i < bucket.used; ++i) {
        const uint64_t hash = Hash(bucket.keys[i]);
        const bool wrapped =
            !past_first_cluster_ && HomeOf(hash, table_.num_buckets_) > next_bucket_;
        (wrapped ? wrapped_ : cluster_)
            .emplace_back(hash, Entry{bucket.keys[i], table_.CountOf(bucket, i)});
      }
      full = bucket.used == kBucketKeys;
      ++next_bucket_;
    }
    past_first_cluster_ = true;
    if (next_bucket_ == table_.num_buckets_) {
      cluster_.insert(cluster_.end(), wrapped_.begin(), wrapped_.end());
    }
  }
  std::sort(cluster_.begin(), cluster_.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return !cluster_.empty();
}

}  // namespace emberharmony::feature
