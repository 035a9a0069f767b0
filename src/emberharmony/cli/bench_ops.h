#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace emberharmony::cli {

/// How long an operation takes a backend, without the allocation of its result.
struct OpTiming {
  std::string op;
  std::string dtype;  ///< of the inputs
  int64_t num_elements = 0;
  double seconds = 0;     ///< of a call, in the fastest of several batches of calls
  int64_t num_bytes = 0;  ///< read and written by a call
};

struct BackendTimings {
  std::string name;
  std::string version;
  std::vector<std::string> devices;
  std::vector<OpTiming> ops;
};

/// Times elementwise operations and reductions on every backend that is there, with arrays that lie
/// in the first-level cache, in a later one, and in none; the calling thread's work only.
/// Operations that a backend lacks are left out. Cancelled when the process is interrupted.
arrow::Result<std::vector<BackendTimings>> TimeBackends();

}  // namespace emberharmony::cli
