#include "emberharmony/engine/column_distribution.h"

#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "emberharmony/feature/numeric_form.h"

namespace emberharmony::engine {

namespace {

// Numbers are converted so many at a time.
constexpr int64_t kChunkEntries = 65536;
constexpr int64_t kVocabularyShown = 12;
// Repeated increments of one counter wait for each other: small dictionaries are counted in
// interleaved tables.
constexpr int64_t kInterleavedEntriesMax = 1024;
constexpr int64_t kLanes = 4;

// Four rows at a time: the loop would cost as much as its body.
template <int64_t kStride>
void CountIndices(const int32_t* indices, int64_t n, uint32_t* counts) {
  constexpr int64_t kLane = kStride == 1 ? 0 : 1;
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    ++counts[indices[i] * kStride];
    ++counts[indices[i + 1] * kStride + kLane];
    ++counts[indices[i + 2] * kStride + 2 * kLane];
    ++counts[indices[i + 3] * kStride + 3 * kLane];
  }
  for (; i < n; ++i) ++counts[indices[i] * kStride];
}

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || type.id() == arrow::Type::FIXED_SIZE_BINARY ||
         arrow::is_base_binary_like(type.id());
}

// "false", "true", or the bytes.
std::string_view TextAt(const arrow::Array& values, int64_t i) {
  switch (values.type_id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(values).Value(i) ? "true" : "false";
    case arrow::Type::FIXED_SIZE_BINARY:
      return static_cast<const arrow::FixedSizeBinaryArray&>(values).GetView(i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(values).GetView(i);
    default:
      return static_cast<const arrow::BinaryArray&>(values).GetView(i);
  }
}

bool IsMissing(const std::vector<bool>& missing, int64_t i) {
  return !missing.empty() && missing[static_cast<size_t>(i)];
}

// Whether a one_hot's output is 1 at i: the only value but 0.
template <class Word>
bool IsOne(const arrow::Array& output, int64_t i) {
  return output.data()->GetValues<Word>(1)[i] != 0;
}

void AddRows(const SplitCounts& rows, SplitCounts* into) {
  for (int s = 0; s < kNumSplits; ++s) (*into)[s] += rows[s];
}

// One row an entry.
class PlainRows {
 public:
  PlainRows(const uint8_t* splits, int uniform_split)
      : splits_(splits), uniform_split_(uniform_split) {}
  bool none(int64_t i) const { return split(i) >= kNumSplits; }
  SplitCounts operator()(int64_t i) const {
    SplitCounts rows{};
    rows[static_cast<size_t>(split(i))] = 1;
    return rows;
  }
  arrow::Status AddTo(ValueBins* bins, double value, int64_t i) const {
    return bins->AddRow(value, split(i));
  }
  arrow::Status AddTo(ValueBins* bins, int64_t ticks, int64_t i) const {
    return bins->AddTime(ticks, (*this)(i));
  }

 private:
  int split(int64_t i) const { return splits_ != nullptr ? splits_[i] : uniform_split_; }
  const uint8_t* const splits_;
  const int uniform_split_;
};

// What the pipeline's last step has learned to tell apart.
std::optional<LearnedCounts> LearnedOf(const feature::Pipeline& pipeline) {
  if (pipeline.num_steps() == 0) return std::nullopt;
  const nlohmann::json facts = pipeline.step(pipeline.num_steps() - 1).Describe();
  LearnedCounts learned;
  const std::string step = facts.value("step", "");
  if (step == "vocabulary" && facts.contains("size") && facts.contains("oov_buckets")) {
    learned.first_id = 2 + facts["oov_buckets"].get<int64_t>();
    learned.shown.resize(
        static_cast<size_t>(std::min(kVocabularyShown, facts["size"].get<int64_t>())));
    return learned;
  }
  if (step == "one_hot" && facts.contains("categories")) {
    learned.one_hot = true;
    learned.shown.resize(facts["categories"].size());
    return learned;
  }
  return std::nullopt;
}

// Whether the values that reach the last step are the source's, but for what was missing.
bool KeepsValues(const feature::Pipeline& pipeline) {
  for (int i = 0; i + 1 < pipeline.num_steps(); ++i) {
    if (pipeline.step(i).name() != "impute") return false;
  }
  return true;
}

}  // namespace

// The rows of the dictionary's entries.
class DistributionCounter::EntryRows {
 public:
  explicit EntryRows(const DistributionCounter& counter) : counter_(counter) {}
  // An entry without rows adds nothing where it is added.
  static bool none(int64_t /*i*/) { return false; }
  SplitCounts operator()(int64_t i) const {
    const auto& counts = counter_.counts_;
    const auto entry = static_cast<size_t>(i);
    if (counter_.lanes_ == 1) return {counts[0][entry], counts[1][entry], counts[2][entry]};
    SplitCounts rows{};
    for (int s = 0; s < kNumSplits; ++s) {
      for (int64_t lane = 0; lane < counter_.lanes_; ++lane) {
        rows[s] += counts[s][static_cast<size_t>(i * counter_.lanes_ + lane)];
      }
    }
    return rows;
  }
  arrow::Status AddTo(ValueBins* bins, double value, int64_t i) const {
    return bins->Add(value, (*this)(i));
  }
  arrow::Status AddTo(ValueBins* bins, int64_t ticks, int64_t i) const {
    return bins->AddTime(ticks, (*this)(i));
  }

 private:
  const DistributionCounter& counter_;
};

ColumnDistribution::ColumnDistribution(const feature::Pipeline& pipeline,
                                       const arrow::DataType& type, const Options& options,
                                       base::MemoryBudget* budget)
    : options_(options), budget_(budget), reservation_(budget) {
  if (!options_.chart) return;
  learned_ = LearnedOf(pipeline);
  if (!options_.values) return;
  measure_ = Measure::Of(type);
  if (measure_) {
    bins_ = std::make_unique<ValueBins>(options_.keys_max, measure_->grid(), budget);
  } else if (IsText(type) && !(learned_ && KeepsValues(pipeline))) {
    texts_ = std::make_unique<TextCounts>(options_.texts_max, budget);
  }
}

arrow::Status ColumnDistribution::Reserve() {
  const size_t shown = learned_ ? learned_->shown.size() : 0;
  return reservation_.Resize(static_cast<int64_t>(sizeof(*this) + shown * sizeof(SplitCounts)));
}

arrow::Result<std::vector<bool>> ColumnDistribution::MissingEntries(
    const arrow::Array& values) const {
  std::vector<bool> missing;
  const int64_t n = values.length();
  const bool floating = arrow::is_floating(values.type_id());
  if (!floating && values.null_count() == 0) return missing;
  missing.resize(static_cast<size_t>(n));
  bool any = false;
  for (int64_t begin = 0; begin < n; begin += kChunkEntries) {
    const auto chunk = values.Slice(begin, kChunkEntries);
    std::shared_ptr<arrow::DoubleArray> numbers;
    if (floating) {
      ARROW_ASSIGN_OR_RAISE(numbers, feature::ToNumeric({chunk, false}, budget_));
    }
    for (int64_t i = 0; i < chunk->length(); ++i) {
      if (floating ? !std::isnan(numbers->Value(i)) : chunk->IsValid(i)) continue;
      missing[static_cast<size_t>(begin + i)] = true;
      any = true;
    }
  }
  if (!any) missing.clear();
  return missing;
}

template <class Rows>
arrow::Status ColumnDistribution::AddNumbers(const arrow::Array& values, const Rows& rows) {
  for (int64_t begin = 0; begin < values.length(); begin += kChunkEntries) {
    const auto chunk = values.Slice(begin, kChunkEntries);
    ARROW_ASSIGN_OR_RAISE(auto numbers, feature::ToNumeric({chunk, false}, budget_));
    const double* data = numbers->raw_values();
    for (int64_t i = 0; i < numbers->length(); ++i) {
      const double value = data[i];
      if (rows.none(begin + i)) continue;
      if (std::isfinite(value)) {
        ARROW_RETURN_NOT_OK(rows.AddTo(bins_.get(), value, begin + i));
      } else {
        AddRows(rows(begin + i), std::isnan(value) ? &missing_ : &infinite_);
      }
    }
  }
  return arrow::Status::OK();
}

template <class Rows>
arrow::Status ColumnDistribution::AddTimes(const arrow::Array& values, const Rows& rows) {
  const bool narrow = static_cast<const arrow::FixedWidthType&>(*values.type()).bit_width() == 32;
  const auto* ticks32 = narrow ? values.data()->GetValues<int32_t>(1) : nullptr;
  const auto* ticks64 = narrow ? nullptr : values.data()->GetValues<int64_t>(1);
  const bool nulls = values.null_count() > 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (rows.none(i)) continue;
    if (nulls && values.IsNull(i)) {
      AddRows(rows(i), &missing_);
      continue;
    }
    const int64_t ticks = narrow ? ticks32[i] : ticks64[i];
    ARROW_RETURN_NOT_OK(rows.AddTo(bins_.get(), ticks, i));
  }
  return arrow::Status::OK();
}

template <class Rows>
arrow::Status ColumnDistribution::AddTexts(const arrow::Array& values, const Rows& rows) {
  for (int64_t i = 0; i < values.length() && !texts_->too_many(); ++i) {
    if (rows.none(i) || values.IsNull(i)) continue;
    ARROW_RETURN_NOT_OK(texts_->Add(TextAt(values, i), rows(i)));
  }
  return arrow::Status::OK();
}

template <class Rows>
void ColumnDistribution::AddLearned(const std::vector<bool>& missing, int64_t n,
                                    const Arrays& outputs, const Rows& rows) {
  LearnedCounts& learned = *learned_;
  if (learned.one_hot) {
    for (size_t k = 0; k < std::min(learned.shown.size(), outputs.size()); ++k) {
      const arrow::Array& output = *outputs[k];
      const bool wide = output.type_id() == arrow::Type::DOUBLE;
      for (int64_t i = 0; i < n; ++i) {
        if (!(wide ? IsOne<uint64_t>(output, i) : IsOne<uint32_t>(output, i))) continue;
        if (!IsMissing(missing, i) && !rows.none(i)) AddRows(rows(i), &learned.shown[k]);
      }
    }
    return;
  }
  if (outputs.empty()) return;
  const bool wide = outputs[0]->type_id() == arrow::Type::INT64;
  for (int64_t i = 0; i < n; ++i) {
    if (IsMissing(missing, i) || rows.none(i)) continue;
    const int64_t id = wide ? static_cast<const arrow::Int64Array&>(*outputs[0]).Value(i)
                            : static_cast<const arrow::Int32Array&>(*outputs[0]).Value(i);
    const int64_t rank = id - learned.first_id;
    if (rank < 0) {
      AddRows(rows(i), &learned.unseen);
    } else if (rank < static_cast<int64_t>(learned.shown.size())) {
      AddRows(rows(i), &learned.shown[static_cast<size_t>(rank)]);
    } else {
      AddRows(rows(i), &learned.other);
    }
  }
}

template <class Rows>
arrow::Status ColumnDistribution::AddEntries(const arrow::Array& values, const Arrays& outputs,
                                             const Rows& rows) {
  const int64_t n = values.length();
  std::vector<bool> missing;
  if (learned_ || bins_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(missing, MissingEntries(values));
  }
  std::lock_guard lock(mutex_);
  if (learned_) AddLearned(missing, n, outputs, rows);
  if (!options_.values) return arrow::Status::OK();
  if (bins_ != nullptr) {
    if (measure_->is_time()) return AddTimes(values, rows);
    if (values.type_id() != arrow::Type::DURATION) return AddNumbers(values, rows);
    ARROW_ASSIGN_OR_RAISE(const auto numbers, values.View(arrow::int64()));
    return AddNumbers(*numbers, rows);
  }
  for (int64_t i = 0; i < n && !missing.empty(); ++i) {
    if (IsMissing(missing, i) && !rows.none(i)) AddRows(rows(i), &missing_);
  }
  return texts_ != nullptr ? AddTexts(values, rows) : arrow::Status::OK();
}

arrow::Status DistributionCounter::BeginDictionary(std::shared_ptr<arrow::Array> values,
                                                   const Arrays& outputs) {
  ARROW_RETURN_NOT_OK(Flush());
  const int64_t entries = values->length() + 1;
  lanes_ = entries <= kInterleavedEntriesMax ? kLanes : 1;
  const int64_t bytes = entries * lanes_ * kNumSplits * static_cast<int64_t>(sizeof(uint32_t));
  if (bytes > reservation_.bytes()) ARROW_RETURN_NOT_OK(reservation_.Resize(bytes));
  for (auto& counts : counts_) counts.assign(static_cast<size_t>(entries * lanes_), 0);
  values_ = std::move(values);
  if (distribution_->learned()) outputs_ = outputs;
  rows_ = 0;
  return arrow::Status::OK();
}

arrow::Status DistributionCounter::Count(int split, const int32_t* indices, int64_t n) {
  // Counters have 32 bits.
  if (rows_ + n > std::numeric_limits<uint32_t>::max()) {
    const auto values = values_;
    const Arrays outputs = outputs_;
    ARROW_RETURN_NOT_OK(BeginDictionary(values, outputs));
  }
  rows_ += n;
  if (lanes_ == 1) {
    CountIndices<1>(indices, n, counts_[split].data());
  } else {
    CountIndices<kLanes>(indices, n, counts_[split].data());
  }
  return arrow::Status::OK();
}

arrow::Status DistributionCounter::AddPlain(const arrow::Array& values, const Arrays& outputs,
                                            const uint8_t* splits, int uniform_split) {
  ARROW_RETURN_NOT_OK(Flush());
  return distribution_->AddEntries(values, outputs, PlainRows(splits, uniform_split));
}

arrow::Status DistributionCounter::Flush() {
  if (values_ == nullptr) return arrow::Status::OK();
  const std::shared_ptr<arrow::Array> values = std::exchange(values_, nullptr);
  const EntryRows rows(*this);
  ARROW_RETURN_NOT_OK(distribution_->AddEntries(*values, outputs_, rows));
  outputs_.clear();
  if (!distribution_->counts_values()) return arrow::Status::OK();
  std::lock_guard lock(distribution_->mutex_);
  AddRows(rows(values->length()), &distribution_->missing_);
  return arrow::Status::OK();
}

}  // namespace emberharmony::engine
