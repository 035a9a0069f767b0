#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/linalg_internal.h"
#include "emberharmony/backend/native/reduction_internal.h"
#include "emberharmony/backend/native/turn_internal.h"
#include "emberharmony/backend/threads.h"
#include "emberharmony/tensor/allocation.h"

namespace emberharmony::backend::native {
namespace {

using tensor::Shape;
using tensor::Tensor;

/// What one thread should have to do at least, in multiplications.
constexpr double kGrainWork = 1 << 17;

/// A square that stays in the first-level cache when it is transposed.
constexpr int64_t kTile = 16;

/// Columns that are turned at a time: each is in pages of its own, of which processors know few.
constexpr int64_t kTurnedColumns = 16;

/// Copies rows without gaps to columns without gaps, in registers where elements have a size for
/// that; false if they have not.
bool TurnRows(int64_t item_bytes, const char* from, int64_t from_row, char* to, int64_t to_column,
              int64_t rows, int64_t columns) {
  const TurnKernel turn = ActiveTurn(item_bytes);
  if (turn == nullptr) return false;
  for (int64_t j = 0; j < columns; j += kTurnedColumns) {
    turn(from + j * item_bytes, from_row, rows, std::min(kTurnedColumns, columns - j),
         to + j * to_column * item_bytes, to_column);
  }
  return true;
}

template <class From, class To>
void CopyMatrix(const From* from, int64_t from_row, int64_t from_column, To* to, int64_t to_row,
                int64_t to_column, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; i += kTile) {
    for (int64_t j = 0; j < columns; j += kTile) {
      const int64_t last_row = std::min(rows, i + kTile);
      const int64_t last_column = std::min(columns, j + kTile);
      for (int64_t r = i; r < last_row; ++r) {
        for (int64_t c = j; c < last_column; ++c) {
          to[r * to_row + c * to_column] = static_cast<To>(from[r * from_row + c * from_column]);
        }
      }
    }
  }
}

/// Elements are copied as what they are in size.
void CopyMatrixOfSize(int64_t item_bytes, const void* from, int64_t from_row, int64_t from_column,
                      void* to, int64_t to_row, int64_t to_column, int64_t rows, int64_t columns) {
  const auto* source = static_cast<const char*>(from);
  auto* target = static_cast<char*>(to);
  if (from_column == 1 && to_row == 1 &&
      TurnRows(item_bytes, source, from_row, target, to_column, rows, columns)) {
    return;
  }
  // What was turned is turned back likewise.
  if (from_row == 1 && to_column == 1 &&
      TurnRows(item_bytes, source, from_column, target, to_row, columns, rows)) {
    return;
  }
  const auto copy = [&](auto tag) {
    using T = decltype(tag);
    CopyMatrix(static_cast<const T*>(from), from_row, from_column, static_cast<T*>(to), to_row,
               to_column, rows, columns);
  };
  if (item_bytes == 8) return copy(double{});
  copy(std::complex<double>{});
}

Shape BatchOf(const Tensor& tensor) {
  return std::span<const int64_t>(tensor.shape().data(), tensor.rank() - 2);
}

}  // namespace

std::shared_ptr<void> AllocateScratch(int64_t size, int64_t item_bytes) {
  return tensor::AllocateStorage(std::max<int64_t>(size, 1) * item_bytes);
}

Extremes ExtremesOf(const double* x, int64_t n) {
  const ReductionTable& table = ActiveReductions();
  const tensor::DType dtype = tensor::DType::kFloat64;
  const ReductionKernel &min = table.Get(Op::kMin, dtype), &max = table.Get(Op::kMax, dtype);
  Extremes extremes = {x[0], x[0]};
  for (int64_t i = 0; i < n; i += kReductionBlock) {
    const int64_t count = std::min(kReductionBlock, n - i);
    Extremes of_block;
    min.rows(x + i, 0, 1, count, nullptr, 0, &of_block.least);
    max.rows(x + i, 0, 1, count, nullptr, 0, &of_block.most);
    if (of_block.most != of_block.most) return of_block;
    extremes.least = std::min(extremes.least, of_block.least);
    extremes.most = std::max(extremes.most, of_block.most);
  }
  return extremes;
}

MatrixStack::MatrixStack(const Tensor& tensor) : MatrixStack(tensor, BatchOf(tensor)) {}

MatrixStack::MatrixStack(const Tensor& tensor, const Shape& batch)
    : data_(static_cast<char*>(const_cast<void*>(tensor.data()))),
      item_bytes_(tensor::ItemSize(tensor.dtype())),
      rows_(tensor.shape()[tensor.rank() - 2]),
      columns_(tensor.shape()[tensor.rank() - 1]),
      row_stride_(tensor.strides()[tensor.rank() - 2]),
      column_stride_(tensor.strides()[tensor.rank() - 1]),
      count_(batch.num_elements()),
      batch_(batch),
      batch_strides_(tensor::BroadcastStrides(
          BatchOf(tensor), std::span<const int64_t>(tensor.strides().data(), tensor.rank() - 2),
          batch)) {}

char* MatrixStack::Matrix(int64_t index) const {
  int64_t offset = 0;
  for (int axis = batch_.rank() - 1; axis >= 0 && index > 0; --axis) {
    offset += index % batch_[axis] * batch_strides_[axis];
    index /= batch_[axis];
  }
  return data_ + offset * item_bytes_;
}

template <class T>
void MatrixStack::Load(int64_t index, T* to) const {
  if (item_bytes_ == static_cast<int64_t>(sizeof(T))) {
    return CopyMatrixOfSize(item_bytes_, Matrix(index), row_stride_, column_stride_, to, 1, rows_,
                            rows_, columns_);
  }
  const auto* const from = reinterpret_cast<const Single<T>*>(Matrix(index));
  CopyMatrix(from, row_stride_, column_stride_, to, 1, rows_, rows_, columns_);
}
template void MatrixStack::Load(int64_t, double*) const;
template void MatrixStack::Load(int64_t, std::complex<double>*) const;

template <class T>
void MatrixStack::Store(int64_t index, const T* from, int64_t leading) const {
  if (item_bytes_ == static_cast<int64_t>(sizeof(T))) {
    return CopyMatrixOfSize(item_bytes_, from, 1, leading, Matrix(index), row_stride_,
                            column_stride_, rows_, columns_);
  }
  auto* const to = reinterpret_cast<Single<T>*>(Matrix(index));
  CopyMatrix(from, 1, leading, to, row_stride_, column_stride_, rows_, columns_);
}
template void MatrixStack::Store(int64_t, const double*, int64_t) const;
template void MatrixStack::Store(int64_t, const std::complex<double>*, int64_t) const;

void ForEachMatrix(int64_t count, double work, base::FunctionView<void(int64_t, int64_t)> f) {
  arrow::MemoryPool* const pool = tensor::CurrentMemoryPool();
  const auto grain = static_cast<int64_t>(std::max(1.0, kGrainWork / std::max(work, 1.0)));
  ParallelRanges(count, grain, [&](int64_t begin, int64_t end) {
    tensor::AllocationScope scope(pool);
    OpenBlasTurn turn;
    f(begin, end);
  });
}

void ThrowLinAlg(const char* function, const char* why, const Tensor& found) {
  throw tensor::LinAlgError(fmt::format("{}: {}, found a {}", function, why, found.Describe()));
}

void CheckMatrixLengths(const char* function, const Tensor& x, int64_t most) {
  const int64_t rows = x.shape()[x.rank() - 2];
  const int64_t columns = x.shape()[x.rank() - 1];
  if (rows > kMatrixLengthMax || columns > kMatrixLengthMax || std::min(rows, columns) > most) {
    throw tensor::UnsupportedError(
        fmt::format("{}: expected matrices of at most {} rows or columns, found a {}", function,
                    most, x.Describe()));
  }
}

bool SupportsFloating(std::span<const tensor::DType> dtypes) {
  return tensor::IsRealFloating(dtypes[0]) || tensor::IsComplex(dtypes[0]);
}

}  // namespace emberharmony::backend::native
