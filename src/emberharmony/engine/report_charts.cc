#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "emberharmony/engine/report_charts_internal.h"
#include "emberharmony/engine/report_column_cards_internal.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine::internal {

namespace {

constexpr size_t kColumnsInData = 5000;
constexpr size_t kChartNameBytes = 120;
constexpr size_t kBarsDrawn = 6;
constexpr size_t kRowsShown = 40;

double ShareOf(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Rows of a split that have a value.
int64_t Present(const ReportColumn& column, const ReportSplits& splits, size_t s) {
  return splits.rows[s] - (column.values ? column.values->missing[s] : 0);
}

std::string EdgeText(const ReportChart& chart, size_t i) {
  return i < chart.labels.size() ? chart.labels[i] : ShownNumber(chart.edges[i]);
}

std::string BarText(const ReportChart& chart, size_t i) {
  return chart.kind == ReportChart::Kind::kBins
             ? "[" + EdgeText(chart, i) + ", " + EdgeText(chart, i + 1) + ")"
             : EdgeText(chart, i);
}

// "28 bins from 0 to 5,000; most train rows, 9.1 %, in [200, 300)".
std::string Summary(const ReportColumn& column, const ReportChart& chart,
                    const ReportSplits& splits) {
  if (splits.positions.empty() || chart.rows.empty()) return "";
  const size_t first = splits.positions.front();
  size_t most = 0;
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    if (chart.rows[i][first] > chart.rows[most][first]) most = i;
  }
  const std::string what =
      chart.kind == ReportChart::Kind::kBins
          ? fmt::format("{} bins from {} to {}", chart.rows.size(), EdgeText(chart, 0),
                        EdgeText(chart, chart.edges.size() - 1))
      : chart.kind == ReportChart::Kind::kNumbers
          ? fmt::format("{} distinct number{}", chart.rows.size(),
                        chart.rows.size() == 1 ? "" : "s")
          : fmt::format("{} value{}", chart.rows.size(), chart.rows.size() == 1 ? "" : "s");
  return fmt::format("{}; most {} rows, {}, {} {}", what, splits.names.front(),
                     ShownShare(ShareOf(chart.rows[most][first], Present(column, splits, first))),
                     chart.kind == ReportChart::Kind::kBins ? "in" : "hold", BarText(chart, most));
}

// The outline of a histogram in a box of 400 by 100, as an SVG path; `closed`: down to the base.
std::string Outline(const ReportChart& chart, size_t split, int64_t rows, double most,
                    bool closed) {
  const double from = chart.edges.front();
  const double half_width = chart.edges.back() / 2 - from / 2;
  const auto x = [&](size_t i) { return 400 * (chart.edges[i] / 2 - from / 2) / half_width; };
  std::string path = closed ? "M0 100" : "";
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const double y = 100 - 96 * ShareOf(chart.rows[i][split], rows) / most;
    path += fmt::format("{}{:.1f} {:.1f}H{:.1f}", i == 0 && !closed ? "M" : "L", x(i), y, x(i + 1));
  }
  return path + (closed ? "V100Z" : "");
}

void DrawBins(const ReportColumn& column, const ReportChart& chart, const ReportSplits& splits,
              HtmlWriter* html) {
  double most = 0;
  for (const size_t s : splits.positions) {
    for (const SplitCounts& rows : chart.rows) {
      most = std::max(most, ShareOf(rows[s], Present(column, splits, s)));
    }
  }
  {
    HtmlElement svg(html, "svg",
                    {{"class", "histogram"},
                     {"viewBox", "0 0 400 100"},
                     {"preserveAspectRatio", "none"},
                     {"role", "img"},
                     {"aria-label", Summary(column, chart, splits)}});
    for (size_t i = 0; i < splits.positions.size() && most > 0; ++i) {
      const size_t s = splits.positions[i];
      const int64_t rows = Present(column, splits, s);
      if (rows <= 0) continue;
      html->Leaf("path", "",
                 {{"class", i == 0 ? "area" : "line " + splits.names[i]},
                  {"d", Outline(chart, s, rows, most, i == 0)}});
    }
  }
  HtmlElement ends(html, "div", {{"class", "ends"}});
  html->Leaf("span", EdgeText(chart, 0));
  html->Leaf("span", EdgeText(chart, chart.edges.size() - 1));
}

void DrawBars(const ReportColumn& column, const ReportChart& chart, const ReportSplits& splits,
              HtmlWriter* html) {
  double most = 0;
  const size_t first = splits.positions.front();
  const int64_t rows = Present(column, splits, first);
  const size_t drawn = std::min(chart.rows.size(), kBarsDrawn);
  for (const SplitCounts& bar : chart.rows) most = std::max(most, ShareOf(bar[first], rows));
  HtmlElement list(html, "ol", {{"class", "ranks"}});
  for (size_t i = 0; i < drawn; ++i) {
    const double share = ShareOf(chart.rows[i][first], rows);
    HtmlElement item(html, "li");
    html->Leaf("span", BarText(chart, i), {{"class", "chip"}});
    WriteBar(most > 0 ? share / most : 0, "fill", ShownShare(share), html);
    html->Leaf("span", ShownShare(share) + " of " + splits.names.front(), {{"class", "count"}});
  }
  if (chart.rows.size() > drawn) {
    html->Leaf("li", fmt::format("and {} more", chart.rows.size() - drawn), {{"class", "muted"}});
  }
}

void WriteLegend(const ReportSplits& splits, bool bins, HtmlWriter* html) {
  if (splits.names.size() < 2) return;
  HtmlElement legend(html, "span", {{"class", bins ? "legend" : "legend points"}});
  for (const std::string& name : splits.names) {
    html->Leaf("span", name, {{"class", "key key-" + name}});
    html->Text(" ");
  }
}

void WriteNote(const std::string& what, const SplitCounts& counts, const ReportColumn& column,
               const ReportSplits& splits, std::string* note) {
  std::string shares;
  bool any = false;
  for (size_t i = 0; i < splits.positions.size(); ++i) {
    const size_t s = splits.positions[i];
    any |= counts[s] > 0;
    if (i > 0) shares += ", ";
    shares += fmt::format("{} of {}", ShownShare(ShareOf(counts[s], Present(column, splits, s))),
                          splits.names[i]);
  }
  if (any) *note += (note->empty() ? "" : "; ") + what + ": " + shares;
}

void WriteChart(const ReportColumn& column, size_t position, size_t index,
                const ReportSplits& splits, HtmlWriter* html) {
  const ReportChart& chart = column.values->charts[index];
  HtmlElement figure(html, "figure",
                     {{"class", "chart"}, {"data-chart", fmt::format("{}.{}", position, index)}});
  {
    HtmlElement caption(html, "figcaption");
    html->Leaf("span", chart.title + ", share of the rows with a value", {{"class", "title"}});
    html->Text(" ");
    WriteLegend(splits, chart.kind == ReportChart::Kind::kBins, html);
  }
  {
    HtmlElement plot(html, "div",
                     {{"class", "plot"}, {"data-summary", Summary(column, chart, splits)}});
    if (chart.kind == ReportChart::Kind::kBins) {
      DrawBins(column, chart, splits, html);
    } else {
      DrawBars(column, chart, splits, html);
    }
  }
  std::string note;
  if (chart.kind == ReportChart::Kind::kBins) {
    WriteNote("below " + EdgeText(chart, 0), chart.below, column, splits, &note);
    WriteNote("from " + EdgeText(chart, chart.edges.size() - 1), chart.above, column, splits,
              &note);
  }
  if (chart.has_other) WriteNote("all others", chart.other, column, splits, &note);
  if (chart.has_unseen) WriteNote("not learned", chart.unseen, column, splits, &note);
  if (!note.empty()) html->Leaf("p", "Not drawn: " + note + ".", {{"class", "small muted note"}});
}

// Cells of shares with a bar, one for each split.
void WriteShareCells(const std::vector<double>& shares, const std::vector<std::string>& details,
                     const std::string& style_class, HtmlWriter* html) {
  for (size_t i = 0; i < shares.size(); ++i) {
    HtmlElement cell(html, "td", {{"class", "share"}});
    html->Leaf("span", ShownShare(shares[i]), {{"class", "n"}, {"title", details[i]}});
    if (shares[i] > 0) {
      WriteBar(shares[i], style_class, ShownShare(shares[i]) + ", " + details[i], html);
    }
  }
}

// The shares of `parts` in `wholes`, and what they count.
void WriteSplitShares(const SplitCounts& parts, const SplitCounts& wholes,
                      const ReportSplits& splits, const std::string& style_class,
                      HtmlWriter* html) {
  std::vector<double> shares;
  std::vector<std::string> details;
  for (const size_t s : splits.positions) {
    shares.push_back(ShareOf(parts[s], wholes[s]));
    details.push_back(ShownCount(parts[s]) + " of " + ShownCount(wholes[s]) + " rows");
  }
  WriteShareCells(shares, details, style_class, html);
}

SplitCounts PresentRows(const ReportColumn& column, const ReportSplits& splits) {
  SplitCounts present{};
  for (const size_t s : splits.positions) present[s] = Present(column, splits, s);
  return present;
}

double MostMissing(const ReportColumn& column, const ReportSplits& splits) {
  double most = 0;
  for (const size_t s : splits.positions) {
    most = std::max(most, ShareOf(column.values->missing[s], splits.rows[s]));
  }
  return most;
}

// One step that has a vocabulary or categories.
struct Lexicon {
  const ReportColumn* column;
  const ReportStep* step;
  const ReportCoverage* coverage;
};

std::vector<Lexicon> LexiconsOf(const ReportColumns& columns) {
  std::vector<Lexicon> lexicons;
  for (const ReportColumn& column : columns.columns) {
    for (const ReportPipeline& pipeline : column.pipelines) {
      if (!pipeline.coverage || pipeline.steps.empty()) continue;
      lexicons.push_back({&column, &pipeline.steps.back(), &*pipeline.coverage});
    }
  }
  return lexicons;
}

// Which limits a vocabulary had, and which of them values have fallen below.
std::string ThresholdInWords(const ReportStep& step) {
  if (step.name() == "one_hot") return "none: all values";
  const int64_t min_count = step.Integer("min_count").value_or(1);
  const std::optional<int64_t> max_size = step.Integer("max_size");
  std::string words;
  if (min_count > 1) words = "min_count " + ShownCount(min_count);
  if (max_size && *max_size >= 0) {
    words += (words.empty() ? "" : ", ") + ("max_size " + ShownCount(*max_size));
  }
  return words.empty() ? "none" : words;
}

std::string CostInWords(const ReportStep& step) {
  const int64_t size = step.Integer("size").value_or(0);
  const int64_t distinct = step.Integer("distinct_count").value_or(size);
  const int64_t lost_rows = step.Integer("oov_count").value_or(0);
  const int64_t rows = step.Integer("count").value_or(0);
  if (distinct <= size) return "nothing";
  return fmt::format("{} of {} values, {} of {} training rows ({})", ShownCount(distinct - size),
                     ShownCount(distinct), ShownCount(lost_rows), ShownCount(rows),
                     ShownShare(ShareOf(lost_rows, rows)));
}

void WriteLexiconRow(const Lexicon& lexicon, const ReportSplits& splits, HtmlWriter* html) {
  HtmlElement row(html, "tr");
  {
    HtmlElement heading(html, "th", {{"scope", "row"}});
    html->Leaf("code", ShownText(lexicon.column->name, kChartNameBytes), {{"class", "name"}});
  }
  html->Leaf("td", lexicon.step->name());
  const auto categories = lexicon.step->facts.find("categories");
  const int64_t size = categories != lexicon.step->facts.end()
                           ? static_cast<int64_t>(categories->size())
                           : lexicon.step->Integer("size").value_or(0);
  html->Leaf("td", ShownCount(size), {{"class", "n"}});
  html->Leaf("td", ThresholdInWords(*lexicon.step), {{"class", "threshold"}});
  html->Leaf("td", CostInWords(*lexicon.step), {{"class", "prose"}});
  WriteSplitShares(lexicon.coverage->covered, PresentRows(*lexicon.column, splits), splits,
                   "fill good", html);
}

nlohmann::json StepJson(const ReportPipeline& pipeline, const ReportSplits& splits) {
  const ReportStep& step = pipeline.steps.back();
  nlohmann::json json;
  json["step"] = step.name();
  json["covered"] = CountsJson(pipeline.coverage->covered, splits);
  json["unseen"] = CountsJson(pipeline.coverage->unseen, splits);
  for (const char* key :
       {"size", "distinct_count", "oov_count", "count", "min_count", "max_size"}) {
    if (const auto fact = step.Integer(key)) json[key] = *fact;
  }
  return json;
}

nlohmann::json ChartedColumnJson(const ReportColumn& column, const ReportSplits& splits) {
  nlohmann::json json;
  json["name"] = ShownText(column.name, 10 * kChartNameBytes);
  json["type"] = ShownText(column.type, kChartNameBytes);
  if (column.is_target) json["target"] = true;
  if (!column.values) {
    json["not_read"] = ShownText(column.reason, 5 * kChartNameBytes);
    return json;
  }
  json["missing"] = CountsJson(column.values->missing, splits);
  json["infinite"] = CountsJson(column.values->infinite, splits);
  json["charts"] = nlohmann::json::array();
  for (const ReportChart& chart : column.values->charts) {
    json["charts"].push_back(ChartJson(chart, splits));
  }
  if (!column.values->no_chart.empty()) json["no_chart"] = column.values->no_chart;
  json["learned"] = nlohmann::json::array();
  for (const ReportPipeline& pipeline : column.pipelines) {
    if (pipeline.coverage && !pipeline.steps.empty()) {
      json["learned"].push_back(StepJson(pipeline, splits));
    }
  }
  return json;
}

}  // namespace

void WriteCharts(const ReportColumn& column, size_t position, const ReportSplits& splits,
                 HtmlWriter* html) {
  if (!column.values || splits.positions.empty()) return;
  HtmlElement section(html, "section", {{"class", "charts"}});
  for (size_t i = 0; i < column.values->charts.size(); ++i) {
    WriteChart(column, position, i, splits, html);
  }
  if (!column.values->no_chart.empty()) {
    html->Leaf("p", "No chart: " + column.values->no_chart + ".", {{"class", "small muted"}});
  }
}

void WriteSplitTable(const ReportColumn& column, const ReportSplits& splits,
                     std::string_view heading_tag, HtmlWriter* html) {
  if (!column.values || splits.positions.empty()) return;
  const ReportValues& values = *column.values;
  const bool infinite = std::any_of(values.infinite.begin(), values.infinite.end(),
                                    [](int64_t rows) { return rows > 0; });
  HtmlElement section(html, "section");
  html->Leaf(heading_tag, "In each split");
  HtmlElement scroll(html, "div", {{"class", "scroll"}});
  HtmlElement table(html, "table", {{"class", "compact"}});
  std::vector<std::string> headings = {"Split", "Rows#", "Null#", "Share"};
  if (infinite) headings.push_back("Infinite#");
  std::vector<const ReportPipeline*> learned;
  for (const ReportPipeline& pipeline : column.pipelines) {
    if (!pipeline.coverage || pipeline.steps.empty()) continue;
    learned.push_back(&pipeline);
    headings.push_back(pipeline.steps.back().name() == "one_hot" ? "In one_hot" : "In vocabulary");
  }
  WriteTableHead("Null or NaN, and what is known of the others", headings, html);
  HtmlElement body(html, "tbody");
  for (size_t i = 0; i < splits.positions.size(); ++i) {
    const size_t s = splits.positions[i];
    HtmlElement row(html, "tr");
    html->Leaf("th", splits.names[i], {{"scope", "row"}});
    html->Leaf("td", ShownCount(splits.rows[s]), {{"class", "n"}});
    html->Leaf("td", ShownCount(values.missing[s]), {{"class", "n"}});
    ReportSplits one{{splits.names[i]}, {s}, splits.rows};
    WriteSplitShares(values.missing, splits.rows, one, "fill warn", html);
    if (infinite) html->Leaf("td", ShownCount(values.infinite[s]), {{"class", "n"}});
    for (const ReportPipeline* pipeline : learned) {
      WriteSplitShares(pipeline->coverage->covered, PresentRows(column, splits), one, "fill good",
                       html);
    }
  }
}

void WriteTarget(const ReportColumns& columns, HtmlWriter* html) {
  for (size_t i = 0; i < columns.columns.size(); ++i) {
    const ReportColumn& column = columns.columns[i];
    if (!column.is_target || !column.values || columns.splits.positions.empty()) continue;
    HtmlElement section(html, "section", {{"id", "target"}, {"aria-labelledby", "target-title"}});
    {
      HtmlElement heading(html, "h2", {{"id", "target-title"}});
      html->Text("Target ");
      html->Leaf("code", ShownText(column.name, kChartNameBytes), {{"class", "name"}});
    }
    HtmlElement card(html, "div", {{"class", "card body plain"}});
    WriteCharts(column, i, columns.splits, html);
    WriteSplitTable(column, columns.splits, "h3", html);
    return;
  }
}

void WriteMissing(const ReportColumns& columns, HtmlWriter* html) {
  if (columns.splits.positions.empty()) return;
  std::vector<const ReportColumn*> missing;
  size_t read = 0;
  for (const ReportColumn& column : columns.columns) {
    if (!column.values) continue;
    ++read;
    if (MostMissing(column, columns.splits) > 0) missing.push_back(&column);
  }
  if (read == 0) return;
  std::stable_sort(missing.begin(), missing.end(),
                   [&](const ReportColumn* a, const ReportColumn* b) {
                     return MostMissing(*a, columns.splits) > MostMissing(*b, columns.splits);
                   });
  HtmlElement section(html, "section", {{"id", "missing"}, {"aria-labelledby", "missing-title"}});
  html->Leaf("h2", "Missing values", {{"id", "missing-title"}});
  if (missing.empty()) {
    html->Leaf("p", "No row of a column that was read is null or NaN.", {{"class", "lead"}});
    return;
  }
  html->Leaf("p",
             fmt::format("{} of {} columns hold nulls or NaN, which count as missing.",
                         ShownCount(static_cast<int64_t>(missing.size())),
                         ShownCount(static_cast<int64_t>(read))),
             {{"class", "lead"}});
  HtmlElement card(html, "div", {{"class", "card"}});
  HtmlElement scroll(html, "div",
                     {{"class", "scroll tall"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of missing values"}});
  HtmlElement table(html, "table");
  std::vector<std::string> headings = {"Column"};
  headings.insert(headings.end(), columns.splits.names.begin(), columns.splits.names.end());
  WriteTableHead("Share of the rows of each split in which the column is missing, most first",
                 headings, html);
  HtmlElement body(html, "tbody");
  for (size_t i = 0; i < std::min(missing.size(), kRowsShown); ++i) {
    HtmlElement row(html, "tr");
    {
      HtmlElement heading(html, "th", {{"scope", "row"}});
      html->Leaf("code", ShownText(missing[i]->name, kChartNameBytes), {{"class", "name"}});
    }
    WriteSplitShares(missing[i]->values->missing, columns.splits.rows, columns.splits, "fill warn",
                     html);
  }
  if (missing.size() <= kRowsShown) return;
  HtmlElement row(html, "tr");
  html->Leaf("td",
             fmt::format("and {} more, with smaller shares",
                         ShownCount(static_cast<int64_t>(missing.size() - kRowsShown))),
             {{"colspan", std::to_string(headings.size())}});
}

void WriteVocabularies(const ReportColumns& columns, HtmlWriter* html) {
  if (columns.splits.positions.empty()) return;
  const std::vector<Lexicon> lexicons = LexiconsOf(columns);
  if (lexicons.empty()) return;
  HtmlElement section(html, "section",
                      {{"id", "vocabularies"}, {"aria-labelledby", "vocabularies-title"}});
  html->Leaf("h2", "Vocabularies and categories", {{"id", "vocabularies-title"}});
  html->Leaf("p",
             "Which rows hold a value that was learned from the training rows, and what thresholds "
             "left out.",
             {{"class", "lead"}});
  HtmlElement card(html, "div", {{"class", "card"}});
  HtmlElement scroll(html, "div",
                     {{"class", "scroll tall"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of vocabularies"}});
  HtmlElement table(html, "table");
  std::vector<std::string> headings = {"Column", "Step", "Entries#", "Threshold",
                                       "What it left out"};
  for (const std::string& name : columns.splits.names) headings.push_back("Known in " + name);
  WriteTableHead("Coverage: the share of the rows with a value whose value is known", headings,
                 html);
  HtmlElement body(html, "tbody");
  for (size_t i = 0; i < std::min(lexicons.size(), kRowsShown); ++i) {
    WriteLexiconRow(lexicons[i], columns.splits, html);
  }
  if (lexicons.size() <= kRowsShown) return;
  HtmlElement row(html, "tr");
  html->Leaf("td",
             fmt::format("and {} more; each column's card shows its own",
                         ShownCount(static_cast<int64_t>(lexicons.size() - kRowsShown))),
             {{"colspan", std::to_string(headings.size())}});
}

bool HasCharts(const ReportColumns& columns) {
  return !columns.splits.positions.empty() &&
         std::any_of(columns.columns.begin(), columns.columns.end(),
                     [](const ReportColumn& column) {
                       return column.values && !column.values->charts.empty();
                     });
}

std::string ReportData(const ReportColumns& columns) {
  nlohmann::json json;
  json["version"] = 1;
  json["splits"] = columns.splits.names;
  json["rows"] = CountsJson(columns.splits.rows, columns.splits);
  json["columns"] = nlohmann::json::array();
  for (size_t i = 0; i < std::min(columns.columns.size(), kColumnsInData); ++i) {
    json["columns"].push_back(ChartedColumnJson(columns.columns[i], columns.splits));
  }
  if (columns.columns.size() > kColumnsInData) {
    json["columns_left_out"] = columns.columns.size() - kColumnsInData;
  }
  const std::string text =
      json.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    // They stand in strings only, where they may be written so.
    if (c == '<' || c == '>' || c == '&') {
      safe += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace emberharmony::engine::internal
