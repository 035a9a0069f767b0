#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace emberharmony::engine {

struct ShardEntry {
  std::string split;  ///< "train", "validation", "test", or "all"
  std::string path;   ///< relative to the output folder, with '/'
  int64_t unit = 0;
  int64_t num_rows = 0;
  int64_t bytes = 0;
  std::string xxh3_128;
};

struct SplitEntry {
  int64_t num_rows = 0;
  std::string content_checksum;  ///< empty: not asked for
};

/// What an output folder holds. Written last, so that its presence says that the output is
/// complete.
struct Manifest {
  std::string backend = "native";
  std::map<std::string, SplitEntry> splits;
  std::vector<ShardEntry> shards;
  std::vector<std::string> features;  ///< of a matrix: what its values are, in order; else empty

  std::string ToJson() const;
  /// Nothing when it is not what ToJson wrote. Shards' bytes are not in it.
  static std::optional<Manifest> FromJson(const std::string& text);
};

}  // namespace emberharmony::engine
