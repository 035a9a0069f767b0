#pragma once

#include <cstdint>
#include <vector>

namespace emberharmony::backend::native {

/// Up to this length a transform is passes over all elements; longer ones are tables of rows and
/// columns, whose transforms are computed side by side.
inline constexpr int64_t kFftDirectMax = 32768;

/// The radices of the passes that transform n elements, in their order: first those that make the
/// later passes' rows long, last the primes without a kernel of their own. Empty for n = 1.
std::vector<int64_t> FftRadicesOf(int64_t n);

/// The length m >= 2 n - 1 by whose transforms n elements are transformed as a convolution, or 0 if
/// passes over the factors of n cost less.
int64_t ConvolutionLengthOf(int64_t n);

/// The divisor of n nearest to its square root and not above it.
int64_t DivisorNearRoot(int64_t n);

}  // namespace emberharmony::backend::native
