#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::unique_ptr<Transform> LearnedCount(const nlohmann::json& options) {
  auto step = MakeStep("count", options, Column(arrow::utf8()));
  const auto counts = CountsOf(ArrayOf(arrow::utf8(), R"(["b", "a", "c"])"), "[5, 2, 1]", 2);
  const arrow::Status status = step->Learn({counts});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return step;
}

TEST(Count, GivesTheTrainingRowsOfAValue) {
  const auto values = ArrayOf(arrow::utf8(), R"(["a", "b", null, "c", "d", "b"])");
  ExpectSame(ToVector(*ApplyOne(*LearnedCount(nullptr), {values})), {2, 5, kNaN, 1, 0, 5});
  ExpectSame(ToVector(*ApplyOne(*LearnedCount({{"share", true}}), {values})),
             {0.25, 0.625, kNaN, 0.125, 0, 0.625});
  ExpectSame(
      ToVector(*ApplyOne(*LearnedCount(nullptr), {ArrayOf(arrow::utf8(), R"(["c", "a"])"), true})),
      {1, 2, kNaN});
}

TEST(Count, IsRestoredAndChecked) {
  const auto step = LearnedCount(nullptr);
  const nlohmann::json described = ThroughFile(step->Describe());
  EXPECT_EQ(
      described,
      (nlohmann::json{
          {"step", "count"}, {"share", false}, {"size", 3}, {"count", 8}, {"null_count", 2}}));
  const auto table = step->VocabularyTable();
  auto restored = MakeStep("count", nullptr, Column(arrow::utf8()));
  ASSERT_TRUE(restored->Restore(described, table).ok());
  EXPECT_EQ(restored->Describe(), step->Describe());
  const auto values = ArrayOf(arrow::utf8(), R"(["a", "z"])");
  ExpectSame(ToVector(*ApplyOne(*restored, {values})), {2, 0});
  const auto refused = [&](const nlohmann::json& learned,
                           const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
    EXPECT_EQ(base::KindOf(restored->Restore(learned, vocabulary)), base::ErrorKind::kData)
        << learned;
  };
  refused(described, nullptr);
  for (const auto& [key, value] : std::vector<std::pair<std::string, nlohmann::json>>{
           {"count", 9}, {"size", 2}, {"share", true}, {"null_count", -1}, {"extra", 1}}) {
    nlohmann::json damaged = described;
    damaged[key] = value;
    refused(damaged, table);
  }
  const auto with = [&](int i, const std::shared_ptr<arrow::Array>& column) {
    return *table->SetColumn(i, table->schema()->field(i)->WithType(column->type()), column);
  };
  refused(described, with(0, ArrayOf(arrow::utf8(), R"(["b", "b", "c"])")));
  refused(described, with(0, ArrayOf(arrow::int64(), "[1, 2, 3]")));
  refused(described, with(0, ArrayOf(arrow::utf8(), R"(["b", null, "c"])")));
  refused(described, with(1, ArrayOf(arrow::int32(), "[0, 1, 1]")));
  refused(described, with(2, ArrayOf(arrow::int64(), "[9, -2, 1]")));
  refused(described, with(2, ArrayOf(arrow::int64(), "[5, 2, 2]")));
}

TEST(Count, RefusesOtherOptions) {
  EXPECT_THAT(Refusal("count", {{"shares", true}}, Column(arrow::utf8())),
              testing::HasSubstr("did you mean 'share'?"));
  EXPECT_THAT(Refusal("count", {{"share", 1}}, Column(arrow::utf8())),
              testing::HasSubstr("true or false"));
}

}  // namespace
}  // namespace emberharmony::feature
