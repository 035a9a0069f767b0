#include "emberharmony/engine/column_distribution.h"

#include <arrow/builder.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/feature/pipeline.h"

namespace emberharmony::engine {
namespace {

using Arrays = std::vector<std::shared_ptr<arrow::Array>>;

std::unique_ptr<feature::Pipeline> Pipeline(const std::shared_ptr<arrow::DataType>& type) {
  auto pipeline = feature::Pipeline::Make(0, arrow::Field("x", type), {{"passthrough", nullptr}},
                                          {arrow::float32()});
  EXPECT_TRUE(pipeline.ok()) << pipeline.status();
  return *std::move(pipeline);
}

std::shared_ptr<arrow::Array> Doubles(const std::vector<double>& values,
                                      const std::vector<bool>& valid = {}) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(
      (valid.empty() ? builder.AppendValues(values) : builder.AppendValues(values, valid)).ok());
  return *builder.Finish();
}

class ColumnDistributionTest : public testing::Test {
 protected:
  ColumnDistribution Make(const std::shared_ptr<arrow::DataType>& type,
                          const ColumnDistribution::Options& options = {}) {
    pipeline_ = Pipeline(type);
    return {*pipeline_, *type, options, budget_.get()};
  }
  std::shared_ptr<base::MemoryBudget> budget_ = base::MemoryBudget::MakeRoot("test", 0);
  std::unique_ptr<feature::Pipeline> pipeline_;
};

const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

TEST_F(ColumnDistributionTest, PlainAndEncodedRowsCountTheSame) {
  // The rows 1 2 null NaN inf 2 2 -inf 1, the fifth of which no split has.
  const std::vector<uint8_t> splits = {0, 1, 2, 0, kDroppedRow, 1, 0, 2, 0};
  ColumnDistribution plain = Make(arrow::float64());
  DistributionCounter plain_counter(&plain, budget_.get());
  const auto rows = Doubles({1, 2, 0, kNan, kInf, 2, 2, -kInf, 1},
                            {true, true, false, true, true, true, true, true, true});
  ASSERT_TRUE(plain_counter.AddPlain(*rows, {rows}, splits.data(), -1).ok());
  ASSERT_TRUE(plain_counter.Finish().ok());

  const auto plain_pipeline = std::move(pipeline_);
  ColumnDistribution encoded = Make(arrow::float64());
  DistributionCounter counter(&encoded, budget_.get());
  const auto dictionary = Doubles({1, 2, kNan, -kInf});
  ASSERT_TRUE(counter.BeginDictionary(dictionary, {dictionary}).ok());
  const std::vector<int32_t> train = {0, 2, 1, 0};
  const std::vector<int32_t> validation = {1, 1};
  const std::vector<int32_t> test = {4, 3};
  ASSERT_TRUE(counter.Count(0, train.data(), 4).ok());
  ASSERT_TRUE(counter.Count(1, validation.data(), 2).ok());
  ASSERT_TRUE(counter.Count(2, test.data(), 2).ok());
  ASSERT_TRUE(counter.Finish().ok());

  for (const ColumnDistribution* found : {&plain, &encoded}) {
    EXPECT_EQ(found->missing(), (SplitCounts{1, 0, 1}));
    EXPECT_EQ(found->infinite(), (SplitCounts{0, 0, 1}));
    const auto bins = found->bins()->Sorted();
    ASSERT_EQ(bins.size(), 2);
    EXPECT_EQ(bins[0].rows, (SplitCounts{2, 0, 0}));
    EXPECT_EQ(bins[1].rows, (SplitCounts{1, 2, 0}));
    EXPECT_EQ(found->bins()->max(), 2);
  }
}

TEST_F(ColumnDistributionTest, LargeAndSmallDictionariesCountEveryRow) {
  for (const int64_t entries : {3, 1024, 5000}) {
    ColumnDistribution distribution = Make(arrow::float64());
    DistributionCounter counter(&distribution, budget_.get());
    std::vector<double> values;
    for (int64_t i = 0; i < entries; ++i) values.push_back(static_cast<double>(i));
    const auto dictionary = Doubles(values);
    std::vector<int32_t> indices;
    for (int32_t i = 0; i < 20000; ++i) {
      indices.push_back(static_cast<int32_t>(i * int64_t{7919} % (entries + 1)));
    }
    ASSERT_TRUE(counter.BeginDictionary(dictionary, {dictionary}).ok());
    ASSERT_TRUE(counter.Count(1, indices.data(), 20000).ok());
    ASSERT_TRUE(counter.Finish().ok());
    int64_t rows = distribution.missing()[1];
    EXPECT_EQ(rows, std::count(indices.begin(), indices.end(), entries));
    for (const auto& bin : distribution.bins()->Sorted()) rows += bin.rows[1];
    EXPECT_EQ(rows, 20000);
  }
  EXPECT_EQ(budget_->bytes_allocated(), 0);
}

TEST_F(ColumnDistributionTest, WithoutAChartOnlyMissingRowsCount) {
  ColumnDistribution distribution = Make(arrow::float64(), {.chart = false});
  DistributionCounter counter(&distribution, budget_.get());
  const auto rows = Doubles({1, kNan, kInf, 0}, {true, true, true, false});
  ASSERT_TRUE(counter.AddPlain(*rows, {rows}, nullptr, 2).ok());
  EXPECT_EQ(distribution.missing(), (SplitCounts{0, 0, 2}));
  EXPECT_EQ(distribution.bins(), nullptr);
}

TEST_F(ColumnDistributionTest, BooleansAndTextsAreCategories) {
  arrow::BooleanBuilder builder;
  ASSERT_TRUE(builder.AppendValues(std::vector<bool>{true, false, true}).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto rows = *builder.Finish();
  ColumnDistribution distribution = Make(arrow::boolean());
  DistributionCounter counter(&distribution, budget_.get());
  ASSERT_TRUE(counter.AddPlain(*rows, {rows}, nullptr, 0).ok());
  const auto sorted = distribution.texts()->Sorted();
  ASSERT_EQ(sorted.size(), 2);
  EXPECT_EQ(sorted[0].text, "true");
  EXPECT_EQ(sorted[0].rows[0], 2);
  EXPECT_EQ(distribution.missing()[0], 1);
}

TEST_F(ColumnDistributionTest, DurationsAreNumbersInTheirUnit) {
  const auto type = arrow::duration(arrow::TimeUnit::MILLI);
  arrow::DurationBuilder builder(type, arrow::default_memory_pool());
  ASSERT_TRUE(builder.AppendValues({-250, 90000}).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto rows = *builder.Finish();
  ColumnDistribution distribution = Make(type);
  DistributionCounter counter(&distribution, budget_.get());
  ASSERT_TRUE(counter.AddPlain(*rows, {rows}, nullptr, 0).ok());
  EXPECT_EQ(distribution.missing()[0], 1);
  EXPECT_EQ(distribution.bins()->min(), -250);
  EXPECT_EQ(distribution.bins()->max(), 90000);
}

TEST_F(ColumnDistributionTest, OfAnotherTypeOnlyMissingRowsCount) {
  const auto type = arrow::list(arrow::int32());
  ColumnDistribution distribution = Make(type);
  EXPECT_EQ(distribution.bins(), nullptr);
  EXPECT_EQ(distribution.texts(), nullptr);
}

}  // namespace
}  // namespace emberharmony::engine
