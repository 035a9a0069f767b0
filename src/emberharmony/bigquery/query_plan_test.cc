#include "emberharmony/bigquery/query_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TableName kTable{"my-proj", "ds", "t"};

TEST(PlanQuery, WritesSqlAndReadOptions) {
  const auto all = PlanQuery({kTable, {}, "", std::nullopt});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->sql, "SELECT * FROM `my-proj.ds.t`");
  EXPECT_THAT(all->columns, IsEmpty());
  EXPECT_EQ(all->row_restriction, "");

  const auto some = PlanQuery({kTable, {"b", "a"}, "x>1 and (s = 'o\\'k')", 10});
  ASSERT_TRUE(some.ok()) << some.status().message();
  EXPECT_EQ(some->sql,
            "SELECT `b`, `a` FROM `my-proj.ds.t` WHERE " + some->row_restriction + " LIMIT 10");
  EXPECT_EQ(some->row_restriction, R"(x > 1 AND s = 'o\'k')");
  EXPECT_EQ(some->limit, 10);
}

TEST(PlanQuery, PartsOfStructsAreReadAlone) {
  const auto plan = PlanQuery({kTable, {"r.x", "r.y", "a", "q.z", "q", "a", "r.x.deep"}, "", {}});
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->columns, ElementsAre("r.x", "r.y", "a", "q"));
  EXPECT_EQ(plan->sql, "SELECT `r`, `a`, `q` FROM `my-proj.ds.t`");
}

TEST(PlanQuery, NothingInANameOrAFilterBecomesAnotherPartOfTheQuery) {
  const auto names =
      PlanQuery({{"p", "d", "t` UNION ALL SELECT * FROM `x"}, {"a`, (SELECT 1) `b\\"}, "", {}});
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names->sql,
            R"(SELECT `a\`, (SELECT 1) \`b\\` FROM `p.d.t\` UNION ALL SELECT * FROM \`x`)");
  for (const char* filter : {"1 = 1) UNION ALL SELECT * FROM (SELECT 1", "x = 1; DROP TABLE t",
                             "x = 1 -- ", "TRUE /*", "x = (SELECT 1)", "x = 'a' 'b'",
                             "x = 1 LIMIT 1", "f(x) = 1", "TRUE FOR SYSTEM_TIME AS OF 1"}) {
    const auto plan = PlanQuery({kTable, {}, filter, {}});
    if (!plan.ok()) {
      EXPECT_EQ(base::KindOf(plan.status()), base::ErrorKind::kUsage) << filter;
      EXPECT_THAT(plan.status().message(), HasSubstr("filter:1:")) << filter;
    } else {
      // A comment is no part of what is written anew.
      EXPECT_EQ(plan->row_restriction, "x = 1") << filter;
    }
  }
  EXPECT_EQ(PlanQuery({kTable, {}, "x = '\\'; DROP TABLE t; --'", {}})->row_restriction,
            R"(x = '\'; DROP TABLE t; --')");
}

TEST(PlanQuery, RefusesWhatCannotBeMeant) {
  for (const char* column : {"", ".", "a.", ".a", "a..b", "\xFF"}) {
    EXPECT_FALSE(PlanQuery({kTable, {column}, "", {}}).ok()) << column;
  }
  EXPECT_FALSE(PlanQuery({kTable, {}, "", -1}).ok());
  EXPECT_EQ(PlanQuery({kTable, {}, " \n", 0})->sql, "SELECT * FROM `my-proj.ds.t` LIMIT 0");
}

TEST(CountSql, CountsWhatPasses) {
  EXPECT_EQ(*CountSql(kTable, ""), "SELECT COUNT(*) AS n FROM `my-proj.ds.t`");
  EXPECT_EQ(*CountSql(kTable, "x is null"),
            "SELECT COUNT(*) AS n FROM `my-proj.ds.t` WHERE x IS NULL");
  EXPECT_FALSE(CountSql(kTable, "x ==").ok());
}

}  // namespace
}  // namespace emberharmony::bigquery
