#pragma once

#include "emberharmony/ops/statistics.h"

/// The functions of statistics.h over the elements that are not NaN. Other dtypes than
/// floating-point ones have no NaN: there they are the same as those. (nanmedian, nanquantile and
/// nanpercentile stand in statistics_quantile.h.)
namespace emberharmony::ops {

/// Without any number: 0.
Tensor nansum(const Tensor& x, const ReductionOptions& options = {});
/// Without any number: 1.
Tensor nanprod(const Tensor& x, const ReductionOptions& options = {});
/// Without any number: NaN.
Tensor nanmean(const Tensor& x, const ReductionOptions& options = {});
/// Real dtypes. Without any number: NaN; without any element: ShapeError.
Tensor nanmin(const Tensor& x, const ReductionOptions& options = {});
Tensor nanmax(const Tensor& x, const ReductionOptions& options = {});
/// Without any number, or if the numbers are not more than the correction: NaN.
Tensor nanvar(const Tensor& x, const VarianceOptions& options = {});
Tensor nanstd(const Tensor& x, const VarianceOptions& options = {});

}  // namespace emberharmony::ops
