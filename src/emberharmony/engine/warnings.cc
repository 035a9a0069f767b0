#include "emberharmony/engine/warnings.h"

#include <fmt/format.h>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/engine/runs.h"
#include "emberharmony/engine/shown_text.h"
#include "emberharmony/engine/warnings_internal.h"

namespace emberharmony::engine {

namespace internal {

namespace {

constexpr size_t kWarningsMax = 100;
constexpr size_t kNameBytesMax = 80;
constexpr double kFilledShareMax = 0.5;
constexpr double kOutOfVocabularyShareMax = 0.5;
constexpr size_t kOneHotColumnsMax = 1000;

using Warnings = std::vector<std::string>;

std::string Quoted(const std::string& name) { return "'" + ShownText(name, kNameBytesMax) + "'"; }

void WarnOfRun(const RunReport& report, Warnings* warnings) {
  if (report.num_rows == 0 && report.command != "merge") {
    warnings->push_back(
        (report.why_no_rows.empty() ? "the source has no rows" : report.why_no_rows) +
        ": the output has columns, but nothing in them");
  }
  if (report.memory_limit_bytes > 0 && report.peak_resident_bytes > report.memory_limit_bytes) {
    warnings->push_back(fmt::format("peak memory of {} went beyond the limit of {}",
                                    base::FormatByteSize(report.peak_resident_bytes),
                                    base::FormatByteSize(report.memory_limit_bytes)));
  }
}

void WarnOfSplits(const RunReport& report, Warnings* warnings) {
  if (report.num_rows == 0) return;
  for (const char* name : {"train", "validation", "test"}) {
    const auto found = report.manifest.splits.find(name);
    if (found == report.manifest.splits.end() || found->second.num_rows > 0) continue;
    warnings->push_back(fmt::format(
        "the {} split has no rows; with few rows, or few distinct values of the split's key, "
        "change the shares, the key or the seed",
        name));
  }
}

std::string ShownFill(const nlohmann::json& facts) {
  const auto fill = facts.find("fill");
  const auto& value = fill != facts.end() ? *fill : facts.value("constant", nlohmann::json());
  if (value.is_string()) return "'" + ShownText(value.get<std::string>(), kNameBytesMax) + "'";
  const bool beyond_int64 =
      value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (value.is_number_integer() && !beyond_int64) return ShownCount(value.get<int64_t>());
  if (beyond_int64) return value.dump();
  if (value.is_number()) return ShownNumber(value.get<double>());
  return ShownText(value.dump(), kNameBytesMax);
}

void WarnOfImpute(const std::string& column, const ReportStep& step, Warnings* warnings) {
  const double count = step.Number("count").value_or(0);
  const double nulls = step.Number("null_count").value_or(0);
  if (!(nulls > kFilledShareMax * (count + nulls))) return;
  warnings->push_back(fmt::format("{}: {} of the training rows are null and were filled with {}",
                                  column, ShownShare(nulls / (count + nulls)),
                                  ShownFill(step.facts)));
}

void WarnOfScale(const std::string& column, const ReportStep& step, Warnings* warnings) {
  const bool flat = step.Number("variance") == 0.0 ||
                    (step.Number("min") && step.Number("min") == step.Number("max"));
  if (!flat) return;
  warnings->push_back(
      fmt::format("{}: the training rows hold one value only, so scaling has nothing to spread; "
                  "consider dropping the column",
                  column));
}

void WarnOfVocabulary(const std::string& column, const ReportStep& step, Warnings* warnings) {
  const double count = step.Number("count").value_or(0);
  const double missed = step.Number("oov_count").value_or(0);
  if (!step.Integer("size")) return;
  if (count == 0) {
    warnings->push_back(
        fmt::format("{}: no training row has a value, so its vocabulary is empty", column));
  } else if (missed > kOutOfVocabularyShareMax * count) {
    warnings->push_back(fmt::format(
        "{}: {} of the training rows with a value are out of its vocabulary of {}; lower "
        "min_count, raise max_size, or use more oov_buckets",
        column, ShownShare(missed / count), ShownCount(*step.Integer("size"))));
  }
}

void WarnOfOneHot(const std::string& column, const ReportStep& step, Warnings* warnings) {
  const auto found = step.facts.find("categories");
  if (found == step.facts.end() || !found->is_array()) return;
  if (found->empty()) {
    warnings->push_back(
        fmt::format("{}: no training row has a value, so one_hot yields no columns", column));
  } else if (found->size() > kOneHotColumnsMax) {
    warnings->push_back(fmt::format("{}: one_hot yields {} columns; a vocabulary takes one", column,
                                    ShownCount(static_cast<int64_t>(found->size()))));
  }
}

void WarnOfTarget(const std::string& column, const ReportColumn& target, Warnings* warnings) {
  if (!target.profile || target.profile->null_count == 0) return;
  const auto rows = static_cast<double>(target.profile->count + target.profile->null_count);
  warnings->push_back(
      fmt::format("{}: the target is null in {} of the training rows; they are in the output",
                  column, ShownShare(static_cast<double>(target.profile->null_count) / rows)));
}

void WarnOfColumn(const ReportColumn& column, bool drops_null_targets, Warnings* warnings) {
  const std::string name = Quoted(column.name);
  if (column.is_target && !drops_null_targets) WarnOfTarget(name, column, warnings);
  for (const ReportPipeline& pipeline : column.pipelines) {
    for (const ReportStep& step : pipeline.steps) {
      const std::string kind = step.name();
      if (kind == "impute") WarnOfImpute(name, step, warnings);
      if (kind == "scale") WarnOfScale(name, step, warnings);
      if (kind == "vocabulary") WarnOfVocabulary(name, step, warnings);
      if (kind == "one_hot") WarnOfOneHot(name, step, warnings);
    }
  }
}

}  // namespace

std::vector<std::string> WarningsOf(const RunReport& report, const ReportColumns& columns) {
  Warnings warnings;
  WarnOfRun(report, &warnings);
  WarnOfSplits(report, &warnings);
  // A model without training rows would have each of its columns say so.
  const auto train = report.manifest.splits.find("train");
  const bool no_training_rows = report.num_rows == 0 || (train != report.manifest.splits.end() &&
                                                         train->second.num_rows == 0);
  const bool learns =
      report.command == "merge" || (report.command != "transform" && !no_training_rows);
  if (learns) {
    for (const ReportColumn& column : columns.columns) {
      WarnOfColumn(column, columns.drops_null_targets, &warnings);
    }
  }
  if (warnings.size() > kWarningsMax) {
    const size_t more = warnings.size() - kWarningsMax;
    warnings.resize(kWarningsMax);
    warnings.push_back(fmt::format("and {} more", ShownCount(static_cast<int64_t>(more))));
  }
  return warnings;
}

}  // namespace internal

std::vector<std::string> DeriveWarnings(const RunReport& report) {
  return internal::WarningsOf(report, internal::CollectColumns(report));
}

}  // namespace emberharmony::engine
