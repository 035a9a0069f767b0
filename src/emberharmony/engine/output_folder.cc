#include "emberharmony/engine/output_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string_view>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kScratchName = ".ember";

// The folders that runs make, and what they put into each. "" is the output itself.
bool IsOwn(const std::string& folder, const std::string& name, bool is_folder) {
  static const std::regex kShard(R"(part-\d{5,}\.parquet(\.tmp)?)");
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

// The first path below `folder` that no run writes there; empty when there is none. `.ember` holds
// temporary files under any name.
arrow::Result<std::string> FindForeign(const fs::path& folder, const std::string& folder_name) {
  std::error_code error;
  std::string foreign;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool is_folder = fs::is_directory(entry.symlink_status());
    if (is_folder && folder_name.empty() && name == kScratchName) continue;
    if (!IsOwn(folder_name, name, is_folder)) return name;
    if (!is_folder) continue;
    ARROW_ASSIGN_OR_RAISE(foreign, FindForeign(entry.path(), name));
    if (!foreign.empty()) return name + "/" + foreign;
  }
  if (error) {
    return base::DataError(
        fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
  }
  return foreign;
}

// What every output holds, complete or not.
bool HasMark(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "manifest.json", ignored) || fs::exists(path / "model.json", ignored) ||
         fs::exists(path / kScratchName, ignored);
}

// Removes all that is in a folder but `.ember`, so that what a kill leaves still has its mark.
void RemoveContents(const std::string& path) {
  std::error_code ignored;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (entry.path().filename() != kScratchName) entries.push_back(entry.path());
  }
  for (const fs::path& entry : entries) fs::remove_all(entry, ignored);
}

// Whether `inner` is `outer`, or lies in it, links followed.
bool LiesIn(const std::string& inner, const std::string& outer) {
  std::error_code error;
  const fs::path inner_path = fs::weakly_canonical(fs::absolute(inner), error);
  if (error) return false;
  const fs::path outer_path = fs::weakly_canonical(fs::absolute(outer), error);
  if (error) return false;
  const fs::path relative = inner_path.lexically_relative(outer_path);
  return !relative.empty() && *relative.begin() != "..";
}

// The part of a glob before its first wildcard; else the path itself.
std::string WithoutWildcards(const std::string& path) {
  std::error_code ignored;
  const size_t wildcard = path.find_first_of("*?[");
  if (wildcard == std::string::npos || fs::exists(path, ignored)) return path;
  const size_t slash = path.rfind('/', wildcard);
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// Refuses to replace what is in a folder unless all of it is the output of an earlier run that this
// one does not read.
arrow::Status CheckReplaceable(const std::string& path, const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    if (!LiesIn(WithoutWildcards(input), path)) continue;
    return base::UsageError(
        fmt::format("--overwrite would remove '{}', which this run reads, with all that is in the "
                    "output folder '{}'; choose another folder",
                    input, path));
  }
  ARROW_ASSIGN_OR_RAISE(std::string foreign, FindForeign(path, ""));
  if (foreign.empty() && HasMark(path)) return arrow::Status::OK();
  return base::UsageError(
      foreign.empty()
          ? fmt::format("the output folder '{}' holds no manifest.json and no model.json, so ember "
                        "may not have written it; --overwrite replaces outputs of ember only: "
                        "choose another folder",
                        path)
          : fmt::format("the output folder '{}' holds '{}', which no run of ember has written; "
                        "--overwrite replaces outputs of ember only: choose another folder",
                        path, foreign));
}

}  // namespace

arrow::Status CheckOutsideSource(const std::string& output, const std::string& source) {
  std::error_code error;
  if (output.empty() || !fs::is_directory(source, error) || !LiesIn(output, source) ||
      LiesIn(source, output)) {
    return arrow::Status::OK();
  }
  const fs::path relative = fs::weakly_canonical(fs::absolute(output), error)
                                .lexically_relative(fs::weakly_canonical(fs::absolute(source)));
  for (const fs::path& name : relative) {
    if (name.string().starts_with('.') || name.string().starts_with('_')) {
      return arrow::Status::OK();
    }
  }
  return base::UsageError(
      fmt::format("the output '{}' lies in the source '{}', so the next run would read it as data; "
                  "choose a folder elsewhere, or one whose name begins with '_'",
                  output, source));
}

arrow::Result<std::unique_ptr<OutputFolder>> OutputFolder::Create(
    const std::string& path, bool overwrite, const std::vector<std::string>& inputs) {
  if (path.empty()) return base::UsageError("the output folder has no name; give one with -o DIR");
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const bool existed = fs::exists(status);
  if (existed && !fs::is_directory(status)) {
    return base::UsageError(fmt::format("the output '{}' is a file; name a folder", path));
  }
  const bool empty = !existed || fs::is_empty(path, error);
  if (existed && error) {
    return base::DataError(fmt::format("cannot read the folder '{}': {}", path, error.message()));
  }
  if (!empty && !overwrite) {
    return base::UsageError(fmt::format(
        "the output folder '{}' is not empty; choose another one, or replace it with --overwrite",
        path));
  }
  if (!empty) ARROW_RETURN_NOT_OK(CheckReplaceable(path, inputs));
  std::unique_ptr<OutputFolder> folder(new OutputFolder(path, existed));
  fs::create_directories(folder->scratch_path(), error);
  if (error)
    return base::DataError(fmt::format("cannot create the folder '{}': {}", path, error.message()));
  if (!empty) {
    RemoveContents(path);
    fs::remove_all(folder->scratch_path(), error);
    if (!error) fs::create_directories(folder->scratch_path(), error);
    if (error) {
      return base::DataError(
          fmt::format("cannot empty the folder '{}': {}", folder->scratch_path(), error.message()));
    }
  }
  return folder;
}

OutputFolder::~OutputFolder() {
  if (complete_) return;
  RemoveContents(path_);
  std::error_code ignored;
  fs::remove_all(scratch_path(), ignored);
  if (!existed_) fs::remove(path_, ignored);
}

arrow::Status OutputFolder::Adopt(const std::string& from, const std::string& last) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(from, error)) entries.push_back(entry.path());
  std::stable_partition(entries.begin(), entries.end(),
                        [&](const fs::path& p) { return p.filename() != last; });
  for (const fs::path& entry : entries) {
    if (!error) fs::rename(entry, fs::path(path_) / entry.filename(), error);
  }
  if (error)
    return base::DataError(
        fmt::format("cannot move '{}' into '{}': {}", from, path_, error.message()));
  return arrow::Status::OK();
}

arrow::Status OutputFolder::Complete() {
  std::error_code error;
  fs::remove_all(scratch_path(), error);
  if (error)
    return base::DataError(fmt::format("cannot remove '{}': {}", scratch_path(), error.message()));
  complete_ = true;
  return arrow::Status::OK();
}

}  // namespace emberharmony::engine
