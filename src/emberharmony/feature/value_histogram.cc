#include "emberharmony/feature/value_histogram.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/encoded_bytes_internal.h"
#include "emberharmony/feature/key_table_internal.h"
#include "emberharmony/feature/number_keys_internal.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/order_statistics_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr std::string_view kHistogramMagic("EHVH\2", 5);
constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

struct Key {
  uint64_t key;
  int64_t count;
};

struct HistogramState : State {
  HistogramState(int64_t max_keys_in, NumberForm form_in, base::MemoryBudget* budget_in)
      : max_keys(max_keys_in),
        budget(budget_in),
        form(form_in),
        table(budget_in),
        num_bits(FullBits(form_in)) {}
  int64_t memory_bytes() const override {
    return static_cast<int64_t>(sizeof(*this)) + table.memory_bytes();
  }

  // In ascending order.
  std::vector<Key> SortedKeys() const {
    std::vector<Key> keys;
    keys.reserve(table.size());
    table.ForEach([&](uint64_t key, int64_t count) { keys.push_back({key, count}); });
    std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.key < b.key; });
    return keys;
  }
  bool exact() const { return num_bits == FullBits(form); }

  int64_t max_keys;
  base::MemoryBudget* budget;
  NumberForm form;
  KeyTable table;  // of shortened keys
  int num_bits;
  int64_t count = 0;  // of finite values
  MissingNumbers missing;
  uint64_t min = std::numeric_limits<uint64_t>::max();  // keys of finite values, not shortened
  uint64_t max = 0;
  bool cut = false;  // OrderStatistics::cut; such states are not saved
};

arrow::Status AddKeys(KeyTable* table, const uint64_t* keys, const int64_t* counts, int64_t n) {
  int64_t num_done = 0;
  return table->Add(keys, counts, n, &num_done);
}

// Replaces each key by another, which may be that of others too.
template <typename NewKey>
arrow::Status Rekey(HistogramState* state, const NewKey& new_key) {
  KeyTable changed(state->budget);
  arrow::Status status = changed.Reserve(state->table.size());
  state->table.ForEach([&](uint64_t key, int64_t count) {
    const uint64_t changed_key = new_key(key);
    if (status.ok()) status = AddKeys(&changed, &changed_key, &count, 1);
  });
  ARROW_RETURN_NOT_OK(status);
  state->table = std::move(changed);
  return status;
}

// Drops as many bits as it takes for max_keys keys to suffice, and no more. The number of distinct
// keys of a part of the values is at most that of all, so whatever the order, the bits that remain
// in the end are the most with which all values have at most max_keys keys.
arrow::Status FitKeys(HistogramState* state) {
  if (state->table.size() <= state->max_keys || state->num_bits == 1) return arrow::Status::OK();
  const std::vector<Key> keys = state->SortedKeys();
  int64_t separated[66] = {};  // by the bits it takes to tell neighbours apart, at most 64
  for (size_t i = 1; i < keys.size(); ++i) {
    ++separated[SeparatingBits(state->form, keys[i - 1].key, keys[i].key)];
  }
  int num_bits = 1;  // fewer are not kept, whatever their number
  int64_t num_keys = 1 + separated[1];
  while (num_keys + separated[num_bits + 1] <= state->max_keys) num_keys += separated[++num_bits];
  ARROW_RETURN_NOT_OK(
      Rekey(state, [&](uint64_t key) { return ShortenedKey(state->form, key, num_bits); }));
  state->num_bits = num_bits;
  return arrow::Status::OK();
}

bool IsBeyondDoubles(NumberForm form, uint64_t key) {
  constexpr WholeNumber kExactMax = WholeNumber{1} << 53;
  const WholeNumber whole = WholeOfKey(form, key);
  return whole > kExactMax || whole < -kExactMax;
}

// Turns a state of integers into one of doubles: the nearest ones, or, where integers have been
// shortened, the starts of their buckets, of which doubles tell apart those of up to 52 bits.
arrow::Status UseDoubles(HistogramState* state) {
  const NumberForm form = state->form;
  const bool exact = state->exact();
  const int num_bits = exact ? FullBits(NumberForm::kDouble)
                             : std::min(state->num_bits, FullBits(NumberForm::kDouble) - 1);
  ARROW_RETURN_NOT_OK(Rekey(state, [&](uint64_t key) {
    return KeyOfDouble(DoubleOfKey(form, exact ? key : ShortenedKey(form, key, num_bits)));
  }));
  if (state->count > 0) {
    state->cut = !exact && (IsBeyondDoubles(form, state->min) || IsBeyondDoubles(form, state->max));
    state->min = KeyOfDouble(DoubleOfKey(form, state->min));
    state->max = KeyOfDouble(DoubleOfKey(form, state->max));
  }
  state->form = NumberForm::kDouble;
  state->num_bits = num_bits;
  return arrow::Status::OK();
}

arrow::Status AddNumbers(HistogramState* state, const uint64_t* keys, const int64_t* counts,
                         int64_t n) {
  uint64_t min = state->min;
  uint64_t max = state->max;
  for (int64_t i = 0; i < n; ++i) {
    min = keys[i] < min ? keys[i] : min;
    max = keys[i] > max ? keys[i] : max;
  }
  state->min = min;
  state->max = max;
  uint64_t shortened[kNumberBlock];
  if (!state->exact()) {
    for (int64_t i = 0; i < n; ++i) {
      shortened[i] = ShortenedKey(state->form, keys[i], state->num_bits);
    }
    keys = shortened;
  }
  ARROW_RETURN_NOT_OK(AddWeights(counts, n, &state->count));
  ARROW_RETURN_NOT_OK(AddKeys(&state->table, keys, counts, n));
  return FitKeys(state);
}

class HistogramStatistic : public OrderStatistics {
 public:
  explicit HistogramStatistic(const HistogramState& state)
      : keys_(state.SortedKeys()),
        form_(state.form),
        num_bits_(state.num_bits),
        exact_(state.exact()),
        count_(state.count),
        missing_(state.missing),
        cut_(state.cut),
        min_(state.min),
        max_(state.max) {
    ends_.reserve(keys_.size());
    int64_t end = 0;
    for (const Key& key : keys_) ends_.push_back(end += key.count);
  }

  int64_t count() const override { return count_ + missing_.infinity_count; }
  int64_t null_count() const override { return missing_.null_count; }
  int64_t infinity_count() const override { return missing_.infinity_count; }
  int bits() const override { return num_bits_; }
  bool exact() const override { return exact_; }
  int64_t num_keys() const override { return static_cast<int64_t>(keys_.size()); }
  double min() const override { return count_ == 0 ? kNoValue : DoubleOfKey(form_, min_); }
  double max() const override { return count_ == 0 ? kNoValue : DoubleOfKey(form_, max_); }

  NumberForm form() const override { return form_; }
  bool cut() const override { return cut_; }
  int64_t num_finite() const override { return count_; }

  double MostFrequent() const override {
    const std::vector<CountedNumber> first = MostFrequentValues(1);
    return first.empty() ? kNoValue : first[0].value;
  }

  QuantileEstimate OrderStatistic(int64_t index) const override {
    if (index == 0) return Estimate(min_, 0);
    if (index == count_ - 1) return Estimate(max_, 0);
    return Middle(keys_[KeyAt(index)]);
  }

  ValueRange RangeOf(int64_t index) const override {
    const size_t k = KeyAt(index);
    const KeyBucket bucket = BucketOf(form_, keys_[k].key, num_bits_);
    return {bucket.low, bucket.high, ends_[k] - keys_[k].count, keys_[k].count};
  }

  std::vector<CountedNumber> MostFrequentValues(int64_t k) const override {
    std::vector<Key> keys(
        static_cast<size_t>(std::clamp<int64_t>(k, 0, static_cast<int64_t>(keys_.size()))));
    std::partial_sort_copy(keys_.begin(), keys_.end(), keys.begin(), keys.end(),
                           [](const Key& a, const Key& b) {
                             return a.count != b.count ? a.count > b.count : a.key < b.key;
                           });
    std::vector<CountedNumber> values;
    for (const Key& key : keys) {
      const QuantileEstimate middle = Middle(key);
      values.push_back({middle.value, key.count, middle.whole});
    }
    return values;
  }

 private:
  QuantileEstimate Estimate(uint64_t key, double error_bound) const {
    QuantileEstimate estimate{DoubleOfKey(form_, key), error_bound};
    if (form_ != NumberForm::kDouble) estimate.whole = WholeOfKey(form_, key);
    return estimate;
  }

  // A key's bucket reaches from its value away from zero; what is known of the values in it.
  QuantileEstimate Middle(const Key& key) const {
    const KeyBucket bucket = BucketOf(form_, key.key, num_bits_);
    if (bucket.exact()) return Estimate(key.key, 0);
    return Estimate(std::clamp(bucket.middle, min_, max_),
                    DistanceOfKeys(form_, bucket.middle, bucket.start));
  }

  size_t KeyAt(int64_t index) const {
    return std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
  }

  std::vector<Key> keys_;
  std::vector<int64_t> ends_;  // of the keys' ranges of order statistics
  NumberForm form_;
  int num_bits_;
  bool exact_;
  int64_t count_;
  MissingNumbers missing_;
  bool cut_;
  uint64_t min_;
  uint64_t max_;
};

HistogramState& StateOf(State* state) { return *static_cast<HistogramState*>(state); }
const HistogramState& StateOf(const State& state) {
  return static_cast<const HistogramState&>(state);
}

arrow::Status CorruptHistogram(const char* what) {
  return base::DataError(std::string("an encoded value histogram is not valid: ") + what +
                         "; it was damaged or comes from another version: fit again");
}

// Reads the keys, ascending, into the state.
arrow::Status DecodeKeys(EncodedReader* in, int64_t num_keys, const arrow::DataType& type,
                         HistogramState* state) {
  ARROW_RETURN_NOT_OK(state->table.Reserve(num_keys));
  const NumberForm form = state->form;
  uint64_t previous = 0;
  for (int64_t i = 0; i < num_keys; ++i) {
    const auto key = in->Take<uint64_t>();
    const auto count = in->Take<int64_t>();
    if (!IsNumberKey(form, type, key) || ShortenedKey(form, key, state->num_bits) != key) {
      return CorruptHistogram("a key is no shortened number");
    }
    if (i > 0 && key <= previous) return CorruptHistogram("keys are not in order");
    if (count <= 0 || __builtin_add_overflow(count, state->count, &state->count)) {
      return CorruptHistogram("a count is out of range");
    }
    if (i == 0 && key != ShortenedKey(form, state->min, state->num_bits)) {
      return CorruptHistogram("the minimum does not fit the keys");
    }
    previous = key;
    ARROW_RETURN_NOT_OK(AddKeys(&state->table, &key, &count, 1));
  }
  const bool max_fits = num_keys == 0
                            ? state->min == std::numeric_limits<uint64_t>::max() && state->max == 0
                            : previous == ShortenedKey(form, state->max, state->num_bits) &&
                                  state->min <= state->max && IsNumberKey(form, type, state->min) &&
                                  IsNumberKey(form, type, state->max);
  return max_fits ? arrow::Status::OK() : CorruptHistogram("the maximum does not fit the keys");
}

class ValueHistogramAnalyzer : public Analyzer {
 public:
  explicit ValueHistogramAnalyzer(int64_t max_keys) : max_keys_(max_keys) {}

  std::string state_key() const override { return "value_histogram/" + std::to_string(max_keys_); }
  AnalyzerTraits traits() const override { return {false, false, KeyTableBytesMax()}; }

  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions& options) const override {
    ARROW_RETURN_NOT_OK(CheckMeasurable(type));
    return std::make_unique<HistogramState>(max_keys_, NumberFormOf(type), options.budget);
  }

  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return VisitPlainValues(values, [&](const WeightedValues& plain) -> arrow::Status {
      HistogramState& histogram = StateOf(state);
      ARROW_RETURN_NOT_OK(AddWeight(plain.null_weight, &histogram.missing.null_count));
      if (NumberFormOf(*plain.values.type()) != histogram.form &&
          histogram.form != NumberForm::kDouble) {
        ARROW_RETURN_NOT_OK(UseDoubles(&histogram));
      }
      return VisitNumberKeys(plain, histogram.form, &histogram.missing,
                             [&](const uint64_t* keys, const int64_t* counts, int64_t n) {
                               return AddNumbers(&histogram, keys, counts, n);
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
    if (source.form != target.form) {
      return base::UsageError("value histograms of integers and of other numbers cannot be merged");
    }
    if (source.num_bits < target.num_bits) {
      ARROW_RETURN_NOT_OK(Rekey(
          &target, [&](uint64_t key) { return ShortenedKey(target.form, key, source.num_bits); }));
      target.num_bits = source.num_bits;
    }
    // First: the keys' own counts are within this one, and so cannot overflow either.
    ARROW_RETURN_NOT_OK(AddWeight(source.count, &target.count));
    // Key by key: so many may be new that the table is shortened on the way. They come in hash
    // order, for which the table must not be small.
    arrow::Status status = target.table.Reserve(source.table.size());
    int added = 0;
    source.table.ForEach([&](uint64_t source_key, int64_t count) {
      if (!status.ok()) return;
      const uint64_t key = ShortenedKey(target.form, source_key, target.num_bits);
      status = AddKeys(&target.table, &key, &count, 1);
      if (status.ok() && ++added % 256 == 0) status = FitKeys(&target);
    });
    ARROW_RETURN_NOT_OK(status);
    ARROW_RETURN_NOT_OK(FitKeys(&target));
    ARROW_RETURN_NOT_OK(AddWeight(source.missing.null_count, &target.missing.null_count));
    ARROW_RETURN_NOT_OK(AddWeight(source.missing.infinity_count, &target.missing.infinity_count));
    target.cut |= source.cut;
    target.min = std::min(target.min, source.min);
    target.max = std::max(target.max, source.max);
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    int64_t count = StateOf(state).count;
    ARROW_RETURN_NOT_OK(AddWeight(StateOf(state).missing.infinity_count, &count));
    return std::make_shared<HistogramStatistic>(StateOf(state));
  }

  arrow::Result<std::string> Encode(const State& state) const override {
    const HistogramState& histogram = StateOf(state);
    EncodedWriter out(kHistogramMagic);
    out.Put(static_cast<uint8_t>(histogram.form));
    out.Put(static_cast<uint8_t>(histogram.num_bits));
    out.Put(histogram.max_keys);
    out.Put(histogram.missing.null_count);
    out.Put(histogram.missing.infinity_count);
    out.Put(histogram.min);
    out.Put(histogram.max);
    out.Put(histogram.table.size());
    for (const Key& key : histogram.SortedKeys()) {
      out.Put(key.key);
      out.Put(key.count);
    }
    return out.Finish();
  }

  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    ARROW_RETURN_NOT_OK(CheckMeasurable(type));
    EncodedReader in(bytes, kHistogramMagic);
    const NumberForm form = NumberFormOf(type);
    auto state = std::make_unique<HistogramState>(max_keys_, form, options.budget);
    const auto form_byte = in.Take<uint8_t>();
    state->num_bits = in.Take<uint8_t>();
    const auto max_keys = in.Take<int64_t>();
    state->missing.null_count = in.Take<int64_t>();
    state->missing.infinity_count = in.Take<int64_t>();
    state->min = in.Take<uint64_t>();
    state->max = in.Take<uint64_t>();
    const auto num_keys = in.Take<int64_t>();
    if (!in.ok()) return CorruptHistogram("it ends too early");
    if (form_byte != static_cast<uint8_t>(form)) {
      return CorruptHistogram("it does not hold numbers of the column's type");
    }
    if (max_keys != max_keys_) return CorruptHistogram("it keeps another number of keys");
    if (state->num_bits < 1 || state->num_bits > FullBits(form) || state->missing.null_count < 0 ||
        state->missing.infinity_count < 0) {
      return CorruptHistogram("a number is out of range");
    }
    if (num_keys < 0 || num_keys != static_cast<int64_t>(in.rest().size() / 16) ||
        in.rest().size() % 16 != 0 || (num_keys > max_keys_ && state->num_bits > 1) ||
        (num_keys == 0 && !state->exact())) {
      return CorruptHistogram("the number of keys does not fit");
    }
    ARROW_RETURN_NOT_OK(DecodeKeys(&in, num_keys, type, state.get()));
    int64_t count = state->count;
    ARROW_RETURN_NOT_OK(AddWeight(state->missing.infinity_count, &count));
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
