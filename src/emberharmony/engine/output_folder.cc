#include "emberharmony/engine/output_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/output_contents_internal.h"
#include "emberharmony/engine/output_publication_internal.h"
#include "emberharmony/engine/run_ledger.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

constexpr int kLockAttempts = 20;

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
  ARROW_ASSIGN_OR_RAISE(std::string foreign, internal::FindForeign(path));
  if (foreign.empty() && internal::HasMark(path)) return arrow::Status::OK();
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

// Whether there is nothing in the folder but what an unfinished run keeps there.
bool OnlyScratch(const std::string& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().filename() != internal::kScratchName) return false;
  }
  return !error && internal::HasScratch(path);
}

bool HasFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(fs::symlink_status(path, ignored));
}

bool HasLedger(const std::string& path) {
  return internal::HasScratch(path) && HasFile(internal::LedgerPath(path));
}

bool HasCompleteOutput(const std::string& path) {
  return HasFile(fs::path(path) / "manifest.json") || HasFile(fs::path(path) / "model.json");
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

arrow::Result<std::unique_ptr<OutputFolder>> OutputFolder::Find(const std::string& path) {
  if (path.empty()) return base::UsageError("the output folder has no name; give one with -o DIR");
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const bool existed = fs::exists(status);
  if (existed && !fs::is_directory(status)) {
    return base::UsageError(fmt::format("the output '{}' is a file; name a folder", path));
  }
  std::unique_ptr<OutputFolder> folder(new OutputFolder(path, existed));
  folder->published_ = true;  // until there is something to remove
  // A folder that may turn out to be somebody else's gets no new file. Who writes here has made the
  // lock first of all.
  std::error_code ignored;
  const bool was_begun = fs::exists(fs::symlink_status(folder->lock_path(), ignored)) ||
                         fs::exists(internal::CompletePath(path), ignored);
  if (internal::HasScratch(path) && was_begun) ARROW_RETURN_NOT_OK(folder->Lock());
  ARROW_RETURN_NOT_OK(internal::Recover(path));
  return folder;
}

arrow::Result<std::unique_ptr<OutputFolder>> OutputFolder::Create(
    const std::string& path, bool overwrite, const std::vector<std::string>& inputs) {
  ARROW_ASSIGN_OR_RAISE(auto folder, Find(path));
  std::error_code error;
  const bool empty = !folder->existed_ || fs::is_empty(path, error);
  if (folder->existed_ && error) {
    return base::DataError(fmt::format("cannot read the folder '{}': {}", path, error.message()));
  }
  if (!empty && !overwrite) {
    if (HasLedger(path)) {
      return base::UsageError(
          fmt::format("the output folder '{}' holds what an interrupted run has left; continue it "
                      "with --resume (`ember status` tells how far it is), or start over with "
                      "--overwrite",
                      path));
    }
    return base::UsageError(fmt::format(
        "the output folder '{}' {}; choose another one, replace it with --overwrite, or continue "
        "an interrupted run with --resume",
        path, OnlyScratch(path) ? "holds what an interrupted run has left" : "is not empty"));
  }
  if (!empty) ARROW_RETURN_NOT_OK(CheckReplaceable(path, inputs));
  ARROW_RETURN_NOT_OK(folder->Begin());
  return folder;
}

arrow::Result<std::unique_ptr<OutputFolder>> OutputFolder::CreateOrContinue(
    const std::string& path, const std::vector<std::string>& inputs) {
  ARROW_ASSIGN_OR_RAISE(auto folder, Find(path));
  std::error_code error;
  const bool empty = !folder->existed_ || fs::is_empty(path, error);
  if (folder->existed_ && error) {
    return base::DataError(fmt::format("cannot read the folder '{}': {}", path, error.message()));
  }
  folder->inputs_ = inputs;
  const bool has_complete = HasCompleteOutput(path);
  bool has_ledger = HasLedger(path);
  if (has_ledger && has_complete) {
    // One without a first line is of a run that was killed before it had begun.
    ARROW_ASSIGN_OR_RAISE(const auto ledger, RunLedger::Read(internal::LedgerPath(path)));
    has_ledger = ledger.has_value();
  }
  if (has_ledger) {
    if (!OnlyScratch(path)) ARROW_RETURN_NOT_OK(CheckReplaceable(path, inputs));
    ARROW_RETURN_NOT_OK(folder->Lock());
    folder->continues_ = true;
    return folder;
  }
  if (empty || OnlyScratch(path)) {
    ARROW_RETURN_NOT_OK(folder->Begin());
    return folder;
  }
  folder->is_complete_ = has_complete;
  if (folder->is_complete_) return folder;
  return base::UsageError(
      fmt::format("the output folder '{}' is not empty, and holds nothing that --resume could "
                  "continue; choose another one",
                  path));
}

arrow::Status OutputFolder::Begin() {
  std::error_code error;
  fs::create_directories(scratch_path(), error);
  if (error) {
    return base::DataError(
        fmt::format("cannot create the folder '{}': {}", path_, error.message()));
  }
  const arrow::Status locked = Lock();
  if (!locked.ok()) {
    fs::remove(scratch_path(), error);  // only when it is empty
    if (!existed_) fs::remove(path_, error);
    return locked;
  }
  return StartOver();
}

arrow::Status OutputFolder::BeginAnew() {
  ARROW_RETURN_NOT_OK(CheckReplaceable(path_, inputs_));
  is_complete_ = false;
  return Begin();
}

arrow::Status OutputFolder::ClearUnbegun() {
  if (!internal::HasScratch(path_)) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(Lock());
  std::error_code error;
  fs::remove_all(scratch_path(), error);
  if (!error) return arrow::Status::OK();
  return base::DataError(
      fmt::format("cannot remove the folder '{}': {}", scratch_path(), error.message()));
}

void OutputFolder::Continue() {
  published_ = false;
  keep_ = true;
}

arrow::Status OutputFolder::StartOver() {
  published_ = false;
  keep_ = false;
  continues_ = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(scratch_path(), error)) {
    if (entry.path().filename() != internal::kLockName) fs::remove_all(entry.path(), error);
    if (error) break;
  }
  if (!error) fs::create_directory(staging_path(), error);
  if (!error) return arrow::Status::OK();
  return base::DataError(
      fmt::format("cannot empty the folder '{}': {}", scratch_path(), error.message()));
}

// Held by the open file, so that a killed process leaves none.
arrow::Status OutputFolder::Lock() {
  if (lock_ >= 0) return arrow::Status::OK();
  const std::string path = lock_path();
  lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (lock_ < 0) {
    return base::DataError(
        fmt::format("cannot open '{}': {}", path, std::generic_category().message(errno)));
  }
  // File systems without locks keep nobody out. Who only looks whether a run is going on
  // (engine/run_status.h) holds the lock for an instant: it is tried again for some of them.
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    if (flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return arrow::Status::OK();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return base::UsageError(fmt::format(
      "another run of ember is writing to the folder '{}'; wait for its end, or choose another one",
      path_));
}

OutputFolder::~OutputFolder() {
  // Paths take memory, which a run that failed for want of it has given back by now; what is
  // refused once may still be had.
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      Clean();
      break;
    } catch (const std::bad_alloc&) {
    }
  }
  if (lock_ >= 0) close(lock_);
}

void OutputFolder::Clean() {
  std::error_code ignored;
  if (published_ || keep_ || fs::exists(internal::CompletePath(path_), ignored)) return;
  fs::remove_all(scratch_path(), ignored);
  if (!existed_) fs::remove(path_, ignored);
}

std::string OutputFolder::scratch_path() const { return path_ + "/" + internal::kScratchName; }

std::string OutputFolder::lock_path() const { return scratch_path() + "/" + internal::kLockName; }

std::string OutputFolder::ledger_path() const { return internal::LedgerPath(path_); }

std::string OutputFolder::staging_path() const { return internal::StagingPath(path_); }

arrow::Status OutputFolder::Publish() {
  ARROW_ASSIGN_OR_RAISE(const std::string foreign, internal::FindForeign(path_));
  if (!foreign.empty()) {
    return base::DataError(
        fmt::format("'{}' has appeared in the output folder '{}' during the run, and ember has not "
                    "written it; move it away, and run again",
                    foreign, path_));
  }
  const arrow::Status status = internal::Publish(path_);
  published_ = status.ok();
  std::error_code ignored;
  if (status.ok() || !fs::exists(internal::CompletePath(path_), ignored)) return status;
  return status.WithMessage(status.message(),
                            "; the new output is complete, and the next run into this folder will "
                            "put it in place");
}

}  // namespace emberharmony::engine
