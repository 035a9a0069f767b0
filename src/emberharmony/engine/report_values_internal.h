#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "emberharmony/engine/column_distribution.h"

namespace emberharmony::engine::internal {

/// The splits of a run, those that exist, in order: names and rows.
struct ReportSplits {
  std::vector<std::string> names;
  std::vector<size_t> positions;  ///< in SplitCounts
  SplitCounts rows{};
};

/// One chart: rows per bin, number or category in each split.
struct ReportChart {
  enum class Kind {
    kBins,       ///< rows[i] lie in [edges[i], edges[i + 1])
    kNumbers,    ///< rows[i] are edges[i]
    kCategories  ///< rows[i] are labels[i]
  };
  Kind kind = Kind::kBins;
  std::string title;
  std::vector<double> edges;
  std::vector<std::string> labels;  ///< of the edges, where they are times; of the categories
  std::vector<SplitCounts> rows;
  SplitCounts below{};  ///< rows of numbers before the first and from the last edge on
  SplitCounts above{};
  bool has_other = false;  ///< categories that have no bar of their own
  SplitCounts other{};
  bool has_unseen = false;  ///< values that were not learned
  SplitCounts unseen{};
  double ms_per_tick = 0;  ///< above 0: edges are times, so many milliseconds each
  bool time_of_day = false;
};

/// What a transform saw of a column, before any step.
struct ReportValues {
  SplitCounts missing{};
  SplitCounts infinite{};
  std::vector<ReportChart> charts;
  std::string no_chart;  ///< why there is none
};

/// How many rows with a value a vocabulary or one_hot knows.
struct ReportCoverage {
  SplitCounts covered{};
  SplitCounts unseen{};
};

/// The column's own values: of a distribution that counts them.
ReportValues ValuesOf(const ColumnDistribution& distribution);

/// The categories that a pipeline's last step has learned, under their texts, by training rows
///. Beyond some they are `other`.
ReportChart LearnedChart(const LearnedCounts& learned, const std::vector<std::string>& texts);

/// Of the rows with a value in each split, which are `rows` without `missing`.
ReportCoverage CoverageOf(const LearnedCounts& learned, const SplitCounts& rows,
                          const SplitCounts& missing);

/// A chart as the page's script and other programs read it.
nlohmann::json ChartJson(const ReportChart& chart, const ReportSplits& splits);
/// Counts of the splits that exist.
nlohmann::json CountsJson(const SplitCounts& counts, const ReportSplits& splits);

}  // namespace emberharmony::engine::internal
