#pragma once

#include <cstdint>

/// Functions for the discrete distributions. Fixed sequences of IEEE operations, as in
/// backend/native/random_math.h, for the same reason: the C library's may differ in the
/// last bit from one version to the next, and a rejection decides by comparing.
namespace emberharmony::ops::random {

/// Within 2 ulp; x is positive, not subnormal, finite.
double Log(double x);
/// Within 2 ulp (results below 2^-1022: coarser); 0 below -745.2, infinity above 709.79.
double Exp(double x);
/// log(1 + x), -1 < x <= 1, within 4 ulp.
double Log1p(double x);
/// The two normals out of two words (see backend/native/random_internal.h).
void NormalPair(uint64_t first, uint64_t second, double* cosine, double* sine);

/// log(pmf) of a Poisson distribution of mean lam > 0 at k >= 0. By Loader: Fast and accurate
/// computation of binomial probabilities, 2000, whose terms do not cancel.
double LogPoisson(double k, double lam);
/// log(pmf) of a binomial distribution at k in [0, n]; 0 < p < 1.
double LogBinomial(double k, double n, double p);

}  // namespace emberharmony::ops::random
