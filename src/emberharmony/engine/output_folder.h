#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <string>

namespace emberharmony::engine {

/// The folder a run writes to. While the run goes on it holds `.ember/`; without Complete the
/// destructor removes what the run has written, so that a failed run leaves nothing half-done.
class OutputFolder {
 public:
  /// A folder that is absent or empty. With overwrite also one that an earlier run of this program
  /// has filled; anything else in it is refused (UsageError), and what is there is removed only by
  /// this call.
  static arrow::Result<std::unique_ptr<OutputFolder>> Create(const std::string& path,
                                                             bool overwrite);
  ~OutputFolder();

  const std::string& path() const { return path_; }
  /// For temporary files of the run; on the same disk.
  std::string scratch_path() const { return path_ + "/.ember"; }
  /// Moves everything in the folder `from` (on the same disk) up into this one, the entry named
  /// `last` at the end.
  arrow::Status Adopt(const std::string& from, const std::string& last);
  /// Keeps what has been written.
  arrow::Status Complete();

 private:
  OutputFolder(std::string path, bool existed) : path_(std::move(path)), existed_(existed) {}
  std::string path_;
  bool existed_;
  bool complete_ = false;
};

}  // namespace emberharmony::engine
