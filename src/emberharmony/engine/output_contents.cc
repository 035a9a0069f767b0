#include <fmt/format.h>

#include <filesystem>
#include <regex>
#include <system_error>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/output_contents_internal.h"

namespace emberharmony::engine::internal {

namespace fs = std::filesystem;

namespace {

// The folders that runs make, and what they put into each. "" is the output itself.
bool IsOwn(const std::string& folder, const std::string& name, bool is_folder) {
  static const std::regex kShard(R"(part-\d{5,}\.(parquet|arrow)(\.tmp)?)");
  static const std::regex kVocabulary(R"(\d{5,}\.parquet(\.tmp)?)");
  static const std::regex kModelFile(R"((plan\.yaml|model\.json)(\.tmp)?)");
  static const std::regex kRunFile(R"((manifest\.json|run_report\.json|report\.html)(\.tmp)?)");
  const bool is_model = folder.empty() || folder == "model" || folder == "model.tmp-model";
  if (is_folder) {
    if (is_model && (name == "vocabulary" || name == "state")) return true;
    return folder.empty() && (name == "train" || name == "validation" || name == "test" ||
                              name == "model" || name == "model.tmp-model");
  }
  if (folder == "vocabulary") return std::regex_match(name, kVocabulary);
  if (folder == "state") return name == "states.bin" || name == "states.bin.tmp";
  if (is_model && std::regex_match(name, kModelFile)) return true;
  if (folder.empty() && std::regex_match(name, kRunFile)) return true;
  return folder != "model" && std::regex_match(name, kShard);
}

// `name`: the folder's, "" for the output itself.
arrow::Result<std::string> FindForeignBelow(const fs::path& folder, const std::string& name) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string entry_name = entry.path().filename().string();
    const bool is_folder = fs::is_directory(entry.symlink_status());
    if (is_folder && name.empty() && entry_name == kScratchName) continue;
    if (!IsOwn(name, entry_name, is_folder)) return entry_name;
    if (!is_folder) continue;
    ARROW_ASSIGN_OR_RAISE(const std::string foreign, FindForeignBelow(entry.path(), entry_name));
    if (!foreign.empty()) return entry_name + "/" + foreign;
  }
  if (error) {
    return base::DataError(
        fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
  }
  return std::string();
}

void RemoveOwnBelow(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) entries.push_back(entry);
  for (const auto& entry : entries) {
    const std::string entry_name = entry.path().filename().string();
    const bool is_folder = fs::is_directory(entry.symlink_status());
    if (!IsOwn(name, entry_name, is_folder)) continue;
    if (is_folder) RemoveOwnBelow(entry.path(), entry_name);
    fs::remove(entry.path(), ignored);  // a folder only when it is empty by now
  }
}

}  // namespace

arrow::Result<std::string> FindForeign(const std::string& folder) {
  return FindForeignBelow(folder, "");
}

bool HasMark(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / "manifest.json", ignored) ||
         fs::exists(fs::path(folder) / "model.json", ignored) || HasScratch(folder);
}

bool HasScratch(const std::string& folder) {
  std::error_code ignored;
  return fs::is_directory(fs::symlink_status(fs::path(folder) / kScratchName, ignored));
}

bool IsCompletionMark(const std::string& name) {
  return name == "manifest.json" || name == "model.json";
}

bool RemoveOutput(const std::string& folder) {
  RemoveOwnBelow(folder, "");
  std::error_code error;
  if (HasScratch(folder)) fs::remove_all(fs::path(folder) / kScratchName, error);
  fs::remove(folder, error);
  return !fs::exists(fs::symlink_status(folder, error));
}

}  // namespace emberharmony::engine::internal
