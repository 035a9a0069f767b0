// argmax and argmin along an axis.
#include <algorithm>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/native/reduction_run_internal.h"
#include "emberharmony/backend/native/sort_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Tensor;

/// Elements that are worth handing to another thread.
constexpr int64_t kGrainElements = 1 << 16;

/// Whether x takes the place of the best so far: NaN does, unless that is NaN.
template <bool kMaximum, class T>
bool Beats(T x, T best) {
  const bool better = kMaximum ? x > best : x < best;
  if constexpr (std::is_floating_point_v<T>) return (better | (x != x)) & (best == best);
  return better;
}

template <bool kMaximum, class T>
int64_t FirstBest(const T* x, int64_t n) {
  int64_t at = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (Beats<kMaximum>(x[i], x[at])) at = i;
  }
  return at;
}

template <bool kMaximum>
ArgRowsKernel RowsKernel(const ReductionTable& table, DType dtype) {
  return (kMaximum ? table.arg_max_rows : table.arg_min_rows)[static_cast<int>(dtype)];
}

/// The best element of each block is found with the vectorized reduction; then
/// only one block has to be searched.
template <bool kMaximum, class T>
int64_t FirstBestByBlocks(const T* x, int64_t n, DType dtype) {
  const ReductionTable& table = ActiveReductions();
  const ReductionKernel& kernel = table.Get(kMaximum ? Op::kMax : Op::kMin, dtype);
  const int64_t blocks = n / kReductionBlock;
  const int64_t rest = blocks * kReductionBlock;
  ReductionLayout layout{reinterpret_cast<const char*>(x), dtype, {}, {}};
  layout.kept.Append(blocks, kReductionBlock);
  layout.reduced.Append(kReductionBlock, 1);
  std::vector<T> bests(blocks + 1);
  RunReduction(kernel, layout, nullptr, bests.data());
  int64_t block = FirstBest<kMaximum>(bests.data(), blocks);
  if (rest < n) {
    kernel.rows(x + rest, 0, 1, n - rest, nullptr, 0, &bests[blocks]);
    if (Beats<kMaximum>(bests[blocks], bests[block])) block = blocks;
  }
  const int64_t begin = block * kReductionBlock;
  int64_t position;
  RowsKernel<kMaximum>(table, dtype)(x + begin, 1, std::min(kReductionBlock, n - begin), &position);
  return begin + position;
}

template <bool kMaximum, class T>
void SearchRows(const T* x, int64_t rows, int64_t n, DType dtype, int64_t* positions) {
  const ArgRowsKernel kernel = RowsKernel<kMaximum>(ActiveReductions(), dtype);
  if (rows == 1 && n > kReductionBlock) {
    positions[0] = FirstBestByBlocks<kMaximum>(x, n, dtype);
    return;
  }
  ParallelRanges(rows, kGrainElements / n + 1, [&](int64_t begin, int64_t end) {
    if (n <= kReductionBlock) return kernel(x + begin * n, end - begin, n, positions + begin);
    for (int64_t row = begin; row < end; ++row) {
      positions[row] = FirstBestByBlocks<kMaximum>(x + row * n, n, dtype);
    }
  });
}

/// Columns side by side: x is read in the order of memory.
void SearchColumns(ArgColumnsKernel kernel, const char* data, int64_t item_bytes, int64_t outer,
                   int64_t n, int64_t width, int64_t* positions) {
  constexpr int64_t kTile = 1024;
  const int64_t tiles = (width - 1) / kTile + 1;
  std::vector<int64_t> offsets(std::min<int64_t>(n, 256));
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int64_t>(i) * width;
  const int64_t step = static_cast<int64_t>(offsets.size());
  const int64_t grain = kGrainElements / (n * std::min(width, kTile)) + 1;
  ParallelRanges(outer * tiles, grain, [&](int64_t begin, int64_t end) {
    std::vector<uint64_t> best(kTile);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % tiles * kTile;
      const int64_t count = std::min(kTile, width - first);
      const char* from = data + (task / tiles * n * width + first) * item_bytes;
      int64_t* to = positions + task / tiles * width + first;
      for (int64_t i = 0; i < n; i += step) {
        kernel(from + i * width * item_bytes, offsets.data(), std::min(step, n - i), count, i,
               best.data(), to);
      }
    }
  });
}

template <bool kMaximum>
void Execute(Tensors inputs, Attributes attributes, Tensors outputs) {
  const Tensor x = inputs[0]->Contiguous();
  const Tensor& output = *outputs[0];
  if (output.size() == 0) return;
  const int axis = static_cast<int>(IntegerOr(attributes, AttributeKey::kAxis, x.rank() - 1));
  const Tensor found =
      output.is_contiguous() ? output : Tensor::Empty(output.shape(), DType::kInt64);
  int64_t* positions = found.mutable_data_as<int64_t>();
  int64_t outer = 1, width = 1;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  for (int i = axis + 1; i < x.rank(); ++i) width *= x.shape()[i];
  const int64_t n = x.rank() > 0 ? x.shape()[axis] : 1;
  const DType dtype = x.dtype() == DType::kBool ? DType::kUInt8 : x.dtype();
  const int index = static_cast<int>(dtype);
  const ReductionTable& table = ActiveReductions();
  if (width > 1) {
    SearchColumns(kMaximum ? table.arg_max[index] : table.arg_min[index],
                  static_cast<const char*>(x.data()), tensor::ItemSize(dtype), outer, n, width,
                  positions);
  } else {
    tensor::VisitReal(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (!std::is_same_v<T, bool>) {
        SearchRows<kMaximum>(static_cast<const T*>(x.data()), outer, n, dtype, positions);
      }
    });
  }
  if (found.data() != output.data()) tensor::CopyElements(found, output);
}

bool Supports(std::span<const DType> dtypes) { return !tensor::IsComplex(dtypes[0]); }

const bool registered = RegisterOperation(Op::kArgMax, {&Supports, &Execute<true>}) &&
                        RegisterOperation(Op::kArgMin, {&Supports, &Execute<false>});

}  // namespace
}  // namespace emberharmony::backend::native
