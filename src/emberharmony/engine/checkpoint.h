#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/manifest.h"
#include "emberharmony/engine/output_folder.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/run_ledger.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/remote_tables.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {

/// What a run goes on from after it was interrupted, and where it notes how far it is.
///
/// The run's output is built in DIR/.ember/output, and DIR/.ember/ledger lists what of it is
/// complete: the model, and unit by unit the shards; before them, column by column, states that
/// learning has come to (DIR/.ember/states). A line is added after what it speaks of is on
/// disk, so that a kill at any instant loses the work since the last line and nothing else. What a
/// run writes follows from its request and the source alone; hence a run that continues does again
/// what is not listed, skips what is, and ends with the bytes of an undisturbed one, whatever its
/// threads, memory and batches.
///
/// Nothing listed is believed: shards and model are compared with their hashes first, and what does
/// not fit is made again.
class Checkpoint : public io::DownloadKeeper {
 public:
  /// Opens the output of a run that asks for `header` (command, program, source, request), in a
  /// folder that is the run's alone. One that OutputFolder::CreateOrContinue has found an
  /// interrupted run of the same request in is continued; UsageError, which names what differs, for
  /// one of another.
  static arrow::Result<std::unique_ptr<Checkpoint>> Open(std::unique_ptr<OutputFolder> folder,
                                                         const LedgerContents& header,
                                                         RunContext* context);
  ~Checkpoint() override;
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  OutputFolder* folder() const { return folder_.get(); }
  /// With resume: an output is there, whole.
  bool is_complete() const { return folder_->is_complete(); }
  /// From there: the run begins all the same, and is to replace that output, since its rows cannot
  /// be told to be the same.
  arrow::Status BeginAnew(const LedgerContents& header);
  /// Whether an interrupted run is continued.
  bool continues() const { return continues_; }
  /// Whether a later run could go on from what this one keeps.
  bool can_be_continued() const { return can_continue_; }
  int64_t num_units_found() const { return static_cast<int64_t>(found_.units.size()); }

  /// Where the model is built that shards are made with.
  std::string model_path() const { return folder_->staging_path() + "/model"; }
  /// What the earlier run has noted of its model, if that is whole; nothing: it is to be learned.
  arrow::Result<std::optional<nlohmann::json>> FindModel();
  /// The model in model_path is complete. DataError when an earlier run had another one.
  arrow::Status NoteModel(const nlohmann::json& facts);

  arrow::Status NoteSource(int64_t num_units, int64_t num_rows);
  /// So many columns and steps on whole rows are to learn, and one of them has: by its place in the
  /// source, and by the first column that it yields. Thread-safe, as all below.
  arrow::Status NoteToLearn(int64_t num_columns, int64_t num_row_steps);
  arrow::Status NoteLearnedColumn(int column);
  arrow::Status NoteLearnedRowStep(int first_derived);
  /// What the run does now, for people, where no phase of its Progress tells.
  void NotePhase(const std::string& phase);

  /// The path of a file that an interrupted run has kept under this name; nothing where there is
  /// none, or none that is whole.
  std::optional<std::string> FindFile(const std::string& name) const;
  std::optional<std::string> FindKept(const std::string& name) const override {
    return FindFile(name);
  }
  arrow::Status Keep(const std::string& name,
                     const std::function<arrow::Status(const std::string& path)>& write) override;
  /// A service's rows are there. Unless they are those that an earlier run had kept, what it has
  /// made of others is forgotten. One thread.
  arrow::Status NoteDownload(bool was_kept);
  /// Keeps what `write` writes to the stream that it is given, under a name of letters, digits and
  /// '-'. Unlike Keep it need not read again what was written.
  arrow::Status NoteFile(const std::string& name,
                         const std::function<arrow::Status(arrow::io::OutputStream*)>& write);
  /// The same for states, which are read from their file when they are used.
  arrow::Result<std::optional<std::vector<plan::SavedState>>> FindStates(const std::string& name,
                                                                         int source_column) const;
  arrow::Status NoteStates(const std::string& name, const std::vector<plan::SavedState>& states);

  /// The shards of the units that are complete, as they were noted: by unit.
  const std::map<int64_t, std::vector<LedgerShard>>& units() const { return found_.units; }
  /// A unit's shards are complete and on disk. Thread-safe.
  arrow::Status NoteUnit(int64_t unit, const std::vector<LedgerShard>& shards);

  /// Puts the output in place.
  arrow::Status Publish() { return folder_->Publish(); }
  /// Decides what becomes of the output of a run that has failed: `status` with what to do next, if
  /// it is kept.
  arrow::Status Conclude(const arrow::Status& status);

 private:
  Checkpoint() = default;
  arrow::Status ContinueOrStartOver(const LedgerContents& header);
  arrow::Status Begin(const LedgerContents& header);
  void ObservePhases();
  /// Removes what is not listed.
  arrow::Status Sweep();
  std::string StatesFolder() const;
  /// Where the file of this name is to be; its folder is there then.
  arrow::Result<std::string> MakePath(const std::string& name) const;
  /// A file is complete and on disk.
  arrow::Status Note(const std::string& name, const LedgerFile& file);

  std::unique_ptr<OutputFolder> folder_;
  std::unique_ptr<RunLedger> ledger_;
  RunContext* context_ = nullptr;
  LedgerContents found_;  // of the run that is continued; with the files that this one keeps
  mutable std::mutex files_mutex_;  // guards found_.files
  bool continues_ = false;
  bool can_continue_ = true;
  bool is_contradicted_ = false;  // what was found does not fit the request: going on is no help
  // What another run need not make again.
  std::atomic<bool> has_output_{false};
  std::atomic<bool> has_states_{false};
};

/// The digest of what a model directory holds, without or with its states: 32 hexadecimal digits.
arrow::Result<std::string> ModelDigest(const std::string& folder, bool with_states);

/// Whether there is a regular file of this size and hash.
bool IsFileWithHash(const std::string& path, const LedgerFile& expected);

}  // namespace emberharmony::engine
