// Matrices for the tests of ops.
#pragma once

#include <gtest/gtest.h>

#include <complex>
#include <cstring>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::ops {

using FloatTypes = ::testing::Types<float, double, std::complex<float>, std::complex<double>>;

template <class T>
tensor::Tensor Make(std::vector<T> values, tensor::Shape shape) {
  return tensor::Tensor::FromValues(std::span<const T>(values), shape);
}

template <class T>
tensor::Tensor Normals(tensor::Shape shape, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<T> values(shape.num_elements());
  for (T& value : values) {
    if constexpr (std::is_arithmetic_v<T>) {
      value = static_cast<T>(normal(engine));
    } else {
      value = {static_cast<typename T::value_type>(normal(engine)),
               static_cast<typename T::value_type>(normal(engine))};
    }
  }
  return Make(values, shape);
}

inline void ExpectSameBits(const tensor::Tensor& a, const tensor::Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  ASSERT_EQ(a.dtype(), b.dtype());
  EXPECT_EQ(0, std::memcmp(a.Contiguous().data(), b.Contiguous().data(), a.size_bytes()));
}

}  // namespace emberharmony::ops
