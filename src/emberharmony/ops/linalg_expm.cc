#include <cmath>
#include <limits>
#include <span>

#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/linalg.h"
#include "emberharmony/ops/linalg_internal.h"

namespace emberharmony::ops::linalg {
namespace {

/// Numerators of the diagonal Pade approximants of exp: the coefficients of x^0, x^1, ... The
/// denominator has the same with signs by turns.
constexpr double kPade3[] = {120, 60, 12, 1};
constexpr double kPade5[] = {30240, 15120, 3360, 420, 30, 1};
constexpr double kPade7[] = {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1};
constexpr double kPade9[] = {17643225600, 8821612800, 2075673600, 302702400, 30270240,
                             2162160,     110880,     3960,       90,        1};
constexpr double kPade13[] = {64764752532480000,
                              32382376266240000,
                              7771770303897600,
                              1187353796428800,
                              129060195264000,
                              10559470521600,
                              670442572800,
                              33522128640,
                              1323241920,
                              40840800,
                              960960,
                              16380,
                              182,
                              1};

/// Up to which 1-norm each is exact to double precision (Higham 2005, table 2.3).
struct Approximant {
  double norm_max;
  std::span<const double> coefficients;
};
constexpr Approximant kApproximants[] = {{1.495585217958292e-2, kPade3},
                                         {2.539398330063230e-1, kPade5},
                                         {9.504178996162932e-1, kPade7},
                                         {2.097847961257068, kPade9}};
constexpr double kNormMax13 = 5.371920351148152;

/// c[first] I + c[first + 2] powers[0] + c[first + 4] powers[1] + ..., with the even powers of a
/// matrix.
Tensor CombinePowers(std::span<const double> c, size_t first, std::span<const Tensor> powers,
                     const Tensor& identity) {
  Tensor total = multiply(identity, c[first]);
  for (size_t i = 0; i < powers.size(); ++i) {
    total = add(total, multiply(powers[i], c[first + 2 + 2 * i]));
  }
  return total;
}

/// (V - U)^-1 (V + U), with U the odd and V the even part of the numerator.
Tensor Quotient(const Tensor& u, const Tensor& v) { return solve(subtract(v, u), add(v, u)); }

Tensor LowOrder(const Tensor& a, std::span<const double> c, const Tensor& identity) {
  std::vector<Tensor> powers;
  const size_t count = c.size() / 2 - 1;
  for (size_t i = 0; i < count; ++i) {
    powers.push_back(i == 0 ? matmul(a, a) : matmul(powers.back(), powers.front()));
  }
  return Quotient(matmul(a, CombinePowers(c, 1, powers, identity)),
                  CombinePowers(c, 0, powers, identity));
}

/// Order 13 with six products, the powers above 6 as products of lower ones.
Tensor Order13(const Tensor& a, const Tensor& identity) {
  const std::span<const double> c = kPade13;
  const Tensor a2 = matmul(a, a);
  const Tensor a4 = matmul(a2, a2);
  const Tensor a6 = matmul(a2, a4);
  const Tensor powers[] = {a2, a4, a6};
  const auto high = [&](size_t first) {
    return matmul(a6, add(add(multiply(a2, c[first]), multiply(a4, c[first + 2])),
                          multiply(a6, c[first + 4])));
  };
  const Tensor u = matmul(a, add(high(9), CombinePowers(c.subspan(0, 8), 1, powers, identity)));
  const Tensor v = add(high(8), CombinePowers(c.subspan(0, 8), 0, powers, identity));
  return Quotient(u, v);
}

Tensor ExpmOfOne(const Tensor& a) {
  const int64_t n = a.shape()[0];
  const double size = matrix_norm(a, 1).item<double>();
  if (!std::isfinite(size)) {
    return astype(full({n, n}, std::numeric_limits<double>::quiet_NaN()), a.dtype());
  }
  const Tensor identity = Identity({}, n, a.dtype());
  for (const Approximant& approximant : kApproximants) {
    if (size <= approximant.norm_max) return LowOrder(a, approximant.coefficients, identity);
  }
  int squarings = 0;
  if (size > kNormMax13) squarings = static_cast<int>(std::ceil(std::log2(size / kNormMax13)));
  Tensor result = Order13(multiply(a, std::ldexp(1.0, -squarings)), identity);
  for (int i = 0; i < squarings; ++i) result = matmul(result, result);
  return result;
}

}  // namespace

Tensor expm(const Tensor& x) {
  CheckSquare("expm", x);
  const Tensor a = AsMatrices("expm", x);
  if (a.size() == 0) return a.Copy();
  // The approximants' orders are those for double precision.
  const DType wide = tensor::IsComplex(a.dtype()) ? DType::kComplex128 : DType::kFloat64;
  const int64_t n = a.shape()[a.rank() - 1];
  const int64_t count = a.size() / (n * n);
  const Tensor stack = astype(a, wide, /*copy=*/false).Reshape({count, n, n});
  const Tensor result = Tensor::Empty({count, n, n}, wide);
  for (int64_t i = 0; i < count; ++i) {
    tensor::CopyElements(ExpmOfOne(stack.Select(0, i)), result.Select(0, i));
  }
  return astype(result.Reshape(a.shape()), a.dtype(), /*copy=*/false);
}

}  // namespace emberharmony::ops::linalg
