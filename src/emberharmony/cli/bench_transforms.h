#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace emberharmony::cli {

/// What `ember transform` took with its numeric steps on one backend.
struct TransformTimings {
  std::string backend;
  std::vector<double> wall_seconds;  ///< of each run, as its own report has them
  std::vector<double> cpu_seconds;
  int64_t num_rows = 0;
};

/// Times `ember transform` of a synthetic table whose features are numeric steps (means for what is
/// missing, roots, logarithms, scales, sines of the hour, principal components) on each of these
/// backends, in processes of its own and in turns. `say` is told of each run. Temporary files as
/// RunBench's. To be called while the process has one thread. Cancelled when it is interrupted.
arrow::Result<std::vector<TransformTimings>> TimeTransforms(
    const std::vector<std::string>& backends, int64_t num_rows, int64_t repetitions,
    const std::function<void(const std::string&)>& say);

}  // namespace emberharmony::cli
