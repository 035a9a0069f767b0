#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::plan {
namespace {

struct Column {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  ColumnProfile profile;
};

Plan Automatic(const std::vector<Column>& columns, const AutomaticPlanOptions& options = {}) {
  arrow::FieldVector fields;
  std::vector<ColumnProfile> profiles;
  for (const Column& column : columns) {
    fields.push_back(arrow::field(column.name, column.type));
    profiles.push_back(column.profile);
  }
  auto plan = MakeAutomaticPlan(arrow::Schema(fields), profiles, options);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : Plan();
}

// The reason why a column of this kind is dropped, or "" when it is kept.
std::string Reason(std::shared_ptr<arrow::DataType> type, const ColumnProfile& profile) {
  const Plan plan = Automatic({{"c", std::move(type), profile}});
  EXPECT_EQ(plan.features.size() + plan.comments.size(), 1u);
  return plan.comments.empty() ? "" : plan.comments[0];
}

ColumnProfile Profile(int64_t count, int64_t nulls, int64_t distinct, double min = 0,
                      double max = 0) {
  ColumnProfile profile;
  profile.count = count;
  profile.null_count = nulls;
  profile.distinct_count = distinct;
  profile.min = min;
  profile.max = max;
  return profile;
}

TEST(AutomaticPlan, Flights) {
  AutomaticPlanOptions options;
  options.target = "delay";
  const Plan plan = Automatic(
      {{"date", arrow::timestamp(arrow::TimeUnit::MICRO), Profile(2400000, 0, 250000)},
       {"delay", arrow::int64(), Profile(2400000, 0, 1300, -80, 1400)},
       {"distance", arrow::int64(), Profile(2400000, 0, 1400, 20, 5000)},
       {"origin", arrow::utf8(), Profile(2400000, 0, 312)},
       {"carrier", arrow::utf8(), Profile(2400000, 10, 32)},
       {"cancelled", arrow::boolean(), Profile(2400000, 10, 2)},
       {"day", arrow::date32(), Profile(2400000, 0, 365)},
       {"price", arrow::decimal128(10, 2), Profile(2400000, 0, 5000)},
       {"state", arrow::dictionary(arrow::int8(), arrow::utf8()), Profile(2400000, 0, 33)}},
      options);
  EXPECT_EQ(WritePlan(plan), R"(version: 1
target: delay
split: {method: hash, train: 0.8, validation: 0.1, test: 0.1, seed: 42}
features:
  - columns: [date]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin]
    steps: [vocabulary]
  - columns: [carrier]
    steps: [one_hot]
  - columns: [cancelled]
    steps: [{impute: most_frequent}]
  - columns: [day]
    steps: [{cyclical: [day_of_week, day_of_month, month]}]
  - columns: [price]
    steps: [{impute: median}, {scale: standard}]
  - columns: [state]
    steps: [vocabulary]
output: {dtype: float32, layout: columns}
)");
}

TEST(AutomaticPlan, DropsWithReasons) {
  EXPECT_EQ(Reason(arrow::int64(), Profile(0, 0, 0)),
            "dropped 'c': there are no training rows to learn from");
  EXPECT_EQ(Reason(arrow::int64(), Profile(0, 7, 0)), "dropped 'c': all 7 training rows are null");
  EXPECT_EQ(Reason(arrow::float64(), Profile(9, 91, 5)),
            "dropped 'c': 91.0 % of its rows are null, more than 90.0 %");
  EXPECT_EQ(Reason(arrow::float64(), Profile(10, 90, 5)), "");
  EXPECT_EQ(Reason(arrow::utf8(), Profile(100, 0, 1)),
            "dropped 'c': it has one value in the training rows");
  EXPECT_EQ(Reason(arrow::binary(), ColumnProfile()),
            "dropped 'c': there is no automatic step for type binary");
  EXPECT_EQ(Reason(arrow::time64(arrow::TimeUnit::MICRO), ColumnProfile()),
            "dropped 'c': there is no automatic step for type time64[us]");
  EXPECT_EQ(Reason(arrow::list(arrow::int32()), ColumnProfile()),
            "dropped 'c': there is no automatic step for type list<item: int32>");
  EXPECT_EQ(Reason(arrow::null(), ColumnProfile()), "dropped 'c': it has no values");
}

TEST(AutomaticPlan, Identifiers) {
  // Strings: distinct in over 0.95 of at least 1,000 rows that are not null.
  EXPECT_EQ(Reason(arrow::utf8(), Profile(1000, 0, 951)),
            "dropped 'c': it looks like an identifier (951 distinct values in 1000 rows)");
  EXPECT_EQ(Reason(arrow::utf8(), Profile(1000, 0, 950)), "");
  EXPECT_EQ(Reason(arrow::utf8(), Profile(999, 500, 999)), "");
  // Integers: at least 0.95, and at least half of their range filled.
  ColumnProfile estimated = Profile(2000, 0, 1900, 1, 3800);
  estimated.distinct_exact = false;
  EXPECT_EQ(Reason(arrow::int32(), estimated),
            "dropped 'c': it looks like an identifier (about 1900 distinct values in 2000 rows)");
  EXPECT_EQ(Reason(arrow::int32(), Profile(2000, 0, 1900, 1, 3801)), "");
  EXPECT_EQ(Reason(arrow::int32(), Profile(2000, 0, 1899, 1, 3800)), "");
  EXPECT_EQ(Reason(arrow::float64(), Profile(2000, 0, 2000, 0, 1999)), "");
  EXPECT_EQ(Reason(arrow::timestamp(arrow::TimeUnit::SECOND), Profile(2000, 0, 2000)), "");
}

TEST(AutomaticPlan, InfinitiesAreMadeMissing) {
  ColumnProfile profile = Profile(100, 0, 50, 0, INFINITY);
  profile.infinity_count = 3;
  const Plan plan = Automatic({{"x", arrow::float64(), profile}});
  ASSERT_EQ(plan.features.size(), 1u);
  EXPECT_EQ(WriteSteps(plan.features[0].steps), "[finite, {impute: median}, {scale: standard}]");
  EXPECT_EQ(plan.comments,
            (std::vector<std::string>{"'x' holds 3 infinite values, which finite makes missing"}));
  // They count as missing, and not as values that differ.
  profile.infinity_count = 91;
  EXPECT_EQ(Reason(arrow::float64(), profile),
            "dropped 'c': 91.0 % of its rows are null or infinite, more than 90.0 %");
  ColumnProfile one_finite = Profile(100, 0, 3, -INFINITY, INFINITY);
  one_finite.infinity_count = 2;
  EXPECT_EQ(Reason(arrow::float64(), one_finite),
            "dropped 'c': it has one finite value in the training rows, or none");
}

TEST(AutomaticPlan, NamesOfAnyKind) {
  const ColumnProfile profile = Profile(100, 0, 50, 0, 99);
  const Plan plan = Automatic({{"a\nb: c", arrow::int32(), Profile(100, 0, 1)},
                               {"t", arrow::date32(), profile},
                               {"t_cos_month", arrow::int32(), profile},
                               {"twice", arrow::int32(), profile},
                               {"twice", arrow::int32(), profile},
                               {"\xff", arrow::int32(), profile},
                               {"# \"x\"", arrow::int32(), profile}});
  EXPECT_EQ(plan.comments,
            (std::vector<std::string>{
                "dropped 'a\\nb: c': it has one value in the training rows",
                "dropped 't_cos_month': its output 't_cos_month' would have another one's name",
                "dropped 'twice': the table has several columns of this name",
                "dropped 'twice': the table has several columns of this name",
                "dropped '\\xff': its name is not UTF-8"}));
  const auto again = ParsePlan(WritePlan(plan), "p");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->features.back().columns[0], "# \"x\"");
  EXPECT_EQ(again->comments, plan.comments);
}

TEST(AutomaticPlan, TargetAndSeed) {
  AutomaticPlanOptions options;
  options.target = "dely";
  options.seed = 7;
  const arrow::Schema schema({arrow::field("delay", arrow::int64())});
  const auto plan = MakeAutomaticPlan(schema, {ColumnProfile()}, options);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(base::KindOf(plan.status()), base::ErrorKind::kUsage);
  EXPECT_EQ(plan.status().message(),
            "the table has no column 'dely' to be the target; did you mean 'delay'?");
  options.target = "delay";
  const auto made = MakeAutomaticPlan(schema, {ColumnProfile()}, options);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->split.seed, 7);
  EXPECT_TRUE(made->features.empty());
  EXPECT_TRUE(made->comments.empty());
}

TEST(AutomaticPlan, DetectionLearnsWhatTheStepsNeed) {
  const auto keys = [](const arrow::DataType& type) {
    std::vector<std::string> keys;
    for (const auto& analyzer : DetectionAnalyzers(type)) keys.push_back(analyzer->state_key());
    return keys;
  };
  EXPECT_EQ(keys(*arrow::int16()),
            (std::vector<std::string>{"moments", "value_histogram/65536", "distinct_count"}));
  EXPECT_EQ(keys(*arrow::utf8()), (std::vector<std::string>{"value_counts"}));
  EXPECT_EQ(keys(*arrow::boolean()), (std::vector<std::string>{"value_counts"}));
  EXPECT_EQ(keys(*arrow::date32()), (std::vector<std::string>{"distinct_count"}));
  EXPECT_TRUE(keys(*arrow::list(arrow::int32())).empty());
  EXPECT_TRUE(keys(*arrow::binary()).empty());
}

TEST(AutomaticPlan, WishesAboutColumns) {
  AutomaticPlanOptions options;
  options.target = "y";
  options.categorical = {"code", "flag"};
  options.left_out = {{"when", "it is the index"}, {"place", "it was asked for"}};
  options.split = SplitSpec();
  options.split->method = SplitMethod::kTime;
  options.split->time_column = "when";
  const ColumnProfile profile = Profile(2000, 0, 2000, 0, 1999);
  const Plan plan = Automatic({{"code", arrow::int64(), profile},
                               {"flag", arrow::boolean(), Profile(2000, 0, 2)},
                               {"number", arrow::int64(), Profile(2000, 0, 100)},
                               {"place.city", arrow::utf8(), Profile(2000, 0, 5)},
                               {"placement", arrow::utf8(), Profile(2000, 0, 5)},
                               {"when", arrow::timestamp(arrow::TimeUnit::SECOND), profile},
                               {"y", arrow::int64(), profile}},
                              options);
  EXPECT_EQ(WritePlan(plan), R"(version: 1
target: "y"
split: {method: time, column: when, train: 0.8, validation: 0.1, test: 0.1}
# dropped 'place.city': it was asked for
# dropped 'when': it is the index
features:
  - columns: [code]
    steps: [vocabulary]
  - columns: [flag]
    steps: [one_hot]
  - columns: [number]
    steps: [{impute: median}, {scale: standard}]
  - columns: [placement]
    steps: [one_hot]
output: {dtype: float32, layout: columns}
)");
}

TEST(AutomaticPlan, WishesThatCannotBe) {
  const arrow::Schema schema(
      {arrow::field("x", arrow::int64()), arrow::field("when", arrow::date32()),
       arrow::field("st.p", arrow::int64()), arrow::field("st.q.r", arrow::utf8()),
       arrow::field("ts", arrow::int64())});
  const auto fault = [&](const AutomaticPlanOptions& options) {
    const arrow::Status status = CheckAutomaticPlanOptions(schema, options);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
    return status.message();
  };
  AutomaticPlanOptions options;
  EXPECT_TRUE(CheckAutomaticPlanOptions(schema, options).ok());
  options.categorical = {"xs"};
  EXPECT_EQ(fault(options), "the table has no column 'xs' to be categorical; did you mean 'x'?");
  options.categorical = {"st"};
  EXPECT_EQ(fault(options),
            "the table has no column 'st' to be categorical; it has fields, name those: 'st.p', "
            "'st.q.r'");
  options.categorical = {"when"};
  EXPECT_EQ(fault(options),
            "the column 'when' cannot be categorical: expected numbers, booleans or text, found "
            "date32[day]");
  options.categorical = {"x"};
  EXPECT_TRUE(CheckAutomaticPlanOptions(schema, options).ok());
  options.left_out = {{"whem", "why"}};
  EXPECT_EQ(fault(options), "the table has no column 'whem' to be left out; did you mean 'when'?");
}

}  // namespace
}  // namespace emberharmony::plan
