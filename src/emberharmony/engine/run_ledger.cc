#include "emberharmony/engine/run_ledger.h"

#include <arrow/io/buffered.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/stream_spool.h"

namespace emberharmony::engine {

namespace {

using Json = nlohmann::json;

constexpr int64_t kLedgerBytesMax = int64_t{1} << 30;
constexpr size_t kLedgerLineBytesMax = size_t{64} << 20;
constexpr int kLedgerDepthMax = 8;
constexpr size_t kHashDigits = 16;
constexpr size_t kLedgerNameMax = 200;
constexpr int64_t kLedgerCountMax = int64_t{1} << 53;

arrow::Status LedgerFault(const char* what, const std::string& path, int error) {
  return arrow::Status::IOError(fmt::format("{} '{}': {}{}", what, path,
                                            std::generic_category().message(error),
                                            error == ENOSPC ? "; make room on the disk" : ""));
}

std::string LineHash(std::string_view text) {
  return fmt::format("{:016x}", static_cast<uint64_t>(XXH3_64bits(text.data(), text.size())));
}

// The object of a line, without its end; nothing for a damaged one.
std::optional<Json> ParseLine(std::string_view line) {
  if (line.size() <= kHashDigits + 1 || line[kHashDigits] != ' ') return std::nullopt;
  const std::string_view text = line.substr(kHashDigits + 1);
  if (LineHash(text) != line.substr(0, kHashDigits)) return std::nullopt;
  bool too_deep = false;
  const auto on_event = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kLedgerDepthMax) too_deep = true;
    return !too_deep;
  };
  Json json = Json::parse(text, on_event, /*allow_exceptions=*/false);
  if (too_deep || !json.is_object()) return std::nullopt;
  return json;
}

// Members of a line, checked.
class LedgerLine {
 public:
  explicit LedgerLine(const Json& json) : json_(json) {}

  const Json* Find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  std::optional<int64_t> Count(const char* name) const {
    const Json* value = Find(name);
    return value == nullptr ? std::nullopt : CountOf(*value);
  }
  std::optional<std::string> Text(const char* name, size_t bytes_max = kLedgerNameMax) const {
    const Json* value = Find(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > bytes_max) return std::nullopt;
    return text;
  }
  static std::optional<int64_t> CountOf(const Json& value) {
    if (!value.is_number_integer()) return std::nullopt;
    if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{kLedgerCountMax})
      return std::nullopt;
    const auto count = value.get<int64_t>();
    if (count < 0 || count > kLedgerCountMax) return std::nullopt;
    return count;
  }

 private:
  const Json& json_;
};

std::optional<LedgerShard> ShardOf(const Json& json) {
  if (!json.is_array() || json.size() != 4 || !json[3].is_string()) return std::nullopt;
  const auto split = LedgerLine::CountOf(json[0]);
  const auto rows = LedgerLine::CountOf(json[1]);
  const auto bytes = LedgerLine::CountOf(json[2]);
  if (!split || *split >= kNumSplits || !rows || !bytes) return std::nullopt;
  return LedgerShard{static_cast<int>(*split), *rows, *bytes, json[3].get<std::string>()};
}

bool AddUnitOf(const LedgerLine& line, LedgerContents* contents) {
  const auto unit = line.Count("unit");
  const Json* shards = line.Find("shards");
  if (!unit || shards == nullptr || !shards->is_array() || shards->size() > kNumSplits) {
    return false;
  }
  std::vector<LedgerShard> found;
  for (const Json& json : *shards) {
    auto shard = ShardOf(json);
    if (!shard) return false;
    found.push_back(*std::move(shard));
  }
  contents->units[*unit] = std::move(found);
  return true;
}

bool AddFileOf(const LedgerLine& line, LedgerContents* contents) {
  auto name = line.Text("file");
  const auto bytes = line.Count("bytes");
  auto hash = line.Text("xxh3_128");
  if (!name || !bytes || !hash) return false;
  contents->files[*std::move(name)] = LedgerFile{*bytes, *std::move(hash)};
  return true;
}

// How much there is to learn, or what has been.
bool AddLearningOf(const std::string& kind, const LedgerLine& line, LedgerContents* contents) {
  const auto column = line.Count("column");
  const auto row_step = line.Count("row_step");
  if (kind == "columns") {
    contents->num_columns = line.Count("columns").value_or(0);
    contents->num_row_steps = line.Count("row_steps").value_or(0);
  } else if (column) {
    contents->learned_columns.insert(*column);
  } else if (row_step) {
    contents->learned_row_steps.insert(*row_step);
  } else {
    return false;
  }
  return true;
}

// What a line after the first adds; false for one that nobody writes, which adds nothing.
bool AddLine(const Json& json, LedgerContents* contents) {
  const LedgerLine line(json);
  const std::string kind = line.Text("line").value_or("");
  if (kind == "unit") return AddUnitOf(line, contents);
  if (kind == "file") return AddFileOf(line, contents);
  if (kind == "forget") {
    contents->ForgetResults();
    return true;
  }
  if (kind == "phase") {
    auto phase = line.Text("phase");
    if (!phase || phase->empty()) return false;
    contents->phase = *std::move(phase);
    // Who begins one has not ended.
    contents->end.clear();
    return true;
  }
  if (kind == "end") {
    auto reason = line.Text("reason");
    if (!reason || reason->empty()) return false;
    contents->end = *std::move(reason);
    return true;
  }
  if (kind == "source") {
    const auto units = line.Count("units");
    const auto rows = line.Count("rows");
    if (!units || !rows) return false;
    contents->num_units = *units;
    contents->num_rows = *rows;
    return true;
  }
  if (kind == "columns" || kind == "learned") return AddLearningOf(kind, line, contents);
  if (kind != "model") return false;
  auto digest = line.Text("digest");
  const Json* facts = line.Find("facts");
  if (!digest || facts == nullptr || !facts->is_object()) return false;
  contents->model_digest = *std::move(digest);
  contents->model_facts = *facts;
  return true;
}

arrow::Status OtherVersion(const std::string& path, const std::string& program) {
  return base::UsageError(fmt::format(
      "'{}' is from another version of ember ({}); continue the run with that version, or start "
      "over with --overwrite",
      path, program.empty() ? "unknown" : program));
}

// Whether the first line is one.
arrow::Result<bool> ReadFirstLine(const std::string& path, const Json& json,
                                  LedgerContents* contents) {
  const LedgerLine line(json);
  if (line.Text("line") != "run") return false;
  contents->program = line.Text("program").value_or("");
  const auto version = line.Count("version");
  if (!version) return false;
  if (*version != RunLedger::kVersion) return OtherVersion(path, contents->program);
  auto command = line.Text("command");
  auto source = line.Text("source", size_t{64} << 10);
  const Json* request = line.Find("request");
  if (!command || !source || request == nullptr) return false;
  auto parsed = RunRequest::FromJson(*request);
  if (!parsed) return false;
  contents->command = *std::move(command);
  contents->source = *std::move(source);
  contents->request = *std::move(parsed);
  return true;
}

}  // namespace

void LedgerContents::ForgetResults() {
  units.clear();
  model_digest.reset();
  learned_columns.clear();
  learned_row_steps.clear();
  std::erase_if(files, [](const auto& file) { return !file.first.starts_with(io::kDownloadName); });
}

arrow::Result<std::optional<LedgerContents>> RunLedger::Read(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::none)
    return LedgerFault("cannot read", path, error.value());
  if (!std::filesystem::is_regular_file(status)) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  if (size > kLedgerBytesMax) {
    return base::DataError(
        fmt::format("'{}' is no ledger of a run: expected at most {} bytes, "
                    "found {}; start over with --overwrite",
                    path, kLedgerBytesMax, size));
  }
  LedgerContents contents;
  std::string pending;
  bool has_first = false;
  bool damaged = false;
  constexpr int64_t kReadBytes = 256 << 10;
  std::string piece;
  while (!damaged) {
    piece.resize(kReadBytes);
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file->Read(kReadBytes, piece.data()));
    if (read == 0) break;
    pending.append(piece.data(), static_cast<size_t>(read));
    size_t begin = 0;
    for (size_t end = pending.find('\n'); end != std::string::npos && !damaged;
         end = pending.find('\n', begin)) {
      const auto json = ParseLine(std::string_view(pending).substr(begin, end - begin));
      if (!json) {
        damaged = true;
      } else if (!has_first) {
        ARROW_ASSIGN_OR_RAISE(has_first, ReadFirstLine(path, *json, &contents));
        damaged = !has_first;
      } else {
        damaged = !AddLine(*json, &contents);
      }
      if (!damaged) contents.valid_bytes += static_cast<int64_t>(end + 1 - begin);
      begin = end + 1;
    }
    pending.erase(0, begin);
    damaged = damaged || pending.size() > kLedgerLineBytesMax;
  }
  if (!has_first) return std::nullopt;
  return contents;
}

arrow::Result<std::unique_ptr<RunLedger>> RunLedger::Create(const std::string& path,
                                                            const LedgerContents& contents) {
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor < 0) return LedgerFault("cannot create", path, errno);
  std::unique_ptr<RunLedger> ledger(new RunLedger(descriptor, path));
  ARROW_RETURN_NOT_OK(ledger->Append({{"line", "run"},
                                      {"version", kVersion},
                                      {"program", contents.program},
                                      {"command", contents.command},
                                      {"source", contents.source},
                                      {"request", contents.request.ToJson()}},
                                     Syncing::kAlone));
  return ledger;
}

arrow::Result<std::unique_ptr<RunLedger>> RunLedger::Continue(const std::string& path,
                                                              int64_t valid_bytes) {
  const int descriptor =
      open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return LedgerFault("cannot open", path, errno);
  std::unique_ptr<RunLedger> ledger(new RunLedger(descriptor, path));
  if (ftruncate(descriptor, valid_bytes) != 0) return LedgerFault("cannot shorten", path, errno);
  return ledger;
}

RunLedger::~RunLedger() { close(descriptor_); }

arrow::Status RunLedger::Append(const Json& line, Syncing syncing) {
  const std::string text =
      line.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  const std::string bytes = LineHash(text) + " " + text + "\n";
  std::unique_lock lock(mutex_);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return LedgerFault("cannot write", path_, errno);
    done += static_cast<size_t>(written);
  }
  const int64_t line_number = ++num_written_;
  if (syncing == Syncing::kNone) return arrow::Status::OK();
  while (num_synced_ < line_number && sync_error_ == 0) {
    if (syncing == Syncing::kTogether && is_syncing_) {
      synced_.wait(lock);
      continue;
    }
    const int64_t written = num_written_;
    if (syncing == Syncing::kTogether) {
      is_syncing_ = true;
      lock.unlock();
    }
    const int error = fdatasync(descriptor_) == 0 ? 0 : errno;
    if (syncing == Syncing::kTogether) {
      lock.lock();
      is_syncing_ = false;
    }
    if (error == 0) num_synced_ = std::max(num_synced_, written);
    // A second try would succeed, and the lines be lost all the same.
    if (error != 0 && sync_error_ == 0) sync_error_ = error;
    synced_.notify_all();
  }
  if (num_synced_ < line_number) return LedgerFault("cannot sync", path_, sync_error_);
  return arrow::Status::OK();
}

arrow::Status RunLedger::AddSource(int64_t num_units, int64_t num_rows) {
  return Append({{"line", "source"}, {"units", num_units}, {"rows", num_rows}}, Syncing::kNone);
}

arrow::Status RunLedger::AddPhase(const std::string& phase) {
  return Append({{"line", "phase"}, {"phase", phase}}, Syncing::kNone);
}

arrow::Status RunLedger::AddToLearn(int64_t num_columns, int64_t num_row_steps) {
  return Append({{"line", "columns"}, {"columns", num_columns}, {"row_steps", num_row_steps}},
                Syncing::kNone);
}

arrow::Status RunLedger::AddLearnedColumn(int64_t column) {
  return Append({{"line", "learned"}, {"column", column}}, Syncing::kNone);
}

arrow::Status RunLedger::AddLearnedRowStep(int64_t first_derived) {
  return Append({{"line", "learned"}, {"row_step", first_derived}}, Syncing::kNone);
}

arrow::Status RunLedger::AddEnd(const std::string& reason) {
  return Append({{"line", "end"}, {"reason", reason}}, Syncing::kNone);
}

arrow::Status RunLedger::AddFile(const std::string& name, const LedgerFile& file) {
  return Append(
      {{"line", "file"}, {"file", name}, {"bytes", file.bytes}, {"xxh3_128", file.xxh3_128}},
      Syncing::kAlone);
}

arrow::Status RunLedger::AddModel(const std::string& digest, const Json& facts) {
  return Append({{"line", "model"}, {"digest", digest}, {"facts", facts}}, Syncing::kAlone);
}

arrow::Status RunLedger::AddForgetting() { return Append({{"line", "forget"}}, Syncing::kAlone); }

arrow::Status RunLedger::AddUnit(int64_t unit, const std::vector<LedgerShard>& shards) {
  Json list = Json::array();
  for (const LedgerShard& shard : shards) {
    list.push_back({shard.split, shard.num_rows, shard.bytes, shard.xxh3_128});
  }
  return Append({{"line", "unit"}, {"unit", unit}, {"shards", std::move(list)}},
                Syncing::kTogether);
}

}  // namespace emberharmony::engine
