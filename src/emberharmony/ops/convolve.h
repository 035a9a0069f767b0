#pragma once

#include "emberharmony/ops/operand.h"

namespace emberharmony::ops {

/// Which elements of a convolution of sequences of m and n elements: all m + n - 1, the middle
/// max(m, n), or the max(m, n) - min(m, n) + 1 to which every element of the shorter one
/// contributes.
enum class ConvolveMode { kFull, kSame, kValid };

/// The convolution of two sequences, as numpy.convolve: element k is the sum over j of a[k - j]
/// v[j]. Of a promoted numeric dtype; bools count in int64, integers wrap around. Integers, and
/// sequences of which one is short, are added up in the order of j; others are multiplied as
/// Fourier transforms, with an error of up to 4e-16 (float32: 2e-7) of the product of their
/// Euclidean norms, and with infinities or NaN everywhere if there is one. Throws ShapeError unless
/// both have rank 1 and an element, DTypeError for dtypes that do not promote.
Tensor convolve(const Tensor& a, const Tensor& v, ConvolveMode mode = ConvolveMode::kFull);

/// The cross-correlation of two sequences, as numpy.correlate: element k is the sum over j of
/// a[j + k] conj(v[j]), from k = 1 - n on if full. As convolve otherwise.
Tensor correlate(const Tensor& a, const Tensor& v, ConvolveMode mode = ConvolveMode::kValid);

}  // namespace emberharmony::ops
