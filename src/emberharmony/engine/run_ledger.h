#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emberharmony/engine/run_request.h"

namespace emberharmony::engine {

/// A shard of a unit that is complete: where it lies follows from the unit and the split.
struct LedgerShard {
  int split = 0;  ///< 0 train or all, 1 validation, 2 test
  int64_t num_rows = 0;
  int64_t bytes = 0;
  std::string xxh3_128;
};

/// A file beside the ledger, by the hash of its content.
struct LedgerFile {
  int64_t bytes = 0;
  std::string xxh3_128;
};

/// What a ledger says.
struct LedgerContents {
  std::string command;  ///< "extract", "fit", "transform"
  std::string program;  ///< the version of who wrote it
  std::string source;   ///< as it may be shown
  RunRequest request;
  int64_t num_units = 0;  ///< of the source; 0 while that is not known
  int64_t num_rows = 0;   ///< the same
  /// What there is to learn, and what of it is learned: columns, derived ones among them, by their
  /// place in the source, and steps on whole rows by the first column that they yield. 0 while that
  /// is not known.
  int64_t num_columns = 0;
  int64_t num_row_steps = 0;
  std::set<int64_t> learned_columns;
  std::set<int64_t> learned_row_steps;
  std::string phase;  ///< the last that began; "" before the first
  /// What ended the run, as far as it could tell (RunLedger::AddEnd); "" of one that has not ended,
  /// or was killed.
  std::string end;
  /// The model, once it is complete: the digest of its folder, and what the report tells of how it
  /// came about.
  std::optional<std::string> model_digest;
  nlohmann::json model_facts;
  std::map<std::string, LedgerFile> files;            ///< what was learned so far, by name
  std::map<int64_t, std::vector<LedgerShard>> units;  ///< whose shards are complete
  int64_t valid_bytes = 0;  ///< of the file: what follows was not written to its end

  /// Forgets all that was made of rows that are not to be had any more.
  void ForgetResults();
};

/// The list of what an unfinished run has done: DIR/.ember/ledger, a file that only grows.
///
/// Each line is the XXH3 64-bit hash (16 hexadecimal digits) of what follows the space behind it,
/// and a JSON object. A line that was not written to its end, or is damaged, and all that follow,
/// count as not there. The first line has the format's version and the request. A line is written
/// after all that it speaks of is on disk, and is on disk itself when Append returns. No line names
/// a path: files lie where the program says.
///
/// It may come from a stranger: sizes, depth and numbers are bounded, and what it says of a file is
/// compared with the file.
class RunLedger {
 public:
  static constexpr int kVersion = 1;

  /// nullopt where there is no ledger, or none with a whole first line. UsageError for one of
  /// another version of the format.
  static arrow::Result<std::optional<LedgerContents>> Read(const std::string& path);
  /// A new one with its first line, which takes command, program, source and request of `contents`.
  static arrow::Result<std::unique_ptr<RunLedger>> Create(const std::string& path,
                                                          const LedgerContents& contents);
  /// Goes on behind what Read has found valid.
  static arrow::Result<std::unique_ptr<RunLedger>> Continue(const std::string& path,
                                                            int64_t valid_bytes);
  ~RunLedger();
  RunLedger(const RunLedger&) = delete;
  RunLedger& operator=(const RunLedger&) = delete;

  /// All are thread-safe.
  arrow::Status AddSource(int64_t num_units, int64_t num_rows);
  /// Phases are for people: not synced to the disk.
  arrow::Status AddPhase(const std::string& phase);
  /// So many columns and steps on whole rows are to learn; not synced, as the next two.
  arrow::Status AddToLearn(int64_t num_columns, int64_t num_row_steps);
  arrow::Status AddLearnedColumn(int64_t column);
  arrow::Status AddLearnedRowStep(int64_t first_derived);
  arrow::Status AddFile(const std::string& name, const LedgerFile& file);
  arrow::Status AddModel(const std::string& digest, const nlohmann::json& facts);
  /// LedgerContents::ForgetResults, for all that read it later.
  arrow::Status AddForgetting();
  arrow::Status AddUnit(int64_t unit, const std::vector<LedgerShard>& shards);
  /// The run ends before its output is complete, and is kept. For people: not synced.
  arrow::Status AddEnd(const std::string& reason);

 private:
  RunLedger(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  /// Whether a line has to be on the disk before what comes next. Together: one thread asks for all
  /// lines that are written by then, and others that have come meanwhile wait for the next time.
  enum class Syncing { kNone, kAlone, kTogether };

  arrow::Status Append(const nlohmann::json& line, Syncing syncing);

  const int descriptor_;
  const std::string path_;
  std::mutex mutex_;  // guards all below, and the order of lines
  std::condition_variable synced_;
  int64_t num_written_ = 0;
  int64_t num_synced_ = 0;
  bool is_syncing_ = false;
  int sync_error_ = 0;  // errno of the first sync that failed
};

}  // namespace emberharmony::engine
