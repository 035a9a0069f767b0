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
/// written, unless it is to be kept for a run that continues, and no more: an earlier output stays
/// whole. One thread at a time; a lock keeps other processes out until the object ends.
class OutputFolder {
 public:
  /// A folder that is absent or empty. With overwrite also one that an earlier run of this program
  /// has filled, and that holds none of `inputs`, the paths and globs that this run reads; anything
  /// else in it, at any depth, is refused (UsageError), and so is a folder that another run is
  /// writing to. What a killed run has left is cleaned up first: a complete output that it could
  /// not put in place any more is put there.
  static arrow::Result<std::unique_ptr<OutputFolder>> Create(
      const std::string& path, bool overwrite, const std::vector<std::string>& inputs = {});
  /// The same where a run may go on with what an interrupted one has left: its ledger, and what is
  /// beside it, stay (`continues`), until Continue or StartOver say what is to become of them. A
  /// folder that holds an output, complete, and nothing unfinished is not touched (`is_complete`),
  /// also where a later run was killed before its ledger had a line; one without either is as after
  /// Create. UsageError for a folder with anything else in it.
  static arrow::Result<std::unique_ptr<OutputFolder>> CreateOrContinue(
      const std::string& path, const std::vector<std::string>& inputs = {});
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& path() const { return path_; }
  /// For temporary files of the run; on the same disk.
  std::string scratch_path() const;
  /// The folder in which the output is built; there, and empty, after Create.
  std::string staging_path() const;
  /// Where an unfinished run lists what it has done (engine/run_ledger.h).
  std::string ledger_path() const;
  bool continues() const { return continues_; }
  bool is_complete() const { return is_complete_; }
  /// From here on what is there belongs to this run, and stays if the run fails.
  void Continue();
  /// What an interrupted run has left is removed, and this one begins.
  arrow::Status StartOver();
  /// From an output that is complete: this run begins, and is to replace it. UsageError for a
  /// folder that Create would not replace.
  arrow::Status BeginAnew();
  /// From an output that is complete: what a run has left that never began is removed.
  arrow::Status ClearUnbegun();
  /// What the run has written stays if it fails, for one that continues; or it does not.
  void set_keep(bool keep) { keep_ = keep; }
  /// Puts what is in staging_path in the place of what was in path. Files of others that have
  /// appeared there meanwhile are an error, and stay. After an error the earlier output is still
  /// there, or the next Create finishes the work.
  arrow::Status Publish();

 private:
  // Locks what is there, and cleans up what a killed run has left.
  static arrow::Result<std::unique_ptr<OutputFolder>> Find(const std::string& path);
  // Makes an empty staging folder, of which this run is the owner.
  arrow::Status Begin();
  // Removes what an unpublished run has written.
  void Clean();
  OutputFolder(std::string path, bool existed) : path_(std::move(path)), existed_(existed) {}
  arrow::Status Lock();
  std::string lock_path() const;

  std::string path_;
  bool existed_;
  int lock_ = -1;
  bool published_ = false;  // or nothing is this run's: then nothing is removed
  bool keep_ = false;
  bool continues_ = false;
  bool is_complete_ = false;
  std::vector<std::string> inputs_;  // of CreateOrContinue
};

}  // namespace emberharmony::engine
