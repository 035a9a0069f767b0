#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// What inspect looks for. None of these costs another pass.
struct InspectOptions {
  int64_t top_values = 5;            ///< most frequent values kept for each column; 0: none
  int64_t quantile_keys = 65536;     ///< distinct numbers up to which quantiles are exact
  double high_null_threshold = 0.9;  ///< of the suggested steps, as in an automatic plan
};

/// A value with the number of rows that hold it.
struct InspectedValue {
  nlohmann::json value;  ///< as InspectedColumn::min
  std::string text;      ///< for people
  int64_t count = 0;
};

/// A quantile of numbers or times; `value` is null when there are none.
struct InspectedQuantile {
  double q = 0;
  InspectedValue at;
  double error_bound = 0;  ///< in the number's unit (times: that of the type); 0: exact
};

/// What one pass tells of a column, over all rows of the source.
///
/// Values in JSON: booleans, numbers and text as such, dates and times as ISO 8601 text, decimals
/// as text, bytes that are not UTF-8 as {"hex": "ff00"}.
struct InspectedColumn {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  std::string kind;        ///< plan::DetectedKind
  bool read = false;       ///< false: a type of which nothing but its name is told
  int64_t count = 0;       ///< rows with a value
  int64_t null_count = 0;  ///< rows that are null or NaN
  int64_t distinct_count = 0;
  bool distinct_exact = true;         ///< false: an estimate, standard error 0.81 %
  std::optional<InspectedValue> min;  ///< exact; its count is not filled in
  std::optional<InspectedValue> max;
  std::optional<feature::MomentsStatistic> moments;  ///< of numbers and booleans: exact
  std::vector<InspectedQuantile> quantiles;          ///< of numbers and times: 0.25, 0.5, 0.75
  std::vector<InspectedValue> top;  ///< count descending, then value ascending; exact
  bool top_known = false;
  std::string top_unknown;  ///< why the most frequent values are not known
  std::string steps;        ///< what an automatic plan would do, as a plan writes it
  std::string reason;       ///< why it would leave the column out; steps is empty then
};

struct Inspection {
  std::string source;
  int64_t num_rows = 0;
  int64_t num_units = 0;
  int64_t num_bytes = 0;
  std::vector<InspectedColumn> columns;
  std::string ToJson() const;
};

/// Reads every column once, in parallel and within the run's budget, and tells what is in it.
/// Statistics do not depend on the order of rows, files or threads.
arrow::Result<std::vector<InspectedColumn>> InspectColumns(const io::Source& source,
                                                           const InspectOptions& options,
                                                           RunContext* context);

}  // namespace emberharmony::engine
