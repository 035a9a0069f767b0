#include <algorithm>
#include <cmath>
#include <limits>

#include "emberharmony/backend/native/fft_factors_internal.h"
#include "emberharmony/backend/native/fft_kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

/// In ascending order.
std::vector<int64_t> PrimeFactorsOf(int64_t n) {
  std::vector<int64_t> primes;
  for (int64_t p = 2; p <= n / p; ++p) {
    for (; n % p == 0; n /= p) primes.push_back(p);
  }
  if (n > 1) primes.push_back(n);
  return primes;
}

/// About what one pass costs an element: its arithmetic, loads and stores in units of one vector
/// instruction. Primes without a kernel of their own count double, since a single transform cannot
/// compute them in vectors.
double PassCost(int64_t radix) {
  switch (radix) {
    case 2:
      return 7;
    case 3:
      return 13;
    case 4:
      return 12;
    case 5:
      return 18;
    case 7:
      return 23;
    case 8:
      return 17;
    case 9:
      return 22;
    case 11:
      return 32;
    case 13:
      return 36;
    default:
      return 10 + 4 * static_cast<double>(radix);
  }
}

double PassesCost(int64_t n) {
  double cost = 0;
  for (int64_t radix : FftRadicesOf(n)) cost += PassCost(radix);
  return cost * static_cast<double>(n);
}

/// The length of the form 2^a 3^b 5^c, at least n, whose transform costs least.
int64_t CheapLengthFrom(int64_t n) {
  int64_t best = 0;
  double best_cost = std::numeric_limits<double>::infinity();
  for (int64_t fives = 1; fives < 2 * n; fives *= 5) {
    for (int64_t threes = fives; threes < 2 * n; threes *= 3) {
      int64_t length = threes;
      while (length < n) length *= 2;
      const double cost = PassesCost(length);
      if (cost < best_cost) {
        best = length;
        best_cost = cost;
      }
    }
  }
  return best;
}

}  // namespace

std::vector<int64_t> FftRadicesOf(int64_t n) {
  const std::vector<int64_t> primes = PrimeFactorsOf(n);
  auto twos = std::count(primes.begin(), primes.end(), 2);
  std::vector<int64_t> radices;
  // Of 2^4 left over two passes of 4 are cheaper than one of 8 and one of 2.
  for (; twos >= 3 && twos != 4; twos -= 3) radices.push_back(8);
  for (; twos >= 2; twos -= 2) radices.push_back(4);
  const auto count_of = [&](int64_t p) { return std::count(primes.begin(), primes.end(), p); };
  for (int64_t p : {13, 11}) radices.insert(radices.end(), count_of(p), p);
  auto threes = count_of(3);
  for (; threes >= 2; threes -= 2) radices.push_back(9);
  for (int64_t p : {7, 5}) radices.insert(radices.end(), count_of(p), p);
  if (threes == 1) radices.push_back(3);
  if (twos == 1) radices.push_back(2);
  for (int64_t p : primes) {
    if (p > kFftRadices[kNumFftRadices - 1]) radices.push_back(p);
  }
  return radices;
}

/// The largest prime that is a pass of a short transform.
constexpr int64_t kShortGenericMax = 211;

int64_t ConvolutionLengthOf(int64_t n) {
  const std::vector<int64_t> primes = PrimeFactorsOf(n);
  if (primes.empty() || primes.back() <= kFftRadices[kNumFftRadices - 1]) return 0;
  // Long transforms take the time of moving their elements: two of more than twice as many cost
  // more than a pass of any prime that is computed in lanes.
  if (n > kFftDirectMax && primes.back() <= kGenericRadixMax) return 0;
  const int64_t length = CheapLengthFrom(2 * n - 1);
  if (primes.back() > kShortGenericMax) return length;
  const double convolution_cost = 2 * PassesCost(length) + 24 * static_cast<double>(length);
  return convolution_cost < PassesCost(n) ? length : 0;
}

int64_t DivisorNearRoot(int64_t n) {
  std::vector<int64_t> divisors = {1};
  for (int64_t p : PrimeFactorsOf(n)) {
    const size_t num_divisors = divisors.size();
    for (size_t i = 0; i < num_divisors; ++i) {
      const int64_t divisor = divisors[i] * p;
      if (divisor <= n / divisor) divisors.push_back(divisor);
    }
    std::sort(divisors.begin(), divisors.end());
    divisors.erase(std::unique(divisors.begin(), divisors.end()), divisors.end());
  }
  return divisors.back();
}

}  // namespace emberharmony::backend::native
