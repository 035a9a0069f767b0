#pragma once

#include <cstdint>
#include <optional>

#include "emberharmony/ops/operand.h"

/// Random numbers.
///
/// All are functions of (seed, stream, position): Philox4x32-10 (Salmon, Moraes, Dror, Shaw:
/// Parallel random numbers: as easy as 1, 2, 3; SC 2011), a counter-based generator, with the seed
/// as its key and stream and position as its counter. The same seed gives the same bits for any
/// number of threads, on every instruction set and backend, and the first n numbers do not depend
/// on how many are drawn; an element that needs several tries takes them from a counter of its own,
/// so it never disturbs its neighbours. docs/reference/random.md states the layout.
///
/// Unless options name a seed, numbers come from the process's own: each call takes the next of its
/// streams, so after set_seed(s) the k-th call draws the same in every run. Thread-safe; which of
/// several threads' calls comes first is then theirs to decide, or to avoid with Options::seed.
///
/// Parameters are numbers or real tensors that broadcast to `shape` (else ShapeError). Those
/// outside the stated range throw std::invalid_argument, dtypes that a function does not give
/// DTypeError, negative dimensions ShapeError.
namespace emberharmony::ops::random {

struct Options {
  /// The result's dtype. Default: float64 of continuous distributions (which give float32 and
  /// float64), int64 of discrete ones (which give any integer or real floating-point dtype).
  std::optional<DType> dtype = std::nullopt;
  /// Draws from this seed instead of the process's.
  std::optional<uint64_t> seed = std::nullopt;
  /// Which of the seed's 2^48 streams; ignored without a seed.
  uint64_t stream = 0;
};

/// Makes `seed` the process's, from its first stream on. Until called the seed is the operating
/// system's choice.
void set_seed(uint64_t seed);
/// The process's seed: what set_seed was given or the system chose.
uint64_t get_seed();

/// All bits random: uint64 (default) or uint32.
Tensor bits(const Shape& shape, const Options& options = {});
/// Uniform in [low, high): multiples of 2^-53 (float32: 2^-24) of the range, rounded. low and high
/// are finite, low <= high (low == high gives low).
Tensor uniform(const Shape& shape, const Operand& low = 0.0, const Operand& high = 1.0,
               const Options& options = {});
/// Normal, by the method of Box and Muller; std >= 0. The largest magnitude is 8.6 (float32: 6.6)
/// standard deviations, which one in 10^17 (10^10) would exceed.
Tensor normal(const Shape& shape, const Operand& mean = 0.0, const Operand& std = 1.0,
              const Options& options = {});
/// Exponential of mean `scale` >= 0.
Tensor exponential(const Shape& shape, const Operand& scale = 1.0, const Options& options = {});
/// Gamma with shape parameter alpha > 0 and scale beta >= 0 (mean alpha * beta), by Marsaglia and
/// Tsang: A simple method for generating gamma variables, ACM TOMS 26, 2000.
Tensor gamma(const Shape& shape, const Operand& alpha = 1.0, const Operand& beta = 1.0,
             const Options& options = {});
/// Beta with parameters a > 0 and b > 0.
Tensor beta(const Shape& shape, const Operand& a, const Operand& b, const Options& options = {});
/// Laplace around `loc` with scale >= 0.
Tensor laplace(const Shape& shape, const Operand& loc = 0.0, const Operand& scale = 1.0,
               const Options& options = {});

/// Integers in [low, high), or [low, high] with `endpoint`, without bias (multiplication and
/// rejection: Lemire, Fast random integer generation in an interval, ACM TOMACS 29, 2019). Bounds
/// are integers that the dtype, which is an integer one, can hold; low must be below high (with
/// `endpoint` not above it).
Tensor integers(const Shape& shape, const Operand& low, const Operand& high,
                const Options& options = {}, bool endpoint = false);
/// 1 with probability p in [0, 1], else 0. Default dtype: bool.
Tensor bernoulli(const Shape& shape, const Operand& p = 0.5, const Options& options = {});
/// Successes in n trials, integers from 0 to 2^53, of probability p in [0, 1]: by inversion where
/// fewer than 10 are expected (of the rarer outcome), else by transformed rejection (Hoermann: The
/// generation of binomial random variates, 1993). An integer dtype must hold n.
Tensor binomial(const Shape& shape, const Operand& n, const Operand& p,
                const Options& options = {});
/// Poisson of mean lam, from 0 to 2^62, by inversion below 10, else by Hoermann's PTRS (Insurance:
/// Mathematics and Economics 12, 1993). RangeError for a drawn number beyond an integer dtype.
Tensor poisson(const Shape& shape, const Operand& lam = 1.0, const Options& options = {});

/// num_samples classes for each row along the last axis of `logits` (real, rank at least 1), whose
/// probabilities are softmax(row); shape: the row's axis replaced by num_samples. -inf is
/// probability 0. NaN, +inf, and rows without a possible class throw std::invalid_argument.
Tensor categorical(const Tensor& logits, int64_t num_samples, const Options& options = {});

/// 0 to n - 1 in random order.
Tensor permutation(int64_t n, const Options& options = {});
/// A copy of x with its elements along `axis` in random order: every order is equally likely (but
/// for the 2^64 seeds being fewer than the orders of more than 20 elements). Throws ShapeError for
/// rank 0 or an axis that does not exist. The dtype is x's.
Tensor permutation(const Tensor& x, int axis = 0, const Options& options = {});
/// The same by its other name.
Tensor shuffle(const Tensor& x, int axis = 0, const Options& options = {});

/// Elements of 0 to n - 1, n >= 1 (unless none is drawn).
///
/// With `replace` each is drawn on its own; without, none comes twice, so `shape` has at most n
/// elements. `p` (rank 1, n probabilities that add up to 1 within 1e-8) gives elements unequal
/// chances: of what is left, without replacement.
Tensor choice(int64_t n, const Shape& shape = {}, bool replace = true, const Tensor& p = {},
              const Options& options = {});
/// The same of the elements of x along its first axis; the result's shape is `shape`, then x's
/// other dimensions.
Tensor choice(const Tensor& x, const Shape& shape = {}, bool replace = true, const Tensor& p = {},
              const Options& options = {});

}  // namespace emberharmony::ops::random

namespace emberharmony::ops {

// The same by the names that are not in a namespace of their own.

inline void set_seed(uint64_t seed) { random::set_seed(seed); }
inline uint64_t get_seed() { return random::get_seed(); }
inline Tensor random_uniform(const Shape& shape, const Operand& minval = 0.0,
                             const Operand& maxval = 1.0, const random::Options& options = {}) {
  return random::uniform(shape, minval, maxval, options);
}
inline Tensor random_normal(const Shape& shape, const Operand& mean = 0.0,
                            const Operand& stddev = 1.0, const random::Options& options = {}) {
  return random::normal(shape, mean, stddev, options);
}
inline Tensor random_bernoulli(const Shape& shape, const Operand& p = 0.5,
                               const random::Options& options = {}) {
  return random::bernoulli(shape, p, options);
}
inline Tensor random_gamma(const Shape& shape, const Operand& alpha = 1.0,
                           const Operand& beta = 1.0, const random::Options& options = {}) {
  return random::gamma(shape, alpha, beta, options);
}
inline Tensor random_exponential(const Shape& shape, const Operand& scale = 1.0,
                                 const random::Options& options = {}) {
  return random::exponential(shape, scale, options);
}
inline Tensor random_poisson(const Shape& shape, const Operand& lam = 1.0,
                             const random::Options& options = {}) {
  return random::poisson(shape, lam, options);
}
inline Tensor random_categorical(const Tensor& data, int64_t num_samples,
                                 const random::Options& options = {}) {
  return random::categorical(data, num_samples, options);
}
inline Tensor random_permutation(int64_t n, const random::Options& options = {}) {
  return random::permutation(n, options);
}
inline Tensor random_permutation(const Tensor& x, const random::Options& options = {}) {
  return random::permutation(x, 0, options);
}
inline Tensor shuffle(const Tensor& x, int axis = 0, const random::Options& options = {}) {
  return random::shuffle(x, axis, options);
}

}  // namespace emberharmony::ops
