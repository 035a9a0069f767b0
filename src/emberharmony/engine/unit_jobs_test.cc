#include "emberharmony/engine/unit_jobs.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <numeric>

namespace emberharmony::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kUnitRows = 100;

/// Column c of row r holds r * 10 + c. Remembers which columns it was asked for.
class RecordingSource : public io::Source {
 public:
  RecordingSource(int num_columns, int64_t num_units) {
    arrow::FieldVector fields;
    for (int c = 0; c < num_columns; ++c) {
      fields.push_back(arrow::field("c" + std::to_string(c), arrow::int64()));
    }
    schema_ = arrow::schema(fields);
    for (int64_t u = 0; u < num_units; ++u) {
      io::Unit unit;
      unit.index = u;
      unit.num_rows = kUnitRows;
      units_.push_back(unit);
    }
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<io::Unit>& units() const override { return units_; }
  bool columns_independent() const override { return false; }
  io::ColumnHint Hint(const io::Unit&, int) const override { return {}; }
  std::string identity() const override { return "recording"; }

  arrow::Result<std::unique_ptr<io::BatchReader>> Open(const io::Unit& unit,
                                                       const std::vector<int>& columns,
                                                       const io::BatchOptions& options,
                                                       io::Cursor) const override {
    {
      std::lock_guard lock(mutex_);
      opened_.emplace_back(unit.index, columns);
    }
    return std::make_unique<Reader>(unit.index * kUnitRows, columns, options.batch_rows);
  }

  /// What was opened since the last call, in order of units.
  std::vector<std::pair<int64_t, std::vector<int>>> TakeOpened() {
    std::sort(opened_.begin(), opened_.end());
    return std::exchange(opened_, {});
  }

 private:
  class Reader : public io::BatchReader {
   public:
    Reader(int64_t first_row, std::vector<int> columns, int64_t batch_rows)
        : first_row_(first_row), columns_(std::move(columns)), batch_rows_(batch_rows) {}
    arrow::Result<std::optional<io::Batch>> Next() override {
      io::Batch batch;
      batch.first_row = next_;
      batch.num_rows = std::min(batch_rows_, kUnitRows - next_);
      if (batch.num_rows == 0) return std::optional<io::Batch>();
      for (const int column : columns_) {
        arrow::Int64Builder values;
        for (int64_t i = 0; i < batch.num_rows; ++i) {
          ARROW_RETURN_NOT_OK(values.Append((first_row_ + next_ + i) * 10 + column));
        }
        ARROW_ASSIGN_OR_RAISE(auto array, values.Finish());
        batch.columns.push_back({{io::Piece{std::move(array), nullptr, batch.num_rows, 0}}});
      }
      next_ += batch.num_rows;
      return std::optional<io::Batch>(std::move(batch));
    }
    io::Cursor cursor() const override { return {next_}; }

   private:
    const int64_t first_row_;
    const std::vector<int> columns_;
    const int64_t batch_rows_;
    int64_t next_ = 0;
  };

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<io::Unit> units_;
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<int64_t, std::vector<int>>> opened_;
};

/// Sums its column in each of so many passes.
class SummingJob : public ColumnJob {
 public:
  SummingJob(int column, int passes) : column_(column), passes_(passes) {}

  arrow::Result<bool> BeginPass() override {
    sums_.push_back(0);
    return passes_ > 0;
  }
  arrow::Status ProcessUnit(int64_t) override {
    return arrow::Status::Invalid("columns are read together");
  }
  int source_column() const override { return column_; }
  arrow::Status Consume(const std::shared_ptr<arrow::Array>& values, const int64_t* weights,
                        int64_t null_weight) override {
    std::lock_guard lock(mutex_);
    EXPECT_EQ(null_weight, 0);
    const auto& numbers = static_cast<const arrow::Int64Array&>(*values);
    for (int64_t i = 0; i < numbers.length(); ++i) {
      sums_.back() += numbers.Value(i) * (weights != nullptr ? weights[i] : 1);
    }
    return arrow::Status::OK();
  }
  arrow::Result<bool> FinishPass() override { return static_cast<int>(sums_.size()) < passes_; }
  void Release() override { released_ = true; }

  const int column_;
  const int passes_;
  std::mutex mutex_;
  std::vector<int64_t> sums_;
  bool released_ = false;
};

std::unique_ptr<RunContext> Context(int threads, int64_t batch_rows) {
  RunOptions options;
  options.num_threads = threads;
  options.batch_rows = batch_rows;
  return RunContext::Make(options, nullptr).ValueOrDie();
}

TEST(UnitJobs, EachPassReadsEachUnitOnceForAllColumnsThatScan) {
  constexpr int64_t kUnits = 9;
  for (const int threads : {1, 2, 7}) {
    for (const int64_t batch_rows : {7, 1000}) {
      RecordingSource source(4, kUnits);
      auto context = Context(threads, batch_rows);
      std::vector<std::unique_ptr<ColumnJob>> jobs;
      // Column 3 has nothing to scan, column 1 needs two passes.
      for (const int column : {2, 3, 1}) {
        const int passes = column == 3 ? 0 : column == 1 ? 2 : 1;
        jobs.push_back(std::make_unique<SummingJob>(column, passes));
      }
      const auto splits = SplitVectors::Uniform(source, 0);
      ASSERT_TRUE(RunUnitJobs(jobs, source, *splits, context.get()).ok());
      const int64_t rows = kUnits * kUnitRows;
      const int64_t of_rows = rows * (rows - 1) / 2 * 10;
      const auto sums = [&](int i) { return static_cast<SummingJob*>(jobs[i].get())->sums_; };
      EXPECT_THAT(sums(0), ElementsAre(of_rows + 2 * rows));
      EXPECT_THAT(sums(1), ElementsAre(0));
      EXPECT_THAT(sums(2), ElementsAre(of_rows + rows, of_rows + rows));
      for (const auto& job : jobs) EXPECT_TRUE(static_cast<SummingJob*>(job.get())->released_);
      std::vector<std::pair<int64_t, std::vector<int>>> expected;
      for (int64_t u = 0; u < kUnits; ++u) {
        expected.emplace_back(u, std::vector<int>{1});
        expected.emplace_back(u, std::vector<int>{2, 1});
      }
      EXPECT_EQ(source.TakeOpened(), expected);
    }
  }
}

TEST(UnitJobs, NothingIsReadWhereNoRowIsATrainingRow) {
  RecordingSource source(1, 3);
  auto context = Context(2, 1000);
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  jobs.push_back(std::make_unique<SummingJob>(0, 1));
  const auto splits = SplitVectors::Uniform(source, 2);
  ASSERT_TRUE(RunUnitJobs(jobs, source, *splits, context.get()).ok());
  EXPECT_TRUE(source.TakeOpened().empty());
}

TEST(UnitJobs, AnErrorEndsTheRun) {
  class FailingJob : public SummingJob {
   public:
    FailingJob() : SummingJob(0, 1) {}
    arrow::Status Consume(const std::shared_ptr<arrow::Array>&, const int64_t*, int64_t) override {
      return arrow::Status::Invalid("the value is broken");
    }
  };
  RecordingSource source(1, 3);
  auto context = Context(2, 1000);
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  jobs.push_back(std::make_unique<FailingJob>());
  const auto splits = SplitVectors::Uniform(source, 0);
  const arrow::Status status = RunUnitJobs(jobs, source, *splits, context.get());
  EXPECT_THAT(status.message(), HasSubstr("broken"));
}

}  // namespace
}  // namespace emberharmony::engine
