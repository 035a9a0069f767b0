#include "emberharmony/feature/list_steps.h"

#include <arrow/type.h>

#include <set>
#include <utility>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::feature {
namespace {

std::set<std::string>& ListSteps() {
  static std::set<std::string> steps;
  return steps;
}

}  // namespace

bool IsFlatList(const arrow::DataType& type) {
  if (type.id() != arrow::Type::LIST) return false;
  const arrow::DataType& values = *static_cast<const arrow::ListType&>(type).value_type();
  return !arrow::is_nested(values.id()) && values.id() != arrow::Type::DICTIONARY;
}

bool TakesLists(const std::string& step) { return ListSteps().contains(step); }

arrow::Status CheckList(const std::string& step, const ColumnInfo& input) {
  if (IsFlatList(*input.type)) return arrow::Status::OK();
  return base::UsageError(step + " takes lists of flat values, and column '" + input.name +
                          "' is " + input.type->ToString());
}

ListStepRegistration::ListStepRegistration(std::string step) {
  ListSteps().insert(std::move(step));
}

}  // namespace emberharmony::feature
