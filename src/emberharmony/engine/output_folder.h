#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <string>
#include <vector>

namespace emberharmony::engine {

/// UsageError when `source` is a folder and a run that reads it would find `output` among its files
/// the next time.
arrow::Status CheckOutsideSource(const std::string& output, const std::string& source);

/// The folder a run writes to. While the run goes on it holds `.ember/`; without Complete the
/// destructor removes what the run has written, so that a failed run leaves nothing half-done.
class OutputFolder {
 public:
  /// A folder that is absent or empty. With overwrite also one that an earlier run of this program
  /// has filled, and that holds none of `inputs`, the paths and globs that this run reads; anything
  /// else in it, at any depth, is refused (UsageError). What is there is removed by this call, and
  /// only when nothing is refused.
  static arrow::Result<std::unique_ptr<OutputFolder>> Create(
      const std::string& path, bool overwrite, const std::vector<std::string>& inputs = {});
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
