#include "emberharmony/ops/creation.h"

#include <arrow/result.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <vector>

#include "emberharmony/ops.h"

namespace emberharmony::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class T>
std::vector<T> ListOf(const Tensor& tensor) {
  const auto values = tensor.values<T>();
  return {values.begin(), values.end()};
}

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
