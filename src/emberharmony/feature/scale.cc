#include <arrow/status.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/exact_quantiles.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/numeric_compute.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

/// What all methods compute: (x - center) / scale, in float64; missing stays missing.
///
/// | method   | center | scale                                   | scikit-learn   |
/// | standard | mean   | standard deviation with ddof 0          | StandardScaler |
/// | min_max  | min    | max - min                               | MinMaxScaler   |
/// | max_abs  | 0      | the larger of |min| and |max|           | MaxAbsScaler   |
/// | robust   | median | quantile(0.75) - quantile(0.25)         | RobustScaler   |
///
/// A scale of zero becomes 1, as there. (MinMaxScaler multiplies by a reciprocal, which differs by
/// an ulp or two; dividing makes the ends exactly 0 and 1.)
struct Learned {
  int64_t count = 0;
  int64_t null_count = 0;
  double mean = 0;
  double variance = 0;
  double standard_deviation = 0;
  double min = 0;
  double max = 0;
  double median = 0;
  double quantile_25 = 0;
  double quantile_75 = 0;
  double median_error_bound = 0;
  double scale_error_bound = 0;
};

class Scale : public Transform {
 public:
  Scale(std::string method, const TransformContext& context)
      : method_(std::move(method)),
        output_(NumericInfo(context.input)),
        quantile_keys_(context.quantile_keys),
        exact_quantiles_(context.exact_quantiles) {
    output_.lower_bound = -INFINITY;
  }

  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options, "method");
    std::string method = reader.Choice("method", {"standard", "min_max", "max_abs", "robust"});
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
    return std::make_unique<Scale>(std::move(method), context);
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.continuous = true, .computes = true}; }
  std::vector<backend::Op> operations() const override {
    return {backend::Op::kSubtract, backend::Op::kDivide};
  }
  nlohmann::json options() const override { return {{"method", method_}}; }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    if (method_ == "robust") {
      return {MakeQuantileAnalyzer(quantile_keys_, exact_quantiles_,
                                   {.median = true, .quantiles = {0.25, 0.75}})};
    }
    return {MakeMomentsAnalyzer()};
  }

  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override {
    if (statistics.size() != 1) return WrongStatistics(kName);
    ARROW_RETURN_NOT_OK(method_ == "robust" ? LearnQuantiles(statistics[0].get())
                                            : LearnMoments(statistics[0].get()));
    return SetScale();
  }

  nlohmann::json Describe() const override {
    nlohmann::json described = DescribeOptions(*this);
    if (!is_learned_) return described;
    described["count"] = learned_.count;
    described["null_count"] = learned_.null_count;
    if (method_ == "standard") {
      described["mean"] = learned_.mean;
      described["variance"] = learned_.variance;
      described["scale"] = scale_;
    } else if (method_ == "robust") {
      described["median"] = learned_.median;
      described["median_error_bound"] = learned_.median_error_bound;
      described["quantile_25"] = learned_.quantile_25;
      described["quantile_75"] = learned_.quantile_75;
      described["scale"] = scale_;
      described["scale_error_bound"] = learned_.scale_error_bound;
    } else {
      described["min"] = learned_.min;
      described["max"] = learned_.max;
      described["scale"] = scale_;
    }
    return described;
  }

  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) override {
    LearnedFacts facts(*this, output_.name, learned);
    learned_.count = facts.Integer("count", 1);
    learned_.null_count = facts.Integer("null_count");
    if (method_ == "standard") {
      learned_.mean = facts.Number("mean");
      learned_.variance = facts.NumberOrInfinity("variance");
      learned_.standard_deviation = std::sqrt(learned_.variance);
    } else if (method_ == "robust") {
      learned_.median = facts.Number("median");
      learned_.median_error_bound = facts.Number("median_error_bound", 0);
      learned_.quantile_25 = facts.Number("quantile_25");
      learned_.quantile_75 = facts.Number("quantile_75");
      learned_.scale_error_bound = facts.Number("scale_error_bound", 0);
      facts.Check(learned_.quantile_25 <= learned_.quantile_75,
                  "'quantile_25' must not be above 'quantile_75'");
    } else {
      learned_.min = facts.Number("min");
      learned_.max = facts.Number("max");
      facts.Check(learned_.min <= learned_.max, "'min' must not be above 'max'");
    }
    const double scale = facts.Number("scale", 0);
    // Where the variance is beyond a double, the deviation is known from the scale alone.
    if (method_ == "standard" && !std::isnormal(learned_.variance) && scale != 1) {
      learned_.standard_deviation = scale;
    }
    ARROW_RETURN_NOT_OK(SetScale());
    facts.Check(scale == scale_, "'scale' does not follow from the rest");
    is_learned_ = false;
    ARROW_RETURN_NOT_OK(facts.Finish());
    is_learned_ = true;
    return arrow::Status::OK();
  }

  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                          ComputeNumeric(input, pool, [this](const tensor::Tensor& x) {
                            tensor::Tensor result = ops::subtract(x, center_);
                            ops::divide(result, scale_, {.out = &result});
                            return result;
                          }));
    outputs->push_back(std::move(block));
    return arrow::Status::OK();
  }

 private:
  arrow::Status LearnMoments(const Statistic* statistic) {
    const auto* moments = dynamic_cast<const MomentsStatistic*>(statistic);
    if (moments == nullptr) return WrongStatistics(kName);
    ARROW_RETURN_NOT_OK(CheckFinite(output_.name, kName, moments->infinity_count));
    const std::string purpose = method_ == "standard" ? "a mean" : "a range";
    ARROW_RETURN_NOT_OK(CheckHasValues(output_.name, purpose, moments->count, moments->null_count));
    learned_.count = moments->count;
    learned_.null_count = moments->null_count;
    learned_.mean = moments->mean;
    learned_.variance = moments->variance;
    learned_.standard_deviation = moments->standard_deviation;
    learned_.min = moments->min;
    learned_.max = moments->max;
    return arrow::Status::OK();
  }

  arrow::Status LearnQuantiles(const Statistic* statistic) {
    const auto* quantiles = dynamic_cast<const QuantileStatistic*>(statistic);
    if (quantiles == nullptr) return WrongStatistics(kName);
    ARROW_RETURN_NOT_OK(CheckFinite(output_.name, kName, quantiles->infinity_count()));
    ARROW_RETURN_NOT_OK(
        CheckHasValues(output_.name, "quantiles", quantiles->count(), quantiles->null_count()));
    const QuantileEstimate median = quantiles->Median();
    const QuantileEstimate low = quantiles->Quantile(0.25);
    const QuantileEstimate high = quantiles->Quantile(0.75);
    learned_.count = quantiles->count();
    learned_.null_count = quantiles->null_count();
    learned_.median = median.value;
    learned_.median_error_bound = median.error_bound;
    learned_.quantile_25 = low.value;
    learned_.quantile_75 = high.value;
    learned_.scale_error_bound = low.error_bound + high.error_bound;
    return arrow::Status::OK();
  }

  /// Center and scale from what was learned.
  arrow::Status SetScale() {
    double scale = 0;
    if (method_ == "standard") {
      center_ = learned_.mean;
      scale = learned_.standard_deviation;
    } else if (method_ == "min_max") {
      center_ = learned_.min;
      scale = learned_.max - learned_.min;
    } else if (method_ == "max_abs") {
      center_ = 0;
      scale = std::max(std::fabs(learned_.min), std::fabs(learned_.max));
    } else {
      center_ = learned_.median;
      scale = learned_.quantile_75 - learned_.quantile_25;
    }
    if (!std::isfinite(scale)) {
      return base::DataError("column '" + output_.name + "' has values too far apart for scale: " +
                             method_ + " in float64; put a clip step before it");
    }
    scale_ = scale == 0 ? 1 : scale;
    is_learned_ = true;
    return arrow::Status::OK();
  }

  static inline const std::string kName = "scale";
  std::string method_;
  ColumnInfo output_;
  int64_t quantile_keys_;
  bool exact_quantiles_;
  Learned learned_;
  bool is_learned_ = false;
  double center_ = 0;
  double scale_ = 1;
};

const TransformRegistration kScaleRegistration("scale", Scale::Make);

}  // namespace
}  // namespace emberharmony::feature
