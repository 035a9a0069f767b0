#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "emberharmony/engine/report_charts_internal.h"
#include "emberharmony/engine/report_column_cards_internal.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine::internal {

namespace {

// Bounds of the page: it stays usable, and of some megabytes at most, for any table.
constexpr size_t kOpenCardsMax = 16;
constexpr size_t kCardsMax = 500;
constexpr size_t kTableRowsMax = 5000;
constexpr size_t kOutputsShown = 24;
constexpr size_t kCategoriesShown = 40;
constexpr size_t kNameBytes = 120;
constexpr size_t kValueBytes = 60;

// What model.json calls a fact, and what people call it. Facts that are not here are shown under
// their own names, so a new step needs nothing from this file.
constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kFactLabels = {{
    {"fill", "filled with"},
    {"mean", "mean"},
    {"variance", "variance"},
    {"scale", "divided by"},
    {"scale_error_bound", "divisor, error at most"},
    {"median", "median"},
    {"median_error_bound", "median, error at most"},
    {"quantile_25", "first quartile"},
    {"quantile_75", "third quartile"},
    {"min", "smallest"},
    {"max", "largest"},
    {"size", "entries"},
    {"distinct_count", "distinct values"},
    {"oov_count", "rows out of vocabulary"},
    {"count", "rows with a value"},
    {"null_count", "rows without"},
    {"min_count", "least count of an entry"},
    {"max_size", "entries at most"},
    {"oov_buckets", "out-of-vocabulary ids"},
    {"max_categories", "categories at most"},
}};

std::string LabelOf(const std::string& key) {
  for (const auto& [name, label] : kFactLabels) {
    if (name == key) return std::string(label);
  }
  std::string label = key;
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

int64_t ToInt(size_t n) { return static_cast<int64_t>(n); }

std::string Plural(size_t n, const std::string& one) {
  return ShownCount(ToInt(n)) + " " + one + (n == 1 ? "" : "s");
}

/// A number as people read it, with all its digits on hovering.
void WriteNumber(double number, HtmlWriter* html) {
  const std::string shown = ShownNumber(number);
  const std::string full = FullNumber(number);
  std::string plain = shown;
  std::erase(plain, ',');
  if (plain == full) {
    html->Text(shown);
  } else {
    html->Leaf("span", shown, {{"title", full}, {"class", "num"}});
  }
}

void WriteText(const std::string& text, size_t bytes_max, const char* tag,
               const std::string& style_class, HtmlWriter* html) {
  HtmlAttributes attributes = {{"class", style_class}};
  if (text.size() > bytes_max) attributes.push_back({"title", ShownText(text, 20 * bytes_max)});
  html->Leaf(tag, ShownText(text, bytes_max), attributes);
}

void WriteValue(const nlohmann::json& value, HtmlWriter* html) {
  if (value.is_number_unsigned()) {
    // What exceeds int64 is shown as it is.
    const auto number = value.get<uint64_t>();
    html->Text(number <= INT64_MAX ? ShownCount(static_cast<int64_t>(number))
                                   : fmt::format("{}", number));
  } else if (value.is_number_integer()) {
    html->Text(ShownCount(value.get<int64_t>()));
  } else if (value.is_number()) {
    WriteNumber(value.get<double>(), html);
  } else if (value.is_boolean()) {
    html->Text(value.get<bool>() ? "true" : "false");
  } else if (value.is_string()) {
    WriteText(value.get<std::string>(), kValueBytes, "span", "chip", html);
  } else {
    const auto replace = nlohmann::json::error_handler_t::replace;
    WriteText(value.dump(-1, ' ', false, replace), kValueBytes, "span", "chip", html);
  }
}

// A value in the few words of a step's heading.
std::string InWords(const nlohmann::json& value) {
  if (value.is_string()) return ShownText(value.get<std::string>(), 24);
  if (value.is_number_integer()) return ShownCount(value.get<int64_t>());
  if (value.is_number()) return ShownNumber(value.get<double>());
  return ShownText(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), 24);
}

// "impute median", "scale standard", "clip 0 to 10", "cyclical hour, month".
std::string StepInWords(const ReportStep& step) {
  std::string words = step.name();
  const nlohmann::json& facts = step.facts;
  for (const char* key : {"strategy", "method", "type"}) {
    if (facts.contains(key)) words += " " + InWords(facts[key]);
  }
  if (facts.contains("constant")) words += " " + InWords(facts["constant"]);
  if (step.name() == "clip") {
    if (facts.contains("min")) words += " from " + InWords(facts["min"]);
    if (facts.contains("max")) words += " to " + InWords(facts["max"]);
  }
  if (facts.contains("parts") && facts["parts"].is_array()) {
    std::string separator = " ";
    for (const auto& part : facts["parts"]) {
      words += std::exchange(separator, ", ") + InWords(part);
    }
  }
  if (facts.value("indicator", nlohmann::json()) == true) words += " with indicator";
  return words;
}

// Facts that a step's heading, a bar or a list shows already.
bool IsShownElsewhere(const ReportStep& step, const std::string& key) {
  static const std::set<std::string> kElsewhere = {
      "step",  "strategy", "method",     "type",    "constant",        "indicator",
      "parts", "unknown",  "categories", "options", "vocabulary_file", "oov_count"};
  if (kElsewhere.contains(key)) return true;
  return step.name() == "clip" && (key == "min" || key == "max");
}

// Bounds of 0 say that a value is exact, which needs no line.
bool IsTrivial(const std::string& key, const nlohmann::json& value) {
  if (value.is_null()) return true;
  return key.ends_with("error_bound") && value.is_number() && value.get<double>() == 0;
}

void WriteFact(const std::string& label, const nlohmann::json& value, HtmlWriter* html) {
  html->Leaf("dt", label);
  HtmlElement dd(html, "dd");
  WriteValue(value, html);
}

void WriteCoverage(const ReportStep& step, HtmlWriter* html) {
  const double count = step.Number("count").value_or(0);
  const auto missed = step.Integer("oov_count");
  if (count <= 0 || !missed) return;
  const double covered = 1 - static_cast<double>(*missed) / count;
  const std::string text =
      *missed == 0 ? "every row with a value is in the vocabulary"
                   : fmt::format("{} of the rows with a value are in the vocabulary, {} are not",
                                 ShownShare(covered), ShownCount(*missed));
  HtmlElement p(html, "p", {{"class", "small coverage"}});
  WriteBar(covered, covered < 0.5 ? "fill warn" : "fill good", ShownShare(covered), html);
  html->Text(text);
}

void WriteMostFrequent(const ReportStep& step, HtmlWriter* html) {
  if (step.most_frequent.empty()) return;
  const double rows = std::max(step.Number("count").value_or(0), 1.0);
  const double most = std::max(static_cast<double>(step.most_frequent.front().count), 1.0);
  html->Leaf("p", "Most frequent", {{"class", "label"}});
  HtmlElement list(html, "ol", {{"class", "ranks"}});
  for (const CountedText& entry : step.most_frequent) {
    HtmlElement item(html, "li");
    WriteText(entry.text, kValueBytes, "span", "chip", html);
    // Bars compare the entries with each other; beside all rows they would hardly show.
    const auto count = static_cast<double>(entry.count);
    const std::string share = ShownShare(count / rows);
    WriteBar(count / most, "fill", share, html);
    html->Leaf("span", ShownCount(entry.count) + " \u00b7 " + share, {{"class", "count"}});
  }
}

void WriteCategories(const ReportStep& step, HtmlWriter* html) {
  const auto found = step.facts.find("categories");
  if (found == step.facts.end() || !found->is_array()) return;
  html->Leaf("p",
             ShownCount(ToInt(found->size())) + (found->size() == 1 ? " category" : " categories"),
             {{"class", "label"}});
  HtmlElement p(html, "p", {{"class", "chips"}});
  for (size_t i = 0; i < std::min(found->size(), kCategoriesShown); ++i) {
    const nlohmann::json& value = (*found)[i];
    if (i > 0) html->Text(" ");
    WriteText(value.is_string() ? value.get<std::string>() : InWords(value), kValueBytes, "span",
              "chip", html);
  }
  if (found->size() > kCategoriesShown) {
    html->Text(fmt::format(" and {} more", ShownCount(ToInt(found->size() - kCategoriesShown))));
  }
}

// Where the values of a numeric column lie, as far as detection and the first learning steps say.
struct Spread {
  std::optional<double> min, max, median, mean, deviation;
  bool filled = false;  ///< some of these count nulls as what fills them
};

// Facts about the source's own values: those of steps that only imputes stand before.
Spread SpreadOf(const ReportColumn& column) {
  Spread spread;
  if (column.is_number && column.profile && column.profile->count > 0) {
    spread.min = column.profile->min;
    spread.max = column.profile->max;
  }
  if (column.pipelines.empty()) return spread;
  const auto take = [](std::optional<double>* into, std::optional<double> from) {
    if (!*into && from && std::isfinite(*from)) *into = from;
  };
  double nulls = 0;
  for (const ReportStep& step : column.pipelines.front().steps) {
    const bool impute = step.name() == "impute";
    if (!impute && step.name() != "scale") break;
    spread.filled |= !impute && nulls > 0;
    take(&spread.min, step.Number("min"));
    take(&spread.max, step.Number("max"));
    take(&spread.median, step.Number("median"));
    const nlohmann::json strategy = step.facts.value("strategy", nlohmann::json());
    if (strategy == "median") take(&spread.median, step.Number("fill"));
    if (strategy == "mean") take(&spread.mean, step.Number("fill"));
    take(&spread.mean, step.Number("mean"));
    if (const auto variance = step.Number("variance"); variance && *variance >= 0) {
      take(&spread.deviation, std::sqrt(*variance));
    }
    if (!impute) break;
    nulls = step.Number("null_count").value_or(0);
  }
  return spread;
}

std::string Percent(double share) {
  return fmt::format("{:.2f}%", 100 * std::clamp(share, 0.0, 1.0));
}

// A line from the smallest to the largest value, with a band of one standard deviation about the
// mean, and marks for mean and median.
void DrawSpread(const Spread& spread, const std::string& label, HtmlWriter* html) {
  const double min = *spread.min;
  const double range = *spread.max - min;
  HtmlElement svg(html, "svg", {{"class", "spread"}, {"role", "img"}, {"aria-label", label}});
  html->Leaf("rect", "",
             {{"class", "axis"}, {"x", "0"}, {"y", "11"}, {"width", "100%"}, {"height", "2"}});
  if (spread.mean && spread.deviation) {
    const double from = std::clamp((*spread.mean - *spread.deviation - min) / range, 0.0, 1.0);
    const double to = std::clamp((*spread.mean + *spread.deviation - min) / range, 0.0, 1.0);
    html->Leaf("rect", "",
               {{"class", "band"},
                {"x", Percent(from)},
                {"y", "6"},
                {"width", Percent(std::max(to - from, 0.004))},
                {"height", "12"},
                {"rx", "3"}});
  }
  if (spread.median) {
    const std::string x = Percent((*spread.median - min) / range);
    html->Leaf("line", "", {{"class", "median"}, {"x1", x}, {"x2", x}, {"y1", "2"}, {"y2", "22"}});
  }
  if (spread.mean) {
    html->Leaf("circle", "",
               {{"class", "mean"},
                {"cx", Percent((*spread.mean - min) / range)},
                {"cy", "12"},
                {"r", "4"}});
  }
}

void WriteSpread(const ReportColumn& column, HtmlWriter* html) {
  const Spread spread = SpreadOf(column);
  if (!spread.min || !spread.max || !(*spread.min <= *spread.max)) return;  // NaN, too
  const double range = *spread.max - *spread.min;
  std::string legend;
  if (spread.median) legend += "median " + ShownNumber(*spread.median);
  if (spread.mean)
    legend += (legend.empty() ? "" : " \u00b7 ") + ("mean " + ShownNumber(*spread.mean));
  if (spread.mean && spread.deviation) legend += " \u00b1 " + ShownNumber(*spread.deviation);
  if (spread.filled && !legend.empty()) legend += ", with nulls filled";
  if (range > 0 && std::isfinite(range)) {
    DrawSpread(spread,
               fmt::format("from {} to {}{}{}", ShownNumber(*spread.min), ShownNumber(*spread.max),
                           legend.empty() ? "" : ", ", legend),
               html);
  }
  {
    HtmlElement ends(html, "div", {{"class", "ends"}});
    for (const double end : {*spread.min, *spread.max}) {
      HtmlElement span(html, "span");
      WriteNumber(end, html);
    }
  }
  if (!legend.empty()) html->Leaf("p", legend, {{"class", "small muted"}});
}

// Rows with and without a value: of detection, or of the first step that counted.
std::optional<std::pair<double, double>> CountsOf(const ReportColumn& column) {
  if (column.profile) {
    return std::make_pair(static_cast<double>(column.profile->count),
                          static_cast<double>(column.profile->null_count));
  }
  for (const ReportPipeline& pipeline : column.pipelines) {
    if (pipeline.steps.empty()) continue;
    const auto count = pipeline.steps.front().Number("count");
    const auto nulls = pipeline.steps.front().Number("null_count");
    if (count && nulls) return std::make_pair(*count, *nulls);
  }
  return std::nullopt;
}

std::optional<double> NullShareOf(const ReportColumn& column) {
  const auto counts = CountsOf(column);
  if (!counts || counts->first + counts->second <= 0) return std::nullopt;
  return counts->second / (counts->first + counts->second);
}

std::string DistinctOf(const ReportColumn& column) {
  if (column.profile) {
    return (column.profile->distinct_exact ? "" : "about ") +
           ShownCount(column.profile->distinct_count);
  }
  for (const ReportPipeline& pipeline : column.pipelines) {
    for (const ReportStep& step : pipeline.steps) {
      if (const auto distinct = step.Integer("distinct_count")) return ShownCount(*distinct);
    }
  }
  return "";
}

// Facts that the column's own part of the card shows already.
bool IsRepeated(const ReportColumn& column, const ReportStep& step, const std::string& key) {
  if (key == "count" || key == "null_count") {
    const auto counts = CountsOf(column);
    return step.Number("null_count") == 0.0 || (counts && step.Number("count") == counts->first &&
                                                step.Number("null_count") == counts->second);
  }
  if (key == "distinct_count") return true;
  const Spread spread = SpreadOf(column);
  return (key == "min" && step.Number(key) == spread.min) ||
         (key == "max" && step.Number(key) == spread.max);
}

// What there is to say of a step beside its heading: known facts in the order of their labels, then
// the others.
std::vector<std::pair<std::string, const nlohmann::json*>> FactsToShow(const ReportColumn& column,
                                                                       const ReportStep& step) {
  std::vector<std::pair<std::string, const nlohmann::json*>> facts;
  std::set<std::string> known;
  for (const auto& [key, label] : kFactLabels) {
    const auto found = step.facts.find(std::string(key));
    if (found != step.facts.end()) facts.emplace_back(key, &*found);
    known.emplace(key);
  }
  for (const auto& [key, value] : step.facts.items()) {
    if (!known.contains(key)) facts.emplace_back(key, &value);
  }
  std::erase_if(facts, [&](const auto& fact) {
    return IsShownElsewhere(step, fact.first) || IsTrivial(fact.first, *fact.second) ||
           IsRepeated(column, step, fact.first);
  });
  return facts;
}

void WriteStep(const ReportColumn& column, const ReportStep& step, HtmlWriter* html) {
  html->Leaf("h5", StepInWords(step));
  const auto facts = FactsToShow(column, step);
  if (!facts.empty()) {
    HtmlElement list(html, "dl");
    for (const auto& [key, value] : facts) WriteFact(LabelOf(key), *value, html);
  } else if (!step.facts.contains("categories")) {
    html->Leaf("p", "Nothing to learn.", {{"class", "small muted"}});
  }
  WriteCoverage(step, html);
  WriteCategories(step, html);
}

void WriteCounts(const ReportColumn& column, HtmlWriter* html) {
  const auto null_share = NullShareOf(column);
  const std::string distinct = DistinctOf(column);
  if (!null_share && distinct.empty()) return;
  HtmlElement list(html, "dl");
  if (null_share) {
    html->Leaf("dt", "null share");
    HtmlElement dd(html, "dd");
    html->Text(ShownShare(*null_share));
    if (*null_share > 0) WriteBar(*null_share, "fill warn", "null share", html);
  }
  if (!distinct.empty()) {
    html->Leaf("dt", "distinct");
    html->Leaf("dd", distinct);
  }
  if (const auto counts = CountsOf(column)) {
    html->Leaf("dt", "rows with a value");
    html->Leaf("dd", ShownNumber(counts->first));
  }
  if (column.profile && column.profile->infinity_count > 0) {
    html->Leaf("dt", "infinite");
    html->Leaf("dd", ShownCount(column.profile->infinity_count));
  }
}

void WriteDetected(const ReportColumn& column, HtmlWriter* html) {
  HtmlElement section(html, "section");
  html->Leaf("h4", "In the training rows");
  const auto null_share = NullShareOf(column);
  const std::string distinct = DistinctOf(column);
  if (!null_share && distinct.empty()) {
    html->Leaf("p",
               column.is_target ? "Nothing is learned from a target, so nothing was counted."
                                : "Nothing was counted before the first step.",
               {{"class", "small muted"}});
  }
  WriteSpread(column, html);
  WriteCounts(column, html);
  for (const ReportPipeline& pipeline : column.pipelines) {
    if (pipeline.coverage) continue;  // a chart shows them
    for (const ReportStep& step : pipeline.steps) WriteMostFrequent(step, html);
  }
}

void WriteSteps(const ReportColumn& column, HtmlWriter* html) {
  HtmlElement section(html, "section");
  html->Leaf("h4", "Learned, step by step");
  if (column.pipelines.empty()) {
    html->Leaf("p", "The target is written as it is, unscaled, with its nulls.",
               {{"class", "small muted"}});
  }
  for (const ReportPipeline& pipeline : column.pipelines) {
    for (const ReportStep& step : pipeline.steps) WriteStep(column, step, html);
  }
}

void WriteOutputs(const ReportColumn& column, HtmlWriter* html) {
  HtmlElement section(html, "section");
  html->Leaf("h4", Plural(column.num_outputs(), "output column"));
  HtmlElement list(html, "ul", {{"class", "outputs"}});
  size_t shown = 0;
  const auto write = [&](const std::string& name, const std::string& type) {
    if (++shown > kOutputsShown) return;
    HtmlElement item(html, "li");
    WriteText(name, kNameBytes, "code", "name", html);
    html->Text(" ");
    WriteText(type, kValueBytes, "span", "muted", html);
  };
  for (const ReportPipeline& pipeline : column.pipelines) {
    for (const OutputColumn& output : pipeline.outputs) write(output.name, output.type);
  }
  if (column.is_target) write(column.name, column.type);
  if (shown > kOutputsShown) {
    html->Leaf("li", fmt::format("and {} more", ShownCount(ToInt(shown - kOutputsShown))));
  }
}

std::string StepsInWords(const ReportColumn& column) {
  std::string words;
  for (const ReportPipeline& pipeline : column.pipelines) {
    if (!words.empty()) words += "; ";
    std::string separator;
    for (const ReportStep& step : pipeline.steps) {
      words += std::exchange(separator, " \u2192 ") + StepInWords(step);
    }
  }
  if (column.is_target) words += words.empty() ? "target" : "; target";
  return words;
}

void WriteCard(const ReportColumn& column, size_t position, const ReportSplits& splits, bool open,
               HtmlWriter* html) {
  HtmlAttributes attributes = {{"class", "card column"}};
  if (open) attributes.push_back({"open", ""});
  HtmlElement card(html, "details", attributes);
  {
    HtmlElement summary(html, "summary");
    WriteText(column.name, kNameBytes, "h3", "name", html);
    html->Text(" ");
    WriteText(column.type, kValueBytes, "span", "tag", html);
    if (column.is_target) {
      html->Text(" ");
      html->Leaf("span", "target", {{"class", "tag target"}});
    }
    html->Text(" ");
    if (!column.pipelines.empty()) {
      html->Leaf("span", StepsInWords(column), {{"class", "steps"}});
    }
    html->Text(" ");
    html->Leaf("span", Plural(column.num_outputs(), "output"), {{"class", "yield"}});
  }
  HtmlElement body(html, "div", {{"class", "body"}});
  WriteCharts(column, position, splits, html);
  WriteSplitTable(column, splits, "h4", html);
  WriteDetected(column, html);
  WriteSteps(column, html);
  WriteOutputs(column, html);
}

void WriteColumnRow(const ReportColumn& column, HtmlWriter* html) {
  HtmlElement row(html, "tr");
  {
    HtmlElement heading(html, "th", {{"scope", "row"}});
    WriteText(column.name, kValueBytes, "code", "name", html);
  }
  html->Leaf("td", ShownText(column.type, kValueBytes));
  const auto null_share = NullShareOf(column);
  html->Leaf("td", null_share ? ShownShare(*null_share) : "", {{"class", "n"}});
  html->Leaf("td", DistinctOf(column), {{"class", "n"}});
  html->Leaf("td", ShownText(StepsInWords(column), 3 * kValueBytes), {{"class", "prose"}});
  html->Leaf("td", ShownCount(ToInt(column.num_outputs())), {{"class", "n"}});
}

void WriteColumnTable(const std::vector<const ReportColumn*>& used, HtmlWriter* html) {
  HtmlElement scroll(html, "div",
                     {{"class", "scroll tall"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of columns"}});
  HtmlElement table(html, "table");
  WriteTableHead("Source columns and what they yield; model/model.json has what each step learned",
                 {"Column", "Type", "Null#", "Distinct#", "Steps", "Outputs#"}, html);
  HtmlElement body(html, "tbody");
  for (size_t i = 0; i < std::min(used.size(), kTableRowsMax); ++i) WriteColumnRow(*used[i], html);
  if (used.size() <= kTableRowsMax) return;
  HtmlElement row(html, "tr");
  html->Leaf("td", fmt::format("and {} more", ShownCount(ToInt(used.size() - kTableRowsMax))),
             {{"colspan", "6"}});
}

}  // namespace

void WriteBar(double share, const std::string& style_class, const std::string& label,
              HtmlWriter* html) {
  HtmlElement bar(html, "span", {{"class", "bar"}, {"role", "img"}, {"aria-label", label}});
  html->Leaf("span", "", {{"class", style_class}, {"style", "width:" + Percent(share)}});
}

void WriteTableHead(const std::string& caption, const std::vector<std::string>& headings,
                    HtmlWriter* html) {
  html->Leaf("caption", caption);
  HtmlElement head(html, "thead");
  HtmlElement row(html, "tr");
  for (const std::string& heading : headings) {
    HtmlAttributes attributes = {{"scope", "col"}};
    const bool number = heading.ends_with('#');
    if (number) attributes.push_back({"class", "n"});
    html->Leaf("th", heading.substr(0, heading.size() - (number ? 1 : 0)), attributes);
  }
}

void WriteColumns(const ReportColumns& columns, HtmlWriter* html) {
  std::vector<const ReportColumn*> used;
  for (const ReportColumn& column : columns.columns) {
    if (column.reason.empty()) used.push_back(&column);
  }
  HtmlElement section(html, "section", {{"id", "columns"}, {"aria-labelledby", "columns-title"}});
  html->Leaf("h2", "Columns", {{"id", "columns-title"}});
  html->Leaf("p",
             fmt::format("{} in, {} out. What is learned comes from the training rows alone.",
                         Plural(used.size(), "source column"),
                         Plural(columns.num_outputs, "output column")),
             {{"class", "lead"}});
  if (used.size() > kCardsMax) {
    WriteColumnTable(used, html);
    return;
  }
  for (const ReportColumn* column : used) {
    WriteCard(*column, static_cast<size_t>(column - columns.columns.data()), columns.splits,
              used.size() <= kOpenCardsMax, html);
  }
}

void WriteUnusedColumns(const ReportColumns& columns, HtmlWriter* html) {
  std::vector<const ReportColumn*> unused;
  for (const ReportColumn& column : columns.columns) {
    if (!column.reason.empty()) unused.push_back(&column);
  }
  if (unused.empty()) return;
  HtmlElement section(html, "section", {{"id", "unused"}, {"aria-labelledby", "unused-title"}});
  html->Leaf("h2", "Columns left out", {{"id", "unused-title"}});
  HtmlElement scroll(html, "div",
                     {{"class", "scroll tall"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of columns left out"}});
  HtmlElement table(html, "table");
  WriteTableHead("Source columns of which nothing is in the output", {"Column", "Type", "Reason"},
                 html);
  HtmlElement body(html, "tbody");
  for (size_t i = 0; i < std::min(unused.size(), kTableRowsMax); ++i) {
    HtmlElement row(html, "tr");
    {
      HtmlElement heading(html, "th", {{"scope", "row"}});
      WriteText(unused[i]->name, kValueBytes, "code", "name", html);
    }
    html->Leaf("td", ShownText(unused[i]->type, kValueBytes));
    html->Leaf("td", ShownText(unused[i]->reason, 5 * kValueBytes), {{"class", "prose"}});
  }
  if (unused.size() > kTableRowsMax) {
    HtmlElement row(html, "tr");
    html->Leaf("td", fmt::format("and {} more", ShownCount(ToInt(unused.size() - kTableRowsMax))),
               {{"colspan", "3"}});
  }
}

}  // namespace emberharmony::engine::internal
