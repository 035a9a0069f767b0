#pragma once

#include <cstdint>

namespace emberharmony::backend {

struct Root {
  double cos;
  double sin;
};

/// cos and sin of 2 pi k / n, for 0 <= k < n <= 2^53, both within 0.8 ulp. Uses no function of a
/// mathematical library but the fused multiply-add, which is exact by definition, so that every
/// machine gives the same bits.
Root RootOfUnity(int64_t k, int64_t n);

}  // namespace emberharmony::backend
