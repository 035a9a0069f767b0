#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "emberharmony/io/sink.h"

namespace emberharmony::io {
namespace {

TEST(RowGroupCutter, NoRowsGiveNoGroups) {
  RowGroupCutter cutter;
  EXPECT_TRUE(cutter.Finish().empty());
}

TEST(RowGroupCutter, ClosesAtTheRowLimit) {
  RowGroupCutter cutter;
  cutter.AddMany(0, 2 * RowGroupCutter::kMaxRows + 1);
  EXPECT_EQ(cutter.Finish(),
            (std::vector<int64_t>{RowGroupCutter::kMaxRows, RowGroupCutter::kMaxRows, 1}));
}

TEST(RowGroupCutter, TheRowThatReachesTheByteLimitIsTheLast) {
  // 3 rows of 10 MiB do not reach 32 MiB, the fourth does; exactly 32 MiB close as well.
  RowGroupCutter cutter;
  cutter.AddMany(int64_t{10} << 20, 5);
  EXPECT_EQ(cutter.Finish(), (std::vector<int64_t>{4, 1}));
  cutter.AddMany(int64_t{16} << 20, 4);
  EXPECT_EQ(cutter.Finish(), (std::vector<int64_t>{2, 2}));
}

TEST(RowGroupCutter, ManyRowsAtOnceCutAsRowByRow) {
  std::mt19937_64 random(7);
  RowGroupCutter at_once, one_by_one;
  std::vector<int64_t> naive;
  int64_t rows = 0, bytes = 0;
  for (int i = 0; i < 200; ++i) {
    const auto size = static_cast<int64_t>(random() % 5 == 0 ? random() % 100000 : random() % 300);
    const auto count = static_cast<int64_t>(random() % 20000);
    at_once.AddMany(size, count);
    for (int64_t k = 0; k < count; ++k) {
      one_by_one.Add(size);
      ++rows;
      bytes += size;
      if (rows == 262144 || bytes >= 33554432) {
        naive.push_back(rows);
        rows = bytes = 0;
      }
    }
  }
  if (rows > 0) naive.push_back(rows);
  ASSERT_GT(naive.size(), 10u);
  EXPECT_EQ(at_once.Finish(), naive);
  EXPECT_EQ(one_by_one.Finish(), naive);
}

}  // namespace
}  // namespace emberharmony::io
