#include "emberharmony/feature/value_counts.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/analyzer_harness_test_internal.h"

namespace emberharmony::feature {
namespace {

const ValueCountsStatistic& CountsOfValues(const Statistic& statistic) {
  return static_cast<const ValueCountsStatistic&>(statistic);
}

// Value and count by rank, as text.
std::vector<std::pair<std::string, int64_t>> Ranking(const ValueCountsStatistic& statistic) {
  std::vector<std::pair<std::string, int64_t>> result;
  EXPECT_EQ(statistic.values->length(), statistic.counts->length());
  for (int64_t i = 0; i < statistic.values->length(); ++i) {
    result.emplace_back((*statistic.values->GetScalar(i))->ToString(), statistic.counts->Value(i));
  }
  return result;
}

using CountedStrings = std::vector<std::optional<std::string>>;

struct Oracle {
  std::map<std::string, int64_t> counts;
  int64_t count = 0;
  int64_t null_count = 0;
};

Oracle OracleOf(const CountedStrings& values, const std::vector<int64_t>& weights,
                int64_t null_weight) {
  Oracle oracle;
  oracle.null_count = null_weight;
  for (size_t i = 0; i < values.size(); ++i) {
    if (weights[i] == 0) continue;
    if (values[i].has_value()) {
      oracle.counts[*values[i]] += weights[i];
      oracle.count += weights[i];
    } else {
      oracle.null_count += weights[i];
    }
  }
  return oracle;
}

void ExpectMatches(const ValueCountsStatistic& found, const Oracle& oracle,
                   const ValueCountsOptions& options) {
  std::vector<std::pair<std::string, int64_t>> ranked;  // std::map: by bytes already
  for (const auto& [value, count] : oracle.counts) {
    if (count >= options.min_count) ranked.emplace_back(value, count);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (options.max_size >= 0 && static_cast<int64_t>(ranked.size()) > options.max_size) {
    ranked.resize(options.max_size);
  }
  int64_t kept = 0;
  ASSERT_EQ(found.values->length(), static_cast<int64_t>(ranked.size()));
  const auto& values = static_cast<const arrow::StringArray&>(*found.values);
  for (size_t i = 0; i < ranked.size(); ++i) {
    ASSERT_EQ(values.GetView(i), ranked[i].first) << "rank " << i;
    ASSERT_EQ(found.counts->Value(i), ranked[i].second) << "rank " << i;
    kept += ranked[i].second;
  }
  EXPECT_EQ(found.count, oracle.count);
  EXPECT_EQ(found.null_count, oracle.null_count);
  EXPECT_EQ(found.distinct_count, static_cast<int64_t>(oracle.counts.size()));
  EXPECT_EQ(found.kept_count, kept);
}

// CountedStrings of 0 to 20 bytes, many equal, some with zero bytes and bytes above 127, some null.
void MakeStrings(int n, uint64_t seed, CountedStrings* values, std::vector<int64_t>* weights) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < n; ++i) {
    if (random() % 11 == 0) {
      values->push_back(std::nullopt);
    } else {
      std::string value(random() % 21, 'a');
      for (char& c : value) c = "ab\0\xff"[random() % 20 < 17 ? 0 : random() % 4];
      values->push_back(value);
    }
    weights->push_back(random() % 4 == 0 ? 0 : static_cast<int64_t>(random() % 4));
  }
}

TEST(ValueCountsTest, StringsEveryWay) {
  for (const ValueCountsOptions options :
       {ValueCountsOptions{}, ValueCountsOptions{3, -1}, ValueCountsOptions{2, 5},
        ValueCountsOptions{1, 0}, ValueCountsOptions{1000, 10}}) {
    CountedStrings values;
    std::vector<int64_t> weights;
    MakeStrings(120, 7, &values, &weights);
    const Oracle oracle = OracleOf(values, weights, 4);
    AnalyzerHarness harness(
        MakeValueCountsAnalyzer(options), arrow::utf8(),
        [&](const Statistic& found) { ExpectMatches(CountsOfValues(found), oracle, options); });
    harness.Run(ArrayOf<arrow::StringBuilder>(values, arrow::utf8()), weights, 4);
  }
}

// The budget is far too small for the multiset, so nearly every state spills.
class ValueCountsSpillTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("ember_value_counts_test_" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override {
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
    std::filesystem::remove_all(folder_);
  }
  StateOptions Limited(int64_t bytes) {
    budgets_.push_back(base::MemoryBudget::MakeRoot("state", bytes));
    return {budgets_.back().get(), folder_.string()};
  }
  std::filesystem::path folder_;
  std::vector<std::shared_ptr<base::MemoryBudget>> budgets_;
};

TEST_F(ValueCountsSpillTest, SpilledIsLikeNotSpilled) {
  const int kNumValues = 150000;
  std::mt19937_64 random(11);
  arrow::StringBuilder builder;
  std::vector<int64_t> weights;
  Oracle oracle;
  for (int i = 0; i < kNumValues; ++i) {
    std::string value = std::to_string(random() % (i % 2 == 0 ? 100000000000 : 50000));
    if (i % 10 == 0) value += "-and-more-to-make-it-long";
    weights.push_back(static_cast<int64_t>(random() % 3));
    ASSERT_TRUE(builder.Append(value).ok());
    if (weights.back() > 0) oracle.counts[value] += weights.back();
    oracle.count += weights.back();
  }
  const auto array = *builder.Finish();
  for (const ValueCountsOptions options :
       {ValueCountsOptions{5, -1}, ValueCountsOptions{1, 100}, ValueCountsOptions{1, 20000}}) {
    const auto analyzer = MakeValueCountsAnalyzer(options);
    auto roomy = *analyzer->MakeState(*arrow::utf8(), {});
    auto tight = *analyzer->MakeState(*arrow::utf8(), Limited(800 * 1024));
    auto other = *analyzer->MakeState(*arrow::utf8(), Limited(300 * 1024));
    ASSERT_TRUE(analyzer->Update(roomy.get(), {*array, weights.data(), 0}).ok());
    const arrow::Status status = analyzer->Update(tight.get(), {*array, weights.data(), 0});
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_LE(tight->memory_bytes(), 800 * 1024 + 4096);
    EXPECT_GT(roomy->memory_bytes(), 2000 * 1024);
    ExpectMatches(CountsOfValues(**analyzer->Finalize(*roomy)), oracle, options);
    if (options.max_size == 20000) {
      auto refused = analyzer->Finalize(*tight);  // the ranking itself does not fit
      EXPECT_TRUE(refused.status().IsOutOfMemory()) << refused.status().ToString();
      EXPECT_NE(refused.status().message().find("state"), std::string::npos);
      continue;
    }
    ExpectMatches(CountsOfValues(**analyzer->Finalize(*tight)), oracle, options);
    const std::string encoded = *analyzer->Encode(*roomy);
    ASSERT_TRUE(*analyzer->Encode(*tight) == encoded);
    ASSERT_TRUE(analyzer->Merge(other.get(), *tight).ok());
    ASSERT_TRUE(*analyzer->Encode(*other) == encoded);
    auto decoded = analyzer->Decode(encoded, *arrow::utf8(), Limited(300 * 1024));
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    ASSERT_TRUE(*analyzer->Encode(**decoded) == encoded);
    ASSERT_TRUE(analyzer->Merge(decoded->get(), *roomy).ok());
    auto doubled = *analyzer->MakeState(*arrow::utf8(), {});
    ASSERT_TRUE(analyzer->Merge(doubled.get(), *roomy).ok());
    ASSERT_TRUE(analyzer->Merge(doubled.get(), *tight).ok());
    ASSERT_TRUE(*analyzer->Encode(*doubled) == *analyzer->Encode(**decoded));
  }
}

TEST_F(ValueCountsSpillTest, ManyRunsAreMerged) {
  const auto analyzer = MakeValueCountsAnalyzer({1, 3});
  auto tight = *analyzer->MakeState(*arrow::int64(), Limited(160 * 1024));
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < 400000; ++i) ASSERT_TRUE(builder.Append(i % 390000).ok());
  const auto array = *builder.Finish();
  const arrow::Status status = analyzer->Update(tight.get(), {*array, nullptr, 0});
  ASSERT_TRUE(status.ok()) << status.ToString();
  const auto statistic = *analyzer->Finalize(*tight);
  EXPECT_EQ(CountsOfValues(*statistic).distinct_count, 390000);
  EXPECT_EQ(Ranking(CountsOfValues(*statistic)),
            (std::vector<std::pair<std::string, int64_t>>{{"0", 2}, {"1", 2}, {"2", 2}}));
}

TEST_F(ValueCountsSpillTest, EveryWayUnderATightLimit) {
  const ValueCountsOptions options{2, 50};
  CountedStrings values;
  std::vector<int64_t> weights;
  std::mt19937_64 random(3);
  for (int i = 0; i < 9000; ++i) {
    values.push_back(std::to_string(random() % 6000) + (i % 2 == 0 ? "" : "-longer than eight"));
    weights.push_back(1);
  }
  const Oracle oracle = OracleOf(values, weights, 0);
  int calls = 0;
  AnalyzerHarness harness(
      MakeValueCountsAnalyzer(options), arrow::utf8(),
      [&](const Statistic& found) {
        if (calls++ % 16 == 0) ExpectMatches(CountsOfValues(found), oracle, options);
      },
      [&] { return Limited(200 * 1024); });
  harness.Run(ArrayOf<arrow::StringBuilder>(values, arrow::utf8()), weights);
}

TEST(ValueCountsTest, WithoutAPlaceToSpillTheLimitIsAnError) {
  const auto budget = base::MemoryBudget::MakeRoot("vocabulary(origin)", 100 * 1024);
  const auto analyzer = MakeValueCountsAnalyzer();
  auto state = *analyzer->MakeState(*arrow::int32(), {budget.get(), ""});
  arrow::Int32Builder builder;
  for (int i = 0; i < 100000; ++i) ASSERT_TRUE(builder.Append(i).ok());
  const arrow::Status status = analyzer->Update(state.get(), {**builder.Finish(), nullptr, 0});
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kMemory) << status.ToString();
  EXPECT_NE(status.message().find("vocabulary(origin)"), std::string::npos) << status.ToString();
}

template <typename Type>
class ValueCountsIntegerTest : public testing::Test {};
using IntegerTypes =
    testing::Types<arrow::Int8Type, arrow::Int16Type, arrow::Int32Type, arrow::Int64Type,
                   arrow::UInt8Type, arrow::UInt16Type, arrow::UInt32Type, arrow::UInt64Type>;
TYPED_TEST_SUITE(ValueCountsIntegerTest, IntegerTypes);

TYPED_TEST(ValueCountsIntegerTest, EveryWay) {
  using T = typename TypeParam::c_type;
  const auto type = arrow::TypeTraits<TypeParam>::type_singleton();
  const T low = std::numeric_limits<T>::min();
  const T high = std::numeric_limits<T>::max();
  const std::vector<std::optional<T>> values = {T{5}, low, high, T{0}, std::nullopt, T{5},
                                                T{1}, low, high, T{7}, std::nullopt};
  std::vector<std::pair<T, int64_t>> expected = {{low, 3},  {T{5}, 3}, {high, 3},
                                                 {T{0}, 1}, {T{1}, 1}, {T{7}, 1}};
  const std::vector<int64_t> weights = {1, 1, 2, 1, 5, 2, 1, 2, 1, 1, 6};
  if (low == T{0}) expected = {{T{0}, 4}, {T{5}, 3}, {high, 3}, {T{1}, 1}, {T{7}, 1}};
  AnalyzerHarness harness(MakeValueCountsAnalyzer(), type, [&](const Statistic& statistic) {
    const ValueCountsStatistic& found = CountsOfValues(statistic);
    ASSERT_TRUE(found.values->type()->Equals(type));
    const auto& array = static_cast<const arrow::NumericArray<TypeParam>&>(*found.values);
    ASSERT_EQ(array.length(), static_cast<int64_t>(expected.size()));
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(array.Value(i), expected[i].first);
      EXPECT_EQ(found.counts->Value(i), expected[i].second);
    }
    EXPECT_EQ(found.null_count, 11 + 3);
    EXPECT_EQ(found.count, 12);
  });
  harness.Run(ArrayOf<arrow::NumericBuilder<TypeParam>>(values, type), weights, 3);
}

TEST(ValueCountsTest, FloatsWithOneZeroAndWithoutNan) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<std::optional<double>> values = {
      0.0,    -0.0,    -1.5,         std::nan(""), inf,           -inf,
      5e-324, -5e-324, std::nullopt, -1.5,         -std::nan("1")};
  AnalyzerHarness harness(MakeValueCountsAnalyzer(), arrow::float64(), [&](const Statistic& s) {
    const auto& array = static_cast<const arrow::DoubleArray&>(*CountsOfValues(s).values);
    std::vector<double> found;
    for (int64_t i = 0; i < array.length(); ++i) found.push_back(array.Value(i));
    EXPECT_EQ(found, (std::vector<double>{-1.5, 0.0, -inf, -5e-324, 5e-324, inf}));
    EXPECT_FALSE(std::signbit(found[1]));
    EXPECT_EQ(CountsOfValues(s).null_count, 3);
    EXPECT_EQ(CountsOfValues(s).distinct_count, 6);
  });
  harness.Run(ArrayOf<arrow::DoubleBuilder>(values, arrow::float64()));

  const std::vector<std::optional<float>> floats = {-0.0f, 0.0f, -2.5f, 1e30f, std::nanf("")};
  AnalyzerHarness single(MakeValueCountsAnalyzer(), arrow::float32(), [&](const Statistic& s) {
    EXPECT_EQ(Ranking(CountsOfValues(s)),
              (std::vector<std::pair<std::string, int64_t>>{{"0", 2}, {"-2.5", 1}, {"1e+30", 1}}));
  });
  single.Run(ArrayOf<arrow::FloatBuilder>(floats, arrow::float32()));

  // Bits: 0.5, -0, +0, NaN, -inf, smallest subnormal.
  const std::vector<std::optional<uint16_t>> halves = {0x3800, 0x8000, 0x0000, 0x7e01, 0xfc00, 1};
  AnalyzerHarness half(MakeValueCountsAnalyzer(), arrow::float16(), [&](const Statistic& s) {
    const auto& array = static_cast<const arrow::HalfFloatArray&>(*CountsOfValues(s).values);
    ASSERT_EQ(array.length(), 4);
    const uint16_t* bits = array.data()->GetValues<uint16_t>(1);
    EXPECT_EQ((std::vector<uint16_t>(bits, bits + 4)),
              (std::vector<uint16_t>{0x0000, 0xfc00, 0x0001, 0x3800}));
    EXPECT_EQ(CountsOfValues(s).null_count, 1);
  });
  half.Run(*arrow::MakeArray(ArrayOf<arrow::UInt16Builder>(halves, arrow::uint16())->data()->Copy())
                ->View(arrow::float16()));
}

TEST(ValueCountsTest, BooleansDatesTimestampsDecimalsAndFixedBytes) {
  AnalyzerHarness boolean(MakeValueCountsAnalyzer(), arrow::boolean(), [](const Statistic& s) {
    EXPECT_EQ(Ranking(CountsOfValues(s)),
              (std::vector<std::pair<std::string, int64_t>>{{"true", 3}, {"false", 2}}));
  });
  boolean.Run(ArrayOf<arrow::BooleanBuilder>(
      std::vector<std::optional<bool>>{true, false, true, std::nullopt, true, false},
      arrow::boolean()));

  AnalyzerHarness date(MakeValueCountsAnalyzer(), arrow::date32(), [](const Statistic& s) {
    EXPECT_EQ(Ranking(CountsOfValues(s)),
              (std::vector<std::pair<std::string, int64_t>>{
                  {"1969-12-31", 2}, {"1970-01-01", 1}, {"2001-02-03", 1}}));
  });
  date.Run(ArrayOf<arrow::Date32Builder>(std::vector<std::optional<int32_t>>{0, -1, 11356, -1},
                                         arrow::date32()));

  const auto stamp_type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  AnalyzerHarness stamp(MakeValueCountsAnalyzer(), stamp_type, [&](const Statistic& s) {
    ASSERT_TRUE(CountsOfValues(s).values->type()->Equals(stamp_type));
    const auto& array = static_cast<const arrow::TimestampArray&>(*CountsOfValues(s).values);
    ASSERT_EQ(array.length(), 2);
    EXPECT_EQ(array.Value(0), -7);
    EXPECT_EQ(array.Value(1), 8);
  });
  stamp.Run(
      ArrayOf<arrow::TimestampBuilder>(std::vector<std::optional<int64_t>>{8, -7}, stamp_type));

  using Pairs = std::vector<std::pair<std::string, int64_t>>;
  const Pairs expected = {{"-1.50", 2}, {"-12345678901.23", 1}, {"0.01", 1}, {"2.00", 1}};
  const std::vector<std::string> texts = {"2.00", "-1.50", "0.01", "-1.50", "-12345678901.23"};
  std::vector<std::optional<arrow::Decimal128>> wide;
  std::vector<std::optional<arrow::Decimal256>> wider;
  std::vector<std::optional<arrow::Decimal64>> narrow;
  for (const std::string& text : texts) {
    wide.push_back(*arrow::Decimal128::FromString(text));
    wider.push_back(*arrow::Decimal256::FromString(text));
    narrow.push_back(*arrow::Decimal64::FromString(text));
  }
  const auto check = [&](const Statistic& s) { EXPECT_EQ(Ranking(CountsOfValues(s)), expected); };
  const auto decimal128 = arrow::decimal128(20, 2);
  AnalyzerHarness(MakeValueCountsAnalyzer(), decimal128, check)
      .Run(ArrayOf<arrow::Decimal128Builder>(wide, decimal128));
  const auto decimal256 = arrow::decimal256(50, 2);
  AnalyzerHarness(MakeValueCountsAnalyzer(), decimal256, check)
      .Run(ArrayOf<arrow::Decimal256Builder>(wider, decimal256));
  const auto decimal64 = arrow::decimal64(18, 2);
  AnalyzerHarness(MakeValueCountsAnalyzer(), decimal64, check)
      .Run(ArrayOf<arrow::Decimal64Builder>(narrow, decimal64));

  for (const int width : {3, 8, 11}) {
    const auto type = arrow::fixed_size_binary(width);
    const std::string low(width, 'A');
    const std::string high(width, '\xf0');
    AnalyzerHarness fixed(MakeValueCountsAnalyzer(), type, [&](const Statistic& s) {
      const auto& array =
          static_cast<const arrow::FixedSizeBinaryArray&>(*CountsOfValues(s).values);
      ASSERT_EQ(array.length(), 2);
      EXPECT_EQ(array.GetView(0), low);
      EXPECT_EQ(array.GetView(1), high);
    });
    fixed.Run(ArrayOf<arrow::FixedSizeBinaryBuilder>(
        std::vector<std::optional<std::string>>{high, low, std::nullopt}, type));
  }
}

TEST(ValueCountsTest, StringsOfEveryArrowTypeAndDictionaries) {
  const CountedStrings values = {"b", "a longer string than eight", std::nullopt, "b", "12345678",
                                 ""};
  const std::vector<std::pair<std::string, int64_t>> expected = {
      {"b", 2}, {"", 1}, {"12345678", 1}, {"a longer string than eight", 1}};
  const auto check = [&](const Statistic& s) { EXPECT_EQ(Ranking(CountsOfValues(s)), expected); };
  AnalyzerHarness(MakeValueCountsAnalyzer(), arrow::large_utf8(), check)
      .Run(ArrayOf<arrow::LargeStringBuilder>(values, arrow::large_utf8()));
  AnalyzerHarness(MakeValueCountsAnalyzer(), arrow::utf8_view(), check)
      .Run(ArrayOf<arrow::StringViewBuilder>(values, arrow::utf8_view()));

  arrow::StringDictionary32Builder builder;
  for (const auto& value : values) {
    ASSERT_TRUE((value.has_value() ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  std::shared_ptr<arrow::Array> dictionary;
  ASSERT_TRUE(builder.Finish(&dictionary).ok());
  AnalyzerHarness harness(MakeValueCountsAnalyzer(), dictionary->type(), check);
  harness.Run(dictionary);
  AnalyzerHarness plain(MakeValueCountsAnalyzer(), arrow::utf8(), check);
  plain.Run(ArrayOf<arrow::StringBuilder>(values, arrow::utf8()));
  EXPECT_EQ(harness.encoded(), plain.encoded());
}

TEST(ValueCountsTest, EmptyAndMissing) {
  AnalyzerHarness empty(MakeValueCountsAnalyzer(), arrow::utf8(), [](const Statistic& s) {
    EXPECT_EQ(CountsOfValues(s).values->length(), 0);
    EXPECT_EQ(CountsOfValues(s).count, 0);
    EXPECT_EQ(CountsOfValues(s).null_count, 0);
  });
  empty.Run(ArrayOf<arrow::StringBuilder>(CountedStrings{}, arrow::utf8()));
  AnalyzerHarness nulls(MakeValueCountsAnalyzer(), arrow::null(), [](const Statistic& s) {
    EXPECT_EQ(CountsOfValues(s).values->length(), 0);
    EXPECT_EQ(CountsOfValues(s).null_count, 13);
  });
  nulls.Run(std::make_shared<arrow::NullArray>(3), {1, 2, 3}, 7);
}

TEST(ValueCountsTest, RefusesWhatCannotBeCounted) {
  const auto analyzer = MakeValueCountsAnalyzer();
  const auto refused = analyzer->MakeState(*arrow::list(arrow::int32()), {});
  EXPECT_EQ(base::KindOf(refused.status()), base::ErrorKind::kUsage);
  auto state = *analyzer->MakeState(*arrow::int64(), {});
  const auto strings = ArrayOf<arrow::StringBuilder>(CountedStrings{"a"}, arrow::utf8());
  EXPECT_EQ(base::KindOf(analyzer->Update(state.get(), {*strings, nullptr, 0})),
            base::ErrorKind::kUsage);
  const auto one =
      ArrayOf<arrow::Int64Builder>(std::vector<std::optional<int64_t>>{1}, arrow::int64());
  const int64_t weight = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(analyzer->Update(state.get(), {*one, &weight, 0}).ok());
  EXPECT_EQ(CountsOfValues(**analyzer->Finalize(*state)).counts->Value(0), weight);
  EXPECT_EQ(base::KindOf(analyzer->Update(state.get(), {*one, nullptr, 0})),
            base::ErrorKind::kData);
}

}  // namespace
}  // namespace emberharmony::feature
