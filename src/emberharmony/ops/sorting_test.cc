#include "emberharmony/ops/sorting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "emberharmony/ops.h"

namespace emberharmony::ops {
namespace {

constexpr DType kDTypes[] = {DType::kBool,   DType::kInt8,    DType::kInt16,  DType::kInt32,
                             DType::kInt64,  DType::kUInt8,   DType::kUInt16, DType::kUInt32,
                             DType::kUInt64, DType::kFloat32, DType::kFloat64};

/// What kind of elements: many equal ones, any bits, or numbers that share their high bits.
enum class Kind { kFew, kAny, kClose };

template <class T>
std::vector<T> RandomElements(int64_t n, Kind kind, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(n);
  for (int64_t i = 0; i < n; ++i) {
    T value{};
    const uint64_t bits = random();
    if constexpr (std::is_same_v<T, bool>) {
      value = bits & 1;
    } else if constexpr (std::is_floating_point_v<T>) {
      const T special[] = {T(0),
                           -T(0),
                           std::numeric_limits<T>::infinity(),
                           -std::numeric_limits<T>::infinity(),
                           std::numeric_limits<T>::quiet_NaN(),
                           -std::numeric_limits<T>::quiet_NaN(),
                           std::numeric_limits<T>::denorm_min(),
                           T(1)};
      if (kind == Kind::kFew) value = special[bits % 8];
      if (kind == Kind::kAny) std::memcpy(&value, &bits, sizeof(T));
      if (kind == Kind::kClose)
        value = T(1) + static_cast<T>(bits % 4096) * std::numeric_limits<T>::epsilon();
      if (kind == Kind::kClose && bits % 1000 == 0) value = std::numeric_limits<T>::max();
    } else {
      value = static_cast<T>(kind == Kind::kFew   ? bits % 5
                             : kind == Kind::kAny ? bits
                                                  : bits % 4096 + 100);
      if (kind == Kind::kClose && bits % 1000 == 0) value = std::numeric_limits<T>::max();
    }
    values[i] = value;
  }
  return values;
}

/// The order that sorts are promised to have, by the standard library.
template <class T>
std::vector<int64_t> ExpectedOrder(const std::vector<T>& x, bool descending) {
  std::vector<int64_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    const bool a_nan = x[a] != x[a], b_nan = x[b] != x[b];
    if (a_nan || b_nan) return !a_nan && b_nan;
    return descending ? x[a] > x[b] : x[a] < x[b];
  });
  return order;
}

template <class T>
bool SameElement(T a, T b) {
  if (a != a || b != b) return a != a && b != b;
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
Tensor TensorOf(const std::vector<T>& x) {
  const Tensor result = Tensor::Empty({static_cast<int64_t>(x.size())}, tensor::DTypeOf<T>());
  std::copy(x.begin(), x.end(), result.mutable_data_as<T>());
  return result;
}

TEST(Sorting, AgreesWithTheStandardLibraryBitForBit) {
  for (DType dtype : kDTypes) {
    tensor::VisitReal(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (int64_t n : {0, 1, 2, 23, 24, 25, 100, 1000, 5000}) {
        for (Kind kind : {Kind::kFew, Kind::kAny, Kind::kClose}) {
          for (bool descending : {false, true}) {
            const std::vector<T> x = RandomElements<T>(n, kind, 3 * n + 1);
            const std::vector<int64_t> order = ExpectedOrder(x, descending);
            const Tensor sorted = sort(TensorOf(x), {.descending = descending});
            const Tensor positions = argsort(TensorOf(x), {.descending = descending});
            ASSERT_EQ(sorted.dtype(), dtype);
            for (int64_t i = 0; i < n; ++i) {
              ASSERT_TRUE(SameElement<T>(sorted.data_as<T>()[i], x[order[i]]))
                  << DTypeName(dtype) << " n " << n << " descending " << descending << " at " << i;
              ASSERT_EQ(positions.data_as<int64_t>()[i], order[i])
                  << DTypeName(dtype) << " n " << n << " descending " << descending << " at " << i;
            }
            const int64_t k = std::min<int64_t>(n, 40);
            const TopK best = topk(TensorOf(x), k, 0, descending);
            for (int64_t i = 0; i < k; ++i) {
              ASSERT_EQ(best.indices.data_as<int64_t>()[i], order[i]) << DTypeName(dtype) << n;
              ASSERT_TRUE(SameElement<T>(best.values.data_as<T>()[i], x[order[i]]));
            }
          }
        }
      }
    });
  }
}

/// Rows of every length up to which many are sorted at a time, and longer ones, along the last axis
/// and along the first one.
TEST(Sorting, SortsManyRowsAsItSortsEach) {
  for (DType dtype : kDTypes) {
    tensor::VisitReal(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (int64_t n : {1, 2, 7, 8, 9, 16, 31, 100, 255, 520, 1024, 1025}) {
        const int64_t rows = n < 40 ? 75 : 19;
        for (Kind kind : {Kind::kFew, Kind::kAny}) {
          const std::vector<T> x = RandomElements<T>(rows * n, kind, 5 * n + 2);
          const Tensor matrix = reshape(TensorOf(x), {rows, n});
          for (bool descending : {false, true}) {
            const Tensor sorted = sort(matrix, {.descending = descending});
            const Tensor down = sort(matrix.PermuteDims(std::array{1, 0}).Copy(),
                                     {.axis = 0, .descending = descending});
            for (int64_t row = 0; row < rows; ++row) {
              const std::vector<T> one(x.begin() + row * n, x.begin() + (row + 1) * n);
              const std::vector<int64_t> order = ExpectedOrder(one, descending);
              for (int64_t i = 0; i < n; ++i) {
                const T expected = one[order[i]];
                ASSERT_TRUE(SameElement<T>(sorted.data_as<T>()[row * n + i], expected))
                    << DTypeName(dtype) << " n " << n << " descending " << descending;
                ASSERT_TRUE(SameElement<T>(down.data_as<T>()[i * rows + row], expected))
                    << DTypeName(dtype) << " n " << n << " descending " << descending;
              }
            }
          }
        }
      }
    });
  }
}

TEST(Sorting, WorksAlongAnyAxisOfAnyLayout) {
  const Tensor x = reshape(asarray<int32_t>({5, 1, 4, 2, 3, 0, 9, 7, 8, 6, 11, 10}), {2, 3, 2});
  for (int axis : {0, 1, 2, -1}) {
    const Tensor direct = sort(x, {.axis = axis});
    const Tensor positions = argsort(x, {.axis = axis});
    const int order[] = {2, 0, 1}, back[] = {1, 2, 0};
    const Tensor strided = permute_dims(permute_dims(x, order).Copy(), back);
    EXPECT_TRUE(all(equal(sort(strided, {.axis = axis}), direct)).item<bool>());
    EXPECT_TRUE(all(equal(argsort(strided, {.axis = axis}), positions)).item<bool>());
  }
  EXPECT_TRUE(all(equal(sort(x, {.axis = 1}).Select(0, 0),
                        reshape(asarray<int32_t>({3, 0, 4, 1, 5, 2}), {3, 2})))
                  .item<bool>());
  EXPECT_THROW(sort(x, {.axis = 3}), ShapeError);
  EXPECT_THROW(sort(full({}, 1.0)), ShapeError);
  EXPECT_THROW(sort(zeros({2}, DType::kComplex64)), DTypeError);
  EXPECT_THROW(topk(x, 4, 1), ShapeError);
  EXPECT_EQ(topk(x, 0, 1).values.shape().ToString(), "(2, 0, 2)");
}

}  // namespace
}  // namespace emberharmony::ops
