#include "emberharmony/engine/committed_shards.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/thread_pool.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

// The entries of a unit's shards; empty when they are not what this run would write.
std::vector<ShardEntry> EntriesOf(int64_t unit, const std::vector<LedgerShard>& shards,
                                  const SplitVectors& splits, const ShardFolders& folders,
                                  std::string_view ending) {
  std::vector<ShardEntry> entries;
  size_t next = 0;
  for (int s = 0; s < kNumSplits; ++s) {
    if (!splits.has_split(s)) continue;
    if (next == shards.size()) return {};
    const LedgerShard& shard = shards[next++];
    if (shard.split != s || shard.num_rows != splits.counts(unit)[s]) return {};
    std::string path = ShardPath(folders, s, unit, ending);
    if (!IsFileWithHash(folders.root + "/" + path, {shard.bytes, shard.xxh3_128})) return {};
    entries.push_back(ShardEntry{folders.split_names[s], std::move(path), unit, shard.num_rows,
                                 shard.bytes, shard.xxh3_128});
  }
  if (next != shards.size()) return {};
  return entries;
}

arrow::Status RemoveUncommitted(const ShardFolders& folders, const SplitVectors& splits,
                                const std::set<std::string>& committed) {
  std::error_code error;
  for (int s = 0; s < kNumSplits; ++s) {
    if (!splits.has_split(s)) continue;
    const fs::path folder = fs::path(folders.root) / folders.relative[s];
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const bool is_file = fs::is_regular_file(entry.symlink_status());
      const std::string path = entry.path().lexically_relative(folders.root).string();
      if (is_file && !committed.contains(path)) others.push_back(entry.path());
    }
    for (const fs::path& path : others) {
      if (!error) fs::remove(path, error);
    }
    if (error) {
      return base::DataError(
          fmt::format("cannot clean up the folder '{}': {}", folder.string(), error.message()));
    }
  }
  return arrow::Status::OK();
}

}  // namespace

std::string ShardFileName(int64_t unit, std::string_view ending) {
  return fmt::format("part-{:05d}{}", unit, ending);
}

std::string ShardPath(const ShardFolders& folders, int split, int64_t unit,
                      std::string_view ending) {
  const std::string& folder = folders.relative[split];
  return (folder.empty() ? "" : folder + "/") + ShardFileName(unit, ending);
}

arrow::Result<std::map<int64_t, std::vector<ShardEntry>>> FindCommittedShards(
    const Checkpoint& checkpoint, const SplitVectors& splits, int64_t num_units,
    const ShardFolders& folders, std::string_view ending, RunContext* context) {
  std::map<int64_t, std::vector<ShardEntry>> committed;
  if (!checkpoint.continues()) return committed;
  const base::Activity activity("checking of shards");
  std::vector<std::pair<int64_t, const std::vector<LedgerShard>*>> listed;
  for (const auto& [unit, shards] : checkpoint.units()) {
    if (unit < num_units) listed.emplace_back(unit, &shards);
  }
  std::mutex mutex;
  ARROW_RETURN_NOT_OK(base::ParallelFor(
      context->num_threads(), static_cast<int64_t>(listed.size()), [&](int64_t i) -> arrow::Status {
        ARROW_RETURN_NOT_OK(context->CheckStop());
        const auto& [unit, shards] = listed[i];
        auto entries = EntriesOf(unit, *shards, splits, folders, ending);
        if (entries.empty()) {
          base::Log(base::LogLevel::kWarning,
                    "the shards of unit {} are not what the interrupted run has left: they are "
                    "made again",
                    unit);
          return arrow::Status::OK();
        }
        std::lock_guard lock(mutex);
        committed[unit] = std::move(entries);
        return arrow::Status::OK();
      }));
  std::set<std::string> paths;
  for (const auto& [unit, entries] : committed) {
    for (const ShardEntry& entry : entries) paths.insert(entry.path);
  }
  ARROW_RETURN_NOT_OK(RemoveUncommitted(folders, splits, paths));
  return committed;
}

}  // namespace emberharmony::engine
