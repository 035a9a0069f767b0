// The native Fourier transforms beside a summation in extended precision, and the promise that a
// sequence's result depends on nothing but the sequence.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <random>
#include <vector>

#include "emberharmony/backend/native/fft_factors_internal.h"
#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/roots_of_unity.h"
#include "emberharmony/backend/threads.h"
#include "emberharmony/ops.h"

namespace emberharmony::backend::native {
namespace {

using ops::DType;
using ops::Shape;
using ops::Tensor;
using Extended = std::complex<long double>;

template <class T>
Tensor RandomTensor(const Shape& shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Tensor x = Tensor::Empty(shape, tensor::DTypeOf<T>());
  T* values = x.mutable_data_as<T>();
  for (int64_t i = 0; i < x.size(); ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      values[i] = static_cast<T>(uniform(random));
    } else {
      using Part = typename T::value_type;
      const auto re = static_cast<Part>(uniform(random));
      values[i] = {re, static_cast<Part>(uniform(random))};
    }
  }
  return x;
}

Extended RootOf(int64_t k, int64_t n) {
  const long double angle =
      2 * std::acos(-1.0L) * static_cast<long double>(k) / static_cast<long double>(n);
  return {std::cos(angle), std::sin(angle)};
}

/// Element k of the transform of x, by its definition.
template <class T>
Extended ElementOf(const std::vector<T>& x, int64_t k, int sign,
                   const std::vector<Extended>& roots) {
  const auto n = static_cast<int64_t>(x.size());
  Extended sum = 0;
  for (int64_t j = 0; j < n; ++j) {
    const Extended root = roots[static_cast<unsigned __int128>(j) * k % n];
    sum += Extended(std::real(x[j]), std::imag(x[j])) * (sign < 0 ? std::conj(root) : root);
  }
  return sum;
}

std::vector<Extended> RootsOf(int64_t n) {
  std::vector<Extended> roots;
  for (int64_t k = 0; k < n; ++k) roots.push_back(RootOf(k, n));
  return roots;
}

template <class T>
std::vector<T> ListOf(const Tensor& x) {
  const auto values = x.Contiguous().values<T>();
  return {values.begin(), values.end()};
}

/// The Euclidean norm of the error of `found` beside `expected`, relative to the latter's.
template <class Found>
double ErrorOf(const std::vector<Found>& found, const std::vector<Extended>& expected) {
  long double error = 0, norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += std::norm(Extended(std::real(found[i]), std::imag(found[i])) - expected[i]);
    norm += std::norm(expected[i]);
  }
  return static_cast<double>(std::sqrt(error / norm));
}

/// `n`: the complex elements that are transformed.
template <class T>
double Bound(int64_t n) {
  const double epsilon = sizeof(T) == 4 ? 6e-8 : 1.1e-16;
  const double growth = std::sqrt(std::log2(static_cast<double>(n)) + 1);
  return epsilon * growth * (ConvolutionLengthOf(n) != 0 ? 3 : 1);
}

TEST(NativeFft, RootsAreWithinAnUlp) {
  EXPECT_EQ(RootOfUnity(0, 7).cos, 1);
  EXPECT_EQ(RootOfUnity(0, 7).sin, 0);
  EXPECT_EQ(RootOfUnity(1, 4).cos, 0);
  EXPECT_EQ(RootOfUnity(1, 4).sin, 1);
  EXPECT_EQ(RootOfUnity(5, 10).cos, -1);
  EXPECT_EQ(RootOfUnity(9, 12).sin, -1);
  EXPECT_EQ(RootOfUnity(1, 8).cos, RootOfUnity(1, 8).sin);
  std::mt19937_64 random(1);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const auto n = static_cast<int64_t>(1 + random() % (uint64_t{1} << (1 + random() % 40)));
    const auto k = static_cast<int64_t>(random() % n);
    const Root root = RootOfUnity(k, n);
    const Extended exact = RootOf(k, n);
    for (const auto& [found, expected] :
         {std::pair{root.cos, exact.real()}, std::pair{root.sin, exact.imag()}}) {
      // The angle's own rounding counts where the value is small and the angle is not.
      if (std::abs(expected) < 0.1L && k > n / 8) continue;
      const double ulp = std::abs(found) - std::nextafter(std::abs(found), 0.0);
      worst = std::max(worst, std::abs(static_cast<double>(found - expected)) / ulp);
    }
  }
  EXPECT_LT(worst, 0.8);
  EXPECT_GT(worst, 0.4);
}

TEST(NativeFft, RadicesAndLengths) {
  using List = std::vector<int64_t>;
  EXPECT_EQ(FftRadicesOf(1), List{});
  EXPECT_EQ(FftRadicesOf(1024), (List{8, 8, 4, 4}));
  EXPECT_EQ(FftRadicesOf(16), (List{4, 4}));
  EXPECT_EQ(FftRadicesOf(2 * 27 * 5 * 13 * 17), (List{13, 9, 5, 3, 2, 17}));
  for (int64_t n = 1; n < 3000; ++n) {
    int64_t product = 1;
    for (int64_t radix : FftRadicesOf(n)) product *= radix;
    EXPECT_EQ(product, n);
    const int64_t length = ConvolutionLengthOf(n);
    EXPECT_TRUE(length == 0 || length >= 2 * n - 1) << n;
  }
  EXPECT_EQ(ConvolutionLengthOf(4096), 0);
  EXPECT_NE(ConvolutionLengthOf(1009), 0);
  EXPECT_EQ(DivisorNearRoot(1 << 20), 1024);
  EXPECT_EQ(DivisorNearRoot(177147), 243);
}

template <class T>
void CheckComplex(int64_t n, int64_t batch) {
  using C = std::complex<T>;
  const Tensor x = RandomTensor<C>({batch, n}, n);
  const std::vector<Extended> roots = RootsOf(n);
  const Tensor forward = ops::fft::fft(x);
  const Tensor backward = ops::fft::ifft(x, {.norm = ops::fft::Norm::kForward});
  for (int64_t i = 0; i < batch; ++i) {
    const std::vector<C> row = ListOf<C>(x.Select(0, i));
    std::vector<Extended> expected, reversed;
    for (int64_t k = 0; k < n; ++k) {
      expected.push_back(ElementOf(row, k, -1, roots));
      reversed.push_back(ElementOf(row, k, 1, roots));
    }
    EXPECT_LT(ErrorOf(ListOf<C>(forward.Select(0, i)), expected), Bound<T>(n)) << n;
    EXPECT_LT(ErrorOf(ListOf<C>(backward.Select(0, i)), reversed), Bound<T>(n)) << n;
  }
}

template <class T>
void CheckReal(int64_t n, int64_t batch) {
  using C = std::complex<T>;
  const Tensor x = RandomTensor<T>({batch, n}, n);
  const std::vector<Extended> roots = RootsOf(n);
  const double bound = 1.3 * Bound<T>(n % 2 == 0 ? n / 2 : n);
  const Tensor forward = ops::fft::rfft(x);
  for (int64_t i = 0; i < batch; ++i) {
    const std::vector<T> row = ListOf<T>(x.Select(0, i));
    std::vector<Extended> expected;
    for (int64_t k = 0; k <= n / 2; ++k) expected.push_back(ElementOf(row, k, -1, roots));
    EXPECT_LT(ErrorOf(ListOf<C>(forward.Select(0, i)), expected), bound) << n;
    // What it is the transform of comes back.
    const Tensor back = ops::fft::irfft(forward.Select(0, i), {.n = n});
    EXPECT_LT(ErrorOf(ListOf<T>(back), std::vector<Extended>(row.begin(), row.end())), 2 * bound)
        << n;
  }
}

TEST(NativeFft, EveryShortLength) {
  for (int64_t n = 1; n <= 150; ++n) {
    CheckComplex<double>(n, 1 + n % 3);
    CheckComplex<float>(n, 1 + n % 3);
    CheckReal<double>(n, 1 + n % 3);
    CheckReal<float>(n, 1 + n % 3);
  }
}

TEST(NativeFft, LengthsOfEachKind) {
  // Powers, products with every radix, and primes.
  for (int64_t n : {169, 199, 211, 227, 254, 256, 1000, 1024, 1331, 2187, 2310, 1009, 1313}) {
    CheckComplex<double>(n, 1);
    CheckReal<double>(n, 1);
  }
  CheckComplex<float>(2048, 1);
  CheckReal<float>(2310, 1);
}

/// Some elements of transforms too long to be summed up whole.
template <class T>
void CheckLong(int64_t n) {
  using C = std::complex<T>;
  const Tensor x = RandomTensor<C>({n}, n);
  const std::vector<C> numbers = ListOf<C>(x);
  const std::vector<Extended> roots = RootsOf(n);
  const std::vector<C> forward = ListOf<C>(ops::fft::fft(x));
  const std::vector<C> backward = ListOf<C>(ops::fft::ifft(x));
  const Tensor real = RandomTensor<T>({n}, n + 1);
  const std::vector<T> real_numbers = ListOf<T>(real);
  const std::vector<C> half = ListOf<C>(ops::fft::rfft(real));
  std::mt19937_64 random(n);
  std::vector<C> found;
  std::vector<Extended> expected;
  for (int i = 0; i < 24; ++i) {
    const auto k = i < 2 ? (n - 1) * i : static_cast<int64_t>(random() % n);
    found.push_back(forward[k]);
    expected.push_back(ElementOf(numbers, k, -1, roots));
    found.push_back(backward[k] * static_cast<T>(n));
    expected.push_back(ElementOf(numbers, k, 1, roots));
    found.push_back(half[k / 2]);
    expected.push_back(ElementOf(real_numbers, k / 2, -1, roots));
  }
  // A pass of a large prime adds as many numbers, one after the other.
  const std::vector<int64_t> radices = FftRadicesOf(n);
  const double allowed = radices.back() > 211 ? 1.6 : 1.3;
  EXPECT_LT(ErrorOf(found, expected), allowed * Bound<T>(n)) << n;
  const std::vector<T> back = ListOf<T>(ops::fft::irfft(ops::fft::rfft(real), {.n = n}));
  EXPECT_LT(ErrorOf(back, {real_numbers.begin(), real_numbers.end()}), 2 * Bound<T>(n)) << n;
}

TEST(NativeFft, LongLengths) {
  for (int64_t n : {65536, 177147, 100000, 65537, 2 * 65537, 33333, 99999, 331 * 293, 120120})
    CheckLong<double>(n);
  CheckLong<float>(131072);
  CheckLong<float>(99991);
  CheckLong<float>(99999);
}

template <class T>
void ExpectSameBits(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.shape().ToString(), b.shape().ToString()) << what;
  const Tensor x = a.Contiguous(), y = b.Contiguous();
  EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size_bytes()), 0) << what;
}

/// Everything that a sequence may be surrounded by.
template <class T>
void CheckBits(int64_t n) {
  using C = std::complex<T>;
  const Tensor x = RandomTensor<C>({3, 37, n}, n);
  const Tensor real = RandomTensor<T>({3, 37, n}, n);
  const Tensor whole = ops::fft::fft(x);
  const Tensor half = ops::fft::rfft(real);
  const Tensor back = ops::fft::irfft(half, {.n = n});
  const std::string what = std::to_string(n);
  const std::vector<int> order = {2, 0, 1};
  const std::vector<int> undo = {1, 2, 0};
  ExpectSameBits<C>(ops::fft::fft(x.Select(0, 1).Select(0, 5)), whole.Select(0, 1).Select(0, 5),
                    what + " alone");
  ExpectSameBits<C>(ops::fft::fft(x.PermuteDims(order), {.axis = 0}).PermuteDims(undo), whole,
                    what + " another layout");
  ExpectSameBits<C>(ops::fft::fft(x.PermuteDims(order).Copy(), {.axis = 0}).PermuteDims(undo),
                    whole, what + " another axis");
  ExpectSameBits<T>(ops::fft::rfft(real.PermuteDims(order), {.axis = 0}).PermuteDims(undo), half,
                    what + " real, another axis");
  ExpectSameBits<T>(ops::fft::rfft(real.Select(0, 2).Select(0, 9)), half.Select(0, 2).Select(0, 9),
                    what + " real, alone");
  ExpectSameBits<T>(
      ops::fft::irfft(half.PermuteDims(order).Copy(), {.n = n, .axis = 0}).PermuteDims(undo), back,
      what + " back, another axis");
  ExpectSameBits<T>(ops::fft::irfft(half.Select(0, 2).Select(0, 9), {.n = n}),
                    back.Select(0, 2).Select(0, 9), what + " back, alone");
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    const std::string name(InstructionSetName(set));
    ExpectSameBits<C>(ops::fft::fft(x), whole, what + " " + name);
    ExpectSameBits<C>(ops::fft::rfft(real), half, what + " real, " + name);
    ExpectSameBits<T>(ops::fft::irfft(half, {.n = n}), back, what + " back, " + name);
    ForceInstructionSet(std::nullopt);
  }
  const int num_threads = NumThreads();
  for (int threads : {1, 3}) {
    SetNumThreads(threads);
    ExpectSameBits<C>(ops::fft::fft(x), whole, what + " threads");
    ExpectSameBits<C>(ops::fft::rfft(real), half, what + " real, threads");
  }
  SetNumThreads(num_threads);
}

TEST(NativeFft, TheSameBitsEverywhere) {
  for (int64_t n : {1, 2, 3, 8, 16, 30, 60, 64, 77, 101, 128, 210, 221, 256, 1000, 1009, 2048}) {
    CheckBits<double>(n);
    CheckBits<float>(n);
  }
}

TEST(NativeFft, TheSameBitsOfLongOnes) {
  for (int64_t n : {40000, 65536, 59049, 34567, 99999}) {
    const Tensor x = RandomTensor<std::complex<double>>({n, 2}, n);
    const Tensor real = RandomTensor<double>({n, 2}, n);
    const Tensor whole = ops::fft::fft(x, {.axis = 0});
    const Tensor half = ops::fft::rfft(real, {.axis = 0});
    const Tensor back = ops::fft::irfft(half, {.n = n, .axis = 0});
    const std::string what = std::to_string(n);
    ExpectSameBits<double>(ops::fft::fft(x.Select(1, 1).Copy()), whole.Select(1, 1), what);
    ExpectSameBits<double>(ops::fft::rfft(real.Select(1, 1).Copy()), half.Select(1, 1), what);
    ExpectSameBits<double>(ops::fft::irfft(half.Select(1, 1).Copy(), {.n = n}), back.Select(1, 1),
                           what);
    for (InstructionSet set : SupportedInstructionSets()) {
      ForceInstructionSet(set);
      ExpectSameBits<double>(ops::fft::fft(x, {.axis = 0}), whole, what);
      ExpectSameBits<double>(ops::fft::rfft(real, {.axis = 0}), half, what);
      ForceInstructionSet(std::nullopt);
    }
    const int num_threads = NumThreads();
    for (int threads : {1, 3}) {
      SetNumThreads(threads);
      ExpectSameBits<double>(ops::fft::fft(x, {.axis = 0}), whole, what);
    }
    SetNumThreads(num_threads);
  }
}

Tensor ComplexZeros(const Shape& shape) {
  const Tensor x = Tensor::Empty(shape, DType::kComplex128);
  std::memset(x.mutable_data(), 0, x.size_bytes());
  return x;
}

TEST(NativeFft, CutAndFilledUp) {
  for (int64_t n : {1, 2, 5, 6, 12, 40000}) {
    for (int64_t given : {1, 3, 4, 7, 8, 39999, 50000}) {
      const Tensor x = RandomTensor<std::complex<double>>({2, given}, n + given);
      const Tensor real = RandomTensor<double>({2, given}, n + given);
      const Tensor filled = ComplexZeros({2, n});
      const Tensor real_filled = ops::zeros({2, n});
      const int64_t kept = std::min(n, given);
      tensor::CopyElements(x.Slice(1, 0, kept), filled.Slice(1, 0, kept));
      tensor::CopyElements(real.Slice(1, 0, kept), real_filled.Slice(1, 0, kept));
      const std::string what = std::to_string(given) + " to " + std::to_string(n);
      ExpectSameBits<double>(ops::fft::fft(x, {.n = n}), ops::fft::fft(filled), what);
      ExpectSameBits<double>(ops::fft::ifft(x, {.n = n}), ops::fft::ifft(filled), what);
      ExpectSameBits<double>(ops::fft::rfft(real, {.n = n}), ops::fft::rfft(real_filled), what);
      // Of a Hermitian sequence the first n / 2 + 1 elements count.
      const Tensor half_filled = ComplexZeros({2, n / 2 + 1});
      const int64_t half_kept = std::min(n / 2 + 1, given);
      tensor::CopyElements(x.Slice(1, 0, half_kept), half_filled.Slice(1, 0, half_kept));
      ExpectSameBits<double>(ops::fft::irfft(x, {.n = n}), ops::fft::irfft(half_filled, {.n = n}),
                             what);
    }
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
