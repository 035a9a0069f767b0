#pragma once

#include <limits>
#include <numbers>

/// The constants of the Array API standard; newaxis stands with indexing.
namespace emberharmony::ops {

inline constexpr double pi = std::numbers::pi;
inline constexpr double e = std::numbers::e;
inline constexpr double inf = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace emberharmony::ops
