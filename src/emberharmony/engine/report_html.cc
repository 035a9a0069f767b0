#include "emberharmony/engine/report_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/html_writer_internal.h"
#include "emberharmony/engine/report_assets.h"
#include "emberharmony/engine/report_charts_internal.h"
#include "emberharmony/engine/report_column_cards_internal.h"
#include "emberharmony/engine/report_html_internal.h"
#include "emberharmony/engine/runs.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine {

namespace internal {

namespace {

constexpr size_t kShardsShown = 200;
constexpr size_t kWarningsShown = 200;
constexpr size_t kNotesShown = 200;
constexpr size_t kPathBytes = 300;

constexpr std::array<const char*, 4> kSplitOrder = {"train", "validation", "test", "all"};

constexpr std::string_view kLogo =
    "<svg class=\"logo\" viewBox=\"0 0 32 32\" aria-hidden=\"true\">"
    "<path class=\"outer\" d=\"M16 2c1 6 9 9 9 17a9 9 0 0 1-18 0c0-4 2-6 4-9 1 3 2 4 3 4 1-4-1-8 "
    "2-12z\"/><path class=\"inner\" d=\"M16 17c1 3 4 4 4 7a4 4 0 0 1-8 0c0-3 3-4 4-7z\"/></svg>";

std::string FileName(const std::string& path) {
  std::string_view name = path;
  while (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  return std::string(name.substr(name.rfind('/') + 1));
}

// What the browser may do with the page: load nothing from anywhere, and run the scripts that are
// given here, if any, and no other.
std::string SecurityPolicy(const std::vector<ReportScript>& scripts) {
  std::string sources = scripts.empty() ? " 'none'" : "";
  for (const ReportScript& script : scripts) sources += " " + script.csp_source;
  return "default-src 'none'; script-src" + sources +
         "; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
}

void WriteHead(const RunReport& report, const std::vector<ReportScript>& scripts,
               HtmlWriter* html) {
  HtmlElement head(html, "head");
  html->Void("meta", {{"charset", "utf-8"}});
  html->Void("meta",
             {{"http-equiv", "Content-Security-Policy"}, {"content", SecurityPolicy(scripts)}});
  html->Void("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html->Void("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html->Void("meta", {{"name", "referrer"}, {"content", "no-referrer"}});
  html->Leaf("title", report.command + " " + ShownText(FileName(report.source), kPathBytes) +
                          " \u00b7 emberharmony");
  HtmlElement style(html, "style");
  html->Trusted(ReportStyle());
}

void WriteBanner(const RunReport& report, HtmlWriter* html) {
  HtmlElement banner(html, "header", {{"class", "banner"}});
  html->Trusted(kLogo);
  HtmlElement text(html, "div");
  html->Leaf("p", "emberharmony", {{"class", "brand"}});
  html->Leaf("h1", report.command == "extract" ? "Features extracted" : "Features transformed");
  HtmlElement p(html, "p", {{"class", "route"}});
  html->Leaf("span", "from ", {{"class", "muted"}});
  html->Leaf("code", ShownText(report.source, kPathBytes));
  if (report.where) {
    html->Leaf("span", " where ", {{"class", "muted"}});
    html->Leaf("code", ShownText(*report.where, kPathBytes));
  }
  html->Leaf("span", " to ", {{"class", "muted"}});
  html->Leaf("code", ShownText(report.output, kPathBytes));
}

/// One number of the run with what it is called and what stands beside it.
struct Tile {
  std::string label;
  std::string value;
  std::string detail;
  double share = -1;  ///< of a limit; -1: it has none
};

std::vector<Tile> TilesOf(const RunReport& report, const ReportColumns& columns) {
  const double seconds = std::max(report.wall_seconds, 1e-9);
  const auto size = [](double bytes) { return base::FormatByteSize(static_cast<int64_t>(bytes)); };
  std::vector<Tile> tiles;
  tiles.push_back({"Rows", ShownCount(report.num_rows),
                   fmt::format("in {} unit{}", ShownCount(report.num_units),
                               report.num_units == 1 ? "" : "s")});
  tiles.push_back({"Output columns", ShownCount(static_cast<int64_t>(columns.num_outputs)),
                   fmt::format("from {} of the source",
                               ShownCount(static_cast<int64_t>(columns.columns.size())))});
  tiles.push_back({"Time", ShownDuration(report.wall_seconds),
                   fmt::format("{} CPU on {} thread{}", ShownDuration(report.cpu_seconds),
                               report.num_threads, report.num_threads == 1 ? "" : "s")});
  tiles.push_back({"Rows per second",
                   ShownMagnitude(static_cast<double>(report.num_rows) / seconds),
                   size(static_cast<double>(report.source_bytes) / seconds) + "/s of the source"});
  Tile memory{"Peak memory", base::FormatByteSize(report.peak_resident_bytes), "no limit"};
  if (report.memory_limit_bytes > 0) {
    memory.share = static_cast<double>(report.peak_resident_bytes) /
                   static_cast<double>(report.memory_limit_bytes);
    memory.detail = fmt::format("{} of the limit of {}", ShownShare(memory.share),
                                base::FormatByteSize(report.memory_limit_bytes));
  }
  tiles.push_back(std::move(memory));
  tiles.push_back({"Written", base::FormatByteSize(report.output_bytes),
                   fmt::format("in {} shard{}; the source has {}",
                               ShownCount(static_cast<int64_t>(report.manifest.shards.size())),
                               report.manifest.shards.size() == 1 ? "" : "s",
                               base::FormatByteSize(report.source_bytes))});
  return tiles;
}

void WriteTiles(const RunReport& report, const ReportColumns& columns, HtmlWriter* html) {
  HtmlElement section(html, "section", {{"aria-labelledby", "run-title"}});
  html->Leaf("h2", "The run in numbers", {{"id", "run-title"}, {"class", "hidden"}});
  HtmlElement list(html, "dl", {{"class", "tiles"}});
  for (const Tile& tile : TilesOf(report, columns)) {
    HtmlElement card(html, "div", {{"class", "card tile"}});
    html->Leaf("dt", tile.label);
    html->Leaf("dd", tile.value, {{"class", "value"}});
    HtmlElement detail(html, "dd", {{"class", "detail"}});
    if (tile.share >= 0) {
      WriteBar(tile.share, tile.share > 1 ? "fill warn" : "fill", tile.detail, html);
    }
    html->Text(tile.detail);
  }
}

void WriteList(const std::vector<std::string>& items, size_t shown, HtmlWriter* html) {
  HtmlElement list(html, "ul");
  for (size_t i = 0; i < std::min(items.size(), shown); ++i) html->Leaf("li", items[i]);
  if (items.size() > shown) {
    html->Leaf("li",
               fmt::format("and {} more", ShownCount(static_cast<int64_t>(items.size() - shown))));
  }
}

void WriteWarnings(const RunReport& report, HtmlWriter* html) {
  if (report.warnings.empty()) return;
  HtmlElement section(html, "section",
                      {{"class", "card alert"}, {"aria-labelledby", "warnings-title"}});
  const size_t n = report.warnings.size();
  html->Leaf("h2",
             n == 1 ? std::string("1 warning") : ShownCount(static_cast<int64_t>(n)) + " warnings",
             {{"id", "warnings-title"}});
  WriteList(report.warnings, kWarningsShown, html);
}

std::vector<std::pair<std::string, SplitEntry>> OrderedSplits(const Manifest& manifest) {
  std::vector<std::pair<std::string, SplitEntry>> splits;
  for (const char* name : kSplitOrder) {
    const auto found = manifest.splits.find(name);
    if (found != manifest.splits.end()) splits.emplace_back(found->first, found->second);
  }
  return splits;
}

void WriteSplitRow(const std::string& name, const SplitEntry& split, double share, bool checksums,
                   HtmlWriter* html) {
  HtmlElement row(html, "tr");
  {
    HtmlElement heading(html, "th", {{"scope", "row"}});
    html->Leaf("span", "", {{"class", "swatch " + name}});
    html->Text(name);
  }
  html->Leaf("td", ShownCount(split.num_rows), {{"class", "n"}});
  html->Leaf("td", ShownShare(share), {{"class", "n"}});
  if (!checksums) return;
  HtmlElement cell(html, "td");
  html->Leaf("code", split.content_checksum, {{"class", "checksum"}});
}

void WriteSplits(const RunReport& report, HtmlWriter* html) {
  const auto splits = OrderedSplits(report.manifest);
  if (splits.empty()) return;
  int64_t total = 0;
  bool checksums = false;
  for (const auto& [name, split] : splits) {
    total += split.num_rows;
    checksums |= !split.content_checksum.empty();
  }
  const auto share = [&](const SplitEntry& split) {
    return total == 0 ? 0.0 : static_cast<double>(split.num_rows) / static_cast<double>(total);
  };
  HtmlElement section(html, "section", {{"id", "splits"}, {"aria-labelledby", "splits-title"}});
  html->Leaf("h2", "Rows per split", {{"id", "splits-title"}});
  HtmlElement card(html, "div", {{"class", "card"}});
  {
    // The table below says the same in numbers.
    HtmlElement bar(html, "div", {{"class", "stack"}, {"aria-hidden", "true"}});
    for (const auto& [name, split] : splits) {
      if (split.num_rows == 0) continue;
      html->Leaf("span", "",
                 {{"class", name}, {"style", fmt::format("flex-grow:{:.4f}", share(split))}});
    }
  }
  HtmlElement scroll(html, "div",
                     {{"class", "scroll"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of splits"}});
  HtmlElement table(html, "table");
  std::vector<std::string> headings = {"Split", "Rows#", "Share#"};
  if (checksums) headings.push_back("Content checksum");
  WriteTableHead(report.command == "transform" ? "All rows are in one folder, not split"
                                               : "Each split is a folder of Parquet files",
                 headings, html);
  HtmlElement body(html, "tbody");
  for (const auto& [name, split] : splits) {
    WriteSplitRow(name, split, share(split), checksums, html);
  }
}

std::string PhaseInWords(const std::string& phase) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords = {{
      {"split", "assign rows to splits"},
      {"detect", "detect types and learn"},
      {"fit", "learn"},
      {"transform", "transform and write"},
      {"verify", "compute checksums"},
  }};
  for (const auto& [name, words] : kWords) {
    if (name == phase) return std::string(words);
  }
  return phase;
}

void WritePhaseRow(const Progress::PhaseTime& phase, double wall_seconds, HtmlWriter* html) {
  HtmlElement row(html, "tr");
  html->Leaf("th", PhaseInWords(phase.phase), {{"scope", "row"}});
  {
    const double share = wall_seconds > 0 ? phase.wall_seconds / wall_seconds : 0;
    HtmlElement cell(html, "td", {{"class", "wide"}});
    WriteBar(share, "fill", ShownShare(share) + " of the time", html);
  }
  html->Leaf("td", ShownDuration(phase.wall_seconds), {{"class", "n"}});
  html->Leaf("td", ShownDuration(phase.cpu_seconds), {{"class", "n"}});
  const double seconds = std::max(phase.wall_seconds, 1e-9);
  html->Leaf("td", phase.rows > 0 ? ShownMagnitude(static_cast<double>(phase.rows) / seconds) : "",
             {{"class", "n"}});
  html->Leaf("td",
             phase.bytes > 0 ? base::FormatByteSize(
                                   static_cast<int64_t>(static_cast<double>(phase.bytes) / seconds))
                             : "",
             {{"class", "n"}});
}

void WritePhases(const RunReport& report, HtmlWriter* html) {
  if (report.phases.empty()) return;
  HtmlElement section(html, "section", {{"id", "phases"}, {"aria-labelledby", "phases-title"}});
  html->Leaf("h2", "Where the time went", {{"id", "phases-title"}});
  HtmlElement card(html, "div", {{"class", "card"}});
  HtmlElement scroll(html, "div",
                     {{"class", "scroll"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of phases"}});
  HtmlElement table(html, "table");
  WriteTableHead("Passes over the data, one after the other",
                 {"Phase", "Share", "Wall#", "CPU#", "Rows/s#", "Bytes/s#"}, html);
  HtmlElement body(html, "tbody");
  double rest = report.wall_seconds;
  for (const Progress::PhaseTime& phase : report.phases) {
    WritePhaseRow(phase, report.wall_seconds, html);
    rest -= phase.wall_seconds;
  }
  // CPU seconds outside phases include the program's start.
  if (rest < 0.005) return;
  HtmlElement row(html, "tr");
  html->Leaf("th", "everything else", {{"scope", "row"}});
  {
    HtmlElement cell(html, "td", {{"class", "wide"}});
    const double share = rest / report.wall_seconds;
    WriteBar(share, "fill", ShownShare(share) + " of the time", html);
  }
  html->Leaf("td", ShownDuration(rest), {{"class", "n"}});
  html->Leaf("td", "", {{"colspan", "3"}});
}

void WriteSetting(const std::string& name, const std::string& value, HtmlWriter* html) {
  html->Leaf("dt", name);
  html->Leaf("dd", ShownText(value, kPathBytes));
}

std::string SplitInWords(const plan::SplitSpec& split) {
  std::string words = split.method == plan::SplitMethod::kHash   ? "hash"
                      : split.method == plan::SplitMethod::kTime ? "time"
                                                                 : "random";
  if (split.method == plan::SplitMethod::kHash) {
    words +=
        split.key.empty() ? " of the whole row" : fmt::format(" of {}", fmt::join(split.key, ", "));
  } else if (split.method == plan::SplitMethod::kTime) {
    words += " by " + split.time_column;
  }
  return fmt::format("{}; train {}, validation {}, test {}; seed {}", words, split.train,
                     split.validation, split.test, split.seed);
}

void WritePlan(const RunReport& report, const ReportColumns& columns, HtmlWriter* html) {
  if (report.model == nullptr) return;
  const plan::Plan& plan = report.model->plan();
  HtmlElement section(html, "section", {{"id", "plan"}, {"aria-labelledby", "plan-title"}});
  html->Leaf("h2", "Plan", {{"id", "plan-title"}});
  HtmlElement card(html, "div", {{"class", "card"}});
  {
    HtmlElement list(html, "dl", {{"class", "settings"}});
    if (report.command != "transform") {
      WriteSetting("Origin", report.automatic_plan ? "automatic, from what was detected" : "given",
                   html);
    }
    WriteSetting("Target", plan.target ? plan.target->column : "none", html);
    WriteSetting("Split", SplitInWords(plan.split), html);
    WriteSetting(
        "Output",
        plan.output_dtype + (plan.layout == plan::Layout::kMatrix ? ", one matrix column"
                                                                  : ", a column for each feature"),
        html);
    WriteSetting("Computed by", report.manifest.backend + " kernels", html);
    WriteSetting("Plan SHA-256", plan::PlanHash(plan), html);
  }
  if (columns.notes.empty()) return;
  html->Leaf("h3", "Notes in the plan");
  WriteList(columns.notes, kNotesShown, html);
}

void WriteShards(const RunReport& report, HtmlWriter* html) {
  const auto& shards = report.manifest.shards;
  if (shards.empty()) return;
  HtmlElement section(html, "section", {{"id", "shards"}, {"aria-labelledby", "shards-title"}});
  html->Leaf("h2", "Shards", {{"id", "shards-title"}});
  HtmlElement details(html, "details", {{"class", "card"}});
  html->Leaf("summary", fmt::format("{} files, {}", ShownCount(static_cast<int64_t>(shards.size())),
                                    base::FormatByteSize(report.output_bytes)));
  HtmlElement scroll(html, "div",
                     {{"class", "scroll tall"},
                      {"tabindex", "0"},
                      {"role", "region"},
                      {"aria-label", "Table of shards"}});
  HtmlElement table(html, "table");
  WriteTableHead("Files written, as in manifest.json",
                 {"Path", "Unit#", "Rows#", "Size#", "XXH3-128"}, html);
  HtmlElement body(html, "tbody");
  for (size_t i = 0; i < std::min(shards.size(), kShardsShown); ++i) {
    HtmlElement row(html, "tr");
    {
      HtmlElement heading(html, "th", {{"scope", "row"}});
      html->Leaf("code", ShownText(shards[i].path, kPathBytes));
    }
    html->Leaf("td", ShownCount(shards[i].unit), {{"class", "n"}});
    html->Leaf("td", ShownCount(shards[i].num_rows), {{"class", "n"}});
    html->Leaf("td", base::FormatByteSize(shards[i].bytes), {{"class", "n"}});
    HtmlElement cell(html, "td");
    html->Leaf("code", shards[i].xxh3_128, {{"class", "checksum"}});
  }
  if (shards.size() <= kShardsShown) return;
  HtmlElement row(html, "tr");
  html->Leaf("td",
             fmt::format("and {} more; manifest.json lists them all",
                         ShownCount(static_cast<int64_t>(shards.size() - kShardsShown))),
             {{"colspan", "5"}});
}

// The data of the charts, and what draws them: last in the page, which is read without them.
void WriteScripts(const ReportColumns& columns, const std::vector<ReportScript>& scripts,
                  HtmlWriter* html) {
  if (scripts.empty()) return;
  {
    HtmlElement data(html, "script", {{"type", "application/json"}, {"id", "report-data"}});
    html->Trusted(ReportData(columns));
  }
  html->Trusted("\n<!--\n");
  html->Trusted(VegaNotices());
  html->Trusted("-->\n");
  for (const ReportScript& script : scripts) {
    HtmlElement element(html, "script");
    html->Trusted(script.text);
  }
}

}  // namespace

std::string RenderReport(const RunReport& report, const ReportColumns& columns) {
  std::vector<ReportScript> scripts;
  if (HasCharts(columns)) scripts = {VegaScript(), VegaInterpreterScript(), PageScript()};
  HtmlWriter html;
  html.Trusted("<!doctype html>\n");
  {
    HtmlElement root(&html, "html", {{"lang", "en"}});
    WriteHead(report, scripts, &html);
    HtmlElement body(&html, "body");
    html.Leaf("a", "Skip to the content", {{"class", "skip"}, {"href", "#main"}});
    WriteBanner(report, &html);
    {
      HtmlElement main(&html, "main", {{"id", "main"}});
      WriteTiles(report, columns, &html);
      WriteWarnings(report, &html);
      WriteSplits(report, &html);
      WriteTarget(columns, &html);
      WriteMissing(columns, &html);
      WriteVocabularies(columns, &html);
      WriteColumns(columns, &html);
      WriteUnusedColumns(columns, &html);
      WritePhases(report, &html);
      WritePlan(report, columns, &html);
      WriteShards(report, &html);
    }
    html.Leaf("footer",
              "Written by emberharmony. Times and memory differ from run to run; the features, the "
              "model and manifest.json do not.");
    WriteScripts(columns, scripts, &html);
  }
  return html.html() + "\n";
}

}  // namespace internal

std::string ReportHtml(const RunReport& report) {
  return internal::RenderReport(report, internal::CollectColumns(report));
}

}  // namespace emberharmony::engine
