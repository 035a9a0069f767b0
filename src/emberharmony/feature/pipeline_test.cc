#include "emberharmony/feature/pipeline.h"

#include <map>

#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

arrow::Result<std::unique_ptr<Pipeline>> TryMakePipeline(
    const std::shared_ptr<arrow::DataType>& type, const std::vector<StepSpec>& steps, int index = 0,
    const std::shared_ptr<arrow::DataType>& output_type = arrow::float64()) {
  return Pipeline::Make(index, *arrow::field("x", type), steps, {output_type, 65536});
}

std::unique_ptr<Pipeline> MakePipeline(
    const std::shared_ptr<arrow::DataType>& type, const std::vector<StepSpec>& steps, int index = 0,
    const std::shared_ptr<arrow::DataType>& output_type = arrow::float64()) {
  auto pipeline = TryMakePipeline(type, steps, index, output_type);
  EXPECT_TRUE(pipeline.ok()) << pipeline.status().ToString();
  return *std::move(pipeline);
}

/// Rows of a column as an encoded block: distinct values, how many rows hold each, how many are
/// null.
struct Encoded {
  std::shared_ptr<arrow::Array> dictionary;
  std::vector<int64_t> weights;
  int64_t null_weight = 0;
};

/// A multiset of values as the statistics of this test take it: one entry a row, NaN and null
/// missing.
struct Rows {
  std::vector<double> numbers;                 ///< numbers and booleans
  std::map<std::string, int64_t> text_counts;  ///< strings
  int64_t num_null_texts = 0;

  void Add(const arrow::Array& values, int64_t i, int64_t weight) {
    if (values.type_id() == arrow::Type::STRING) {
      if (values.IsNull(i)) {
        num_null_texts += weight;
      } else {
        text_counts[static_cast<const arrow::StringArray&>(values).GetString(i)] += weight;
      }
      return;
    }
    const auto number = *ToNumeric({values.Slice(i, 1)}, Pool());
    numbers.insert(numbers.end(), static_cast<size_t>(weight), number->Value(0));
  }

  /// Takes back rows that were counted as null, as a fill does.
  void RemoveNulls(int64_t weight) {
    if (num_null_texts > 0) {
      num_null_texts -= weight;
      return;
    }
    for (int64_t i = 0; i < weight; ++i) {
      const auto found = std::ranges::find_if(numbers, [](double x) { return std::isnan(x); });
      ASSERT_NE(found, numbers.end());
      numbers.erase(found);
    }
  }

  std::shared_ptr<const Statistic> StatisticFor(
      const std::string& state_key, const std::shared_ptr<arrow::DataType>& type) const {
    if (state_key == "moments") return MomentsOf(numbers);
    if (state_key.starts_with("value_histogram")) return std::make_shared<SortedQuantiles>(numbers);
    EXPECT_EQ(state_key, "value_counts");
    return type->id() == arrow::Type::STRING ? TextCounts() : NumberCounts(type);
  }

 private:
  template <class Key>
  static std::vector<std::pair<int64_t, Key>> Ranked(const std::map<Key, int64_t>& counts) {
    std::vector<std::pair<int64_t, Key>> ranked;
    for (const auto& [key, count] : counts) ranked.emplace_back(-count, key);
    std::sort(ranked.begin(), ranked.end());
    return ranked;
  }
  template <class Key>
  static std::shared_ptr<const Statistic> CountsFrom(const std::map<Key, int64_t>& counts,
                                                     const std::shared_ptr<arrow::DataType>& type,
                                                     int64_t null_count) {
    nlohmann::json values = nlohmann::json::array();
    nlohmann::json numbers = nlohmann::json::array();
    for (const auto& [count, key] : Ranked(counts)) {
      values.push_back(key);
      numbers.push_back(-count);
    }
    return CountsOf(ArrayOf(type, values.dump()), numbers.dump(), null_count);
  }
  std::shared_ptr<const Statistic> TextCounts() const {
    return CountsFrom(text_counts, arrow::utf8(), num_null_texts);
  }
  std::shared_ptr<const Statistic> NumberCounts(
      const std::shared_ptr<arrow::DataType>& type) const {
    int64_t num_missing = 0;
    if (arrow::is_integer(type->id())) {
      std::map<int64_t, int64_t> counts;
      for (const double x : numbers) {
        std::isnan(x) ? ++num_missing : ++counts[static_cast<int64_t>(x)];
      }
      return CountsFrom(counts, type, num_missing);
    }
    std::map<double, int64_t> counts;
    for (const double x : numbers) std::isnan(x) ? ++num_missing : ++counts[x];
    return CountsFrom(counts, type, num_missing);
  }
};

/// Learns as an engine does, pass by pass, from statistics of this test's own; returns the number
/// of passes.
int LearnAll(Pipeline* pipeline, const Encoded& source) {
  int num_passes = 0;
  while (!pipeline->learned()) {
    ++num_passes;
    const std::vector<Probe> probes = pipeline->NextProbes();
    EXPECT_FALSE(probes.empty());
    for (const Probe& probe : probes) {
      const ValueBlock block = *pipeline->ApplyPath(probe, {source.dictionary, true}, Pool());
      EXPECT_EQ(block.length(), source.dictionary->length() + 1);
      Rows rows;
      const arrow::Array& values = *block.values;
      for (int64_t i = 0; i < source.dictionary->length(); ++i) {
        rows.Add(values, i, source.weights[i]);
      }
      if (block.null_slot) {
        const auto null = *arrow::MakeArrayOfNull(values.type(), 1);
        rows.Add(*null, 0, source.null_weight);
      } else {
        rows.Add(values, values.length() - 1, source.null_weight);
      }
      if (probe.fill_step >= 0) {
        const Fill fill = *pipeline->FillFor(probe, Pool());
        rows.RemoveNulls(fill.weight);
        rows.Add(*fill.value.values, 0, fill.weight);
      }
      std::vector<std::shared_ptr<const Statistic>> statistics;
      for (const auto& analyzer : probe.analyzers) {
        statistics.push_back(rows.StatisticFor(analyzer->state_key(), values.type()));
      }
      const arrow::Status status = pipeline->Learn(probe.step, statistics);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    if (num_passes > 5) break;
  }
  return num_passes;
}

/// The same with the analyzers themselves, over plain rows in two blocks and from states merged
/// backwards.
int LearnByAnalyzers(Pipeline* pipeline, const std::shared_ptr<arrow::Array>& rows) {
  int num_passes = 0;
  for (; !pipeline->learned() && num_passes < 5; ++num_passes) {
    for (const Probe& probe : pipeline->NextProbes()) {
      std::vector<std::shared_ptr<const Statistic>> statistics;
      for (const auto& analyzer : probe.analyzers) {
        std::unique_ptr<State> merged;
        for (const int64_t from : {rows->length() / 3, int64_t{0}}) {
          const int64_t length = from == 0 ? rows->length() / 3 : rows->length() - from;
          const ValueBlock block = *pipeline->ApplyPath(probe, {rows->Slice(from, length)}, Pool());
          auto state = *analyzer->MakeState(*block.values->type(), {});
          EXPECT_TRUE(analyzer->Update(state.get(), {*block.values}).ok());
          if (merged == nullptr) {
            merged = std::move(state);
          } else {
            EXPECT_TRUE(analyzer->Merge(merged.get(), *state).ok());
          }
        }
        if (probe.fill_step >= 0) {
          const Fill fill = *pipeline->FillFor(probe, Pool());
          const arrow::Status status =
              analyzer->Update(merged.get(), {*fill.value.values, &fill.weight, -fill.weight});
          EXPECT_TRUE(status.ok()) << status.ToString();
        }
        statistics.push_back(*analyzer->Finalize(*merged));
      }
      const arrow::Status status = pipeline->Learn(probe.step, statistics);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
  }
  return num_passes;
}

std::vector<std::string> Names(const Pipeline& pipeline) {
  std::vector<std::string> names;
  for (const auto& field : pipeline.outputs()) names.push_back(field->name());
  return names;
}

std::vector<std::shared_ptr<arrow::Array>> ApplyAll(const Pipeline& pipeline,
                                                    const ValueBlock& source) {
  auto arrays = pipeline.Apply(source, Pool());
  EXPECT_TRUE(arrays.ok()) << arrays.status().ToString();
  const arrow::FieldVector fields = pipeline.outputs();
  EXPECT_EQ(arrays->size(), fields.size());
  for (size_t i = 0; i < arrays->size(); ++i) {
    EXPECT_TRUE((*arrays)[i]->ValidateFull().ok());
    EXPECT_TRUE((*arrays)[i]->type()->Equals(fields[i]->type()));
    EXPECT_TRUE(fields[i]->nullable() || (*arrays)[i]->null_count() == 0);
  }
  return *arrays;
}

const Encoded kInts = {ArrayOf(arrow::int64(), "[5, 1, 9, 2]"), {3, 2, 1, 4}, 6};
const Encoded kTexts = {ArrayOf(arrow::utf8(), R"(["b", "a", "c"])"), {4, 4, 1}, 2};
using StringVector = std::vector<std::string>;

TEST(Pipeline, ImputeAndScaleLearnInOnePass) {
  const auto pipeline = MakePipeline(arrow::int64(), {{"impute", "median"}, {"scale", "standard"}});
  EXPECT_FALSE(pipeline->learned());
  const std::vector<Probe> probes = pipeline->NextProbes();
  ASSERT_EQ(probes.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(probes[i].step, i);
    EXPECT_TRUE(probes[i].path.empty());
    EXPECT_EQ(probes[i].path_key, "");
    EXPECT_EQ(probes[i].fill_step, i - 1);
  }
  EXPECT_EQ(LearnAll(pipeline.get(), kInts), 1);
  EXPECT_TRUE(pipeline->NextProbes().empty());

  // By hand: ascending 1 1 2 2 2 2 5 5 5 9, median 2; with 6 more twos n = 16, sum = 34 + 12,
  // squares = 174 + 24.
  const nlohmann::json impute = pipeline->step(0).Describe();
  EXPECT_EQ(impute["fill"], 2.0);
  EXPECT_EQ(impute["null_count"], 6);
  const nlohmann::json scale = pipeline->step(1).Describe();
  EXPECT_EQ(scale["count"], 16);
  EXPECT_EQ(scale["null_count"], 0);
  EXPECT_EQ(scale["mean"], 46.0 / 16);
  EXPECT_EQ(scale["variance"], (174.0 + 24) / 16 - (46.0 / 16) * (46.0 / 16));

  const double mean = 46.0 / 16;
  const double deviation = std::sqrt(198.0 / 16 - mean * mean);
  const auto found = ToVector(*ApplyAll(*pipeline, {kInts.dictionary, true})[0]);
  ExpectSame(found, {(5 - mean) / deviation, (1 - mean) / deviation, (9 - mean) / deviation,
                     (2 - mean) / deviation, (2 - mean) / deviation});
  EXPECT_FALSE(pipeline->outputs()[0]->nullable());
}

TEST(Pipeline, TheFillGoesThroughTheStepsBetween) {
  const auto steps = std::vector<StepSpec>{
      {"impute", "median"}, {"clip", {{"min", 3}}}, {"log1p", nullptr}, {"scale", "min_max"}};
  const auto pipeline = MakePipeline(arrow::int64(), steps);
  const std::vector<Probe> probes = pipeline->NextProbes();
  ASSERT_EQ(probes.size(), 2u);
  EXPECT_EQ(probes[1].path, (std::vector<int>{1, 2}));
  EXPECT_EQ(probes[1].fill_step, 0);
  // Another pipeline's key over the same steps is the same: nothing in them is learned.
  EXPECT_EQ(MakePipeline(arrow::int64(), steps, 7)->NextProbes()[1].path_key, probes[1].path_key);
  EXPECT_NE(probes[1].path_key, "");
  auto other = steps;
  other[1].options = {{"min", 2}};
  EXPECT_NE(MakePipeline(arrow::int64(), other)->NextProbes()[1].path_key, probes[1].path_key);

  EXPECT_EQ(LearnAll(pipeline.get(), kInts), 1);
  const Fill fill = *pipeline->FillFor(probes[1], Pool());
  EXPECT_EQ(fill.weight, 6);
  ExpectNear(ToVector(*fill.value.values), {std::log(4.0)}, 1e-15);
  const nlohmann::json scale = pipeline->step(3).Describe();
  EXPECT_EQ(scale["count"], 16);
  EXPECT_NEAR(scale["min"].get<double>(), std::log(4.0), 1e-15);
  EXPECT_NEAR(scale["max"].get<double>(), std::log(10.0), 1e-15);
}

TEST(Pipeline, ALearnedStepBeforeALearningOneNeedsAnotherPass) {
  const std::vector<StepSpec> steps = {{"scale", "max_abs"}, {"scale", "min_max"}};
  const auto pipeline = MakePipeline(arrow::int64(), steps, 3);
  ASSERT_EQ(pipeline->NextProbes().size(), 1u);
  EXPECT_EQ(LearnAll(pipeline.get(), kInts), 2);
  // Values over 9, then from 1/9 .. 1 to 0 .. 1.
  ExpectNear(ToVector(*ApplyAll(*pipeline, {ArrayOf(arrow::int64(), "[9, 1, 5, null]")})[0]),
             {1.0, 0.0, 0.5, kNaN}, 1e-15);

  const auto key_after_first = [&](int index) {
    const auto other = MakePipeline(arrow::int64(), steps, index);
    EXPECT_TRUE(other->Learn(0, {MomentsOf({9.0})}).ok());
    const std::vector<Probe> probes = other->NextProbes();
    EXPECT_EQ(probes.size(), 1u);
    EXPECT_EQ(probes[0].path, std::vector<int>{0});
    EXPECT_EQ(probes[0].fill_step, -1);
    return probes[0].path_key;
  };
  EXPECT_EQ(key_after_first(3), key_after_first(3));
  EXPECT_NE(key_after_first(3), key_after_first(4));
}

TEST(Pipeline, WhenFillsCannotBeJoined) {
  const auto passes = [](const std::vector<StepSpec>& steps, const Encoded& source) {
    const auto pipeline = MakePipeline(source.dictionary->type(), steps);
    const int num_passes = LearnAll(pipeline.get(), source);
    EXPECT_EQ(ApplyAll(*pipeline, {source.dictionary, true})[0]->length(),
              source.dictionary->length() + 1);
    return num_passes;
  };
  // A second step that fills would fill the first one's rows.
  EXPECT_EQ(
      passes({{"impute", "median"}, {"impute", {{"constant", 0}}}, {"scale", "standard"}}, kInts),
      2);
  EXPECT_EQ(passes({{"impute", "median"}, {"impute", "mean"}, {"scale", "standard"}}, kInts), 2);
  // A median makes doubles of the values: categories are counted behind the impute.
  EXPECT_EQ(passes({{"impute", "median"}, {"one_hot", nullptr}}, kInts), 2);
  EXPECT_EQ(passes({{"impute", "most_frequent"}, {"one_hot", nullptr}}, kInts), 1);
  EXPECT_EQ(passes({{"impute", "most_frequent"}, {"one_hot", nullptr}}, kTexts), 1);
  EXPECT_EQ(passes({{"impute", "most_frequent"}, {"vocabulary", nullptr}}, kTexts), 1);
  EXPECT_EQ(passes({{"impute", {{"constant", 0}}}, {"scale", "standard"}}, kInts), 1);
  EXPECT_EQ(passes({{"impute", {{"constant", 0}}}, {"log1p", nullptr}}, kInts), 0);
}

// hash_bucket of 3 is not that of 3.0: it must see the values as the impute leaves them.
TEST(Pipeline, AStepThatDependsOnTheTypeWaitsForTheFill) {
  const auto pipeline = MakePipeline(
      arrow::int64(), {{"impute", "median"}, {"hash_bucket", 100}, {"scale", "standard"}});
  ASSERT_EQ(pipeline->NextProbes().size(), 1u);
  EXPECT_EQ(pipeline->NextProbes()[0].step, 0);
  const auto cut = MakePipeline(
      arrow::int64(),
      {{"impute", "median"}, {"bucketize", {{"edges", {1, 2}}}}, {"scale", "standard"}});
  ASSERT_EQ(cut->NextProbes().size(), 2u);
  EXPECT_EQ(cut->NextProbes()[1].path, std::vector<int>{1});
}

TEST(Pipeline, FillsOfTextAreCounted) {
  const auto pipeline =
      MakePipeline(arrow::utf8(), {{"impute", "most_frequent"}, {"vocabulary", nullptr}});
  EXPECT_EQ(LearnAll(pipeline.get(), kTexts), 1);
  // a and b tie with 4; a is the smaller and gets the 2 nulls.
  EXPECT_TRUE(
      pipeline->step(1).VocabularyTable()->column(2)->Equals(ArrayOf(arrow::int64(), "[6, 4, 1]")));
  EXPECT_TRUE(ApplyAll(*pipeline, {kTexts.dictionary, true})[0]->Equals(
      ArrayOf(arrow::int32(), "[4, 3, 5, 3]")));
}

TEST(Pipeline, AMissingValueThatIsNoFillStaysMissing) {
  // ln(1 + x) of values below -1 is missing, and no impute stands behind it.
  const Encoded source = {ArrayOf(arrow::int64(), "[-5, 0, 3]"), {2, 3, 1}, 4};
  const auto pipeline =
      MakePipeline(arrow::int64(), {{"impute", {{"strategy", "median"}, {"indicator", true}}},
                                    {"log1p", nullptr},
                                    {"scale", "max_abs"}});
  EXPECT_EQ(LearnAll(pipeline.get(), source), 1);
  EXPECT_EQ(pipeline->step(2).Describe()["count"], 8);  // 3 zeros, 1 three, 4 nulls filled by 0
  EXPECT_EQ(pipeline->step(2).Describe()["null_count"], 2);  // the fives
  EXPECT_EQ(Names(*pipeline), (StringVector{"x", "x_missing"}));
  const auto arrays = ApplyAll(*pipeline, {source.dictionary, true});
  ExpectNear(ToVector(*arrays[1]), {0, 0, 0, 1}, 0);
  EXPECT_TRUE(arrays[0]->IsNull(0));
  EXPECT_TRUE(pipeline->outputs()[0]->nullable());
}

TEST(Pipeline, WhatAnIdHangsOnIsComputedNatively) {
  const auto left_to_backends = [](const std::vector<StepSpec>& steps) {
    const auto pipeline = MakePipeline(arrow::float64(), steps);
    std::vector<bool> left;
    for (int s = 0; s < pipeline->num_steps(); ++s) left.push_back(pipeline->runs_on_backend(s));
    return left;
  };
  using Flags = std::vector<bool>;
  EXPECT_EQ(left_to_backends({{"impute", "median"}, {"scale", "standard"}, {"log1p", nullptr}}),
            (Flags{false, true, true}));
  EXPECT_EQ(left_to_backends({{"log1p", nullptr}, {"bucketize", {{"quantiles", 4}}}}),
            (Flags{false, false}));
  EXPECT_EQ(left_to_backends({{"log1p", nullptr}, {"cast", "int32"}, {"scale", "max_abs"}}),
            (Flags{false, false, true}));
  EXPECT_EQ(left_to_backends({{"log1p", nullptr}, {"cast", "float32"}}), (Flags{true, false}));
  // An indicator tells of what became missing.
  EXPECT_EQ(left_to_backends(
                {{"log1p", nullptr}, {"impute", {{"strategy", "median"}, {"indicator", true}}}}),
            (Flags{false, false}));
  EXPECT_EQ(left_to_backends({{"log1p", nullptr}, {"one_hot", nullptr}}), (Flags{false, false}));
}

TEST(Pipeline, OutputsComeInOrderWithTheirTypes) {
  const auto learned = [](const std::shared_ptr<arrow::DataType>& type,
                          const std::vector<StepSpec>& steps) {
    return MakePipeline(type, steps, 0, arrow::float32());
  };
  const auto fields = [&](const Pipeline& pipeline) {
    std::string text;
    for (const auto& field : pipeline.outputs()) {
      text += field->name() + ":" + field->type()->ToString() + (field->nullable() ? "? " : " ");
    }
    return text;
  };
  const nlohmann::json indicator = {{"constant", 0}, {"indicator", true}};
  EXPECT_EQ(fields(*learned(arrow::int64(), {{"impute", indicator}, {"log1p", nullptr}})),
            "x:float? x_missing:float ");
  EXPECT_EQ(fields(*learned(arrow::int64(), {{"clip", {{"min", 0}}}, {"log1p", nullptr}})),
            "x:float? ");
  EXPECT_EQ(
      fields(*learned(arrow::int64(),
                      {{"impute", {{"constant", 0}}}, {"clip", {{"min", 0}}}, {"log1p", nullptr}})),
      "x:float ");
  EXPECT_EQ(fields(*learned(arrow::boolean(), {{"impute", {{"constant", false}}}})), "x:float ");
  EXPECT_EQ(fields(*learned(arrow::boolean(), {})), "x:float? ");
  EXPECT_EQ(fields(*learned(arrow::int16(), {{"passthrough", nullptr}})), "x:int16? ");
  EXPECT_EQ(fields(*learned(arrow::int16(), {{"cast", "int8"}})), "x:int8? ");
  EXPECT_EQ(fields(*learned(arrow::utf8(), {{"impute", {{"constant", "a"}}}})), "x:string ");
  EXPECT_EQ(fields(*learned(arrow::utf8(), {{"drop", nullptr}})), "");
  EXPECT_EQ(fields(*learned(arrow::date32(), {{"cyclical", "hour"}})),
            "x_sin_hour:float x_cos_hour:float ");
  EXPECT_EQ(fields(*learned(arrow::dictionary(arrow::int32(), arrow::utf8()),
                            {{"passthrough", nullptr}})),
            "x:string? ");
}

TEST(Pipeline, TheLastCastMakesNaNNull) {
  const auto pipeline = MakePipeline(arrow::float64(), {{"log1p", nullptr}}, 0, arrow::float32());
  const auto found =
      ApplyAll(*pipeline, {ArrayOf(arrow::float64(), "[0, -3, NaN, null]"), true})[0];
  EXPECT_TRUE(found->Equals(ArrayOf(arrow::float32(), "[0, null, null, null, null]")));
  const auto plain = MakePipeline(arrow::int64(), {}, 0, arrow::float32());
  EXPECT_TRUE(ApplyAll(*plain, {ArrayOf(arrow::int64(), "[16777217, null]")})[0]->Equals(
      ArrayOf(arrow::float32(), "[16777216, null]")));
}

TEST(Pipeline, StepsThatLeaveTheNullSlotAlone) {
  for (const auto& steps :
       {std::vector<StepSpec>{{"passthrough", nullptr}}, std::vector<StepSpec>{{"cast", "int64"}},
        std::vector<StepSpec>{{"cast", "int16"}}}) {
    const auto pipeline = MakePipeline(arrow::int64(), steps);
    EXPECT_EQ(ApplyAll(*pipeline, {kInts.dictionary, true})[0]->length(), 4);
    EXPECT_EQ(ApplyAll(*pipeline, {kInts.dictionary, false})[0]->length(), 4);
  }
}

/// Every row of an encoded column through a pipeline's outputs for the dictionary, null where the
/// index says so.
std::shared_ptr<arrow::Array> Gather(const arrow::Array& entries, const std::vector<int>& indices) {
  auto builder = *arrow::MakeBuilder(entries.type());
  for (const int index : indices) {
    EXPECT_TRUE((index >= entries.length()
                     ? builder->AppendNull()
                     : builder->AppendScalar(*entries.GetScalar(index).ValueOrDie()))
                    .ok());
  }
  return *builder->Finish();
}

TEST(Pipeline, EncodedAndPlainGiveTheSame) {
  const std::vector<std::pair<Encoded, std::vector<StepSpec>>> cases = {
      {kInts, {{"impute", "median"}, {"scale", "standard"}}},
      {kInts, {{"scale", "robust"}}},
      {kInts, {{"log1p", nullptr}}},
      {kInts, {{"cast", "int8"}}},
      {kInts, {{"passthrough", nullptr}}},
      {kInts, {{"vocabulary", {{"min_count", 2}}}}},
      {kInts, {{"one_hot", nullptr}}},
      {kInts, {}},
      {kInts, {{"impute", {{"strategy", "mean"}, {"indicator", true}}}, {"cast", "int32"}}},
      {kTexts, {{"one_hot", nullptr}}},
      {kTexts, {{"vocabulary", nullptr}}},
      {kTexts, {{"impute", "most_frequent"}}},
      {kTexts, {{"impute", {{"constant", "q"}, {"indicator", true}}}, {"vocabulary", nullptr}}},
      {{ArrayOf(arrow::date32(), "[5, -7000, 11353]"), {1, 1, 1}, 1},
       {{"cyclical", {"hour", "day_of_week", "day_of_month", "month"}}}},
      {{ArrayOf(arrow::boolean(), "[true, false]"), {2, 1}, 1},
       {{"impute", {{"constant", true}}}}}};
  for (const auto& [source, steps] : cases) {
    const auto pipeline = MakePipeline(source.dictionary->type(), steps, 0, arrow::float32());
    SCOPED_TRACE(steps.empty() ? "no steps" : steps[0].name);
    LearnAll(pipeline.get(), source);
    const int n = static_cast<int>(source.dictionary->length());
    const std::vector<int> indices = {n, 0, 1, 1, n - 1, n, 0};
    const auto plain = Gather(*source.dictionary, indices);
    const auto from_plain = ApplyAll(*pipeline, {plain});
    const auto from_encoded = ApplyAll(*pipeline, {source.dictionary, true});
    for (size_t i = 0; i < from_plain.size(); ++i) {
      EXPECT_EQ(from_plain[i]->length(), plain->length());
      EXPECT_TRUE(Gather(*from_encoded[i], indices)->Equals(from_plain[i]))
          << from_encoded[i]->ToString() << from_plain[i]->ToString();
      EXPECT_EQ(from_encoded[i]->length(), from_encoded[0]->length());
    }
    EXPECT_TRUE(pipeline->Apply({plain->Slice(0, 0)}, Pool()).ok());
  }
}

TEST(Pipeline, TheAnalyzersLearnTheSame) {
  const Encoded decimals = {
      ArrayOf(arrow::decimal128(9, 2), R"(["1.25", "-3.50", "2.00"])"), {2, 1, 1}, 2};
  const Encoded bools = {ArrayOf(arrow::boolean(), "[true, false]"), {2, 1}, 2};
  const std::vector<std::pair<Encoded, std::vector<StepSpec>>> cases = {
      {kInts, {{"impute", "median"}, {"scale", "standard"}}},
      {kInts, {{"impute", "mean"}, {"log1p", nullptr}, {"scale", "robust"}}},
      {kInts, {{"impute", "most_frequent"}, {"scale", "min_max"}, {"scale", "max_abs"}}},
      {kInts, {{"impute", "most_frequent"}, {"one_hot", nullptr}}},
      {kInts, {{"vocabulary", nullptr}}},
      {kTexts, {{"impute", "most_frequent"}, {"vocabulary", nullptr}}},
      {kTexts, {{"one_hot", nullptr}}},
      {decimals, {{"impute", "median"}, {"scale", "standard"}}},
      {bools, {{"impute", "mean"}, {"scale", "min_max"}}},
      {{ArrayOf(arrow::float64(), "[0.1, NaN, -7e300]"), {4, 2, 1}, 2},
       {{"impute", "median"}, {"scale", "max_abs"}}}};
  for (const auto& [source, steps] : cases) {
    SCOPED_TRACE(steps[0].name + " ... " + steps.back().name);
    const auto& type = source.dictionary->type();
    const auto by_hand = MakePipeline(type, steps);
    const auto by_analyzers = MakePipeline(type, steps);
    std::vector<int> indices;
    for (size_t i = 0; i < source.weights.size(); ++i) {
      indices.insert(indices.end(), static_cast<size_t>(source.weights[i]), static_cast<int>(i));
    }
    indices.insert(indices.begin() + 1, static_cast<size_t>(source.null_weight),
                   static_cast<int>(source.weights.size()));
    EXPECT_EQ(LearnByAnalyzers(by_analyzers.get(), Gather(*source.dictionary, indices)),
              LearnAll(by_hand.get(), source));
    for (int i = 0; i < by_hand->num_steps(); ++i) {
      const nlohmann::json expected = by_hand->step(i).Describe();
      const nlohmann::json found = by_analyzers->step(i).Describe();
      for (const auto& [key, value] : expected.items()) {
        if (value.is_number_float()) {
          EXPECT_NEAR(found[key].get<double>(), value.get<double>(),
                      1e-15 * std::fabs(value.get<double>()))
              << key;
        } else {
          EXPECT_EQ(found[key], value) << key;
        }
      }
    }
  }
}

TEST(Pipeline, IsRestoredStepByStep) {
  const std::vector<StepSpec> steps = {{"impute", {{"strategy", "mean"}, {"indicator", true}}},
                                       {"clip", {{"max", 4}}},
                                       {"scale", "standard"}};
  const auto pipeline = MakePipeline(arrow::int64(), steps);
  LearnAll(pipeline.get(), kInts);
  const auto restored = MakePipeline(arrow::int64(), steps);
  EXPECT_FALSE(restored->Restore(2, pipeline->step(2).Describe(), nullptr).ok());
  for (int i = 0; i < 3; ++i) {
    const auto status = restored->Restore(i, ThroughFile(pipeline->step(i).Describe()), nullptr);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  EXPECT_TRUE(restored->learned());
  const auto expected = ApplyAll(*pipeline, {kInts.dictionary, true});
  const auto found = ApplyAll(*restored, {kInts.dictionary, true});
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(found[i]->Equals(expected[i]));
  const auto status =
      MakePipeline(arrow::int64(), steps)->Restore(0, {{"step", "impute"}}, nullptr);
  EXPECT_THAT(status.message(), testing::StartsWith("step 0: model: step 'impute' of column 'x'"));
}

TEST(Pipeline, ErrorsNameTheStep) {
  const auto refusal = [](const std::shared_ptr<arrow::DataType>& type,
                          const std::vector<StepSpec>& steps) {
    const auto pipeline = TryMakePipeline(type, steps);
    EXPECT_FALSE(pipeline.ok());
    EXPECT_EQ(base::KindOf(pipeline.status()), base::ErrorKind::kUsage);
    return pipeline.status().message();
  };
  EXPECT_THAT(refusal(arrow::int64(), {{"log1p", nullptr}, {"one-hot", nullptr}}),
              testing::StartsWith("step 1: unknown step 'one-hot'; did you mean 'one_hot'?"));
  EXPECT_EQ(refusal(arrow::int64(), {{"one_hot", nullptr}, {"scale", "standard"}}),
            "step 1: no step may follow one_hot; found 'scale'");
  EXPECT_THAT(refusal(arrow::utf8(), {{"impute", "most_frequent"}, {"scale", "standard"}}),
              testing::StartsWith("step 1: scale takes numbers"));
  EXPECT_THAT(refusal(arrow::utf8(), {}),
              testing::HasSubstr("column 'x' is string and has no step"));

  const auto pipeline = MakePipeline(arrow::int64(), {{"log1p", nullptr}, {"scale", "standard"}});
  EXPECT_THAT(pipeline->Learn(1, {MomentsOf({kNaN})}).message(),
              testing::StartsWith("step 1: column 'x' has no values"));
  EXPECT_FALSE(pipeline->Apply({kInts.dictionary}, Pool()).ok());
  EXPECT_FALSE(pipeline->Learn(0, {}).ok());
  const auto cast = MakePipeline(arrow::int64(), {{"cast", "int8"}});
  EXPECT_THAT(cast->Apply({ArrayOf(arrow::int64(), "[300]")}, Pool()).status().message(),
              testing::StartsWith("step 0: column 'x': value 300"));
}

}  // namespace
}  // namespace emberharmony::feature
