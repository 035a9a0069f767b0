#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "emberharmony/feature/ranking_on_disk_internal.h"
#include "emberharmony/feature/value_ranking_internal.h"

namespace emberharmony::feature {
namespace {

// More parts than this are merged into one, so that reading them needs little memory.
constexpr size_t kRankedPartsMax = 32;

using RankedPart = std::shared_ptr<const RankedValues>;

// Several parts as one, in the order of their ranks. No value is in two of them.
class RankMerge {
 public:
  explicit RankMerge(const std::vector<RankedPart>& parts)
      : is_bytes_(parts.front()->keys().form() == ValueKeys::Form::kBytes),
        heads_(parts.size()),
        queue_(Later{this}) {
    for (size_t i = 0; i < parts.size(); ++i) {
      streams_.push_back(parts[i]->Stream());
      used_.push_back(i);
    }
  }

  arrow::Result<bool> Next(CountedEntry* entry) {
    // The stream of the last entry moves on only now: its bytes are the stream's.
    for (const size_t i : used_) {
      ARROW_ASSIGN_OR_RAISE(const bool more, streams_[i]->Next(&heads_[i]));
      if (more) queue_.push(i);
    }
    used_.clear();
    if (queue_.empty()) return false;
    *entry = heads_[queue_.top()];
    used_.push_back(queue_.top());
    queue_.pop();
    return true;
  }

 private:
  struct Later {
    const RankMerge* merge;
    bool operator()(size_t a, size_t b) const {
      const CountedEntry& first = merge->heads_[a];
      const CountedEntry& second = merge->heads_[b];
      if (first.count != second.count) return first.count < second.count;
      return merge->is_bytes_ ? second.bytes < first.bytes : second.key < first.key;
    }
  };

  const bool is_bytes_;
  std::vector<std::unique_ptr<EntryStream>> streams_;
  std::vector<CountedEntry> heads_;
  std::priority_queue<size_t, std::vector<size_t>, Later> queue_;
  std::vector<size_t> used_;
};

// The first `max` of the parts.
arrow::Result<RankedPart> MergeParts(const std::vector<RankedPart>& parts, int64_t max,
                                     const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(auto writer, RankedValuesWriter::Make(parts.front()->keys(), folder));
  RankMerge merge(parts);
  CountedEntry entry;
  for (int64_t i = 0; i < max; ++i) {
    ARROW_ASSIGN_OR_RAISE(const bool more, merge.Next(&entry));
    if (!more) break;
    ARROW_RETURN_NOT_OK(writer->Add(entry));
  }
  return writer->Finish();
}

arrow::Result<int64_t> SumOfCounts(const RankedValues& ranked) {
  const auto stream = ranked.Stream();
  CountedEntry entry;
  int64_t sum = 0;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const bool more, stream->Next(&entry));
    if (!more) return sum;
    sum += entry.count;
  }
}

}  // namespace

arrow::Status RankOnDisk(const CountedValues& values, const ValueCountsOptions& options,
                         ValueCountsStatistic* statistic) {
  const std::string& folder = values.options().spill_dir;
  const int64_t max = options.max_size >= 0 ? options.max_size : INT64_MAX;
  StateOptions memory = values.options();
  // What can be written to disk leaves headroom to what cannot.
  if (memory.spillable != nullptr) memory.budget = memory.spillable;
  ValueRanking ranking(values.keys(), options, /*copy_bytes=*/true, memory);
  std::vector<RankedPart> parts;
  const auto end_part = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto writer, RankedValuesWriter::Make(values.keys(), folder));
    ARROW_RETURN_NOT_OK(
        ranking.Drain([&](const CountedEntry& entry) { return writer->Add(entry); }));
    ARROW_ASSIGN_OR_RAISE(RankedPart part, writer->Finish());
    parts.push_back(std::move(part));
    if (parts.size() < kRankedPartsMax) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(part, MergeParts(parts, max, folder));
    parts = {std::move(part)};
    return arrow::Status::OK();
  };
  int64_t distinct_count = 0;
  ARROW_RETURN_NOT_OK(
      values.ForEach(false, [&](int section, const CountedEntry& entry) -> arrow::Status {
        ++distinct_count;
        arrow::Status added = ranking.Add(section, entry);
        if (!added.IsOutOfMemory() || ranking.size() == 0) return added;
        ARROW_RETURN_NOT_OK(end_part());
        return ranking.Add(section, entry);
      }));
  ARROW_RETURN_NOT_OK(end_part());
  if (parts.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(RankedPart merged, MergeParts(parts, max, folder));
    parts = {std::move(merged)};
  }
  ARROW_ASSIGN_OR_RAISE(statistic->kept_count, SumOfCounts(*parts.front()));
  statistic->ranked = parts.front();
  statistic->distinct_count = distinct_count;
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature
