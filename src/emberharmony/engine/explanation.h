#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace emberharmony::engine {

/// A number of which a range is known before a run; min == max where it is known exactly.
struct Extent {
  int64_t min = 0;
  int64_t max = 0;

  bool known() const { return min == max; }
};

/// A pass over the data.
struct ExplainedPass {
  std::string phase;                 ///< as progress and run_report.json call it
  std::string purpose;               ///< for people
  std::vector<std::string> columns;  ///< that are read, in the source's order; may be none
  Extent scans = {1, 1};             ///< how often it happens
  int64_t rows = 0;                  ///< of one scan; with --where at most
  /// What one scan reads of the source, as it is stored (Parquet: compressed column chunks; CSV:
  /// text, unpacked); of "verify": of the output. With --where at most.
  int64_t bytes = 0;
  bool writes = false;             ///< the output
  int64_t memory_bytes = 0;        ///< at its peak, beside the program and what is kept
  int64_t least_memory_bytes = 0;  ///< with one task at a time, and all spilled that can be
};

/// How many columns a one_hot or a multi_hot makes.
struct ExplainedCategories {
  std::string step;  ///< which of the two
  Extent columns;
  int64_t expected = 0;        ///< of that range, for estimates
  int64_t limit = 0;           ///< max_categories
  int64_t sampled_rows = 0;    ///< of which the lower bound is told
  int64_t sampled_values = 0;  ///< distinct values in them
  int64_t ones_per_row = 1;    ///< on average, at most
};

/// An operation of a step that the step's backend leaves to native.
struct ExplainedFallback {
  std::string operation;
  std::string reason;
};

struct ExplainedStep {
  std::string name;
  nlohmann::json options;  ///< defaults written out
  bool learns = false;
  std::string backend;  ///< who is asked
  std::vector<ExplainedFallback> natively;
};

/// A feature of one source column.
struct ExplainedFeature {
  std::string column;
  std::shared_ptr<arrow::DataType> type;
  std::vector<ExplainedStep> steps;
  std::string steps_text;                         ///< as a plan writes them
  arrow::FieldVector outputs;                     ///< those known before learning
  std::optional<ExplainedCategories> categories;  ///< columns COLUMN=value come in addition
};

struct ExplainedSplit {
  std::string name;
  std::string share;            ///< as the plan writes it; of a split by instants empty
  std::optional<int64_t> rows;  ///< expected; absent: not known before
  std::optional<Extent> bytes;  ///< of its shards, estimated
};

struct ExplainedMemory {
  int64_t limit_bytes = 0;
  int num_threads = 0;
  int64_t program_bytes = 0;   ///< the process before it reads anything
  int64_t kept_bytes = 0;      ///< from the first pass to the last: splits, learned values
  int64_t estimate_bytes = 0;  ///< peak resident memory; never above the limit
  int64_t wanted_bytes = 0;    ///< the same without a limit
  int64_t least_bytes = 0;     ///< a run with less very probably ends with status 4

  bool fits() const { return wanted_bytes <= limit_bytes; }
  bool fits_tightly() const { return !fits() && least_bytes <= limit_bytes; }
};

/// What a run of a plan on a source would do: `ember extract --plan`, or `fit` without the passes
/// that write.
struct Explanation {
  std::string source;
  int64_t num_rows = 0;    ///< with --where: before it
  bool rows_known = true;  ///< no --where takes some
  int64_t num_units = 0;
  int64_t num_bytes = 0;  ///< uncompressed, all columns
  int num_columns = 0;

  std::string split_method;
  std::vector<std::string> split_columns;  ///< the key, or the column of a time split
  bool whole_rows = false;                 ///< all columns are hashed
  int64_t seed = 0;
  std::vector<ExplainedSplit> splits;  ///< those with a share above 0
  std::optional<Extent> rows_dropped;  ///< without a target, under drop_null

  std::vector<ExplainedPass> passes;
  Extent bytes_read;  ///< of the source, all scans

  std::vector<ExplainedFeature> features;
  std::shared_ptr<arrow::Field> target;  ///< null: none is written
  std::string layout;                    ///< columns or matrix
  std::string format;                    ///< parquet or arrow
  std::string dtype;
  Extent width;  ///< output columns, or values of a row of the matrix beside the target
  int64_t num_shards = 0;

  ExplainedMemory memory;
  std::vector<std::string> warnings;
  /// Of a service's table: what it is asked for and what it said of that, as (name, value).
  std::vector<std::pair<std::string, std::string>> service;

  std::string ToJson() const;
};

}  // namespace emberharmony::engine
