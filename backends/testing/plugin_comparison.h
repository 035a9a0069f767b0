#pragma once

// What the tests of plugins share: a backend's results against the native ones, on ordinary and on
// special values, with sentinels around the results.

#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/ops.h"
#include "emberharmony/tensor/allocation.h"

namespace emberharmony::backend {

using tensor::DType;
using tensor::Tensor;

/// Units in the last place between two numbers; 0 for two NaN, infinite for what else differs in
/// kind or in the sign of zero.
template <class T>
double Ulps(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return 0;
    if (a == b && std::signbit(a) == std::signbit(b)) return 0;
    if (!std::isfinite(a) || !std::isfinite(b) || (a == b)) return HUGE_VAL;
    const T unit = std::nextafter(std::abs(b), std::numeric_limits<T>::infinity()) - std::abs(b);
    return std::abs((static_cast<double>(a) - static_cast<double>(b)) / unit);
  } else {
    return a == b ? 0 : HUGE_VAL;
  }
}
template <class T>
double Ulps(std::complex<T> a, std::complex<T> b) {
  return std::max(Ulps(a.real(), b.real()), Ulps(a.imag(), b.imag()));
}

/// Values of a dtype at which functions go wrong, and ordinary ones.
template <class T>
std::vector<T> Values() {
  std::vector<T> values;
  std::mt19937_64 random(7);
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return {};
  } else if constexpr (std::is_floating_point_v<T>) {
    for (const T magnitude : {T(0),
                              Limits::denorm_min(),
                              Limits::min(),
                              Limits::epsilon(),
                              T(0.3),
                              T(0.5),
                              T(1),
                              std::nextafter(T(1), T(2)),
                              T(1.5),
                              T(2),
                              T(2.5),
                              T(3),
                              T(10),
                              T(88.8),
                              T(709.9),
                              T(1e6),
                              Limits::max() / 2,
                              Limits::max(),
                              Limits::infinity(),
                              Limits::quiet_NaN()}) {
      values.push_back(magnitude);
      values.push_back(-magnitude);
    }
    for (int i = 0; i < 200; ++i) {
      const int exponent = static_cast<int>(random() % 40) - 20;
      values.push_back(static_cast<T>(
          std::ldexp(static_cast<double>(random() % 2000001) / 1e6 - 1.0, exponent)));
    }
  } else {
    for (const int64_t each : {0, 1, -1, 2, 3, -3, 7, 100, 127, -128}) values.push_back(T(each));
    values.push_back(Limits::max());
    values.push_back(Limits::min());
    for (int i = 0; i < 40; ++i) values.push_back(static_cast<T>(random()));
  }
  return values;
}

inline Tensor ValuesOf(DType dtype) {
  Tensor result;
  tensor::VisitAny(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) {
      const bool both[] = {false, true};
      result = Tensor::FromValues<bool>(both);
    } else if constexpr (std::is_arithmetic_v<T>) {
      result = Tensor::FromValues<T>(std::span<const T>(Values<T>()));
    } else {
      using Part = typename T::value_type;
      const std::vector<Part> parts = Values<Part>();
      std::vector<T> values;
      for (size_t i = 0; i < parts.size(); ++i) {
        values.emplace_back(parts[i], parts[(i * 7) % parts.size()]);
      }
      result = Tensor::FromValues<T>(std::span<const T>(values));
    }
  });
  return result;
}

inline DType ResultOf(Op op, DType dtype) {
  if (InfoOf(op).result == ResultDType::kBool) return DType::kBool;
  if (InfoOf(op).result == ResultDType::kRealPart) return tensor::RealPartOf(dtype);
  return dtype;
}

/// An uninitialized result in the middle of other elements, which must stay as they are.
struct Guarded {
  Tensor all;
  Tensor result;

  Guarded(const tensor::Shape& shape, DType dtype) {
    constexpr int64_t kMargin = 64;
    all = Tensor::Empty({shape.num_elements() + 2 * kMargin}, dtype);
    std::memset(all.mutable_data(), 0xA5, static_cast<size_t>(all.size_bytes()));
    result = all.View(shape, tensor::ContiguousStrides(shape), kMargin);
  }
  bool AreMarginsKept() const {
    const auto* bytes = static_cast<const uint8_t*>(all.data());
    const int64_t margin = 64 * tensor::ItemSize(all.dtype());
    for (int64_t i = 0; i < margin; ++i) {
      if (bytes[i] != 0xA5 || bytes[all.size_bytes() - 1 - i] != 0xA5) return false;
    }
    return true;
  }
};

/// Memory with bytes on both sides that nobody may write; looked at when it is given back.
class SentinelPool : public arrow::MemoryPool {
 public:
  /// How many blocks had their surroundings written to.
  int64_t num_faults() const { return num_faults_; }
  int64_t num_blocks() const { return num_blocks_; }

  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    uint8_t* block = nullptr;
    ARROW_RETURN_NOT_OK(pool_->Allocate(size + 2 * kMargin, alignment, &block));
    std::memset(block, kByte, static_cast<size_t>(size + 2 * kMargin));
    *out = block + kMargin;
    ++num_blocks_;
    return arrow::Status::OK();
  }
  arrow::Status Reallocate(int64_t, int64_t, int64_t, uint8_t**) override {
    return arrow::Status::NotImplemented("tensors are not reallocated");
  }
  void Free(uint8_t* data, int64_t size, int64_t alignment) override {
    const auto is_kept = [](const uint8_t* from) {
      return std::all_of(from, from + kMargin, [](uint8_t byte) { return byte == kByte; });
    };
    if (!is_kept(data - kMargin) || !is_kept(data + size)) ++num_faults_;
    pool_->Free(data - kMargin, size + 2 * kMargin, alignment);
  }
  int64_t bytes_allocated() const override { return pool_->bytes_allocated(); }
  int64_t total_bytes_allocated() const override { return pool_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return pool_->num_allocations(); }
  std::string backend_name() const override { return "sentinels"; }

 private:
  static constexpr int64_t kMargin = 128;
  static constexpr uint8_t kByte = 0xA5;

  arrow::MemoryPool* pool_ = arrow::default_memory_pool();
  std::atomic<int64_t> num_faults_{0};
  std::atomic<int64_t> num_blocks_{0};
};

/// A page of memory between two pages that end the program when they are read or written.
class LonePage {
 public:
  LonePage() {
    void* const pages =
        mmap(nullptr, 3 * kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(pages, MAP_FAILED);
    pages_ = static_cast<char*>(pages);
    EXPECT_EQ(mprotect(pages_, kBytes, PROT_NONE), 0);
    EXPECT_EQ(mprotect(pages_ + 2 * kBytes, kBytes, PROT_NONE), 0);
  }
  ~LonePage() { munmap(pages_, 3 * kBytes); }
  LonePage(const LonePage&) = delete;
  LonePage& operator=(const LonePage&) = delete;

  /// Numbers that fill the page from its first to its last byte.
  Tensor Fill(DType dtype) const {
    const Tensor all = Tensor::Wrap(
        pages_ + kBytes, {static_cast<int64_t>(kBytes) / tensor::ItemSize(dtype)}, dtype, nullptr);
    const Tensor values =
        ops::astype(ops::add(ops::remainder(ops::arange(all.size()), 7), 1), dtype);
    std::memcpy(pages_ + kBytes, values.data(), kBytes);
    return all;
  }

 private:
  static constexpr size_t kBytes = 4096;
  char* pages_ = nullptr;
};

/// Calls of all kinds on a page; what a backend reads around its inputs ends the program.
inline void UseLonePage(Backend* backend) {
  const LonePage page;
  for (const DType dtype : {DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64}) {
    SCOPED_TRACE(tensor::DTypeName(dtype));
    const Tensor x = page.Fill(dtype);
    const Tensor square = x.Reshape({32, -1});
    const Tensor turned = square.PermuteDims(std::vector<int>{1, 0});
    const auto use = [&] {
      double sum = 0;
      const auto add = [&sum](const Tensor& result) {
        sum += ops::sum(ops::astype(result, DType::kFloat64)).item<double>();
      };
      for (const Tensor& y : {x, square, turned, x.Slice(0, 0, x.size(), 3)}) {
        add(ops::add(y, y));
        add(ops::less(y, 3));
        add(ops::where(ops::less(y, 3), y, y));
        add(ops::max(y, {.axis = 0}));
        add(ops::sum(y));
        add(ops::sort(y, {.axis = 0}));
        add(ops::argsort(y, {.axis = 0}));
        add(ops::cumulative_sum(y, {.axis = 0}));
        add(ops::take(y, ops::arange(3), 0));
        add(ops::log(ops::astype(y, DType::kFloat64)));
      }
      add(ops::matmul(square, turned));
      if (dtype == DType::kFloat32) add(ops::abs(ops::fft::rfft(x)));
      return sum;
    };
    const double expected = use();
    SetCurrentBackend(backend);
    const double found = use();
    SetCurrentBackend(nullptr);
    EXPECT_NEAR(found, expected, 1e-6 * expected);
  }
}

/// The largest difference in ulp, and the inputs' place it is at.
struct Difference {
  double ulps = 0;
  int64_t at = 0;
};

inline Difference Compare(const Tensor& a, const Tensor& b) {
  Difference worst;
  tensor::VisitAny(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto x = a.values<T>();
    const auto y = b.values<T>();
    for (size_t i = 0; i < x.size(); ++i) {
      const double ulps = Ulps(x[i], y[i]);
      if (ulps > worst.ulps) worst = {ulps, static_cast<int64_t>(i)};
    }
  });
  return worst;
}

/// Runs an elementwise operation on all pairs of values of each dtype that the backend computes it
/// of, and compares with the native results.
inline void CheckElementwise(Backend* backend, Op op, double (*ulps_max)(Op, DType)) {
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    const DType dtypes[] = {dtype};
    if (!Allows(InfoOf(op).inputs, dtype) || op == Op::kAstype) continue;
    if (!backend->Supports({op, dtypes}) || !Native().Supports({op, dtypes})) continue;
    SCOPED_TRACE(std::string(InfoOf(op).name) + " of " + std::string(tensor::DTypeName(dtype)));
    const Tensor x = ValuesOf(dtype);
    const int64_t n = x.size();
    const Tensor column = x.Reshape({n, 1});
    const Tensor condition = ops::not_equal(ops::remainder(ops::arange(n), 3), 0);
    std::vector<const Tensor*> inputs = {&x};
    if (InfoOf(op).num_inputs == 2) inputs = {&column, &x};
    if (op == Op::kWhere) inputs = {&condition, &column, &x};
    const Tensor backwards = x.Slice(0, n - 1, -n - 1, -1).Copy();
    if (op == Op::kClip) inputs = {&backwards, &column, &x};
    const tensor::Shape shape = InfoOf(op).num_inputs == 1 ? tensor::Shape{n} : tensor::Shape{n, n};
    const Guarded ours(shape, ResultOf(op, dtype));
    const Guarded theirs(shape, ResultOf(op, dtype));
    const Tensor* const our_outputs[] = {&ours.result};
    const Tensor* const their_outputs[] = {&theirs.result};
    Native().Execute(op, inputs, {}, our_outputs);
    backend->ResetCounts();
    backend->Execute(op, inputs, {}, their_outputs);
    ASSERT_EQ(backend->Counts().size(), 1u);
    EXPECT_EQ(backend->Counts()[0].ran, 1) << backend->Counts()[0].reason;
    EXPECT_TRUE(theirs.AreMarginsKept());
    // The standard leaves open which of two zeros is the smaller.
    const bool any_zero = op == Op::kMinimum || op == Op::kMaximum || op == Op::kClip;
    const auto plain = [&](const Tensor& result) {
      return any_zero && dtype != DType::kBool ? ops::add(result, ops::zeros({}, dtype)) : result;
    };
    const Difference worst = Compare(plain(theirs.result), plain(ours.result));
    const auto at = [&](const Tensor& tensor, int64_t place) {
      return ops::to_string(tensor.Reshape({-1}).Slice(0, place, place + 1));
    };
    EXPECT_LE(worst.ulps, ulps_max(op, dtype))
        << "native " << at(ours.result, worst.at) << ", " << backend->name() << " "
        << at(theirs.result, worst.at) << " of "
        << (shape.rank() == 2 ? at(x, worst.at / n) + " and " : "") << at(x, worst.at % n);
  }
}

/// Compares the result of a function on a backend with the native one; the backend has to compute
/// the named operation itself. Tolerances are relative to the largest number.
template <class F>
void ExpectCloseOn(Backend* backend, const char* name, F&& function, double tolerance) {
  SCOPED_TRACE(name);
  const Tensor ours = function();
  backend->ResetCounts();
  SetCurrentBackend(backend);
  static SentinelPool pool;  // tensors may outlive this call
  const int64_t num_blocks = pool.num_blocks();
  const Tensor theirs = [&] {
    const tensor::AllocationScope scope(&pool);
    const Tensor result = function();
    const tensor::AllocationScope usual(arrow::default_memory_pool());
    return result.Copy();  // so that what the backend wrote into is given back
  }();
  SetCurrentBackend(nullptr);
  EXPECT_GT(pool.num_blocks(), num_blocks);
  EXPECT_EQ(pool.num_faults(), 0) << "somebody wrote around a result";
  int64_t ran = 0;
  for (const OpCount& count : backend->Counts()) {
    if (count.op == ParseOp(name)) {
      ran += count.ran;
      EXPECT_EQ(count.fell_back, 0) << count.reason;
    }
  }
  EXPECT_GT(ran, 0) << backend->name() << " was not asked for " << name;
  ASSERT_EQ(ours.dtype(), theirs.dtype());
  ASSERT_EQ(ours.shape(), theirs.shape());
  if (tolerance == 0) {
    EXPECT_EQ(Compare(theirs.Contiguous(), ours.Contiguous()).ulps, 0)
        << ops::to_string(ours) << "\n"
        << ops::to_string(theirs);
  } else {
    const Tensor difference = ops::abs(ops::subtract(ours, theirs));
    const auto largest = [](const Tensor& x) {
      return ops::astype(ops::max(ops::abs(x)), DType::kFloat64).item<double>();
    };
    EXPECT_LE(largest(difference), tolerance * largest(ours));
  }
}

inline Tensor Random(const tensor::Shape& shape) {
  ops::random::set_seed(3);
  return ops::random::normal(shape);
}

}  // namespace emberharmony::backend
