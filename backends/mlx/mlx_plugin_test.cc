// The backend mlx from plain C++, without Python: every operation that it says it computes against
// the native one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <complex>
#include <string>
#include <thread>
#include <vector>

#include "backends/testing/plugin_comparison.h"

namespace emberharmony::backend {
namespace {

using ::testing::HasSubstr;

Backend* Mlx() {
  static Backend* const mlx = [] {
    auto loaded = LoadBackend("mlx");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ValueOr(nullptr);
  }();
  return mlx;
}

/// How far an operation may be from the native one, in units in the last place; each is within 1 of
/// the true value, or 2 where MLX's is.
double UlpsMax(Op op, DType dtype) {
  if (op == Op::kSqrt && tensor::IsComplex(dtype)) return 3;
  switch (op) {
    case Op::kPow:
    case Op::kExp:
    case Op::kExpm1:
    case Op::kLog:
    case Op::kLog1p:
    case Op::kLog2:
    case Op::kLog10:
    case Op::kSin:
    case Op::kCos:
    case Op::kTan:
    case Op::kTanh:
    case Op::kAcos:
    case Op::kAcosh:
    case Op::kAsin:
    case Op::kAsinh:
    case Op::kAtan:
    case Op::kAtanh:
    case Op::kSinh:
    case Op::kCosh:
    case Op::kAtan2:
    case Op::kErf:
      return 3;
    default:
      return 0;
  }
}

class MlxElementwise : public ::testing::TestWithParam<int> {};

TEST_P(MlxElementwise, ComputesAsTheNativeBackend) {
  const Op op = static_cast<Op>(GetParam());
  if (!IsElementwise(op)) return;
  ASSERT_NE(Mlx(), nullptr);
  CheckElementwise(Mlx(), op, &UlpsMax);
}

INSTANTIATE_TEST_SUITE_P(AllOps, MlxElementwise, ::testing::Range(0, kNumOps),
                         [](const auto& info) {
                           return std::string(InfoOf(static_cast<Op>(info.param)).name);
                         });

template <class F>
void ExpectClose(const char* name, F&& function, double tolerance) {
  ExpectCloseOn(Mlx(), name, function, tolerance);
}

constexpr DType kFloats[] = {DType::kFloat32, DType::kFloat64};
constexpr DType kReals[] = {DType::kInt8,    DType::kInt16,  DType::kInt32,  DType::kInt64,
                            DType::kUInt8,   DType::kUInt16, DType::kUInt32, DType::kUInt64,
                            DType::kFloat32, DType::kFloat64};

bool IsFloat(DType dtype) { return dtype == DType::kFloat32 || dtype == DType::kFloat64; }

/// Of small numbers, so that products stay within the dtype; of floating-point ones with NaN.
Tensor Hard(const tensor::Shape& shape, DType dtype) {
  const Tensor x = ops::multiply(Random(shape), 3.0);
  if (!IsFloat(dtype)) return ops::astype(ops::abs(x), dtype);
  // Without negative zeros: which of two zeros is the smaller is open.
  return ops::astype(ops::where(ops::greater(x, 6.0), NAN, ops::add(ops::round(x), 0.0)), dtype);
}

double Tolerance(DType dtype) {
  return dtype == DType::kFloat32 ? 1e-6 : dtype == DType::kFloat64 ? 1e-13 : 0;
}

class MlxReductions : public ::testing::TestWithParam<DType> {};

TEST_P(MlxReductions, ComputeAsTheNativeBackend) {
  const DType dtype = GetParam();
  const double tolerance = Tolerance(dtype);
  const Tensor x =
      IsFloat(dtype) ? ops::astype(Random({7, 40, 5}), dtype) : Hard({7, 40, 5}, dtype);
  const Tensor hard = Hard({7, 40, 5}, dtype);
  const Tensor turned = hard.PermuteDims(std::vector<int>{2, 0, 1});
  for (const bool keepdims : {false, true}) {
    for (const ops::Axes& axis : {ops::Axes(0), ops::Axes({0, 2}), ops::Axes(-1)}) {
      if (IsFloat(dtype) || tensor::ItemSize(dtype) == 8) {
        ExpectClose(
            "sum", [&] { return ops::sum(x, {.axis = axis, .keepdims = keepdims}); }, tolerance);
        ExpectClose(
            "prod", [&] { return ops::prod(x, {.axis = axis, .keepdims = keepdims}); }, tolerance);
      }
      ExpectClose("max", [&] { return ops::max(hard, {.axis = axis, .keepdims = keepdims}); }, 0);
      ExpectClose("min", [&] { return ops::min(turned, {.axis = axis, .keepdims = keepdims}); }, 0);
    }
  }
  ExpectClose("argmax", [&] { return ops::argmax(hard, {.axis = 1}); }, 0);
  ExpectClose("argmax", [&] { return ops::argmax(turned, {.axis = 0, .keepdims = true}); }, 0);
  ExpectClose("argmin", [&] { return ops::argmin(hard, {.axis = 2}); }, 0);
  ExpectClose("argmin", [&] { return ops::argmin(hard, {.keepdims = true}); }, 0);
  ExpectClose("count_nonzero", [&] { return ops::count_nonzero(hard, {.axis = 1}); }, 0);
  if (!IsFloat(dtype)) return;
  ExpectClose("mean", [&] { return ops::mean(x, {.axis = 1}); }, tolerance);
  // Relative to the sum, which is small.
  const Tensor few = x.Slice(0, 0, 4);
  ExpectClose("sum", [&] { return ops::sum(few); }, 10 * tolerance);
  ExpectClose("var", [&] { return ops::var(x, {.axis = 1, .correction = 1}); }, tolerance);
}

TEST_P(MlxReductions, OrderAsTheNativeBackend) {
  const DType dtype = GetParam();
  const Tensor hard = Hard({9, 30}, dtype);
  for (const bool descending : {false, true}) {
    for (const int axis : {0, 1}) {
      const ops::SortOptions options = {.axis = axis, .descending = descending};
      ExpectClose("sort", [&] { return ops::sort(hard, options); }, 0);
      ExpectClose("argsort", [&] { return ops::argsort(hard, options); }, 0);
    }
  }
  const Tensor numbers = ops::astype(ops::round(ops::multiply(Random({9, 30}), 2.0)), dtype);
  if (IsFloat(dtype) || tensor::ItemSize(dtype) == 8) {
    ExpectClose(
        "cumulative_sum", [&] { return ops::cumulative_sum(numbers, {.axis = 1}); },
        Tolerance(dtype));
    ExpectClose(
        "cumulative_prod",
        [&] { return ops::cumulative_prod(numbers, {.axis = 0, .include_initial = true}); },
        Tolerance(dtype));
  }
  const Tensor sorted = ops::sort(ops::reshape(hard, {-1}));
  ExpectClose("searchsorted", [&] { return ops::searchsorted(sorted, hard); }, 0);
  const Tensor places = Tensor::FromValues<int64_t>({3, 0, -3, 29, -30});
  ExpectClose("take", [&] { return ops::take(hard, places, 1); }, 0);
  const Tensor order = ops::argsort(hard, {.axis = 1});
  ExpectClose("take_along_axis", [&] { return ops::take_along_axis(hard, order, 1); }, 0);
}

INSTANTIATE_TEST_SUITE_P(DTypes, MlxReductions, ::testing::ValuesIn(kReals), [](const auto& info) {
  return std::string(tensor::DTypeName(info.param));
});

TEST(MlxReductions, AskOfBooleans) {
  const Tensor x = ops::greater(Random({7, 40, 5}), 1.5);
  ExpectClose("any", [&] { return ops::any(x, {.axis = 1}); }, 0);
  ExpectClose("all", [&] { return ops::all(ops::logical_not(x), {.axis = 1}); }, 0);
  ExpectClose("any", [&] { return ops::any(x); }, 0);
}

TEST(MlxAstype, ConvertsAsTheNativeBackend) {
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    for (int k = 0; k < tensor::kNumDTypes; ++k) {
      const DType dtypes[] = {static_cast<DType>(i), static_cast<DType>(k)};
      if (i == k || !Native().Supports({Op::kAstype, dtypes}) ||
          !Mlx()->Supports({Op::kAstype, dtypes})) {
        continue;
      }
      SCOPED_TRACE(std::string(tensor::DTypeName(dtypes[0])) + " to " +
                   std::string(tensor::DTypeName(dtypes[1])));
      const Tensor x = ValuesOf(dtypes[0]);
      ExpectClose("astype", [&] { return ops::astype(x, dtypes[1], /*copy=*/true); }, 0);
    }
  }
}

TEST(MlxMatrices, ComputeAsTheNativeBackend) {
  for (const DType dtype : kFloats) {
    SCOPED_TRACE(tensor::DTypeName(dtype));
    const double tolerance = Tolerance(dtype);
    const Tensor a = ops::astype(Random({3, 12, 12}), dtype);
    const Tensor b = ops::astype(Random({12, 4}), dtype);
    const Tensor turned = ops::matrix_transpose(a);
    ExpectClose("matmul", [&] { return ops::matmul(a, b); }, tolerance);
    ExpectClose("matmul", [&] { return ops::matmul(a, turned); }, tolerance);
    ExpectClose("matmul", [&] { return ops::matmul(a, ops::arange(12, dtype)); }, tolerance);
    const Tensor symmetric = ops::add(a, turned);
    ExpectClose("eigvalsh", [&] { return ops::linalg::eigvalsh(symmetric); }, 10 * tolerance);
    ExpectClose("svdvals", [&] { return ops::linalg::svdvals(a); }, 10 * tolerance);
    const Tensor regular = ops::add(symmetric, ops::multiply(ops::eye(12), 12.0));
    ExpectClose(
        "inv", [&] { return ops::linalg::inv(ops::astype(regular, dtype)); }, 10 * tolerance);
    if (dtype == DType::kFloat32) {
      const Tensor narrow = ops::astype(regular, dtype);
      ExpectClose("det", [&] { return ops::linalg::det(narrow); }, 10 * tolerance);
    }
  }
}

TEST(MlxMatrices, WithoutAnAnswerAreErrors) {
  SetCurrentBackend(Mlx());
  EXPECT_THROW(ops::linalg::inv(ops::zeros({3, 3})), tensor::LinAlgError);
  EXPECT_THROW(ops::linalg::eigvalsh(ops::full({3, 3}, NAN)), tensor::LinAlgError);
  EXPECT_THROW(ops::linalg::svdvals(ops::full({3, 3}, INFINITY)), tensor::LinAlgError);
  EXPECT_EQ(ops::linalg::det(ops::zeros({3, 3})).item<double>(), 0.0);
  SetCurrentBackend(nullptr);
}

TEST(MlxMatrices, TransformAsTheNativeBackend) {
  const Tensor signal = ops::astype(Random({6, 50}), DType::kFloat32);
  const auto parts = [](const Tensor& x) {
    return ops::concat(std::vector<Tensor>{ops::real(x), ops::imag(x)});
  };
  for (const auto norm : {ops::fft::Norm::kBackward, ops::fft::Norm::kOrtho}) {
    for (const int axis : {0, 1}) {
      const ops::fft::FftOptions options = {.axis = axis, .norm = norm};
      ExpectClose("rfft", [&] { return parts(ops::fft::rfft(signal, options)); }, 1e-6);
      const Tensor spectrum = ops::fft::rfft(signal, {.axis = 1});
      ExpectClose("fft", [&] { return parts(ops::fft::fft(spectrum, options)); }, 1e-6);
      ExpectClose("fft", [&] { return parts(ops::fft::ifft(spectrum, options)); }, 1e-6);
      ExpectClose("irfft", [&] { return ops::fft::irfft(spectrum, options); }, 1e-6);
    }
  }
}

TEST(Mlx, TakesAnyLayoutOnTheSameMemory) {
  SetCurrentBackend(Mlx());
  Mlx()->ResetCounts();
  const Tensor x = ops::reshape(ops::arange(24.0), {4, 6});
  const Tensor strided = x.Slice(1, 0, 6, 2).PermuteDims(std::vector<int>{1, 0});
  EXPECT_EQ(ops::sum(ops::add(strided, strided)).item<double>(), 2 * (132 + 0.0));
  Tensor out = ops::zeros({4, 6});
  const void* const memory = out.data();
  ops::add(x, 1.0, {.out = &out});
  EXPECT_EQ(out.data(), memory);
  EXPECT_EQ(out.values<double>()[1], 2.0);
  ops::add(x, x, {.out = &out});
  ops::add(out, out, {.out = &out});
  EXPECT_EQ(out.values<double>()[23], 92.0);
  // Negative strides, outputs with gaps, broadcasts, rank 0 and empty tensors.
  EXPECT_EQ(ops::add(x.Slice(0, 3, -5, -1), 1.0).Copy().values<double>()[0], 19.0);
  Tensor columns = out.Slice(1, 0, 6, 2);
  ops::subtract(x.Slice(1, 1, 6, 2), x.Slice(1, 0, 1), {.out = &columns});
  EXPECT_EQ(out.values<double>()[22], 5.0);
  EXPECT_EQ(out.values<double>()[23], 92.0);
  EXPECT_EQ(ops::add(ops::zeros({0, 3}), 1.0).size(), 0);
  EXPECT_EQ(ops::sum(ops::zeros({0})).item<double>(), 0.0);
  EXPECT_EQ(ops::add(ops::full({}, 2.0), 1.0).item<double>(), 3.0);
  SetCurrentBackend(nullptr);
}

TEST(Mlx, TakesMemoryThatIsNotAligned) {
  alignas(16) float parts[] = {0, 1, 2, 3, 4, 5, 6};
  const Tensor odd = Tensor::Wrap(parts + 1, {3}, DType::kComplex64, nullptr);
  const Tensor result = Tensor::Empty({3}, DType::kComplex64);
  const Tensor condition = ops::full({3}, true);
  const Tensor* const inputs[] = {&condition, &odd, &odd};
  const Tensor* const outputs[] = {&result};
  Mlx()->Execute(Op::kWhere, inputs, {}, outputs);
  EXPECT_EQ(result.values<std::complex<float>>()[2], std::complex<float>(5, 6));
}

TEST(Mlx, LeavesLongSumsOfFloat32ToTheLibrary) {
  const Tensor x = ops::full({1 << 20}, 0.1, DType::kFloat32);
  SetCurrentBackend(Mlx());
  Mlx()->ResetCounts();
  EXPECT_NEAR(ops::sum(x).item<float>(), 104857.6, 0.1);
  SetCurrentBackend(nullptr);
  ASSERT_EQ(Mlx()->Counts().size(), 1u);
  EXPECT_EQ(Mlx()->Counts()[0].fell_back, 1);
  EXPECT_THAT(Mlx()->Counts()[0].reason, HasSubstr("lose digits"));
}

TEST(Mlx, ReadsNothingAroundItsInputs) { UseLonePage(Mlx()); }

TEST(Mlx, TellsWhyNot) {
  const DType c16[] = {DType::kComplex128};
  const DType f8[] = {DType::kFloat64};
  const DType narrowing[] = {DType::kFloat64, DType::kInt32};
  EXPECT_THAT(Mlx()->WhyNot({Op::kAdd, c16}), HasSubstr("no complex128"));
  EXPECT_THAT(Mlx()->WhyNot({Op::kAstype, narrowing}), HasSubstr("beyond an integer dtype"));
  EXPECT_THAT(Mlx()->WhyNot({Op::kRandomUniform, f8}), HasSubstr("same bits on every backend"));
  EXPECT_THAT(Mlx()->framework(), HasSubstr("MLX 0."));
}

TEST(Mlx, IsUsedByManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> faults{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&faults, t] {
      const Tensor x = ops::full({100 + t}, static_cast<double>(t));
      for (int i = 0; i < 200; ++i) {
        const Tensor result = Tensor::Empty(x.shape(), DType::kFloat64);
        const Tensor* const inputs[] = {&x, &x};
        const Tensor* const outputs[] = {&result};
        Mlx()->Execute(Op::kAdd, inputs, {}, outputs);
        if (result.values<double>()[99 + t] != 2.0 * t) ++faults;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(faults, 0);
}

}  // namespace
}  // namespace emberharmony::backend
