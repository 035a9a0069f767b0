#include "emberharmony/tensor/tensor.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace emberharmony::tensor {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

std::vector<int64_t> ListOf(const Tensor& tensor) {
  const Tensor contiguous = tensor.Contiguous();
  const auto values = contiguous.values<int64_t>();
  return {values.begin(), values.end()};
}

Tensor Counting(const Shape& shape) {
  std::vector<int64_t> values(shape.num_elements());
  std::iota(values.begin(), values.end(), 0);
  return Tensor::FromValues(std::span<const int64_t>(values), shape);
}

template <class Error, class F>
std::string MessageOf(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Shape, HoldsAnyRankUpToTheBound) {
  for (int rank : {0, 1, 6, 7, 64}) {
    std::vector<int64_t> dims(rank);
    std::iota(dims.begin(), dims.end(), 1);
    Shape shape(dims);
    Shape copy = shape;
    EXPECT_THAT(copy, ElementsAreArray(dims));
    Shape moved = std::move(copy);
    EXPECT_THAT(moved, ElementsAreArray(dims));
    EXPECT_TRUE(moved == shape);
    copy = Shape{3};
    EXPECT_THAT(copy, ElementsAre(3));
  }
  EXPECT_THROW(Shape(std::vector<int64_t>(65, 1)), ShapeError);
  Shape grown;
  for (int i = 0; i < 10; ++i) grown.Append(i);
  EXPECT_EQ(grown.rank(), 10);
  EXPECT_EQ(grown[9], 9);
  EXPECT_EQ(Shape{}.ToString(), "()");
  EXPECT_EQ(Shape{5}.ToString(), "(5,)");
  EXPECT_EQ((Shape{3, 4}).ToString(), "(3, 4)");
}

// The examples of the standard's section "Broadcasting".
TEST(Shape, BroadcastsAsTheStandardSays) {
  const auto broadcast = [](Shape a, const Shape& b) {
    return BroadcastInto(&a, b) ? a.ToString() : std::string("none");
  };
  EXPECT_EQ(broadcast({8, 1, 6, 1}, {7, 1, 5}), "(8, 7, 6, 5)");
  EXPECT_EQ(broadcast({5, 4}, {1}), "(5, 4)");
  EXPECT_EQ(broadcast({5, 4}, {4}), "(5, 4)");
  EXPECT_EQ(broadcast({15, 3, 5}, {15, 1, 5}), "(15, 3, 5)");
  EXPECT_EQ(broadcast({15, 3, 5}, {3, 5}), "(15, 3, 5)");
  EXPECT_EQ(broadcast({15, 3, 5}, {3, 1}), "(15, 3, 5)");
  EXPECT_EQ(broadcast({3}, {15, 5, 3}), "(15, 5, 3)");
  EXPECT_EQ(broadcast({}, {2, 0}), "(2, 0)");
  EXPECT_EQ(broadcast({1}, {0}), "(0,)");
  EXPECT_EQ(broadcast({3}, {4}), "none");
  EXPECT_EQ(broadcast({2, 1}, {8, 4, 3}), "none");
  EXPECT_EQ(broadcast({15, 3, 5}, {15, 3}), "none");
  EXPECT_EQ(broadcast({0}, {2}), "none");
}

TEST(Tensor, WrapsMemoryWithoutACopyAndKeepsItAlive) {
  auto owner = std::make_shared<std::vector<double>>(std::vector<double>{1, 2, 3, 4, 5, 6});
  std::weak_ptr<std::vector<double>> watched = owner;
  const double* data = owner->data();
  Tensor tensor = Tensor::Wrap(data, {2, 3}, DType::kFloat64, std::move(owner));
  EXPECT_EQ(tensor.data(), data);
  EXPECT_FALSE(tensor.writable());
  EXPECT_THAT(MessageOf<std::invalid_argument>([&] { tensor.mutable_data(); }),
              HasSubstr("float64 tensor of shape (2, 3) is read-only"));
  Tensor row = tensor.Select(0, 1);
  tensor = Tensor();
  EXPECT_FALSE(watched.expired());
  EXPECT_THAT(row.values<double>(), ElementsAre(4, 5, 6));
  row = Tensor();
  EXPECT_TRUE(watched.expired());
}

TEST(Tensor, TypedAccessChecksTheDType) {
  const Tensor tensor = Tensor::FromValues<int32_t>({1, 2});
  EXPECT_EQ(tensor.dtype(), DType::kInt32);
  EXPECT_THAT(MessageOf<DTypeError>([&] { tensor.data_as<double>(); }),
              HasSubstr("expected a tensor of dtype float64, found a int32 tensor of shape (2,)"));
  EXPECT_THROW(tensor.item<int32_t>(), ShapeError);
  EXPECT_EQ(Tensor::Scalar(2.5).item<double>(), 2.5);
  EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, SlicesAsPython) {
  const Tensor x = Counting({10});
  // What list(range(10))[a:b:c] gives in Python.
  EXPECT_THAT(ListOf(x.Slice(0, 2, 5)), ElementsAre(2, 3, 4));
  EXPECT_THAT(ListOf(x.Slice(0, -3, 100)), ElementsAre(7, 8, 9));
  EXPECT_THAT(ListOf(x.Slice(0, 1, 9, 3)), ElementsAre(1, 4, 7));
  EXPECT_THAT(ListOf(x.Slice(0, 8, 2, -2)), ElementsAre(8, 6, 4));
  EXPECT_THAT(ListOf(x.Slice(0, -1, -11, -4)), ElementsAre(9, 5, 1));
  EXPECT_THAT(ListOf(x.Slice(0, 100, 3, -3)), ElementsAre(9, 6));
  EXPECT_THAT(ListOf(x.Slice(0, 5, 2)), ElementsAre());
  EXPECT_THAT(ListOf(x.Slice(0, 2, 5, -1)), ElementsAre());
  EXPECT_THROW(x.Slice(0, 0, 1, 0), ShapeError);
  EXPECT_THROW(x.Slice(1, 0, 1), ShapeError);
  const Tensor y = Counting({3, 4}).Slice(1, 1, 3).Slice(0, 2, -4, -2);
  EXPECT_THAT(ListOf(y), ElementsAre(9, 10, 1, 2));
  EXPECT_FALSE(y.is_contiguous());
}

TEST(Tensor, ViewsShareTheStorage) {
  const Tensor x = Counting({2, 3, 4});
  EXPECT_EQ(x.Reshape({6, -1}).data(), x.data());
  EXPECT_EQ(x.Reshape({6, -1}).shape().ToString(), "(6, 4)");
  EXPECT_THROW(x.Reshape({5, -1}), ShapeError);
  EXPECT_THROW(x.Reshape({-1, -1}), ShapeError);
  EXPECT_THAT(MessageOf<ShapeError>([&] { x.Reshape({5}); }),
              HasSubstr("int64 tensor of shape (2, 3, 4) (24 elements) to (5,)"));
  const int axes[] = {2, 0, 1};
  const Tensor permuted = x.PermuteDims(axes);
  EXPECT_EQ(permuted.data(), x.data());
  EXPECT_EQ(permuted.shape().ToString(), "(4, 2, 3)");
  const auto values = ListOf(permuted);
  EXPECT_EQ(values[1 * 6 + 1 * 3 + 2], 1 * 12 + 2 * 4 + 1);
  const int twice[] = {0, 0, 1};
  EXPECT_THROW(x.PermuteDims(twice), ShapeError);
  const Tensor wide = Counting({3}).BroadcastTo({2, 3});
  EXPECT_THAT(ListOf(wide), ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_FALSE(wide.writable());
  EXPECT_THROW(Counting({3}).BroadcastTo({3, 2}), ShapeError);
  EXPECT_EQ(x.ExpandDims(-1).shape().ToString(), "(2, 3, 4, 1)");
  EXPECT_TRUE(x.ExpandDims(1).is_contiguous());
  EXPECT_EQ(x.Select(1, -1).shape().ToString(), "(2, 4)");
  EXPECT_THROW(x.Select(1, 3), IndexError);
}

TEST(Tensor, ReshapesWithoutACopyWhereverStridesAllow) {
  const Tensor x = Counting({4, 6});
  // Every second row: rows can be divided, but not joined.
  const Tensor rows = x.Slice(0, 0, 4, 2);
  EXPECT_TRUE(rows.ReshapeView({2, 2, 3}).has_value());
  EXPECT_TRUE(rows.ReshapeView({1, 2, 1, 6, 1}).has_value());
  EXPECT_FALSE(rows.ReshapeView({12}).has_value());
  EXPECT_FALSE(rows.ReshapeView({4, 3}).has_value());
  // Every second column: all elements have one distance.
  const Tensor columns = x.Slice(1, 0, 6, 2);
  EXPECT_EQ(columns.ReshapeView({12})->strides(), (Shape{2}));
  EXPECT_EQ(columns.ReshapeView({2, -1, 3})->data(), x.data());
  // Transposed and reversed.
  const int swapped[] = {1, 0};
  EXPECT_FALSE(x.PermuteDims(swapped).ReshapeView({24}).has_value());
  EXPECT_TRUE(x.PermuteDims(swapped).ReshapeView({2, 3, 4}).has_value());
  EXPECT_EQ(ListOf(*Counting({6}).Slice(0, -1, -7, -1).ReshapeView({2, 3})),
            (std::vector<int64_t>{5, 4, 3, 2, 1, 0}));
}

TEST(Tensor, ReshapedElementsKeepTheirOrderForAllShapes) {
  const std::vector<Shape> shapes = {{24},         {1, 24},      {2, 12},   {12, 2}, {2, 3, 4},
                                     {4, 3, 2},    {3, 1, 8},    {2, 2, 6}, {6, 4},  {2, 2, 2, 3},
                                     {8, 1, 1, 3}, {1, 4, 1, 6}, {24, 1, 1}};
  for (const Shape& shape : shapes) {
    Shape padded = shape;
    for (int64_t& dim : std::span(padded.data(), padded.rank())) ++dim;
    std::vector<int> reversed(shape.rank());
    for (int i = 0; i < shape.rank(); ++i) reversed[i] = shape.rank() - 1 - i;
    Tensor part = Counting(padded);
    for (int i = 0; i < shape.rank(); ++i) part = part.Slice(i, 1, padded[i]);
    const Tensor plain = Counting(shape);
    for (const Tensor& x : {plain, plain.PermuteDims(reversed), part, part.PermuteDims(reversed)}) {
      for (const Shape& target : shapes) {
        const Tensor y = x.Reshape(target);
        ASSERT_EQ(y.shape(), target);
        ASSERT_EQ(ListOf(y), ListOf(x)) << shape.ToString() << " to " << target.ToString();
      }
    }
  }
}

TEST(Tensor, KnowsWhatSharesMemory) {
  const Tensor x = Counting({10});
  EXPECT_TRUE(MayShareMemory(x.Slice(0, 0, 5), x.Slice(0, 4, 8)));
  EXPECT_TRUE(MayShareMemory(x.Slice(0, 8, 4, -1), x.Slice(0, 5, 6)));
  EXPECT_FALSE(MayShareMemory(x.Slice(0, 0, 5), x.Slice(0, 5, 8)));
  EXPECT_FALSE(MayShareMemory(x.Slice(0, 3, 3), x));
  EXPECT_FALSE(MayShareMemory(x, x.Copy()));
}

TEST(Tensor, EmptyAndOversizedShapes) {
  EXPECT_THROW(Tensor::Empty({0, int64_t{1} << 62, 4}, DType::kInt8), ShapeError);
  EXPECT_THROW(Counting({1}).BroadcastTo({int64_t{1} << 40, int64_t{1} << 40}), ShapeError);
  EXPECT_THROW(Counting({4}).Reshape({int64_t{1} << 62, 4, -1}), ShapeError);
  EXPECT_THROW(Counting({0}).Reshape({int64_t{1} << 62, 4, 0}), ShapeError);
  EXPECT_THROW(Counting({0}).Reshape({0, -1}), ShapeError);
  EXPECT_EQ(Counting({0, 3}).Reshape({-1, 5}).shape(), (Shape{0, 5}));
  EXPECT_THROW(Counting({4}).Slice(0, 0, 4, 0), ShapeError);
  EXPECT_EQ(Counting({4}).Slice(0, 3, -5, INT64_MIN).size(), 1);
  EXPECT_EQ(Tensor::Empty({0, 5}, DType::kFloat64).size(), 0);
  EXPECT_THROW(Tensor::Empty({-1}, DType::kFloat64), ShapeError);
  EXPECT_THROW(Tensor::Empty({int64_t{1} << 40, int64_t{1} << 40}, DType::kFloat64), ShapeError);
  const Tensor wrapped = Tensor::Wrap(nullptr, {0}, DType::kInt8, nullptr);
  EXPECT_TRUE(wrapped.defined());
  EXPECT_EQ(wrapped.Copy().size(), 0);
}

TEST(Tensor, CopiesBetweenAnyStrides) {
  const Tensor x = Counting({4, 5});
  const Tensor target = Counting({8, 5});
  CopyElements(x.Slice(0, 3, -5, -1), target.Slice(0, 0, 8, 2));
  EXPECT_THAT(ListOf(target.Select(0, 0)), ElementsAre(15, 16, 17, 18, 19));
  EXPECT_THAT(ListOf(target.Select(0, 1)), ElementsAre(5, 6, 7, 8, 9));
  EXPECT_THAT(ListOf(target.Select(0, 6)), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THROW(CopyElements(x, target), ShapeError);
}

/// A pool that gives out at most so many bytes.
class LimitedPool : public arrow::MemoryPool {
 public:
  explicit LimitedPool(int64_t limit) : limit_(limit) {}
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    if (used_ + size > limit_) return arrow::Status::OutOfMemory("the test's limit is reached");
    used_ += size;
    return upstream_->Allocate(size, alignment, out);
  }
  arrow::Status Reallocate(int64_t, int64_t, int64_t, uint8_t**) override {
    return arrow::Status::NotImplemented("not used");
  }
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    used_ -= size;
    upstream_->Free(buffer, size, alignment);
  }
  int64_t bytes_allocated() const override { return used_; }
  int64_t total_bytes_allocated() const override { return used_; }
  int64_t num_allocations() const override { return 0; }
  std::string backend_name() const override { return "limited"; }

 private:
  arrow::MemoryPool* upstream_ = arrow::default_memory_pool();
  int64_t limit_;
  int64_t used_ = 0;
};

TEST(Allocation, ComesFromTheScopesPool) {
  LimitedPool pool(1000);
  {
    AllocationScope scope(&pool);
    const Tensor x = Tensor::Empty({100}, DType::kFloat64);
    EXPECT_EQ(pool.bytes_allocated(), 800);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(x.data()) % 64, 0u);
    EXPECT_THAT(MessageOf<std::bad_alloc>([] { Tensor::Empty({100}, DType::kFloat64); }),
                HasSubstr("the test's limit"));
    AllocationScope inner(arrow::default_memory_pool());
    const Tensor y = Tensor::Empty({100}, DType::kFloat64);
    EXPECT_EQ(pool.bytes_allocated(), 800);
  }
  EXPECT_EQ(pool.bytes_allocated(), 0);
  EXPECT_EQ(CurrentMemoryPool(), arrow::default_memory_pool());
}

TEST(Tensor, BecomesAnArrowBufferThatKeepsItAlive) {
  std::shared_ptr<arrow::Buffer> buffer;
  {
    const Tensor x = Counting({4, 3});
    EXPECT_EQ(ToBuffer(x)->data(), static_cast<const uint8_t*>(x.data()));
    buffer = ToBuffer(x.Slice(1, 1, 2));
  }
  ASSERT_EQ(buffer->size(), 32);
  const auto* values = reinterpret_cast<const int64_t*>(buffer->data());
  EXPECT_THAT(std::vector<int64_t>(values, values + 4), ElementsAre(1, 4, 7, 10));
}

}  // namespace
}  // namespace emberharmony::tensor
