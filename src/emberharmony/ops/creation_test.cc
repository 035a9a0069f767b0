#include "emberharmony/ops/creation.h"

#include <arrow/result.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <limits>
#include <new>
#include <vector>

#include "emberharmony/ops.h"
#include "emberharmony/ops/values_test_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Creation, FillsWithNumbersOfTheRightDType) {
  EXPECT_THAT(ListOf<double>(zeros({3})), ElementsAre(0, 0, 0));
  EXPECT_THAT(ListOf<float>(ones({2}, DType::kFloat32)), ElementsAre(1, 1));
  EXPECT_THAT(ListOf<bool>(ones({2}, DType::kBool)), ElementsAre(true, true));
  EXPECT_THAT(ListOf<int64_t>(full({2}, 7)), ElementsAre(7, 7));
  EXPECT_THAT(ListOf<double>(full({1}, 0.5)), ElementsAre(0.5));
  EXPECT_EQ(full({}, true).dtype(), DType::kBool);
  EXPECT_EQ(full({1}, ~uint64_t{0}).item<uint64_t>(), ~uint64_t{0});
  EXPECT_EQ(full({1}, std::numeric_limits<int64_t>::min()).item<int64_t>(),
            std::numeric_limits<int64_t>::min());
  EXPECT_THROW(full({1}, 300, DType::kInt8), DTypeError);
  EXPECT_THROW(full({1}, 0.5, DType::kInt8), DTypeError);
  EXPECT_EQ(zeros_like(ones({2, 5}, DType::kInt16)).dtype(), DType::kInt16);
  EXPECT_EQ(full({1000, 3}, 2.5).values<double>()[2999], 2.5);
}

TEST(Creation, RangesAndSpaces) {
  EXPECT_THAT(ListOf<int64_t>(arange(4)), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(ListOf<int64_t>(arange(5, -2, -3)), ElementsAre(5, 2, -1));
  EXPECT_THAT(ListOf<int64_t>(arange(1, 7, 3)), ElementsAre(1, 4));
  EXPECT_THAT(ListOf<int64_t>(arange(3, 3)), ElementsAre());
  EXPECT_THAT(ListOf<int64_t>(arange(3, 5, -1)), ElementsAre());
  EXPECT_THAT(ListOf<int64_t>(arange(-5)), ElementsAre());
  EXPECT_THAT(ListOf<double>(arange(0.5, 2)), ElementsAre(0.5, 1.5));
  EXPECT_THAT(ListOf<double>(arange(1, 0, -0.25)), ElementsAre(1, 0.75, 0.5, 0.25));
  EXPECT_THROW(arange(0, 5, 0), std::invalid_argument);
  EXPECT_THROW(arange(0.0, 5, 0.0), std::invalid_argument);
  EXPECT_EQ(arange(true).size(), 1);
  EXPECT_THAT(ListOf<double>(linspace(0, 1, 5)), ElementsAre(0, 0.25, 0.5, 0.75, 1));
  EXPECT_THAT(ListOf<float>(linspace(0, 1, 4, DType::kFloat32, false)),
              ElementsAre(0, 0.25, 0.5, 0.75));
  EXPECT_THAT(ListOf<double>(linspace(3, 9, 1)), ElementsAre(3));
  EXPECT_EQ(linspace(0.1, 0.7, 11).values<double>()[10], 0.7);
  EXPECT_EQ(linspace(0, 1, 0).size(), 0);
}

TEST(Creation, RangesOfIntegersAreExact) {
  EXPECT_THAT(ListOf<int8_t>(arange(-128, 128, 85, DType::kInt8)), ElementsAre(-128, -43, 42, 127));
  EXPECT_THROW(arange(0, 129, 1, DType::kInt8), DTypeError);
  EXPECT_THROW(arange(-1, 3, 1, DType::kUInt8), DTypeError);
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(ListOf<int64_t>(arange(kLow, kHigh, kHigh)), ElementsAre(kLow, -1, kHigh - 1));
  EXPECT_THAT(ListOf<int64_t>(arange(kHigh, kLow, kLow)), ElementsAre(kHigh, -1));
  EXPECT_THAT(ListOf<uint64_t>(arange(~uint64_t{0} - 2, ~uint64_t{0}, 1)),
              ElementsAre(~uint64_t{0} - 2, ~uint64_t{0} - 1));
  EXPECT_THAT(ListOf<float>(arange(0, 3, 1, DType::kFloat32)), ElementsAre(0, 1, 2));
  EXPECT_THAT(ListOf<int32_t>(arange(0.0, 5.0, 2.0, DType::kInt32)), ElementsAre(0, 2, 4));
  EXPECT_THROW(arange(0, 1, 0.25, DType::kInt32), DTypeError);
  EXPECT_THROW(arange(0, 2, 1, DType::kBool), DTypeError);
  EXPECT_THROW(arange(std::complex<double>(0, 1)), DTypeError);
  EXPECT_THROW(arange(0, std::numeric_limits<double>::infinity()), std::invalid_argument);
  EXPECT_THROW(arange(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  EXPECT_EQ(arange(-1e308, 1e308, 1e307).size(), 20);
  EXPECT_THROW(arange(uint64_t{1} << 63, 0, -1), std::exception);  // more than memory holds
}

TEST(Creation, SpacesOfEveryKind) {
  using Complex = std::complex<double>;
  EXPECT_THAT(ListOf<Complex>(linspace(Complex(0, 2), Complex(4, 0), 3)),
              ElementsAre(Complex(0, 2), Complex(2, 1), Complex(4, 0)));
  EXPECT_EQ(linspace(0, 1, 2, DType::kComplex64).dtype(), DType::kComplex64);
  EXPECT_THAT(ListOf<int32_t>(linspace(-1, 1, 5, DType::kInt32)), ElementsAre(-1, -1, 0, 0, 1));
  EXPECT_THROW(linspace(0, 300, 2, DType::kInt8), DTypeError);
  EXPECT_THROW(linspace(Complex(0, 1), 1, 2, DType::kFloat64), DTypeError);
  EXPECT_THROW(linspace(0, 1, -1), std::invalid_argument);
  const Tensor wide = linspace(-1.7e308, 1.7e308, 3);
  EXPECT_THAT(ListOf<double>(wide), ElementsAre(-1.7e308, 0, 1.7e308));
  const double tiny = std::numeric_limits<double>::denorm_min();
  EXPECT_THAT(ListOf<double>(linspace(0, 2 * tiny, 5)),
              ElementsAre(0, 0, tiny, 2 * tiny, 2 * tiny));
}

TEST(Creation, DiagonalsAndTriangles) {
  EXPECT_THAT(ListOf<int8_t>(eye(2, 3, 1, DType::kInt8)), ElementsAre(0, 1, 0, 0, 0, 1));
  EXPECT_THAT(ListOf<double>(eye(2, 2, -1)), ElementsAre(0, 0, 1, 0));
  for (int64_t k : {INT64_MIN, int64_t{-3}, int64_t{2}, INT64_MAX}) {
    EXPECT_THAT(ListOf<double>(eye(2, 2, k)), ElementsAre(0, 0, 0, 0));
  }
  EXPECT_EQ(eye(0, 3).shape(), (Shape{0, 3}));
  const Tensor x = arange(1, 7).Reshape({2, 3});
  EXPECT_THAT(ListOf<int64_t>(tril(x)), ElementsAre(1, 0, 0, 4, 5, 0));
  EXPECT_THAT(ListOf<int64_t>(triu(x, 1)), ElementsAre(0, 2, 3, 0, 0, 6));
  EXPECT_THAT(ListOf<int64_t>(tril(x, INT64_MAX)), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(ListOf<int64_t>(triu(x, INT64_MIN)), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(ListOf<int64_t>(triu(x, INT64_MAX)), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(ListOf<int64_t>(diagonal(x, 1).Contiguous()), ElementsAre(2, 6));
  EXPECT_THAT(ListOf<int64_t>(diagonal(x, -1).Contiguous()), ElementsAre(4));
  EXPECT_EQ(diagonal(x, 3).size(), 0);
  EXPECT_EQ(diagonal(zeros({2, 3, 4}), 0, 0, 2).shape(), (Shape{3, 2}));
  EXPECT_THROW(diagonal(x, 0, 1, -1), ShapeError);
  EXPECT_THAT(ListOf<int64_t>(diag(asarray<int64_t>({1, 2}), -1)),
              ElementsAre(0, 0, 0, 1, 0, 0, 0, 2, 0));
  EXPECT_THAT(ListOf<int64_t>(diag(x).Contiguous()), ElementsAre(1, 5));
  EXPECT_THROW(tril(arange(3)), ShapeError);
}

TEST(Creation, GridsAndOneHot) {
  const Tensor axes[] = {arange(2), asarray({0.5, 1.5, 2.5})};
  const std::vector<Tensor> xy = meshgrid(axes);
  EXPECT_EQ(xy[0].shape(), (Shape{3, 2}));
  EXPECT_THAT(ListOf<int64_t>(xy[0]), ElementsAre(0, 1, 0, 1, 0, 1));
  EXPECT_THAT(ListOf<double>(xy[1]), ElementsAre(0.5, 0.5, 1.5, 1.5, 2.5, 2.5));
  EXPECT_THAT(ListOf<int64_t>(meshgrid(axes, "ij")[0]), ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THROW(meshgrid(axes, "yx"), std::invalid_argument);
  EXPECT_THAT(ListOf<double>(one_hot(asarray<int64_t>({2, 0}))), ElementsAre(0, 0, 1, 1, 0, 0));
  EXPECT_EQ(one_hot(arange(4).Reshape({2, 2}), 5, 0).shape(), (Shape{5, 2, 2}));
  EXPECT_THROW(one_hot(asarray<int64_t>({3}), 3), IndexError);
  EXPECT_THROW(one_hot(asarray<int64_t>({-1}), 3), IndexError);
}

TEST(Creation, FromNestedLists) {
  const Tensor matrix = asarray({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}});
  EXPECT_EQ(matrix.shape(), (Shape{3, 2}));
  EXPECT_THAT(ListOf<double>(matrix), ElementsAre(1, 2, 3, 4, 5, 6));
  const Tensor cube = asarray({{{1}, {2}}, {{3}, {4}}});
  EXPECT_EQ(cube.shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(cube.dtype(), DType::kInt32);
  EXPECT_EQ(asarray(3.5).shape(), Shape{});
  EXPECT_THROW(asarray({{1, 2}, {3}}), ShapeError);
  EXPECT_EQ(asarray<float>({{1, 2}, {3, 4}}).shape(), (Shape{2, 2}));
  using Complex = std::complex<double>;
  EXPECT_EQ(asarray<Complex>({{1, 2}, {3, 4}}).shape(), Shape{2});
  EXPECT_EQ(asarray({{Complex(1, 2)}, {Complex(3, 4)}}).shape(), (Shape{2, 1}));
}

TEST(Status, ErrorsBecomeStatuses) {
  const arrow::Result<Tensor> good = Catch([] { return zeros({2}) + 1.0; });
  ASSERT_TRUE(good.ok());
  const arrow::Result<Tensor> bad = Catch([] { return zeros({2}) + zeros({3}); });
  EXPECT_TRUE(bad.status().IsInvalid());
  EXPECT_THAT(bad.status().message(), HasSubstr("shapes (2,) and (3,) do not broadcast"));
  const arrow::Status memory =
      Catch([]() -> arrow::Status { throw OutOfMemoryError("the budget is spent"); });
  EXPECT_TRUE(memory.IsOutOfMemory());
  EXPECT_THAT(memory.message(), HasSubstr("raise --memory"));
  EXPECT_TRUE(Catch([] {}).ok());
  const arrow::Result<int> nested = Catch([]() -> arrow::Result<int> { return 3; });
  EXPECT_EQ(*nested, 3);
}

}  // namespace
}  // namespace emberharmony::ops
