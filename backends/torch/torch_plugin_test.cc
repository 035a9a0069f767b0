// The backend torch from plain C++, without Python: every operation that it says it computes
// against the native one, on ordinary and on special values, with sentinels around the results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/ops.h"

namespace emberharmony::backend {
namespace {

using tensor::DType;
using tensor::Tensor;
using ::testing::HasSubstr;

Backend* Torch() {
  static Backend* const torch = [] {
    auto loaded = LoadBackend("torch");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ValueOr(nullptr);
  }();
  return torch;
}

/// Units in the last place between two numbers; 0 for two NaN, infinite for what else differs in
/// kind or in the sign of zero.
template <class T>
double Ulps(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return 0;
    if (a == b && std::signbit(a) == std::signbit(b)) return 0;
    if (!std::isfinite(a) || !std::isfinite(b) || (a == b)) return HUGE_VAL;
    const T unit = std::nextafter(std::abs(b), std::numeric_limits<T>::infinity()) - std::abs(b);
    return std::abs((static_cast<double>(a) - static_cast<double>(b)) / unit);
  } else {
    return a == b ? 0 : HUGE_VAL;
  }
}
template <class T>
double Ulps(std::complex<T> a, std::complex<T> b) {
  return std::max(Ulps(a.real(), b.real()), Ulps(a.imag(), b.imag()));
}

/// Values of a dtype at which functions go wrong, and ordinary ones.
template <class T>
std::vector<T> Values() {
  std::vector<T> values;
  std::mt19937_64 random(7);
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return {};
  } else if constexpr (std::is_floating_point_v<T>) {
    for (const T magnitude : {T(0),
                              Limits::denorm_min(),
                              Limits::min(),
                              Limits::epsilon(),
                              T(0.3),
                              T(0.5),
                              T(1),
                              std::nextafter(T(1), T(2)),
                              T(1.5),
                              T(2),
                              T(2.5),
                              T(3),
                              T(10),
                              T(88.8),
                              T(709.9),
                              T(1e6),
                              Limits::max() / 2,
                              Limits::max(),
                              Limits::infinity(),
                              Limits::quiet_NaN()}) {
      values.push_back(magnitude);
      values.push_back(-magnitude);
    }
    for (int i = 0; i < 200; ++i) {
      const int exponent = static_cast<int>(random() % 40) - 20;
      values.push_back(static_cast<T>(
          std::ldexp(static_cast<double>(random() % 2000001) / 1e6 - 1.0, exponent)));
    }
  } else {
    for (const int64_t each : {0, 1, -1, 2, 3, -3, 7, 100, 127, -128}) values.push_back(T(each));
    values.push_back(Limits::max());
    values.push_back(Limits::min());
    for (int i = 0; i < 40; ++i) values.push_back(static_cast<T>(random()));
  }
  return values;
}

Tensor ValuesOf(DType dtype) {
  Tensor result;
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) {
      const bool both[] = {false, true};
      result = Tensor::FromValues<bool>(both);
    } else if constexpr (std::is_arithmetic_v<T>) {
      result = Tensor::FromValues<T>(std::span<const T>(Values<T>()));
    } else {
      using Part = typename T::value_type;
      const std::vector<Part> parts = Values<Part>();
      std::vector<T> values;
      for (size_t i = 0; i < parts.size(); ++i) {
        values.emplace_back(parts[i], parts[(i * 7) % parts.size()]);
      }
      result = Tensor::FromValues<T>(std::span<const T>(values));
    }
  });
  return result;
}

DType ResultOf(Op op, DType dtype) {
  if (InfoOf(op).result == ResultDType::kBool) return DType::kBool;
  if (InfoOf(op).result == ResultDType::kRealPart) return tensor::RealPartOf(dtype);
  return dtype;
}

/// An uninitialized result in the middle of other elements, which must stay as they are.
struct Guarded {
  Tensor all;
  Tensor result;

  Guarded(const tensor::Shape& shape, DType dtype) {
    constexpr int64_t kMargin = 64;
    all = Tensor::Empty({shape.num_elements() + 2 * kMargin}, dtype);
    std::memset(all.mutable_data(), 0xA5, static_cast<size_t>(all.size_bytes()));
    result = all.View(shape, tensor::ContiguousStrides(shape), kMargin);
  }
  bool AreMarginsKept() const {
    const auto* bytes = static_cast<const uint8_t*>(all.data());
    const int64_t margin = 64 * tensor::ItemSize(all.dtype());
    for (int64_t i = 0; i < margin; ++i) {
      if (bytes[i] != 0xA5 || bytes[all.size_bytes() - 1 - i] != 0xA5) return false;
    }
    return true;
  }
};

/// The largest difference in ulp, and the inputs' place it is at.
struct Difference {
  double ulps = 0;
  int64_t at = 0;
};

Difference Compare(const Tensor& a, const Tensor& b) {
  Difference worst;
  tensor::VisitAny(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto x = a.values<T>();
    const auto y = b.values<T>();
    for (size_t i = 0; i < x.size(); ++i) {
      const double ulps = Ulps(x[i], y[i]);
      if (ulps > worst.ulps) worst = {ulps, static_cast<int64_t>(i)};
    }
  });
  return worst;
}

/// How far an operation may be from the native one, in units in the last place; each is within 1 of
/// the true value, or 2 where PyTorch's is.
double UlpsMax(Op op) {
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
  Backend* const torch = Torch();
  ASSERT_NE(torch, nullptr);
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    const DType dtypes[] = {dtype};
    if (!Allows(InfoOf(op).inputs, dtype) || op == Op::kAstype) continue;
    if (!torch->Supports({op, dtypes}) || !Native().Supports({op, dtypes})) continue;
    SCOPED_TRACE(std::string(InfoOf(op).name) + " of " + std::string(tensor::DTypeName(dtype)));
    const Tensor x = ValuesOf(dtype);
    const int64_t n = x.size();
    const Tensor column = x.Reshape({n, 1});
    const Tensor condition = ops::not_equal(ops::remainder(ops::arange(n), 3), 0);
    std::vector<const Tensor*> inputs = {&x};
    if (InfoOf(op).num_inputs == 2) inputs = {&column, &x};
    if (op == Op::kWhere) inputs = {&condition, &column, &x};
    const Tensor backwards = x.Slice(0, n - 1, -n - 1, -1).Copy();
    if (op == Op::kClip) inputs = {&backwards, &column, &x};
    const tensor::Shape shape = InfoOf(op).num_inputs == 1 ? tensor::Shape{n} : tensor::Shape{n, n};
    const Guarded ours(shape, ResultOf(op, dtype));
    const Guarded theirs(shape, ResultOf(op, dtype));
    const Tensor* const our_outputs[] = {&ours.result};
    const Tensor* const their_outputs[] = {&theirs.result};
    Native().Execute(op, inputs, {}, our_outputs);
    torch->ResetCounts();
    torch->Execute(op, inputs, {}, their_outputs);
    ASSERT_EQ(torch->Counts().size(), 1u);
    EXPECT_EQ(torch->Counts()[0].ran, 1) << torch->Counts()[0].reason;
    EXPECT_TRUE(theirs.AreMarginsKept());
    // The standard leaves open which of two zeros is the smaller.
    const bool any_zero = op == Op::kMinimum || op == Op::kMaximum || op == Op::kClip;
    const auto plain = [&](const Tensor& result) {
      return any_zero ? ops::add(result, ops::zeros({}, dtype)) : result;
    };
    const Difference worst = Compare(plain(theirs.result), plain(ours.result));
    EXPECT_LE(worst.ulps, UlpsMax(op))
        << "at " << worst.at / n << ", " << worst.at % n << ": native "
        << ops::to_string(ours.result.Reshape({-1}).Slice(0, worst.at, worst.at + 1)) << ", torch "
        << ops::to_string(theirs.result.Reshape({-1}).Slice(0, worst.at, worst.at + 1)) << " of "
        << ops::to_string(x.Slice(0, worst.at / n, worst.at / n + 1)) << " and "
        << ops::to_string(x.Slice(0, worst.at % n, worst.at % n + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(AllOps, TorchElementwise, ::testing::Range(0, kNumOps),
                         [](const auto& info) {
                           return std::string(InfoOf(static_cast<Op>(info.param)).name);
                         });

/// The result of a function on torch and natively, and whether torch computed it.
template <class F>
void ExpectClose(const char* name, F&& function, double tolerance) {
  SCOPED_TRACE(name);
  const Tensor ours = function();
  Torch()->ResetCounts();
  SetCurrentBackend(Torch());
  const Tensor theirs = function();
  SetCurrentBackend(nullptr);
  int64_t ran = 0;
  for (const OpCount& count : Torch()->Counts()) {
    if (count.op == ParseOp(name)) {
      ran += count.ran;
      EXPECT_EQ(count.fell_back, 0) << count.reason;
    }
  }
  EXPECT_GT(ran, 0) << "torch was not asked for " << name;
  ASSERT_EQ(ours.dtype(), theirs.dtype());
  ASSERT_EQ(ours.shape(), theirs.shape());
  if (tolerance == 0) {
    EXPECT_EQ(Compare(theirs.Contiguous(), ours.Contiguous()).ulps, 0)
        << ops::to_string(ours) << "\n"
        << ops::to_string(theirs);
  } else {
    const Tensor difference = ops::abs(ops::subtract(ours, theirs));
    const double largest = ops::max(ops::abs(ours)).item<double>();
    EXPECT_LE(ops::max(difference).item<double>(), tolerance * largest);
  }
}

Tensor Random(const tensor::Shape& shape) {
  ops::random::set_seed(3);
  return ops::random::normal(shape);
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

TEST(TorchOrder, LeavesSearchesAmongNaNToTheLibrary) {
  const Tensor sorted = Tensor::FromValues<double>({2, INFINITY, NAN});
  const Tensor wanted = Tensor::FromValues<double>({INFINITY, NAN, 3});
  SetCurrentBackend(Torch());
  const Tensor places = ops::searchsorted(sorted, wanted);
  const Tensor found = ops::isin(wanted, sorted);
  SetCurrentBackend(nullptr);
  EXPECT_EQ(Compare(places, Tensor::FromValues<int64_t>({1, 2, 1})).ulps, 0);
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

TEST(Torch, LeavesMemoryThatIsNotAlignedAlone) {
  alignas(16) double parts[] = {0, 1, 2, 3, 4, 5, 6};
  const Tensor odd = Tensor::Wrap(parts + 1, {3}, DType::kComplex128, nullptr);
  const Tensor result = Tensor::Empty({3}, DType::kComplex128);
  const Tensor condition = ops::full({3}, true);
  const Tensor* const inputs[] = {&condition, &odd, &odd};
  const Tensor* const outputs[] = {&result};
  Torch()->ResetCounts();
  Torch()->Execute(Op::kWhere, inputs, {}, outputs);
  EXPECT_EQ(result.values<std::complex<double>>()[2], std::complex<double>(5, 6));
  EXPECT_THAT(Torch()->Counts()[0].reason, HasSubstr("not aligned"));
}

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
