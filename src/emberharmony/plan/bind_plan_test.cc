#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/plan.h"

namespace emberharmony::plan {
namespace {

arrow::Schema Flights() {
  return arrow::Schema(
      {arrow::field("date", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("delay", arrow::int64()), arrow::field("distance", arrow::int64()),
       arrow::field("origin", arrow::utf8()), arrow::field("destination", arrow::utf8()),
       arrow::field("stops", arrow::list(arrow::utf8())),
       arrow::field("price", arrow::decimal128(10, 2))});
}

Plan ParsedPlan(std::string_view text) {
  auto plan = ParsePlan(text, "plan.yaml");
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : Plan();
}

std::string BindRefusal(std::string_view text, const arrow::Schema& schema = Flights()) {
  const auto bound = BindPlan(ParsedPlan(text), schema, "plan.yaml", true);
  EXPECT_FALSE(bound.ok());
  if (bound.ok()) return "";
  EXPECT_EQ(base::KindOf(bound.status()), base::ErrorKind::kUsage);
  return bound.status().message();
}

TEST(BindPlan, MakesAPipelineForEachColumnInPlanOrder) {
  const auto bound = BindPlan(ParsedPlan(R"(version: 1
target: delay
split: {key: [date, origin]}
features:
  - columns: [destination, origin]
    steps: [vocabulary]
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
)"),
                              Flights(), "plan.yaml", true);
  ASSERT_TRUE(bound.ok()) << bound.status();
  ASSERT_EQ(bound->pipelines.size(), 3u);
  EXPECT_EQ(bound->source_columns, (std::vector<int>{4, 3, 2}));
  EXPECT_EQ(bound->pipelines[0]->source_column(), "destination");
  EXPECT_EQ(bound->pipelines[2]->num_steps(), 2);
  EXPECT_FALSE(bound->pipelines[2]->learned());
  EXPECT_EQ(bound->target_column, 1);
  EXPECT_EQ(bound->key_columns, (std::vector<int>{0, 3}));
}

TEST(BindPlan, ReportsEverythingTogether) {
  EXPECT_EQ(
      BindRefusal(R"(version: 1
target: dellay
split: {key: [date, orgin, price, stops]}
features:
  - columns: [ditance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, stops]
    steps: [one-hot]
  - columns: [destination]
    steps: [vocabulry]
  - columns: [date]
    steps: [{cyclical: [hour]}]
)"),
      "plan.yaml:2:9: unknown target 'dellay'; did you mean 'delay'?\n"
      "plan.yaml:3:21: unknown key column 'orgin'; did you mean 'origin'?\n"
      "plan.yaml:3:28: split.key 'price': a key column must hold strings, integers, floats, "
      "booleans, dates or "
      "timestamps, but its type is decimal128(10, 2); choose another key column, or leave the key "
      "out to split by "
      "the whole row\n"
      "plan.yaml:3:35: key column 'stops' is a list (list<item: string>); no step of this version "
      "takes one, leave it out\n"
      "plan.yaml:5:15: unknown column 'ditance'; did you mean 'distance'?\n"
      "plan.yaml:7:23: column 'stops' is a list (list<item: string>); list_length, list_mean and "
      "multi_hot take lists\n"
      "plan.yaml:8:13: unknown step 'one-hot'; did you mean 'one_hot'?\n"
      "plan.yaml:10:13: unknown step 'vocabulry'; did you mean 'vocabulary'?\n"
      "the table's columns are: date, delay, distance, origin, destination, stops, price\n" +
          [] {
            std::vector<std::string> names = feature::TransformRegistry::Get().names();
            for (auto& name : feature::RowStepRegistry::Get().names()) names.push_back(name);
            std::sort(names.begin(), names.end());
            std::string steps;
            for (const auto& name : names) {
              steps += (steps.empty() ? "the steps are: " : ", ") + name;
            }
            return steps;
          }());
}

TEST(BindPlan, StepsThatCannotTakeTheirColumnAreMarked) {
  const std::string message = BindRefusal(R"(version: 1
features:
  - columns: [distance, origin]
    steps: [passthrough, {impute: median}]
  - columns: [destination]
    steps: [one_hot, log1p]
)");
  EXPECT_TRUE(message.starts_with("plan.yaml:4:27: ")) << message;
  EXPECT_NE(message.find("'origin'"), std::string::npos) << message;
  EXPECT_NE(message.find("\nplan.yaml:6:22: "), std::string::npos) << message;
  EXPECT_EQ(message.find("step 1"), std::string::npos) << message;
}

TEST(BindPlan, PlansWithoutTextNameColumnAndStep) {
  Plan plan;
  plan.features.push_back({{"origin"}, {{"impute", "median"}}, {}, {}, {}});
  const auto bound = BindPlan(plan, Flights(), "automatic plan", true);
  ASSERT_FALSE(bound.ok());
  EXPECT_TRUE(
      bound.status().message().starts_with("automatic plan: column 'origin': step 1 (impute): "))
      << bound.status().message();
}

TEST(BindPlan, TheTargetIsNoFeature) {
  const std::string text =
      "version: 1\ntarget: delay\nfeatures:\n  - {columns: [distance, delay], steps: "
      "[passthrough]}\n";
  EXPECT_EQ(BindRefusal(text),
            "plan.yaml:4:26: the target 'delay' is used as a feature, so it would leak into the "
            "features; take it out of "
            "columns");
}

TEST(BindPlan, AnAbsentTargetMatters) {
  const Plan plan = ParsedPlan(
      "version: 1\ntarget: gone\nfeatures:\n  - {columns: [distance], steps: [passthrough]}\n");
  const auto bound = BindPlan(plan, Flights(), "plan.yaml", false);
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->target_column, -1);
  EXPECT_FALSE(BindPlan(plan, Flights(), "plan.yaml", true).ok());
}

TEST(BindPlan, DuplicateOutputs) {
  EXPECT_EQ(
      BindRefusal(
          "version: 1\nfeatures:\n  - columns: [distance, distance]\n    steps: [passthrough]\n"),
      "plan.yaml:3:25: two outputs would be named 'distance': one of column 'distance', one of "
      "column 'distance'; "
      "leave one out");
  const arrow::Schema schema(
      {arrow::field("a", arrow::date32()), arrow::field("a_sin_month", arrow::int32())});
  EXPECT_NE(
      BindRefusal("version: 1\nfeatures:\n  - columns: [a]\n    steps: [{cyclical: [month]}]\n"
                  "  - columns: [a_sin_month]\n    steps: [passthrough]\n",
                  schema)
          .find("plan.yaml:5:15: two outputs would be named 'a_sin_month'"),
      std::string::npos);
}

TEST(BindPlan, TwoStepsThatNameTheirOutputsAlike) {
  const arrow::Schema schema({arrow::field("a", arrow::float64()),
                              arrow::field("b", arrow::float64()),
                              arrow::field("c", arrow::float64())});
  const auto refusal = [&](const std::string& second) {
    return BindRefusal(
        "version: 1\nfeatures:\n  - columns: [a, b]\n    steps: [{pca: 2}]\n"
        "  - columns: [b, c]\n    steps: [windows, " +
            second + "]\n",
        schema);
  };
  EXPECT_EQ(refusal("{pca: 2}"),
            "plan.yaml:5:15: two steps pca would name their outputs 'pca_1' and so on; give one of "
            "them a name of its own: pca: {name: other}");
  const Plan plan = ParsedPlan(
      "version: 1\nfeatures:\n  - columns: [a, b]\n    steps: [{pca: 2}]\n"
      "  - columns: [b, c]\n    steps: [windows, {pca: {components: 2, name: other}}]\n");
  EXPECT_TRUE(BindPlan(plan, schema, "plan.yaml", false).ok());
}

TEST(BindPlan, WhatAMatrixCannotHold) {
  const arrow::Schema schema({arrow::field("name", arrow::utf8()),
                              arrow::field("x", arrow::float64()),
                              arrow::field("features", arrow::int32())});
  const std::string text = BindRefusal(
      "version: 1\ntarget: features\nfeatures:\n  - columns: [x, name]\n"
      "    steps: [passthrough]\noutput: {layout: matrix}\n",
      schema);
  EXPECT_THAT(text, testing::HasSubstr("plan.yaml:2:9: the target is called 'features'"));
  EXPECT_THAT(text, testing::HasSubstr("plan.yaml:4:18: column 'name' has the type string"));
  EXPECT_EQ(text.find("'x'"), std::string::npos);
}

TEST(BindPlan, TheColumnOfATimeSplit) {
  const arrow::Schema schema({arrow::field("day", arrow::date32()),
                              arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO)),
                              arrow::field("text", arrow::utf8())});
  const auto refusal = [&](const std::string& split) {
    return BindRefusal("version: 1\nsplit: {method: time, " + split + "}\nfeatures: []\n", schema);
  };
  EXPECT_EQ(refusal("column: text"),
            "plan.yaml:2:31: split.column 'text': a time split takes a column of dates or "
            "timestamps, found string; convert it in the source, or split by method: hash");
  EXPECT_THAT(refusal("column: dya"),
              testing::HasSubstr("plan.yaml:2:31: unknown time column 'dya'; did you mean 'day'?"));
  EXPECT_EQ(refusal("column: day, validation_from: 2001-01-31 05:06, test_from: 2001-02-01"),
            "plan.yaml:2:53: split.validation_from: a date such as 2001-01-31 was expected, found "
            "'2001-01-31 05:06' for a column of date32[day]");
  EXPECT_EQ(refusal("column: at, test_from: 2001-01-31 05:06Z"),
            "plan.yaml:2:46: split.test_from: an instant without an offset from UTC was expected, "
            "found '2001-01-31 05:06Z' for a column of timestamp[us]");
  const auto plan = ParsePlan(
      "version: 1\nsplit: {method: time, column: at, test_from: 2001-01-31}\nfeatures: []\n", "p");
  ASSERT_TRUE(plan.ok());
  const auto bound = BindPlan(*plan, schema, "p", true);
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  EXPECT_EQ(bound->key_columns, std::vector<int>{1});
}

TEST(BindPlan, AmbiguousAndUnreadableNames) {
  const arrow::Schema schema({arrow::field("a", arrow::int32()), arrow::field("a", arrow::int32()),
                              arrow::field("b\xff", arrow::int32())});
  Plan plan;
  plan.features.push_back({{"a", "b\xff"}, {{"passthrough", nullptr}}, {}, {}, {}});
  const auto bound = BindPlan(plan, schema, "p", true);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.status().message(),
            "p: column 'a' appears 2 times in the table; names must be unique to be used\n"
            "p: column 'b\\xff': names that are not UTF-8 are not supported; rename the column");
}

}  // namespace
}  // namespace emberharmony::plan
