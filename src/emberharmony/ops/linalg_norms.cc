#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "emberharmony/backend/automatic_choice.h"
#include "emberharmony/base/shortened.h"
#include "emberharmony/ops/axis_error.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/device_result_internal.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg.h"
#include "emberharmony/ops/linalg_internal.h"
#include "emberharmony/ops/statistics.h"

namespace emberharmony::ops::linalg {
namespace {

constexpr double kNormInfinity = std::numeric_limits<double>::infinity();

/// A tensor seen as vectors along its last axis.
struct Vectors {
  Tensor x;         ///< (number of vectors, length)
  Shape kept;       ///< the other axes
  Shape with_ones;  ///< the shape with reduced axes of length 1
};

Vectors AsVectors(const char* function, const Tensor& x,
                  const std::optional<std::vector<int>>& axis) {
  std::vector<bool> reduced(x.rank(), !axis.has_value());
  for (int each : axis.value_or(std::vector<int>{})) {
    const int at = each < 0 ? each + x.rank() : each;
    if (at < 0 || at >= x.rank() || reduced[at]) {
      throw AxisError(fmt::format("{}: expected different axes in [{}, {}) of a {}, found {}",
                                  function, -x.rank(), x.rank(), x.Describe(), each));
    }
    reduced[at] = true;
  }
  std::vector<int> order;
  Vectors vectors;
  int64_t length = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) {
      order.push_back(i);
      vectors.kept.Append(x.shape()[i]);
    }
    vectors.with_ones.Append(reduced[i] ? 1 : x.shape()[i]);
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) continue;
    order.push_back(i);
    length *= x.shape()[i];
  }
  vectors.x = x.PermuteDims(order).Reshape({vectors.kept.num_elements(), length});
  return vectors;
}

const ReductionOptions kLastAxis{.axis = std::vector<int>{-1}};

/// The largest or smallest along the last axis; of nothing 0 or, of the smallest, ShapeError.
Tensor ExtremeOf(const char* function, const Tensor& x, bool largest) {
  if (x.shape()[x.rank() - 1] > 0) return largest ? max(x, kLastAxis) : min(x, kLastAxis);
  Shape shape(std::span<const int64_t>(x.shape().data(), x.rank() - 1));
  if (!largest && shape.num_elements() > 0) {
    throw ShapeError(
        fmt::format("{}: expected at least one element for a norm that is a minimum, found a {}",
                    function, x.Describe()));
  }
  return zeros(shape, x.dtype());
}

/// Real and imaginary parts as elements of their own.
Tensor Parts(const Tensor& x) {
  if (!tensor::IsComplex(x.dtype())) return x;
  RequireCpu(x);
  const Tensor contiguous = x.Contiguous();
  Shape shape = x.shape();
  shape[x.rank() - 1] *= 2;
  return Tensor::Wrap(contiguous.data(), shape, tensor::RealPartOf(x.dtype()), contiguous.owner());
}

/// Whether a sum of squares may have lost its value to overflow or underflow.
bool IsDoubtful(const Tensor& squares) {
  for (double value : squares.values<double>()) {
    if (std::isinf(value) || value < 0x1p-900) return true;
  }
  return false;
}

/// The roots of the sums of squares along the last axis, in double precision, where the squares of
/// float32 neither overflow nor underflow.
Tensor EuclideanNorms(const Tensor& x) {
  const Tensor parts = astype(Parts(x), DType::kFloat64, /*copy=*/false);
  const Tensor squares = vecdot(parts, parts);
  if (!IsDoubtful(squares)) return sqrt(squares);
  // Divided by the largest element, the squares are at most 1.
  const Tensor largest = ExtremeOf("vector_norm", abs(parts), /*largest=*/true);
  const Tensor usable = logical_and(isfinite(largest), greater(largest, 0.0));
  const Tensor scale = where(usable, largest, 1.0);
  const Tensor scaled = divide(parts, scale.ExpandDims(scale.rank()));
  return multiply(scale, sqrt(vecdot(scaled, scaled)));
}

Tensor VectorNorms(const Tensor& x, double ord) {
  const DType dtype = tensor::RealPartOf(x.dtype());
  if (ord == 2) return astype(EuclideanNorms(x), dtype, /*copy=*/false);
  if (ord == kNormInfinity) return ExtremeOf("vector_norm", abs(x), /*largest=*/true);
  if (ord < 0 && x.shape()[x.rank() - 1] == 0) ExtremeOf("vector_norm", x, /*largest=*/false);
  if (ord == -kNormInfinity) return ExtremeOf("vector_norm", abs(x), /*largest=*/false);
  if (ord == 0) return sum(astype(not_equal(x, 0), dtype), kLastAxis);
  if (ord == 1) return sum(abs(x), kLastAxis);
  return pow(sum(pow(abs(x), ord), kLastAxis), 1 / ord);
}

[[noreturn]] void ThrowOrder(const char* function, const NormOrder& ord, const Tensor& x) {
  throw std::invalid_argument(
      fmt::format("{}: there is no norm of order {} for matrices: expected \"fro\", \"nuc\", 1, "
                  "-1, 2, -2, infinity or -infinity; found a {}",
                  function, ord.ToString(), x.Describe()));
}

/// Norms of (..., M, N): (...).
Tensor MatrixNorms(const char* function, const Tensor& x, const NormOrder& ord) {
  if (ord.kind() == NormOrder::Kind::kNuclear) return sum(svdvals(x), kLastAxis);
  if (ord.kind() != NormOrder::Kind::kNumber) {
    const Vectors vectors = AsVectors(function, x, std::vector<int>{-2, -1});
    return VectorNorms(vectors.x, 2).Reshape(vectors.kept);
  }
  const double number = ord.number();
  if (std::abs(number) == 2) return ExtremeOf(function, svdvals(x), number > 0);
  if (std::abs(number) == 1) {
    return ExtremeOf(function, sum(abs(x), {.axis = std::vector<int>{-2}}), number > 0);
  }
  if (std::isinf(number)) return ExtremeOf(function, sum(abs(x), kLastAxis), number > 0);
  ThrowOrder(function, ord, x);
}

/// How many digits of a singular value count: `rtol` for each matrix of the stack.
std::vector<double> Tolerances(const char* function, const Tensor& x, const Operand& rtol) {
  const Shape stack = StackShape(x);
  double number = static_cast<double>(std::max(x.shape()[x.rank() - 2], x.shape()[x.rank() - 1])) *
                  EpsilonOf(x.dtype());
  if (rtol.is_tensor()) {
    if (tensor::IsComplex(rtol.tensor().dtype())) {
      throw DTypeError(
          fmt::format("{}: expected a real rtol, found a {}", function, rtol.tensor().Describe()));
    }
    const Tensor given = astype(rtol.tensor(), DType::kFloat64, /*copy=*/false);
    const Tensor each = given.BroadcastTo(stack).Contiguous();
    return {each.values<double>().begin(), each.values<double>().end()};
  }
  if (!rtol.is_none()) rtol.scalar().Write(DType::kFloat64, &number, function);
  return std::vector<double>(stack.num_elements(), number);
}

/// Calls f(i, j, value, counts) for each singular value j of each matrix i.
template <class F>
void ForEachSingularValue(const Tensor& values, const std::vector<double>& tolerances, F&& f) {
  const int64_t length = values.shape()[values.rank() - 1];
  const Tensor in_double = astype(values, DType::kFloat64, /*copy=*/false);
  RequireCpu(in_double);
  const double* const all = in_double.data_as<double>();
  for (size_t i = 0; i < tolerances.size(); ++i) {
    const double* const s = all + static_cast<int64_t>(i) * length;
    for (int64_t j = 0; j < length; ++j) f(i, j, s[j], s[j] > tolerances[i] * s[0]);
  }
}

/// Whether the singular vectors of matrices are computed natively: in double precision then.
bool IsNative(const Tensor& x) {
  const DType dtypes[] = {x.dtype()};
  const Tensor* const inputs[] = {&x};
  const backend::OpQuery query{backend::Op::kSvd, dtypes, x.rank(), x.device()};
  return &backend::ChooseFor(query, inputs, x.shape()) == &backend::Native();
}

}  // namespace

NormOrder::NormOrder(const char* name) {
  const std::string text = name;
  if (text != "fro" && text != "nuc") {
    throw std::invalid_argument(
        fmt::format("norm: expected an order of \"fro\", \"nuc\" or a number, found \"{}\"",
                    base::Shortened(text)));
  }
  kind_ = text == "fro" ? Kind::kFrobenius : Kind::kNuclear;
}

std::string NormOrder::ToString() const {
  switch (kind_) {
    case Kind::kDefault:
      return "none";
    case Kind::kNumber:
      return fmt::format("{}", number_);
    case Kind::kFrobenius:
      return "\"fro\"";
    case Kind::kNuclear:
      break;
  }
  return "\"nuc\"";
}

Tensor vector_norm(const Tensor& x, const VectorNormOptions& options) {
  const Vectors vectors = AsVectors("vector_norm", AsFloating(x), options.axis);
  const Tensor norms = VectorNorms(vectors.x, options.ord);
  return norms.Reshape(options.keepdims ? vectors.with_ones : vectors.kept);
}

Tensor matrix_norm(const Tensor& x, const NormOrder& ord, bool keepdims) {
  CheckMatrices("matrix_norm", x);
  const Tensor norms = MatrixNorms("matrix_norm", AsFloating(x), ord);
  return keepdims ? norms.Reshape(StackShape(x, {1, 1})) : norms;
}

Tensor norm(const Tensor& x, const NormOrder& ord, const std::optional<std::vector<int>>& axis,
            bool keepdims) {
  const bool all = !axis && ord.kind() == NormOrder::Kind::kDefault;
  const size_t num_axes = axis ? axis->size() : static_cast<size_t>(x.rank());
  if (!all && num_axes != 1 && num_axes != 2) {
    throw ShapeError(
        fmt::format("norm: expected one axis or two, or a tensor of rank 1 or 2, found {} axes of "
                    "a {}",
                    num_axes, x.Describe()));
  }
  if (all || num_axes == 1) {
    if (ord.kind() == NormOrder::Kind::kFrobenius || ord.kind() == NormOrder::Kind::kNuclear) {
      throw std::invalid_argument(fmt::format(
          "norm: expected a number as the order of a vector's norm, found {}", ord.ToString()));
    }
    const double number = ord.kind() == NormOrder::Kind::kNumber ? ord.number() : 2;
    return vector_norm(x, {.axis = axis, .keepdims = keepdims, .ord = number});
  }
  // The two axes to the end, in the order in which they were given.
  const std::vector<int> given = axis.value_or(std::vector<int>{0, 1});
  const Vectors checked = AsVectors("norm", x, given);
  std::vector<int> order;
  const auto from_front = [&](int each) { return each < 0 ? each + x.rank() : each; };
  for (int i = 0; i < x.rank(); ++i) {
    if (i != from_front(given[0]) && i != from_front(given[1])) order.push_back(i);
  }
  order.push_back(from_front(given[0]));
  order.push_back(from_front(given[1]));
  const Tensor norms = MatrixNorms("norm", AsFloating(x).PermuteDims(order), ord);
  return keepdims ? norms.Reshape(checked.with_ones) : norms;
}

Tensor matrix_rank(const Tensor& x, const Operand& rtol) {
  CheckMatrices("matrix_rank", x);
  const Tensor a = AsMatrices("matrix_rank", x);
  const std::vector<double> tolerances = Tolerances("matrix_rank", a, rtol);
  Tensor ranks = zeros(StackShape(x), DType::kInt64);
  int64_t* const counts = ranks.mutable_data_as<int64_t>();
  ForEachSingularValue(svdvals(a), tolerances, [&](size_t i, int64_t, double, bool is_above) {
    counts[i] += is_above ? 1 : 0;
  });
  return ranks;
}

Tensor pinv(const Tensor& x, const Operand& rtol) {
  CheckMatrices("pinv", x);
  Tensor a = AsMatrices("pinv", x);
  const DType dtype = a.dtype();
  const std::vector<double> tolerances = Tolerances("pinv", a, rtol);
  if (IsNative(a)) {
    // Factors that have been rounded to single precision would lose the small singular values.
    a = astype(a, tensor::IsComplex(dtype) ? DType::kComplex128 : DType::kFloat64, /*copy=*/false);
  }
  const SvdResult factors = svd(a, /*full_matrices=*/false);
  const int64_t length = factors.S.shape()[factors.S.rank() - 1];
  const Tensor inverses = Tensor::Empty(factors.S.shape(), DType::kFloat64);
  double* const all = inverses.mutable_data_as<double>();
  ForEachSingularValue(factors.S, tolerances, [&](size_t i, int64_t j, double value, bool counts) {
    all[static_cast<int64_t>(i) * length + j] = counts ? 1 / value : 0;
  });
  const Tensor scale = astype(inverses, factors.S.dtype(), /*copy=*/false);
  const Tensor u_h = TransposeMatrices(Conjugate(factors.U));
  const Tensor v = TransposeMatrices(Conjugate(factors.Vh));
  const Tensor result = matmul(v, multiply(u_h, scale.ExpandDims(scale.rank())));
  return astype(result, dtype, /*copy=*/false);
}

}  // namespace emberharmony::ops::linalg
