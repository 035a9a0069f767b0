#include "emberharmony/engine/checkpoint.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <regex>
#include <system_error>
#include <utility>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/content_hash.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/output_contents_internal.h"
#include "emberharmony/io/stream_spool.h"
#include "emberharmony/plan/state_file.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

arrow::Status CannotRead(const std::string& path, int error) {
  return arrow::Status::IOError(
      fmt::format("cannot read '{}': {}", path, std::generic_category().message(error)));
}

// The bytes read.
arrow::Result<int64_t> AddFileTo(const std::string& path, base::ContentHash* hash) {
  if (!hash->is_valid()) return arrow::Status::OutOfMemory("no memory for a checksum");
  ARROW_ASSIGN_OR_RAISE(const int descriptor, base::OpenRegularDescriptor(path));
  std::string piece(size_t{1} << 20, '\0');
  int64_t bytes = 0;
  arrow::Status status;
  while (true) {
    const ssize_t length = ::read(descriptor, piece.data(), piece.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) status = CannotRead(path, errno);
    if (length <= 0) break;
    hash->Add(std::string_view(piece).substr(0, static_cast<size_t>(length)));
    bytes += length;
  }
  close(descriptor);
  ARROW_RETURN_NOT_OK(status);
  return bytes;
}

arrow::Status CannotClean(const fs::path& path, const std::error_code& error) {
  return base::DataError(
      fmt::format("cannot clean up the folder '{}': {}", path.string(), error.message()));
}

// Removes all entries of a folder for which `stays` does not hold; links are removed, never
// followed.
template <typename Stays>
arrow::Status RemoveOthers(const fs::path& folder, const Stays& stays) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::directory_iterator(folder, error)) entries.push_back(entry);
  for (const auto& entry : entries) {
    if (!stays(entry)) fs::remove_all(entry.path(), error);
    if (error) break;
  }
  return error ? CannotClean(folder, error) : arrow::Status::OK();
}

bool IsShardFile(const fs::directory_entry& entry) {
  static const std::regex kShardName(R"(part-\d{5,}\.(parquet|arrow))");
  return fs::is_regular_file(entry.symlink_status()) &&
         std::regex_match(entry.path().filename().string(), kShardName);
}

bool IsSplitFolder(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return fs::is_directory(entry.symlink_status()) &&
         std::ranges::find(kSplitNames, name) != kSplitNames.end();
}

constexpr const char* kStatesName = "states";
constexpr const char* kBeginsAnew =
    "rows of standard input and in memory cannot be told to be the same again: the run begins anew";
constexpr const char* kGoOn =
    "what is done is kept: the same command with --resume goes on from there, with --overwrite it "
    "starts over";

constexpr const char* kDownloadAgain =
    "nothing of the download is kept: the same command with --resume or --overwrite begins it "
    "again (with a unit_column each range that has come is kept)";

// Whether a run was downloading when it ended, and has kept none of it.
bool HasNothingOfDownload(const std::string& ledger_path) {
  const auto found = RunLedger::Read(ledger_path);
  if (!found.ok() || !*found || !(*found)->files.empty()) return false;
  return (*found)->phase == "download" || (*found)->phase == "count values";
}

// What ended a run, as its ledger tells it.
const char* EndOf(base::ErrorKind kind) {
  if (kind == base::ErrorKind::kInterrupted) return "stopped";
  return kind == base::ErrorKind::kMemory ? "memory" : "error";
}

}  // namespace

arrow::Result<std::string> ModelDigest(const std::string& folder, bool with_states) {
  std::error_code error;
  std::vector<std::string> names = {"plan.yaml", "model.json"};
  for (const std::string part : {"vocabulary", "state"}) {
    const fs::path path = fs::path(folder) / part;
    if ((part == "state" && !with_states) || !fs::is_directory(path, error)) continue;
    for (const auto& entry : fs::directory_iterator(path, error)) {
      if (fs::is_regular_file(entry.status()))
        names.push_back(part + "/" + entry.path().filename().string());
    }
    if (error) {
      return base::DataError(
          fmt::format("cannot read the folder '{}': {}", path.string(), error.message()));
    }
  }
  std::sort(names.begin(), names.end());
  base::ContentHash hash;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, AddFileTo(folder + "/" + name, &hash));
    hash.Add(fmt::format("\n{} {} {}\n", name.size(), name, bytes));
  }
  if (!hash.is_valid()) return arrow::Status::OutOfMemory("no memory for a checksum");
  return hash.Hex();
}

bool IsFileWithHash(const std::string& path, const LedgerFile& expected) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (error || !fs::is_regular_file(status)) return false;
  if (static_cast<int64_t>(fs::file_size(path, error)) != expected.bytes || error) return false;
  base::ContentHash hash;
  const auto bytes = AddFileTo(path, &hash);
  return bytes.ok() && *bytes == expected.bytes && hash.Hex() == expected.xxh3_128;
}

arrow::Result<std::unique_ptr<Checkpoint>> Checkpoint::Open(std::unique_ptr<OutputFolder> folder,
                                                            const LedgerContents& header,
                                                            RunContext* context) {
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint());
  checkpoint->context_ = context;
  checkpoint->can_continue_ = header.request.has_lasting_source;
  checkpoint->folder_ = std::move(folder);
  if (checkpoint->is_complete()) return checkpoint;
  if (checkpoint->folder_->continues()) {
    ARROW_RETURN_NOT_OK(checkpoint->ContinueOrStartOver(header));
  }
  if (!checkpoint->continues_) ARROW_RETURN_NOT_OK(checkpoint->Begin(header));
  checkpoint->ObservePhases();
  return checkpoint;
}

void Checkpoint::ObservePhases() {
  context_->progress()->set_phase_observer([this](const std::string& phase) { NotePhase(phase); });
}

void Checkpoint::NotePhase(const std::string& phase) {
  // That people can see how far a run is must not end it.
  (void)ledger_->AddPhase(phase);
}

arrow::Status Checkpoint::BeginAnew(const LedgerContents& header) {
  base::Log(base::LogLevel::kWarning, kBeginsAnew);
  ARROW_RETURN_NOT_OK(folder_->BeginAnew());
  ARROW_RETURN_NOT_OK(Begin(header));
  ObservePhases();
  return arrow::Status::OK();
}

Checkpoint::~Checkpoint() {
  if (ledger_ != nullptr) context_->progress()->set_phase_observer({});
}

arrow::Status Checkpoint::Begin(const LedgerContents& header) {
  ARROW_ASSIGN_OR_RAISE(ledger_, RunLedger::Create(folder_->ledger_path(), header));
  return arrow::Status::OK();
}

arrow::Status Checkpoint::ContinueOrStartOver(const LedgerContents& header) {
  ARROW_ASSIGN_OR_RAISE(auto found, RunLedger::Read(folder_->ledger_path()));
  if (!found) {
    base::Log(base::LogLevel::kWarning,
              "'{}' says nothing of an earlier run that could be continued: the run begins anew",
              folder_->ledger_path());
    return folder_->StartOver();
  }
  const std::string difference = header.request.DifferenceFrom(found->request);
  if (!difference.empty()) {
    return base::UsageError(fmt::format(
        "resume mismatch: the run that was interrupted in '{}' differs from this one in: "
        "{}; give what was given then, or start over with --overwrite",
        folder_->path(), difference));
  }
  if (!header.request.has_lasting_source) {
    base::Log(base::LogLevel::kWarning, kBeginsAnew);
    return folder_->StartOver();
  }
  folder_->Continue();
  continues_ = true;
  found_ = *std::move(found);
  if (header.command == "fit") found_.units.clear();
  ARROW_RETURN_NOT_OK(Sweep());
  ARROW_ASSIGN_OR_RAISE(ledger_, RunLedger::Continue(folder_->ledger_path(), found_.valid_bytes));
  NotePhase("check");
  base::Log(base::LogLevel::kInfo,
            "'{}': continuing a run that was interrupted: {} of {} units "
            "are written",
            folder_->path(), found_.units.size(), found_.num_units);
  return arrow::Status::OK();
}

arrow::Status Checkpoint::Sweep() {
  const fs::path scratch = folder_->scratch_path();
  const fs::path staging = folder_->staging_path();
  ARROW_RETURN_NOT_OK(RemoveOthers(scratch, [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    if (name == internal::kLockName || name == internal::kLedgerName) return true;
    const bool stays = name == kStatesName || (entry.path() == staging && found_.command != "fit");
    return stays && fs::is_directory(entry.symlink_status());
  }));
  std::error_code error;
  fs::create_directory(staging, error);
  if (error) return CannotClean(staging, error);
  ARROW_RETURN_NOT_OK(RemoveOthers(staging, [&](const fs::directory_entry& entry) {
    if (entry.path().filename() == "model") {
      return found_.model_digest.has_value() && fs::is_directory(entry.symlink_status());
    }
    return IsSplitFolder(entry) || IsShardFile(entry);
  }));
  if (fs::exists(StatesFolder(), error)) {
    ARROW_RETURN_NOT_OK(RemoveOthers(StatesFolder(), [&](const fs::directory_entry& entry) {
      return fs::is_regular_file(entry.symlink_status()) &&
             found_.files.contains(entry.path().filename().string());
    }));
  }
  for (const char* split : kSplitNames) {
    if (!fs::exists(staging / split, error)) continue;
    ARROW_RETURN_NOT_OK(RemoveOthers(staging / split, IsShardFile));
  }
  return arrow::Status::OK();
}

arrow::Result<std::optional<nlohmann::json>> Checkpoint::FindModel() {
  if (!found_.model_digest) return std::nullopt;
  const auto digest = ModelDigest(model_path(), /*with_states=*/true);
  if (digest.ok() && *digest == *found_.model_digest) {
    has_output_ = true;
    return found_.model_facts;
  }
  base::Log(base::LogLevel::kWarning,
            "the model that the interrupted run has left in '{}' is damaged: it is learned again",
            model_path());
  std::error_code error;
  fs::remove_all(model_path(), error);
  if (error) return CannotClean(model_path(), error);
  return std::nullopt;
}

arrow::Status Checkpoint::NoteModel(const nlohmann::json& facts) {
  ARROW_ASSIGN_OR_RAISE(const std::string digest, ModelDigest(model_path(), /*with_states=*/true));
  if (found_.model_digest && *found_.model_digest != digest) {
    is_contradicted_ = true;
    return base::DataError(fmt::format(
        "the run that was interrupted in '{}' had learned something else from the same request: "
        "the source, or the program, has changed; start over with --overwrite",
        folder_->path()));
  }
  if (!found_.model_digest) ARROW_RETURN_NOT_OK(ledger_->AddModel(digest, facts));
  has_output_ = true;
  return arrow::Status::OK();
}

arrow::Status Checkpoint::NoteSource(int64_t num_units, int64_t num_rows) {
  return ledger_->AddSource(num_units, num_rows);
}

std::string Checkpoint::StatesFolder() const { return folder_->scratch_path() + "/" + kStatesName; }

arrow::Status Checkpoint::NoteToLearn(int64_t num_columns, int64_t num_row_steps) {
  return ledger_->AddToLearn(num_columns, num_row_steps);
}

arrow::Status Checkpoint::NoteLearnedColumn(int column) {
  return ledger_->AddLearnedColumn(column);
}

arrow::Status Checkpoint::NoteLearnedRowStep(int first_derived) {
  return ledger_->AddLearnedRowStep(first_derived);
}

std::optional<std::string> Checkpoint::FindFile(const std::string& name) const {
  LedgerFile listed;
  {
    const std::lock_guard lock(files_mutex_);
    const auto found = found_.files.find(name);
    if (found == found_.files.end()) return std::nullopt;
    listed = found->second;
  }
  std::string path = StatesFolder() + "/" + name;
  if (IsFileWithHash(path, listed)) return path;
  base::Log(base::LogLevel::kWarning,
            "'{}' is not what the interrupted run has left: it is made again", path);
  return std::nullopt;
}

arrow::Result<std::string> Checkpoint::MakePath(const std::string& name) const {
  std::error_code error;
  fs::create_directory(StatesFolder(), error);
  if (error) {
    return base::DataError(
        fmt::format("cannot create the folder '{}': {}", StatesFolder(), error.message()));
  }
  return StatesFolder() + "/" + name;
}

arrow::Status Checkpoint::Note(const std::string& name, const LedgerFile& file) {
  ARROW_RETURN_NOT_OK(ledger_->AddFile(name, file));
  has_states_ = true;
  const std::lock_guard lock(files_mutex_);
  found_.files[name] = file;
  return arrow::Status::OK();
}

arrow::Status Checkpoint::Keep(const std::string& name,
                               const std::function<arrow::Status(const std::string&)>& write) {
  ARROW_ASSIGN_OR_RAISE(const std::string path, MakePath(name));
  ARROW_RETURN_NOT_OK(write(path));
  base::ContentHash hash;
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, AddFileTo(path, &hash));
  return Note(name, {bytes, hash.Hex()});
}

arrow::Status Checkpoint::NoteFile(
    const std::string& name, const std::function<arrow::Status(arrow::io::OutputStream*)>& write) {
  ARROW_ASSIGN_OR_RAISE(const std::string path, MakePath(name));
  ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(path));
  ARROW_RETURN_NOT_OK(write(file->stream()));
  ARROW_RETURN_NOT_OK(file->Commit());
  return Note(name, {file->bytes_written(), file->xxh3_128_hex()});
}

arrow::Status Checkpoint::NoteDownload(bool was_kept) {
  can_continue_ = can_continue_ && io::IsDownloadKept(*this);
  if (!continues_ || was_kept) return arrow::Status::OK();
  found_.ForgetResults();
  ARROW_RETURN_NOT_OK(ledger_->AddForgetting());
  return Sweep();
}

arrow::Result<std::optional<std::vector<plan::SavedState>>> Checkpoint::FindStates(
    const std::string& name, int source_column) const {
  const auto path = FindFile(name);
  if (!path) return std::nullopt;
  auto states = plan::ReadStateFile(*path, source_column);
  if (!states.ok()) return std::nullopt;
  return *std::move(states);
}

arrow::Status Checkpoint::NoteStates(const std::string& name,
                                     const std::vector<plan::SavedState>& states) {
  return NoteFile(
      name, [&](arrow::io::OutputStream* stream) { return plan::WriteStateFile(states, stream); });
}

arrow::Status Checkpoint::NoteUnit(int64_t unit, const std::vector<LedgerShard>& shards) {
  ARROW_RETURN_NOT_OK(ledger_->AddUnit(unit, shards));
  has_output_ = true;
  return arrow::Status::OK();
}

arrow::Status Checkpoint::Conclude(const arrow::Status& status) {
  if (status.ok() || is_complete()) return status;
  const base::ErrorKind kind = base::KindOf(status);
  const bool interrupted = kind == base::ErrorKind::kInterrupted;
  // Values that a step refuses are found while learning, and fail it again each time; what is
  // wrong with a disk or with memory may change.
  const bool may_pass = kind == base::ErrorKind::kMemory || status.IsIOError();
  const bool worth_it =
      (has_output_ && kind != base::ErrorKind::kUsage) || (has_states_ && may_pass);
  const bool keep = can_continue_ && (continues_ || interrupted || worth_it);
  folder_->set_keep(keep);
  if (keep) (void)ledger_->AddEnd(EndOf(kind));
  // Going on is advised only where it can help, and there is something to go on from.
  std::error_code ignored;
  const bool is_there = fs::exists(folder_->ledger_path(), ignored);
  if (!keep || is_contradicted_ || !is_there) return status;
  return status.WithMessage(status.message(), "; ",
                            HasNothingOfDownload(folder_->ledger_path()) ? kDownloadAgain : kGoOn);
}

}  // namespace emberharmony::engine
