#include "emberharmony/bigquery/server/row_ranges.h"

#include <gtest/gtest.h>

#include <numeric>

namespace emberharmony::bigquery::server {
namespace {

std::vector<int64_t> Rows(const RowRanges& ranges) {
  std::vector<int64_t> rows;
  for (const io::RowRun& run : ranges.runs()) {
    for (int64_t row = run.begin; row < run.end; ++row) rows.push_back(row);
  }
  return rows;
}

TEST(RowRanges, RunsThatMeetAreOneAndEmptyOnesVanish) {
  const RowRanges ranges({{0, 0}, {2, 4}, {4, 4}, {4, 6}, {9, 10}});
  ASSERT_EQ(ranges.runs().size(), 2u);
  EXPECT_EQ(ranges.num_rows(), 5);
  EXPECT_EQ(Rows(ranges), (std::vector<int64_t>{2, 3, 4, 5, 9}));
}

TEST(RowRanges, FindsAndSplitsAtEveryRow) {
  const RowRanges ranges({{2, 4}, {6, 9}, {20, 21}});
  const std::vector<int64_t> rows = Rows(ranges);
  for (int64_t rank = 0; rank <= ranges.num_rows(); ++rank) {
    const io::RowRun run = ranges.From(rank);
    if (rank < ranges.num_rows()) {
      EXPECT_EQ(run.begin, rows[static_cast<size_t>(rank)]);
      EXPECT_LT(run.begin, run.end);
    } else {
      EXPECT_EQ(run.begin, run.end);
    }
    const auto [before, after] = ranges.SplitAt(rank);
    EXPECT_EQ(before.num_rows(), rank);
    std::vector<int64_t> both = Rows(before);
    for (const int64_t row : Rows(after)) both.push_back(row);
    EXPECT_EQ(both, rows);
  }
  EXPECT_EQ(RowRanges().From(0).begin, RowRanges().From(0).end);
}

TEST(StreamSizes, ShareOutEveryRow) {
  for (const bool uneven : {false, true}) {
    for (const int64_t rows : {1, 5, 1023, 1024, 1025, 100'000, 1'000'003}) {
      for (const int streams : {1, 2, 3, 7, 100}) {
        if (streams > rows) continue;
        const std::vector<int64_t> sizes = StreamSizes(rows, streams, 1024, uneven);
        ASSERT_EQ(sizes.size(), static_cast<size_t>(streams));
        EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}), rows);
        for (size_t i = 0; i < sizes.size(); ++i) {
          if (uneven) {
            EXPECT_EQ(sizes[i] == 0, i % 2 == 1 || sizes[i] == 0) << i;
          } else {
            EXPECT_GT(sizes[i], 0) << rows << " rows, stream " << i << " of " << streams;
            EXPECT_LE(sizes[i], rows / streams + 1024 + 1);
          }
        }
      }
    }
  }
  EXPECT_EQ(StreamSizes(16, 6, 4, true), (std::vector<int64_t>{8, 0, 4, 0, 4, 0}));
}

TEST(NumStreams, FollowsTheService) {
  constexpr int64_t kStream = 1 << 20;
  EXPECT_EQ(NumStreams(0, 0, kStream, 10, 5), 0);
  EXPECT_EQ(NumStreams(100, 1000, kStream, 10, 5), 1);
  EXPECT_EQ(NumStreams(1'000'000, 100 * kStream, kStream, 10, 0), 10);
  EXPECT_EQ(NumStreams(1'000'000, 100 * kStream, kStream, 1000, 0), 100);
  EXPECT_EQ(NumStreams(1'000'000, 100 * kStream, kStream, 0, 0), 7);
  EXPECT_EQ(NumStreams(1'000'000, 100 * kStream, kStream, 0, 50), 50);
  EXPECT_EQ(NumStreams(1'000'000, 100 * kStream, kStream, 0, 500), 100);
  EXPECT_EQ(NumStreams(int64_t{1} << 40, int64_t{1} << 50, kStream, 20000, 0), 1000);
  EXPECT_EQ(NumStreams(3, 100 * kStream, kStream, 10, 0), 3);
}

}  // namespace
}  // namespace emberharmony::bigquery::server
