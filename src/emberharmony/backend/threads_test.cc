#include "emberharmony/backend/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "emberharmony/base/thread_pool.h"

namespace emberharmony::backend {
namespace {

class ParallelRangesTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { SetNumThreads(GetParam()); }
  void TearDown() override { SetNumThreads(before_); }

 private:
  const int before_ = NumThreads();
};

TEST_P(ParallelRangesTest, CoversEachIndexOnce) {
  for (const int64_t n : {0, 1, 63, 64, 127, 128, 1000, 100'000}) {
    std::vector<std::atomic<int>> seen(n);
    ParallelRanges(n, 64, [&](int64_t begin, int64_t end) {
      EXPECT_EQ(begin % 64, 0);
      EXPECT_LT(begin, end);
      for (int64_t i = begin; i < end; ++i) ++seen[i];
    });
    for (const auto& count : seen) ASSERT_EQ(count, 1);
  }
}

TEST_P(ParallelRangesTest, ThrowsWhatAPartThrows) {
  const auto fail = [](int64_t, int64_t end) {
    if (end == 1000) throw std::out_of_range("the last part");
  };
  EXPECT_THROW(ParallelRanges(1000, 10, fail), std::out_of_range);
}

TEST_P(ParallelRangesTest, WorkersStartNoMoreThreads) {
  EXPECT_EQ(NumThreads(), GetParam());
  EXPECT_TRUE(base::RunWorkers(1, [](int) {
                EXPECT_EQ(NumThreads(), 1);
                return arrow::Status::OK();
              }).ok());
  EXPECT_EQ(NumThreads(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Threads, ParallelRangesTest, ::testing::Values(1, 2, 7));

TEST(NumThreads, RefusesSenselessNumbers) {
  EXPECT_THROW(SetNumThreads(0), std::invalid_argument);
  EXPECT_THROW(SetNumThreads(1'000'000), std::invalid_argument);
}

}  // namespace
}  // namespace emberharmony::backend
