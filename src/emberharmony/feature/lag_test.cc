#include "emberharmony/feature/row_transform_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

RowBlock RowsBy(std::shared_ptr<arrow::Array> values, const std::string& entities) {
  RowBlock rows;
  rows.num_rows = values->length();
  rows.columns = {std::move(values), ArrayOf(arrow::utf8(), entities)};
  return rows;
}

TEST(Lag, LooksBackWithinAnEntity) {
  const std::string entities = R"(["p", "q", "p", "p", null, "q", null, "p"])";
  const nlohmann::json options = {{"periods", {1, 3}}, {"by", "b"}};
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> columns = {
      {arrow::int64(), "[0, 1, 2, null, 4, 5, 6, 7]"},
      {arrow::float32(), "[0, 1, 2, null, 4, 5, 6, 7]"},
      {arrow::date32(), "[0, 1, 2, null, 4, 5, 6, 7]"},
      {arrow::int8(), "[0, 1, 2, null, 4, 5, 6, 7]"},
      {arrow::decimal128(9, 1), R"(["0.0", "1.0", "2.0", null, "4.0", "5.0", "6.0", "7.0"])"},
      {arrow::boolean(), "[false, true, true, null, false, true, true, false]"},
      {arrow::utf8(), R"(["", "one", "two", null, "four", "five", "six", "seven"])"},
      {arrow::binary(), R"(["", "one", "two", null, "four", "five", "six", "seven"])"}};
  for (const auto& [type, text] : columns) {
    SCOPED_TRACE(type->ToString());
    const auto values = ArrayOf(type, text);
    const auto step = MakeRowStep("lag", options, RowContextOf({type, arrow::utf8()}, 1));
    const auto outputs = ApplyRowsInAnyBatches(*step, RowsBy(values, entities));
    const auto rows_of = [&](const std::string& places) {
      return *arrow::compute::Take(*values, *ArrayOf(arrow::int64(), places));
    };
    EXPECT_TRUE(outputs[0]->Equals(rows_of("[null, null, 0, 2, null, 1, 4, 3]")));
    EXPECT_TRUE(outputs[1]->Equals(rows_of("[null, null, null, null, null, null, null, 0]")));
    EXPECT_EQ(step->outputs()[1].name, "a_lag_3");
  }
}

TEST(Lag, WithoutAnEntityAllRowsAreOfOne) {
  const auto step = MakeRowStep("lag", nullptr, RowContextOf({arrow::int64()}, 1));
  RowBlock rows;
  rows.num_rows = 3;
  rows.columns = {ArrayOf(arrow::int64(), "[1, null, 3]")};
  EXPECT_TRUE(
      ApplyRowsInAnyBatches(*step, rows)[0]->Equals(ArrayOf(arrow::int64(), "[null, 1, null]")));
  EXPECT_TRUE(step->traits().ordered);
  // Slices have offsets.
  EXPECT_TRUE(ApplyRows(*step, RowSlice(rows, 1, 2), 2)[0]->Equals(
      ArrayOf(arrow::int64(), "[null, null]")));
}

TEST(Lag, EntitiesOfSeveralColumnsAreToldApart) {
  const auto step = MakeRowStep("lag", {{"by", {"b", "c"}}},
                                RowContextOf({arrow::int64(), arrow::utf8(), arrow::utf8()}, 1));
  RowBlock rows;
  rows.num_rows = 4;
  rows.columns = {ArrayOf(arrow::int64(), "[1, 2, 3, 4]"),
                  ArrayOf(arrow::utf8(), R"(["p", "", null, "p"])"),
                  ArrayOf(arrow::utf8(), R"(["q", "pq", "q", "q"])")};
  EXPECT_TRUE(ApplyRowsInAnyBatches(*step, rows)[0]->Equals(
      ArrayOf(arrow::int64(), "[null, null, null, 1]")));
}

TEST(Lag, RefusesBadOptions) {
  const RowContext context = RowContextOf({arrow::int64()}, 1);
  for (const nlohmann::json& bad :
       std::vector<nlohmann::json>{0, -1, 1.5, 10001, {1, 1}, "x", nlohmann::json::array()}) {
    EXPECT_THAT(RowRefusal("lag", {{"periods", bad}}, context), testing::HasSubstr("'periods'"))
        << bad;
  }
  EXPECT_THAT(RowRefusal("lag", {{"by", 3}}, context), testing::HasSubstr("'by'"));
  EXPECT_THAT(RowRefusal("lag", nullptr, RowContextOf({arrow::list(arrow::int64())}, 1)),
              testing::HasSubstr("list"));
}

TEST(Lag, MoreEntitiesThanMemoryIsAnError) {
  const auto budget = base::MemoryBudget::MakeRoot("test", 1 << 20);
  const auto step =
      MakeRowStep("lag", {{"by", "b"}}, RowContextOf({arrow::int64(), arrow::int64()}, 1));
  std::vector<int64_t> values(100000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i);
  RowBlock rows;
  rows.num_rows = static_cast<int64_t>(values.size());
  rows.columns.assign(
      2, std::make_shared<arrow::Int64Array>(rows.num_rows, arrow::Buffer::FromVector(values)));
  arrow::ArrayVector outputs;
  const auto state = step->MakeState(budget.get());
  const arrow::Status status =
      step->Apply(rows, state.get(), arrow::default_memory_pool(), &outputs);
  EXPECT_TRUE(status.IsOutOfMemory());
  EXPECT_THAT(status.message(), testing::HasSubstr("'by' a column with fewer values"));
}

TEST(Difference, IsOfNumbersWithinAnEntity) {
  const auto step = MakeRowStep("difference", {{"periods", {1, 2}}, {"by", "b"}},
                                RowContextOf({arrow::int64(), arrow::utf8()}, 1));
  const auto outputs =
      ApplyRowsInAnyBatches(*step, RowsBy(ArrayOf(arrow::int64(), "[10, 1, 7, null, 4, 9]"),
                                          R"(["p", "q", "p", "p", "q", "p"])"));
  ExpectSame(ToVector(*outputs[0]), {kNaN, kNaN, -3, kNaN, 3, kNaN});
  ExpectSame(ToVector(*outputs[1]), {kNaN, kNaN, kNaN, kNaN, kNaN, 2});
  EXPECT_EQ(step->outputs()[0].name, "a_difference_1");
  EXPECT_THAT(RowRefusal("difference", nullptr, RowContextOf({arrow::utf8()}, 1)),
              testing::HasSubstr("string"));
}

TEST(Rolling, TakesTheLastRowsOfAnEntity) {
  const auto step = MakeRowStep(
      "rolling", {{"statistics", {"mean", "sum", "min", "max", "std"}}, {"window", 3}, {"by", "b"}},
      RowContextOf({arrow::int64(), arrow::utf8()}, 1));
  const auto outputs =
      ApplyRowsInAnyBatches(*step, RowsBy(ArrayOf(arrow::int64(), "[10, 1, 7, null, 4, 9, 5]"),
                                          R"(["p", "q", "p", "p", "q", "p", "p"])"));
  ExpectSame(ToVector(*outputs[0]), {10, 1, 8.5, 8.5, 2.5, 8, 7});
  ExpectSame(ToVector(*outputs[1]), {10, 1, 17, 17, 5, 16, 14});
  ExpectSame(ToVector(*outputs[2]), {10, 1, 7, 7, 1, 7, 5});
  ExpectSame(ToVector(*outputs[3]), {10, 1, 10, 10, 4, 9, 9});
  ExpectNear(
      ToVector(*outputs[4]),
      {kNaN, kNaN, std::sqrt(4.5), std::sqrt(4.5), std::sqrt(4.5), std::sqrt(2.0), std::sqrt(8.0)},
      1e-15);
  EXPECT_EQ(step->outputs()[4].name, "a_rolling_std_3");
}

TEST(Rolling, AsksForEnoughNumbers) {
  const auto step = MakeRowStep("rolling", {{"statistics", "sum"}, {"window", 2}, {"min_count", 2}},
                                RowContextOf({arrow::float64()}, 1));
  RowBlock rows;
  rows.num_rows = 5;
  rows.columns = {Doubles({1, 2, kNaN, 4, 8})};
  ExpectSame(ToVector(*ApplyRowsInAnyBatches(*step, rows)[0]), {kNaN, 3, kNaN, kNaN, 12});
  const RowContext context = RowContextOf({arrow::float64()}, 1);
  EXPECT_THAT(RowRefusal("rolling", {{"statistics", "sum"}}, context),
              testing::HasSubstr("'window' is missing"));
  EXPECT_THAT(
      RowRefusal("rolling", {{"statistics", "sum"}, {"window", 2}, {"min_count", 3}}, context),
      testing::HasSubstr("'min_count'"));
}

}  // namespace
}  // namespace emberharmony::feature
