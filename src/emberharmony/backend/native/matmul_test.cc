#include <gtest/gtest.h>

#include <atomic>
#include <complex>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/matmul_internal.h"
#include "emberharmony/backend/native/openblas_internal.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DTypeOf;

template <class T>
std::vector<T> Numbers(size_t size, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<T> values(size);
  for (T& value : values) {
    if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(engine());
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(normal(engine));
    } else {
      using R = typename T::value_type;
      value = {static_cast<R>(normal(engine)), static_cast<R>(normal(engine))};
    }
  }
  return values;
}

/// Calls f under each instruction set that this CPU has.
template <class F>
void UnderEachInstructionSet(F&& f) {
  for (InstructionSet set : SupportedInstructionSets()) {
    SCOPED_TRACE(InstructionSetName(set));
    ForceInstructionSet(set);
    f();
  }
  ForceInstructionSet(std::nullopt);
}

/// One step of a sum; integers modulo their size, complex numbers by the textbook.
template <class T>
T Step(T sum, T x, T y) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(sum) +
                          static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
  } else if constexpr (std::is_floating_point_v<T>) {
    return sum + x * y;
  } else {
    return {sum.real() + (x.real() * y.real() - x.imag() * y.imag()),
            sum.imag() + (x.real() * y.imag() + x.imag() * y.real())};
  }
}

template <class T>
class ProductKernel : public testing::Test {};
using AllTypes = testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                                uint64_t, float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(ProductKernel, AllTypes);

// Without OpenBLAS these kernels multiply everything.
TYPED_TEST(ProductKernel, AddsInOrderUnderEachInstructionSet) {
  const int64_t m = 13, k = 150, n = 2051 / sizeof(TypeParam);
  const auto a = Numbers<TypeParam>(m * k, 1);
  const auto b = Numbers<TypeParam>(k * n, 2);
  std::vector<TypeParam> expected(m * n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t j = 0; j < n; ++j) {
        expected[i * n + j] = Step(expected[i * n + j], a[p * m + i], b[p * n + j]);
      }
    }
  }
  UnderEachInstructionSet([&] {
    std::vector<TypeParam> c(m * n, TypeParam(7));
    // a is stored by columns.
    MatmulKernelsFor(DTypeOf<TypeParam>())
        .product(a.data(), 1, m, b.data(), n, c.data(), n, m, n, k);
    EXPECT_EQ(0, std::memcmp(c.data(), expected.data(), c.size() * sizeof(TypeParam)));
  });
}

template <class T>
class DotKernels : public testing::Test {};
using RealTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(DotKernels, RealTypes);

TYPED_TEST(DotKernels, HaveTheSameBitsByRowsByColumnsAndUnderEachInstructionSet) {
  using T = TypeParam;
  for (const auto& [m, k] : std::vector<std::pair<int64_t, int64_t>>{
           {1, 1}, {3, 15}, {9, 16}, {300, 37}, {17, 1000}, {513, 65}}) {
    const auto rows = Numbers<T>(m * k, 1);
    const auto x = Numbers<T>(k, 2);
    std::vector<T> columns(m * k);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t p = 0; p < k; ++p) columns[p * m + i] = rows[i * k + p];
    }
    std::vector<T> expected;
    UnderEachInstructionSet([&, m = m, k = k] {
      const MatmulKernels& kernels = MatmulKernelsFor(DTypeOf<T>());
      std::vector<T> by_rows(m), by_columns(m);
      kernels.row_dots(rows.data(), k, x.data(), by_rows.data(), m, k);
      kernels.column_dots(columns.data(), m, x.data(), by_columns.data(), m, k);
      if (expected.empty()) expected = by_rows;
      EXPECT_EQ(expected, by_rows);
      EXPECT_EQ(expected, by_columns);
      for (int64_t i = 0; i < m; ++i) {
        double sum = 0;
        double size = 0;
        for (int64_t p = 0; p < k; ++p) {
          const double term = static_cast<double>(rows[i * k + p]) * static_cast<double>(x[p]);
          sum += term;
          size += std::abs(term);
        }
        EXPECT_NEAR(by_rows[i], sum, k * size * std::numeric_limits<T>::epsilon());
      }
    });
  }
}

TYPED_TEST(DotKernels, DotHasTheSameBitsUnderEachInstructionSet) {
  using T = TypeParam;
  for (int64_t n : {0, 1, 31, 32, 63, 64, 65, 100, 4096, 4097, 5000, 12288, 100003}) {
    SCOPED_TRACE(n);
    const auto x = Numbers<T>(n, 1);
    const auto y = Numbers<T>(n, 2);
    double sum = 0;
    double size = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double term = static_cast<double>(x[i]) * static_cast<double>(y[i]);
      sum += term;
      size += std::abs(term);
    }
    std::vector<T> results;
    UnderEachInstructionSet([&] {
      T result = 7;
      MatmulKernelsFor(DTypeOf<T>()).dot(x.data(), y.data(), &result, n);
      results.push_back(result);
      EXPECT_EQ(results.front(), result);
      EXPECT_NEAR(result, sum, 200 * size * std::numeric_limits<T>::epsilon());
    });
  }
}

TEST(OpenBlas, IsFoundBesideTheLibrary) {
  const EmberOpenBlas* const openblas = FindOpenBlas();
  ASSERT_NE(openblas, nullptr) << DescribeOpenBlas();
  EXPECT_EQ(openblas, &RequireOpenBlas("test"));
#if defined(__x86_64__)
  // Its kernels are chosen by what the CPU can do, also on models it has never heard of.
  if (IsSupported(InstructionSet::kAvx512)) {
    EXPECT_STREQ(openblas->core_name(), "SkylakeX");
  } else if (IsSupported(InstructionSet::kAvx2)) {
    EXPECT_STREQ(openblas->core_name(), "Haswell");
  }
#endif
}

TEST(OpenBlas, ServesManyThreadsAtOnce) {
  // Without the plugin's lock around OpenBLAS's buffers, one product in forty was wrong.
  const int32_t n = 50;
  const auto a = Numbers<std::complex<double>>(n * n, 1);
  const EmberLapack& lapack = RequireOpenBlas("test").complex128;
  const auto multiply = [&] {
    std::vector<std::complex<double>> c(n * n);
    lapack.gemm('N', 'T', n, n, n, a.data(), n, a.data(), n, c.data(), n);
    return c;
  };
  const auto expected = multiply();
  std::atomic<int> num_wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 300; ++round) num_wrong += multiply() != expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_wrong, 0);
}

}  // namespace
}  // namespace emberharmony::backend::native
