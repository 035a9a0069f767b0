#include "emberharmony/feature/exact_quantiles.h"

#include <arrow/array.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/order_statistics_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kKeysPerRange = 16;

/// What the first pass has found, and the order statistics that are known by now.
struct Known {
  int64_t num_finite = 0;
  int64_t null_count = 0;
  int64_t infinity_count = 0;
  double min = 0;
  double max = 0;
  std::map<int64_t, QuantileEstimate> values;  ///< by rank
  std::vector<int64_t> open;                   ///< ranks whose values are not exact yet, ascending
  std::vector<ValueRange> ranges;              ///< where they are: ascending, disjoint
};

/// Notes what is known of the value of `rank`, which is among those of `range`.
void Note(int64_t rank, const QuantileEstimate& estimate, const ValueRange& range, Known* known) {
  known->values[rank] = estimate;
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
  int64_t num_finite() const override { return known_.num_finite; }
  double MostFrequent() const override { return kNan; }
  int bits() const override { return known_.open.empty() ? 53 : 1; }
  int64_t num_keys() const override { return static_cast<int64_t>(known_.values.size()); }
  double min() const override { return known_.min; }
  double max() const override { return known_.max; }
  QuantileEstimate OrderStatistic(int64_t index) const override {
    const auto found = known_.values.find(index);
    return found == known_.values.end() ? QuantileEstimate{kNan, kInfinity} : found->second;
  }
  ValueRange RangeOf(int64_t index) const override {
    const QuantileEstimate value = OrderStatistic(index);
    return {value.value - value.error_bound, value.value + value.error_bound, index, 1};
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
    return histogram_->MakeState(*arrow::float64(), options);
  }
  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return VisitPlainValues(values, [&](const WeightedValues& plain) {
      return VisitDoubles(plain, [&](const double* doubles, const int64_t* weights, int64_t n) {
        return AddInRanges(doubles, weights, n, state);
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
    return histogram_->Decode(bytes, *arrow::float64(), options);
  }

 private:
  arrow::Status AddInRanges(const double* doubles, const int64_t* weights, int64_t n,
                            State* state) const;

  const Known known_;
  const int64_t max_keys_;
  const std::shared_ptr<const Analyzer> histogram_;
};

arrow::Status RefiningAnalyzer::AddInRanges(const double* doubles, const int64_t* weights,
                                            int64_t n, State* state) const {
  constexpr int64_t kBlock = 1024;
  double values[kBlock];
  int64_t counts[kBlock];
  const auto before = [](double value, const ValueRange& range) { return value < range.low; };
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    int64_t m = 0;
    for (int64_t i = begin; i < std::min(n, begin + kBlock); ++i) {
      const auto range =
          std::upper_bound(known_.ranges.begin(), known_.ranges.end(), doubles[i], before);
      // A NaN is in no range: it comes before none, and is not at most the last one's end.
      if (range == known_.ranges.begin() || !(doubles[i] <= std::prev(range)->high)) continue;
      values[m] = doubles[i];
      counts[m++] = weights == nullptr ? 1 : weights[i];
    }
    if (m == 0) continue;
    const arrow::DoubleArray array(m, arrow::Buffer::Wrap(values, static_cast<size_t>(m)));
    ARROW_RETURN_NOT_OK(histogram_->Update(state, {array, counts, 0}));
  }
  return arrow::Status::OK();
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
  const int64_t n = found->num_finite();
  std::set<int64_t> ranks;
  const auto want = [&](const std::vector<int64_t>& more) {
    ranks.insert(more.begin(), more.end());
  };
  if (wanted_.median) want(RanksOfMedian(n));
  for (const double q : wanted_.quantiles) want(RanksOfQuantile(q, n));
  Known known{.num_finite = n,
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

}  // namespace emberharmony::feature
