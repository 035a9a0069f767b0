#include "emberharmony/feature/moments.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/exact_sum.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr double kNoMoment = std::numeric_limits<double>::quiet_NaN();
constexpr uint8_t kMomentsVersion = 1;

struct MomentsState : State {
  int64_t memory_bytes() const override { return sizeof(MomentsState); }

  base::ExactMoments sums;  // of the finite values
  int64_t count = 0;
  int64_t null_count = 0;
  int64_t infinity_count = 0;
  double min = kNoMoment;  // NaN while count is 0
  double max = kNoMoment;

  void Widen(double low, double high) {
    // -0 counts as +0: adding 0 turns it into that and leaves all else alone.
    if (!(min <= low)) min = low + 0.0;
    if (!(max >= high)) max = high + 0.0;
  }
};

// Smallest and largest of the values that some row holds.
template <typename T>
class Range {
 public:
  void Add(T value) {
    if (empty_ || value < low_) low_ = value;
    if (empty_ || value > high_) high_ = value;
    empty_ = false;
  }
  void WidenState(MomentsState* state) const {
    if (!empty_) state->Widen(static_cast<double>(low_), static_cast<double>(high_));
  }

 private:
  bool empty_ = true;
  T low_{};
  T high_{};
};

template <typename T>
arrow::Status AddIntegers(const T* values, const std::vector<int64_t>& weights, int64_t n,
                          MomentsState* state) {
  Range<T> range;
  for (int64_t i = 0; i < n; ++i) {
    if (weights[i] != 0) range.Add(values[i]);
  }
  // First: the sums' own count is within this one, and so cannot overflow either.
  ARROW_RETURN_NOT_OK(AddWeights(weights.data(), n, &state->count));
  range.WidenState(state);
  state->sums.AddMany(values, weights.data(), n);
  return arrow::Status::OK();
}

// Weights of missing values are moved to null_count, those of infinities to infinity_count.
arrow::Status AddDoubles(const double* values, std::vector<int64_t>* weights, int64_t n,
                         MomentsState* state) {
  Range<double> range;
  std::vector<double> finite;
  for (int64_t i = 0; i < n; ++i) {
    int64_t& weight = (*weights)[i];
    if (weight == 0) continue;
    if (std::isnan(values[i])) {
      ARROW_RETURN_NOT_OK(AddWeight(weight, &state->null_count));
      weight = 0;
      continue;
    }
    range.Add(values[i]);
    if (std::isinf(values[i])) {
      ARROW_RETURN_NOT_OK(AddWeight(weight, &state->infinity_count));
      ARROW_RETURN_NOT_OK(AddWeight(weight, &state->count));
      if (finite.empty()) finite.assign(values, values + n);
      finite[i] = 0;
      weight = 0;
    }
  }
  ARROW_RETURN_NOT_OK(AddWeights(weights->data(), n, &state->count));
  range.WidenState(state);
  state->sums.AddMany(finite.empty() ? values : finite.data(), weights->data(), n);
  return arrow::Status::OK();
}

template <typename ArrayType>
arrow::Status AddIntegerArray(const arrow::Array& values, const std::vector<int64_t>& weights,
                              MomentsState* state) {
  const auto& array = static_cast<const ArrayType&>(values);
  using T = std::remove_cvref_t<decltype(array.raw_values()[0])>;
  if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, uint64_t>) {
    return AddIntegers(array.raw_values(), weights, array.length(), state);
  } else {
    std::vector<int64_t> wide(array.raw_values(), array.raw_values() + array.length());
    return AddIntegers(wide.data(), weights, array.length(), state);
  }
}

arrow::Status AddByType(const arrow::Array& values, std::vector<int64_t>* weights,
                        MomentsState* state) {
  switch (values.type_id()) {
    case arrow::Type::INT8:
      return AddIntegerArray<arrow::Int8Array>(values, *weights, state);
    case arrow::Type::INT16:
      return AddIntegerArray<arrow::Int16Array>(values, *weights, state);
    case arrow::Type::INT32:
      return AddIntegerArray<arrow::Int32Array>(values, *weights, state);
    case arrow::Type::INT64:
      return AddIntegerArray<arrow::Int64Array>(values, *weights, state);
    case arrow::Type::UINT8:
      return AddIntegerArray<arrow::UInt8Array>(values, *weights, state);
    case arrow::Type::UINT16:
      return AddIntegerArray<arrow::UInt16Array>(values, *weights, state);
    case arrow::Type::UINT32:
      return AddIntegerArray<arrow::UInt32Array>(values, *weights, state);
    case arrow::Type::UINT64:
      return AddIntegerArray<arrow::UInt64Array>(values, *weights, state);
    case arrow::Type::DATE32:
      return AddIntegerArray<arrow::Date32Array>(values, *weights, state);
    case arrow::Type::DATE64:
      return AddIntegerArray<arrow::Date64Array>(values, *weights, state);
    case arrow::Type::TIME32:
      return AddIntegerArray<arrow::Time32Array>(values, *weights, state);
    case arrow::Type::TIME64:
      return AddIntegerArray<arrow::Time64Array>(values, *weights, state);
    case arrow::Type::TIMESTAMP:
      return AddIntegerArray<arrow::TimestampArray>(values, *weights, state);
    case arrow::Type::DURATION:
      return AddIntegerArray<arrow::DurationArray>(values, *weights, state);
    case arrow::Type::DOUBLE:
      return AddDoubles(static_cast<const arrow::DoubleArray&>(values).raw_values(), weights,
                        values.length(), state);
    default: {
      // Bools, narrow floats and decimals: as the numeric form has them.
      ARROW_ASSIGN_OR_RAISE(auto doubles,
                            ToNumeric({values.Slice(0), false}, arrow::default_memory_pool()));
      return AddDoubles(doubles->raw_values(), weights, values.length(), state);
    }
  }
}

bool CanAnalyze(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
      return true;
    case arrow::Type::DICTIONARY:
      return CanAnalyze(*static_cast<const arrow::DictionaryType&>(type).value_type());
    default:
      return arrow::is_integer(type.id()) || arrow::is_decimal(type.id());
  }
}

template <typename T>
void AppendMomentBytes(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

class MomentsAnalyzer : public Analyzer {
 public:
  std::string state_key() const override { return "moments"; }
  AnalyzerTraits traits() const override {
    return {false, true, static_cast<int64_t>(sizeof(MomentsState))};
  }

  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions&) const override {
    if (!CanAnalyze(type)) {
      return base::UsageError("expected numbers to take moments of, found " + type.ToString());
    }
    return std::make_unique<MomentsState>();
  }

  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return VisitPlainValues(values, [&](const WeightedValues& plain) -> arrow::Status {
      auto* moments = static_cast<MomentsState*>(state);
      ARROW_RETURN_NOT_OK(AddWeight(plain.null_weight, &moments->null_count));
      const int64_t n = plain.values.length();
      std::vector<int64_t> weights(n, 1);
      if (plain.weights != nullptr) std::copy_n(plain.weights, n, weights.begin());
      if (plain.values.null_count() > 0) {
        for (int64_t i = 0; i < n; ++i) {
          if (plain.values.IsValid(i)) continue;
          ARROW_RETURN_NOT_OK(AddWeight(weights[i], &moments->null_count));
          weights[i] = 0;
        }
      }
      return AddByType(plain.values, &weights, moments);
    });
  }

  arrow::Status Merge(State* into, const State& from) const override {
    auto* to = static_cast<MomentsState*>(into);
    const auto& other = static_cast<const MomentsState&>(from);
    ARROW_RETURN_NOT_OK(AddWeight(other.count, &to->count));
    ARROW_RETURN_NOT_OK(AddWeight(other.null_count, &to->null_count));
    to->infinity_count += other.infinity_count;
    to->sums.Merge(other.sums);
    if (other.count > 0) to->Widen(other.min, other.max);
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    const auto& moments = static_cast<const MomentsState&>(state);
    auto statistic = std::make_shared<MomentsStatistic>();
    statistic->count = moments.count;
    statistic->null_count = moments.null_count;
    statistic->infinity_count = moments.infinity_count;
    statistic->sum = moments.sums.Sum();
    statistic->mean = moments.sums.Mean();
    statistic->variance = moments.sums.Variance();
    statistic->standard_deviation = moments.sums.StandardDeviation();
    statistic->min = moments.min;
    statistic->max = moments.max;
    return statistic;
  }

  // Version, counts, the bits of min and max (little endian), then the sums' own canonical bytes.
  arrow::Result<std::string> Encode(const State& state) const override {
    const auto& moments = static_cast<const MomentsState&>(state);
    std::string bytes(1, static_cast<char>(kMomentsVersion));
    AppendMomentBytes(moments.count, &bytes);
    AppendMomentBytes(moments.null_count, &bytes);
    AppendMomentBytes(moments.infinity_count, &bytes);
    AppendMomentBytes(moments.min, &bytes);
    AppendMomentBytes(moments.max, &bytes);
    return bytes + moments.sums.Encode();
  }

  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    constexpr size_t kHeaderBytes = 1 + 3 * sizeof(int64_t) + 2 * sizeof(double);
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<State> state, MakeState(type, options));
    auto* moments = static_cast<MomentsState*>(state.get());
    if (bytes.size() < kHeaderBytes || static_cast<uint8_t>(bytes[0]) != kMomentsVersion) {
      return base::DataError("a saved state of moments is damaged; fit the model anew");
    }
    const char* next = bytes.data() + 1;
    for (int64_t* field : {&moments->count, &moments->null_count, &moments->infinity_count}) {
      std::memcpy(field, next, sizeof(*field));
      next += sizeof(*field);
    }
    for (double* field : {&moments->min, &moments->max}) {
      std::memcpy(field, next, sizeof(*field));
      next += sizeof(*field);
    }
    ARROW_ASSIGN_OR_RAISE(moments->sums, base::ExactMoments::Decode(bytes.substr(kHeaderBytes)));
    const bool counts_fit = moments->null_count >= 0 && moments->infinity_count >= 0 &&
                            moments->count >= moments->infinity_count &&
                            moments->count - moments->infinity_count == moments->sums.count();
    const bool range_fits = moments->count > 0 ? CanonicalRange(*moments) : EmptyRange(*moments);
    if (!counts_fit || !range_fits) {
      return base::DataError("a saved state of moments contradicts itself; fit the model anew");
    }
    return state;
  }

 private:
  static bool EmptyRange(const MomentsState& moments) {
    const auto nan = std::bit_cast<uint64_t>(kNoMoment);
    return std::bit_cast<uint64_t>(moments.min) == nan &&
           std::bit_cast<uint64_t>(moments.max) == nan;
  }
  static bool CanonicalRange(const MomentsState& moments) {
    const auto canonical = [](double v) {
      return std::bit_cast<uint64_t>(v + 0.0) == std::bit_cast<uint64_t>(v);
    };
    return moments.min <= moments.max && canonical(moments.min) && canonical(moments.max);
  }
};

}  // namespace

std::shared_ptr<const Analyzer> MakeMomentsAnalyzer() {
  return std::make_shared<MomentsAnalyzer>();
}

}  // namespace emberharmony::feature
