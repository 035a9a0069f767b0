#include "emberharmony/engine/value_bins.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "emberharmony/engine/bin_edges.h"
#include "emberharmony/engine/text_counts.h"

namespace emberharmony::engine {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();

std::shared_ptr<base::MemoryBudget> Budget(int64_t limit = 0) {
  return base::MemoryBudget::MakeRoot("test", limit);
}

struct Row {
  double value;
  int split;
};

std::vector<Row> RandomBinRows(int n, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(100, 30);
  std::vector<Row> rows;
  for (int i = 0; i < n; ++i) {
    double value = normal(random);
    if (i % 97 == 0) value = std::ldexp(value, static_cast<int>(random() % 400) - 200);
    if (i % 101 == 0) value = -value;
    rows.push_back({value, static_cast<int>(random() % 3)});
  }
  return rows;
}

ValueBins Filled(const std::vector<Row>& rows, int64_t keys_max, base::MemoryBudget* budget) {
  ValueBins bins(keys_max, std::nullopt, budget);
  for (const Row& row : rows) EXPECT_TRUE(bins.AddRow(row.value, row.split).ok());
  return bins;
}

TEST(OrderedFormTest, KeepsTheOrderAndComesBack) {
  const std::vector<double> ascending = {-kMax, -1.5, -1, -5e-324, 0, 5e-324, 1e-300, 1, 1.5, kMax};
  for (size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(FromOrderedForm(OrderedForm(ascending[i])), ascending[i]);
    if (i > 0) {
      EXPECT_LT(OrderedForm(ascending[i - 1]), OrderedForm(ascending[i]));
    }
  }
  EXPECT_EQ(OrderedForm(-0.0), OrderedForm(0.0));
}

TEST(ValueBinsTest, KeysHoldExactlyTheNumbersBetweenTheirEdges) {
  const auto budget = Budget();
  const std::vector<Row> rows = RandomBinRows(20000, 1);
  const ValueBins bins = Filled(rows, 256, budget.get());
  EXPECT_FALSE(bins.exact());
  EXPECT_LE(bins.num_keys(), 256);
  EXPECT_GT(bins.num_keys(), 64);
  for (const ValueBins::Bin& bin : bins.Sorted()) {
    SplitCounts expected{};
    for (const Row& row : rows) {
      if (row.value >= bins.LowerEdge(bin.key) && row.value < bins.LowerEdge(bin.key + 1)) {
        ++expected[row.split];
      }
    }
    EXPECT_EQ(bin.rows, expected);
  }
}

TEST(ValueBinsTest, NeitherOrderNorWeightsShow) {
  const auto budget = Budget();
  std::vector<Row> rows = RandomBinRows(5000, 2);
  const ValueBins forward = Filled(rows, 128, budget.get());
  std::reverse(rows.begin(), rows.end());
  const ValueBins backward = Filled(rows, 128, budget.get());
  std::map<double, SplitCounts> weights;
  for (const Row& row : rows) ++weights[row.value][row.split];
  ValueBins weighted(128, std::nullopt, budget.get());
  for (const auto& [value, counts] : weights) ASSERT_TRUE(weighted.Add(value, counts).ok());
  for (const ValueBins* other : {&backward, static_cast<const ValueBins*>(&weighted)}) {
    const auto expected = forward.Sorted();
    const auto found = other->Sorted();
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].key, expected[i].key);
      EXPECT_EQ(found[i].rows, expected[i].rows);
    }
    EXPECT_EQ(other->min(), forward.min());
    EXPECT_EQ(other->max(), forward.max());
  }
}

TEST(ValueBinsTest, MemoryIsAccountedForAndRefused) {
  const auto budget = Budget();
  {
    const ValueBins bins = Filled(RandomBinRows(20000, 3), 4096, budget.get());
    EXPECT_GT(budget->bytes_allocated(), 0);
    EXPECT_LE(budget->max_memory(), 4096 * 128 + 8192);
  }
  EXPECT_EQ(budget->bytes_allocated(), 0);
  const auto small = Budget(10000);
  ValueBins bins(4096, std::nullopt, small.get());
  arrow::Status status;
  for (int i = 0; i < 4096 && status.ok(); ++i) status = bins.AddRow(i, 0);
  EXPECT_TRUE(status.IsOutOfMemory()) << status;
}

TEST(ValueBinsTest, TimesAreDividedByTheCalendar) {
  const auto budget = Budget();
  const Measure measure{Measure::Kind::kInstant, 1};
  ValueBins bins(128, measure.grid(), budget.get());
  // Every hour of 2023 and 2024: 731 days are too many keys, 24 months are not.
  for (int64_t hour = 0; hour < int64_t{731} * 24; ++hour) {
    ASSERT_TRUE(bins.AddTime(1672531200 + 3600 * hour, {1, 0, 0}).ok());
  }
  const auto sorted = bins.Sorted();
  ASSERT_EQ(sorted.size(), 24);
  EXPECT_EQ(sorted[0].rows[0], 31 * 24);
  EXPECT_EQ(sorted[13].rows[0], 29 * 24);
  EXPECT_EQ(bins.LowerEdge(sorted[13].key), 1706745600);  // 2024-02-01
}

// Checks that each row is in the bin whose edges it lies between.
void CheckBins(const std::vector<Row>& rows, const DisplayBins& display) {
  ASSERT_GE(display.edges.size(), 2);
  ASSERT_EQ(display.rows.size(), display.edges.size() - 1);
  EXPECT_LE(display.rows.size(), 44);
  EXPECT_TRUE(std::is_sorted(display.edges.begin(), display.edges.end()));
  std::vector<SplitCounts> expected(display.rows.size());
  SplitCounts below{};
  SplitCounts above{};
  for (const Row& row : rows) {
    const auto at = std::upper_bound(display.edges.begin(), display.edges.end(), row.value);
    if (at == display.edges.begin()) {
      ++below[row.split];
    } else if (at == display.edges.end()) {
      ++above[row.split];
    } else {
      ++expected[at - display.edges.begin() - 1][row.split];
    }
  }
  EXPECT_EQ(display.rows, expected);
  EXPECT_EQ(display.below, below);
  EXPECT_EQ(display.above, above);
}

TEST(ChooseBinsTest, CountsAreExactForTheEdgesThatAreShown) {
  const auto budget = Budget();
  for (const int64_t keys_max : {128, 512, 65536}) {
    for (const unsigned seed : {4, 5, 6}) {
      const std::vector<Row> rows = RandomBinRows(3000, seed);
      const ValueBins bins = Filled(rows, keys_max, budget.get());
      CheckBins(rows, ChooseBins(bins, Measure{}));
    }
  }
}

TEST(ChooseBinsTest, ExtremeNumbersAndOneNumber) {
  const auto budget = Budget();
  std::vector<Row> rows;
  for (int i = 0; i < 50; ++i) rows.push_back({i % 2 == 0 ? -kMax / (i + 1) : 5e-324 * i, 0});
  CheckBins(rows, ChooseBins(Filled(rows, 4096, budget.get()), Measure{}));
  const DisplayBins one = ChooseBins(Filled({{7, 1}}, 4096, budget.get()), Measure{});
  EXPECT_TRUE(one.discrete);
  EXPECT_EQ(one.edges, std::vector<double>{7});
  EXPECT_EQ(one.rows, (std::vector<SplitCounts>{{0, 1, 0}}));
  EXPECT_TRUE(ChooseBins(ValueBins(128, std::nullopt, budget.get()), Measure{}).edges.empty());
}

TEST(ChooseBinsTest, OutliersDoNotHideTheOthers) {
  const auto budget = Budget();
  std::vector<Row> rows;
  for (int i = 0; i < 10000; ++i) rows.push_back({i % 100 + 0.5, 0});
  rows.push_back({1e12, 0});
  const DisplayBins display = ChooseBins(Filled(rows, 4096, budget.get()), Measure{});
  CheckBins(rows, display);
  EXPECT_EQ(display.above[0], 1);
  EXPECT_LT(display.edges.back(), 200);
  EXPECT_GT(display.rows.size(), 15);
}

TEST(ChooseBinsTest, RoundEdges) {
  const auto budget = Budget();
  std::vector<Row> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back({i / 1000., 0});
  const DisplayBins tenths = ChooseBins(Filled(rows, 4096, budget.get()), Measure{});
  EXPECT_EQ(tenths.edges[1], 0.05);
  EXPECT_EQ(tenths.edges[3], 0.15);
  for (Row& row : rows) row.value = std::floor(row.value * 30);
  const Measure whole{Measure::Kind::kInteger};
  EXPECT_EQ(ChooseBins(Filled(rows, 4096, budget.get()), whole).edges[1], 1);
}

TEST(ChooseBinsTest, TimesHaveRoundEdges) {
  const auto budget = Budget();
  const Measure days{Measure::Kind::kInstant, 1 / 86400.};
  ValueBins bins(4096, days.grid(), budget.get());
  for (int64_t day = 19000; day < 20000; ++day) ASSERT_TRUE(bins.AddTime(day, {1, 1, 0}).ok());
  const DisplayBins display = ChooseBins(bins, days);
  EXPECT_EQ(InstantText(display.edges[0], days), "2022-01-01");
  EXPECT_EQ(InstantText(display.edges[1], days), "2022-02-01");
  EXPECT_EQ(display.rows[1][0], 28);
}

TEST(InstantTextTest, AsPeopleWriteTimes) {
  const Measure micros{Measure::Kind::kInstant, 1e6};
  EXPECT_EQ(InstantText(0, micros), "1970-01-01");
  EXPECT_EQ(InstantText(-1e6, micros), "1969-12-31 23:59:59");
  EXPECT_EQ(InstantText(978307200500000, micros), "2001-01-01 00:00:00.5");
  EXPECT_EQ(InstantText(978309000000000, micros), "2001-01-01 00:30");
  EXPECT_EQ(InstantText(18307000, Measure{Measure::Kind::kTimeOfDay, 1e3}), "05:05:07");
  EXPECT_EQ(InstantText(1e30, micros), "1e30");
}

TEST(TextCountsTest, CountsUntilThereAreTooMany) {
  const auto budget = Budget();
  TextCounts texts(3, budget.get());
  for (const char* value : {"b", "a", "b", "c"}) ASSERT_TRUE(texts.Add(value, {1, 2, 0}).ok());
  ASSERT_TRUE(texts.Add("nobody", {0, 0, 0}).ok());
  const auto sorted = texts.Sorted();
  ASSERT_EQ(sorted.size(), 3);
  EXPECT_EQ(sorted[0].text, "b");
  EXPECT_EQ(sorted[0].rows, (SplitCounts{2, 4, 0}));
  EXPECT_EQ(sorted[1].text, "a");
  EXPECT_FALSE(texts.too_many());
  ASSERT_TRUE(texts.Add("d", {1, 0, 0}).ok());
  EXPECT_TRUE(texts.too_many());
  EXPECT_TRUE(texts.Sorted().empty());
  EXPECT_EQ(budget->bytes_allocated(), 0);
}

TEST(TextCountsTest, LongTextsAreToldApart) {
  const auto budget = Budget();
  TextCounts texts(10, budget.get());
  const std::string text(100000, 'x');
  ASSERT_TRUE(texts.Add(text + "1", {1, 0, 0}).ok());
  ASSERT_TRUE(texts.Add(text + "2", {1, 0, 0}).ok());
  ASSERT_TRUE(texts.Add(text + "1", {1, 0, 0}).ok());
  EXPECT_EQ(texts.Sorted().size(), 2);
  EXPECT_LT(budget->bytes_allocated(), 2000);
}

}  // namespace
}  // namespace emberharmony::engine
