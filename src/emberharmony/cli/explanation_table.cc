#include "emberharmony/cli/explanation_table.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <set>
#include <vector>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/plural.h"
#include "emberharmony/cli/text_table.h"
#include "emberharmony/engine/shown_text.h"

namespace emberharmony::cli {

namespace {

using engine::ExplainedFeature;
using engine::Explanation;
using engine::Extent;
using engine::ShownCount;
using engine::ShownText;

constexpr size_t kExplainedNameBytesMax = 32;
constexpr size_t kExplainedTypeBytesMax = 24;
constexpr size_t kStepsBytesMax = 72;
constexpr size_t kServiceBytesMax = 200;
constexpr size_t kColumnsShownMax = 4;

std::string Names(const std::vector<std::string>& names, std::string_view quote = "") {
  std::string text;
  for (size_t i = 0; i < names.size() && i < kColumnsShownMax; ++i) {
    text += fmt::format("{}{}{}{}", i > 0 ? ", " : "", quote,
                        ShownText(names[i], kExplainedNameBytesMax), quote);
  }
  if (names.size() > kColumnsShownMax)
    text += fmt::format(" and {} more", names.size() - kColumnsShownMax);
  return text;
}

// "1 row", "2,000 rows".
std::string Shown(int64_t number, std::string_view noun) {
  return ShownCount(number) + " " + base::Plural(number, noun);
}

std::string Counts(const Extent& extent) {
  if (extent.known()) return ShownCount(extent.min);
  return ShownCount(extent.min) + " to " + ShownCount(extent.max);
}

std::string Bytes(const Extent& extent) {
  const std::string max = base::FormatByteSize(extent.max);
  return extent.known() ? max : base::FormatByteSize(extent.min) + " to " + max;
}

std::string PassesText(const Explanation& explanation) {
  std::vector<TableRow> rows = {{"pass", "what for", "columns", "scans", "rows", "bytes"}};
  for (const engine::ExplainedPass& pass : explanation.passes) {
    const bool all = pass.columns.size() > kColumnsShownMax &&
                     static_cast<int>(pass.columns.size()) == explanation.num_columns;
    const bool of_output = pass.phase == "verify";
    std::string columns = of_output ? "the output" : pass.columns.empty() ? "none" : "";
    if (columns.empty())
      columns = all ? fmt::format("all {}", pass.columns.size()) : Names(pass.columns);
    rows.push_back({pass.phase, pass.purpose, columns, Counts(pass.scans), ShownCount(pass.rows),
                    (of_output ? "~" : "") + base::FormatByteSize(pass.bytes)});
  }
  rows.push_back({"total", "", "", "", "", Bytes(explanation.bytes_read)});
  return AlignedTable(rows, 3);
}

std::string OutputsOf(const ExplainedFeature& feature) {
  std::string text;
  std::vector<std::string> names;
  std::set<std::string> types;
  for (const auto& field : feature.outputs) {
    names.push_back(field->name());
    types.insert(field->type()->ToString());
  }
  if (!names.empty()) text = fmt::format("{}: {}", Names(names), fmt::join(types, ", "));
  if (!feature.categories) return names.empty() ? "none" : text;
  const auto& categories = *feature.categories;
  if (!text.empty()) text += "; ";
  text += ShownText(feature.column, kExplainedNameBytesMax) + "=...: ";
  if (categories.columns.known()) {
    text += Shown(categories.columns.min, "column");
  } else {
    text +=
        fmt::format("at most {} columns, known once learned", ShownCount(categories.columns.max));
  }
  if (categories.sampled_rows > 0 && !categories.columns.known()) {
    text += fmt::format(" ({} from the first {} rows)", ShownCount(categories.sampled_values),
                        ShownCount(categories.sampled_rows));
  }
  return text;
}

std::string FeaturesText(const Explanation& explanation) {
  std::vector<TableRow> rows = {{"feature", "type", "steps", "output"}};
  for (const ExplainedFeature& feature : explanation.features) {
    rows.push_back({ShownText(feature.column, kExplainedNameBytesMax),
                    ShownText(feature.type->ToString(), kExplainedTypeBytesMax),
                    ShownText(feature.steps_text, kStepsBytesMax), OutputsOf(feature)});
  }
  if (explanation.target != nullptr) {
    const std::string type = explanation.target->type()->ToString();
    const std::string name = ShownText(explanation.target->name(), kExplainedNameBytesMax);
    rows.push_back({name, ShownText(type, kExplainedTypeBytesMax), "the target",
                    name + ": " + ShownText(type, kExplainedTypeBytesMax)});
  }
  return AlignedTable(rows, 4);
}

std::string SplitText(const Explanation& explanation) {
  std::string text = "split by " + explanation.split_method;
  if (explanation.whole_rows) {
    text += " of whole rows";
  } else if (!explanation.split_columns.empty()) {
    // In quotes: "by time of day" is a phrase, too.
    text += " of " + Names(explanation.split_columns, "'");
  }
  if (explanation.rows_dropped) {
    text += fmt::format("; {} {} without a target left out", Counts(*explanation.rows_dropped),
                        base::Plural(explanation.rows_dropped->max, "row"));
  }
  std::vector<TableRow> rows = {{"split", "share", "rows", "bytes"}};
  for (const engine::ExplainedSplit& split : explanation.splits) {
    rows.push_back({split.name, split.share,
                    split.rows ? "~" + ShownCount(*split.rows) : "not known before",
                    split.bytes ? "~" + Bytes(*split.bytes) : "not known before"});
  }
  return text + "\n" + AlignedTable(rows, 1);
}

std::string OutputText(const Explanation& explanation) {
  const std::string what =
      explanation.layout == "matrix"
          ? fmt::format("a matrix of {} {} values a row{}", Counts(explanation.width),
                        explanation.dtype, explanation.target ? ", and the target" : "")
          : Counts(explanation.width) + " " + base::Plural(explanation.width.max, "column");
  std::set<std::string> backends;
  std::set<std::string> natively;
  for (const ExplainedFeature& feature : explanation.features) {
    for (const auto& step : feature.steps) {
      backends.insert(step.backend);
      for (const auto& each : step.natively) {
        natively.insert(fmt::format("{} of {} ({})", each.operation, step.name, each.reason));
      }
    }
  }
  std::string text = fmt::format("{} in {} {} {}", what, ShownCount(explanation.num_shards),
                                 explanation.format == "arrow" ? "Arrow" : "Parquet",
                                 base::Plural(explanation.num_shards, "shard"));
  if (!backends.empty()) text += fmt::format("; computed by: {}", fmt::join(backends, ", "));
  text += "\n";
  if (!natively.empty()) {
    text += fmt::format("left to native: {}\n", fmt::join(natively, ", "));
  }
  return text;
}

std::string MemoryText(const engine::ExplainedMemory& memory) {
  std::string text =
      fmt::format("memory: ~{} with {} {}, of {}", base::FormatByteSize(memory.estimate_bytes),
                  memory.num_threads, base::Plural(memory.num_threads, "thread"),
                  base::FormatByteSize(memory.limit_bytes));
  if (memory.fits()) return text + ": it fits\n";
  if (memory.fits_tightly()) {
    return text + fmt::format(
                      ": it fits with fewer tasks at a time and by spilling to disk (~{} "
                      "would be needed for all threads)\n",
                      base::FormatByteSize(memory.wanted_bytes));
  }
  return text + fmt::format(": too little, ~{} are needed at least\n",
                            base::FormatByteSize(memory.least_bytes));
}

std::string RowsText(const Explanation& explanation) {
  if (explanation.rows_known) return Shown(explanation.num_rows, "row");
  // Of a table those rows alone are seen that pass --where; of a query none.
  if (!explanation.service.empty()) return "an unknown number of rows";
  return Shown(explanation.num_rows, "row") + " before --where";
}

// How a service's rows fall into units its session decides, when the run begins.
std::string UnitsText(const Explanation& explanation) {
  if (!explanation.service.empty()) return "";
  return ", " + Shown(explanation.num_units, "unit");
}

}  // namespace

std::string ExplanationTable(const Explanation& explanation) {
  std::string out =
      fmt::format("{}, {}{}, {} in {}\n\n", RowsText(explanation),
                  Shown(explanation.num_columns, "column"), UnitsText(explanation),
                  base::FormatByteSize(explanation.num_bytes), ShownText(explanation.source));
  if (!explanation.service.empty()) {
    std::vector<TableRow> rows;
    for (const auto& [name, value] : explanation.service) {
      rows.push_back({name, ShownText(value, kServiceBytesMax)});
    }
    out += AlignedTable(rows, 2) + "\n";
  }
  out += PassesText(explanation) + "\n";
  out += FeaturesText(explanation) + "\n";
  out += SplitText(explanation) + "\n";
  out += OutputText(explanation) + MemoryText(explanation.memory);
  for (const std::string& warning : explanation.warnings) out += "warning: " + warning + "\n";
  return out;
}

}  // namespace emberharmony::cli
