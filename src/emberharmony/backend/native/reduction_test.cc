// Reductions have the same bits on every instruction set, for any number of threads and any memory
// layout; the tree they are made in is the one that its definition says.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Numbers of very different sizes, whose sum depends on the order of addition.
Tensor RandomNumbers(const Shape& shape, DType dtype, uint64_t seed) {
  std::mt19937_64 random(seed);
  const Tensor x = Tensor::Empty(shape, dtype);
  const bool is_complex = tensor::IsComplex(dtype);
  const int64_t count = x.size() * (is_complex ? 2 : 1);
  tensor::VisitReal(tensor::RealPartOf(dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = static_cast<T*>(x.mutable_data());
    for (int64_t i = 0; i < count; ++i) {
      const auto bits = static_cast<int64_t>(random());
      if constexpr (std::is_floating_point_v<T>) {
        to[i] =
            static_cast<T>(std::ldexp(static_cast<double>(bits), -static_cast<int>(random() % 80)));
      } else {
        to[i] = static_cast<T>(bits % 3 == 0 ? 0 : bits);
      }
    }
  });
  return x;
}

Tensor Reduced(Op op, const Tensor& x, std::vector<int64_t> axes) {
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) shape.Append(x.shape()[i]);
  }
  DType dtype = x.dtype();
  if (op == Op::kAny || op == Op::kAll) dtype = DType::kBool;
  if (op == Op::kCountNonzero) dtype = DType::kInt64;
  if (op == Op::kVar) dtype = tensor::RealPartOf(dtype);
  const Tensor result = Tensor::Empty(shape, dtype);
  const Attribute attributes[] = {Attribute::Integers(AttributeKey::kAxes, axes),
                                  Attribute::Number(AttributeKey::kCorrection, 1)};
  const Tensor* inputs[] = {&x};
  const Tensor* outputs[] = {&result};
  Native().Execute(op, inputs, attributes, outputs);
  return result;
}

/// Whether two elements have the same bits; any NaN equals any other, since which operand's payload
/// and sign survive is not promised.
template <class T>
bool SameBits(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return true;
  }
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

void ExpectSameBits(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_TRUE(a.shape() == b.shape()) << what;
  ASSERT_EQ(a.dtype(), b.dtype()) << what;
  int64_t num_different = 0;
  tensor::VisitReal(tensor::RealPartOf(a.dtype()), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = static_cast<const T*>(a.data());
    const T* y = static_cast<const T*>(b.data());
    const int64_t count = a.size_bytes() / static_cast<int64_t>(sizeof(T));
    for (int64_t i = 0; i < count; ++i) num_different += !SameBits(x[i], y[i]);
  });
  EXPECT_EQ(num_different, 0) << what;
}

std::vector<Op> OpsFor(DType dtype) {
  std::vector<Op> ops = {Op::kSum};
  if (tensor::ItemSize(dtype) == 1) {
    ops.insert(ops.end(), {Op::kAny, Op::kAll, Op::kCountNonzero});
  }
  if (!tensor::IsComplex(dtype)) ops.insert(ops.end(), {Op::kMin, Op::kMax});
  if (tensor::ItemSize(dtype) >= 8 || !tensor::IsInteger(dtype)) ops.push_back(Op::kProd);
  if (!tensor::IsInteger(dtype)) ops.insert(ops.end(), {Op::kMean, Op::kVar});
  return ops;
}

/// The same elements in memory in another order of the axes.
Tensor Permuted(const Tensor& x, const std::vector<int>& order) {
  std::vector<int> back(order.size());
  for (size_t i = 0; i < order.size(); ++i) back[order[i]] = static_cast<int>(i);
  return x.PermuteDims(order).Copy().PermuteDims(back);
}

/// The same elements with gaps between them and backwards in memory along the last axis.
Tensor Reversed(const Tensor& x) {
  Shape shape = x.shape();
  const int last = x.rank() - 1;
  shape[last] = 2 * shape[last];
  const Tensor wide = Tensor::Empty(shape, x.dtype());
  std::memset(wide.mutable_data(), 0x55, wide.size_bytes());
  const Tensor backwards = wide.Slice(last, shape[last] - 1, -shape[last] - 1, -2);
  tensor::CopyElements(x, backwards);
  return backwards;
}

constexpr DType kDTypes[] = {DType::kInt8,    DType::kUInt32,    DType::kInt64,     DType::kFloat32,
                             DType::kFloat64, DType::kComplex64, DType::kComplex128};

TEST(Reductions, DoNotDependOnLayoutThreadsOrInstructionSet) {
  const Shape shape = {5, 37, 70};
  const std::vector<std::vector<int64_t>> axes_lists = {{0},    {1},    {2},       {0, 1},
                                                        {0, 2}, {1, 2}, {0, 1, 2}, {}};
  for (DType dtype : kDTypes) {
    const Tensor x = RandomNumbers(shape, dtype, 5);
    const Tensor layouts[] = {Permuted(x, {2, 1, 0}), Permuted(x, {1, 0, 2}),
                              Permuted(x, {0, 2, 1}), Reversed(x)};
    for (Op op : OpsFor(dtype)) {
      for (const auto& axes : axes_lists) {
        const Tensor expected = Reduced(op, x, axes);
        std::string what = std::string(InfoOf(op).name) + " of " + std::string(DTypeName(dtype));
        for (int64_t axis : axes) what += " " + std::to_string(axis);
        for (const Tensor& layout : layouts)
          ExpectSameBits(Reduced(op, layout, axes), expected, what);
        for (InstructionSet set : SupportedInstructionSets()) {
          ForceInstructionSet(set);
          ExpectSameBits(Reduced(op, x, axes), expected, what);
          ForceInstructionSet(std::nullopt);
        }
      }
    }
  }
}

TEST(Reductions, LongOnesDoNotDependOnThreads) {
  const int before = NumThreads();
  for (DType dtype : {DType::kUInt8, DType::kFloat32, DType::kFloat64, DType::kComplex128}) {
    const Tensor flat = RandomNumbers({300007}, dtype, 6);
    const Tensor tall = RandomNumbers({20011, 19}, dtype, 7);
    const Tensor wide = RandomNumbers({3000, 401}, dtype, 8);
    for (Op op : OpsFor(dtype)) {
      SetNumThreads(1);
      const Tensor results[] = {Reduced(op, flat, {0}), Reduced(op, tall, {0}),
                                Reduced(op, wide, {0}), Reduced(op, wide, {1}),
                                Reduced(op, tall, {1})};
      for (int threads : {2, 3, 7}) {
        SetNumThreads(threads);
        const std::string what(InfoOf(op).name);
        ExpectSameBits(Reduced(op, flat, {0}), results[0], what);
        ExpectSameBits(Reduced(op, tall, {0}), results[1], what);
        ExpectSameBits(Reduced(op, wide, {0}), results[2], what);
        ExpectSameBits(Reduced(op, wide, {1}), results[3], what);
        ExpectSameBits(Reduced(op, tall, {1}), results[4], what);
      }
    }
  }
  SetNumThreads(before);
}

/// Transposed tensors are put in order, or read by columns of memory, on any number of threads.
TEST(Reductions, LongTransposedOnesHaveTheSameBits) {
  const int before = NumThreads();
  for (DType dtype : {DType::kInt8, DType::kFloat32, DType::kFloat64}) {
    for (const Shape& shape :
         {Shape{401, 1003}, Shape{1003, 401}, Shape{7, 41, 57, 9}, Shape{3, 20000}, Shape{20000, 3},
          Shape{64, 1024}, Shape{131, 1500}, Shape{7, 1025}, Shape{65, 2049}}) {
      const Tensor x = RandomNumbers(shape, dtype, 9);
      std::vector<int64_t> all;
      std::vector<int> reversed;
      for (int i = 0; i < x.rank(); ++i) {
        all.push_back(i);
        reversed.insert(reversed.begin(), i);
      }
      const Tensor turned = Permuted(x, reversed);
      for (Op op : OpsFor(dtype)) {
        SetNumThreads(1);
        const Tensor expected = Reduced(op, x, all);
        for (int threads : {1, 2, 5}) {
          SetNumThreads(threads);
          ExpectSameBits(Reduced(op, turned, all), expected,
                         std::string(InfoOf(op).name) + " of " + shape.ToString());
        }
      }
    }
  }
  SetNumThreads(before);
}

TEST(Reductions, OfZerosWithBothSignsTheFirstIsKeptInEveryLayout) {
  std::mt19937_64 random(11);
  const Tensor x = Tensor::Empty({40, 50}, DType::kFloat64);
  for (int i = 0; i < 20; ++i) {
    double* values = x.mutable_data_as<double>();
    for (int64_t k = 0; k < x.size(); ++k) values[k] = random() % 2 == 0 ? 0.0 : -0.0;
    for (const Tensor& layout : {Permuted(x, {1, 0}), Reversed(x)}) {
      for (Op op : {Op::kMin, Op::kMax}) {
        for (const std::vector<int64_t>& axes : {std::vector<int64_t>{0, 1}, {0}, {1}}) {
          ExpectSameBits(Reduced(op, layout, axes), Reduced(op, x, axes), "zeros");
        }
      }
    }
  }
}

/// The tree as its definition says: lanes of blocks, folded in halves; then the largest power of
/// two of blocks on the left of what remains.
double TreeOfBlocks(const double* x, int64_t n) {
  if (n <= 1024) {
    std::vector<double> lanes(32, 0.0);
    for (int64_t i = 0; i < n; ++i) lanes[i % 32] += x[i];
    for (int half = 16; half > 0; half /= 2) {
      for (int j = 0; j < half; ++j) lanes[j] += lanes[j + half];
    }
    return lanes[0];
  }
  int64_t left = 1024;
  while (2 * left < n) left *= 2;
  return TreeOfBlocks(x, left) + TreeOfBlocks(x + left, n - left);
}

TEST(Reductions, SumsAreMadeInTheDefinedTree) {
  for (int64_t n :
       {1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 1023, 1024, 1025, 5000, 6144, 7168, 100003}) {
    const Tensor x = RandomNumbers({n}, DType::kFloat64, n);
    EXPECT_EQ(Reduced(Op::kSum, x, {0}).item<double>(), TreeOfBlocks(x.data_as<double>(), n)) << n;
    const Tensor columns = RandomNumbers({n, 3}, DType::kFloat64, n + 1);
    const Tensor sums = Reduced(Op::kSum, columns, {0});
    for (int j = 0; j < 3; ++j) {
      std::vector<double> column(n);
      for (int64_t i = 0; i < n; ++i) column[i] = columns.data_as<double>()[3 * i + j];
      EXPECT_EQ(sums.data_as<double>()[j], TreeOfBlocks(column.data(), n)) << n;
    }
  }
}

}  // namespace
}  // namespace emberharmony::backend::native
