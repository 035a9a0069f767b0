// Cumulative sums and products.
//
// Element i is the result of i additions in order, each rounded (float32: kept
// in double precision, and each element rounded once): the only order that
// everybody can predict. So a row is one chain, whose speed is the latency of
// an addition; rows and columns side by side hide it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include <algorithm>
#include <complex>
#include <vector>

#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 15;

template <class T>
struct AccumulatorOf {
  using type = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
};
template <class T>
struct AccumulatorOf<std::complex<T>> {
  using type = std::complex<double>;
};

template <class T>
struct Sum {
  using Acc = typename AccumulatorOf<T>::type;
  static Acc Initial() { return Acc(0); }
  static Acc Combine(Acc acc, T x) { return acc + static_cast<Acc>(x); }
};
template <class T>
struct Product {
  using Acc = typename AccumulatorOf<T>::type;
  static Acc Initial() { return Acc(1); }
  static Acc Combine(Acc acc, T x) {
    const Acc y = static_cast<Acc>(x);
    if constexpr (std::is_arithmetic_v<T>) {
      return acc * y;
    } else {
      // As the operator but for the recovery of infinities, which costs a call.
      if (acc == Acc(1)) return y;  // as an infinity times its zero is NaN
      return {acc.real() * y.real() - acc.imag() * y.imag(),
              acc.real() * y.imag() + acc.imag() * y.real()};
    }
  }
};

/// A contiguous input of (outer, n, width) and an output of (outer, n +
/// initial, width).
struct ScanShape {
  int64_t outer = 1, n = 1, width = 1;
  int64_t initial = 0;  // 1: the scan begins with its neutral element
};

template <class F, class T, int kRows>
void ScanRows(const T* x, const ScanShape& shape, T* out) {
  using Acc = typename F::Acc;
  const int64_t out_n = shape.n + shape.initial;
  Acc accs[kRows];
  for (int r = 0; r < kRows; ++r) {
    accs[r] = F::Initial();
    if (shape.initial) out[r * out_n] = static_cast<T>(accs[r]);
  }
  T* to = out + shape.initial;
  for (int64_t i = 0; i < shape.n; ++i) {
    for (int r = 0; r < kRows; ++r) {
      accs[r] = F::Combine(accs[r], x[r * shape.n + i]);
      to[r * out_n + i] = static_cast<T>(accs[r]);
    }
  }
}

template <class F, class T>
void ScanAllRows(const T* x, const ScanShape& shape, T* out) {
  constexpr int kTogether = 4;
  const int64_t out_n = shape.n + shape.initial;
  ParallelRanges(shape.outer, kGrainElements / out_n + 1, [&](int64_t begin, int64_t end) {
    int64_t row = begin;
    for (; row + kTogether <= end; row += kTogether) {
      ScanRows<F, T, kTogether>(x + row * shape.n, shape, out + row * out_n);
    }
    for (; row < end; ++row) ScanRows<F, T, 1>(x + row * shape.n, shape, out + row * out_n);
  });
}

template <class F, class T>
void ScanColumns(const T* x, const ScanShape& shape, T* out) {
  using Acc = typename F::Acc;
  constexpr int64_t kTile = 1024;
  const int64_t tiles = (shape.width - 1) / kTile + 1;
  const int64_t out_n = shape.n + shape.initial;
  const int64_t grain = kGrainElements / (out_n * std::min(kTile, shape.width)) + 1;
  ParallelRanges(shape.outer * tiles, grain, [&](int64_t begin, int64_t end) {
    std::vector<Acc> storage(kTile);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % tiles * kTile;
      const int64_t count = std::min(kTile, shape.width - first);
      const T* from = x + task / tiles * shape.n * shape.width + first;
      T* to = out + task / tiles * out_n * shape.width + first;
      Acc* __restrict accs = storage.data();
      for (int64_t j = 0; j < count; ++j) accs[j] = F::Initial();
      if (shape.initial) {
        std::fill_n(to, count, static_cast<T>(F::Initial()));
        to += shape.width;
      }
      for (int64_t i = 0; i < shape.n; ++i, from += shape.width, to += shape.width) {
        T* __restrict row = to;
        for (int64_t j = 0; j < count; ++j) {
          accs[j] = F::Combine(accs[j], from[j]);
          row[j] = static_cast<T>(accs[j]);
        }
      }
    }
  });
}

template <template <class> class F>
void Execute(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor x = inputs[0]->Contiguous();
  const Tensor& output = *outputs[0];
  if (output.size() == 0) return;
  const int axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, x.rank() - 1));
  ScanShape shape;
  shape.initial = IntegerOr(attributes, AttributeKey::kIncludeInitial, 0);
  shape.n = x.shape()[axis];
  for (int i = 0; i < axis; ++i) shape.outer *= x.shape()[i];
  for (int i = axis + 1; i < x.rank(); ++i) shape.width *= x.shape()[i];
  const Tensor result =
      output.is_contiguous() ? output : Tensor::Empty(output.shape(), output.dtype());
  tensor::VisitAny(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!std::is_same_v<T, bool>) {
      const T* from = static_cast<const T*>(x.data());
      T* to = static_cast<T*>(result.mutable_data());
      if (shape.width == 1) {
        ScanAllRows<F<T>, T>(from, shape, to);
      } else {
        ScanColumns<F<T>, T>(from, shape, to);
      }
    }
  });
  if (result.data() != output.data()) tensor::CopyElements(result, output);
}

bool Supports(std::span<const DType> dtypes) { return !tensor::IsBool(dtypes[0]); }

const bool registered = RegisterOperation(Op::kCumulativeSum, {&Supports, &Execute<Sum>}) &&
                        RegisterOperation(Op::kCumulativeProd, {&Supports, &Execute<Product>});

}  // namespace
}  // namespace emberharmony::backend::native
