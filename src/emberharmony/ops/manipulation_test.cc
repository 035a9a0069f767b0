#include "emberharmony/ops/manipulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> Ints(const Tensor& tensor) { return ListOf<int64_t>(tensor); }

Tensor Counting(const Shape& shape) { return arange(shape.num_elements()).Reshape(shape); }

using Axes = std::vector<int>;
using Numbers = std::vector<int64_t>;
using Widths = std::vector<std::pair<int64_t, int64_t>>;

TEST(Manipulation, StackAndConcat) {
  const Tensor a = asarray<int32_t>({1, 2}), b = asarray<int64_t>({3, 4});
  const Tensor both[] = {a, b};
  EXPECT_EQ(stack(both).dtype(), DType::kInt64);
  EXPECT_THAT(ListOf<int64_t>(stack(both)), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(ListOf<int64_t>(stack(both, 1)), ElementsAre(1, 3, 2, 4));
  EXPECT_EQ(stack(both, -1).shape().ToString(), "(2, 2)");
  EXPECT_THAT(ListOf<int64_t>(concat(both)), ElementsAre(1, 2, 3, 4));
  const Tensor blocks[] = {reshape(arange(4), {2, 2}), reshape(arange(2), {2, 1})};
  EXPECT_THAT(ListOf<int64_t>(concat(blocks, 1)), ElementsAre(0, 1, 0, 2, 3, 1));
  const Tensor mixed[] = {a, asarray<double>({1, 2})};
  EXPECT_THAT(ListOf<double>(stack(mixed)), ElementsAre(1, 2, 1, 2));
  const Tensor without_common[] = {a, asarray<uint64_t>({1, 2})};
  EXPECT_THROW(stack(without_common), DTypeError);
  const Tensor uneven[] = {a, arange(3)};
  EXPECT_THROW(stack(uneven), ShapeError);
  EXPECT_EQ(concat(uneven).size(), 5);
  EXPECT_THROW(concat(blocks, 0), ShapeError);
  EXPECT_THROW(stack(both, 2), ShapeError);
  EXPECT_THROW(stack({}), std::invalid_argument);
}

TEST(Manipulation, ShapesAreViewsWhereTheyCanBe) {
  const Tensor x = Counting({2, 3});
  EXPECT_EQ(reshape(x, {3, -1}).data(), x.data());
  EXPECT_NE(reshape(x, {3, 2}, true).data(), x.data());
  EXPECT_EQ(reshape(x, {3, 2}, false).data(), x.data());
  EXPECT_THROW(reshape(transpose(x), {6}, false), ShapeError);
  EXPECT_THAT(Ints(ravel(transpose(x))), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_EQ(ravel(x).data(), x.data());
  EXPECT_NE(flatten(x).data(), x.data());
  EXPECT_EQ(ravel(zeros({0, 3})).shape(), Shape{0});
  EXPECT_EQ(expand_dims(x, Axes{0, -1}).shape(), (Shape{1, 2, 3, 1}));
  EXPECT_THROW(expand_dims(x, Axes{0, 0}), ShapeError);
  EXPECT_THROW(expand_dims(x, 3), ShapeError);
  const Tensor deep = Counting({1, 2, 1});
  EXPECT_EQ(squeeze(deep).shape(), Shape{2});
  EXPECT_EQ(squeeze(deep, Axes{-1}).shape(), (Shape{1, 2}));
  EXPECT_THROW(squeeze(deep, Axes{1}), ShapeError);
  const Shape shapes[] = {{3, 1}, {1, 4}, {2, 1, 1}};
  EXPECT_EQ(broadcast_shapes(shapes), (Shape{2, 3, 4}));
  const Shape uneven[] = {{3}, {4}};
  EXPECT_THROW(broadcast_shapes(uneven), ShapeError);
  EXPECT_EQ(broadcast_shapes({}), Shape{});
  const Tensor both[] = {Counting({3, 1}), Counting({2})};
  EXPECT_THAT(Ints(broadcast_arrays(both)[1]), ElementsAre(0, 1, 0, 1, 0, 1));
}

TEST(Manipulation, OrderOfAxesAndElements) {
  const Tensor x = Counting({2, 3, 4});
  EXPECT_EQ(transpose(x).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(matrix_transpose(x).shape(), (Shape{2, 4, 3}));
  EXPECT_THROW(matrix_transpose(arange(3)), ShapeError);
  EXPECT_EQ(swapaxes(x, 0, -1).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(moveaxis(x, Axes{0}, Axes{-1}).shape(), (Shape{3, 4, 2}));
  EXPECT_EQ(moveaxis(x, Axes{0, 1}, Axes{2, 0}).shape(), (Shape{3, 4, 2}));
  EXPECT_THROW(moveaxis(x, Axes{0, 0}, Axes{1, 2}), ShapeError);
  EXPECT_THROW(moveaxis(x, Axes{0}, Axes{1, 2}), ShapeError);
  EXPECT_THAT(Ints(flip(Counting({2, 2}))), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(Ints(flip(Counting({2, 2}), Axes{1})), ElementsAre(1, 0, 3, 2));
  EXPECT_EQ(flip(zeros({0, 2})).shape(), (Shape{0, 2}));
  const Tensor y = Counting({2, 3});
  EXPECT_THAT(Ints(roll(y, Numbers{1})), ElementsAre(5, 0, 1, 2, 3, 4));
  EXPECT_THAT(Ints(roll(y, Numbers{-1}, Axes{1})), ElementsAre(1, 2, 0, 4, 5, 3));
  EXPECT_THAT(Ints(roll(y, Numbers{1, 1}, Axes{0, 1})), ElementsAre(5, 3, 4, 2, 0, 1));
  EXPECT_THAT(Ints(roll(y, Numbers{INT64_MIN}, Axes{1})), ElementsAre(2, 0, 1, 5, 3, 4));
  EXPECT_THROW(roll(y, Numbers{1, 2, 3}, Axes{0, 1}), ShapeError);
}

TEST(Manipulation, JoinsAndDivides) {
  const Tensor both[] = {Counting({2}), Counting({2})};
  EXPECT_EQ(vstack(both).shape(), (Shape{2, 2}));
  EXPECT_EQ(hstack(both).shape(), Shape{4});
  EXPECT_EQ(dstack(both).shape(), (Shape{1, 2, 2}));
  const Tensor mixed[] = {Counting({2, 2}), Counting({3})};
  EXPECT_THAT(Ints(concat(mixed, std::nullopt)), ElementsAre(0, 1, 2, 3, 0, 1, 2));
  EXPECT_THROW(concat(mixed, 0), ShapeError);
  const Tensor x = Counting({7});
  const std::vector<Tensor> parts = split(x, 3);
  EXPECT_THAT(Ints(parts[0]), ElementsAre(0, 1, 2));
  EXPECT_THAT(Ints(parts[1]), ElementsAre(3, 4));
  EXPECT_THAT(Ints(parts[2]), ElementsAre(5, 6));
  const std::vector<Tensor> cut = split(x, Numbers{2, 2, 100});
  EXPECT_EQ(cut.size(), 4u);
  EXPECT_THAT(Ints(cut[2]), ElementsAre(2, 3, 4, 5, 6));
  EXPECT_EQ(cut[3].size(), 0);
  EXPECT_THROW(split(x, 0), ShapeError);
  EXPECT_THAT(Ints(unstack(Counting({2, 3}), 1)[2]), ElementsAre(2, 5));
}

TEST(Manipulation, Repeats) {
  const Tensor x = Counting({2, 2});
  EXPECT_THAT(Ints(tile(x, Numbers{2})), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_THAT(Ints(tile(x, Numbers{2, 1})), ElementsAre(0, 1, 2, 3, 0, 1, 2, 3));
  EXPECT_EQ(tile(x, Numbers{2, 1, 1}).shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(tile(x, Numbers{0, 3}).shape(), (Shape{0, 6}));
  EXPECT_NE(tile(x, Numbers{}).data(), x.data());
  EXPECT_EQ(tile(zeros(Shape::Filled(64, 1)), Numbers{3}).shape()[63], 3);
  EXPECT_THROW(tile(x, Numbers{-1}), ShapeError);
  EXPECT_THAT(Ints(repeat(x, 2)), ElementsAre(0, 0, 1, 1, 2, 2, 3, 3));
  EXPECT_THAT(Ints(repeat(x, 2, 0)), ElementsAre(0, 1, 0, 1, 2, 3, 2, 3));
  EXPECT_THAT(Ints(repeat(x, asarray<int32_t>({0, 2}), 1)), ElementsAre(1, 1, 3, 3));
  EXPECT_EQ(repeat(zeros(Shape::Filled(64, 1)), 3, 63).shape()[63], 3);
  EXPECT_THROW(repeat(x, asarray<int64_t>({1, -1}), 1), ShapeError);
  EXPECT_THROW(repeat(x, asarray<int64_t>({1, 1, 1}), 1), ShapeError);
}

TEST(Manipulation, PadsEveryWay) {
  const Tensor x = arange(1, 4);
  EXPECT_THAT(Ints(pad(x, Widths{{1, 2}})), ElementsAre(0, 1, 2, 3, 0, 0));
  EXPECT_THAT(Ints(pad(x, Widths{{2, 2}}, PadMode::kEdge)), ElementsAre(1, 1, 1, 2, 3, 3, 3));
  EXPECT_THAT(Ints(pad(x, Widths{{2, 5}}, PadMode::kReflect)),
              ElementsAre(3, 2, 1, 2, 3, 2, 1, 2, 3, 2));
  EXPECT_THAT(Ints(pad(x, Widths{{4, 2}}, PadMode::kSymmetric)),
              ElementsAre(3, 3, 2, 1, 1, 2, 3, 3, 2));
  EXPECT_THAT(Ints(pad(x, Widths{{4, 2}}, PadMode::kWrap)), ElementsAre(3, 1, 2, 3, 1, 2, 3, 1, 2));
  EXPECT_THAT(Ints(pad(asarray<int64_t>({5}), Widths{{1, 1}}, PadMode::kReflect)),
              ElementsAre(5, 5, 5));
  EXPECT_THAT(Ints(pad(Counting({1, 2}), Widths{{1, 0}, {0, 1}}, PadMode::kConstant, 9)),
              ElementsAre(9, 9, 9, 0, 1, 9));
  EXPECT_EQ(pad(ones({2}, DType::kBool), Widths{{1, 1}}).dtype(), DType::kBool);
  EXPECT_THROW(pad(zeros({0}), Widths{{1, 1}}, PadMode::kEdge), ShapeError);
  EXPECT_THROW(pad(x, Widths{{-1, 0}}), ShapeError);
  EXPECT_THROW(pad(x, Widths{{1, 0}, {1, 0}}), ShapeError);
  EXPECT_THROW(pad(x, Widths{{INT64_MAX, 1}}), ShapeError);
  EXPECT_THROW(ParsePadMode("mirror"), std::invalid_argument);
}

TEST(Manipulation, Windows) {
  const Tensor x = Counting({7, 2});
  const Tensor windows = sliding_window(x, 3, 2);
  EXPECT_EQ(windows.shape(), (Shape{3, 3, 2}));
  EXPECT_EQ(windows.data(), x.data());
  EXPECT_FALSE(windows.writable());
  EXPECT_THAT(Ints(get_index(windows, {1})), ElementsAre(4, 5, 6, 7, 8, 9));
  EXPECT_EQ(sliding_window(x, 8).shape(), (Shape{0, 8, 2}));
  EXPECT_EQ(sliding_window(x, 7, INT64_MAX).shape(), (Shape{1, 7, 2}));
  EXPECT_THROW(sliding_window(x, 0), ShapeError);
  EXPECT_THAT(Ints(sliding_window_view(arange(4), Numbers{3})), ElementsAre(0, 1, 2, 1, 2, 3));
  EXPECT_EQ(sliding_window_view(x, Numbers{2, 2}).shape(), (Shape{6, 1, 2, 2}));
  EXPECT_EQ(sliding_window_view(x, Numbers{4}, Axes{0}).shape(), (Shape{4, 2, 4}));
  EXPECT_THROW(sliding_window_view(x, Numbers{3}, Axes{1}), ShapeError);
}

}  // namespace
}  // namespace emberharmony::ops
