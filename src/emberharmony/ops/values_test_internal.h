// What the tests of ops share.
#pragma once

#include <exception>
#include <limits>
#include <string>
#include <vector>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::ops {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The elements in row-major order, whatever the layout.
template <class T = double>
std::vector<T> ListOf(const tensor::Tensor& tensor) {
  const tensor::Tensor contiguous = tensor.Contiguous();
  const auto values = contiguous.values<T>();
  return {values.begin(), values.end()};
}

/// What the Error that `f` throws says, or that it throws nothing.
template <class Error = std::exception, class F>
std::string MessageOf(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace emberharmony::ops
