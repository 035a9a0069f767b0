#pragma once

namespace emberharmony::backend::native {
namespace {

/// log(e^x + e^y) = larger + log1p(e^(smaller - larger)), in extended precision: the sum cancels
/// where it is near zero.
template <class T>
struct LogAddExpOf {
  static T Do(T x, T y) {
    if (x == y) return static_cast<T>(static_cast<long double>(x) + 0x0.b17217f7d1cf79abcap0L);
    if (x != x || y != y) return x + y;
    const long double larger = x > y ? x : y;
    const long double smaller = x > y ? y : x;
    return static_cast<T>(larger + __builtin_log1pl(__builtin_expl(smaller - larger)));
  }
};

}  // namespace
}  // namespace emberharmony::backend::native
