#pragma once

#include <complex>
#include <string>
#include <type_traits>

#include "emberharmony/backend/native/openblas_abi_internal.h"

namespace emberharmony::backend::native {

/// The plugin's table, or null where there is none. The plugin is a library of its own,
/// `libemberharmony_openblas.so`, because BLAS symbols in the global scope would capture the calls
/// of other frameworks. It is looked for on first use, in EMBERHARMONY_PLUGIN_DIR and beside this
/// library, and never unloaded. Thread-safe.
const EmberOpenBlas* FindOpenBlas();

/// The same; throws UnsupportedError, which names `function` and every path that was tried.
const EmberOpenBlas& RequireOpenBlas(const char* function);

/// What was found, or what was tried and failed, for people.
std::string DescribeOpenBlas();

/// The routines for elements of type T: float, double or std::complex of one of them.
template <class T>
const EmberLapack& LapackOf(const EmberOpenBlas& openblas) {
  if constexpr (std::is_same_v<T, float>) {
    return openblas.float32;
  } else if constexpr (std::is_same_v<T, double>) {
    return openblas.float64;
  } else if constexpr (std::is_same_v<T, std::complex<float>>) {
    return openblas.complex64;
  } else {
    static_assert(std::is_same_v<T, std::complex<double>>);
    return openblas.complex128;
  }
}

/// While it lives, this thread may call routines of the plugin. OpenBLAS holds a fixed number of
/// buffers for callers at the same time and ends the process when they run out; more threads than
/// that wait here.
class OpenBlasTurn {
 public:
  OpenBlasTurn();
  ~OpenBlasTurn();
  OpenBlasTurn(const OpenBlasTurn&) = delete;
  OpenBlasTurn& operator=(const OpenBlasTurn&) = delete;
};

}  // namespace emberharmony::backend::native
