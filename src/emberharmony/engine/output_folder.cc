#include "emberharmony/engine/output_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>
#include <string_view>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 13> kOwnNames = {
    "train",           "validation",  "test",      "model",      "manifest.json",
    "run_report.json", "report.html", "plan.yaml", "model.json", "vocabulary",
    "state",           ".ember",      "run.log"};

bool IsOwnName(const std::string& name) {
  for (std::string_view own : kOwnNames) {
    if (name == own) return true;
  }
  static const std::regex kShard(R"(part-\d{5,}\.parquet(\.tmp)?)");
  return std::regex_match(name, kShard);
}

// Removes the names that runs write, in any folder.
void RemoveOwn(const std::string& path) {
  std::error_code ignored;
  std::vector<fs::path> own;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (IsOwnName(entry.path().filename().string())) own.push_back(entry.path());
  }
  for (const fs::path& entry : own) fs::remove_all(entry, ignored);
}

}  // namespace

arrow::Result<std::unique_ptr<OutputFolder>> OutputFolder::Create(const std::string& path,
                                                                  bool overwrite) {
  if (path.empty()) return base::UsageError("the output folder has no name; give one with -o DIR");
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const bool existed = fs::exists(status);
  if (existed && !fs::is_directory(status)) {
    return base::UsageError(fmt::format("the output '{}' is a file; name a folder", path));
  }
  if (existed) {
    bool empty = true;
    for (const auto& entry : fs::directory_iterator(path, error)) {
      empty = false;
      const std::string name = entry.path().filename().string();
      if (overwrite && !IsOwnName(name)) {
        return base::UsageError(
            fmt::format("the output folder '{}' holds '{}', which no run of ember has written; "
                        "--overwrite replaces outputs of ember only: choose another folder",
                        path, name));
      }
    }
    if (error)
      return base::DataError(fmt::format("cannot read the folder '{}': {}", path, error.message()));
    if (!empty && !overwrite) {
      return base::UsageError(fmt::format(
          "the output folder '{}' is not empty; choose another one, or replace it with --overwrite",
          path));
    }
    RemoveOwn(path);
  }
  std::unique_ptr<OutputFolder> folder(new OutputFolder(path, existed));
  fs::create_directories(folder->scratch_path(), error);
  if (error)
    return base::DataError(fmt::format("cannot create the folder '{}': {}", path, error.message()));
  return folder;
}

OutputFolder::~OutputFolder() {
  if (complete_) return;
  RemoveOwn(path_);
  std::error_code ignored;
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
