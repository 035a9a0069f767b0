#include "emberharmony/engine/complete_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kManifestBytesMax = int64_t{1} << 30;
constexpr int64_t kModelJsonBytesMax = int64_t{256} << 20;

arrow::Status CannotReadOutput(const std::string& path, const std::error_code& error) {
  return base::DataError(fmt::format("cannot read '{}': {}", path, error.message()));
}

// What is wrong with a file that an output has to have; empty: nothing that can be seen from
// outside.
arrow::Result<std::string> DamageOfFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const bool is_file, FindRegularFile(path));
  if (!is_file) {
    std::error_code ignored;
    const bool exists = fs::exists(fs::symlink_status(path, ignored));
    return fmt::format("'{}' is {}", path, exists ? "no regular file" : "missing");
  }
  if (access(path.c_str(), R_OK) != 0)
    return CannotReadOutput(path, std::error_code(errno, std::generic_category()));
  return "";
}

// Shards are called so wherever the manifest is from. Of folders on the way none is a link.
bool IsWithin(const fs::path& folder, const fs::path& relative) {
  if (relative.empty() || relative.is_absolute()) return false;
  fs::path found = folder;
  std::error_code ignored;
  for (const fs::path& part : relative.parent_path()) {
    found /= part;
    if (part == ".." || fs::is_symlink(fs::symlink_status(found, ignored))) return false;
  }
  return relative.has_filename() && relative.filename() != "..";
}

arrow::Result<std::string> DamageOfShard(const ShardEntry& shard, base::MemoryBudget* budget,
                                         CompleteOutput* output) {
  const std::string path = output->folder + "/" + shard.path;
  if (!IsWithin(output->folder, shard.path)) {
    return fmt::format("its manifest.json names '{}', which is not in the folder", shard.path);
  }
  ARROW_ASSIGN_OR_RAISE(std::string damage, DamageOfFile(path));
  if (!damage.empty()) return damage;
  std::error_code ignored;
  output->bytes += static_cast<int64_t>(fs::file_size(path, ignored));
  io::SourceOptions options;
  options.pool = budget;
  const auto source = io::OpenSource(path, options);
  if (source.status().IsOutOfMemory()) return source.status();
  if (!source.ok()) return fmt::format("'{}': {}", path, source.status().message());
  if ((*source)->num_rows() == shard.num_rows) return "";
  return fmt::format("'{}' has {} rows, and manifest.json says {}", path, (*source)->num_rows(),
                     shard.num_rows);
}

// The rows that a step of a model has learned from; nothing where it does not tell.
std::optional<int64_t> RowsOfStep(const nlohmann::json& step) {
  constexpr int64_t kRowsMax = int64_t{1} << 53;
  int64_t rows = 0;
  for (const char* member : {"count", "null_count"}) {
    const auto found = step.is_object() ? step.find(member) : step.end();
    if (found == step.end() || !found->is_number_integer()) return std::nullopt;
    const auto value = found->get<int64_t>();
    if (value < 0 || value > kRowsMax) return std::nullopt;
    rows += value;
  }
  return rows;
}

std::optional<int64_t> LearnedRows(const std::string& model_json) {
  const auto json = nlohmann::json::parse(model_json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("columns") || !json["columns"].is_object())
    return std::nullopt;
  std::optional<int64_t> found;
  for (const nlohmann::json& steps : json["columns"]) {
    for (const nlohmann::json& step : steps) {
      const auto rows = RowsOfStep(step);
      if (rows && found && *rows != *found) return std::nullopt;
      if (rows) found = rows;
    }
  }
  return found;
}

arrow::Result<std::string> ReadModel(const std::string& folder, const feature::StateOptions& memory,
                                     CompleteOutput* output) {
  for (const char* name : {"plan.yaml", "model.json"}) {
    ARROW_ASSIGN_OR_RAISE(std::string damage, DamageOfFile(folder + "/" + name));
    if (!damage.empty()) return damage;
  }
  auto model = plan::FittedPlan::Load(folder, /*with_states=*/false, memory);
  if (model.status().IsOutOfMemory()) return model.status();
  if (!model.ok()) return model.status().message();
  output->model = *std::move(model);
  ARROW_ASSIGN_OR_RAISE(const std::string text,
                        base::ReadFile(folder + "/model.json", kModelJsonBytesMax));
  output->num_learned_rows = LearnedRows(text);
  return "";
}

}  // namespace

arrow::Result<bool> FindRegularFile(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::none) return CannotReadOutput(path, error);
  return fs::is_regular_file(status);
}

arrow::Result<CompleteOutput> ReadCompleteOutput(const std::string& folder,
                                                 const feature::StateOptions& memory) {
  CompleteOutput output;
  output.folder = folder;
  ARROW_ASSIGN_OR_RAISE(const bool has_manifest, FindRegularFile(folder + "/manifest.json"));
  if (!has_manifest) {
    output.command = "fit";
    ARROW_ASSIGN_OR_RAISE(output.damage, ReadModel(folder, memory, &output));
    return output;
  }
  ARROW_ASSIGN_OR_RAISE(const std::string text,
                        base::ReadFile(folder + "/manifest.json", kManifestBytesMax));
  auto manifest = Manifest::FromJson(text);
  if (!manifest) {
    output.damage = fmt::format("'{}/manifest.json' is not what ember writes", folder);
    return output;
  }
  output.manifest = *std::move(manifest);
  output.command = output.manifest.splits.contains("all") ? "transform" : "extract";
  if (output.command == "extract") {
    ARROW_ASSIGN_OR_RAISE(output.damage, ReadModel(folder + "/model", memory, &output));
  }
  for (const ShardEntry& shard : output.manifest.shards) {
    ARROW_ASSIGN_OR_RAISE(std::string damage, DamageOfShard(shard, memory.budget, &output));
    if (output.damage.empty()) output.damage = std::move(damage);
  }
  return output;
}

}  // namespace emberharmony::engine
