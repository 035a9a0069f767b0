#include "emberharmony/ops/indexing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// 0, 1, 2, ... in C order.
Tensor CountingUp(const Shape& shape) { return arange(shape.num_elements()).Reshape(shape); }

std::vector<int64_t> Elements(const Tensor& x) {
  const Tensor contiguous = x.Contiguous();
  const auto values = contiguous.values<int64_t>();
  return {values.begin(), values.end()};
}

Tensor Integers64(std::initializer_list<int64_t> values) { return asarray(values); }
Tensor Bools(std::initializer_list<bool> values) { return asarray(values); }

TEST(BasicIndex, SelectsViews) {
  const Tensor x = CountingUp({3, 4});
  EXPECT_THAT(Elements(get_index(x, {1})), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(Elements(get_index(x, {-1, -2})), ElementsAre(10));
  EXPECT_THAT(Elements(get_index(x, {ellipsis, 0})), ElementsAre(0, 4, 8));
  EXPECT_THAT(Elements(get_index(x, {Slice{{}, {}, -2}, Slice{1, 3}})), ElementsAre(9, 10, 1, 2));
  EXPECT_EQ(get_index(x, {newaxis, ellipsis, newaxis}).shape(), (Shape{1, 3, 4, 1}));
  EXPECT_EQ(get_index(x, std::span<const Index>()).shape(), x.shape());
  const Tensor view = get_index(x, {2, Slice{1}});
  *view.mutable_data_as<int64_t>() = 100;
  EXPECT_EQ(x.values<int64_t>()[9], 100);
}

TEST(BasicIndex, SlicesAreCutAsInPython) {
  const Tensor x = CountingUp({5});
  EXPECT_THAT(Elements(get_index(x, {Slice{-100, 100}})), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Elements(get_index(x, {Slice{100, {}, -2}})), ElementsAre(4, 2, 0));
  EXPECT_THAT(Elements(get_index(x, {Slice{3, -100, -1}})), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(Elements(get_index(x, {Slice{3, 1}})), ElementsAre());
  EXPECT_THAT(Elements(get_index(x, {Slice{1, {}, INT64_MAX}})), ElementsAre(1));
  EXPECT_THAT(Elements(get_index(x, {Slice{{}, {}, INT64_MIN}})), ElementsAre(4));
  EXPECT_THAT(Elements(get_index(x, {Slice{INT64_MIN, INT64_MAX, 2}})), ElementsAre(0, 2, 4));
  EXPECT_THROW(get_index(x, {Slice{{}, {}, 0}}), ShapeError);
}

TEST(BasicIndex, RefusesWhatLiesOutside) {
  const Tensor x = CountingUp({3, 4});
  EXPECT_EQ(MessageOf<IndexError>([&] { get_index(x, {0, 4}); }),
            "index 4 is out of bounds for axis 1 with size 4");
  EXPECT_EQ(MessageOf<IndexError>([&] { get_index(x, {-4}); }),
            "index -4 is out of bounds for axis 0 with size 3");
  EXPECT_EQ(MessageOf<IndexError>([&] { get_index(x, {INT64_MIN}); }),
            "index -9223372036854775808 is out of bounds for axis 0 with size 3");
  EXPECT_THAT(MessageOf<IndexError>([&] { get_index(x, {0, 0, 0}); }), HasSubstr("2 axes"));
  EXPECT_THROW(get_index(x, {ellipsis, ellipsis}), IndexError);
  EXPECT_THROW(get_index(Tensor(), {0}), std::invalid_argument);
}

TEST(TensorIndex, IntegersSelectAlongAnAxis) {
  const Tensor x = CountingUp({3, 4});
  const Tensor rows = asarray<int8_t>({2, -3, 2});
  EXPECT_THAT(Elements(get_index(x, {rows})), ElementsAre(8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
  EXPECT_THAT(Elements(get_index(x, {Slice{}, rows})), ElementsAre(2, 1, 2, 6, 5, 6, 10, 9, 10));
  EXPECT_THAT(Elements(get_index(x, {rows, Integers64({0, 1, 2})})), ElementsAre(8, 1, 10));
  EXPECT_EQ(get_index(x, {CountingUp({2, 1}), CountingUp({4})}).shape(), (Shape{2, 4}));
  EXPECT_EQ(MessageOf<IndexError>([&] { get_index(x, {Slice{}, Integers64({0, 4})}); }),
            "index 4 is out of bounds for axis 1 with size 4");
  EXPECT_EQ(MessageOf<IndexError>([&] { get_index(x, {asarray<uint64_t>({UINT64_MAX})}); }),
            "index 18446744073709551615 is out of bounds for axis 0 with size 3");
  EXPECT_THROW(get_index(x, {Integers64({0, 1}), Integers64({0, 1, 2})}), IndexError);
  EXPECT_THROW(get_index(x, {asarray({0.0, 1.0})}), IndexError);
}

TEST(TensorIndex, CommonAxesStayInPlaceOrComeFirst) {
  const Tensor x = CountingUp({2, 3, 4, 5});
  const Tensor two = Integers64({0, 1});
  EXPECT_EQ(get_index(x, {Slice{}, two, two}).shape(), (Shape{2, 2, 5}));
  EXPECT_EQ(get_index(x, {two, Slice{}, two}).shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(get_index(x, {Slice{}, two, Slice{}, two}).shape(), (Shape{2, 2, 4}));
  EXPECT_EQ(get_index(x, {Slice{}, 1, two}).shape(), (Shape{2, 2, 5}));
  EXPECT_EQ(get_index(x, {0, Slice{}, two}).shape(), (Shape{2, 3, 5}));
  EXPECT_EQ(get_index(x, {Slice{}, two, newaxis, two}).shape(), (Shape{2, 2, 1, 5}));
  EXPECT_EQ(get_index(x, {ellipsis, two, newaxis}).shape(), (Shape{2, 3, 4, 2, 1}));
  // x[i, :, j] is x[i[k], :, j[k]] for each k.
  const Tensor picked = get_index(x, {two, 2, Slice{}, Integers64({4, 3})});
  ASSERT_EQ(picked.shape(), (Shape{2, 4}));
  EXPECT_THAT(Elements(picked), ElementsAre(44, 49, 54, 59, 103, 108, 113, 118));
  // An ellipsis separates even where it stands for nothing.
  EXPECT_EQ(get_index(CountingUp({2, 3, 4}), {Slice{}, two, ellipsis, two}).shape(), (Shape{2, 2}));
  EXPECT_THAT(Elements(get_index(CountingUp({2, 3, 4}), {Slice{}, two, ellipsis, two})),
              ElementsAre(0, 12, 5, 17));
}

TEST(TensorIndex, BoolsSelectWhatIsTrue) {
  const Tensor x = CountingUp({2, 3});
  const Tensor mask = Bools({true, false, true, false, false, true}).Reshape({2, 3});
  EXPECT_THAT(Elements(get_index(x, {mask})), ElementsAre(0, 2, 5));
  EXPECT_THAT(Elements(get_index(x.PermuteDims(std::vector<int>{1, 0}),
                                 {mask.PermuteDims(std::vector<int>{1, 0})})),
              ElementsAre(0, 2, 5));
  EXPECT_THAT(Elements(get_index(x, {Bools({false, true})})), ElementsAre(3, 4, 5));
  EXPECT_THAT(Elements(get_index(x, {Slice{}, Bools({true, false, true})})),
              ElementsAre(0, 2, 3, 5));
  EXPECT_THAT(Elements(get_index(x, {Bools({true, true}), Bools({true, false, true})})),
              ElementsAre(0, 5));
  EXPECT_THAT(MessageOf<IndexError>([&] { get_index(x, {Bools({true, true, true})}); }),
              HasSubstr("axis 0 of the int64 tensor of shape (2, 3) has length 2"));
  // A mask over the middle axes of four.
  const Tensor deep = CountingUp({2, 2, 3, 2});
  const Tensor picked = get_index(deep, {Slice{}, mask});
  ASSERT_EQ(picked.shape(), (Shape{2, 3, 2}));
  EXPECT_THAT(Elements(picked), ElementsAre(0, 1, 4, 5, 10, 11, 12, 13, 16, 17, 22, 23));
}

TEST(TensorIndex, SingleBoolsAddAnAxis) {
  const Tensor x = CountingUp({2, 3});
  EXPECT_EQ(get_index(x, {true}).shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(get_index(x, {false}).shape(), (Shape{0, 2, 3}));
  EXPECT_EQ(get_index(x, {Tensor::Scalar(true), 1}).shape(), (Shape{1, 3}));
  EXPECT_EQ(get_index(x, {Slice{}, true}).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(get_index(Tensor::Scalar<int64_t>(3), {Tensor::Scalar(false)}).shape(), (Shape{0}));
  EXPECT_THAT(Elements(get_index(x, {true, Integers64({1, 0})})), ElementsAre(3, 4, 5, 0, 1, 2));
}

TEST(TensorIndex, MasksOfAllLengthsSelectAsALoopWould) {
  for (int64_t n : {1, 7, 8, 9, 63, 64, 100, 1000, 65'535, 65'536, 65'537, 200'000}) {
    for (uint32_t share : {0U, 1U, 128U, 255U, 256U}) {
      std::vector<int64_t> expected;
      const Tensor x = CountingUp({n});
      Tensor mask = zeros({n}, DType::kBool);
      uint32_t state = 12345;
      for (int64_t i = 0; i < n; ++i) {
        state = state * 1664525 + 1013904223;
        const bool truth = (state >> 24) < share;
        mask.mutable_data_as<bool>()[i] = truth;
        if (truth) expected.push_back(i);
      }
      ASSERT_EQ(Elements(get_index(x, {mask})), expected) << n << " " << share;
      // The same through offsets: two columns, of which the second is taken.
      const Tensor pairs = CountingUp({n, 2});
      const std::vector<int64_t> seconds = Elements(get_index(pairs, {mask, 1}));
      ASSERT_EQ(seconds.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(seconds[i], 2 * expected[i] + 1);
    }
  }
}

TEST(TensorIndex, IntegersOfRankZeroSelectCopies) {
  const Tensor x = CountingUp({3, 4});
  const Tensor row = get_index(x, {Tensor::Scalar<uint8_t>(1), Slice{1}});
  EXPECT_THAT(Elements(row), ElementsAre(5, 6, 7));
  *row.mutable_data_as<int64_t>() = 100;
  EXPECT_EQ(x.values<int64_t>()[5], 5);
}

TEST(TensorIndex, EmptyTensorsAndAxes) {
  const Tensor x = CountingUp({3, 4});
  const Tensor none = empty({0}, DType::kInt64);
  EXPECT_EQ(get_index(x, {none}).shape(), (Shape{0, 4}));
  EXPECT_EQ(get_index(x, {Slice{}, none}).shape(), (Shape{3, 0}));
  EXPECT_EQ(get_index(CountingUp({0, 3}), {Slice{}, Integers64({2, 1})}).shape(), (Shape{0, 2}));
  EXPECT_THROW(get_index(CountingUp({0, 3}), {Integers64({0})}), IndexError);
  EXPECT_EQ(get_index(CountingUp({0}), {empty({0}, DType::kBool)}).shape(), (Shape{0}));
  EXPECT_EQ(get_index(CountingUp({2, 3}), {empty({0}, DType::kBool)}).shape(), (Shape{0, 3}));
  EXPECT_EQ(get_index(CountingUp({2, 3}), {empty({2, 0}, DType::kBool)}).shape(), (Shape{0}));
  EXPECT_EQ(get_index(CountingUp({2, 0}), {empty({2, 0}, DType::kBool)}).shape(), (Shape{0}));
}

TEST(SetIndex, WritesIntoPlaces) {
  Tensor x = zeros({2, 3}, DType::kInt64);
  set_index(x, {0}, 1);
  set_index(x, {Slice{}, 1}, Integers64({7, 8}));
  EXPECT_THAT(Elements(x), ElementsAre(1, 7, 1, 0, 8, 0));
  set_index(x, {Integers64({1, 0}), Integers64({0, 2})}, Integers64({20, 10}));
  EXPECT_THAT(Elements(x), ElementsAre(1, 7, 10, 20, 8, 0));
  set_index(x, {Slice{}, Integers64({2, 0})}, Integers64({-1, -2}).Reshape({2, 1}));
  EXPECT_THAT(Elements(x), ElementsAre(-1, 7, -1, -2, 8, -2));
  set_index(x, {less(x, 0)}, 5);
  EXPECT_THAT(Elements(x), ElementsAre(5, 7, 5, 5, 8, 5));
  set_index(x, {equal(x, 5)}, Integers64({1, 2, 3, 4}));
  EXPECT_THAT(Elements(x), ElementsAre(1, 7, 2, 3, 8, 4));
  set_index(x, {ellipsis}, CountingUp({1, 1, 2, 3}));
  EXPECT_THAT(Elements(x), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(SetIndex, LeavesCopiesAndViewsAsTheyAre) {
  Tensor x = CountingUp({4});
  const Tensor copy = x, view = get_index(x, {Slice{1, 3}});
  set_index(x, {2}, 20);
  EXPECT_THAT(Elements(x), ElementsAre(0, 1, 20, 3));
  EXPECT_THAT(Elements(copy), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Elements(view), ElementsAre(1, 2));
  Tensor part = get_index(x, {Slice{2}});
  set_index(part, {ellipsis}, 7);
  EXPECT_THAT(Elements(part), ElementsAre(7, 7));
  EXPECT_THAT(Elements(x), ElementsAre(0, 1, 20, 3));
}

TEST(SetIndex, KeepsMemoryThatNoOtherHas) {
  Tensor x = CountingUp({4});
  const void* const memory = x.data();
  set_index(x, {2}, 20);
  set_index(x, {Slice{1}}, get_index(Integers64({5, 6, 7}), {Slice{}}));
  EXPECT_EQ(x.data(), memory);
  int64_t numbers[] = {1, 2, 3};
  Tensor theirs = Tensor::WrapMutable(numbers, Shape{3}, DType::kInt64, nullptr);
  set_index(theirs, {0}, 9);
  EXPECT_EQ(numbers[0], 9);
}

TEST(WriteIndex, ReachesWhateverSharesTheMemory) {
  const Tensor x = CountingUp({2, 3});
  const Tensor copy = x;
  internal::WriteIndex(x.PermuteDims(std::vector<int>{1, 0}), {Bools({true, false, true})},
                       Integers64({10, 20, 30, 40}).Reshape({2, 2}));
  EXPECT_THAT(Elements(x), ElementsAre(10, 1, 30, 20, 4, 40));
  EXPECT_THAT(Elements(copy), ElementsAre(10, 1, 30, 20, 4, 40));
  const Tensor row = CountingUp({5});
  internal::WriteIndex(row, {Slice{1}}, get_index(row, {Slice{{}, -1}}));
  EXPECT_THAT(Elements(row), ElementsAre(0, 0, 1, 2, 3));
  internal::WriteIndex(row, {Slice{}}, get_index(row, {Slice{{}, {}, -1}}));
  EXPECT_THAT(Elements(row), ElementsAre(3, 2, 1, 0, 0));
  internal::WriteIndex(row, {Integers64({0, 1, 2, 3, 4})}, get_index(row, {Slice{{}, {}, -1}}));
  EXPECT_THAT(Elements(row), ElementsAre(0, 0, 1, 2, 3));
  const Tensor mask = Bools({true, true, false, true});
  internal::WriteIndex(mask, {get_index(mask, {Slice{{}, {}, -1}})}, false);
  EXPECT_TRUE(mask.values<bool>()[1]);
  EXPECT_FALSE(mask.values<bool>()[0]);
}

TEST(SetIndex, TheLastOfRepeatedPlacesStays) {
  Tensor x = zeros({3}, DType::kInt64);
  set_index(x, {Integers64({1, 1, 1, 2})}, Integers64({5, 6, 7, 8}));
  EXPECT_THAT(Elements(x), ElementsAre(0, 7, 8));
}

TEST(SetIndex, ValuesThatShareMemoryAreReadBefore) {
  Tensor x = CountingUp({5});
  set_index(x, {Slice{1}}, get_index(x, {Slice{{}, -1}}));
  EXPECT_THAT(Elements(x), ElementsAre(0, 0, 1, 2, 3));
  set_index(x, {Slice{}}, get_index(x, {Slice{{}, {}, -1}}));
  EXPECT_THAT(Elements(x), ElementsAre(3, 2, 1, 0, 0));
  set_index(x, {Integers64({0, 1, 2, 3, 4})}, get_index(x, {Slice{{}, {}, -1}}));
  EXPECT_THAT(Elements(x), ElementsAre(0, 0, 1, 2, 3));
  Tensor mask = Bools({true, true, false, true});
  set_index(mask, {get_index(mask, {Slice{{}, {}, -1}})}, false);
  EXPECT_TRUE(mask.values<bool>()[1]);
  EXPECT_FALSE(mask.values<bool>()[0]);
}

TEST(SetIndex, ConvertsWithinAKindAndUpwards) {
  Tensor doubles = zeros({2});
  set_index(doubles, {0}, 3);
  set_index(doubles, {1}, asarray<float>({0.5F}));
  EXPECT_THAT(doubles.values<double>(), ElementsAre(3.0, 0.5));
  Tensor ints = zeros({2}, DType::kInt8);
  set_index(ints, {Slice{}}, Integers64({257, -1}));
  EXPECT_THAT(ints.values<int8_t>(), ElementsAre(1, -1));
  EXPECT_THROW(set_index(ints, {0}, asarray({1.0})), DTypeError);
  EXPECT_THROW(set_index(ints, {0}, 1.5), DTypeError);
  EXPECT_THROW(set_index(ints, {0}, 300), DTypeError);
  EXPECT_THAT(ints.values<int8_t>(), ElementsAre(1, -1));
}

TEST(SetIndex, RefusesWithoutChanges) {
  Tensor x = CountingUp({2, 3}), read_only = x.ReadOnly(), repeated = x.BroadcastTo({2, 2, 3});
  EXPECT_THROW(set_index(x, {Slice{}}, Integers64({1, 2})), ShapeError);
  EXPECT_THROW(set_index(x, {0}, CountingUp({2, 3})), ShapeError);
  EXPECT_THROW(set_index(x, {Integers64({0, 5})}, 9), IndexError);
  EXPECT_THROW(set_index(x, {less(x, 2)}, Integers64({1, 2, 3})), ShapeError);
  EXPECT_THROW(set_index(read_only, {0}, 9), std::invalid_argument);
  EXPECT_THROW(set_index(repeated, {0}, 9), std::invalid_argument);
  EXPECT_THROW(set_index(x, {0}, Tensor()), std::invalid_argument);
  EXPECT_EQ(Elements(x), Elements(CountingUp({2, 3})));
}

TEST(Take, AlongEachAxis) {
  const Tensor x = CountingUp({2, 3});
  EXPECT_THAT(Elements(take(x, Integers64({1, 1, 0}), 0)), ElementsAre(3, 4, 5, 3, 4, 5, 0, 1, 2));
  EXPECT_THAT(Elements(take(x, Integers64({-1, 0}), 1)), ElementsAre(2, 0, 5, 3));
  EXPECT_EQ(gather(x, CountingUp({2, 1}), 1).shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(take(x, Tensor::Scalar<int32_t>(1), -1).shape(), (Shape{2}));
  EXPECT_THAT(Elements(take(x.Slice(1, 2, -4, -1), Integers64({0, 1}), 1)),
              ElementsAre(2, 1, 5, 4));
  EXPECT_THROW(take(x, Integers64({0})), ShapeError);
  EXPECT_THROW(take(x, Integers64({3}), 1), IndexError);
  EXPECT_THROW(take(x, Integers64({0}), 2), ShapeError);
  EXPECT_THROW(take(x, asarray({0.0}), 1), DTypeError);
}

TEST(TakeAlongAxis, PicksPerRow) {
  const Tensor x = CountingUp({2, 3});
  const Tensor positions = Integers64({2, 0, 1, -1}).Reshape({2, 2});
  EXPECT_THAT(Elements(take_along_axis(x, positions)), ElementsAre(2, 0, 4, 5));
  EXPECT_THAT(Elements(take_along_axis(x, Integers64({1, 0, 1}).Reshape({1, 3}), 0)),
              ElementsAre(3, 1, 5));
  EXPECT_THAT(Elements(take_along_axis(x, Integers64({1}).Reshape({1, 1}), 1)), ElementsAre(1, 4));
  EXPECT_THROW(take_along_axis(x, Integers64({1})), ShapeError);
  EXPECT_THROW(take_along_axis(x, CountingUp({3, 1}), 1), ShapeError);
}

TEST(SliceTensor, TakesAPartAndReplacesIt) {
  const Tensor x = CountingUp({3, 4});
  EXPECT_THAT(Elements(slice_tensor(x, std::vector<int64_t>{1, 2}, std::vector<int64_t>{-1, 1})),
              ElementsAre(6, 10));
  EXPECT_THROW(slice_tensor(x, std::vector<int64_t>{1}, std::vector<int64_t>{3}), ShapeError);
  const Tensor updated = slice_update(x, std::vector<int64_t>{1, 2}, zeros({2, 1}, DType::kInt64));
  EXPECT_THAT(Elements(updated), ElementsAre(0, 1, 2, 3, 4, 5, 0, 7, 8, 9, 0, 11));
  EXPECT_EQ(x.values<int64_t>()[6], 6);
}

}  // namespace
}  // namespace emberharmony::ops
