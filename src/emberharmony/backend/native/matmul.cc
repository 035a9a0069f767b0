#include <algorithm>
#include <complex>
#include <cstring>
#include <limits>
#include <optional>

#include "emberharmony/backend/native/instruction_set_internal.h"
#include "emberharmony/backend/native/matmul_internal.h"
#include "emberharmony/backend/native/openblas_internal.h"
#include "emberharmony/backend/native/operation_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend::native {
namespace {

using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

/// Products with fewer multiplications than this are not worth the way into BLAS.
constexpr int64_t kTinyWork = 256;
/// OpenBLAS has kernels of its own for products up to 10^6 multiplications, whose sums go in
/// another order for transposed factors. Up to here both are given to it row-major, so that the
/// result does not depend on their layout; above it packs them first.
constexpr int64_t kSmallWork = 1 << 20;
/// What one thread should have to do at least, in multiplications.
constexpr int64_t kGrainWork = 1 << 18;
/// Rows and columns of the parts that products are cut into: OpenBLAS's bits depend on how they are
/// cut, so this depends on shapes alone. Smaller parts cost more packing, larger ones leave threads
/// idle.
constexpr int64_t kPartLength = 768;
constexpr int64_t kPartLengthMax = 65536;

/// The last two axes of a tensor.
struct MatrixAxes {
  explicit MatrixAxes(const Tensor& tensor)
      : rows(tensor.shape()[tensor.rank() - 2]),
        columns(tensor.shape()[tensor.rank() - 1]),
        row_stride(tensor.strides()[tensor.rank() - 2]),
        column_stride(tensor.strides()[tensor.rank() - 1]) {}

  int64_t rows;
  int64_t columns;
  int64_t row_stride;
  int64_t column_stride;
};

/// Matrices of equal layout in one tensor, whose leading axes broadcast to `batch`.
struct Stack : MatrixAxes {
  Stack(const Tensor& tensor, const Shape& batch)
      : MatrixAxes(tensor),
        data(static_cast<const char*>(tensor.data())),
        item_bytes(tensor::ItemSize(tensor.dtype())),
        batch(batch) {
    const size_t rank = tensor.rank() - 2;
    batch_strides = tensor::BroadcastStrides(
        Shape(std::span<const int64_t>(tensor.shape().data(), rank)),
        Shape(std::span<const int64_t>(tensor.strides().data(), rank)), batch);
  }

  const char* Matrix(int64_t index) const {
    if (batch.rank() == 1) return data + index * batch_strides[0] * item_bytes;
    int64_t offset = 0;
    for (int axis = batch.rank() - 1; axis >= 0 && index > 0; --axis) {
      offset += index % batch[axis] * batch_strides[axis];
      index /= batch[axis];
    }
    return data + offset * item_bytes;
  }

  const char* data;
  int64_t item_bytes;
  Shape batch;
  Shape batch_strides;
};

/// How BLAS, which is column-major, reads a matrix.
struct BlasLayout {
  bool row_major;
  int64_t leading;
};

std::optional<BlasLayout> LayoutOf(const MatrixAxes& axes) {
  const bool one_row = axes.rows == 1;
  const bool one_column = axes.columns == 1;
  if ((axes.column_stride == 1 || one_column) && (axes.row_stride >= axes.columns || one_row)) {
    return BlasLayout{true, one_row ? axes.columns : axes.row_stride};
  }
  if ((axes.row_stride == 1 || one_row) && (axes.column_stride >= axes.rows || one_column)) {
    return BlasLayout{false, one_column ? axes.rows : axes.column_stride};
  }
  return std::nullopt;
}

/// The same elements in C order, but axes of a broadcast batch stay as they are: one matrix is
/// copied once.
Tensor CopyMatrices(const Tensor& tensor) {
  Tensor distinct = tensor;
  for (int axis = 0; axis + 2 < tensor.rank(); ++axis) {
    if (tensor.strides()[axis] == 0 && tensor.shape()[axis] > 1) {
      distinct = distinct.Slice(axis, 0, 1);
    }
  }
  return distinct.Contiguous();
}

struct Product {
  Product(const Tensor& a, const Tensor& b, const Tensor& out, const Shape& batch)
      : a(a, batch), b(b, batch), out(static_cast<char*>(out.mutable_data())), dtype(out.dtype()) {
    m = this->a.rows;
    k = this->a.columns;
    n = this->b.columns;
    count = batch.num_elements();
  }
  char* Out(int64_t index) const { return out + index * m * n * a.item_bytes; }

  Stack a;
  Stack b;
  char* out;
  DType dtype;
  int64_t m, n, k;
  int64_t count;  ///< of matrices
};

/// min(2^62, the product): work is compared, never exceeded.
int64_t Work(int64_t a, int64_t b, int64_t c) {
  const double work = static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
  return work < 0x1p62 ? static_cast<int64_t>(work) : int64_t{1} << 62;
}

int64_t GrainOf(int64_t work) {
  return std::max<int64_t>(1, kGrainWork / std::max<int64_t>(work, 1));
}

/// Matrix times vector, in either order: a's rows with the vector, which is contiguous.
void MultiplyVectors(const Product& product) {
  const MatmulKernels& kernels = MatmulKernelsFor(product.dtype);
  const bool vector_first = product.m == 1;
  const Stack& matrices = vector_first ? product.b : product.a;
  const Stack& vectors = vector_first ? product.a : product.b;
  const int64_t rows = vector_first ? product.n : product.m;
  const int64_t k = product.k;
  const int64_t row_stride = vector_first ? matrices.column_stride : matrices.row_stride;
  const int64_t column_stride = vector_first ? matrices.row_stride : matrices.column_stride;
  const int64_t bytes = matrices.item_bytes;
  ParallelRanges(product.count, GrainOf(Work(rows, k, 1)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const char* matrix = matrices.Matrix(i);
      const char* vector = vectors.Matrix(i);
      char* out = product.Out(i);
      if (rows == 1) {
        kernels.dot(matrix, vector, out, k);
        continue;
      }
      const int64_t grain = (GrainOf(k) + kColumnDotsRows - 1) / kColumnDotsRows * kColumnDotsRows;
      ParallelRanges(rows, grain, [&](int64_t first, int64_t last) {
        const char* part = matrix + first * row_stride * bytes;
        if (column_stride == 1 || k == 1) {
          kernels.row_dots(part, row_stride, vector, out + first * bytes, last - first, k);
        } else {
          kernels.column_dots(part, column_stride, vector, out + first * bytes, last - first, k);
        }
      });
    }
  });
}

/// By our own kernels: integers, tiny matrices, and whatever there is no BLAS for.
void MultiplyNatively(const Product& product) {
  const MatmulKernels& kernels = MatmulKernelsFor(product.dtype);
  const int64_t work = Work(product.m, product.n, product.k);
  const int64_t bytes = product.a.item_bytes;
  const int64_t ldb = product.b.row_stride;
  ParallelRanges(product.count, GrainOf(work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const char* a = product.a.Matrix(i);
      const char* b = product.b.Matrix(i);
      char* out = product.Out(i);
      if (work <= kGrainWork) {
        kernels.product(a, product.a.row_stride, product.a.column_stride, b, ldb, out, product.n,
                        product.m, product.n, product.k);
        continue;
      }
      const int64_t grain = (GrainOf(Work(product.n, product.k, 1)) + 3) / 4 * 4;
      ParallelRanges(product.m, grain, [&](int64_t first, int64_t last) {
        kernels.product(a + first * product.a.row_stride * bytes, product.a.row_stride,
                        product.a.column_stride, b, ldb, out + first * product.n * bytes, product.n,
                        last - first, product.n, product.k);
      });
    }
  });
}

/// The length of parts of a dimension of `length`, of about equal size and at most `most`.
int64_t PartLength(int64_t length, int64_t most) {
  const int64_t parts = (length - 1) / most + 1;
  return ((length - 1) / parts + 1 + 15) / 16 * 16;
}

template <class T>
void MultiplyByBlas(const EmberOpenBlas& openblas, const Product& product, BlasLayout a,
                    BlasLayout b) {
  const EmberLapack& blas = LapackOf<T>(openblas);
  const int64_t area = kPartLength * kPartLength;
  const int64_t most_columns =
      std::clamp(area / std::min(product.m, kPartLength), kPartLength, kPartLengthMax);
  const int64_t columns = PartLength(product.n, most_columns);
  const int64_t most_rows = std::clamp(area / columns, kPartLength, kPartLengthMax);
  const int64_t rows = PartLength(product.m, most_rows);
  const int64_t parts_down = (product.m - 1) / rows + 1;
  const int64_t parts_across = (product.n - 1) / columns + 1;
  const int64_t parts = parts_down * parts_across;

  // Column-major, the row-major result is its transpose: (a b)' = b' a'.
  const int64_t bytes = product.a.item_bytes;
  const int64_t work = Work(std::min(rows, product.m), std::min(columns, product.n), product.k);
  ParallelRanges(product.count * parts, GrainOf(work), [&](int64_t begin, int64_t end) {
    OpenBlasTurn turn;
    for (int64_t task = begin; task < end; ++task) {
      const int64_t i = task / parts;
      const int64_t row = task % parts / parts_across * rows;
      const int64_t column = task % parts_across * columns;
      const char* a_part = product.a.Matrix(i) + row * product.a.row_stride * bytes;
      const char* b_part = product.b.Matrix(i) + column * product.b.column_stride * bytes;
      char* out = product.Out(i) + (row * product.n + column) * bytes;
      blas.gemm(b.row_major ? 'N' : 'T', a.row_major ? 'N' : 'T',
                static_cast<int32_t>(std::min(columns, product.n - column)),
                static_cast<int32_t>(std::min(rows, product.m - row)),
                static_cast<int32_t>(product.k), b_part, static_cast<int32_t>(b.leading), a_part,
                static_cast<int32_t>(a.leading), out, static_cast<int32_t>(product.n));
    }
  });
}

void MultiplyByBlas(const EmberOpenBlas& openblas, const Product& product, BlasLayout a,
                    BlasLayout b) {
  switch (product.dtype) {
    case DType::kFloat32:
      return MultiplyByBlas<float>(openblas, product, a, b);
    case DType::kFloat64:
      return MultiplyByBlas<double>(openblas, product, a, b);
    case DType::kComplex64:
      return MultiplyByBlas<std::complex<float>>(openblas, product, a, b);
    default:
      return MultiplyByBlas<std::complex<double>>(openblas, product, a, b);
  }
}

bool FitsBlas(int64_t length) { return length <= std::numeric_limits<int32_t>::max(); }

/// The factor itself if BLAS reads its layout (with `row_major`: only that one), else a copy.
Tensor ForBlas(const Tensor& factor, bool row_major) {
  const std::optional<BlasLayout> layout = LayoutOf(MatrixAxes(factor));
  const bool fits = layout && FitsBlas(layout->leading) && (layout->row_major || !row_major);
  return fits ? factor : CopyMatrices(factor);
}

Tensor WithUnitStride(const Tensor& factor, int axis_from_end) {
  const int axis = factor.rank() - axis_from_end;
  const bool fits = factor.strides()[axis] == 1 || factor.shape()[axis] == 1;
  return fits ? factor : CopyMatrices(factor);
}

void MultiplyStacks(Tensor a, Tensor b, const Tensor& out, const Shape& batch) {
  const int64_t m = a.shape()[a.rank() - 2];
  const int64_t k = a.shape()[a.rank() - 1];
  const int64_t n = b.shape()[b.rank() - 1];
  const int64_t work = Work(m, n, k);
  const bool floating = !tensor::IsInteger(out.dtype());
  if (tensor::IsRealFloating(out.dtype()) ? m == 1 || n == 1 : floating && m == 1 && n == 1) {
    Tensor& vector = m == 1 ? a : b;
    Tensor& matrix = m == 1 ? b : a;
    vector = WithUnitStride(vector, m == 1 ? 1 : 2);
    const MatrixAxes axes(matrix);
    const int64_t rows = m == 1 ? n : m;
    // A single row must be contiguous; of more, rows or columns.
    const int64_t along = m == 1 ? axes.row_stride : axes.column_stride;
    const int64_t across = m == 1 ? axes.column_stride : axes.row_stride;
    if (along != 1 && k > 1 && (rows == 1 || across != 1)) matrix = CopyMatrices(matrix);
    return MultiplyVectors(Product(a, b, out, batch));
  }
  const EmberOpenBlas* const openblas = floating && work > kTinyWork ? FindOpenBlas() : nullptr;
  if (openblas == nullptr || !FitsBlas(n) || !FitsBlas(k)) {
    return MultiplyNatively(Product(a, WithUnitStride(b, 1), out, batch));
  }
  a = ForBlas(a, work <= kSmallWork);
  b = ForBlas(b, work <= kSmallWork);
  MultiplyByBlas(*openblas, Product(a, b, out, batch), *LayoutOf(MatrixAxes(a)),
                 *LayoutOf(MatrixAxes(b)));
}

/// Inputs are of rank 2 at least and of the output's dtype; their leading axes broadcast to the
/// output's, which is contiguous.
void Matmul(Tensors inputs, Attributes, Tensors outputs) {
  const Tensor& a = *inputs[0];
  const Tensor& b = *inputs[1];
  const Tensor& out = *outputs[0];
  if (out.size() == 0) return;
  const int64_t k = a.shape()[a.rank() - 1];
  if (k == 0) {
    std::memset(out.mutable_data(), 0, out.size_bytes());
    return;
  }
  const Shape batch(std::span<const int64_t>(out.shape().data(), out.rank() - 2));
  const int64_t b_size = b.shape()[b.rank() - 2] * b.shape()[b.rank() - 1];
  if (a.rank() == out.rank() && batch.num_elements() > 1 && b.size() == b_size &&
      a.size() / (a.shape()[a.rank() - 2] * k) == batch.num_elements()) {
    // All matrices of a meet the same one: their rows are those of one matrix.
    const Shape rows{a.size() / k, k};
    const Shape columns{k, b.shape()[b.rank() - 1]};
    const Tensor folded =
        Tensor::WrapMutable(out.mutable_data(), {rows[0], columns[1]}, out.dtype(), out.owner());
    return MultiplyStacks(a.Reshape(rows), b.Reshape(columns), folded, Shape{});
  }
  MultiplyStacks(a, b, out, batch);
}

bool SupportsMatmul(std::span<const DType> dtypes) {
  return dtypes[0] != DType::kBool && dtypes[0] == dtypes.back();
}

const bool registered = RegisterOperation(Op::kMatmul, {&SupportsMatmul, &Matmul});

}  // namespace

const MatmulKernels& MatmulKernelsFor(DType dtype) {
  const int index = static_cast<int>(dtype);
#if defined(__x86_64__)
  switch (ActiveInstructionSet()) {
    case InstructionSet::kAvx512:
      return avx512::TheMatmulKernels()[index];
    case InstructionSet::kAvx2:
      return avx2::TheMatmulKernels()[index];
    case InstructionSet::kScalar:
      break;
  }
#endif
  return scalar::TheMatmulKernels()[index];
}

}  // namespace emberharmony::backend::native
