#include "emberharmony/ops/matmul.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/threads.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/matrices_test_internal.h"

namespace emberharmony::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Small whole numbers: every product is exact in any order of addition.
template <class T>
Tensor WholeNumbers(Shape shape, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<T> values(shape.num_elements());
  for (T& value : values) {
    const auto number = static_cast<int>(engine() % 9) - 4;
    if constexpr (std::is_arithmetic_v<T>) {
      value = static_cast<T>(number);
    } else {
      value = {static_cast<typename T::value_type>(number),
               static_cast<typename T::value_type>(static_cast<int>(engine() % 9) - 4)};
    }
  }
  return Make(values, shape);
}

Tensor Transposed(const Tensor& x) {
  std::vector<int> order(x.rank());
  for (int i = 0; i < x.rank(); ++i) order[i] = i;
  std::swap(order[x.rank() - 1], order[x.rank() - 2]);
  return x.PermuteDims(order);
}

/// The same elements, laid out so that the columns are contiguous.
Tensor ColumnMajor(const Tensor& x) { return Transposed(Transposed(x).Copy()); }

/// The same elements in every second place of a larger tensor, backwards.
Tensor Scattered(const Tensor& x) {
  Shape shape = x.shape();
  shape[x.rank() - 1] *= 2;
  const Tensor wide = Tensor::Empty(shape, x.dtype());
  std::memset(wide.mutable_data(), 0, wide.size_bytes());
  const Tensor view =
      wide.Slice(x.rank() - 1, shape[x.rank() - 1] - 1, std::numeric_limits<int64_t>::min(), -2);
  tensor::CopyElements(x, view);
  return view;
}

/// Equal as numbers: the sign of a complex zero may differ.
template <class T>
void ExpectEqual(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  ASSERT_EQ(a.dtype(), b.dtype());
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_EQ(a.values<T>()[i], b.values<T>()[i]) << i;
}

/// The definition, for rank 2.
template <class T>
Tensor ByDefinition(const Tensor& a, const Tensor& b) {
  const int64_t m = a.shape()[0], k = a.shape()[1], n = b.shape()[1];
  std::vector<T> values(m * n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T sum{};
      for (int64_t p = 0; p < k; ++p) {
        const T x = a.values<T>()[i * k + p];
        const T y = b.values<T>()[p * n + j];
        if constexpr (std::is_integral_v<T>) {
          // Sums of integers wrap around, which only unsigned ones may.
          sum = static_cast<T>(static_cast<uint64_t>(sum) +
                               static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
        } else {
          sum += x * y;
        }
      }
      values[i * n + j] = sum;
    }
  }
  return Make(values, {m, n});
}

template <class T>
class MatmulOfType : public testing::Test {};
using AllTypes = testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                                uint64_t, float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(MatmulOfType, AllTypes);

TYPED_TEST(MatmulOfType, EqualsTheDefinitionInEveryShapeAndLayout) {
  const int64_t lengths[] = {1, 2, 3, 5, 8, 17, 33, 70, 130};
  std::mt19937_64 engine(5);
  for (int round = 0; round < 60; ++round) {
    const int64_t m = lengths[engine() % 9], k = lengths[engine() % 9], n = lengths[engine() % 9];
    SCOPED_TRACE(testing::Message() << m << " x " << k << " x " << n);
    const Tensor a = WholeNumbers<TypeParam>({m, k}, round);
    const Tensor b = WholeNumbers<TypeParam>({k, n}, round + 1000);
    const Tensor expected = ByDefinition<TypeParam>(a, b);
    ExpectEqual<TypeParam>(expected, matmul(a, b));
    ExpectEqual<TypeParam>(expected, matmul(ColumnMajor(a), b));
    ExpectEqual<TypeParam>(expected, matmul(a, ColumnMajor(b)));
    ExpectEqual<TypeParam>(expected, matmul(Scattered(a), Scattered(b)));
  }
}

TYPED_TEST(MatmulOfType, StacksBroadcast) {
  const Tensor a = WholeNumbers<TypeParam>({2, 1, 3, 4}, 1);
  const Tensor b = WholeNumbers<TypeParam>({5, 4, 6}, 2);
  const Tensor product = matmul(a, b);
  ASSERT_EQ(product.shape(), (Shape{2, 5, 3, 6}));
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 5; ++j) {
      ExpectEqual<TypeParam>(matmul(a.Select(0, i).Select(0, 0), b.Select(0, j)),
                             product.Select(0, i).Select(0, j));
    }
  }
  // One matrix for all, which is a single product inside.
  const Tensor c = WholeNumbers<TypeParam>({4, 2}, 3);
  const Tensor folded = matmul(a, c);
  ASSERT_EQ(folded.shape(), (Shape{2, 1, 3, 2}));
  ExpectEqual<TypeParam>(matmul(a.Select(0, 1).Select(0, 0), c), folded.Select(0, 1).Select(0, 0));
}

template <class T>
class MatmulOfFloats : public testing::Test {};
TYPED_TEST_SUITE(MatmulOfFloats, FloatTypes);

TYPED_TEST(MatmulOfFloats, HasTheSameBitsForAnyLayoutAndNumberOfThreads) {
  struct Lengths {
    int64_t m, k, n;
  };
  const Lengths cases[] = {{1, 1000, 1},  {1, 700, 300},  {300, 700, 1},  {7, 9, 11},
                           {60, 70, 80},  {110, 90, 105}, {130, 129, 70}, {1, 5000, 600},
                           {900, 33, 40}, {24, 300, 800}};
  uint64_t seed = 0;
  for (const auto& [m, k, n] : cases) {
    SCOPED_TRACE(testing::Message() << m << " x " << k << " x " << n);
    const Tensor a = Normals<TypeParam>({m, k}, ++seed);
    const Tensor b = Normals<TypeParam>({k, n}, ++seed);
    backend::SetNumThreads(1);
    const Tensor expected = matmul(a, b);
    for (int num_threads : {1, 2, 3, 7}) {
      backend::SetNumThreads(num_threads);
      ExpectSameBits(expected, matmul(a, b));
      ExpectSameBits(expected, matmul(ColumnMajor(a), b));
      ExpectSameBits(expected, matmul(a, ColumnMajor(b)));
      ExpectSameBits(expected, matmul(ColumnMajor(a), ColumnMajor(b)));
      ExpectSameBits(expected, matmul(Scattered(a), Scattered(b)));
    }
  }
  backend::SetNumThreads(2);
}

TYPED_TEST(MatmulOfFloats, IsAccurate) {
  // Against the same product in double precision, by definition: the bound is the usual one of
  // recursive summation, k u |a| |b|, with |a|, |b| below 5.
  const int64_t k = 300;
  const Tensor a = Normals<TypeParam>({20, k}, 1);
  const Tensor b = Normals<TypeParam>({k, 30}, 2);
  const Tensor product = matmul(a, b);
  const double unit =
      tensor::ItemSize(tensor::RealPartOf(product.dtype())) == 4 ? 0x1p-24 : 0x1p-53;
  for (int64_t i = 0; i < 20; ++i) {
    for (int64_t j = 0; j < 30; ++j) {
      std::complex<long double> sum = 0;
      for (int64_t p = 0; p < k; ++p) {
        const std::complex<double> x(a.values<TypeParam>()[i * k + p]);
        const std::complex<double> y(b.values<TypeParam>()[p * 30 + j]);
        sum += std::complex<long double>(x) * std::complex<long double>(y);
      }
      const std::complex<double> found(product.values<TypeParam>()[i * 30 + j]);
      EXPECT_LE(std::abs(std::complex<long double>(found) - sum), k * unit * 100);
    }
  }
}

TEST(Matmul, LargeProductsAreCutIntoParts) {
  // Of ones and of a row and column index, known in closed form; larger than one part each way.
  const int64_t m = 1600, k = 40, n = 1700;
  std::vector<double> a(m * k), b(k * n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t p = 0; p < k; ++p) a[i * k + p] = static_cast<double>(i + p);
  }
  for (int64_t p = 0; p < k; ++p) {
    for (int64_t j = 0; j < n; ++j) b[p * n + j] = p % 2 == 0 ? 1.0 : static_cast<double>(j);
  }
  const Tensor product = matmul(Make(a, {m, k}), Make(b, {k, n}));
  // Even p: 20 i + (0 + 2 + ... + 38) = 20 i + 380; odd p: (20 i + 400) j.
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      ASSERT_EQ(product.values<double>()[i * n + j], 20.0 * i + 380 + (20.0 * i + 400) * j)
          << i << ", " << j;
    }
  }
}

TEST(Matmul, VectorsLoseTheirAxis) {
  const Tensor a = Make<double>({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor v = Make<double>({1, 10, 100}, {3});
  const Tensor w = Make<double>({1, 10}, {2});
  EXPECT_THAT(matmul(a, v).values<double>(), ElementsAre(321, 654));
  EXPECT_THAT(matmul(w, a).values<double>(), ElementsAre(41, 52, 63));
  EXPECT_EQ(matmul(v, v).shape(), Shape{});
  EXPECT_EQ(matmul(v, v).item<double>(), 10101);
  EXPECT_EQ(matmul(w, WholeNumbers<double>({3, 4, 2, 5}, 1)).shape(), (Shape{3, 4, 5}));
}

TEST(Matmul, NothingToAddGivesZeros) {
  EXPECT_THAT(matmul(zeros({2, 0}), zeros({0, 2})).values<double>(), ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(matmul(zeros({0, 3}), zeros({3, 2})).shape(), (Shape{0, 2}));
  EXPECT_EQ(matmul(zeros({0, 3, 4}), zeros({4, 2})).shape(), (Shape{0, 3, 2}));
  EXPECT_EQ(matmul(zeros({0}), zeros({0})).item<double>(), 0);
}

TEST(Matmul, NanAndInfinityReachTheResult) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor zero = zeros({40, 40});
  Tensor bad = zeros({40, 40});
  bad.mutable_data_as<double>()[5 * 40 + 7] = nan;
  const Tensor product = matmul(bad, zero);
  for (int j = 0; j < 40; ++j) EXPECT_TRUE(product.values<double>()[5 * 40 + j] != 0);
  EXPECT_EQ(product.values<double>()[0], 0);
}

TEST(Matmul, SaysWhatDoesNotFit) {
  const auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message([] { matmul(zeros({2, 3}), zeros({4, 2})); }),
              HasSubstr("(2, 3) and (4, 2)"));
  EXPECT_THROW(matmul(zeros({2, 3}), zeros({4, 2})), ShapeError);
  EXPECT_THROW(matmul(zeros({}), zeros({4, 2})), ShapeError);
  EXPECT_THROW(matmul(zeros({2, 3, 3}), zeros({4, 3, 3})), ShapeError);
  EXPECT_THROW(matmul(zeros({2, 2}, DType::kInt64), zeros({2, 2}, DType::kUInt64)), DTypeError);
  EXPECT_THROW(tensordot(zeros({2, 3}), zeros({3, 2}), 3), ShapeError);
  const int twice[] = {0, 0};
  EXPECT_THROW(tensordot(zeros({2, 2}), zeros({2, 2}), twice, twice), ShapeError);
  EXPECT_THROW(vecdot(zeros({2, 3}), zeros({2, 1})), ShapeError);
  EXPECT_THROW(vecdot(zeros({}), zeros({1})), ShapeError);
}

TEST(TensorDot, SumsOverPairsOfAxes) {
  const Tensor a = arange(24).Reshape({2, 3, 4});
  const Tensor b = arange(24).Reshape({4, 3, 2});
  // The example of a known result: sum over k, j of a[i, j, k] b[k, j, l].
  const int axes1[] = {1, 2}, axes2[] = {1, 0};
  const Tensor contracted = tensordot(a, b, axes1, axes2);
  for (int i = 0; i < 2; ++i) {
    for (int l = 0; l < 2; ++l) {
      int64_t sum = 0;
      for (int j = 0; j < 3; ++j) {
        for (int k = 0; k < 4; ++k) {
          sum += (i * 12 + j * 4 + k) * (k * 6 + j * 2 + l);
        }
      }
      EXPECT_EQ(contracted.values<int64_t>()[i * 2 + l], sum);
    }
  }
  EXPECT_EQ(tensordot(a, b, 0).shape(), (Shape{2, 3, 4, 4, 3, 2}));
  EXPECT_EQ(tensordot(a, b, 1).shape(), (Shape{2, 3, 3, 2}));
  EXPECT_EQ(tensordot(a, a, 3).item<int64_t>(), 4324);  // 23 * 24 * 47 / 6
}

TEST(VecDot, ConjugatesTheFirstAndBroadcasts) {
  using C = std::complex<double>;
  const Tensor x = Make<C>({{1, 2}, {3, -1}}, {2});
  const Tensor y = Make<C>({{0, 1}, {2, 2}}, {2});
  // (1 - 2i) i + (3 + i)(2 + 2i) = 2 + i + 4 + 8i.
  EXPECT_EQ(vecdot(x, y).item<C>(), (C{6, 9}));
  EXPECT_EQ(vecdot(zeros({4, 1, 3}), zeros({5, 3})).shape(), (Shape{4, 5}));
  EXPECT_EQ(vecdot(zeros({3, 5}), zeros({3, 5}), 0).shape(), (Shape{5}));
  EXPECT_THAT(
      vecdot(Make<int8_t>({100, 100, 1, 1}, {2, 2}), Make<int8_t>({2, 1}, {2})).values<int8_t>(),
      ElementsAre(300 - 256, 3));
}

TEST(Dot, FollowsNumPy) {
  const Tensor a = WholeNumbers<double>({2, 3, 4}, 1);
  EXPECT_EQ(dot(a, WholeNumbers<double>({5, 4, 6}, 2)).shape(), (Shape{2, 3, 5, 6}));
  EXPECT_EQ(dot(a, WholeNumbers<double>({4}, 3)).shape(), (Shape{2, 3}));
  EXPECT_EQ(inner(a, WholeNumbers<double>({5, 4}, 3)).shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(dot(Tensor::Scalar(2.0), Tensor::Scalar(3.0)).item<double>(), 6);
}

TEST(Kron, RepeatsTheSecondInThePlacesOfTheFirst) {
  const Tensor a = Make<int64_t>({1, 2, 3, 4}, {2, 2});
  const Tensor b = Make<int64_t>({0, 5, 6, 7}, {2, 2});
  EXPECT_THAT(kron(a, b).values<int64_t>(),
              ElementsAre(0, 5, 0, 10, 6, 7, 12, 14, 0, 15, 0, 20, 18, 21, 24, 28));
  EXPECT_EQ(kron(a, Make<int64_t>({1, 2, 3}, {3})).shape(), (Shape{2, 6}));
}

}  // namespace
}  // namespace emberharmony::ops
