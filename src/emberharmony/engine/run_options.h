#pragma once

#include <cstdint>
#include <string>

namespace emberharmony::engine {

/// How a run is carried out. Nothing here shapes a result but content_checksum and keep_state,
/// which add to it, and a backend other than the native one.
struct RunOptions {
  int num_threads = 0;  ///< 0: the cores that the process may use
  int64_t memory_bytes =
      0;  ///< limit of the process's resident memory; 0: three quarters of what the machine grants
  int64_t batch_rows = 65536;  ///< rows decoded at a time
  std::string spill_dir = {};  ///< empty: inside the output folder
  bool content_checksum =
      false;                ///< adds content checksums to the manifest; reads the shards once more
  bool keep_state = false;  ///< extract: keeps state/ in the model, so that it can be merged
  bool overwrite = false;   ///< replaces an earlier output of this program
  /// Continues a run of the same request that was interrupted (engine/checkpoint.h); without one it
  /// begins, and of a folder that holds the request's whole output nothing is done.
  bool resume = false;
  /// Who computes numeric steps: "native", "auto" or the name of another backend. Others' results
  /// may differ in their last bits; what is learned, ids, splits and counts are the same
  /// (engine/numeric_backends.h).
  std::string backend = "auto";
};

/// The least that RunOptions::memory_bytes may be.
inline constexpr int64_t kMemoryBytesMin = int64_t{128} << 20;

}  // namespace emberharmony::engine
