#pragma once

#include <arrow/array.h>
#include <arrow/status.h>

#include <memory>
#include <string>

#include "emberharmony/feature/value_block.h"

namespace emberharmony::feature {

/// Whether values of this type are lists of flat values: numbers, strings, booleans, times.
bool IsFlatList(const arrow::DataType& type);

/// Whether the step of this name takes such lists: all others are refused them.
bool TakesLists(const std::string& step);

/// UsageError unless the values are such lists.
arrow::Status CheckList(const std::string& step, const ColumnInfo& input);

/// The elements of the lists of an array, the first of which is number first_element of its values:
/// those of its rows only, if it is a slice.
struct ListElements {
  explicit ListElements(const arrow::ListArray& lists)
      : first_element(lists.length() == 0 ? 0 : lists.value_offset(0)),
        values(lists.values()->Slice(
            first_element,
            lists.length() == 0 ? 0 : lists.value_offset(lists.length()) - first_element)) {}
  const int64_t first_element;
  const std::shared_ptr<arrow::Array> values;
};

/// Says that the step of this name takes lists; filled before main.
struct ListStepRegistration {
  explicit ListStepRegistration(std::string step);
};

}  // namespace emberharmony::feature
