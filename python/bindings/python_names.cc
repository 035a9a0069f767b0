#include "bindings/python_names.h"

#include <cctype>
#include <string_view>
#include <utility>

namespace emberharmony::python {
namespace {

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool IsOfAWord(char c) {
  return c == '-' || c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// An option with a value behind it, in quotes or a number, is an argument with one.
bool HasValueAt(const std::string& message, size_t at) {
  return at + 1 < message.size() && message[at] == ' ' &&
         (message[at + 1] == '"' || message[at + 1] == '\'' || IsDigit(message[at + 1]));
}

void RenameOption(std::string_view option, std::string_view name, std::string* message) {
  for (size_t at = message->find(option); at != std::string::npos; at = message->find(option, at)) {
    const size_t end = at + option.size();
    if ((at > 0 && IsOfAWord((*message)[at - 1])) ||
        (end < message->size() && IsOfAWord((*message)[end]))) {
      at = end;
      continue;
    }
    if (HasValueAt(*message, end)) (*message)[end] = '=';
    message->replace(at, option.size(), name);
  }
}

void Replace(std::string_view text, std::string_view by, std::string* message) {
  for (size_t at = message->find(text); at != std::string::npos;
       at = message->find(text, at + by.size())) {
    message->replace(at, text.size(), by);
  }
}

}  // namespace

std::string WithPythonNames(std::string message, const char* memory_name) {
  // A reader of BigQuery's has readers in the place of threads.
  const bool is_reader = memory_name == std::string_view("memory_limit");
  const std::pair<std::string_view, std::string_view> options[] = {
      {"--memory", memory_name},
      {"--backend", "backend"},
      {"--batch-rows", "batch_rows"},
      {"--bigquery-endpoint", "storage_endpoint"},
      {"--bigquery-rest-endpoint", "rest_endpoint"},
      {"--columns", "columns"},
      {"--content-checksum", "content_checksum"},
      {"--high-null-threshold", "high_null_threshold"},
      {"--keep-state", "keep_state"},
      {"--limit", "limit"},
      {"--no-split-streams", "split_streams=False"},
      {"--overwrite", "overwrite=True"},
      {"--project", "project_id"},
      {"--query", "query"},
      {"--resume", "resume=True"},
      {"--seed", "seed"},
      {"--snapshot-time", "snapshot_time"},
      {"--spill-dir", "spill_dir"},
      {"--target", "target"},
      {"--threads", is_reader ? "num_readers" : "threads"},
      {"--unit-column", "unit_column"},
      {"--where", "where"},
  };
  for (const auto& [option, name] : options) RenameOption(option, name, &message);
  constexpr std::pair<std::string_view, std::string_view> kPhrases[] = {
      {"run the same command with", "make the same call with"},
      {"run the command with", "make the call with"},
      {"the same command with", "the same call with"},
      {"`ember fit`", "`emberharmony.fit`"},
      {"`ember status`", "`emberharmony.status`"},
  };
  for (const auto& [text, by] : kPhrases) Replace(text, by, &message);
  return message;
}

}  // namespace emberharmony::python
