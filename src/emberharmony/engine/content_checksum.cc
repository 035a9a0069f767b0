#include <fmt/format.h>

#include <mutex>
#include <numeric>
#include <span>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/transform.h"
#include "emberharmony/engine/unit_fingerprints.h"

namespace emberharmony::engine {

namespace {

using Sum128 = unsigned __int128;

arrow::Result<Sum128> SumShard(const std::string& path, RunContext* context) {
  const base::Activity activity("content checksum");
  ARROW_ASSIGN_OR_RAISE(auto source, io::OpenSource(path, {context->budget()}));
  std::vector<int> columns(source->schema()->num_fields());
  std::iota(columns.begin(), columns.end(), 0);
  Sum128 sum = 0;
  for (const io::Unit& unit : source->units()) {
    Sum128 unit_sum = 0;
    ARROW_RETURN_NOT_OK(
        FingerprintUnit(*source, unit, columns, /*seed=*/0, context,
                        [&](int64_t first_row, std::span<const uint64_t> fingerprints) {
                          if (first_row == 0) unit_sum = 0;
                          for (uint64_t fingerprint : fingerprints) unit_sum += fingerprint;
                          return arrow::Status::OK();
                        }));
    sum += unit_sum;
  }
  return sum;
}

}  // namespace

arrow::Result<std::string> ContentChecksum(const std::vector<std::string>& shard_paths,
                                           RunContext* context) {
  std::mutex mutex;
  Sum128 total = 0;
  ARROW_RETURN_NOT_OK(
      base::ParallelFor(context->num_threads(), static_cast<int64_t>(shard_paths.size()),
                        [&](int64_t i) -> arrow::Status {
                          ARROW_ASSIGN_OR_RAISE(Sum128 sum, SumShard(shard_paths[i], context));
                          std::lock_guard lock(mutex);
                          total += sum;
                          return arrow::Status::OK();
                        }));
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(total >> 64),
                     static_cast<uint64_t>(total));
}

}  // namespace emberharmony::engine
