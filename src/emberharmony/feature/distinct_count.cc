#include "emberharmony/feature/distinct_count.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"
#include "emberharmony/io/cell_fingerprint.h"

namespace emberharmony::feature {
namespace {

constexpr size_t kMaxExact = 1024;
constexpr int kIndexBits = 14;
constexpr size_t kNumRegisters = size_t{1} << kIndexBits;
constexpr int kRankBits = 64 - kIndexBits;
constexpr uint8_t kSketchVersion = 2;

// A set of up to kMaxExact fingerprints: open addressing, at most a quarter full.
class FingerprintSet {
 public:
  // False when it is new and there is no room left for it.
  bool Insert(uint64_t fingerprint) {
    if (fingerprint == 0) {
      if (!has_zero_ && size() == kMaxExact) return false;
      has_zero_ = true;
      return true;
    }
    size_t i = fingerprint % slots_.size();
    while (slots_[i] != 0 && slots_[i] != fingerprint) i = (i + 1) % slots_.size();
    if (slots_[i] == fingerprint) return true;
    if (size() == kMaxExact) return false;
    slots_[i] = fingerprint;
    ++used_;
    return true;
  }

  size_t size() const { return used_ + (has_zero_ ? 1 : 0); }

  std::vector<uint64_t> Sorted() const {
    std::vector<uint64_t> result;
    if (has_zero_) result.push_back(0);
    std::copy_if(slots_.begin(), slots_.end(), std::back_inserter(result),
                 [](uint64_t f) { return f != 0; });
    std::sort(result.begin(), result.end());
    return result;
  }

 private:
  std::vector<uint64_t> slots_ = std::vector<uint64_t>(4 * kMaxExact);
  size_t used_ = 0;
  bool has_zero_ = false;
};

using Registers = std::array<uint8_t, kNumRegisters>;

// Fingerprints of similar values may share leading bits; the finalizer of MurmurHash3 spreads them.
uint64_t Mix(uint64_t h) {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

void AddToRegisters(uint64_t fingerprint, Registers* registers) {
  const uint64_t hash = Mix(fingerprint);
  const uint64_t rest = hash << kIndexBits;
  const int rank = rest == 0 ? kRankBits + 1 : std::countl_zero(rest) + 1;
  uint8_t& reg = (*registers)[hash >> kRankBits];
  reg = std::max(reg, static_cast<uint8_t>(rank));
}

// The two corrections of the improved raw estimator (Ertl, "New cardinality estimation algorithms
// for HyperLogLog sketches", 2017, algorithm 6), for registers that are 0 and registers that are
// saturated.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  double before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z != before);
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  double before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

int64_t Estimate(const Registers& registers) {
  std::array<int64_t, kRankBits + 2> multiplicity{};
  for (uint8_t reg : registers) ++multiplicity[reg];
  constexpr double kM = kNumRegisters;
  constexpr double kAlphaInfinity = 0.72134752044448170;  // 1 / (2 ln 2)
  double z = kM * Tau(1 - static_cast<double>(multiplicity[kRankBits + 1]) / kM);
  for (int k = kRankBits; k >= 1; --k) z = 0.5 * (z + static_cast<double>(multiplicity[k]));
  z += kM * Sigma(static_cast<double>(multiplicity[0]) / kM);
  return static_cast<int64_t>(std::floor(kAlphaInfinity * kM * kM / z + 0.5));
}

struct DistinctCountState : State {
  int64_t memory_bytes() const override {
    return sizeof(Registers) + 4 * kMaxExact * sizeof(uint64_t);
  }

  void Insert(uint64_t fingerprint) {
    if (registers == nullptr) {
      if (exact->Insert(fingerprint)) return;
      UseRegisters();
    }
    AddToRegisters(fingerprint, registers.get());
  }

  // From now on an estimate. Whether a state gets here depends on its set of values only.
  void UseRegisters() {
    if (registers != nullptr) return;
    registers = std::make_unique<Registers>();
    registers->fill(0);
    for (uint64_t fingerprint : exact->Sorted()) AddToRegisters(fingerprint, registers.get());
    exact.reset();
  }

  std::unique_ptr<FingerprintSet> exact = std::make_unique<FingerprintSet>();
  std::unique_ptr<Registers> registers;  // once exact was too small
  int64_t count = 0;
  int64_t null_count = 0;
};

template <typename ArrayType>
void MarkNans(const arrow::Array& values, std::vector<bool>* missing) {
  const auto& array = static_cast<const ArrayType&>(values);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (std::isnan(array.Value(i))) (*missing)[i] = true;
  }
}

// Nulls and NaNs.
std::vector<bool> Missing(const arrow::Array& values) {
  std::vector<bool> missing(values.length(), false);
  if (values.type_id() == arrow::Type::DOUBLE) MarkNans<arrow::DoubleArray>(values, &missing);
  if (values.type_id() == arrow::Type::FLOAT) MarkNans<arrow::FloatArray>(values, &missing);
  if (values.type_id() == arrow::Type::HALF_FLOAT) {
    const auto& array = static_cast<const arrow::HalfFloatArray&>(values);
    for (int64_t i = 0; i < array.length(); ++i) missing[i] = (array.Value(i) & 0x7fff) > 0x7c00;
  }
  if (values.null_count() > 0) {
    for (int64_t i = 0; i < values.length(); ++i) missing[i] = missing[i] || values.IsNull(i);
  }
  return missing;
}

template <typename T>
void AppendSketchBytes(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

class DistinctCountAnalyzer : public Analyzer {
 public:
  std::string state_key() const override { return "distinct_count"; }
  AnalyzerTraits traits() const override {
    return {false, false, static_cast<int64_t>(sizeof(Registers))};
  }

  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions&) const override {
    if (arrow::is_nested(type.id())) {
      return base::UsageError("expected flat values to count, found " + type.ToString());
    }
    return std::make_unique<DistinctCountState>();
  }

  arrow::Status Update(State* state, const WeightedValues& values) const override {
    return VisitPlainValues(values, [&](const WeightedValues& plain) -> arrow::Status {
      auto* distinct = static_cast<DistinctCountState*>(state);
      ARROW_RETURN_NOT_OK(AddWeight(plain.null_weight, &distinct->null_count));
      const int64_t n = plain.values.length();
      std::vector<uint64_t> fingerprints(n);
      // Times in their own unit: a cell's fingerprint is that of its microsecond, as rows of equal
      // cells are split alike whatever the unit of their files.
      ARROW_ASSIGN_OR_RAISE(const auto values, TimesAsIntegers(plain.values));
      ARROW_RETURN_NOT_OK(io::CellFingerprints(*values, fingerprints.data()));
      const std::vector<bool> missing = Missing(plain.values);
      for (int64_t i = 0; i < n; ++i) {
        const int64_t weight = plain.weights != nullptr ? plain.weights[i] : 1;
        if (weight == 0) continue;
        ARROW_RETURN_NOT_OK(
            AddWeight(weight, missing[i] ? &distinct->null_count : &distinct->count));
        if (!missing[i]) distinct->Insert(fingerprints[i]);
      }
      return arrow::Status::OK();
    });
  }

  arrow::Status Merge(State* into, const State& from) const override {
    auto* to = static_cast<DistinctCountState*>(into);
    const auto& other = static_cast<const DistinctCountState&>(from);
    ARROW_RETURN_NOT_OK(AddWeight(other.count, &to->count));
    ARROW_RETURN_NOT_OK(AddWeight(other.null_count, &to->null_count));
    if (other.registers == nullptr) {
      for (uint64_t fingerprint : other.exact->Sorted()) to->Insert(fingerprint);
      return arrow::Status::OK();
    }
    to->UseRegisters();
    for (size_t i = 0; i < kNumRegisters; ++i) {
      (*to->registers)[i] = std::max((*to->registers)[i], (*other.registers)[i]);
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    const auto& distinct = static_cast<const DistinctCountState&>(state);
    auto statistic = std::make_shared<DistinctCountStatistic>();
    statistic->count = distinct.count;
    statistic->null_count = distinct.null_count;
    statistic->exact = distinct.registers == nullptr;
    // An estimate errs to both sides, but there are no more distinct values than values.
    statistic->distinct_count = statistic->exact
                                    ? static_cast<int64_t>(distinct.exact->size())
                                    : std::min(Estimate(*distinct.registers), distinct.count);
    return statistic;
  }

  // Version, counts, the number of fingerprints or -1 (little endian), then sorted fingerprints or
  // the registers.
  arrow::Result<std::string> Encode(const State& state) const override {
    const auto& distinct = static_cast<const DistinctCountState&>(state);
    std::string bytes(1, static_cast<char>(kSketchVersion));
    AppendSketchBytes(distinct.count, &bytes);
    AppendSketchBytes(distinct.null_count, &bytes);
    if (distinct.registers != nullptr) {
      AppendSketchBytes(int64_t{-1}, &bytes);
      bytes.append(reinterpret_cast<const char*>(distinct.registers->data()), kNumRegisters);
      return bytes;
    }
    AppendSketchBytes(static_cast<int64_t>(distinct.exact->size()), &bytes);
    for (uint64_t fingerprint : distinct.exact->Sorted()) AppendSketchBytes(fingerprint, &bytes);
    return bytes;
  }

  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    constexpr size_t kHeaderBytes = 1 + 3 * sizeof(int64_t);
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<State> state, MakeState(type, options));
    auto* distinct = static_cast<DistinctCountState*>(state.get());
    if (bytes.size() < kHeaderBytes || static_cast<uint8_t>(bytes[0]) != kSketchVersion)
      return Damaged();
    int64_t size = 0;
    std::memcpy(&distinct->count, bytes.data() + 1, sizeof(int64_t));
    std::memcpy(&distinct->null_count, bytes.data() + 9, sizeof(int64_t));
    std::memcpy(&size, bytes.data() + 17, sizeof(int64_t));
    bytes.remove_prefix(kHeaderBytes);
    if (distinct->null_count < 0) return Damaged();
    if (size == -1) return DecodeRegisters(bytes, std::move(state));
    if (size < 0 || size > static_cast<int64_t>(kMaxExact) || distinct->count < size ||
        bytes.size() != static_cast<size_t>(size) * sizeof(uint64_t) ||
        (distinct->count > 0 && size == 0)) {
      return Damaged();
    }
    uint64_t before = 0;
    for (int64_t i = 0; i < size; ++i) {
      uint64_t fingerprint;
      std::memcpy(&fingerprint, bytes.data() + i * sizeof(uint64_t), sizeof(uint64_t));
      if (i > 0 && fingerprint <= before) return Damaged();
      before = fingerprint;
      distinct->Insert(fingerprint);
    }
    return state;
  }

 private:
  static arrow::Status Damaged() {
    return base::DataError("a saved state of distinct counts is damaged; fit the model anew");
  }

  static arrow::Result<std::unique_ptr<State>> DecodeRegisters(std::string_view bytes,
                                                               std::unique_ptr<State> state) {
    auto* distinct = static_cast<DistinctCountState*>(state.get());
    if (bytes.size() != kNumRegisters || distinct->count <= static_cast<int64_t>(kMaxExact))
      return Damaged();
    distinct->UseRegisters();
    std::memcpy(distinct->registers->data(), bytes.data(), kNumRegisters);
    for (uint8_t reg : *distinct->registers) {
      if (reg > kRankBits + 1) return Damaged();
    }
    return state;
  }
};

}  // namespace

std::shared_ptr<const Analyzer> MakeDistinctCountAnalyzer() {
  return std::make_shared<DistinctCountAnalyzer>();
}

}  // namespace emberharmony::feature
