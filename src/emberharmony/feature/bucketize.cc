#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/exact_quantiles.h"
#include "emberharmony/feature/int32_block_internal.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_histogram.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kQuantilesMax = 65536;

/// `bucketize: {edges: [a, b, ...]}` or `{quantiles: n}`: the number of edges that are not above
/// the value, int32: below a is 0, from a to below b is 1, and so on, as numpy.digitize counts.
///
/// Quantile edges are the n - 1 inner n-quantiles of the training rows (NumPy's "linear", at the
/// doubles nearest to i / n); of edges that do not ascend one is kept. Missing stays missing.
class Bucketize : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  nlohmann::json options() const override {
    if (quantiles_ > 0) return {{"quantiles", quantiles_}};
    return {{"edges", edges_}};
  }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    if (quantiles_ == 0) return {};
    QuantilesWanted wanted;
    for (int64_t i = 1; i < quantiles_; ++i) wanted.quantiles.push_back(QuantileAt(i));
    return {MakeQuantileAnalyzer(quantile_keys_, exact_quantiles_, std::move(wanted))};
  }
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  nlohmann::json Describe() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit Bucketize(const TransformContext& context);

  /// The edges of a list, or what is wrong with it.
  static arrow::Result<std::vector<double>> ReadEdges(const nlohmann::json& list);
  double QuantileAt(int64_t i) const {
    return static_cast<double>(i) / static_cast<double>(quantiles_);
  }

  static inline const std::string kName = "bucketize";
  ColumnInfo output_;
  int64_t quantile_keys_;
  bool exact_quantiles_;
  int64_t quantiles_ = 0;      ///< 0: the plan gives the edges
  std::vector<double> edges_;  ///< ascending, finite; empty before quantiles have been learned

  // Learned.
  int64_t count_ = 0;
  int64_t null_count_ = 0;
  double edges_error_bound_ = 0;
};

Bucketize::Bucketize(const TransformContext& context)
    : quantile_keys_(context.quantile_keys), exact_quantiles_(context.exact_quantiles) {
  output_.name = context.input.name;
  output_.type = arrow::int32();
  output_.nullable = context.input.nullable;
  output_.lower_bound = 0;
  output_.final_type = true;
}

arrow::Result<std::unique_ptr<Transform>> Bucketize::Make(const nlohmann::json& options,
                                                          const TransformContext& context) {
  StepOptions reader(kName, options);
  auto step = std::unique_ptr<Bucketize>(new Bucketize(context));
  const nlohmann::json* edges = reader.Value("edges");
  if (reader.Has("edges") == reader.Has("quantiles")) {
    reader.AddFault("takes either 'edges' or 'quantiles': {edges: [0, 10, 100]} or {quantiles: 4}");
  }
  if (edges != nullptr) {
    arrow::Result<std::vector<double>> read = ReadEdges(*edges);
    if (read.ok()) {
      step->edges_ = *std::move(read);
    } else {
      reader.AddFault("option 'edges' " + read.status().message());
    }
  }
  if (reader.Has("quantiles")) {
    step->quantiles_ = reader.Integer("quantiles", 2, 2, kQuantilesMax);
  }
  ARROW_RETURN_NOT_OK(reader.Finish());
  ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Result<std::vector<double>> Bucketize::ReadEdges(const nlohmann::json& list) {
  if (!list.is_array() || list.empty()) {
    return base::UsageError("must be a list of at least one number");
  }
  std::vector<double> edges;
  for (const nlohmann::json& each : list) {
    if (!each.is_number() || !std::isfinite(each.get<double>())) {
      return base::UsageError("must be finite numbers; found " +
                              each.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    const double edge = each.get<double>() + 0.0;  // -0 is 0
    if (!edges.empty() && !(edge > edges.back())) {
      return base::UsageError("must ascend; found " + NumberText(edge) + " after " +
                              NumberText(edges.back()));
    }
    edges.push_back(edge);
  }
  return edges;
}

arrow::Status Bucketize::Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1 || quantiles_ == 0) return WrongStatistics(kName);
  const auto* quantiles = dynamic_cast<const QuantileStatistic*>(statistics[0].get());
  if (quantiles == nullptr) return WrongStatistics(kName);
  ARROW_RETURN_NOT_OK(CheckFinite(output_.name, kName, quantiles->infinity_count()));
  ARROW_RETURN_NOT_OK(
      CheckHasValues(output_.name, "quantiles", quantiles->count(), quantiles->null_count()));
  count_ = quantiles->count();
  null_count_ = quantiles->null_count();
  edges_.clear();
  edges_error_bound_ = 0;
  for (int64_t i = 1; i < quantiles_; ++i) {
    const QuantileEstimate estimate = quantiles->Quantile(QuantileAt(i));
    const double edge = estimate.value + 0.0;
    edges_error_bound_ = std::max(edges_error_bound_, estimate.error_bound);
    if (edges_.empty() || edge > edges_.back()) edges_.push_back(edge);
  }
  if (!std::ranges::all_of(edges_, [](double edge) { return std::isfinite(edge); })) {
    return base::DataError("column '" + output_.name +
                           "' has values too far apart for quantiles in float64; put a clip step "
                           "before bucketize");
  }
  return arrow::Status::OK();
}

nlohmann::json Bucketize::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (quantiles_ == 0 || edges_.empty()) return described;
  described["count"] = count_;
  described["null_count"] = null_count_;
  described["edges"] = edges_;
  described["edges_error_bound"] = edges_error_bound_;
  return described;
}

arrow::Status Bucketize::Restore(const nlohmann::json& learned,
                                 const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(*this, output_.name, learned);
  if (quantiles_ == 0) return facts.Finish();
  const int64_t count = facts.Integer("count", 1);
  const int64_t null_count = facts.Integer("null_count");
  const double bound = facts.Number("edges_error_bound", 0);
  arrow::Result<std::vector<double>> edges = ReadEdges(facts.Value("edges"));
  facts.Check(edges.ok(), "'edges' " + (edges.ok() ? "" : edges.status().message()));
  facts.Check(!edges.ok() || static_cast<int64_t>(edges->size()) < quantiles_,
              "'edges' must be fewer than 'quantiles'");
  ARROW_RETURN_NOT_OK(facts.Finish());
  edges_ = *std::move(edges);
  count_ = count;
  null_count_ = null_count;
  edges_error_bound_ = bound;
  return arrow::Status::OK();
}

arrow::Status Bucketize::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                               std::vector<ValueBlock>* outputs) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> numeric,
                        ToNumeric({input.values, false}, pool));
  const int64_t n = numeric->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int32_t)), pool));
  auto* out = reinterpret_cast<int32_t*>(buffer->mutable_data());
  const double* values = numeric->raw_values();
  for (int64_t i = 0; i < n; ++i) {
    const auto edge = std::upper_bound(edges_.begin(), edges_.end(), values[i]);
    out[i] = std::isnan(values[i]) ? kMissingInt32 : static_cast<int32_t>(edge - edges_.begin());
  }
  ARROW_ASSIGN_OR_RAISE(ValueBlock block, Int32Block(std::move(buffer), n, input.null_slot, pool));
  outputs->push_back(std::move(block));
  return arrow::Status::OK();
}

const TransformRegistration kBucketizeRegistration("bucketize", Bucketize::Make);

}  // namespace
}  // namespace emberharmony::feature
