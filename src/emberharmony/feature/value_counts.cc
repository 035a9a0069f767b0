#include "emberharmony/feature/value_counts.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "emberharmony/feature/counted_values_internal.h"
#include "emberharmony/feature/ranking_on_disk_internal.h"
#include "emberharmony/feature/value_ranking_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {

const std::shared_ptr<arrow::DataType>& ValueCountsStatistic::type() const {
  return ranked != nullptr ? ranked->keys().type() : values->type();
}

namespace {

struct ValueCountsState : State {
  explicit ValueCountsState(std::unique_ptr<CountedValues> counted) : values(std::move(counted)) {}
  int64_t memory_bytes() const override { return values->memory_bytes(); }
  arrow::Status Spill() override { return values->GiveBack(); }
  std::unique_ptr<CountedValues> values;
};

CountedValues& ValuesOf(State* state) { return *static_cast<ValueCountsState*>(state)->values; }
const CountedValues& ValuesOf(const State& state) {
  return *static_cast<const ValueCountsState&>(state).values;
}

class ValueCountsAnalyzer : public Analyzer {
 public:
  explicit ValueCountsAnalyzer(const ValueCountsOptions& options) : options_(options) {}

  std::string state_key() const override { return "value_counts"; }
  AnalyzerTraits traits() const override { return {}; }

  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(ValueKeys keys, ValueKeys::Make(type));
    return std::make_unique<ValueCountsState>(
        std::make_unique<CountedValues>(std::move(keys), options));
  }

  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return VisitPlainValues(
        values, [&](const WeightedValues& plain) { return ValuesOf(state).Add(plain); });
  }

  arrow::Status Merge(State* into, const State& from) const override {
    return ValuesOf(into).AddAll(ValuesOf(from));
  }

  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    CountedValues& values = *static_cast<const ValueCountsState&>(state).values;
    auto ranked = Rank(values);
    if (ranked.ok() || !ranked.status().IsOutOfMemory()) return ranked;
    if (values.CanSpill()) {
      // The multiset has taken the memory that its ranking needs. What it holds stays the same.
      ARROW_RETURN_NOT_OK(values.Spill());
      ranked = Rank(values);
    }
    if (ranked.ok() || !ranked.status().IsOutOfMemory() || !MayLieOnDisk(values)) return ranked;
    auto statistic = StatisticOf(values);
    ARROW_RETURN_NOT_OK(RankOnDisk(values, options_, statistic.get()));
    return statistic;
  }

  arrow::Result<std::string> Encode(const State& state) const override {
    return ValuesOf(state).Encode();
  }

  arrow::Status EncodeTo(const State& state, const ByteConsumer& out) const override {
    return ValuesOf(state).EncodeTo(out);
  }

  arrow::Status MergeEncoded(State* into, const EncodedState& encoded, const arrow::DataType&,
                             const StateOptions&) const override {
    return ValuesOf(into).MergeEncoded(encoded);
  }

  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(ValueKeys keys, ValueKeys::Make(type));
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<CountedValues> values,
                          CountedValues::Decode(bytes, std::move(keys), options));
    return std::make_unique<ValueCountsState>(std::move(values));
  }

 private:
  bool MayLieOnDisk(const CountedValues& values) const {
    return options_.on_disk && !values.options().spill_dir.empty();
  }

  // How much more what is learned may take in memory.
  int64_t LearnedBytesMax(const CountedValues& values) const {
    const StateOptions& memory = values.options();
    const auto* learned = dynamic_cast<const base::MemoryBudget*>(memory.pool);
    if (!MayLieOnDisk(values) || memory.learned_bytes_max == 0 || learned == nullptr) {
      return INT64_MAX;
    }
    return std::max<int64_t>(0, memory.learned_bytes_max - learned->bytes_allocated());
  }

  static std::shared_ptr<ValueCountsStatistic> StatisticOf(const CountedValues& values) {
    auto statistic = std::make_shared<ValueCountsStatistic>();
    statistic->count = values.count();
    statistic->null_count = values.null_count();
    statistic->memory = values.options();
    return statistic;
  }

  arrow::Result<std::shared_ptr<const Statistic>> Rank(const CountedValues& values) const {
    auto statistic = StatisticOf(values);
    StateOptions memory = values.options();
    // What may lie on disk instead leaves headroom to what may not.
    const bool yields = MayLieOnDisk(values) && memory.spillable != nullptr;
    if (yields) memory.budget = memory.spillable;
    ValueRanking ranking(values.keys(), options_, values.spilled(), memory);
    const int64_t bytes_max = LearnedBytesMax(values);
    const auto too_large = [] {
      return arrow::Status::OutOfMemory("a vocabulary would take more than its share of memory");
    };
    ARROW_RETURN_NOT_OK(
        values.ForEach(false, [&](int section, const CountedEntry& entry) -> arrow::Status {
          ARROW_RETURN_NOT_OK(ranking.Add(section, entry));
          // Of a bounded ranking less may remain than there is now.
          const bool grows = options_.max_size < 0 || ranking.size() <= options_.max_size;
          return grows && ranking.learned_bytes() > bytes_max ? too_large() : arrow::Status::OK();
        }));
    if (yields) {
      base::MemoryReservation learned(memory.spillable);
      ARROW_RETURN_NOT_OK(learned.Resize(ranking.learned_bytes()));
    }
    ARROW_RETURN_NOT_OK(ranking.Finish(statistic.get()));
    return statistic;
  }

  const ValueCountsOptions options_;
};

}  // namespace

std::shared_ptr<const Analyzer> MakeValueCountsAnalyzer(const ValueCountsOptions& options) {
  return std::make_shared<ValueCountsAnalyzer>(options);
}

}  // namespace emberharmony::feature
