#include <arrow/type.h>

#include <string>
#include <string_view>

#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/plan/plan.h"

// The input is a plan. What the reader takes, the writer must write so that it reads the same, and
// binding it to a table ends in pipelines or an error.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using base::FuzzSeeds;

constexpr std::string_view kEverything = R"(version: 1
target: {column: delay, drop_null: true}
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
# dropped 'id': an identifier
features:
  - columns: [distance, "speed"]
    steps: [{impute: {strategy: median, indicator: true}}, {scale: standard}]
  - columns: [distance]
    steps: [{impute: {constant: 0}}, {clip: {min: 0, max: 1e9}}, log1p]
  - columns: [origin]
    steps: [{vocabulary: {min_count: 15, max_size: 100000, oov_buckets: 3}}]
  - columns: [carrier]
    steps: [one_hot]
  - columns: [date]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
  - {columns: [ok], steps: [{impute: most_frequent}, {cast: float64}]}
  - {columns: [price], steps: [passthrough]}
output: {dtype: float32, layout: columns}
quantile_keys: 8192
)";

constexpr std::string_view kTimes = R"(version: 1
split: {method: time, column: date, validation_from: 2001-02-01, test_from: "2001-03-01T00:00:00"}
features: [{columns: [speed], steps: [{bucketize: {edges: [0, .5, -1e3, 0x10]}}, drop]}]
output: {dtype: float64, layout: matrix}
)";

const arrow::Schema& Table() {
  static const auto schema = arrow::schema({
      arrow::field("id", arrow::int64()),
      arrow::field("date", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("delay", arrow::float64()),
      arrow::field("distance", arrow::int32()),
      arrow::field("speed", arrow::float32()),
      arrow::field("origin", arrow::utf8()),
      arrow::field("carrier", arrow::dictionary(arrow::int32(), arrow::utf8())),
      arrow::field("ok", arrow::boolean(), false),
      arrow::field("price", arrow::decimal128(10, 2)),
      arrow::field("parts", arrow::list(arrow::int32())),
  });
  return *schema;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  seeds.Add("everything", kEverything);
  seeds.Add("times", kTimes);
  FuzzSeeds::FuzzRequire(plan::ParsePlan(kEverything, "seed").ok(), "the seed is a plan");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = plan::ParsePlan(text, "fuzz");
  if (!read.ok()) return 0;
  const std::string written = plan::WritePlan(*read);
  const auto again = plan::ParsePlan(written, "written");
  FuzzSeeds::FuzzRequire(again.ok(), "what was written can be read");
  FuzzSeeds::FuzzRequire(plan::WritePlan(*again) == written, "equal plans give equal text");
  FuzzSeeds::FuzzRequire(plan::PlanHash(*again) == plan::PlanHash(*read), "the hash stays");
  (void)plan::ThresholdsOf(read->split);
  (void)plan::BindPlan(*read, Table(), "fuzz", true);
  return 0;
}
