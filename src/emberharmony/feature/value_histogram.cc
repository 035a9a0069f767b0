#include "emberharmony/feature/value_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/encoded_bytes_internal.h"
#include "emberharmony/feature/key_table_internal.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/order_statistics_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr std::string_view kMagic("EHVH\1", 5);
constexpr int kFullBits = 53;
constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr uint64_t kFractionMask = (uint64_t{1} << 52) - 1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The number of significant bits of a finite double: 53, or fewer when it is subnormal.
int WidthOf(uint64_t bits) {
  const uint64_t magnitude = bits & ~kSignBit;
  return magnitude > kFractionMask ? kFullBits : std::bit_width(magnitude);
}

// How many low bits go when num_bits leading significant ones are kept.
int DroppedBits(uint64_t bits, int num_bits) { return std::max(0, WidthOf(bits) - num_bits); }

uint64_t Shorten(uint64_t bits, int num_bits) {
  const int dropped = DroppedBits(bits, num_bits);
  return bits >> dropped << dropped;
}

// The smallest number of kept bits that tells two different doubles apart.
int SeparatingBits(uint64_t a, uint64_t b) {
  const int width = WidthOf(a);
  const int differing = std::bit_width(a ^ b);  // the highest differing bit, from 1
  return width == WidthOf(b) && differing < width ? width - differing + 1 : 1;
}

struct Key {
  double value;
  int64_t count;
};

struct HistogramState : State {
  HistogramState(int64_t max_keys_in, base::MemoryBudget* budget_in)
      : max_keys(max_keys_in), budget(budget_in), table(budget_in) {}
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) + table.memory_bytes();
  }

  // In ascending order.
  std::vector<Key> SortedKeys() const {
    std::vector<Key> keys;
    keys.reserve(table.size());
    table.ForEach([&](uint64_t bits, int64_t count) {
      keys.push_back({std::bit_cast<double>(bits), count});
    });
    std::sort(keys.begin(), keys.end(),
              [](const Key& a, const Key& b) { return a.value < b.value; });
    return keys;
  }

  int64_t max_keys;
  base::MemoryBudget* budget;
  KeyTable table;  // from the bits of shortened doubles
  int num_bits = kFullBits;
  int64_t count = 0;  // of finite values
  int64_t null_count = 0;
  int64_t infinity_count = 0;
  double min = kInfinity;  // of finite values
  double max = -kInfinity;
};

arrow::Status AddKeys(KeyTable* table, const uint64_t* keys, const int64_t* counts, int64_t n) {
  int64_t num_done = 0;
  return table->Add(keys, counts, n, &num_done);
}

// Shortens all keys to num_bits.
arrow::Status ShortenAll(HistogramState* state, int num_bits) {
  KeyTable shortened(state->budget);
  arrow::Status status = shortened.Reserve(state->table.size());
  state->table.ForEach([&](uint64_t bits, int64_t count) {
    const uint64_t key = Shorten(bits, num_bits);
    if (status.ok()) status = AddKeys(&shortened, &key, &count, 1);
  });
  ARROW_RETURN_NOT_OK(status);
  state->table = std::move(shortened);
  state->num_bits = num_bits;
  return status;
}

// Drops as many bits as it takes for max_keys keys to suffice, and no more. The number of distinct
// keys of a part of the values is at most that of all, so whatever the order, the bits that remain
// in the end are the most with which all values have at most max_keys keys.
arrow::Status FitKeys(HistogramState* state) {
  if (state->table.size() <= state->max_keys || state->num_bits == 1) return arrow::Status::OK();
  const std::vector<Key> keys = state->SortedKeys();
  int64_t separated[kFullBits + 1] = {};  // by the bits it takes to tell neighbours apart
  for (size_t i = 1; i < keys.size(); ++i) {
    ++separated[SeparatingBits(std::bit_cast<uint64_t>(keys[i - 1].value),
                               std::bit_cast<uint64_t>(keys[i].value))];
  }
  int num_bits = 1;  // fewer are not kept, whatever their number
  int64_t num_keys = 1 + separated[1];
  while (num_keys + separated[num_bits + 1] <= state->max_keys) num_keys += separated[++num_bits];
  return ShortenAll(state, num_bits);
}

arrow::Status AddDoubles(HistogramState* state, const double* values, const int64_t* weights,
                         int64_t n) {
  constexpr int64_t kBlock = 256;
  uint64_t keys[kBlock];
  int64_t counts[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = std::min(n, begin + kBlock);
    int64_t m = 0;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t weight = weights == nullptr ? 1 : weights[i];
      const double value = values[i] + 0.0;  // -0 becomes +0
      if (!std::isfinite(value)) [[unlikely]] {
        ARROW_RETURN_NOT_OK(
            AddWeight(weight, std::isnan(value) ? &state->null_count : &state->infinity_count));
        continue;
      }
      keys[m] = std::bit_cast<uint64_t>(value);
      counts[m] = weight;
      m += weight > 0;
      state->min = weight > 0 && value < state->min ? value : state->min;
      state->max = weight > 0 && value > state->max ? value : state->max;
    }
    if (state->num_bits < kFullBits) {
      for (int64_t i = 0; i < m; ++i) keys[i] = Shorten(keys[i], state->num_bits);
    }
    ARROW_RETURN_NOT_OK(AddWeights(counts, m, &state->count));
    ARROW_RETURN_NOT_OK(AddKeys(&state->table, keys, counts, m));
    ARROW_RETURN_NOT_OK(FitKeys(state));
  }
  return arrow::Status::OK();
}

class HistogramStatistic : public OrderStatistics {
 public:
  explicit HistogramStatistic(const HistogramState& state)
      : keys_(state.SortedKeys()),
        num_bits_(state.num_bits),
        count_(state.count),
        null_count_(state.null_count),
        infinity_count_(state.infinity_count),
        min_(state.count == 0 ? kNan : state.min),
        max_(state.count == 0 ? kNan : state.max) {
    ends_.reserve(keys_.size());
    int64_t end = 0;
    for (const Key& key : keys_) ends_.push_back(end += key.count);
  }

  int64_t count() const override { return count_ + infinity_count_; }
  int64_t null_count() const override { return null_count_; }
  int64_t infinity_count() const override { return infinity_count_; }
  int bits() const override { return num_bits_; }
  int64_t num_keys() const override { return static_cast<int64_t>(keys_.size()); }
  double min() const override { return min_; }
  double max() const override { return max_; }

  int64_t num_finite() const override { return count_; }

  double MostFrequent() const override {
    const auto key = std::max_element(keys_.begin(), keys_.end(), [](const Key& a, const Key& b) {
      return a.count < b.count;  // the first of the largest: the smallest value
    });
    return key == keys_.end() ? kNan : Middle(*key).value;
  }

  QuantileEstimate OrderStatistic(int64_t index) const override {
    if (index == 0) return {min_, 0};
    if (index == count_ - 1) return {max_, 0};
    return Middle(keys_[KeyAt(index)]);
  }

  ValueRange RangeOf(int64_t index) const override {
    const size_t k = KeyAt(index);
    const Key& key = keys_[k];
    const auto bits = std::bit_cast<uint64_t>(key.value);
    const uint64_t dropped = (uint64_t{1} << DroppedBits(bits, num_bits_)) - 1;
    const auto away_from_zero = std::bit_cast<double>(bits | dropped);
    return {std::min(key.value, away_from_zero), std::max(key.value, away_from_zero),
            ends_[k] - key.count, key.count};
  }

  std::vector<CountedNumber> MostFrequentValues(int64_t k) const override {
    std::vector<CountedNumber> values(
        static_cast<size_t>(std::clamp<int64_t>(k, 0, static_cast<int64_t>(keys_.size()))));
    std::vector<Key> keys(values.size());
    std::partial_sort_copy(keys_.begin(), keys_.end(), keys.begin(), keys.end(),
                           [](const Key& a, const Key& b) {
                             return a.count != b.count ? a.count > b.count : a.value < b.value;
                           });
    for (size_t i = 0; i < keys.size(); ++i) values[i] = {Middle(keys[i]).value, keys[i].count};
    return values;
  }

 private:
  // A key's bucket reaches from its value away from zero; what is known of the values in it.
  QuantileEstimate Middle(const Key& key) const {
    const auto bits = std::bit_cast<uint64_t>(key.value);
    const int dropped = DroppedBits(bits, num_bits_);
    if (dropped == 0) return {key.value, 0};
    const auto middle = std::bit_cast<double>(bits | (uint64_t{1} << (dropped - 1)));
    return {std::clamp(middle, min_, max_), std::fabs(middle - key.value)};
  }

  size_t KeyAt(int64_t index) const {
    return std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
  }

  std::vector<Key> keys_;
  std::vector<int64_t> ends_;  // of the keys' ranges of order statistics
  int num_bits_;
  int64_t count_;
  int64_t null_count_;
  int64_t infinity_count_;
  double min_;
  double max_;
};

HistogramState& StateOf(State* state) { return *static_cast<HistogramState*>(state); }
const HistogramState& StateOf(const State& state) {
  return static_cast<const HistogramState&>(state);
}

arrow::Status Corrupt(const char* what) {
  return base::DataError(std::string("an encoded value histogram is not valid: ") + what +
                         "; it was damaged or comes from another version: fit again");
}

// Reads the keys, ascending, into the state.
arrow::Status DecodeKeys(EncodedReader* in, int64_t num_keys, HistogramState* state) {
  ARROW_RETURN_NOT_OK(state->table.Reserve(num_keys));
  double previous = -kInfinity;
  for (int64_t i = 0; i < num_keys; ++i) {
    const double value = in->Take<double>();
    const auto count = in->Take<int64_t>();
    const auto bits = std::bit_cast<uint64_t>(value);
    if (!std::isfinite(value) || bits == kSignBit || Shorten(bits, state->num_bits) != bits) {
      return Corrupt("a key is no shortened number");
    }
    if (!(value > previous)) return Corrupt("keys are not in order");
    if (count <= 0 || __builtin_add_overflow(count, state->count, &state->count)) {
      return Corrupt("a count is out of range");
    }
    if (i == 0 && std::bit_cast<uint64_t>(value) !=
                      Shorten(std::bit_cast<uint64_t>(state->min), state->num_bits)) {
      return Corrupt("the minimum does not fit the keys");
    }
    previous = value;
    ARROW_RETURN_NOT_OK(AddKeys(&state->table, &bits, &count, 1));
  }
  const bool max_fits =
      num_keys == 0 ? state->min == kInfinity && state->max == -kInfinity
                    : std::bit_cast<uint64_t>(previous) ==
                              Shorten(std::bit_cast<uint64_t>(state->max), state->num_bits) &&
                          std::bit_cast<uint64_t>(state->min) != kSignBit &&
                          std::bit_cast<uint64_t>(state->max) != kSignBit;
  return max_fits ? arrow::Status::OK() : Corrupt("the maximum does not fit the keys");
}

class ValueHistogramAnalyzer : public Analyzer {
 public:
  explicit ValueHistogramAnalyzer(int64_t max_keys) : max_keys_(max_keys) {}

  std::string state_key() const override { return "value_histogram/" + std::to_string(max_keys_); }
  AnalyzerTraits traits() const override { return {false, false, KeyTableBytesMax()}; }

  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions& options) const override {
    ARROW_RETURN_NOT_OK(CheckMeasurable(type));
    return std::make_unique<HistogramState>(max_keys_, options.budget);
  }

  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return VisitPlainValues(values, [&](const WeightedValues& plain) -> arrow::Status {
      HistogramState& histogram = StateOf(state);
      ARROW_RETURN_NOT_OK(AddWeight(plain.null_weight, &histogram.null_count));
      return VisitDoubles(plain, [&](const double* doubles, const int64_t* weights, int64_t n) {
        return AddDoubles(&histogram, doubles, weights, n);
      });
    });
  }

  arrow::Status Merge(State* into, const State& from) const override {
    HistogramState& target = StateOf(into);
    const HistogramState& source = StateOf(from);
    if (target.max_keys != source.max_keys) {
      return base::UsageError("value histograms of " + std::to_string(target.max_keys) + " and " +
                              std::to_string(source.max_keys) + " keys cannot be merged");
    }
    if (source.num_bits < target.num_bits) {
      ARROW_RETURN_NOT_OK(ShortenAll(&target, source.num_bits));
    }
    // Key by key: so many may be new that the table is shortened on the way. They come in hash
    // order, for which the table must not be small.
    arrow::Status status = target.table.Reserve(source.table.size());
    int added = 0;
    source.table.ForEach([&](uint64_t bits, int64_t count) {
      if (!status.ok()) return;
      const uint64_t key = Shorten(bits, target.num_bits);
      status = AddKeys(&target.table, &key, &count, 1);
      if (status.ok() && ++added % 256 == 0) status = FitKeys(&target);
    });
    ARROW_RETURN_NOT_OK(status);
    ARROW_RETURN_NOT_OK(FitKeys(&target));
    ARROW_RETURN_NOT_OK(AddWeight(source.count, &target.count));
    ARROW_RETURN_NOT_OK(AddWeight(source.null_count, &target.null_count));
    ARROW_RETURN_NOT_OK(AddWeight(source.infinity_count, &target.infinity_count));
    target.min = std::min(target.min, source.min);
    target.max = std::max(target.max, source.max);
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    int64_t count = StateOf(state).count;
    ARROW_RETURN_NOT_OK(AddWeight(StateOf(state).infinity_count, &count));
    return std::make_shared<HistogramStatistic>(StateOf(state));
  }

  arrow::Result<std::string> Encode(const State& state) const override {
    const HistogramState& histogram = StateOf(state);
    EncodedWriter out(kMagic);
    out.Put(static_cast<uint8_t>(histogram.num_bits));
    out.Put(histogram.max_keys);
    out.Put(histogram.null_count);
    out.Put(histogram.infinity_count);
    out.Put(histogram.min);
    out.Put(histogram.max);
    out.Put(histogram.table.size());
    for (const Key& key : histogram.SortedKeys()) {
      out.Put(key.value);
      out.Put(key.count);
    }
    return out.Finish();
  }

  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    ARROW_RETURN_NOT_OK(CheckMeasurable(type));
    EncodedReader in(bytes, kMagic);
    auto state = std::make_unique<HistogramState>(max_keys_, options.budget);
    state->num_bits = in.Take<uint8_t>();
    const auto max_keys = in.Take<int64_t>();
    state->null_count = in.Take<int64_t>();
    state->infinity_count = in.Take<int64_t>();
    state->min = in.Take<double>();
    state->max = in.Take<double>();
    const auto num_keys = in.Take<int64_t>();
    if (!in.ok()) return Corrupt("it ends too early");
    if (max_keys != max_keys_) return Corrupt("it keeps another number of keys");
    if (state->num_bits < 1 || state->num_bits > kFullBits || state->null_count < 0 ||
        state->infinity_count < 0) {
      return Corrupt("a number is out of range");
    }
    if (num_keys < 0 || num_keys != static_cast<int64_t>(in.rest().size() / 16) ||
        in.rest().size() % 16 != 0 || (num_keys > max_keys_ && state->num_bits > 1) ||
        (num_keys == 0 && state->num_bits < kFullBits)) {
      return Corrupt("the number of keys does not fit");
    }
    ARROW_RETURN_NOT_OK(DecodeKeys(&in, num_keys, state.get()));
    int64_t count = state->count;
    ARROW_RETURN_NOT_OK(AddWeight(state->infinity_count, &count));
    return state;
  }

 private:
  // A key takes at most 32 bytes; while keys are shortened there are two tables and a list of them.
  int64_t KeyTableBytesMax() const { return 80 * (max_keys_ + 512); }

  const int64_t max_keys_;
};

}  // namespace

std::shared_ptr<const Analyzer> MakeValueHistogramAnalyzer(int64_t max_keys) {
  return std::make_shared<ValueHistogramAnalyzer>(max_keys);
}

}  // namespace emberharmony::feature
