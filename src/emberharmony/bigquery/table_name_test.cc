#include "emberharmony/bigquery/table_name.h"

#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery {
namespace {

TEST(TableName, ReadsItsForms) {
  const TableName plain{"my-project", "data_set", "table-1"};
  for (const char* text : {"bigquery://my-project/data_set/table-1", "my-project.data_set.table-1",
                           "`my-project.data_set.table-1`", "`my-project`.`data_set`.`table-1`",
                           "projects/my-project/datasets/data_set/tables/table-1"}) {
    const auto name = TableName::Parse(text);
    ASSERT_TRUE(name.ok()) << text << ": " << name.status();
    EXPECT_EQ(*name, plain) << text;
  }
  EXPECT_EQ(plain.Resource(), "projects/my-project/datasets/data_set/tables/table-1");
  EXPECT_EQ(plain.Text(), "my-project.data_set.table-1");
  const auto domain = TableName::Parse("example.com:my-project.d.t");
  ASSERT_TRUE(domain.ok()) << domain.status();
  EXPECT_EQ(*domain, (TableName{"example.com:my-project", "d", "t"}));
  const auto foreign = TableName::Parse("p.d.täble 1");
  ASSERT_TRUE(foreign.ok()) << foreign.status();
}

TEST(TableName, RefusesTheRestAsUsageErrors) {
  for (const char* text : {"",
                           "t",
                           "d.t",
                           "p.d.t.x",
                           "p.d.",
                           "p..t",
                           ".d.t",
                           "bigquery://p/d",
                           "bigquery://p/d/t/x",
                           "bigquery:///d/t",
                           "projects/p/datasets/d",
                           "projects/p/datasets/d/tables/",
                           "projects/p/datasets/d/tables/t/x",
                           "P.d.t",
                           "p.d d.t",
                           "p.d.t$20200101",
                           "p.d.t@123",
                           "p.d.t;",
                           "p.d.\xff",
                           "`p.d.t",
                           "-p.d.t",
                           ":p.d.t",
                           "a b:p.d.t"}) {
    const auto name = TableName::Parse(text);
    ASSERT_FALSE(name.ok()) << text;
    EXPECT_EQ(base::KindOf(name.status()), base::ErrorKind::kUsage) << text;
  }
  EXPECT_NE(TableName::Parse("p.d.t$20200101").status().message().find("decorators"),
            std::string::npos);
}

}  // namespace
}  // namespace emberharmony::bigquery
