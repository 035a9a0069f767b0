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
  std::string framework;  ///< with its version; empty for none
  std::vector<std::string> devices;
  std::vector<OpTiming> ops;
};

/// The names of all backends that are there, native first; plugins, which this loads with their
/// frameworks, included.
std::vector<std::string> LoadAllBackends();

/// Times operations on every backend that is loaded: with arrays that lie in the first-level cache,
/// in a later one, and in none; the calling thread's work and what the backend shares out itself.
/// The backends take turns at each operation. What one leaves to the native backend is left out.
/// Cancelled when the process is interrupted.
arrow::Result<std::vector<BackendTimings>> TimeBackends();

}  // namespace emberharmony::cli
