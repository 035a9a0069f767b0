#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/value_bins.h"

namespace emberharmony::engine {

/// What the numbers of a column measure, which decides where its bins have their edges.
struct Measure {
  enum class Kind {
    kNumber,   ///< edges at 1, 2 or 5 times a power of ten
    kInteger,  ///< the same, at whole numbers only
    kInstant,  ///< dates and timestamps: edges at round times, months, years
    kTimeOfDay
  };
  Kind kind = Kind::kNumber;
  /// Of instants and times of day.
  double ticks_per_second = 1;

  bool is_time() const { return kind == Kind::kInstant || kind == Kind::kTimeOfDay; }
  /// What the times of a column are divided by.
  std::optional<TimeGrid> grid() const {
    if (!is_time()) return std::nullopt;
    return TimeGrid(ticks_per_second, kind == Kind::kInstant);
  }
  /// Of a type whose values are numbers or times; else none. Durations are numbers, in their unit.
  static std::optional<Measure> Of(const arrow::DataType& type);
};

/// A column's numbers as a chart shows them: rows per bin [edges[i], edges[i + 1]) and split, all
/// counts exact. Rows outside the edges are in `below` and `above`.
struct DisplayBins {
  std::vector<double> edges;      ///< ascending; empty when the column has no number
  std::vector<SplitCounts> rows;  ///< one fewer than edges; as many as edges when `discrete`
  bool discrete = false;          ///< few distinct numbers: edges are those numbers themselves
  SplitCounts below{};
  SplitCounts above{};
};

/// Chooses at most some 40 bins that show the bulk of the numbers: where few rows lie far outside,
/// the edges end before them. A function of the bins alone. Edges are round numbers, moved to the
/// nearest key's edge where the keys no longer tell all numbers apart.
DisplayBins ChooseBins(const ValueBins& bins, const Measure& measure);

/// An instant as 2001-01-31, with its time where it is not midnight; a time of day as 05:06:07. One
/// beyond the years 0 to 9999 as its number.
std::string InstantText(double ticks, const Measure& measure);

}  // namespace emberharmony::engine
