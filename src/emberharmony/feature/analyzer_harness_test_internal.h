#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/analyzer.h"

namespace emberharmony::feature {

/// What every analyzer must hold: whichever way a multiset reaches a state, the state's bytes and
/// its statistic are the same. A test gives the multiset and an oracle; the harness finds the ways.
class AnalyzerHarness {
 public:
  /// A value (an array of one entry) and its weight.
  struct Item {
    std::shared_ptr<arrow::Array> value;
    int64_t weight = 1;
  };
  using Check = std::function<void(const Statistic&)>;
  using MakeOptions = std::function<StateOptions()>;

  AnalyzerHarness(
      std::shared_ptr<const Analyzer> analyzer, std::shared_ptr<arrow::DataType> type, Check check,
      MakeOptions make_options = [] { return StateOptions(); })
      : analyzer_(std::move(analyzer)),
        type_(std::move(type)),
        check_(std::move(check)),
        make_options_(std::move(make_options)) {}

  /// The multiset: values with weights (empty: 1 each), and null_weight rows without an entry.
  void Run(const std::shared_ptr<arrow::Array>& values, const std::vector<int64_t>& weights = {},
           int64_t null_weight = 0) {
    values_ = values;
    weights_ = weights;
    null_weight_ = null_weight;
    items_.clear();
    for (int64_t i = 0; i < values->length(); ++i) {
      items_.push_back({values->Slice(i, 1), weights.empty() ? 1 : weights[i]});
    }
    std::unique_ptr<State> state = New();
    UpdateAll(state.get());
    expected_ = Encode(*state);
    Expect(*state, "in one go");
    Expect(*state, "finalized a second time");
    OneByOne();
    SplitEverywhere();
    Trees();
    Permuted();
    WithAndWithoutWeight();
    NullsMissing();
    Damaged();
  }

  const std::string& encoded() const { return expected_; }

 private:
  std::unique_ptr<State> New() const {
    auto state = analyzer_->MakeState(*type_, make_options_());
    EXPECT_TRUE(state.ok()) << state.status().ToString();
    return *std::move(state);
  }

  std::string Encode(const State& state) const {
    auto bytes = analyzer_->Encode(state);
    EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
    return bytes.ok() ? *bytes : std::string();
  }

  std::unique_ptr<State> Reborn(const State& state) const {
    auto decoded = analyzer_->Decode(Encode(state), *type_, make_options_());
    EXPECT_TRUE(decoded.ok()) << decoded.status().ToString();
    return *std::move(decoded);
  }

  void Update(State* state, const WeightedValues& values) const {
    const arrow::Status status = analyzer_->Update(state, values);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  void UpdateAll(State* state) const {
    Update(state, {*values_, weights_.empty() ? nullptr : weights_.data(), null_weight_});
  }

  void UpdateItem(State* state, const Item& item) const {
    Update(state, {*item.value, &item.weight, 0});
  }

  void UpdateNulls(State* state, int64_t weight) const {
    const std::shared_ptr<arrow::Array> none = values_->Slice(0, 0);
    Update(state, {*none, nullptr, weight});
  }

  void Merge(State* into, const State& from) const {
    const arrow::Status status = analyzer_->Merge(into, from);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  void Expect(const State& state, const std::string& way) const {
    SCOPED_TRACE(way);
    auto statistic = analyzer_->Finalize(state);
    ASSERT_TRUE(statistic.ok()) << statistic.status().ToString();
    check_(**statistic);
    ASSERT_TRUE(Encode(state) == expected_) << "the encoded state differs";
    auto decoded = analyzer_->Decode(expected_, *type_, make_options_());
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    ASSERT_TRUE(Encode(**decoded) == expected_) << "decoding changes the state";
  }

  void OneByOne() const {
    std::unique_ptr<State> plain = New();
    std::unique_ptr<State> reborn = New();
    size_t i = 0;
    for (const Item& item : items_) {
      UpdateItem(plain.get(), item);
      UpdateItem(reborn.get(), item);
      if (i++ % (items_.size() / 50 + 1) == 0) reborn = Reborn(*reborn);
    }
    UpdateNulls(plain.get(), null_weight_);
    UpdateNulls(reborn.get(), null_weight_);
    Expect(*plain, "one by one");
    Expect(*reborn, "encoded and decoded in between");
  }

  // The items [begin, end), as a state of their own; the nulls go with the one that asks for them.
  std::unique_ptr<State> StateOf(size_t begin, size_t end, bool with_nulls) const {
    std::unique_ptr<State> state = New();
    const std::shared_ptr<arrow::Array> slice = values_->Slice(begin, end - begin);
    Update(state.get(), {*slice, weights_.empty() ? nullptr : weights_.data() + begin, 0});
    if (with_nulls) UpdateNulls(state.get(), null_weight_);
    return state;
  }

  void SplitEverywhere() const {
    const size_t step = items_.size() / 40 + 1;
    for (size_t k = 0; k <= items_.size(); k += step) {
      const std::unique_ptr<State> low = StateOf(0, k, false);
      std::unique_ptr<State> high = StateOf(k, items_.size(), true);
      std::unique_ptr<State> low_copy = Reborn(*low);
      Merge(low_copy.get(), *high);
      Expect(*low_copy, "split at " + std::to_string(k) + ", high into low");
      Merge(high.get(), *low);
      Expect(*high, "split at " + std::to_string(k) + ", low into high");
    }
  }

  // Merges the states in whatever tree the choices make: each time a neighbouring pair becomes one.
  void MergeTree(std::vector<std::unique_ptr<State>> states,
                 const std::function<size_t(size_t)>& choose, const std::string& name) const {
    while (states.size() > 1) {
      const size_t i = choose(states.size() - 1);
      Merge(states[i].get(), *states[i + 1]);
      states.erase(states.begin() + static_cast<int64_t>(i) + 1);
    }
    Expect(*states[0], name);
  }

  void Trees() const {
    constexpr size_t kLeaves = 9;
    const auto leaves = [&] {
      std::vector<std::unique_ptr<State>> states;
      states.push_back(New());
      for (size_t leaf = 0; leaf < kLeaves; ++leaf) {
        states.push_back(StateOf(leaf * items_.size() / kLeaves,
                                 (leaf + 1) * items_.size() / kLeaves, leaf == 2));
        if (leaf == kLeaves / 2) states.push_back(New());
      }
      return states;
    };
    MergeTree(leaves(), [](size_t) { return 0; }, "merged from the left");
    MergeTree(leaves(), [](size_t last) { return last - 1; }, "merged from the right");
    for (uint32_t seed = 1; seed <= 6; ++seed) {
      std::mt19937 random(seed);
      MergeTree(
          leaves(), [&](size_t pairs) { return random() % pairs; },
          "merged by random tree " + std::to_string(seed));
    }
  }

  void Permuted() const {
    for (uint32_t seed = 1; seed <= 4; ++seed) {
      std::mt19937 random(seed);
      std::vector<Item> items = items_;
      std::shuffle(items.begin(), items.end(), random);
      std::unique_ptr<State> state = New();
      UpdateNulls(state.get(), null_weight_);
      for (const Item& item : items) UpdateItem(state.get(), item);
      Expect(*state, "permuted with seed " + std::to_string(seed));
    }
  }

  // Weights given in parts, values without weight, nulls that are taken back.
  void WithAndWithoutWeight() const {
    std::unique_ptr<State> state = New();
    UpdateNulls(state.get(), -5);
    for (const Item& item : items_) {
      UpdateItem(state.get(), {item.value, 0});
      UpdateItem(state.get(), {item.value, item.weight / 3});
      UpdateItem(state.get(), {item.value, item.weight - item.weight / 3});
    }
    UpdateNulls(state.get(), null_weight_ + 5);
    Expect(*state, "weights in parts");
  }

  // Nulls that were taken back and never given are the state of no rows: what follows would count
  // rows below zero.
  void NullsMissing() const {
    std::unique_ptr<State> state = New();
    UpdateNulls(state.get(), -5);
    auto decoded = analyzer_->Decode(Encode(*state), *type_, make_options_());
    EXPECT_EQ(base::KindOf(decoded.status()), base::ErrorKind::kData) << "-5 nulls were accepted";
  }

  // Whatever is decoded without an error is a state, and the only one with these bytes.
  void ExpectErrorOrState(const std::string& bytes, const std::string& way) const {
    auto decoded = analyzer_->Decode(bytes, *type_, make_options_());
    if (!decoded.ok()) {
      EXPECT_EQ(base::KindOf(decoded.status()), base::ErrorKind::kData) << way;
      return;
    }
    EXPECT_TRUE(Encode(**decoded) == bytes) << "accepted, and not canonical: " << way;
    const auto statistic = analyzer_->Finalize(**decoded);
    EXPECT_TRUE(statistic.ok()) << way << ": " << statistic.status().ToString();
  }

  void Damaged() const {
    const size_t step = expected_.size() / 300 + 1;
    for (size_t size = 0; size < expected_.size(); size += step) {
      auto decoded = analyzer_->Decode(expected_.substr(0, size), *type_, make_options_());
      EXPECT_FALSE(decoded.ok()) << "cut to " << size << " bytes";
    }
    EXPECT_FALSE(analyzer_->Decode(expected_ + '\0', *type_, make_options_()).ok());
    for (size_t i = 0; i < expected_.size(); i += i < 64 ? 1 : step) {
      for (const int change : {0x01, 0x40, 0x80, 0xff}) {
        std::string bytes = expected_;
        bytes[i] = static_cast<char>(bytes[i] ^ change);
        ExpectErrorOrState(bytes, "byte " + std::to_string(i) + " changed");
      }
    }
  }

  std::shared_ptr<const Analyzer> analyzer_;
  std::shared_ptr<arrow::DataType> type_;
  Check check_;
  MakeOptions make_options_;
  std::shared_ptr<arrow::Array> values_;
  std::vector<int64_t> weights_;
  int64_t null_weight_ = 0;
  std::vector<Item> items_;
  std::string expected_;
};

/// An array of these values; a null for each std::nullopt.
template <typename Builder, typename T>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<T>& values,
                                      const std::shared_ptr<arrow::DataType>& type) {
  Builder builder(type, arrow::default_memory_pool());
  for (const T& value : values) {
    const arrow::Status status = value.has_value() ? builder.Append(*value) : builder.AppendNull();
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  return *builder.Finish();
}

}  // namespace emberharmony::feature
