#include "emberharmony/engine/time_cuts.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/weighted_scan.h"

namespace emberharmony::engine {

namespace {

constexpr int kRadixBits = 16;
constexpr int64_t kParts = int64_t{1} << kRadixBits;

// Instants in an order that unsigned numbers keep.
uint64_t KeyOf(int64_t instant) { return static_cast<uint64_t>(instant) ^ (uint64_t{1} << 63); }
int64_t InstantOf(uint64_t key) { return static_cast<int64_t>(key ^ (uint64_t{1} << 63)); }

// A range of keys, and how many instants are below it and in each of its parts.
struct CountedRange {
  CountedRange(uint64_t low_in, uint64_t high_in, int64_t below_in)
      : low(low_in),
        high(high_in),
        below(below_in),
        shift(std::max(0, static_cast<int>(std::bit_width(high_in - low_in)) - kRadixBits)) {}

  uint64_t low;
  uint64_t high;  // inclusive
  int64_t below;
  int shift;
  std::vector<int64_t> counts = std::vector<int64_t>(kParts, 0);

  void Add(uint64_t key, int64_t weight) {
    if (key >= low && key <= high) counts[(key - low) >> shift] += weight;
  }
};

// What a scan of some units has found.
struct ScanCounts {
  std::vector<CountedRange> ranges;
  int64_t num_instants = 0;
  uint64_t min = std::numeric_limits<uint64_t>::max();
  uint64_t max = 0;

  void Add(int64_t instant, int64_t weight) {
    if (weight == 0) return;
    const uint64_t key = KeyOf(instant);
    num_instants += weight;
    min = std::min(min, key);
    max = std::max(max, key);
    for (CountedRange& range : ranges) range.Add(key, weight);
  }

  void AddArray(const arrow::Array& values, const int64_t* weights) {
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i)) Add(InstantAt(values, i), weights == nullptr ? 1 : weights[i]);
    }
  }

  void Merge(const ScanCounts& other) {
    num_instants += other.num_instants;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
    for (size_t r = 0; r < ranges.size(); ++r) {
      for (int64_t part = 0; part < kParts; ++part)
        ranges[r].counts[part] += other.ranges[r].counts[part];
    }
  }
};

// A rank whose instant is wanted, and the range in which it is known to lie.
struct Wanted {
  int64_t rank;
  std::optional<uint64_t> key;
  size_t range = 0;
};

class CutFinder {
 public:
  CutFinder(const io::Source& source, int column, const CountedRows& counted, RunContext* context)
      : source_(source), column_(column), counted_(counted), context_(context) {}

  arrow::Result<plan::TimeCuts> Find(const plan::SplitSpec& spec) {
    ARROW_ASSIGN_OR_RAISE(ScanCounts counts, Scan({FullRange()}));
    ARROW_ASSIGN_OR_RAISE(const plan::SplitRanks ranks, plan::RanksOf(spec, counts.num_instants));
    std::vector<Wanted> wanted;
    for (const int64_t rank : {ranks.train, ranks.train_and_validation}) {
      if (rank < counts.num_instants) wanted.push_back({rank, std::nullopt});
    }
    while (true) {
      std::vector<CountedRange> next = Narrow(counts, &wanted);
      if (next.empty()) break;
      ARROW_ASSIGN_OR_RAISE(counts, Scan(std::move(next)));
    }
    plan::TimeCuts cuts;
    for (const Wanted& each : wanted) {
      // One rank may be both.
      if (each.rank == ranks.train) cuts.validation_from = InstantOf(*each.key);
      if (each.rank == ranks.train_and_validation) cuts.test_from = InstantOf(*each.key);
    }
    return cuts;
  }

 private:
  CountedRange FullRange() const {
    const arrow::DataType* type = source_.schema()->field(column_)->type().get();
    if (type->id() == arrow::Type::DICTIONARY)
      type = static_cast<const arrow::DictionaryType*>(type)->value_type().get();
    return type->id() == arrow::Type::DATE32
               ? CountedRange(KeyOf(std::numeric_limits<int32_t>::min()),
                              KeyOf(std::numeric_limits<int32_t>::max()), 0)
               : CountedRange(0, std::numeric_limits<uint64_t>::max(), 0);
  }

  arrow::Result<ScanCounts> Scan(std::vector<CountedRange> ranges) {
    ScanCounts total;
    total.ranges = std::move(ranges);
    const int num_threads = context_->num_threads();
    base::MemoryReservation reservation(context_->budget());
    ARROW_RETURN_NOT_OK(
        reservation.Resize((num_threads + 1) * static_cast<int64_t>(total.ranges.size()) * kParts *
                           static_cast<int64_t>(sizeof(int64_t))));
    ScanCounts empty = total;
    std::mutex mutex;
    const auto& units = source_.units();
    context_->progress()->BeginPhase("cuts", source_.num_rows(), source_.num_rows(),
                                     source_.num_bytes());
    ARROW_RETURN_NOT_OK(base::ParallelFor(
        num_threads, static_cast<int64_t>(units.size()), [&](int64_t u) -> arrow::Status {
          ScanCounts counts = empty;
          const std::shared_ptr<const SplitVector> rows = counted_(u);
          ARROW_RETURN_NOT_OK(ScanWeighted(
              source_, units[u], column_, rows.get(), context_,
              [&](const std::shared_ptr<arrow::Array>& values, const int64_t* weights, int64_t) {
                counts.AddArray(*values, weights);
                return arrow::Status::OK();
              }));
          context_->progress()->Advance(units[u].num_rows);
          std::lock_guard lock(mutex);
          total.Merge(counts);
          return arrow::Status::OK();
        }));
    context_->progress()->EndPhase();
    return total;
  }

  // Finds the part of each range that holds a wanted rank: its key, where that is one, else a range
  // to count next.
  static std::vector<CountedRange> Narrow(const ScanCounts& counts, std::vector<Wanted>* wanted) {
    std::vector<CountedRange> next;
    for (Wanted& each : *wanted) {
      if (each.key.has_value()) continue;
      const CountedRange& range = counts.ranges[each.range];
      int64_t below = range.below;
      int64_t part = 0;
      while (below + range.counts[part] <= each.rank) below += range.counts[part++];
      const uint64_t begin = range.low + (static_cast<uint64_t>(part) << range.shift);
      // The last part may reach beyond the range, and beyond 64 bits.
      const uint64_t end = begin + std::min(range.high - begin, (uint64_t{1} << range.shift) - 1);
      const uint64_t low = std::max(begin, counts.min);
      const uint64_t high = std::min(end, counts.max);
      if (low == high) {
        each.key = low;
      } else if (!next.empty() && next.back().low == low) {
        each.range = next.size() - 1;
      } else {
        each.range = next.size();
        next.emplace_back(low, high, below);
      }
    }
    return next;
  }

  const io::Source& source_;
  const int column_;
  const CountedRows& counted_;
  RunContext* const context_;
};

}  // namespace

int64_t InstantAt(const arrow::Array& values, int64_t i) {
  return values.type_id() == arrow::Type::DATE32 ? values.data()->GetValues<int32_t>(1)[i]
                                                 : values.data()->GetValues<int64_t>(1)[i];
}

arrow::Result<plan::TimeCuts> FindTimeCuts(const io::Source& source, const plan::SplitSpec& spec,
                                           const CountedRows& counted, RunContext* context) {
  const int column = source.schema()->GetFieldIndex(spec.time_column);
  return CutFinder(source, column, counted, context).Find(spec);
}

}  // namespace emberharmony::engine
