#include <string>
#include <string_view>

#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/run_ledger.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

// The input is the lines of a ledger; each gets the hash that it should have. It is refused, or
// what was read of it is read again, and goes on behind what was valid.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using base::FuzzFolder;
using base::FuzzSeeds;
using engine::LedgerContents;
using engine::RunLedger;

const FuzzFolder& Folder() {
  static const FuzzFolder folder;
  return folder;
}

std::string LedgerFilePath() { return Folder().path() / "ledger"; }

// The input's lines, each behind its hash.
std::string WithHashes(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    char hash[18];
    std::snprintf(hash, sizeof(hash), "%016llx ",
                  static_cast<unsigned long long>(XXH3_64bits(line.data(), line.size())));
    text.append(hash).append(line);
    // What has no end was not written to it.
    if (end == std::string_view::npos) return text;
    text += '\n';
    lines.remove_prefix(end + 1);
  }
  return text;
}

std::string WithoutHashes(std::string_view text) {
  std::string lines;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.append(text.substr(17, end + 1 - 17));
    text.remove_prefix(end + 1);
  }
  return lines;
}

LedgerContents FuzzHeader() {
  LedgerContents header;
  header.command = "extract";
  header.program = "0.1";
  header.source = "flights.parquet";
  header.request.Add("--limit", "7");
  header.request.AddHidden("the plan", "version: 1");
  return header;
}

bool SameContents(const LedgerContents& a, const LedgerContents& b) {
  return a.command == b.command && a.phase == b.phase && a.end == b.end &&
         a.num_units == b.num_units && a.num_rows == b.num_rows && a.num_columns == b.num_columns &&
         a.num_row_steps == b.num_row_steps && a.learned_columns == b.learned_columns &&
         a.learned_row_steps == b.learned_row_steps && a.model_digest == b.model_digest &&
         a.files.size() == b.files.size() && a.units.size() == b.units.size() &&
         a.valid_bytes == b.valid_bytes;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  auto ledger = *RunLedger::Create(LedgerFilePath(), FuzzHeader());
  const bool is_written =
      ledger->AddSource(3, 700).ok() && ledger->AddPhase("fit").ok() &&
      ledger->AddToLearn(2, 1).ok() && ledger->AddFile("fit-1-0", {77, "ab"}).ok() &&
      ledger->AddLearnedColumn(1).ok() && ledger->AddLearnedRowStep(7).ok() &&
      ledger->AddModel("cd", {{"automatic", true}}).ok() && ledger->AddUnit(0, {}).ok() &&
      ledger->AddUnit(2, {{0, 10, 100, "00"}, {2, 20, 200, "22"}}).ok() &&
      ledger->AddEnd("stopped").ok() && ledger->AddForgetting().ok();
  FuzzSeeds::FuzzRequire(is_written, "a seed is written");
  seeds.Add("ledger", WithoutHashes(*base::ReadFile(LedgerFilePath(), 1 << 20)));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = WithHashes({reinterpret_cast<const char*>(data), size});
  Folder().Write("ledger", text);
  const auto read = RunLedger::Read(LedgerFilePath());
  if (!read.ok() || !*read) return 0;
  const LedgerContents& contents = **read;
  FuzzSeeds::FuzzRequire(
      contents.valid_bytes > 0 && contents.valid_bytes <= static_cast<int64_t>(text.size()),
      "what is valid lies in the file");
  {
    const auto ledger = RunLedger::Continue(LedgerFilePath(), contents.valid_bytes);
    FuzzSeeds::FuzzRequire(ledger.ok(), "a run goes on");
    const auto again = RunLedger::Read(LedgerFilePath());
    FuzzSeeds::FuzzRequire(again.ok() && *again && SameContents(**again, contents),
                           "what was valid reads the same");
    FuzzSeeds::FuzzRequire((*ledger)->AddLearnedColumn(5).ok(), "a line is added");
  }
  const auto longer = RunLedger::Read(LedgerFilePath());
  FuzzSeeds::FuzzRequire(longer.ok() && *longer && (*longer)->learned_columns.contains(5) &&
                             (*longer)->valid_bytes > contents.valid_bytes,
                         "the line is read");
  return 0;
}
