#include "emberharmony/feature/projection.h"

#include <algorithm>
#include <utility>

#include "emberharmony/feature/row_kernels_internal.h"
#include "emberharmony/ops/devices.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/matmul.h"

namespace emberharmony::feature {

Projection::Projection(const PcaBasis& basis, const WindowLayout& layout, std::vector<double> shift)
    : num_columns_(layout.num_columns),
      num_features_(basis.num_features()),
      num_components_(basis.num_components()),
      width_((num_components_ + kProjectionLanes - 1) / kProjectionLanes * kProjectionLanes),
      shift_(std::move(shift)),
      basis_(num_features_ * width_),
      offset_(width_) {
  const double* components = basis.components.data_as<double>();
  for (int64_t j = 0; j < num_components_; ++j) {
    for (int64_t k = 0; k < num_features_; ++k) {
      const double loading = components[j * num_features_ + k];
      basis_[k * width_ + j] = loading;
      offset_[j] -= (basis.mean[k] - shift_[k % num_columns_]) * loading;
    }
  }
}

void Projection::Center(const double* rows, int64_t num_rows, double* out) const {
  BestRowKernels().center(rows, num_rows, num_columns_, shift_.data(), out);
}

void Projection::ProjectSome(const double* first, int64_t stride, int64_t num_windows,
                             double* out) const {
  BestRowKernels().project(first, stride * num_columns_, num_windows, num_features_, basis_.data(),
                           offset_.data(), width_, out);
}

ops::Tensor Projection::Products(const ops::Tensor& rows, int64_t first_row, int64_t stride,
                                 int64_t num_windows) const {
  const auto there = [&](const std::vector<double>& values, const tensor::Shape& shape) {
    return ops::to_device(ops::Tensor::Wrap(values.data(), shape, ops::DType::kFloat64, nullptr),
                          rows.device());
  };
  // Windows share their rows: no window is written out here.
  const ops::Tensor windows = rows.View({num_windows, num_features_}, {stride * num_columns_, 1},
                                        rows.offset() + first_row * num_columns_);
  const ops::Tensor products = ops::add(
      ops::matmul(windows, there(basis_, {num_features_, width_})), there(offset_, {width_}));
  return ops::to_device(products, tensor::kCpuDevice).Contiguous();
}

}  // namespace emberharmony::feature
