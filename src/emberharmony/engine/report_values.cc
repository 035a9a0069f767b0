#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "emberharmony/engine/report_values_internal.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine::internal {

namespace {

constexpr size_t kCategoriesCharted = 20;
constexpr size_t kLabelBytes = 80;

void AddValueRows(const SplitCounts& rows, SplitCounts* into) {
  for (int s = 0; s < kNumSplits; ++s) (*into)[s] += rows[s];
}

ReportChart BinsChart(const ValueBins& bins, const Measure& measure) {
  DisplayBins display = ChooseBins(bins, measure);
  ReportChart chart;
  chart.kind = display.discrete ? ReportChart::Kind::kNumbers : ReportChart::Kind::kBins;
  chart.title = "Values";
  chart.below = display.below;
  chart.above = display.above;
  if (measure.is_time()) {
    chart.ms_per_tick = 1000 / measure.ticks_per_second;
    chart.time_of_day = measure.kind == Measure::Kind::kTimeOfDay;
    for (const double edge : display.edges) chart.labels.push_back(InstantText(edge, measure));
  }
  chart.edges = std::move(display.edges);
  chart.rows = std::move(display.rows);
  return chart;
}

ReportChart TextsChart(const TextCounts& texts) {
  ReportChart chart;
  chart.kind = ReportChart::Kind::kCategories;
  chart.title = "Values";
  for (const TextCounts::Entry& entry : texts.Sorted()) {
    if (chart.rows.size() < kCategoriesCharted) {
      chart.labels.push_back(ShownText(entry.text, kLabelBytes));
      chart.rows.push_back(entry.rows);
    } else {
      chart.has_other = true;
      AddValueRows(entry.rows, &chart.other);
    }
  }
  return chart;
}

}  // namespace

ReportValues ValuesOf(const ColumnDistribution& distribution) {
  ReportValues values;
  values.missing = distribution.missing();
  values.infinite = distribution.infinite();
  if (!distribution.has_chart()) {
    values.no_chart = fmt::format("only {} columns get charts", kChartedColumnsMax);
  } else if (distribution.bins() != nullptr) {
    ReportChart chart = BinsChart(*distribution.bins(), *distribution.measure());
    if (chart.edges.empty()) {
      values.no_chart = "no row has a number";
    } else {
      values.charts.push_back(std::move(chart));
    }
  } else if (const TextCounts* texts = distribution.texts(); texts != nullptr) {
    if (texts->too_many()) {
      values.no_chart = fmt::format("more than {} distinct values, and none of them is learned",
                                    ShownCount(texts->distinct_max()));
    } else {
      ReportChart chart = TextsChart(*texts);
      if (chart.rows.empty()) {
        values.no_chart = "no row has a value";
      } else {
        values.charts.push_back(std::move(chart));
      }
    }
  } else if (!distribution.learned()) {
    values.no_chart = "values of this type have no chart";
  }
  return values;
}

ReportChart LearnedChart(const LearnedCounts& learned, const std::vector<std::string>& texts) {
  ReportChart chart;
  chart.kind = ReportChart::Kind::kCategories;
  chart.title = learned.one_hot ? "Categories of one_hot" : "Most frequent of the vocabulary";
  chart.other = learned.other;
  chart.has_other = std::any_of(learned.other.begin(), learned.other.end(),
                                [](int64_t rows) { return rows > 0; });
  std::vector<size_t> order(learned.shown.size());
  std::iota(order.begin(), order.end(), 0);
  if (learned.one_hot) {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return learned.shown[a][0] > learned.shown[b][0]; });
  }
  for (const size_t i : order) {
    if (chart.rows.size() < kCategoriesCharted && i < texts.size()) {
      chart.labels.push_back(ShownText(texts[i], kLabelBytes));
      chart.rows.push_back(learned.shown[i]);
    } else {
      chart.has_other = true;
      AddValueRows(learned.shown[i], &chart.other);
    }
  }
  return chart;
}

ReportCoverage CoverageOf(const LearnedCounts& learned, const SplitCounts& rows,
                          const SplitCounts& missing) {
  ReportCoverage coverage;
  for (const SplitCounts& shown : learned.shown) AddValueRows(shown, &coverage.covered);
  AddValueRows(learned.other, &coverage.covered);
  for (int s = 0; s < kNumSplits; ++s) {
    coverage.unseen[s] = rows[s] - missing[s] - coverage.covered[s];
  }
  return coverage;
}

nlohmann::json CountsJson(const SplitCounts& counts, const ReportSplits& splits) {
  nlohmann::json json = nlohmann::json::array();
  for (const size_t s : splits.positions) json.push_back(counts[s]);
  return json;
}

nlohmann::json ChartJson(const ReportChart& chart, const ReportSplits& splits) {
  nlohmann::json json;
  json["title"] = chart.title;
  const bool categories = chart.kind == ReportChart::Kind::kCategories;
  json["kind"] = categories                                  ? "categories"
                 : chart.kind == ReportChart::Kind::kNumbers ? "numbers"
                                                             : "bins";
  if (!categories) json["edges"] = chart.edges;
  if (!chart.labels.empty()) json["labels"] = chart.labels;
  json["rows"] = nlohmann::json::array();
  for (const SplitCounts& rows : chart.rows) json["rows"].push_back(CountsJson(rows, splits));
  if (chart.kind == ReportChart::Kind::kBins) {
    json["below"] = CountsJson(chart.below, splits);
    json["above"] = CountsJson(chart.above, splits);
  }
  if (chart.has_other) json["other"] = CountsJson(chart.other, splits);
  if (chart.has_unseen) json["unseen"] = CountsJson(chart.unseen, splits);
  if (chart.ms_per_tick > 0) {
    json["ms_per_tick"] = chart.ms_per_tick;
    json["time_of_day"] = chart.time_of_day;
  }
  return json;
}

}  // namespace emberharmony::engine::internal
