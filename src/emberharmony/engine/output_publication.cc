#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/engine/output_contents_internal.h"
#include "emberharmony/engine/output_publication_internal.h"

namespace emberharmony::engine::internal {

namespace fs = std::filesystem;

namespace {

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

fs::path Scratch(const fs::path& dir) { return dir / kScratchName; }
// The old output's entries: under the first name while they are moved there, under the second when
// all are.
fs::path Removing(const fs::path& dir) { return Scratch(dir) / "replaced.tmp"; }
fs::path Removed(const fs::path& dir) { return Scratch(dir) / "replaced"; }

// DIR without links, so that it is the folder that is exchanged, and not a link to it.
fs::path Resolved(const std::string& dir) {
  std::error_code error;
  fs::path path = fs::canonical(dir, error);
  if (error) path = fs::absolute(dir, error).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

fs::path SiblingOf(const fs::path& dir) {
  return dir.parent_path() / ("." + dir.filename().string() + ".ember-new");
}

bool IsCurrentFolder(const fs::path& dir) {
  std::error_code error;
  const fs::path current = fs::current_path(error);
  if (error) return true;
  const fs::path relative = current.lexically_relative(dir);
  return !relative.empty() && *relative.begin() != "..";
}

// Gives `folder` the mode and owner of `like`.
bool MakeAlike(const fs::path& folder, const fs::path& like) {
  struct stat wanted{};
  struct stat found{};
  if (stat(like.c_str(), &wanted) != 0 || stat(folder.c_str(), &found) != 0) return false;
  if ((wanted.st_uid != found.st_uid || wanted.st_gid != found.st_gid) &&
      chown(folder.c_str(), wanted.st_uid, wanted.st_gid) != 0) {
    return false;
  }
  return chmod(folder.c_str(), wanted.st_mode & 07777) == 0;
}

bool ExchangeNames([[maybe_unused]] const fs::path& a, [[maybe_unused]] const fs::path& b) {
#ifdef RENAME_EXCHANGE
  return renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
#else
  return false;
#endif
}

// One step for whoever looks. False when it is not to be had here; then nothing has changed.
bool Exchange(const fs::path& dir) {
  const fs::path sibling = SiblingOf(dir);
  const fs::path staging = StagingPath(dir.string());
  if (IsCurrentFolder(dir) || Exists(Removing(dir)) || Exists(Removed(dir))) return false;
  std::error_code error;
  if (Exists(staging)) {
    if (Exists(sibling) || !MakeAlike(staging, dir)) return false;
    fs::rename(staging, sibling, error);
    if (error) return false;
  }
  if (!ExchangeNames(sibling, dir)) {
    fs::rename(sibling, staging, error);
    return false;
  }
  base::Log(base::LogLevel::kDebug, "'{}': exchanged with the new output", dir.string());
  (void)base::SyncFolder(dir.parent_path().string());
  RemoveOutput(sibling.string());
  return true;
}

// Moves the entries of a folder, those that say that an output is complete first or last.
arrow::Status MoveEntries(const fs::path& from, const fs::path& to, bool mark_first) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    if (entry.path().filename() != kScratchName) entries.push_back(entry.path());
  }
  std::stable_partition(entries.begin(), entries.end(), [&](const fs::path& path) {
    return IsCompletionMark(path.filename().string()) == mark_first;
  });
  for (const fs::path& entry : entries) {
    if (!error) fs::rename(entry, to / entry.filename(), error);
  }
  if (error) {
    return base::DataError(
        fmt::format("cannot move '{}' into '{}': {}", from.string(), to.string(), error.message()));
  }
  return base::SyncFolder(to.string());
}

arrow::Status MoveStepwise(const fs::path& dir) {
  base::Log(base::LogLevel::kDebug, "'{}': moving the new output in, file by file", dir.string());
  std::error_code error;
  const fs::path staging = StagingPath(dir.string());
  if (!Exists(Removed(dir))) {
    if (!Exists(staging)) {
      return base::DataError(DescribeStrayCompletion(dir.string()));
    }
    fs::create_directory(Removing(dir), error);
    if (error) {
      return base::DataError(fmt::format("cannot create the folder '{}': {}",
                                         Removing(dir).string(), error.message()));
    }
    ARROW_RETURN_NOT_OK(MoveEntries(dir, Removing(dir), /*mark_first=*/true));
    fs::rename(Removing(dir), Removed(dir), error);
    if (error) {
      return base::DataError(
          fmt::format("cannot rename '{}': {}", Removing(dir).string(), error.message()));
    }
    ARROW_RETURN_NOT_OK(base::SyncFolder(Scratch(dir).string()));
  }
  if (Exists(staging)) ARROW_RETURN_NOT_OK(MoveEntries(staging, dir, /*mark_first=*/false));
  // First what says that there is something to finish: from here on it would be done twice.
  fs::remove(CompletePath(dir.string()), error);
  if (!error) fs::remove_all(Scratch(dir), error);
  if (error) {
    return base::DataError(
        fmt::format("cannot remove '{}': {}", Scratch(dir).string(), error.message()));
  }
  return arrow::Status::OK();
}

arrow::Status Finish(const fs::path& dir) {
  if (Exchange(dir)) return arrow::Status::OK();
  return MoveStepwise(dir);
}

}  // namespace

std::string StagingPath(const std::string& dir) { return dir + "/" + kScratchName + "/output"; }

std::string CompletePath(const std::string& dir) { return dir + "/" + kScratchName + "/complete"; }

std::string LedgerPath(const std::string& dir) {
  return dir + "/" + kScratchName + "/" + kLedgerName;
}

bool HasStrayCompletion(const std::string& dir) {
  const fs::path path = Resolved(dir);
  return Exists(CompletePath(dir)) && !Exists(StagingPath(dir)) && !Exists(Removed(path)) &&
         !Exists(SiblingOf(path));
}

std::string DescribeStrayCompletion(const std::string& dir) {
  return fmt::format(
      "'{}' says that a new output is complete in '{}', and there is none: remove that file, and "
      "run again",
      CompletePath(dir), StagingPath(dir));
}

arrow::Status Publish(const std::string& dir) {
  const fs::path path = Resolved(dir);
  ARROW_RETURN_NOT_OK(base::SyncFolder(StagingPath(path.string())));
  ARROW_RETURN_NOT_OK(base::WriteFileAtomically(CompletePath(path.string()), ""));
  return Finish(path);
}

arrow::Status Recover(const std::string& dir) {
  const fs::path path = Resolved(dir);
  const fs::path sibling = SiblingOf(path);
  // What was exchanged took its `.ember` along, and loses it last.
  std::error_code error;
  const bool is_old =
      HasScratch(sibling.string()) || (fs::is_directory(fs::symlink_status(sibling, error)) &&
                                       fs::is_empty(sibling, error) && !error);
  if (is_old) {
    base::Log(base::LogLevel::kInfo, "removing '{}', which a killed run has left",
              sibling.string());
    RemoveOutput(sibling.string());
  }
  if (!HasScratch(path.string()) || !Exists(CompletePath(path.string()))) {
    return arrow::Status::OK();
  }
  base::Log(base::LogLevel::kInfo, "putting the output in place that a killed run has left in '{}'",
            path.string());
  return Finish(path);
}

}  // namespace emberharmony::engine::internal
