#include "emberharmony/engine/warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/engine/runs.h"
#include "emberharmony/engine/warnings_internal.h"

namespace emberharmony::engine::internal {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RunReport ExtractReport() {
  RunReport report;
  report.command = "extract";
  report.num_rows = 100;
  report.manifest.splits = {{"train", {80, ""}}, {"validation", {10, ""}}, {"test", {10, ""}}};
  return report;
}

ReportColumns OneColumn(const std::string& name, std::vector<json> steps) {
  ReportColumn column;
  column.name = name;
  column.pipelines.emplace_back();
  for (json& step : steps) column.pipelines[0].steps.push_back({std::move(step), {}});
  ReportColumns columns;
  columns.columns.push_back(std::move(column));
  return columns;
}

std::vector<std::string> WarningsOfStep(const json& step) {
  return WarningsOf(ExtractReport(), OneColumn("x", {step}));
}

TEST(WarningsTest, AnOrdinaryRunHasNone) {
  EXPECT_THAT(WarningsOf(ExtractReport(), {}), IsEmpty());
  EXPECT_THAT(WarningsOfStep({{"step", "impute"}, {"count", 40}, {"null_count", 40}, {"fill", 1}}),
              IsEmpty());
  EXPECT_THAT(WarningsOfStep({{"step", "scale"}, {"count", 80}, {"variance", 0.5}}), IsEmpty());
  EXPECT_THAT(
      WarningsOfStep({{"step", "vocabulary"}, {"count", 80}, {"size", 3}, {"oov_count", 40}}),
      IsEmpty());
  EXPECT_THAT(WarningsOfStep({{"step", "one_hot"}, {"categories", std::vector<int>(1000)}}),
              IsEmpty());
}

TEST(WarningsTest, EmptySplitsInOrder) {
  RunReport report = ExtractReport();
  report.manifest.splits["validation"].num_rows = 0;
  report.manifest.splits["test"].num_rows = 0;
  EXPECT_THAT(WarningsOf(report, {}), ElementsAre(HasSubstr("the validation split has no rows"),
                                                  HasSubstr("the test split has no rows")));
}

TEST(WarningsTest, AnEmptyTableIsOneWarningAndNotOneForEachColumn) {
  RunReport report = ExtractReport();
  report.num_rows = 0;
  for (auto& [name, split] : report.manifest.splits) split.num_rows = 0;
  const json step = {{"step", "vocabulary"}, {"count", 0}, {"size", 0}, {"oov_count", 0}};
  EXPECT_THAT(WarningsOf(report, OneColumn("x", {step})),
              ElementsAre(HasSubstr("the source has no rows")));
  report.why_no_rows = "no row of the source passes --where";
  EXPECT_THAT(WarningsOf(report, OneColumn("x", {step})),
              ElementsAre(HasSubstr("no row of the source passes --where: the output has")));
}

TEST(WarningsTest, MostlyFilled) {
  EXPECT_THAT(
      WarningsOfStep({{"step", "impute"}, {"count", 20}, {"null_count", 60}, {"fill", 1234.5}}),
      ElementsAre("'x': 75 % of the training rows are null and were filled with 1,234.5"));
  EXPECT_THAT(
      WarningsOfStep({{"step", "impute"}, {"count", 20}, {"null_count", 60}, {"fill", "a\nb"}}),
      ElementsAre("'x': 75 % of the training rows are null and were filled with 'a\\nb'"));
  EXPECT_THAT(
      WarningsOfStep(
          {{"step", "impute"}, {"count", 20}, {"null_count", 60}, {"fill", 18446744073709551615u}}),
      ElementsAre(HasSubstr("filled with 18446744073709551615")));
}

TEST(WarningsTest, ConstantScale) {
  EXPECT_THAT(WarningsOfStep({{"step", "scale"}, {"count", 80}, {"variance", 0.0}}),
              ElementsAre(HasSubstr("'x': the training rows hold one value only")));
  EXPECT_THAT(WarningsOfStep({{"step", "scale"}, {"count", 80}, {"min", 2.0}, {"max", 2.0}}),
              ElementsAre(HasSubstr("one value only")));
  // An impute's range says nothing about a scale.
  EXPECT_THAT(WarningsOfStep({{"step", "impute"}, {"count", 80}, {"min", 2.0}, {"max", 2.0}}),
              IsEmpty());
}

TEST(WarningsTest, VocabularyThatMissesMost) {
  EXPECT_THAT(
      WarningsOfStep({{"step", "vocabulary"}, {"count", 80}, {"size", 3}, {"oov_count", 60}}),
      ElementsAre(AllOf(HasSubstr("'x': 75 % of the training rows with a value"),
                        HasSubstr("vocabulary of 3"))));
  EXPECT_THAT(WarningsOfStep({{"step", "vocabulary"}, {"count", 0}, {"size", 0}, {"oov_count", 0}}),
              ElementsAre(HasSubstr("its vocabulary is empty")));
}

TEST(WarningsTest, OneHotTooWideOrEmpty) {
  EXPECT_THAT(WarningsOfStep({{"step", "one_hot"}, {"categories", std::vector<int>(1001)}}),
              ElementsAre("'x': one_hot yields 1,001 columns; a vocabulary takes one"));
  EXPECT_THAT(WarningsOfStep({{"step", "one_hot"}, {"categories", json::array()}}),
              ElementsAre(HasSubstr("one_hot yields no columns")));
}

TEST(WarningsTest, NullTargets) {
  ReportColumns columns;
  columns.columns.emplace_back();
  columns.columns[0].name = "delay";
  columns.columns[0].is_target = true;
  columns.columns[0].profile = plan::ColumnProfile{};
  columns.columns[0].profile->count = 60;
  columns.columns[0].profile->null_count = 20;
  EXPECT_THAT(WarningsOf(ExtractReport(), columns),
              ElementsAre(HasSubstr("'delay': the target is null in 25 %")));
  columns.drops_null_targets = true;
  EXPECT_THAT(WarningsOf(ExtractReport(), columns), IsEmpty());
}

TEST(WarningsTest, TransformRepeatsNothingThatTheFitSaid) {
  RunReport report = ExtractReport();
  report.command = "transform";
  report.manifest.splits = {{"all", {100, ""}}};
  const json step = {{"step", "impute"}, {"count", 1}, {"null_count", 60}, {"fill", 1}};
  EXPECT_THAT(WarningsOf(report, OneColumn("x", {step})), IsEmpty());
}

TEST(WarningsTest, ManyAreCutAndCounted) {
  const json step = {{"step", "scale"}, {"count", 80}, {"variance", 0.0}};
  ReportColumns columns;
  for (int i = 0; i < 250; ++i) {
    columns.columns.push_back(OneColumn("c" + std::to_string(i), {step}).columns[0]);
  }
  const auto warnings = WarningsOf(ExtractReport(), columns);
  ASSERT_EQ(warnings.size(), 101);
  EXPECT_THAT(warnings[0], HasSubstr("'c0'"));
  EXPECT_THAT(warnings[99], HasSubstr("'c99'"));
  EXPECT_EQ(warnings[100], "and 150 more");
}

TEST(WarningsTest, NamesAreSafeForTerminals) {
  const json step = {{"step", "scale"}, {"count", 80}, {"variance", 0.0}};
  const auto warnings =
      WarningsOf(ExtractReport(), OneColumn("\x1b[2J" + std::string(1000, 'n') + "\n", {step}));
  ASSERT_EQ(warnings.size(), 1);
  EXPECT_THAT(warnings[0], AllOf(HasSubstr("'\\x1b[2Jnnn"), HasSubstr("\u2026'")));
  EXPECT_LT(warnings[0].size(), 300);
}

}  // namespace
}  // namespace emberharmony::engine::internal
