#include "emberharmony/bigquery/server/row_ranges.h"

#include <algorithm>

namespace emberharmony::bigquery::server {
namespace {

constexpr int64_t kStreamsMax = 1000;
/// Without a wish of the client a stream is worth so many of the smallest ones.
constexpr int64_t kUsualStreamParts = 16;

}  // namespace

RowRanges::RowRanges(const std::vector<io::RowRun>& runs) {
  for (const io::RowRun& run : runs) {
    if (run.begin >= run.end) continue;
    if (!runs_.empty() && runs_.back().end == run.begin) {
      runs_.back().end = run.end;
    } else {
      starts_.push_back(num_rows_);
      runs_.push_back(run);
    }
    num_rows_ += run.end - run.begin;
  }
}

io::RowRun RowRanges::From(int64_t rank) const {
  if (rank >= num_rows_) {
    const int64_t end = runs_.empty() ? 0 : runs_.back().end;
    return {end, end};
  }
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), rank);
  const auto index = static_cast<size_t>(after - starts_.begin() - 1);
  return {runs_[index].begin + (rank - starts_[index]), runs_[index].end};
}

std::pair<RowRanges, RowRanges> RowRanges::SplitAt(int64_t rank) const {
  std::vector<io::RowRun> before;
  std::vector<io::RowRun> after;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const io::RowRun& run = runs_[i];
    const int64_t cut = std::clamp(run.begin + (rank - starts_[i]), run.begin, run.end);
    before.push_back({run.begin, cut});
    after.push_back({cut, run.end});
  }
  return {RowRanges(before), RowRanges(after)};
}

std::vector<int64_t> StreamSizes(int64_t num_rows, int num_streams, int64_t block_rows,
                                 bool uneven) {
  std::vector<int64_t> sizes;
  int64_t rest = num_rows;
  for (int i = 0; i < num_streams; ++i) {
    const int64_t streams_left = num_streams - i;
    int64_t size = 0;
    if (streams_left == 1) {
      size = rest;
    } else if (!uneven) {
      size = rest / streams_left;
      const int64_t whole = (size + block_rows / 2) / block_rows * block_rows;
      if (whole > 0 && whole <= rest - (streams_left - 1)) size = whole;
    } else if (i % 2 == 0) {
      size = streams_left == 2 ? rest : rest - rest / 2;
    }
    sizes.push_back(size);
    rest -= size;
  }
  return sizes;
}

int NumStreams(int64_t num_rows, int64_t num_bytes, int64_t stream_bytes, int max_streams,
               int preferred_min_streams) {
  if (num_rows == 0) return 0;
  const int64_t smallest = std::max<int64_t>(1, stream_bytes);
  const int64_t most = std::min(
      {kStreamsMax, num_rows, std::max<int64_t>(1, (num_bytes + smallest - 1) / smallest)});
  int64_t wanted =
      max_streams > 0 ? max_streams : (most + kUsualStreamParts - 1) / kUsualStreamParts;
  wanted = std::max<int64_t>(wanted, preferred_min_streams);
  return static_cast<int>(std::min(wanted, most));
}

}  // namespace emberharmony::bigquery::server
