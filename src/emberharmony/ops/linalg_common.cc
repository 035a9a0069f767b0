#include <fmt/format.h>

#include <complex>
#include <cstring>
#include <limits>
#include <vector>

#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg_internal.h"

namespace emberharmony::ops {

Tensor Conjugate(const Tensor& x) { return tensor::IsComplex(x.dtype()) ? conj(x) : x; }

Tensor TransposeMatrices(const Tensor& x) {
  std::vector<int> order(x.rank());
  for (int i = 0; i < x.rank(); ++i) order[i] = i;
  std::swap(order[x.rank() - 2], order[x.rank() - 1]);
  return x.PermuteDims(order);
}

Tensor AsFloating(const Tensor& x) {
  const bool floating = tensor::IsRealFloating(x.dtype()) || tensor::IsComplex(x.dtype());
  return floating ? x : astype(x, DType::kFloat64);
}

Tensor AsMatrices(const char* function, const Tensor& x) {
  if (!tensor::IsBool(x.dtype())) return AsFloating(x);
  throw DTypeError(fmt::format("{}: expected matrices of numbers, found a {}: convert with astype",
                               function, x.Describe()));
}

Shape StackShape(const Tensor& x, std::initializer_list<int64_t> lengths) {
  Shape shape(std::span<const int64_t>(x.shape().data(), x.rank() - 2));
  for (int64_t length : lengths) shape.Append(length);
  return shape;
}

void CheckMatrices(const char* function, const Tensor& x) {
  if (x.rank() >= 2) return;
  throw ShapeError(
      fmt::format("{}: expected matrices, of rank 2 at least, found a {}", function, x.Describe()));
}

void CheckSquare(const char* function, const Tensor& x) {
  CheckMatrices(function, x);
  if (x.shape()[x.rank() - 2] == x.shape()[x.rank() - 1]) return;
  throw ShapeError(fmt::format("{}: expected square matrices, found a {}", function, x.Describe()));
}

double EpsilonOf(DType dtype) {
  return tensor::RealPartOf(dtype) == DType::kFloat32
             ? static_cast<double>(std::numeric_limits<float>::epsilon())
             : std::numeric_limits<double>::epsilon();
}

Tensor Identity(const Shape& stack, int64_t n, DType dtype) {
  const Tensor matrix = Tensor::Empty({n, n}, dtype);
  std::memset(matrix.mutable_data(), 0, matrix.size_bytes());
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < n; ++i) matrix.mutable_data_as<T>()[i * n + i] = T(1);
  });
  if (stack.rank() == 0) return matrix;
  Shape shape = stack;
  shape.Append(n);
  shape.Append(n);
  return matrix.BroadcastTo(shape).Copy();
}

}  // namespace emberharmony::ops
