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

/// The folder a run writes to.
///
/// The run builds its output in `DIR/.ember/output`, and Publish puts it in the place of what is in
/// the folder, in an order in which a kill at any instant leaves the old output or the new
/// (output_publication_internal.h). Without Publish the destructor removes what the run has
/// written, and no more: an earlier output stays whole. One thread at a time; a lock keeps other
/// processes out until the object ends.
class OutputFolder {
 public:
  /// A folder that is absent or empty. With overwrite also one that an earlier run of this program
  /// has filled, and that holds none of `inputs`, the paths and globs that this run reads; anything
  /// else in it, at any depth, is refused (UsageError), and so is a folder that another run is
  /// writing to. What a killed run has left is cleaned up first: a complete output that it could
  /// not put in place any more is put there.
  static arrow::Result<std::unique_ptr<OutputFolder>> Create(
      const std::string& path, bool overwrite, const std::vector<std::string>& inputs = {});
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& path() const { return path_; }
  /// For temporary files of the run; on the same disk.
  std::string scratch_path() const;
  /// The folder in which the output is built; there, and empty, after Create.
  std::string staging_path() const;
  /// Puts what is in staging_path in the place of what was in path. Files of others that have
  /// appeared there meanwhile are an error, and stay. After an error the earlier output is still
  /// there, or the next Create finishes the work.
  arrow::Status Publish();

 private:
  // Removes what an unpublished run has written.
  void Clean();
  OutputFolder(std::string path, bool existed) : path_(std::move(path)), existed_(existed) {}
  arrow::Status Lock();

  std::string path_;
  bool existed_;
  int lock_ = -1;
  bool published_ = false;
};

}  // namespace emberharmony::engine
