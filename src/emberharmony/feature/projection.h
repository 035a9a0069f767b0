#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "emberharmony/feature/pca.h"
#include "emberharmony/feature/windows.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::feature {

/// Windows in terms of a basis: (window - mean) . component, in float64, rounded once to the
/// output's dtype. Each result depends on its window and the basis alone, not on what it is
/// computed together with. Immutable, thread-safe.
class Projection {
 public:
  /// A basis of windows of the layout. `shift` is subtracted from the columns before anything is
  /// multiplied, so that large means cost no digits: numbers near the means, for which several
  /// projections of the same rows may have the same ones.
  Projection(const PcaBasis& basis, const WindowLayout& layout, std::vector<double> shift);

  int64_t num_components() const { return num_components_; }
  int64_t num_columns() const { return num_columns_; }

  /// The rows less the shift: what Project takes.
  void Center(const double* rows, int64_t num_rows, double* out) const;
  /// Windows of centred rows, `stride` rows apart, from `first` on, to the rows of `out`, a
  /// contiguous matrix of float32 or float64 with num_components columns: window i to place(i).
  template <class Place>
  void Project(const double* first, int64_t stride, int64_t num_windows, const ops::Tensor& out,
               Place place) const;
  /// The same with ops, as matrix products by who the caller's scope names
  /// (backend/backend_scope.h), where `rows` lies: a matrix of centred rows, of which the first
  /// window begins with `first_row`. Results differ from those of Project in their last bits, and
  /// may depend on what they are computed together with.
  template <class Place>
  void ProjectByOps(const ops::Tensor& rows, int64_t first_row, int64_t stride, int64_t num_windows,
                    const ops::Tensor& out, Place place) const;

 private:
  /// The products of windows, `width_` doubles for each, on the CPU.
  ops::Tensor Products(const ops::Tensor& rows, int64_t first_row, int64_t stride,
                       int64_t num_windows) const;
  /// How many windows are multiplied at once: a backend may write them out as a matrix.
  int64_t MultipliedTogether() const { return std::max<int64_t>(1, kNumbersOut / num_features_); }
  static constexpr int64_t kNumbersOut = int64_t{1} << 20;
  /// The results of up to kProjectedTogether windows, `width_` doubles for each.
  void ProjectSome(const double* first, int64_t stride, int64_t num_windows, double* out) const;
  /// The first `count` rows of `projected` to rows place(first), place(first + 1) ... of `out`.
  template <class Place>
  void Store(const double* projected, int64_t count, const ops::Tensor& out, int64_t first,
             Place place) const;
  static constexpr int64_t kProjectedTogether = 64;

  int64_t num_columns_;
  int64_t num_features_;
  int64_t num_components_;
  int64_t width_;
  std::vector<double> shift_;   ///< of each column
  std::vector<double> basis_;   ///< (features, width)
  std::vector<double> offset_;  ///< (width): what differs between a feature's mean and its shift
};

template <class Place>
void Projection::Project(const double* first, int64_t stride, int64_t num_windows,
                         const ops::Tensor& out, Place place) const {
  std::vector<double> projected(kProjectedTogether * width_);
  for (int64_t done = 0; done < num_windows; done += kProjectedTogether) {
    const int64_t count = std::min(kProjectedTogether, num_windows - done);
    ProjectSome(first + done * stride * num_columns_, stride, count, projected.data());
    Store(projected.data(), count, out, done, place);
  }
}

template <class Place>
void Projection::ProjectByOps(const ops::Tensor& rows, int64_t first_row, int64_t stride,
                              int64_t num_windows, const ops::Tensor& out, Place place) const {
  for (int64_t done = 0; done < num_windows; done += MultipliedTogether()) {
    const int64_t count = std::min(MultipliedTogether(), num_windows - done);
    const ops::Tensor projected = Products(rows, first_row + done * stride, stride, count);
    Store(projected.data_as<double>(), count, out, done, place);
  }
}

template <class Place>
void Projection::Store(const double* projected, int64_t count, const ops::Tensor& out,
                       int64_t first, Place place) const {
  const auto store = [&](auto* numbers) {
    using Number = std::remove_reference_t<decltype(*numbers)>;
    for (int64_t i = 0; i < count; ++i, projected += width_) {
      Number* to = numbers + place(first + i) * num_components_;
      for (int64_t j = 0; j < num_components_; ++j) to[j] = static_cast<Number>(projected[j]);
    }
  };
  if (out.dtype() == ops::DType::kFloat32) {
    store(out.mutable_data_as<float>());
  } else {
    store(out.mutable_data_as<double>());
  }
}

}  // namespace emberharmony::feature
