#pragma once

#include <arrow/status.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/plan/plan.h"

namespace emberharmony::plan::internal {

/// 'name' as it stands in messages and comments: one line, control characters and bytes that are
/// not UTF-8 escaped, cut when very long.
std::string Quoted(std::string_view name);
/// The same without the quotes and without a cut.
std::string OneLine(std::string_view text);

/// Collects what is wrong with a plan, to be reported together in the order of the text. One thread
/// at a time.
class Faults {
 public:
  /// `name` of the document: "plan.yaml".
  explicit Faults(std::string name) : name_(std::move(name)) {}
  void Add(Mark mark, std::string message);
  /// That the plan names a column which the table has not.
  void AddUnknownColumn(Mark mark, std::string message);
  /// A last line that says what to do; repeated advice is given once.
  void Advise(std::string advice);
  bool empty() const { return faults_.empty(); }
  /// OK when nothing was added; else a UsageError, "plan.yaml:12:9: message" a line; where nothing
  /// but columns are unknown, an UnknownColumnError.
  arrow::Status ToStatus() const;

 private:
  std::string name_;
  std::vector<std::pair<Mark, std::string>> faults_;
  std::vector<std::string> advice_;
  size_t num_unknown_columns_ = 0;
};

}  // namespace emberharmony::plan::internal
