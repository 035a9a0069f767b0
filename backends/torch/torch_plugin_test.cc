// The backend torch from plain C++, without Python: every operation that it says it computes
// against the native one.
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

Backend* Torch() {
  static Backend* const torch = [] {
    auto loaded = LoadBackend("torch");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ValueOr(nullptr);
  }();
  return torch;
}

/// How far an operation may be from the native one, in units in the last place; each is within 1 of
/// the true value, or 2 where PyTorch's is.
double UlpsMax(Op op, DType) {
  switch (op) {
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
    case Op::kAsin:
    case Op::kAtan:
    case Op::kAsinh:
      return 3;
    default:
      return 0;
  }
}

class TorchElementwise : public ::testing::TestWithParam<int> {};

TEST_P(TorchElementwise, ComputesAsTheNativeBackend) {
  const Op op = static_cast<Op>(GetParam());
  if (!IsElementwise(op)) return;
  ASSERT_NE(Torch(), nullptr);
  CheckElementwise(Torch(), op, &UlpsMax);
}

INSTANTIATE_TEST_SUITE_P(AllOps, TorchElementwise, ::testing::Range(0, kNumOps),
                         [](const auto& info) {
                           return std::string(InfoOf(static_cast<Op>(info.param)).name);
                         });

template <class F>
void ExpectClose(const char* name, F&& function, double tolerance) {
  ExpectCloseOn(Torch(), name, function, tolerance);
}

TEST(TorchReductions, ComputeAsTheNativeBackend) {
  const Tensor x = Random({7, 40, 5});
  const Tensor whole = ops::astype(ops::multiply(x, 1000.0), DType::kInt64);
  for (const bool keepdims : {false, true}) {
    for (const ops::Axes& axis : {ops::Axes(0), ops::Axes({0, 2}), ops::Axes(-1)}) {
      ExpectClose("sum", [&] { return ops::sum(x, {.axis = axis, .keepdims = keepdims}); }, 1e-14);
      ExpectClose(
          "mean", [&] { return ops::mean(x, {.axis = axis, .keepdims = keepdims}); }, 1e-14);
      ExpectClose("max", [&] { return ops::max(x, {.axis = axis, .keepdims = keepdims}); }, 0);
      ExpectClose("min", [&] { return ops::min(whole, {.axis = axis, .keepdims = keepdims}); }, 0);
    }
  }
  ExpectClose("sum", [&] { return ops::sum(x); }, 1e-13);
  ExpectClose("sum", [&] { return ops::sum(whole); }, 0);
  ExpectClose("sum", [&] { return ops::sum(x.PermuteDims(std::vector<int>{2, 0, 1})); }, 1e-13);
  ExpectClose("var", [&] { return ops::var(x, {.axis = 1, .correction = 1}); }, 1e-13);
  ExpectClose("prod", [&] { return ops::prod(x, {.axis = 0}); }, 1e-13);
  ExpectClose("any", [&] { return ops::any(ops::greater(x, 1.0), {.axis = 0}); }, 0);
  ExpectClose("all", [&] { return ops::all(ops::less(x, 1.0), {.axis = 0}); }, 0);
  const Tensor with_nan = ops::where(ops::greater(x, 1.5), NAN, x);
  ExpectClose("max", [&] { return ops::max(with_nan, {.axis = 0}); }, 0);
  ExpectClose("argmax", [&] { return ops::argmax(with_nan, {.axis = 1}); }, 0);
  const Tensor ties = ops::round(x);
  ExpectClose("argmin", [&] { return ops::argmin(ties, {.axis = 1}); }, 0);
  ExpectClose("argmin", [&] { return ops::argmin(ties, {.keepdims = true}); }, 0);
}

TEST(TorchOrder, ComputesAsTheNativeBackend) {
  const Tensor x = Random({9, 30});
  const Tensor hard = ops::where(ops::greater(x, 1.2), NAN, ops::round(x));
  for (const bool descending : {false, true}) {
    const ops::SortOptions options = {.axis = 0, .descending = descending};
    const Tensor numbers = descending ? ops::astype(ops::round(x), DType::kInt64) : hard;
    ExpectClose("sort", [&] { return ops::sort(numbers, options); }, 0);
    ExpectClose("argsort", [&] { return ops::argsort(numbers, options); }, 0);
  }
  ExpectClose("cumulative_sum", [&] { return ops::cumulative_sum(x, {.axis = 1}); }, 1e-14);
  ExpectClose(
      "cumulative_prod",
      [&] { return ops::cumulative_prod(x, {.axis = 0, .include_initial = true}); }, 1e-13);
  const Tensor sorted = ops::sort(ops::reshape(x, {-1}));
  ExpectClose("searchsorted", [&] { return ops::searchsorted(sorted, ops::round(x)); }, 0);
  const Tensor places = Tensor::FromValues<int64_t>({3, 0, -3, 29, -30});
  ExpectClose("take", [&] { return ops::take(x, places, 1); }, 0);
  const Tensor order = ops::argsort(x, {.axis = 1});
  ExpectClose("take_along_axis", [&] { return ops::take_along_axis(x, order, 1); }, 0);
}

TEST(TorchOrder, SearchesAmongNaN) {
  const Tensor sorted = Tensor::FromValues<double>({2, INFINITY, NAN});
  const Tensor wanted = Tensor::FromValues<double>({INFINITY, NAN, 3});
  SetCurrentBackend(Torch());
  Torch()->ResetCounts();
  const Tensor places = ops::searchsorted(sorted, wanted);
  const Tensor behind = ops::searchsorted(sorted, wanted, ops::Side::kRight);
  EXPECT_EQ(Torch()->Counts()[0].ran, 2);
  const Tensor found = ops::isin(wanted, sorted);
  SetCurrentBackend(nullptr);
  EXPECT_EQ(Compare(places, Tensor::FromValues<int64_t>({1, 2, 1})).ulps, 0);
  EXPECT_EQ(Compare(behind, Tensor::FromValues<int64_t>({2, 3, 1})).ulps, 0);
  EXPECT_TRUE(found.values<bool>()[0]);
  EXPECT_FALSE(found.values<bool>()[2]);
}

TEST(TorchAstype, ConvertsAsTheNativeBackend) {
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    for (int k = 0; k < tensor::kNumDTypes; ++k) {
      const DType dtypes[] = {static_cast<DType>(i), static_cast<DType>(k)};
      if (i == k || !Native().Supports({Op::kAstype, dtypes}) ||
          !Torch()->Supports({Op::kAstype, dtypes})) {
        continue;
      }
      SCOPED_TRACE(std::string(tensor::DTypeName(dtypes[0])) + " to " +
                   std::string(tensor::DTypeName(dtypes[1])));
      const Tensor x = ValuesOf(dtypes[0]);
      ExpectClose("astype", [&] { return ops::astype(x, dtypes[1], /*copy=*/true); }, 0);
    }
  }
}

TEST(TorchMatrices, ComputeAsTheNativeBackend) {
  const Tensor a = Random({3, 12, 12});
  const Tensor b = Random({12, 4});
  ExpectClose("matmul", [&] { return ops::matmul(a, b); }, 1e-13);
  ExpectClose("matmul", [&] { return ops::matmul(a, ops::matrix_transpose(a)); }, 1e-13);
  const Tensor positive =
      ops::add(ops::matmul(a, ops::matrix_transpose(a)), ops::multiply(ops::eye(12), 20.0));
  ExpectClose("inv", [&] { return ops::linalg::inv(positive); }, 1e-12);
  ExpectClose("det", [&] { return ops::linalg::det(positive); }, 1e-12);
  ExpectClose("solve", [&] { return ops::linalg::solve(positive, b); }, 1e-12);
  const Tensor square = Random({12, 12});
  ExpectClose("solve", [&] { return ops::linalg::solve(positive, square); }, 1e-12);
  ExpectClose("solve", [&] { return ops::linalg::solve(square, a); }, 1e-10);
  ExpectClose("cholesky", [&] { return ops::linalg::cholesky(positive); }, 1e-12);
  ExpectClose("cholesky", [&] { return ops::linalg::cholesky(positive, /*upper=*/true); }, 1e-12);
  ExpectClose("eigvalsh", [&] { return ops::linalg::eigvalsh(positive); }, 1e-12);
  ExpectClose("svdvals", [&] { return ops::linalg::svdvals(a); }, 1e-12);
  SetCurrentBackend(Torch());
  EXPECT_THROW(ops::linalg::inv(ops::zeros({3, 3})), tensor::LinAlgError);
  EXPECT_THROW(ops::linalg::cholesky(ops::negative(ops::eye(3))), tensor::LinAlgError);
  SetCurrentBackend(nullptr);
  const Tensor signal = Random({6, 50});
  const auto parts = [](const Tensor& x) {
    return ops::concat(std::vector<Tensor>{ops::real(x), ops::imag(x)});
  };
  for (const auto norm : {ops::fft::Norm::kBackward, ops::fft::Norm::kOrtho}) {
    const ops::fft::FftOptions options = {.axis = 0, .norm = norm};
    ExpectClose("rfft", [&] { return parts(ops::fft::rfft(signal, options)); }, 1e-13);
    const Tensor spectrum = ops::fft::rfft(signal, {.axis = 1});
    ExpectClose("fft", [&] { return parts(ops::fft::fft(spectrum, options)); }, 1e-13);
    ExpectClose("fft", [&] { return parts(ops::fft::ifft(spectrum, options)); }, 1e-13);
    ExpectClose(
        "irfft", [&] { return ops::fft::irfft(spectrum, {.axis = 1, .norm = norm}); }, 1e-13);
  }
}

TEST(Torch, TakesAnyLayoutOnTheSameMemory) {
  SetCurrentBackend(Torch());
  Torch()->ResetCounts();
  const Tensor x = ops::reshape(ops::arange(24.0), {4, 6});
  const Tensor strided = x.Slice(1, 0, 6, 2).PermuteDims(std::vector<int>{1, 0});
  EXPECT_EQ(ops::sum(ops::add(strided, strided)).item<double>(), 2 * (132 + 0.0));
  Tensor out = ops::zeros({4, 6});
  const void* const memory = out.data();
  ops::exp(x, {.out = &out});
  EXPECT_EQ(out.data(), memory);
  EXPECT_NEAR(out.values<double>()[1], std::exp(1.0), 1e-15);
  ops::add(x, x, {.out = &out});
  ops::add(out, out, {.out = &out});
  EXPECT_EQ(out.values<double>()[23], 92.0);
  // Negative strides and empty tensors.
  EXPECT_EQ(ops::add(x.Slice(0, 3, -5, -1), 1.0).Copy().values<double>()[0], 19.0);
  EXPECT_EQ(ops::add(ops::zeros({0, 3}), 1.0).size(), 0);
  EXPECT_EQ(ops::sum(ops::zeros({0})).item<double>(), 0.0);
  EXPECT_EQ(ops::add(ops::full({}, 2.0), 1.0).item<double>(), 3.0);
  SetCurrentBackend(nullptr);
}

TEST(Torch, CopiesInputsThatAreNotAligned) {
  alignas(16) double parts[] = {0, 1, 2, 3, 4, 5, 6};
  const Tensor odd = Tensor::Wrap(parts + 1, {3}, DType::kComplex128, nullptr);
  const Tensor result = Tensor::Empty({3}, DType::kComplex128);
  const Tensor condition = ops::full({3}, true);
  const Tensor* const inputs[] = {&condition, &odd, &odd};
  const Tensor* const outputs[] = {&result};
  Torch()->ResetCounts();
  Torch()->Execute(Op::kWhere, inputs, {}, outputs);
  EXPECT_EQ(result.values<std::complex<double>>()[2], std::complex<double>(5, 6));
  EXPECT_EQ(Torch()->Counts()[0].ran, 1);
  // A result where it is told to be put: that cannot be a copy.
  alignas(16) double space[7] = {};
  const Tensor odd_result = Tensor::WrapMutable(space + 1, {3}, DType::kComplex128, nullptr);
  const Tensor* const odd_outputs[] = {&odd_result};
  Torch()->Execute(Op::kWhere, inputs, {}, odd_outputs);
  EXPECT_EQ(odd_result.data_as<std::complex<double>>()[2], std::complex<double>(5, 6));
  EXPECT_THAT(Torch()->Counts()[0].reason, HasSubstr("not aligned"));
}

TEST(Torch, TakesNegativeStrides) {
  SetCurrentBackend(Torch());
  Torch()->ResetCounts();
  const Tensor x = ops::reshape(ops::arange(24.0), {4, 6});
  const Tensor turned = x.Slice(0, 3, -5, -1).Slice(1, 5, -7, -2);  // rows 3 .. 0, columns 5, 3, 1
  const Tensor sum = ops::add(turned, x.Slice(1, 0, 3));
  EXPECT_EQ(sum.values<double>()[0], 23.0 + 0.0);
  EXPECT_EQ(sum.values<double>()[11], 1.0 + 20.0);
  EXPECT_EQ(ops::max(turned, {.axis = 1}).values<double>()[1], 17.0);
  for (const OpCount& each : Torch()->Counts()) EXPECT_EQ(each.fell_back, 0) << each.reason;
  SetCurrentBackend(nullptr);
}

TEST(Torch, ReadsNothingAroundItsInputs) { UseLonePage(Torch()); }

TEST(Torch, TellsWhyNot) {
  const DType f8[] = {DType::kFloat64};
  const DType narrowing[] = {DType::kFloat64, DType::kInt32};
  EXPECT_THAT(Torch()->WhyNot({Op::kSqrt, f8}), HasSubstr("not correctly rounded"));
  EXPECT_THAT(Torch()->WhyNot({Op::kAstype, narrowing}), HasSubstr("beyond an integer dtype"));
  EXPECT_THAT(Torch()->WhyNot({Op::kRandomUniform, f8}), HasSubstr("same bits on every backend"));
  EXPECT_THAT(Torch()->framework(), HasSubstr("PyTorch 2."));
}

TEST(Torch, IsUsedByManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> faults{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&faults, t] {
      const Tensor x = ops::full({100 + t}, static_cast<double>(t));
      for (int i = 0; i < 200; ++i) {
        const Tensor result = Tensor::Empty(x.shape(), DType::kFloat64);
        const Tensor* const inputs[] = {&x, &x};
        const Tensor* const outputs[] = {&result};
        Torch()->Execute(Op::kAdd, inputs, {}, outputs);
        if (result.values<double>()[99 + t] != 2.0 * t) ++faults;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(faults, 0);
}

}  // namespace
}  // namespace emberharmony::backend
