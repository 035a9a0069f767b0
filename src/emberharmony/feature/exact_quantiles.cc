#include "emberharmony/feature/exact_quantiles.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/number_keys_internal.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/order_statistics_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr double kNoBound = std::numeric_limits<double>::infinity();
constexpr double kNoQuantile = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kKeysPerRange = 16;

/// An order statistic, and the values among which it is.
struct KnownValue {
  QuantileEstimate estimate;
  ValueRange range;
};

/// What the first pass has found, and the order statistics that are known by now.
struct Known {
  NumberForm form = NumberForm::kDouble;
  int64_t num_finite = 0;
  int64_t null_count = 0;
  int64_t infinity_count = 0;
  double min = 0;
  double max = 0;
  std::map<int64_t, KnownValue> values;  ///< by rank
  std::vector<int64_t> open;             ///< ranks whose values are not exact yet, ascending
  std::vector<ValueRange> ranges;        ///< where they are: ascending, disjoint
};

/// Notes what is known of the value of `rank`, which is among those of `range`.
void Note(int64_t rank, const QuantileEstimate& estimate, const ValueRange& range, Known* known) {
  known->values[rank] = {estimate, range};
  if (estimate.error_bound == 0) return;
  known->open.push_back(rank);
  if (known->ranges.empty() || known->ranges.back().first != range.first) {
    known->ranges.push_back(range);
  }
}

class RefinedStatistic : public OrderStatistics {
 public:
  explicit RefinedStatistic(Known known) : known_(std::move(known)) {}

  const Known& known() const { return known_; }
  int64_t count() const override { return known_.num_finite + known_.infinity_count; }
  int64_t null_count() const override { return known_.null_count; }
  int64_t infinity_count() const override { return known_.infinity_count; }
  NumberForm form() const override { return known_.form; }
  int64_t num_finite() const override { return known_.num_finite; }
  double MostFrequent() const override { return kNoQuantile; }
  int bits() const override { return exact() ? FullBits(known_.form) : 1; }
  bool exact() const override { return known_.open.empty(); }
  int64_t num_keys() const override { return static_cast<int64_t>(known_.values.size()); }
  double min() const override { return known_.min; }
  double max() const override { return known_.max; }
  QuantileEstimate OrderStatistic(int64_t index) const override {
    const auto found = known_.values.find(index);
    return found == known_.values.end() ? QuantileEstimate{kNoQuantile, kNoBound}
                                        : found->second.estimate;
  }
  ValueRange RangeOf(int64_t index) const override {
    const auto found = known_.values.find(index);
    return found == known_.values.end() ? ValueRange{0, UINT64_MAX, 0, known_.num_finite}
                                        : found->second.range;
  }

 private:
  const Known known_;
};

/// Counts the values in the open ranges.
class RefiningAnalyzer : public Analyzer {
 public:
  RefiningAnalyzer(Known known, int64_t max_keys)
      : known_(std::move(known)),
        max_keys_(max_keys),
        histogram_(MakeValueHistogramAnalyzer(
            std::max(max_keys, kKeysPerRange * static_cast<int64_t>(known_.ranges.size())))) {}

  std::string state_key() const override { return "refined_" + histogram_->state_key(); }
  AnalyzerTraits traits() const override { return histogram_->traits(); }
  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions& options) const override {
    ARROW_RETURN_NOT_OK(CheckMeasurable(type));
    return histogram_->MakeState(*TypeOfForm(known_.form), options);
  }
  arrow::Status Update(State* state, const WeightedValues& values) const override {
    MissingNumbers missing;  // the first pass has counted them
    return VisitPlainValues(values, [&](const WeightedValues& plain) {
      return VisitNumberKeys(plain, known_.form, &missing,
                             [&](const uint64_t* keys, const int64_t* counts, int64_t n) {
                               return AddInRanges(keys, counts, n, state);
                             });
    });
  }
  arrow::Status Merge(State* into, const State& from) const override {
    return histogram_->Merge(into, from);
  }
  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override;
  arrow::Result<std::shared_ptr<const Analyzer>> Refine(const Statistic& statistic) const override {
    const auto* refined = dynamic_cast<const RefinedStatistic*>(&statistic);
    if (refined == nullptr || refined->known().open.empty()) return nullptr;
    return std::make_shared<RefiningAnalyzer>(refined->known(), max_keys_);
  }
  arrow::Result<std::string> Encode(const State& state) const override {
    return histogram_->Encode(state);
  }
  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes,
                                               const arrow::DataType& /*type*/,
                                               const StateOptions& options) const override {
    return histogram_->Decode(bytes, *TypeOfForm(known_.form), options);
  }

 private:
  arrow::Status AddInRanges(const uint64_t* keys, const int64_t* counts, int64_t n,
                            State* state) const;

  const Known known_;
  const int64_t max_keys_;
  const std::shared_ptr<const Analyzer> histogram_;
};

arrow::Status RefiningAnalyzer::AddInRanges(const uint64_t* keys, const int64_t* counts, int64_t n,
                                            State* state) const {
  uint64_t found[kNumberBlock];
  int64_t found_counts[kNumberBlock];
  const auto before = [](uint64_t key, const ValueRange& range) { return key < range.low; };
  int64_t m = 0;
  for (int64_t i = 0; i < n; ++i) {
    const auto range =
        std::upper_bound(known_.ranges.begin(), known_.ranges.end(), keys[i], before);
    if (range == known_.ranges.begin() || keys[i] > std::prev(range)->high) continue;
    found[m] = keys[i];
    found_counts[m++] = counts[i];
  }
  if (m == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Array> numbers,
                        NumbersOfKeys(known_.form, found, m));
  return histogram_->Update(state, {*numbers, found_counts, 0});
}

arrow::Result<std::shared_ptr<const Statistic>> RefiningAnalyzer::Finalize(
    const State& state) const {
  ARROW_ASSIGN_OR_RAISE(const auto finalized, histogram_->Finalize(state));
  const auto& found = static_cast<const OrderStatistics&>(*finalized);
  Known known = known_;
  known.open.clear();
  known.ranges.clear();
  int64_t num_before = 0;  // values found in the ranges before this one
  auto rank = known_.open.begin();
  for (const ValueRange& range : known_.ranges) {
    if (num_before + range.count > found.num_finite()) break;
    for (; rank != known_.open.end() && *rank < range.first + range.count; ++rank) {
      const int64_t index = num_before + *rank - range.first;
      ValueRange part = found.RangeOf(index);
      part.first += range.first - num_before;
      Note(*rank, found.OrderStatistic(index), part, &known);
    }
    num_before += range.count;
  }
  if (rank != known_.open.end() || num_before != found.num_finite()) {
    return base::DataError(
        "the values differ from those of the pass before; the source must not change during a "
        "run: start again");
  }
  return std::make_shared<RefinedStatistic>(std::move(known));
}

/// A value histogram that knows what will be asked of it.
class QuantileAnalyzer : public Analyzer {
 public:
  QuantileAnalyzer(int64_t max_keys, QuantilesWanted wanted)
      : max_keys_(max_keys),
        wanted_(std::move(wanted)),
        histogram_(MakeValueHistogramAnalyzer(max_keys)) {}

  std::string state_key() const override { return histogram_->state_key(); }
  AnalyzerTraits traits() const override { return histogram_->traits(); }
  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions& options) const override {
    return histogram_->MakeState(type, options);
  }
  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return histogram_->Update(state, values);
  }
  arrow::Status Merge(State* into, const State& from) const override {
    return histogram_->Merge(into, from);
  }
  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    return histogram_->Finalize(state);
  }
  arrow::Result<std::shared_ptr<const Analyzer>> Refine(const Statistic& statistic) const override;
  arrow::Result<std::string> Encode(const State& state) const override {
    return histogram_->Encode(state);
  }
  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    return histogram_->Decode(bytes, type, options);
  }
  int64_t max_keys() const { return max_keys_; }

 private:
  const int64_t max_keys_;
  const QuantilesWanted wanted_;
  const std::shared_ptr<const Analyzer> histogram_;
};

arrow::Result<std::shared_ptr<const Analyzer>> QuantileAnalyzer::Refine(
    const Statistic& statistic) const {
  const auto* found = dynamic_cast<const OrderStatistics*>(&statistic);
  // A column with infinities is refused anyway.
  if (found == nullptr || found->infinity_count() > 0 || found->num_finite() == 0) return nullptr;
  // The next pass sees what an impute has made doubles of: it starts anew.
  if (found->cut()) return std::make_shared<QuantileAnalyzer>(max_keys_, wanted_);
  const int64_t n = found->num_finite();
  std::set<int64_t> ranks;
  const auto want = [&](const std::vector<int64_t>& more) {
    ranks.insert(more.begin(), more.end());
  };
  if (wanted_.median) want(RanksOfMedian(n));
  for (const double q : wanted_.quantiles) want(RanksOfQuantile(q, n));
  Known known{.form = found->form(),
              .num_finite = n,
              .null_count = found->null_count(),
              .infinity_count = 0,
              .min = found->min(),
              .max = found->max(),
              .values = {},
              .open = {},
              .ranges = {}};
  for (const int64_t rank : ranks) {
    Note(rank, found->OrderStatistic(rank), found->RangeOf(rank), &known);
  }
  if (known.open.empty()) return nullptr;
  return std::make_shared<RefiningAnalyzer>(std::move(known), max_keys_);
}

}  // namespace

std::shared_ptr<const Analyzer> MakeQuantileAnalyzer(int64_t max_keys, bool exact,
                                                     QuantilesWanted wanted) {
  if (!exact) return MakeValueHistogramAnalyzer(max_keys);
  return std::make_shared<QuantileAnalyzer>(max_keys, std::move(wanted));
}

int64_t ExactUpTo(const Analyzer& analyzer) {
  const auto* quantiles = dynamic_cast<const QuantileAnalyzer*>(&analyzer);
  return quantiles == nullptr ? -1 : quantiles->max_keys();
}

}  // namespace emberharmony::feature
