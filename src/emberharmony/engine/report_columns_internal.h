#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/report_values_internal.h"
#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::engine {
struct RunReport;
}  // namespace emberharmony::engine

namespace emberharmony::engine::internal {

struct CountedText {
  std::string text;
  int64_t count = 0;
};

/// One step as the model describes it (feature::Transform::Describe).
struct ReportStep {
  nlohmann::json facts;
  std::vector<CountedText> most_frequent;  ///< the first entries of a learned vocabulary

  std::string name() const;
  /// A fact as a number; absent when there is none of this name, or it is none.
  std::optional<double> Number(const std::string& key) const;
  std::optional<int64_t> Integer(const std::string& key) const;
};

struct OutputColumn {
  std::string name;
  std::string type;
};

/// One feature of the plan: the steps of a source column and what they yield.
struct ReportPipeline {
  std::vector<ReportStep> steps;
  std::vector<OutputColumn> outputs;
  std::optional<ReportCoverage> coverage;  ///< of a last step that is a vocabulary or a one_hot
};

/// A column of the source as the report shows it.
struct ReportColumn {
  std::string name;
  std::string type;
  bool is_number = false;  ///< its profile has a range
  std::optional<plan::ColumnProfile> profile;
  bool is_target = false;
  std::vector<ReportPipeline> pipelines;
  std::optional<ReportValues> values;  ///< where a transform has read the column
  std::string reason;                  ///< why nothing comes of the column; empty: something does

  size_t num_outputs() const;
};

/// What a run knows of its columns, in the order of the source, taken out of what knows it.
struct ReportColumns {
  std::vector<ReportColumn> columns;
  ReportSplits splits;
  std::vector<std::string> notes;  ///< the plan's comments that are about no single column
  size_t num_outputs = 0;          ///< features and target
  bool drops_null_targets = false;
};

ReportColumns CollectColumns(const RunReport& report);

}  // namespace emberharmony::engine::internal
