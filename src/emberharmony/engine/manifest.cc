#include "emberharmony/engine/manifest.h"

#include <nlohmann/json.hpp>

#include "emberharmony/base/canonical_json.h"

namespace emberharmony::engine {

std::string Manifest::ToJson() const {
  nlohmann::json json;
  json["version"] = 1;
  json["backend"] = backend;
  json["splits"] = nlohmann::json::object();
  for (const auto& [name, split] : splits) {
    nlohmann::json& entry = json["splits"][name];
    entry["rows"] = split.num_rows;
    if (!split.content_checksum.empty()) entry["content_checksum"] = split.content_checksum;
  }
  json["shards"] = nlohmann::json::array();
  for (const ShardEntry& shard : shards) {
    json["shards"].push_back({{"path", shard.path},
                              {"unit", shard.unit},
                              {"rows", shard.num_rows},
                              {"xxh3_128", shard.xxh3_128}});
  }
  if (!features.empty()) json["features"] = features;
  return base::CanonicalJson(json);
}

}  // namespace emberharmony::engine
