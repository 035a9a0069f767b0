#include "emberharmony/feature/value_index.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/analyzer_harness_test_internal.h"

namespace emberharmony::feature {
namespace {

using Strings = std::vector<std::optional<std::string>>;

TEST(ValueIndexTest, FindsEveryString) {
  std::mt19937_64 random(5);
  std::unordered_map<std::string, int32_t> positions;
  Strings values;
  while (values.size() < 50000) {
    std::string value = std::to_string(random() >> (random() % 60));
    if (positions.emplace(value, static_cast<int32_t>(values.size())).second) {
      values.push_back(value);
    }
  }
  const auto index = *ValueIndex::Make(ArrayOf<arrow::StringBuilder>(values, arrow::utf8()));
  EXPECT_EQ(index->size(), 50000);
  Strings wanted;
  std::vector<int32_t> expected;
  for (int i = 0; i < 100000; ++i) {
    if (i % 7 == 0) {
      wanted.push_back(std::nullopt);
      expected.push_back(ValueIndex::kMissing);
      continue;
    }
    wanted.push_back(i % 2 == 0 ? *values[random() % values.size()]
                                : std::to_string(random() >> (random() % 60)));
    const auto found = positions.find(*wanted.back());
    expected.push_back(found == positions.end() ? ValueIndex::kAbsent : found->second);
  }
  const auto check = [&](const arrow::Array& array) {
    std::vector<int32_t> found(array.length(), -99);
    ASSERT_TRUE(index->Lookup(array, found.data()).ok());
    EXPECT_EQ(found, expected);
  };
  check(*ArrayOf<arrow::StringBuilder>(wanted, arrow::utf8()));
  check(*ArrayOf<arrow::LargeStringBuilder>(wanted, arrow::large_utf8()));
  check(*ArrayOf<arrow::BinaryBuilder>(wanted, arrow::binary()));
  check(*ArrayOf<arrow::StringViewBuilder>(wanted, arrow::utf8_view()));
}

TEST(ValueIndexTest, FindsNumbers) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto values = ArrayOf<arrow::DoubleBuilder>(
      std::vector<std::optional<double>>{2.5, 0.0, -inf, 1e-300}, arrow::float64());
  const auto index = *ValueIndex::Make(values);
  const auto wanted = ArrayOf<arrow::DoubleBuilder>(
      std::vector<std::optional<double>>{-0.0, std::nan(""), 1e-300, 7.0, std::nullopt, -inf, inf},
      arrow::float64());
  std::vector<int32_t> found(7);
  ASSERT_TRUE(index->Lookup(*wanted, found.data()).ok());
  EXPECT_EQ(found, (std::vector<int32_t>{1, -2, 3, -1, -2, 2, -1}));
  found.assign(5, 0);
  ASSERT_TRUE(index->Lookup(*wanted->Slice(2), found.data()).ok());
  EXPECT_EQ(found, (std::vector<int32_t>{3, -1, -2, 2, -1}));
  ASSERT_TRUE(index->Lookup(arrow::NullArray(2), found.data()).ok());
  EXPECT_EQ(found[1], ValueIndex::kMissing);
  const auto integers =
      ArrayOf<arrow::Int64Builder>(std::vector<std::optional<int64_t>>{0}, arrow::int64());
  EXPECT_EQ(base::KindOf(index->Lookup(*integers, found.data())), base::ErrorKind::kUsage);
}

TEST(ValueIndexTest, LooksUpDictionaries) {
  const auto index =
      *ValueIndex::Make(ArrayOf<arrow::StringBuilder>(Strings{"x", "y"}, arrow::utf8()));
  arrow::StringDictionary32Builder builder;
  for (const char* value : {"y", "z", "x", "y"}) ASSERT_TRUE(builder.Append(value).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  std::shared_ptr<arrow::Array> dictionary;
  ASSERT_TRUE(builder.Finish(&dictionary).ok());
  std::vector<int32_t> found(5);
  ASSERT_TRUE(index->Lookup(*dictionary, found.data()).ok());
  EXPECT_EQ(found, (std::vector<int32_t>{1, -1, 0, 1, -2}));
}

TEST(ValueIndexTest, AnEmptyMapHoldsNothing) {
  const auto index = *ValueIndex::Make(ArrayOf<arrow::StringBuilder>(Strings{}, arrow::utf8()));
  std::vector<int32_t> found(2);
  const auto wanted =
      ArrayOf<arrow::StringBuilder>(Strings{"a", "longer than eight"}, arrow::utf8());
  ASSERT_TRUE(index->Lookup(*wanted, found.data()).ok());
  EXPECT_EQ(found, (std::vector<int32_t>{-1, -1}));
}

TEST(ValueIndexTest, RefusesRepeatedAndMissingValues) {
  for (const Strings& values : {Strings{"a", "a"}, Strings{"a", std::nullopt},
                                Strings{"the same long string", "the same long string"}}) {
    const auto index = ValueIndex::Make(ArrayOf<arrow::StringBuilder>(values, arrow::utf8()));
    EXPECT_EQ(base::KindOf(index.status()), base::ErrorKind::kData);
  }
}

TEST(ValueIndexTest, AccountsForItsMemory) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < 100000; ++i) ASSERT_TRUE(builder.Append(i).ok());
  const std::shared_ptr<arrow::Array> values = *builder.Finish();
  const auto budget = base::MemoryBudget::MakeRoot("vocabulary", 4 << 20);
  {
    const auto index = *ValueIndex::Make(values, budget.get());
    EXPECT_GT(budget->bytes_allocated(), 100000 * 12);
  }
  EXPECT_EQ(budget->bytes_allocated(), 0);
  const auto small = base::MemoryBudget::MakeRoot("vocabulary", 1 << 20);
  EXPECT_TRUE(ValueIndex::Make(values, small.get()).status().IsOutOfMemory());
  EXPECT_EQ(small->bytes_allocated(), 0);
}

}  // namespace
}  // namespace emberharmony::feature
