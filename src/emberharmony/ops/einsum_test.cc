#include "emberharmony/ops/einsum.h"

#include <gtest/gtest.h>

#include <vector>

#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/matmul.h"

namespace emberharmony::ops {
namespace {

Tensor Einsum(std::string_view subscripts, std::vector<Tensor> operands) {
  return einsum(subscripts, operands);
}

void ExpectEqualIntegers(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  ASSERT_EQ(a.dtype(), b.dtype());
  const Tensor x = a.Contiguous();
  const Tensor y = b.Contiguous();
  for (int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x.data_as<int64_t>()[i], y.data_as<int64_t>()[i]) << i;
  }
}

TEST(Einsum, SpellsKnownFunctions) {
  const Tensor a = arange(12).Reshape({3, 4});
  const Tensor b = arange(20).Reshape({4, 5});
  const Tensor square = arange(9).Reshape({3, 3});
  ExpectEqualIntegers(Einsum("ij,jk->ik", {a, b}), matmul(a, b));
  ExpectEqualIntegers(Einsum("ij,jk", {a, b}), matmul(a, b));
  ExpectEqualIntegers(Einsum("ij->ji", {a}), a.PermuteDims(std::vector<int>{1, 0}));
  ExpectEqualIntegers(Einsum("ba", {a}), a.PermuteDims(std::vector<int>{1, 0}));
  EXPECT_EQ(Einsum("ii", {square}).item<int64_t>(), 12);
  EXPECT_EQ(Einsum("ij->", {a}).item<int64_t>(), 66);
  ExpectEqualIntegers(Einsum("ii->i", {square}), asarray({int64_t{0}, int64_t{4}, int64_t{8}}));
  const Tensor v = arange(3);
  ExpectEqualIntegers(Einsum("i,j->ij", {v, v}),
                      asarray({0L, 0L, 0L, 0L, 1L, 2L, 0L, 2L, 4L}).Reshape({3, 3}));
  EXPECT_EQ(Einsum("i,i", {v, v}).item<int64_t>(), 5);
  EXPECT_EQ(Einsum("i,i,i->", {v, v, v}).item<int64_t>(), 9);
  // v a w, from left to right.
  EXPECT_EQ(Einsum("i, ij, j", {v, a, arange(4)}).item<int64_t>(), 38 + 2 * 62);
}

TEST(Einsum, StacksAndBroadcastsNamelessAxes) {
  const Tensor a = arange(24).Reshape({2, 3, 4});
  const Tensor b = arange(40).Reshape({2, 4, 5});
  ExpectEqualIntegers(Einsum("...ij,...jk->...ik", {a, b}), matmul(a, b));
  ExpectEqualIntegers(Einsum("...ij,...jk", {a, b}), matmul(a, b));
  ExpectEqualIntegers(Einsum("...ij,jk", {a, b.Select(0, 1)}), matmul(a, b.Select(0, 1)));
  ExpectEqualIntegers(Einsum("bij,bjk->bik", {a.Slice(0, 0, 1), b}), matmul(a.Slice(0, 0, 1), b));
  EXPECT_EQ(Einsum("i...->...", {a}).shape(), (Shape{3, 4}));
  EXPECT_EQ(Einsum("i,j,k->kji", {arange(2), arange(3), arange(4)}).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(Einsum("ij,jk->ik", {zeros({2, 0}), zeros({0, 3})}).shape(), (Shape{2, 3}));
}

TEST(Einsum, SaysWhatItCannotRead) {
  const Tensor a = arange(12).Reshape({3, 4});
  EXPECT_THROW(Einsum("ij,jk", {a}), std::invalid_argument);
  EXPECT_THROW(Einsum("i1", {a}), std::invalid_argument);
  EXPECT_THROW(Einsum("ij->ik", {a}), std::invalid_argument);
  EXPECT_THROW(Einsum("ij->ii", {a}), std::invalid_argument);
  EXPECT_THROW(Einsum("......", {a}), std::invalid_argument);
  EXPECT_THROW(Einsum("...->", {a}), std::invalid_argument);
  EXPECT_THROW(Einsum("ijk", {a}), ShapeError);
  EXPECT_THROW(Einsum("i", {a}), ShapeError);
  EXPECT_THROW(Einsum("ii", {a}), ShapeError);
  EXPECT_THROW(Einsum("ij,ij", {a, arange(6).Reshape({3, 2})}), ShapeError);
  EXPECT_THROW(Einsum("i", {zeros({2}, DType::kBool)}), DTypeError);
}

}  // namespace
}  // namespace emberharmony::ops
