#include "emberharmony/engine/text_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emberharmony/base/fingerprint.h"

namespace emberharmony::engine {

namespace {

constexpr size_t kTextBytes = 100;
// A node, its place in the table, and the string's own.
constexpr int64_t kEntryBytes = 128;

}  // namespace

arrow::Status TextCounts::Add(std::string_view text, const SplitCounts& rows) {
  if (too_many_ || (rows[0] | rows[1] | rows[2]) == 0) return arrow::Status::OK();
  std::string key(text.substr(0, kTextBytes));
  if (text.size() > kTextBytes) {
    key += fmt::format("\u2026 ({} bytes, {:016x})", text.size(), base::Fingerprint64(text));
  }
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    if (static_cast<int64_t>(rows_.size()) == distinct_max_) {
      too_many_ = true;
      rows_ = {};
      return reservation_.Resize(0);
    }
    text_bytes_ += static_cast<int64_t>(key.size());
    ARROW_RETURN_NOT_OK(
        reservation_.Resize((static_cast<int64_t>(rows_.size()) + 1) * kEntryBytes + text_bytes_));
    found = rows_.emplace(std::move(key), SplitCounts{}).first;
  }
  for (int s = 0; s < kNumSplits; ++s) found->second[s] += rows[s];
  return arrow::Status::OK();
}

std::vector<TextCounts::Entry> TextCounts::Sorted() const {
  std::vector<Entry> entries;
  entries.reserve(rows_.size());
  for (const auto& [text, rows] : rows_) entries.push_back({text, rows});
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    const int64_t rows_a = a.rows[0] + a.rows[1] + a.rows[2];
    const int64_t rows_b = b.rows[0] + b.rows[1] + b.rows[2];
    return rows_a != rows_b ? rows_a > rows_b : a.text < b.text;
  });
  return entries;
}

}  // namespace emberharmony::engine
