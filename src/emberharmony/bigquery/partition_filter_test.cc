#include "emberharmony/bigquery/partition_filter.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

namespace emberharmony::bigquery {
namespace {

TEST(PartitionFilter, KnowsTheRefusal) {
  // As BigQuery's Storage Read API words it (GoogleCloudPlatform/DataflowTemplates#2273).
  EXPECT_TRUE(
      RequiresPartitionFilter("request failed: Query error: Cannot query over table 'p.d.t' "
                              "without a filter over column(s) "
                              "'day' that can be used for partition elimination"));
  EXPECT_FALSE(RequiresPartitionFilter("request failed: Row filter for p.d.t is invalid."));
}

TEST(PartitionFilter, NamesTheColumnThatIsMissing) {
  const std::string before = "Cannot query over table 'p.d.t' without a filter over column(s) ";
  const std::string behind = " that can be used for partition elimination";
  EXPECT_EQ(PartitionColumnOf(before + "'day'" + behind), "day");
  EXPECT_EQ(PartitionColumnOf(
                before + "'_PARTITION_LOAD_TIME', '_PARTITIONDATE', '_PARTITIONTIME'" + behind),
            "_PARTITIONDATE");
  EXPECT_EQ(PartitionColumnOf(before + "'_PARTITION_LOAD_TIME'" + behind), "");
  EXPECT_EQ(PartitionColumnOf(before + "''" + behind), "");
  EXPECT_EQ(PartitionColumnOf(before + "'day" + behind), "");
  EXPECT_EQ(PartitionColumnOf("without a filter" + behind), "");
  EXPECT_EQ(PartitionColumnOf(behind + " column(s) 'a'"), "");
}

TEST(PartitionFilter, RestrictsTheColumnThatIsMissing) {
  const std::string before = "Cannot query over table 'p.d.t' without a filter over column(s) ";
  const std::string behind = " that can be used for partition elimination";
  EXPECT_EQ(ConditionOnPartitions(before + "'day'" + behind), "day IS NULL");
  EXPECT_EQ(ConditionOnPartitions(before + "'the day'" + behind), "`the day` IS NULL");
  EXPECT_EQ(ConditionOnPartitions(before + "'_PARTITION_LOAD_TIME', '_PARTITIONTIME'" + behind),
            "_PARTITIONTIME IS NULL");
  EXPECT_EQ(ConditionOnPartitions("Not found"), "");
}

TEST(PartitionFilter, TriesTheTermsOfACondition) {
  using Conditions = std::vector<std::string>;
  EXPECT_EQ(ConditionsToShow("a > 1"), Conditions{"a > 1"});
  EXPECT_EQ(ConditionsToShow("a > 1 OR b = 2"), Conditions{"a > 1 OR b = 2"});
  EXPECT_EQ(ConditionsToShow("a>1 AND (b = 2 OR NOT c) and d IS NULL"),
            (Conditions{"a>1 AND (b = 2 OR NOT c) and d IS NULL", "a > 1", "b = 2 OR NOT c",
                        "d IS NULL"}));
  EXPECT_EQ(ConditionsToShow("a >"), Conditions{});
  std::string many = "a = 0";
  for (int i = 0; i < 100; ++i) many += " AND a != 1";
  EXPECT_EQ(ConditionsToShow(many).size(), 16u);
}

TEST(PartitionFilter, AddsWhatConditionsMayName) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  const auto wider = WithPartitionTimes(schema);
  EXPECT_EQ(wider->field_names(),
            (std::vector<std::string>{"a", "_PARTITIONTIME", "_PARTITIONDATE"}));
  EXPECT_EQ(wider->field(1)->type()->ToString(), "timestamp[us, tz=UTC]");
  EXPECT_EQ(wider->field(2)->type()->ToString(), "date32[day]");
  EXPECT_EQ(WithPartitionTimes(arrow::schema({arrow::field("_partitiontime", arrow::utf8())}))
                ->num_fields(),
            1);
}

}  // namespace
}  // namespace emberharmony::bigquery
