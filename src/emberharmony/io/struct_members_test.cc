#include "emberharmony/io/struct_members.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io {
namespace {

using arrow::field;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// x, a {b, c {d, e: list}}, y.
std::shared_ptr<arrow::Schema> SmallSchema() {
  const auto inner = arrow::struct_(
      {field("d", arrow::utf8()), field("e", arrow::list(arrow::int32()), /*nullable=*/false)});
  return arrow::schema(
      {field("x", arrow::int64(), false),
       field("a", arrow::struct_({field("b", arrow::float64(), false), field("c", inner, false)}),
             false),
       field("y", arrow::int8())});
}

TEST(StructMembers, NamesNumbersAndNullability) {
  const auto schema = SmallSchema();
  const auto members = StructMembers(*schema);
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].field->name(), "a.b");
  EXPECT_FALSE(members[0].field->nullable());
  EXPECT_THAT(members[0].path, ElementsAre(1, 0));
  EXPECT_EQ(members[1].field->name(), "a.c.d");
  EXPECT_TRUE(members[1].field->nullable());
  EXPECT_THAT(members[1].path, ElementsAre(1, 1, 0));
  EXPECT_EQ(members[2].field->ToString(), "a.c.e: list<item: int32> not null");
  std::vector<std::string> names;
  std::vector<int> numbers;
  for (const auto& column : FlattenedColumns(*schema)) {
    names.push_back(column.field->name());
    numbers.push_back(column.column);
  }
  EXPECT_THAT(names, ElementsAre("x", "a.b", "a.c.d", "a.c.e", "y"));
  EXPECT_THAT(numbers, ElementsAre(0, 3, 4, 5, 2));
}

TEST(StructMembers, NamesOfColumnsStandForStructsToo) {
  const auto schema = SmallSchema();
  EXPECT_THAT(*ColumnsNamed(*schema, "y"), ElementsAre(2));
  EXPECT_THAT(*ColumnsNamed(*schema, "a.c.d"), ElementsAre(4));
  EXPECT_THAT(*ColumnsNamed(*schema, "a.c"), ElementsAre(4, 5));
  EXPECT_THAT(*ColumnsNamed(*schema, "a"), ElementsAre(3, 4, 5));
  const auto unknown = ColumnsNamed(*schema, "a.c.dd").status();
  EXPECT_EQ(base::KindOf(unknown), base::ErrorKind::kUsage);
  EXPECT_THAT(unknown.message(), HasSubstr("'a.c.d'"));
}

TEST(StructMembers, ADotInANameIsAnErrorOnlyWhereItIsAmbiguous) {
  const auto pair = arrow::struct_({field("b", arrow::int32()), field("b.c", arrow::int32())});
  const auto schema = arrow::schema(
      {field("a", pair), field("a.b", arrow::int64()), field("only.dotted", arrow::int64())});
  EXPECT_THAT(*ColumnsNamed(*schema, "only.dotted"), ElementsAre(2));
  EXPECT_THAT(*ColumnsNamed(*schema, "a.b.c"), ElementsAre(4));
  EXPECT_THAT(*ColumnsNamed(*schema, "a"), ElementsAre(3, 4));
  const auto ambiguous = ColumnsNamed(*schema, "a.b").status();
  EXPECT_EQ(base::KindOf(ambiguous), base::ErrorKind::kUsage);
  EXPECT_THAT(ambiguous.message(), HasSubstr("stands for 2 columns"));
}

TEST(StructMembers, AMemberIsNullWhereAnythingAboveItIs) {
  const auto schema = SmallSchema();
  const auto column =
      arrow::json::ArrayFromJSONString(
          schema->field(1)->type(),
          R"([{"b": 1, "c": {"d": "p", "e": [1]}}, null, {"b": 2, "c": null}, {"b": 3, "c": {"d": null, "e": []}}])")
          .ValueOrDie();
  const auto members = StructMembers(*schema);
  const auto expect = [&](size_t member, const char* json) {
    const auto taken = TakeMember(column, members[member], arrow::default_memory_pool());
    ASSERT_TRUE(taken.ok()) << taken.status().ToString();
    const auto expected =
        arrow::json::ArrayFromJSONString(members[member].field->type(), json).ValueOrDie();
    EXPECT_TRUE((*taken)->Equals(*expected)) << (*taken)->ToString();
  };
  expect(0, "[1, null, 2, 3]");
  expect(1, R"(["p", null, null, null])");
  expect(2, "[[1], null, null, []]");
  EXPECT_FALSE(TakeMember((*TakeMember(column, members[0], arrow::default_memory_pool())),
                          members[0], arrow::default_memory_pool())
                   .ok());
}

}  // namespace
}  // namespace emberharmony::io
