// Sorts, selections and searches give the same on every instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/order_statistics.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Small numbers, so that some are equal, and among floating-point ones special ones.
Tensor RandomRows(int64_t rows, int64_t n, DType dtype, bool with_nan) {
  std::mt19937_64 random(n);
  const Tensor x = Tensor::Empty({rows, n}, dtype);
  tensor::VisitReal(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = static_cast<T*>(x.mutable_data());
    for (int64_t i = 0; i < x.size(); ++i) {
      const uint64_t bits = random();
      to[i] = static_cast<T>(static_cast<int64_t>(bits % 201) - 100);
      if constexpr (std::is_floating_point_v<T>) {
        using Limits = std::numeric_limits<T>;
        const T special[] = {T(0), -T(0), Limits::infinity(), -Limits::infinity(),
                             Limits::denorm_min()};
        if ((bits >> 32) % 8 == 0) to[i] = special[(bits >> 40) % 5];
        if (with_nan && (bits >> 32) % 50 == 1) to[i] = Limits::quiet_NaN();
        if ((bits >> 32) % 4 == 3) to[i] /= T(7);
      }
    }
  });
  return x;
}

Tensor Result(Op op, const Tensor& x, DType dtype, bool descending) {
  const tensor::Shape shape =
      op == Op::kArgMax || op == Op::kArgMin ? tensor::Shape{x.shape()[0]} : x.shape();
  const Tensor result = Tensor::Empty(shape, dtype);
  const Attribute attributes[] = {Attribute::Integer(AttributeKey::kAxis, 1),
                                  Attribute::Integer(AttributeKey::kDescending, descending)};
  const Tensor* inputs[] = {&x};
  const Tensor* outputs[] = {&result};
  Native().Execute(op, inputs, attributes, outputs);
  return result;
}

std::vector<Tensor> AllResults(const Tensor& x) {
  std::vector<Tensor> results;
  for (const bool descending : {false, true}) {
    results.push_back(Result(Op::kSort, x, x.dtype(), descending));
    results.push_back(Result(Op::kArgSort, x, DType::kInt64, descending));
  }
  results.push_back(Result(Op::kArgMax, x, DType::kInt64, false));
  results.push_back(Result(Op::kArgMin, x, DType::kInt64, false));
  if (tensor::IsRealFloating(x.dtype())) {
    const int64_t n = x.shape()[1];
    std::vector<int64_t> ranks = {0, n / 4, n / 2, n - 1};
    ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
    results.push_back(OrderStatistics(x, ranks));
  }
  return results;
}

TEST(Sorting, DoesNotDependOnTheInstructionSet) {
  for (DType dtype :
       {DType::kInt8, DType::kUInt8, DType::kInt16, DType::kUInt16, DType::kInt32, DType::kUInt32,
        DType::kInt64, DType::kUInt64, DType::kFloat32, DType::kFloat64}) {
    for (const int64_t n : {1, 3, 8, 13, 40, 49, 100, 511, 1024, 1030, 5000}) {
      for (const bool with_nan : {false, true}) {
        const Tensor x = RandomRows(n < 200 ? 70 : 6, n, dtype, with_nan);
        ForceInstructionSet(InstructionSet::kScalar);
        const std::vector<Tensor> expected = AllResults(x);
        for (InstructionSet set : SupportedInstructionSets()) {
          ForceInstructionSet(set);
          const std::vector<Tensor> results = AllResults(x);
          for (size_t i = 0; i < results.size(); ++i) {
            EXPECT_EQ(std::memcmp(results[i].data(), expected[i].data(), results[i].size_bytes()),
                      0)
                << tensor::DTypeName(dtype) << " n " << n << " " << InstructionSetName(set)
                << " result " << i;
          }
        }
        ForceInstructionSet(std::nullopt);
      }
    }
  }
}

/// Elements of any bits, or the same one n times; among floating-point ones NaN of many kinds.
template <class T>
std::vector<T> AnyBits(int64_t n, bool all_same) {
  std::mt19937_64 random(n);
  std::vector<T> x(n);
  for (T& element : x) {
    const uint64_t bits = all_same ? 0x123456789abcdef0 : random();
    std::memcpy(&element, &bits, sizeof(T));
    // Half of any bits' exponents would be far from 0.
    if constexpr (std::is_floating_point_v<T>) {
      if (bits % 3 == 0) element = static_cast<T>(static_cast<int64_t>(bits >> 8)) / T(1 << 20);
    }
  }
  return x;
}

template <class T>
void ExpectSortedAsByTheLibrary(int64_t n, bool all_same, bool descending) {
  const std::vector<T> x = AnyBits<T>(n, all_same);
  std::vector<T> expected = x;
  const auto numbers =
      std::stable_partition(expected.begin(), expected.end(), [](T a) { return a == a; });
  std::stable_sort(expected.begin(), numbers,
                   [descending](T a, T b) { return descending ? a > b : a < b; });
  const Tensor row = Tensor::Wrap(x.data(), {1, n}, tensor::DTypeOf<T>(), nullptr);
  const Tensor found = Result(Op::kSort, row, row.dtype(), descending);
  const T* sorted = static_cast<const T*>(found.data());
  for (int64_t i = 0; i < n; ++i) {
    const bool same = expected[i] != expected[i]
                          ? sorted[i] != sorted[i]
                          : std::memcmp(&sorted[i], &expected[i], sizeof(T)) == 0;
    ASSERT_TRUE(same) << "at " << i << " of " << n << ": " << +sorted[i] << ", not "
                      << +expected[i];
  }
}

TEST(Sorting, OfOneRowIsTheLibrarys) {
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    for (const int64_t n : {1, 24, 25, 63, 1000, 16383, 16384, 40009}) {
      for (const bool all_same : {false, true}) {
        for (const bool descending : {false, true}) {
          ExpectSortedAsByTheLibrary<int16_t>(n, all_same, descending);
          ExpectSortedAsByTheLibrary<int32_t>(n, all_same, descending);
          ExpectSortedAsByTheLibrary<uint32_t>(n, all_same, descending);
          ExpectSortedAsByTheLibrary<int64_t>(n, all_same, descending);
          ExpectSortedAsByTheLibrary<uint64_t>(n, all_same, descending);
          ExpectSortedAsByTheLibrary<float>(n, all_same, descending);
          ExpectSortedAsByTheLibrary<double>(n, all_same, descending);
        }
      }
    }
    ForceInstructionSet(std::nullopt);
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
