// Comparisons on every instruction set against C++'s operators, of all lengths up to several
// vectors.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "emberharmony/backend/native/kernel_table_internal.h"

namespace emberharmony::backend::native {
namespace {

template <class T>
class Comparisons : public ::testing::Test {};
using ComparedTypes =
    ::testing::Types<double, float, int64_t, uint64_t, int32_t, uint32_t, uint8_t>;
TYPED_TEST_SUITE(Comparisons, ComparedTypes);

template <class T>
std::vector<T> Values(size_t n, std::mt19937_64* random) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> notable = {T(0), T(1), T(2), Limits::max(), Limits::lowest()};
  if constexpr (!Limits::is_integer) {
    notable.insert(notable.end(), {-T(0), Limits::quiet_NaN(), Limits::infinity(),
                                   -Limits::infinity(), Limits::denorm_min()});
  }
  std::vector<T> values(n);
  for (T& value : values) value = notable[(*random)() % notable.size()];
  return values;
}

template <class T>
bool Expected(Op op, T x, T y) {
  switch (op) {
    case Op::kEqual:
      return x == y;
    case Op::kNotEqual:
      return x != y;
    case Op::kLess:
      return x < y;
    case Op::kLessEqual:
      return x <= y;
    case Op::kGreater:
      return x > y;
    default:
      return x >= y;
  }
}

TYPED_TEST(Comparisons, OfAllLengths) {
  using T = TypeParam;
  std::mt19937_64 random(89);
  for (InstructionSet set : SupportedInstructionSets()) {
    ForceInstructionSet(set);
    for (Op op :
         {Op::kEqual, Op::kNotEqual, Op::kLess, Op::kLessEqual, Op::kGreater, Op::kGreaterEqual}) {
      for (size_t n = 0; n <= 140; ++n) {
        const std::vector<T> x = Values<T>(n, &random), y = Values<T>(n, &random);
        // One more, which is not to be written.
        std::vector<uint8_t> found(n + 1, 7);
        const void* inputs[] = {x.data(), y.data()};
        ActiveKernels().Get(op, tensor::DTypeOf<T>())(inputs, found.data(),
                                                      static_cast<int64_t>(n));
        for (size_t i = 0; i < n; ++i) {
          ASSERT_EQ(found[i], Expected(op, x[i], y[i]) ? 1 : 0)
              << InfoOf(op).name << " of " << +x[i] << " and " << +y[i] << " with "
              << InstructionSetName(set);
        }
        ASSERT_EQ(found[n], 7);
      }
    }
    ForceInstructionSet(std::nullopt);
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
