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

std::optional<Manifest> Manifest::FromJson(const std::string& text) {
  // Whatever does not fit throws, which stays in here.
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    Manifest manifest;
    if (json.at("version") != 1) return std::nullopt;
    manifest.backend = json.at("backend").get<std::string>();
    for (const auto& [name, entry] : json.at("splits").items()) {
      manifest.splits[name] = {entry.at("rows").get<int64_t>(),
                               entry.value("content_checksum", std::string())};
    }
    for (const nlohmann::json& shard : json.at("shards")) {
      auto path = shard.at("path").get<std::string>();
      const size_t slash = path.find('/');
      std::string split = slash == std::string::npos ? "all" : path.substr(0, slash);
      manifest.shards.push_back({std::move(split), std::move(path), shard.at("unit").get<int64_t>(),
                                 shard.at("rows").get<int64_t>(), 0,
                                 shard.at("xxh3_128").get<std::string>()});
    }
    if (json.contains("features"))
      manifest.features = json.at("features").get<std::vector<std::string>>();
    return manifest;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace emberharmony::engine
