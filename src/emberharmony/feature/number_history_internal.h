#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/feature/entity_rows_internal.h"
#include "emberharmony/feature/row_transform.h"

namespace emberharmony::feature {

/// The last `depth` numbers of each entity, NaN where one was missing.
struct NumberHistory : RowState {
  NumberHistory(const std::string& step, const std::vector<io::CellTextWriter>& writers,
                int64_t history_depth, base::MemoryBudget* budget)
      // Vectors that grow may hold twice what is in them.
      : entities(step, writers, 2 * (history_depth + 1) * static_cast<int64_t>(sizeof(double)),
                 budget),
        depth(history_depth) {}

  /// The entities of rows, for which there is room from then on.
  arrow::Status Begin(const RowBlock& rows, size_t first_by) {
    ARROW_RETURN_NOT_OK(entities.NumberRows(rows, first_by, &numbers));
    seen.resize(static_cast<size_t>(entities.size()));
    values.resize(static_cast<size_t>(entities.size() * depth));
    return arrow::Status::OK();
  }
  /// The entity's number `back` rows ago, of which there have been as many.
  double Back(int64_t entity, int64_t back) const {
    const int64_t at = seen[static_cast<size_t>(entity)] - back;
    return values[static_cast<size_t>(entity * depth + at % depth)];
  }
  void Add(int64_t entity, double value) {
    int64_t& count = seen[static_cast<size_t>(entity)];
    values[static_cast<size_t>(entity * depth + count % depth)] = value;
    ++count;
  }

  EntityNumbers entities;
  const int64_t depth;
  std::vector<int64_t> numbers;  ///< the entities of the rows at hand
  std::vector<int64_t> seen;     ///< rows of each entity
  std::vector<double> values;
};

}  // namespace emberharmony::feature
