#include "emberharmony/feature/list_steps.h"

#include "emberharmony/feature/list_value_counts.h"
#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

const std::shared_ptr<arrow::DataType> kTextLists = arrow::list(arrow::utf8());
const std::shared_ptr<arrow::DataType> kWholeLists = arrow::list(arrow::int64());

TEST(ListLength, CountsElements) {
  const auto step = MakeStep("list_length", nullptr, Column(kTextLists));
  const auto lists = ArrayOf(kTextLists, R"([["a", "b"], null, [], [null]])");
  ExpectSame(ToVector(*ApplyOne(*step, {lists})), {2, kNaN, 0, 1});
  ExpectSame(ToVector(*ApplyOne(*step, {lists->Slice(2)})), {0, 1});
  ExpectSame(ToVector(*ApplyOne(*step, {lists->Slice(4)})), {});
}

TEST(ListMean, PassesOverWhatIsMissing) {
  const auto step = MakeStep("list_mean", nullptr, Column(kWholeLists));
  const auto lists = ArrayOf(kWholeLists, "[[1, 2], null, [], [null, 5], [null], [7]]");
  ExpectSame(ToVector(*ApplyOne(*step, {lists})), {1.5, kNaN, kNaN, 5, kNaN, 7});
  ExpectSame(ToVector(*ApplyOne(*step, {lists->Slice(3)})), {5, kNaN, 7});
  EXPECT_THAT(Refusal("list_mean", nullptr, Column(kTextLists)), testing::HasSubstr("string"));
}

TEST(ListSteps, TakeNothingElse) {
  for (const std::string name : {"list_length", "list_mean", "multi_hot"}) {
    EXPECT_TRUE(TakesLists(name));
    EXPECT_THAT(Refusal(name, nullptr, Column(arrow::int64())),
                testing::HasSubstr("takes lists of flat values, and column 'x' is int64"));
    EXPECT_THAT(Refusal(name, nullptr, Column(arrow::list(kWholeLists))),
                testing::HasSubstr("takes lists of flat values"));
  }
  EXPECT_FALSE(TakesLists("passthrough"));
}

std::shared_ptr<const ValueCountsStatistic> CountsIn(
    const std::vector<std::pair<std::shared_ptr<arrow::Array>, std::vector<int64_t>>>& parts) {
  const auto analyzer = MakeListValueCountsAnalyzer();
  auto whole = *analyzer->MakeState(*kTextLists, {});
  for (const auto& [lists, weights] : parts) {
    auto state = *analyzer->MakeState(*kTextLists, {});
    EXPECT_TRUE(
        analyzer->Update(state.get(), {*lists, weights.empty() ? nullptr : weights.data(), 0})
            .ok());
    // Through bytes, as a merge of saved states goes.
    const auto decoded = analyzer->Decode(*analyzer->Encode(*state), *kTextLists, {});
    EXPECT_TRUE(analyzer->Merge(whole.get(), **decoded).ok());
  }
  return std::dynamic_pointer_cast<const ValueCountsStatistic>(*analyzer->Finalize(*whole));
}

TEST(ListValueCounts, CountsElementsOfWeightedRows) {
  const auto lists = ArrayOf(kTextLists, R"([["b", "a", "b"], null, [], ["c", null], ["a"]])");
  const auto all = CountsIn({{lists, {}}});
  EXPECT_TRUE(all->values->Equals(ArrayOf(arrow::utf8(), R"(["a", "b", "c"])")));
  EXPECT_TRUE(all->counts->Equals(ArrayOf(arrow::int64(), "[2, 2, 1]")));
  const auto weighted = CountsIn({{lists, {1, 1, 1, 0, 3}}});
  EXPECT_TRUE(weighted->values->Equals(ArrayOf(arrow::utf8(), R"(["a", "b"])")));
  EXPECT_TRUE(weighted->counts->Equals(ArrayOf(arrow::int64(), "[4, 2]")));
  const auto parts = CountsIn({{lists->Slice(0, 2), {}}, {lists->Slice(2), {}}});
  EXPECT_TRUE(parts->values->Equals(all->values));
  EXPECT_TRUE(parts->counts->Equals(all->counts));
  EXPECT_TRUE(AnalyzerForStateKey("list_value_counts").ok());
  EXPECT_FALSE(MakeListValueCountsAnalyzer()->MakeState(*arrow::utf8(), {}).ok());
}

TEST(MultiHot, GivesAColumnForEachElement) {
  auto step = MakeStep("multi_hot", nullptr, Column(kTextLists), arrow::float64());
  EXPECT_TRUE(step->outputs().empty());
  const auto lists = ArrayOf(kTextLists, R"([["b", "a", "b"], null, [], ["c", null], ["a", "z"]])");
  ASSERT_TRUE(step->Learn({CountsIn({{lists->Slice(0, 4), {}}})}).ok());
  std::vector<std::string> names;
  for (const ColumnInfo& output : step->outputs()) names.push_back(output.name);
  EXPECT_EQ(names, (std::vector<std::string>{"x=a", "x=b", "x=c"}));
  const auto blocks = ApplyTo(*step, {lists});
  ExpectSame(ToVector(*blocks[0].values), {1, 0, 0, 0, 1});
  ExpectSame(ToVector(*blocks[1].values), {1, 0, 0, 0, 0});
  ExpectSame(ToVector(*blocks[2].values), {0, 0, 0, 1, 0});
  ExpectSame(ToVector(*ApplyTo(*step, {lists->Slice(3)})[0].values), {0, 1});
  const nlohmann::json described = ThroughFile(step->Describe());
  EXPECT_EQ(described, (nlohmann::json{{"step", "multi_hot"},
                                       {"max_categories", 1000},
                                       {"categories", {"a", "b", "c"}},
                                       {"count", 4}}));
  auto restored = MakeStep("multi_hot", nullptr, Column(kTextLists));
  ASSERT_TRUE(restored->Restore(described, nullptr).ok());
  EXPECT_EQ(restored->Describe(), step->Describe());
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, nlohmann::json>>{{"categories", {"b", "a"}},
                                                           {"categories", {"a", "a"}},
                                                           {"categories", {1}},
                                                           {"categories", "a"},
                                                           {"max_categories", 2},
                                                           {"count", -1},
                                                           {"extra", 1}}) {
    nlohmann::json damaged = described;
    damaged[key] = value;
    EXPECT_EQ(base::KindOf(restored->Restore(damaged, nullptr)), base::ErrorKind::kData)
        << key << " " << value;
  }
  auto few = MakeStep("multi_hot", {{"max_categories", 2}}, Column(kTextLists));
  EXPECT_THAT(few->Learn({CountsIn({{lists, {}}})}).message(), testing::HasSubstr("4 distinct"));
}

}  // namespace
}  // namespace emberharmony::feature
