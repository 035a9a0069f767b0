#include "emberharmony/feature/pca.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg.h"
#include "emberharmony/ops/matmul.h"
#include "emberharmony/ops/random.h"
#include "emberharmony/ops/statistics.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

constexpr int64_t kPcaWideFeatures = 1000;
constexpr int64_t kPcaWideShare = 10;
/// Directions beyond those that are wanted, and rounds: errors fall by the ratio of a wanted
/// variance to the first one beyond the spare ones in each round.
constexpr int64_t kPcaSpareDirections = 16;
constexpr int kPcaRounds = 12;
constexpr uint64_t kPcaSeed = 42;

/// Variances, ascending, with a column of `directions` each.
struct Spectrum {
  Tensor variances;
  Tensor directions;
};

Spectrum WholeSpectrum(const Tensor& covariance) {
  ops::linalg::EigResult result = ops::linalg::eigh(covariance);
  return {result.eigenvalues, result.eigenvectors};
}

Spectrum LargestOfSpectrum(const Tensor& covariance, int64_t num_components) {
  const int64_t num_directions = num_components + kPcaSpareDirections;
  Tensor directions =
      ops::random::normal({covariance.shape()[0], num_directions}, 0.0, 1.0, {.seed = kPcaSeed});
  for (int round = 0; round < kPcaRounds; ++round) {
    directions = ops::linalg::qr(ops::matmul(covariance, directions)).Q;
  }
  const Tensor turned = ops::linalg::matrix_transpose(directions);
  const Tensor within = ops::matmul(turned, ops::matmul(covariance, directions));
  // Equal in both triangles but for rounding; the lower one is read.
  ops::linalg::EigResult result = ops::linalg::eigh(within);
  return {result.eigenvalues, ops::matmul(directions, result.eigenvectors)};
}

/// A row of components from a column of directions, its largest loading positive.
void CopyDirection(const Tensor& directions, int64_t column, double* component) {
  const Tensor direction = directions.Select(1, column).Contiguous();
  const std::span<const double> loadings = direction.values<double>();
  // Of several largest ones the first decides.
  const auto largest = std::max_element(loadings.begin(), loadings.end(), [](double a, double b) {
    return std::abs(a) < std::abs(b);
  });
  const double sign = *largest < 0 ? -1.0 : 1.0;
  for (double loading : loadings) *component++ = sign * loading + 0.0;  // no -0
}

/// A power of two that brings variances near 1, so that no decomposition over- or underflows.
double ScaleOf(const Tensor& covariance) {
  double largest = 0;
  for (int64_t i = 0; i < covariance.shape()[0]; ++i) {
    largest = std::max(largest, covariance.data_as<double>()[i * (covariance.shape()[0] + 1)]);
  }
  if (largest == 0 || !std::isfinite(largest)) return 1;
  return std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1000, 1000));
}

}  // namespace

double PcaBasis::ExplainedVariance() const {
  return std::accumulate(explained_variance_ratio.begin(), explained_variance_ratio.end(), 0.0);
}

Tensor PcaBasis::FeatureImportance() const { return ops::sum(ops::abs(components), {.axis = 0}); }

int64_t DefaultComponents(int64_t num_features) {
  return std::clamp<int64_t>(num_features / 2, 1, 32);
}

arrow::Result<PcaBasis> LearnPcaBasis(const WindowMoments& moments, int64_t num_components) {
  return ops::Catch([&] {
    const auto num_features = static_cast<int64_t>(moments.mean.size());
    PcaBasis basis{moments.num_windows, moments.mean, {}, {}, {}};
    num_components = std::min({num_components, num_features, moments.num_windows - 1});
    const double scale = ScaleOf(moments.covariance);
    const Tensor covariance = ops::multiply(moments.covariance, scale);
    const bool wide =
        num_features > kPcaWideFeatures && num_components <= num_features / kPcaWideShare;
    const Spectrum spectrum =
        wide ? LargestOfSpectrum(covariance, num_components) : WholeSpectrum(covariance);

    double total = 0;
    for (int64_t i = 0; i < num_features; ++i) {
      total += covariance.data_as<double>()[i * (num_features + 1)];
    }
    basis.components = Tensor::Empty({num_components, num_features}, ops::DType::kFloat64);
    const int64_t last = spectrum.variances.size() - 1;
    for (int64_t k = 0; k < num_components; ++k) {
      CopyDirection(spectrum.directions, last - k,
                    basis.components.mutable_data_as<double>() + k * num_features);
      // A variance of 0 comes out as a rounding error of either sign.
      const double variance = std::max(0.0, spectrum.variances.data_as<double>()[last - k]);
      basis.explained_variance.push_back(variance / scale);
      basis.explained_variance_ratio.push_back(total > 0 ? variance / total : 0.0);
    }
    return basis;
  });
}

}  // namespace emberharmony::feature
