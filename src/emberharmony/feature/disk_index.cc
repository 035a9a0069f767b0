#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/counted_values_internal.h"
#include "emberharmony/feature/disk_index_internal.h"

namespace emberharmony::feature {
namespace {

// A read of so many bytes costs about as much as the call.
constexpr int64_t kBucketBytes = 1024;
// Where buckets begin takes at most this share of what may be learned in memory, and this much.
constexpr int64_t kDirectoryShare = 8;
constexpr int64_t kDirectoryBytesMin = int64_t{64} << 10;
constexpr int64_t kDirectoryBytesMax = int64_t{64} << 20;
constexpr size_t kIndexFlushBytes = 256 * 1024;
// Buckets that lie so near to each other are read together, up to this much.
constexpr int64_t kIndexGapBytes = 4096;
constexpr int64_t kIndexReadBytes = 256 * 1024;
// So many values are looked up together.
constexpr int64_t kLookupWindow = 32768;
constexpr int64_t kSmallLookupWindow = 1024;
constexpr int64_t kDecimalBytes = 32;  // of the widest

// An entry of the sections of numbers and short strings, or what comes before a long string.
struct ShortEntry {
  uint64_t key;
  int64_t number;
};
struct LongHead {
  uint32_t hash;
  uint32_t length;
  int64_t number;
};
static_assert(sizeof(ShortEntry) == 16 && sizeof(LongHead) == 16);

template <class T>
void AppendRaw(const T& value, std::string* out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

// Adds what each value is mapped to, from 1 on.
arrow::Status AddIndexNumbers(const std::shared_ptr<const RankedValues>& ranked,
                              DiskIndex::Number number, arrow::MemoryPool* pool,
                              CountedValues* numbers) {
  constexpr int64_t kBlockRows = 16384;
  RankedValuesReader reader(ranked, pool, kBlockRows);
  int64_t position = 0;
  std::vector<int64_t> positions;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const RankedValuesReader::Batch batch, reader.Next());
    if (batch.values == nullptr) return arrow::Status::OK();
    const int64_t* weights = batch.counts->raw_values();
    if (number == DiskIndex::Number::kPosition) {
      positions.resize(static_cast<size_t>(batch.values->length()));
      for (int64_t& each : positions) each = ++position;
      weights = positions.data();
    }
    ARROW_RETURN_NOT_OK(numbers->Add({*batch.values, weights}));
  }
}

}  // namespace

int64_t DiskIndex::BucketOf(int section, uint64_t hash) const {
  const Section& of = sections_[static_cast<size_t>(section)];
  const auto buckets = static_cast<unsigned __int128>(of.num_buckets);
  const int bits = section == kLongSection ? 32 : 64;
  return of.first_bucket + static_cast<int64_t>((hash * buckets) >> bits);
}

// Writes the sections, one after the other.
class DiskIndex::Builder {
 public:
  Builder(DiskIndex* index, const StateOptions& memory) : index_(index), memory_(memory) {}

  arrow::Status Build(const CountedValues& numbers, const RankedValues::Sizes& sizes) {
    std::array<int64_t, kNumSections> num_bytes{};
    for (size_t s = 0; s < num_bytes.size(); ++s) {
      num_bytes[s] = sizes.num_values[s] * static_cast<int64_t>(sizeof(LongHead));
      if (s == kLongSection) num_bytes[s] += sizes.num_bytes[s];
    }
    ARROW_RETURN_NOT_OK(MakeBuckets(num_bytes));
    ARROW_ASSIGN_OR_RAISE(index_->file_, base::SpillFile::Create(memory_.spill_dir));
    ARROW_RETURN_NOT_OK(numbers.ForEach(
        true, [&](int section, const CountedEntry& entry) { return Write(section, entry); }));
    ARROW_RETURN_NOT_OK(Flush());
    if (numbers.null_count() != 0 || num_values_ != index_->size_) {
      return base::DataError("values of a vocabulary repeat or are missing; each must occur once");
    }
    EndBucketsBefore(static_cast<int64_t>(index_->bucket_ends_.size()));
    return arrow::Status::OK();
  }

 private:
  static int64_t EntryBytes(const CountedEntry& entry) {
    return static_cast<int64_t>(sizeof(LongHead) + entry.bytes.size());
  }

  arrow::Status MakeBuckets(const std::array<int64_t, kNumSections>& num_bytes) {
    int64_t all_bytes = 0;
    for (const int64_t bytes : num_bytes) all_bytes += bytes;
    int64_t directory_bytes_max = kDirectoryBytesMax;
    if (memory_.learned_bytes_max > 0) {
      directory_bytes_max = std::clamp(memory_.learned_bytes_max / kDirectoryShare,
                                       kDirectoryBytesMin, kDirectoryBytesMax);
    }
    const int64_t buckets_max = directory_bytes_max / static_cast<int64_t>(sizeof(int64_t));
    const int64_t bucket_bytes = std::max(kBucketBytes, all_bytes / buckets_max);
    int64_t num_buckets = 0;
    for (size_t s = 0; s < num_bytes.size(); ++s) {
      index_->sections_[s] = {num_bytes[s] / bucket_bytes + 1, num_buckets};
      num_buckets += index_->sections_[s].num_buckets;
    }
    ARROW_RETURN_NOT_OK(
        index_->reservation_.Resize(num_buckets * static_cast<int64_t>(sizeof(int64_t))));
    index_->bucket_ends_.resize(static_cast<size_t>(num_buckets));
    return arrow::Status::OK();
  }

  arrow::Status Write(int section, const CountedEntry& entry) {
    const uint64_t hash =
        section == kLongSection ? BytesTable::Hash(entry.bytes) : KeyTable::Hash(entry.key);
    EndBucketsBefore(index_->BucketOf(section, hash));
    const int64_t number = entry.count;
    if (section == kLongSection) {
      AppendRaw(
          LongHead{static_cast<uint32_t>(hash), static_cast<uint32_t>(entry.bytes.size()), number},
          &buffer_);
      buffer_.append(entry.bytes);
    } else {
      AppendRaw(ShortEntry{entry.key, number}, &buffer_);
    }
    end_ += EntryBytes(entry);
    ++num_values_;
    return buffer_.size() >= kIndexFlushBytes ? Flush() : arrow::Status::OK();
  }

  void EndBucketsBefore(int64_t bucket) {
    while (next_bucket_ < bucket) index_->bucket_ends_[static_cast<size_t>(next_bucket_++)] = end_;
  }

  // The file is this index' alone, so what is appended follows what was.
  arrow::Status Flush() {
    ARROW_RETURN_NOT_OK(index_->file_->Append(buffer_).status());
    buffer_.clear();
    return arrow::Status::OK();
  }

  DiskIndex* const index_;
  const StateOptions& memory_;
  std::string buffer_;
  int64_t end_ = 0;
  int64_t next_bucket_ = 0;
  int64_t num_values_ = 0;
};

arrow::Result<std::unique_ptr<DiskIndex>> DiskIndex::Make(
    const std::shared_ptr<const RankedValues>& ranked, Number number, const StateOptions& memory) {
  arrow::MemoryPool* const pool = memory.pool != nullptr ? memory.pool : memory.budget;
  CountedValues numbers(ranked->keys(), memory);
  ARROW_RETURN_NOT_OK(AddIndexNumbers(
      ranked, number, pool != nullptr ? pool : arrow::default_memory_pool(), &numbers));
  std::unique_ptr<DiskIndex> index(
      new DiskIndex(ranked->keys(), ranked->size(), dynamic_cast<base::MemoryBudget*>(pool)));
  index->first_number_ = number == Number::kPosition ? 1 : 0;
  ARROW_RETURN_NOT_OK(Builder(index.get(), memory).Build(numbers, ranked->sizes()));
  return index;
}

// Looks up a window of values.
class DiskIndex::Search {
 public:
  Search(const DiskIndex& index, int64_t window, bool is_decimal)
      : index_(index),
        is_bytes_(index.keys_.form() == ValueKeys::Form::kBytes),
        views_(is_bytes_ ? static_cast<size_t>(window) : 0),
        scratch_(static_cast<size_t>((is_decimal ? window : ValueKeys::kChunk) * kDecimalBytes)),
        is_decimal_(is_decimal) {
    probes_.reserve(static_cast<size_t>(window));
  }

  static int64_t BytesOf(int64_t window, bool is_decimal) {
    return window * static_cast<int64_t>(sizeof(Probe) + sizeof(std::string_view)) +
           (is_decimal ? window * kDecimalBytes : 0) + kIndexReadBytes;
  }

  // Of values[begin, begin + n).
  arrow::Status Find(const arrow::Array& values, int64_t begin, int64_t n, int64_t* numbers) {
    probes_.clear();
    for (int64_t at = 0; at < n; at += ValueKeys::kChunk) {
      const int chunk = static_cast<int>(std::min<int64_t>(ValueKeys::kChunk, n - at));
      AddProbes(values, begin + at, chunk, at, numbers);
    }
    std::sort(probes_.begin(), probes_.end(),
              [](const Probe& a, const Probe& b) { return a.bucket < b.bucket; });
    for (size_t first = 0; first < probes_.size();) {
      const size_t last = EndOfRead(first);
      const int64_t read_begin = index_.BucketBegin(probes_[first].bucket);
      const int64_t read_end = index_.BucketEnd(probes_[last - 1].bucket);
      if (static_cast<int64_t>(buffer_.size()) < read_end - read_begin) {
        buffer_.resize(static_cast<size_t>(std::max(read_end - read_begin, kIndexReadBytes)));
      }
      if (read_end > read_begin) {
        ARROW_RETURN_NOT_OK(index_.file_->Read(read_begin, read_end - read_begin, buffer_.data()));
      }
      for (; first < last; ++first) {
        const Probe& probe = probes_[first];
        const int64_t from = index_.BucketBegin(probe.bucket) - read_begin;
        const int64_t to = index_.BucketEnd(probe.bucket) - read_begin;
        numbers[probe.at] =
            InBucket(probe, std::string_view(buffer_).substr(static_cast<size_t>(from),
                                                             static_cast<size_t>(to - from)));
      }
    }
    return arrow::Status::OK();
  }

 private:
  struct Probe {
    int64_t bucket;
    uint64_t key;  // of a long string its hash
    int32_t at;    // in the window
    bool is_long;
  };

  void AddProbes(const arrow::Array& values, int64_t begin, int n, int64_t at, int64_t* numbers) {
    bool valid[ValueKeys::kChunk];
    uint64_t keys[ValueKeys::kChunk];
    std::string_view* const views = is_bytes_ ? views_.data() + at : nullptr;
    char* const scratch = scratch_.data() + (is_decimal_ ? at * kDecimalBytes : 0);
    const bool all_there = is_bytes_
                               ? index_.keys_.ReadBytes(values, begin, n, views, valid, scratch)
                               : index_.keys_.ReadNumbers(values, begin, n, keys, valid);
    for (int i = 0; i < n; ++i) {
      if (!all_there && !valid[i]) {
        numbers[at + i] = kMissing;
        continue;
      }
      Probe probe{0, 0, static_cast<int32_t>(at + i), false};
      int section = 0;
      if (is_bytes_) {
        section = SectionOf(views[i]);
        probe.is_long = section == kLongSection;
        probe.key = probe.is_long ? BytesTable::Hash(views[i]) : KeyOf(views[i]);
      } else {
        probe.key = keys[i];
      }
      probe.bucket =
          index_.BucketOf(section, probe.is_long ? probe.key : KeyTable::Hash(probe.key));
      probes_.push_back(probe);
    }
  }

  // Behind the last probe whose bucket is read together with that of `first`.
  size_t EndOfRead(size_t first) const {
    const int64_t begin = index_.BucketBegin(probes_[first].bucket);
    int64_t end = index_.BucketEnd(probes_[first].bucket);
    size_t last = first + 1;
    for (; last < probes_.size(); ++last) {
      const int64_t next_end = index_.BucketEnd(probes_[last].bucket);
      const bool is_near = index_.BucketBegin(probes_[last].bucket) - end <= kIndexGapBytes;
      if (next_end != end && (!is_near || next_end - begin > kIndexReadBytes)) break;
      end = next_end;
    }
    return last;
  }

  int64_t InBucket(const Probe& probe, std::string_view bucket) const {
    const int64_t first = index_.first_number_;
    if (!probe.is_long) {
      for (; bucket.size() >= sizeof(ShortEntry); bucket.remove_prefix(sizeof(ShortEntry))) {
        ShortEntry entry;
        std::memcpy(&entry, bucket.data(), sizeof(entry));
        if (entry.key == probe.key) return entry.number - first;
      }
      return kAbsent;
    }
    const std::string_view value = views_[static_cast<size_t>(probe.at)];
    while (bucket.size() >= sizeof(LongHead)) {
      LongHead head;
      std::memcpy(&head, bucket.data(), sizeof(head));
      if (head.hash > probe.key) return kAbsent;
      bucket.remove_prefix(sizeof(head));
      if (head.hash == probe.key && bucket.substr(0, head.length) == value) {
        return head.number - first;
      }
      bucket.remove_prefix(std::min<size_t>(head.length, bucket.size()));
    }
    return kAbsent;
  }

  const DiskIndex& index_;
  const bool is_bytes_;
  std::vector<Probe> probes_;
  std::vector<std::string_view> views_;
  std::vector<char> scratch_;
  const bool is_decimal_;
  std::string buffer_;
};

arrow::Status DiskIndex::Find(const arrow::Array& values, int64_t* numbers) const {
  if (keys_.form() == ValueKeys::Form::kNothing || values.type_id() == arrow::Type::NA) {
    std::fill_n(numbers, values.length(), kMissing);
    return arrow::Status::OK();
  }
  const bool is_decimal = arrow::is_decimal(keys_.type()->id());
  int64_t window = std::min(kLookupWindow, values.length());
  base::MemoryReservation reservation(budget_);
  if (!reservation.Resize(Search::BytesOf(window, is_decimal)).ok()) {
    window = std::min(kSmallLookupWindow, window);
    ARROW_RETURN_NOT_OK(reservation.Resize(Search::BytesOf(window, is_decimal)));
  }
  Search search(*this, window, is_decimal);
  for (int64_t begin = 0; begin < values.length(); begin += window) {
    const int64_t n = std::min(window, values.length() - begin);
    ARROW_RETURN_NOT_OK(search.Find(values, begin, n, numbers + begin));
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature
