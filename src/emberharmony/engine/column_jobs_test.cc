#include "emberharmony/engine/column_jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <new>
#include <set>

namespace emberharmony::engine {
namespace {

// Counts its units; needs `passes` passes, the first of them without a scan when `skip_first`.
class CountingJob : public ColumnJob {
 public:
  CountingJob(int passes, bool skip_first) : passes_(passes), skip_first_(skip_first) {}

  arrow::Result<bool> BeginPass() override {
    units_.clear();
    return !(skip_first_ && finished_ == 0);
  }
  arrow::Status ProcessUnit(int64_t unit) override {
    std::lock_guard lock(mutex_);
    EXPECT_TRUE(units_.insert(unit).second) << "unit " << unit << " came twice";
    ++processed_;
    return arrow::Status::OK();
  }
  int source_column() const override { return 0; }
  arrow::Status Consume(const std::shared_ptr<arrow::Array>&, const int64_t*, int64_t) override {
    return arrow::Status::Invalid("units are processed whole");
  }
  arrow::Result<bool> FinishPass() override { return ++finished_ < passes_; }
  void Release() override { released_ = true; }

  int passes_;
  bool skip_first_;
  std::mutex mutex_;
  std::set<int64_t> units_;
  int processed_ = 0;
  int finished_ = 0;
  bool released_ = false;
};

class FailingJob : public CountingJob {
 public:
  FailingJob() : CountingJob(1, false) {}
  arrow::Status ProcessUnit(int64_t unit) override {
    return unit == 3 ? arrow::Status::Invalid("unit 3 is broken") : arrow::Status::OK();
  }
};

class ThrowingJob : public CountingJob {
 public:
  ThrowingJob() : CountingJob(1, false) {}
  arrow::Status ProcessUnit(int64_t unit) override {
    if (unit == 3) throw std::bad_alloc();
    return arrow::Status::OK();
  }
};

std::unique_ptr<RunContext> ColumnContext(int threads) {
  RunOptions options;
  options.num_threads = threads;
  return RunContext::Make(options, nullptr).ValueOrDie();
}

TEST(ColumnJobs, EveryUnitOfEveryPassOnce) {
  for (int threads : {1, 2, 7}) {
    auto context = ColumnContext(threads);
    std::vector<std::unique_ptr<ColumnJob>> jobs;
    for (int i = 0; i < 5; ++i)
      jobs.push_back(std::make_unique<CountingJob>(1 + i % 3, i % 2 == 1));
    ASSERT_TRUE(RunColumnJobs(jobs, 11, context.get()).ok());
    for (int i = 0; i < 5; ++i) {
      auto& job = static_cast<CountingJob&>(*jobs[i]);
      const int scans = 1 + i % 3 - (i % 2 == 1 ? 1 : 0);
      EXPECT_EQ(job.processed_, 11 * scans);
      EXPECT_EQ(job.finished_, 1 + i % 3);
      EXPECT_TRUE(job.released_);
    }
  }
}

TEST(ColumnJobs, NoUnitsStillFinishes) {
  auto context = ColumnContext(2);
  std::vector<std::unique_ptr<ColumnJob>> jobs;
  jobs.push_back(std::make_unique<CountingJob>(2, false));
  ASSERT_TRUE(RunColumnJobs(jobs, 0, context.get()).ok());
  EXPECT_EQ(static_cast<CountingJob&>(*jobs[0]).finished_, 2);
}

TEST(ColumnJobs, AnErrorEndsTheRun) {
  for (int threads : {1, 4}) {
    auto context = ColumnContext(threads);
    std::vector<std::unique_ptr<ColumnJob>> jobs;
    jobs.push_back(std::make_unique<FailingJob>());
    for (int i = 0; i < 20; ++i) jobs.push_back(std::make_unique<CountingJob>(1, false));
    EXPECT_EQ(RunColumnJobs(jobs, 5, context.get()).message(), "unit 3 is broken");
  }
}

// With several threads the others would wait for the column for ever.
TEST(ColumnJobs, AnExceptionEndsTheRun) {
  for (int threads : {1, 2, 4}) {
    auto context = ColumnContext(threads);
    std::vector<std::unique_ptr<ColumnJob>> jobs;
    jobs.push_back(std::make_unique<ThrowingJob>());
    for (int i = 0; i < 3; ++i) jobs.push_back(std::make_unique<CountingJob>(1, false));
    EXPECT_TRUE(RunColumnJobs(jobs, 5, context.get()).IsOutOfMemory());
  }
}

}  // namespace
}  // namespace emberharmony::engine
