#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/plan/faults_internal.h"

namespace emberharmony::plan::internal {
namespace {

constexpr size_t kFaultsShownMax = 50;
constexpr size_t kQuotedBytesMax = 120;

// Characters that end a line, or are not printable, for one reader or another: C0, DEL, C1, LS, PS,
// the byte order mark.
bool BreaksLines(std::string_view sequence) {
  if (sequence.size() == 1)
    return static_cast<unsigned char>(sequence[0]) < 0x20 || sequence[0] == 0x7f;
  if (sequence.size() == 2)
    return sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
  return sequence == "\xe2\x80\xa8" || sequence == "\xe2\x80\xa9" || sequence == "\xef\xbb\xbf";
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = base::Utf8SequenceLength(text);
    const std::string_view sequence = text.substr(0, std::max<size_t>(length, 1));
    if (sequence == "\n") {
      out += "\\n";
    } else if (length == 0 || BreaksLines(sequence)) {
      for (const char c : sequence) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string Quoted(std::string_view name) {
  if (name.size() <= kQuotedBytesMax) return "'" + OneLine(name) + "'";
  size_t cut = kQuotedBytesMax;
  while (cut > kQuotedBytesMax - 4 && (name[cut] & 0xc0) == 0x80) --cut;
  return "'" + OneLine(name.substr(0, cut)) + "...'";
}

void Faults::Add(Mark mark, std::string message) { faults_.emplace_back(mark, std::move(message)); }

void Faults::AddUnknownColumn(Mark mark, std::string message) {
  Add(mark, std::move(message));
  ++num_unknown_columns_;
}

void Faults::Advise(std::string advice) {
  if (std::find(advice_.begin(), advice_.end(), advice) == advice_.end())
    advice_.push_back(std::move(advice));
}

arrow::Status Faults::ToStatus() const {
  if (faults_.empty()) return arrow::Status::OK();
  std::vector<std::pair<Mark, std::string>> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::string text;
  for (size_t i = 0; i < sorted.size() && i < kFaultsShownMax; ++i) {
    const auto& [mark, message] = sorted[i];
    if (i > 0) text += '\n';
    text += name_;
    if (mark.line > 0) text += fmt::format(":{}:{}", mark.line, mark.column);
    text += ": " + message;
  }
  if (sorted.size() > kFaultsShownMax) {
    text += fmt::format("\n{}: and {} more", name_, sorted.size() - kFaultsShownMax);
  }
  for (const std::string& advice : advice_) text += '\n' + advice;
  return num_unknown_columns_ == faults_.size() ? base::UnknownColumnError(std::move(text))
                                                : base::UsageError(std::move(text));
}

}  // namespace emberharmony::plan::internal
