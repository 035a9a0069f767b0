#include <fmt/format.h>

#include <mutex>
#include <numeric>

#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/row_fingerprinter.h"
#include "emberharmony/engine/transform.h"

namespace emberharmony::engine {

namespace {

using Sum128 = unsigned __int128;

arrow::Result<Sum128> SumShard(const std::string& path, RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto source, io::OpenSource(path, {context->budget()}));
  std::vector<int> columns(source->schema()->num_fields());
  std::iota(columns.begin(), columns.end(), 0);
  io::BatchOptions options;
  options.pool = context->budget();
  Sum128 sum = 0;
  std::vector<uint64_t> fingerprints;
  for (const io::Unit& unit : source->units()) {
    ARROW_ASSIGN_OR_RAISE(auto reader, source->Open(unit, columns, options));
    RowFingerprinter fingerprinter(/*seed=*/0, static_cast<int>(columns.size()));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch) break;
      fingerprints.resize(batch->num_rows);
      ARROW_RETURN_NOT_OK(fingerprinter.Compute(*batch, fingerprints.data()));
      for (uint64_t fingerprint : fingerprints) sum += fingerprint;
      ARROW_RETURN_NOT_OK(context->CheckStop());
    }
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
