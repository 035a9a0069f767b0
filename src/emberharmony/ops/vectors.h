#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Lengths and angles of vectors, closeness, and measures of waves. Real tensors; bool and integers
/// are computed in float64; complex ones throw DTypeError where nothing else is said.
namespace emberharmony::ops {

/// Whether |x1 - x2| <= atol + rtol |x2|, element by element, in the promoted dtype (of integers
/// and bools: float64). Infinities are close to themselves only, NaN to NaN if `equal_nan`. Any
/// numeric dtype, complex too. x1 and x2 broadcast (else ShapeError). The result is bool.
Tensor isclose(const Operand& x1, const Operand& x2, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false);
/// Whether that holds for all elements.
bool allclose(const Operand& x1, const Operand& x2, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);

/// x divided by its Euclidean length along `axis` (none: of all elements), which neither overflows
/// nor underflows on the way; a vector of zeros stays as it is.
Tensor normalize_vector(const Tensor& x, std::optional<int> axis = std::nullopt);
/// The Euclidean length of x - y along `axis` (none: of all elements; rank 0). x and y broadcast.
Tensor euclidean_distance(const Tensor& x, const Tensor& y, std::optional<int> axis = std::nullopt);
/// The cosine of the angle between x and y along `axis` (none: of all elements; rank 0), within
/// [-1, 1]; 0 where one of them is zero. x and y broadcast.
Tensor cosine_similarity(const Tensor& x, const Tensor& y, std::optional<int> axis = std::nullopt);
/// initial_value exp(-decay_rate time_step)
Tensor exponential_decay(const Operand& initial_value, const Operand& decay_rate,
                         const Operand& time_step);

// Waves are tensors of rank 1 (else ShapeError); of two waves the longer one is cut to the length
// of the other.

/// 1 / (1 + v / m) with the mean m and the variance v (divisor: their number) of the energies
/// (sums of squares) of the wave's consecutive windows of window_size samples, the incomplete one
/// at the end left out: 1 for a wave of constant energy. 1 too for fewer than two windows or no
/// energy. Throws std::invalid_argument for a window_size below 1.
double compute_energy_stability(const Tensor& wave, int64_t window_size = 100);
/// r (1 - d / pi): r is the waves' correlation coefficient (0 if one is constant), d the mean of
/// the absolute phase differences, in [0, pi], over the frequencies of their discrete Fourier
/// transforms at which both have more than 2^-30 of their largest amplitude (0 if there is none).
/// From -1 to 1. NaN without samples.
double compute_interference_strength(const Tensor& wave1, const Tensor& wave2);
/// |mean(exp(i d))| over the phase differences d at such frequencies from 0 to half a cycle per
/// sample, with freq_range only those within it, ends included: 1 if all phases are shifted alike.
/// 0 if there is no such frequency.
double compute_phase_coherence(const Tensor& wave1, const Tensor& wave2,
                               std::optional<std::pair<double, double>> freq_range = std::nullopt);
/// compute_interference_strength of each window of window_size consecutive samples: a float64
/// tensor with one element for each place a window fits. Throws std::invalid_argument for a
/// window_size below 1 or beyond the waves' length.
Tensor partial_interference(const Tensor& wave1, const Tensor& wave2, int64_t window_size = 100);

}  // namespace emberharmony::ops
