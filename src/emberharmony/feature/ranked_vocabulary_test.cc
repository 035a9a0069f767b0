#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/ranked_vocabulary_internal.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_ranking_internal.h"

namespace emberharmony::feature {
namespace {

using Ranks = std::vector<std::pair<std::string, int64_t>>;

// What the rules say, worked out with a map and a sort.
Ranks RanksOf(const std::map<std::string, int64_t>& counts, int64_t min_count, int64_t max_size) {
  Ranks ranks;
  for (const auto& [value, count] : counts) {
    if (count >= min_count) ranks.emplace_back(value, count);
  }
  std::stable_sort(ranks.begin(), ranks.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (max_size >= 0 && static_cast<int64_t>(ranks.size()) > max_size) {
    ranks.resize(static_cast<size_t>(max_size));
  }
  return ranks;
}

std::shared_ptr<arrow::Array> StringsOf(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return *builder.Finish();
}

class VocabularyOnDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("ember_ranked_vocabulary_test_" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override {
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
    std::filesystem::remove_all(folder_);
  }
  StateOptions Limited(int64_t bytes) {
    budgets_.push_back(base::MemoryBudget::MakeRoot("state", bytes));
    base::MemoryBudget* const budget = budgets_.back().get();
    // Of what is read back, some megabytes at a time.
    budgets_.push_back(base::MemoryBudget::MakeRoot("learned", 0));
    return {.budget = budget,
            .spill_dir = folder_.string(),
            .spillable = nullptr,
            .pool = budgets_.back().get(),
            .learned_bytes_max = bytes / 2};
  }
  std::shared_ptr<const Statistic> Count(const arrow::Array& values, const StateOptions& memory,
                                         const ValueCountsOptions& options) {
    const auto analyzer = MakeValueCountsAnalyzer(options);
    auto state = *analyzer->MakeState(*values.type(), memory);
    EXPECT_TRUE(analyzer->Update(state.get(), {values, nullptr, 3}).ok());
    auto statistic = analyzer->Finalize(*state);
    EXPECT_TRUE(statistic.ok()) << statistic.status().ToString();
    return *statistic;
  }

  std::filesystem::path folder_;
  std::vector<std::shared_ptr<base::MemoryBudget>> budgets_;
};

// Between two parts of a ranking other columns may take what there is.
TEST(ValueRankingTest, ThatWasDrainedGoesOnWhereOthersHaveTakenTheRest) {
  constexpr int64_t kHeadroom = int64_t{4} << 20;
  const auto run = base::MemoryBudget::MakeRoot("run", 4 * kHeadroom);
  const auto counts = run->MakeChild("counts", /*limit_bytes=*/0, kHeadroom);
  const ValueKeys keys = *ValueKeys::Make(*arrow::utf8());
  StateOptions memory;
  memory.budget = counts.get();
  ValueRanking ranking(keys, {.on_disk = true}, /*copy_bytes=*/true, memory);
  const auto add = [&](int64_t i) {
    const std::string value = "value of twenty-odd bytes " + std::to_string(i);
    return ranking.Add(kLongSection, {.bytes = value, .count = 1 + i});
  };
  int64_t i = 0;
  while (add(i).ok()) ++i;
  ASSERT_GT(counts->bytes_allocated(), kHeadroom);
  int64_t expected = i - 1;  // the last one is not there
  ASSERT_TRUE(ranking
                  .Drain([&](const CountedEntry& entry) {
                    EXPECT_EQ(entry.count, 1 + expected--);
                    return arrow::Status::OK();
                  })
                  .ok());
  EXPECT_EQ(expected, -1);

  const int64_t taken = run->available_bytes() - kHeadroom / 2;
  ASSERT_TRUE(run->Reserve(taken).ok());
  for (i = 0; i < 1000; ++i) {
    const arrow::Status added = add(i);
    ASSERT_TRUE(added.ok()) << i << ": " << added.ToString();
  }
  EXPECT_EQ(ranking.size(), 1000);
  run->Release(taken);
}

TEST_F(VocabularyOnDiskTest, RanksAndFindsLikeAMapAndASort) {
  // Of all lengths around eight, where the form of a key changes; many with equal counts.
  std::mt19937_64 random(5);
  std::vector<std::string> rows;
  std::map<std::string, int64_t> counts;
  for (int i = 0; i < 60000; ++i) {
    const uint64_t number = random() % (i % 3 == 0 ? 500 : 45000);
    std::string value = std::to_string(number * 7919);
    if (number % 5 == 0) value += "-and more to make it long";
    if (number % 1000 == 0) value.clear();
    ++counts[value];
    rows.push_back(std::move(value));
  }
  const auto array = StringsOf(rows);
  for (const ValueCountsOptions& options :
       {ValueCountsOptions{.on_disk = true}, ValueCountsOptions{.min_count = 2, .on_disk = true},
        ValueCountsOptions{.max_size = 10000, .on_disk = true}}) {
    const Ranks expected = RanksOf(counts, options.min_count, options.max_size);
    const auto statistic = Count(*array, Limited(800 * 1024), options);
    const auto& found = dynamic_cast<const ValueCountsStatistic&>(*statistic);
    ASSERT_NE(found.ranked, nullptr) << "there is no room for it in memory";
    EXPECT_EQ(found.distinct_count, static_cast<int64_t>(counts.size()));
    int64_t kept_count = 0;
    for (const auto& each : expected) kept_count += each.second;
    EXPECT_EQ(found.kept_count, kept_count);

    const auto by_rank = *RankedVocabulary::Learn(found, RankedVocabulary::Number::kPosition);
    ASSERT_EQ(by_rank->size(), static_cast<int64_t>(expected.size()));
    EXPECT_EQ(by_rank->Table(3, arrow::int32()), nullptr);
    const auto table = *arrow::Table::FromRecordBatchReader(by_rank->Read(3, arrow::int32()).get());
    ASSERT_TRUE(table->ValidateFull().ok());
    const auto whole = *table->CombineChunksToBatch();
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      const auto& values = static_cast<const arrow::StringArray&>(*whole->column(0));
      ASSERT_EQ(values.GetView(row), expected[i].first) << i;
      ASSERT_EQ(static_cast<const arrow::Int32Array&>(*whole->column(1)).Value(row), 3 + row);
      ASSERT_EQ(static_cast<const arrow::Int64Array&>(*whole->column(2)).Value(row),
                expected[i].second);
    }

    std::map<std::string, int32_t> positions;
    for (size_t i = 0; i < expected.size(); ++i) {
      positions[expected[i].first] = static_cast<int32_t>(i);
    }
    std::vector<std::string> asked(rows.begin(), rows.begin() + 25000);
    for (int i = 0; i < 2000; ++i) asked.push_back("no such value " + std::to_string(i));
    for (int i = 0; i < 2000; ++i) asked.push_back("x" + std::to_string(i));
    const auto by_count = *RankedVocabulary::Learn(found, RankedVocabulary::Number::kCount);
    std::vector<int32_t> at(asked.size());
    std::vector<int64_t> number(asked.size());
    ASSERT_TRUE(by_rank->Positions(*StringsOf(asked), at.data()).ok());
    ASSERT_TRUE(by_count->Counts(*StringsOf(asked), number.data()).ok());
    for (size_t i = 0; i < asked.size(); ++i) {
      const auto place = positions.find(asked[i]);
      const bool is_known = place != positions.end();
      ASSERT_EQ(at[i], is_known ? place->second : ValueIndex::kAbsent) << asked[i];
      ASSERT_EQ(number[i], is_known ? counts[asked[i]] : ValueIndex::kAbsent) << asked[i];
    }
  }
}

TEST_F(VocabularyOnDiskTest, OfNumbersWithMissingOnes) {
  arrow::DoubleBuilder builder;
  for (int i = 0; i < 60000; ++i) ASSERT_TRUE(builder.Append(i % 40000 - 20000.5).ok());
  const auto statistic =
      Count(**builder.Finish(), Limited(1024 * 1024), ValueCountsOptions{.on_disk = true});
  const auto& found = dynamic_cast<const ValueCountsStatistic&>(*statistic);
  ASSERT_NE(found.ranked, nullptr);
  const auto vocabulary = *RankedVocabulary::Learn(found, RankedVocabulary::Number::kPosition);
  ASSERT_TRUE(builder.AppendValues({-20000.5, -0.5, 19998.5, 0.25}).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append(std::nan("")).ok());
  std::vector<int32_t> at(6);
  ASSERT_TRUE(vocabulary->Positions(**builder.Finish(), at.data()).ok());
  // The first 20,000 values come twice, so they rank first; each group ascends.
  EXPECT_EQ(at, (std::vector<int32_t>{0, 20000, 39999, ValueIndex::kAbsent, ValueIndex::kMissing,
                                      ValueIndex::kMissing}));
  EXPECT_FALSE(vocabulary->Positions(*StringsOf({"1"}), at.data()).ok());
}

TEST_F(VocabularyOnDiskTest, AStepIsLikeTheOneInMemory) {
  std::vector<std::string> rows;
  for (int64_t i = 0; i < 50000; ++i)
    rows.push_back("value number " + std::to_string(i * i % 30011));
  const auto array = StringsOf(rows);
  const ColumnInfo column{.name = "c", .type = arrow::utf8()};
  for (const char* name : {"vocabulary", "count"}) {
    const auto make = [&] {
      return *TransformRegistry::Get().Make(
          name, nullptr, {.input = column, .source_column = "c", .output_type = arrow::float32()});
    };
    const ValueCountsOptions options{.on_disk = true};
    auto in_memory = make();
    ASSERT_TRUE(in_memory->Learn({Count(*array, {}, options)}).ok());
    auto on_disk = make();
    ASSERT_TRUE(on_disk->Learn({Count(*array, Limited(1024 * 1024), options)}).ok());
    EXPECT_NE(in_memory->VocabularyTable(), nullptr);
    EXPECT_EQ(on_disk->VocabularyTable(), nullptr);
    auto restored = make();
    const auto reader = in_memory->ReadVocabulary();
    ASSERT_TRUE(
        restored->RestoreOnDisk(in_memory->Describe(), reader.get(), Limited(1024 * 1024)).ok());
    std::vector<ValueBlock> expected;
    ASSERT_TRUE(in_memory->Apply({array, true}, arrow::default_memory_pool(), &expected).ok());
    for (const auto& step : {on_disk.get(), restored.get()}) {
      EXPECT_EQ(step->Describe(), in_memory->Describe());
      EXPECT_EQ(step->vocabulary_size(), in_memory->vocabulary_size());
      std::vector<ValueBlock> outputs;
      ASSERT_TRUE(step->Apply({array, true}, arrow::default_memory_pool(), &outputs).ok());
      EXPECT_TRUE(
          outputs[0].values->Equals(expected[0].values, arrow::EqualOptions().nans_equal(true)));
      const auto table = *arrow::Table::FromRecordBatchReader(step->ReadVocabulary().get());
      EXPECT_TRUE((*table->CombineChunksToBatch())->Equals(*in_memory->VocabularyTable()));
    }
  }
}

TEST_F(VocabularyOnDiskTest, AFileIsChecked) {
  const ColumnInfo column{.name = "c", .type = arrow::utf8()};
  const auto make = [&] {
    return *TransformRegistry::Get().Make(
        "vocabulary", nullptr,
        {.input = column, .source_column = "c", .output_type = arrow::float32()});
  };
  auto step = make();
  ASSERT_TRUE(step->Learn({Count(*StringsOf({"b", "b", "a"}), {}, {.on_disk = true})}).ok());
  const auto good = step->VocabularyTable();
  const auto restore = [&](const std::shared_ptr<arrow::RecordBatch>& table) {
    const auto reader = *arrow::RecordBatchReader::Make({table});
    return make()->RestoreOnDisk(step->Describe(), reader.get(), Limited(1024 * 1024));
  };
  EXPECT_TRUE(restore(good).ok());
  const auto repeated = *good->SetColumn(0, good->schema()->field(0), StringsOf({"b", "b"}));
  for (const auto& bad : {good->Slice(0, 1), repeated}) {
    EXPECT_EQ(base::KindOf(restore(bad)), base::ErrorKind::kData);
  }
}

}  // namespace
}  // namespace emberharmony::feature
