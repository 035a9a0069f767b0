#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "emberharmony/engine/report_columns_internal.h"
#include "emberharmony/engine/report_html.h"
#include "emberharmony/engine/runs.h"

namespace emberharmony::engine::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kLong(500, 'n');

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("x", arrow::float64()),
                        arrow::field("when", arrow::date32()), arrow::field("y", arrow::int32()),
                        arrow::field("a\nb': c", arrow::utf8()), arrow::field(kLong, arrow::utf8()),
                        arrow::field("<i>k", arrow::utf8()), arrow::field("spare", arrow::utf8()),
                        arrow::field("gone", arrow::utf8())});
}

// A plan without anything to learn.
RunReport Report(const std::string& command) {
  plan::Plan plan;
  plan.target = plan::TargetSpec{"y", false, {}};
  plan.split.key = {"<i>k"};
  plan.features = {{{"x"}, {{"clip", {{"min", 0}, {"max", 10}}}, {"log1p", nullptr}}, {}, {}, {}},
                   {{"when"}, {{"cyclical", {"month"}}}, {}, {}, {}},
                   {{"gone"}, {{"drop", nullptr}}, {}, {}, {}}};
  // As the automatic plan writes them, and as they are read back from plan.yaml.
  plan.comments = {"dropped 'id': it looks like an identifier",
                   "dropped 'a\\nb': c': it is constant",
                   "dropped '" + kLong.substr(0, 120) + "...': all 7 training rows are null",
                   "'x' holds 3 infinite values, which finite makes missing"};
  RunReport report;
  report.command = command;
  report.source_schema = Schema();
  auto bound = plan::BindPlan(plan, *Schema(), "plan", /*require_target=*/true);
  EXPECT_TRUE(bound.ok()) << bound.status();
  auto model = plan::FittedPlan::Make(plan, Schema(), *std::move(bound));
  EXPECT_TRUE(model.ok()) << model.status();
  report.model = *model;
  return report;
}

TEST(ReportColumnsTest, EachColumnOfTheSourceWithItsStepsOutputsOrReason) {
  RunReport report = Report("extract");
  report.profiles.resize(9);
  report.profiles[1] = {70, 30, 5, true, -1, 12, 0};
  const ReportColumns collected = CollectColumns(report);
  ASSERT_EQ(collected.columns.size(), 9);
  const auto& columns = collected.columns;
  EXPECT_EQ(columns[0].reason, "it looks like an identifier");
  EXPECT_EQ(columns[4].reason, "it is constant");
  EXPECT_EQ(columns[5].reason, "all 7 training rows are null");
  EXPECT_EQ(columns[6].reason, "it only decides the split");
  EXPECT_EQ(columns[7].reason, "the plan does not use it");
  EXPECT_EQ(columns[8].reason, "the plan drops it");

  EXPECT_EQ(columns[1].type, "double");
  ASSERT_TRUE(columns[1].profile.has_value());
  EXPECT_EQ(columns[1].profile->null_count, 30);
  EXPECT_FALSE(columns[2].profile.has_value());
  ASSERT_EQ(columns[1].pipelines.size(), 1);
  ASSERT_EQ(columns[1].pipelines[0].steps.size(), 2);
  EXPECT_EQ(columns[1].pipelines[0].steps[0].name(), "clip");
  EXPECT_EQ(columns[1].pipelines[0].steps[0].Number("max"), 10.0);
  EXPECT_EQ(columns[1].pipelines[0].steps[0].Number("absent"), std::nullopt);
  ASSERT_EQ(columns[2].pipelines[0].outputs.size(), 2);
  EXPECT_EQ(columns[2].pipelines[0].outputs[0].name, "when_sin_month");
  EXPECT_EQ(columns[2].pipelines[0].outputs[0].type, "float");
  EXPECT_TRUE(columns[3].is_target);
  EXPECT_EQ(columns[3].num_outputs(), 1);
  EXPECT_EQ(collected.num_outputs, 4);
  EXPECT_THAT(collected.notes, ElementsAre(HasSubstr("'x' holds 3 infinite values")));
}

TEST(ReportColumnsTest, TransformWithoutTheTargetWritesNone) {
  RunReport report = Report("transform");
  report.source_schema = *Schema()->RemoveField(3);
  const ReportColumns collected = CollectColumns(report);
  EXPECT_EQ(collected.columns.size(), 8);
  EXPECT_EQ(collected.num_outputs, 3);
}

TEST(ReportColumnsTest, NoModelNoColumns) {
  EXPECT_THAT(CollectColumns(RunReport()).columns, IsEmpty());
}

TEST(ReportColumnsTest, TheWholePageOfRealSteps) {
  const std::string html = ReportHtml(Report("extract"));
  for (const char* expected : {"clip from 0 to 10 \u2192 log1p", "cyclical month", "when_cos_month",
                               "hash of &lt;i&gt;k; train 0.8", "it only decides the split"}) {
    EXPECT_THAT(html, HasSubstr(expected));
  }
  EXPECT_THAT(html, Not(HasSubstr("<i>")));
}

}  // namespace
}  // namespace emberharmony::engine::internal
