#include <arrow/buffer.h>
#include <arrow/status.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/exact_quantiles.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_compute.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kLandmarksDefault = 1000;
/// At most the quantile_keys that a plan may ask for: fewer rows than landmarks are all told apart.
constexpr int64_t kLandmarksMax = 8192;
constexpr const char* kUniformPlaces = "uniform";
constexpr const char* kNormalPlaces = "normal";
/// The normal distribution's quantiles of 1e-7 and 1 - 1e-7, where scikit-learn cuts, too: the ends
/// themselves lie at infinity.
constexpr double kNormalPlaceBound = 5.199337582605575;

/// A polynomial whose coefficients ascend.
template <size_t n>
double AscendingPolynomial(const std::array<double, n>& coefficients, double x) {
  double value = 0;
  for (size_t i = n; i-- > 0;) value = value * x + coefficients[i];
  return value;
}

/// The quantile of the standard normal distribution at p in (0, 1), given the logarithm of
/// min(p, 1 - p): within some 1e-16 of it, relatively. Wichura, "Algorithm AS 241: The Percentage
/// Points of the Normal Distribution", Applied Statistics 37 (1988), PPND16.
double NormalQuantile(double p, double log_of_tail) {
  constexpr std::array<double, 8> kCentreAbove = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                                  1.9715909503065514427e3, 1.3731693765509461125e4,
                                                  4.5921953931549871457e4, 6.7265770927008700853e4,
                                                  3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr std::array<double, 8> kCentreBelow = {1,
                                                  4.2313330701600911252e1,
                                                  6.8718700749205790830e2,
                                                  5.3941960214247511077e3,
                                                  2.1213794301586595867e4,
                                                  3.9307895800092710610e4,
                                                  2.8729085735721942674e4,
                                                  5.2264952788528545610e3};
  constexpr std::array<double, 8> kMiddleAbove = {
      1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array<double, 8> kMiddleBelow = {1,
                                                  2.05319162663775882187e0,
                                                  1.67638483018380384940e0,
                                                  6.89767334985100004550e-1,
                                                  1.48103976427480074590e-1,
                                                  1.51986665636164571966e-2,
                                                  5.47593808499534494600e-4,
                                                  1.05075007164441684324e-9};
  constexpr std::array<double, 8> kFarAbove = {
      6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array<double, 8> kFarBelow = {1,
                                               5.99832206555887937690e-1,
                                               1.36929880922735805310e-1,
                                               1.48753612908506148525e-2,
                                               7.86869131145613259100e-4,
                                               1.84631831751005468180e-5,
                                               1.42151175831644588870e-7,
                                               2.04426310338993978564e-15};
  constexpr double kCentre = 0.425;
  constexpr double kMiddle = 5;
  const double q = p - 0.5;
  if (std::fabs(q) <= kCentre) {
    const double r = kCentre * kCentre - q * q;
    return q * AscendingPolynomial(kCentreAbove, r) / AscendingPolynomial(kCentreBelow, r);
  }
  const double r = std::sqrt(-log_of_tail);
  const double distance = r <= kMiddle ? AscendingPolynomial(kMiddleAbove, r - 1.6) /
                                             AscendingPolynomial(kMiddleBelow, r - 1.6)
                                       : AscendingPolynomial(kFarAbove, r - kMiddle) /
                                             AscendingPolynomial(kFarBelow, r - kMiddle);
  return q < 0 ? -distance : distance;
}

/// `quantile_transform: uniform | normal | {output: ..., quantiles: n}`: a value's place among the
/// training rows, from 0 for the smallest to 1 for the largest, between n landmarks (quantiles at
/// equal distances) linearly; or the standard normal distribution's quantile at that place, cut at
/// about -5.2 and 5.2. What scikit-learn's QuantileTransformer gives.
class QuantileTransform : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  /// Not continuous: a value beside one that is frequent has another place.
  TransformTraits traits() const override { return {.computes = true}; }
  std::vector<backend::Op> operations() const override {
    if (distribution_ != kNormalPlaces) return {};
    return {backend::Op::kSubtract, backend::Op::kMinimum, backend::Op::kLog};
  }
  nlohmann::json options() const override {
    return {{"output", distribution_}, {"quantiles", num_landmarks_}};
  }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override {
    QuantilesWanted wanted;
    for (int64_t i = 0; i < num_landmarks_; ++i) {
      wanted.quantiles.push_back(PlaceOf(i, num_landmarks_));
    }
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
  explicit QuantileTransform(const TransformContext& context)
      : output_(NumericInfo(context.input)),
        quantile_keys_(context.quantile_keys),
        exact_quantiles_(context.exact_quantiles) {}

  static double PlaceOf(int64_t i, int64_t n) {
    return n <= 1 ? 0 : static_cast<double>(i) / static_cast<double>(n - 1);
  }
  /// Of fewer training rows each is a landmark.
  int64_t NumLandmarks(int64_t num_rows) const { return std::min(num_landmarks_, num_rows); }
  /// Where a number lies among the landmarks, in [0, 1]; of one that several share, the middle.
  double Place(double x) const;
  arrow::Result<ValueBlock> ToNormal(const ValueBlock& places, arrow::MemoryPool* pool) const;

  static inline const std::string kName = "quantile_transform";
  ColumnInfo output_;
  int64_t quantile_keys_;
  bool exact_quantiles_;
  std::string distribution_ = kUniformPlaces;
  int64_t num_landmarks_ = kLandmarksDefault;

  // Learned.
  std::vector<double> landmarks_;  ///< do not descend
  int64_t count_ = 0;
  int64_t null_count_ = 0;
  double landmarks_error_bound_ = 0;
};

arrow::Result<std::unique_ptr<Transform>> QuantileTransform::Make(const nlohmann::json& options,
                                                                  const TransformContext& context) {
  StepOptions reader(kName, options, "output");
  auto step = std::unique_ptr<QuantileTransform>(new QuantileTransform(context));
  step->distribution_ = reader.Choice("output", {kUniformPlaces, kNormalPlaces}, kUniformPlaces);
  step->num_landmarks_ = reader.Integer("quantiles", kLandmarksDefault, 2, kLandmarksMax);
  ARROW_RETURN_NOT_OK(reader.Finish());
  ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
  step->output_.lower_bound = step->distribution_ == kUniformPlaces ? 0 : -kNormalPlaceBound;
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status QuantileTransform::Learn(
    const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != 1) return WrongStatistics(kName);
  const auto* quantiles = dynamic_cast<const QuantileStatistic*>(statistics[0].get());
  if (quantiles == nullptr) return WrongStatistics(kName);
  ARROW_RETURN_NOT_OK(CheckFinite(output_.name, kName, quantiles->infinity_count()));
  ARROW_RETURN_NOT_OK(
      CheckHasValues(output_.name, "quantiles", quantiles->count(), quantiles->null_count()));
  count_ = quantiles->count();
  null_count_ = quantiles->null_count();
  landmarks_.clear();
  landmarks_error_bound_ = 0;
  const int64_t n = NumLandmarks(count_);
  for (int64_t i = 0; i < n; ++i) {
    const QuantileEstimate estimate = quantiles->Quantile(PlaceOf(i, n));
    double landmark = estimate.value + 0.0;
    if (!landmarks_.empty()) landmark = std::max(landmark, landmarks_.back());
    landmarks_.push_back(landmark);
    landmarks_error_bound_ = std::max(landmarks_error_bound_, estimate.error_bound);
  }
  if (!std::isfinite(landmarks_.front()) || !std::isfinite(landmarks_.back())) {
    return base::DataError("column '" + output_.name +
                           "' has values too far apart for quantiles in float64; put a clip step "
                           "before quantile_transform");
  }
  return arrow::Status::OK();
}

nlohmann::json QuantileTransform::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (landmarks_.empty()) return described;
  described["count"] = count_;
  described["null_count"] = null_count_;
  described["landmarks"] = landmarks_;
  described["landmarks_error_bound"] = landmarks_error_bound_;
  return described;
}

arrow::Status QuantileTransform::Restore(
    const nlohmann::json& learned, const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(*this, output_.name, learned);
  const int64_t count = facts.Integer("count", 1);
  const int64_t null_count = facts.Integer("null_count");
  const double bound = facts.Number("landmarks_error_bound", 0);
  const nlohmann::json& list = facts.Value("landmarks");
  const bool fits = list.is_array() && static_cast<int64_t>(list.size()) == NumLandmarks(count);
  facts.Check(fits, "'landmarks' must be a list of 'quantiles' numbers, or of 'count' if less");
  std::vector<double> landmarks;
  for (size_t i = 0; fits && i < list.size(); ++i) {
    const bool ascends = list[i].is_number() && std::isfinite(list[i].get<double>()) &&
                         (i == 0 || list[i].get<double>() >= landmarks.back());
    facts.Check(ascends, "'landmarks' must be finite numbers that do not descend");
    if (!ascends) break;
    landmarks.push_back(list[i].get<double>());
  }
  ARROW_RETURN_NOT_OK(facts.Finish());
  landmarks_ = std::move(landmarks);
  count_ = count;
  null_count_ = null_count;
  landmarks_error_bound_ = bound;
  return arrow::Status::OK();
}

double QuantileTransform::Place(double x) const {
  if (std::isnan(x)) return x;
  if (x <= landmarks_.front()) return 0;
  if (x >= landmarks_.back()) return 1;
  const auto n = static_cast<int64_t>(landmarks_.size());
  const auto above = std::upper_bound(landmarks_.begin(), landmarks_.end(), x);
  const int64_t last = above - landmarks_.begin() - 1;  // the last landmark that is not above x
  const double begin = landmarks_[last];
  if (begin == x) {
    const int64_t first = std::lower_bound(landmarks_.begin(), above, x) - landmarks_.begin();
    return 0.5 * (PlaceOf(first, n) + PlaceOf(last, n));
  }
  const double part = (x - begin) / (*above - begin);
  return PlaceOf(last, n) + part * (PlaceOf(last + 1, n) - PlaceOf(last, n));
}

arrow::Result<ValueBlock> QuantileTransform::ToNormal(const ValueBlock& places,
                                                      arrow::MemoryPool* pool) const {
  // The logarithm is that of ops, whose bits are the same on every processor.
  ARROW_ASSIGN_OR_RAISE(const ValueBlock logs,
                        ComputeNumeric(places, pool, [](const tensor::Tensor& p) {
                          return ops::log(ops::minimum(p, ops::subtract(1.0, p)));
                        }));
  const auto& p = static_cast<const arrow::DoubleArray&>(*places.values);
  const auto& log_of_tail = static_cast<const arrow::DoubleArray&>(*logs.values);
  const int64_t n = p.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  for (int64_t i = 0; i < n; ++i) {
    const double place = p.Value(i);
    if (std::isnan(place)) {
      out[i] = place;
    } else if (place <= 0 || place >= 1) {
      out[i] = place <= 0 ? -kNormalPlaceBound : kNormalPlaceBound;
    } else {
      out[i] = std::clamp(NormalQuantile(place, log_of_tail.Value(i)), -kNormalPlaceBound,
                          kNormalPlaceBound);
    }
  }
  return ValueBlock{std::make_shared<arrow::DoubleArray>(n, std::move(buffer)), false};
}

arrow::Status QuantileTransform::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                                       std::vector<ValueBlock>* outputs) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> numeric, ToNumeric(input, pool));
  const int64_t n = numeric->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  for (int64_t i = 0; i < n; ++i) out[i] = Place(numeric->Value(i));
  ValueBlock places{std::make_shared<arrow::DoubleArray>(n, std::move(buffer)), false};
  if (distribution_ == kNormalPlaces) {
    ARROW_ASSIGN_OR_RAISE(places, ToNormal(places, pool));
  }
  outputs->push_back(std::move(places));
  return arrow::Status::OK();
}

const TransformRegistration kQuantileTransformRegistration("quantile_transform",
                                                           QuantileTransform::Make);

}  // namespace
}  // namespace emberharmony::feature
