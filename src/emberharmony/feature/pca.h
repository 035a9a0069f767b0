#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <vector>

#include "emberharmony/feature/window_products.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::feature {

/// The principal components of a table, with scikit-learn's names and conventions: components are
/// directions of length 1, by descending variance, and what is projected are differences from the
/// mean.
struct PcaBasis {
  int64_t num_samples = 0;
  std::vector<double> mean;                      ///< of each feature
  ops::Tensor components;                        ///< (components, features) of float64
  std::vector<double> explained_variance;        ///< of each component, divided by num_samples - 1
  std::vector<double> explained_variance_ratio;  ///< its share in the variance of all features

  int64_t num_components() const { return static_cast<int64_t>(explained_variance.size()); }
  int64_t num_features() const { return static_cast<int64_t>(mean.size()); }
  /// The sum of the ratios; 0 where no feature varies.
  double ExplainedVariance() const;
  /// (features) of float64: the sums of the sizes of each feature's loadings.
  ops::Tensor FeatureImportance() const;
};

/// How many components there are unless somebody says so: half of the features, at least 1 and at
/// most 32.
int64_t DefaultComponents(int64_t num_features);

/// The components of the largest variances: `num_components` (at least 1), or as many as there are
/// features, or samples less one.
///
/// The covariance is taken apart by one eigenvalue decomposition on one thread; with more than
/// 1,000 features, of which a tenth at most are wanted, by subspace iteration from a fixed random
/// start (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011), whose components
/// are exact to rounding unless variances next to the last one wanted are nearly equal. Signs are
/// chosen so that each component's largest loading is positive. The same moments give the same bits
/// on CPUs with the same instructions. UnsupportedError's status where there is no LAPACK.
arrow::Result<PcaBasis> LearnPcaBasis(const WindowMoments& moments, int64_t num_components);

}  // namespace emberharmony::feature
