#include "backends/mlx/mlx_arrays.h"

#include <mlx/ops.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "backends/mlx/mlx_memory.h"

namespace emberharmony::mlx_backend {

mx::Shape ShapeOf(const EmberTensor& tensor) {
  mx::Shape shape;
  for (int32_t i = 0; i < tensor.rank; ++i) {
    shape.push_back(static_cast<mx::ShapeElem>(tensor.shape[i]));
  }
  return shape;
}

namespace {

void Nothing(mx::allocator::Buffer) {}

/// Where a tensor's elements lie, counted in elements from its first.
struct Span {
  int64_t low = 0;
  int64_t high = 0;

  int64_t size() const { return high - low + 1; }
};

Span SpanOf(const EmberTensor& tensor) {
  Span span;
  for (int32_t i = 0; i < tensor.rank; ++i) {
    const int64_t last = (tensor.shape[i] - 1) * tensor.strides[i];
    (last < 0 ? span.low : span.high) += last;
  }
  return span;
}

bool IsRowMajor(const EmberTensor& tensor) {
  int64_t stride = 1;
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != stride) return false;
    stride *= tensor.shape[i];
  }
  return true;
}

char* AddressOf(const EmberTensor& tensor) {
  return static_cast<char*>(tensor.data) + tensor.byte_offset;
}

/// One of the two sides of a copy.
struct Side {
  char* data;
  const int64_t* strides;  ///< in elements
};

template <size_t kBytes>
void CopyAlong(const int64_t* shape, int rank, size_t, Side to, Side from) {
  if (rank == 0) {
    std::memcpy(to.data, from.data, kBytes);
    return;
  }
  const int64_t to_step = to.strides[0] * static_cast<int64_t>(kBytes);
  const int64_t from_step = from.strides[0] * static_cast<int64_t>(kBytes);
  for (int64_t i = 0; i < shape[0]; ++i) {
    if (rank == 1) {
      std::memcpy(to.data + i * to_step, from.data + i * from_step, kBytes);
    } else {
      CopyAlong<kBytes>(shape + 1, rank - 1, kBytes, {to.data + i * to_step, to.strides + 1},
                        {from.data + i * from_step, from.strides + 1});
    }
  }
}

/// Copies element by element; of any strides and alignment.
void CopyElements(const int64_t* shape, int rank, size_t item_bytes, Side to, Side from) {
  switch (item_bytes) {
    case 1:
      return CopyAlong<1>(shape, rank, 1, to, from);
    case 2:
      return CopyAlong<2>(shape, rank, 2, to, from);
    case 4:
      return CopyAlong<4>(shape, rank, 4, to, from);
    default:
      return CopyAlong<8>(shape, rank, 8, to, from);
  }
}

std::vector<int64_t> RowMajorStrides(const EmberTensor& tensor) {
  std::vector<int64_t> strides(tensor.rank);
  int64_t stride = 1;
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= tensor.shape[i];
  }
  return strides;
}

/// The tensor's elements in order, in MLX's own memory.
mx::array Gather(const EmberTensor& tensor, mx::Dtype dtype) {
  const size_t bytes = static_cast<size_t>(NumElements(tensor)) * size_of(dtype);
  mx::allocator::Data memory = mx::allocator::malloc(bytes);
  const std::vector<int64_t> strides = RowMajorStrides(tensor);
  char* const to = static_cast<char*>(mx::allocator::Buffer(memory.buffer()).raw_ptr());
  CopyElements(tensor.shape, tensor.rank, size_of(dtype), {to, strides.data()},
               {AddressOf(tensor), tensor.strides});
  return mx::array(std::move(memory), ShapeOf(tensor), dtype);
}

/// A view of a whole buffer. MLX itself finds out what of its layout it can use.
mx::array View(const EmberTensor& tensor, mx::array whole, size_t offset, mx::Stream stream) {
  mx::Strides strides;
  for (int32_t i = 0; i < tensor.rank; ++i) strides.push_back(tensor.strides[i]);
  return mx::as_strided(std::move(whole), ShapeOf(tensor), std::move(strides), offset, stream);
}

mx::array ArrayOnDevice(const EmberTensor& tensor, mx::Dtype dtype, mx::Stream stream) {
  const Span span = SpanOf(tensor);
  if (span.low < 0 || tensor.byte_offset % size_of(dtype) != 0) {
    throw Refusal{"MLX has no such view of memory on a device"};
  }
  const auto first = static_cast<int64_t>(tensor.byte_offset / size_of(dtype));
  if (first + span.size() > std::numeric_limits<mx::ShapeElem>::max()) {
    throw Refusal{"MLX counts elements in 32 bits"};
  }
  mx::array whole(mx::allocator::Data(BufferOf(tensor.data), &Nothing),
                  mx::Shape{static_cast<mx::ShapeElem>(first + span.size())}, dtype);
  return View(tensor, std::move(whole), static_cast<size_t>(first), stream);
}

}  // namespace

mx::Dtype DTypeOf(EmberDataType type) {
  switch (type.code * 256 + type.bits) {
    case 0 * 256 + 8:
      return mx::int8;
    case 0 * 256 + 16:
      return mx::int16;
    case 0 * 256 + 32:
      return mx::int32;
    case 0 * 256 + 64:
      return mx::int64;
    case 1 * 256 + 8:
      return mx::uint8;
    case 1 * 256 + 16:
      return mx::uint16;
    case 1 * 256 + 32:
      return mx::uint32;
    case 1 * 256 + 64:
      return mx::uint64;
    case 2 * 256 + 32:
      return mx::float32;
    case 2 * 256 + 64:
      return mx::float64;
    case 5 * 256 + 64:
      return mx::complex64;
    case 6 * 256 + 8:
      return mx::bool_;
    default:
      throw Refusal{"MLX has no such dtype"};
  }
}

int64_t NumElements(const EmberTensor& tensor) {
  int64_t size = 1;
  for (int32_t i = 0; i < tensor.rank; ++i) size *= tensor.shape[i];
  return size;
}

mx::array ArrayOf(const EmberTensor& tensor, mx::Stream stream) {
  const mx::Dtype dtype = DTypeOf(tensor.type);
  const int64_t size = NumElements(tensor);
  if (size == 0) throw Refusal{"tensors without elements"};
  const Span span = SpanOf(tensor);
  if (std::max(size, span.size()) > std::numeric_limits<mx::ShapeElem>::max()) {
    throw Refusal{"MLX counts elements in 32 bits"};
  }
  if (tensor.device.kind != EMBER_CPU) return ArrayOnDevice(tensor, dtype, stream);
  const bool is_aligned = reinterpret_cast<uintptr_t>(AddressOf(tensor)) % size_of(dtype) == 0;
  if (!BuffersCanBeMade() || !is_aligned || span.low < 0) return Gather(tensor, dtype);
  mx::allocator::Data memory(BufferOver(AddressOf(tensor)), &Nothing);
  if (IsRowMajor(tensor)) return mx::array(std::move(memory), ShapeOf(tensor), dtype);
  mx::array whole(std::move(memory), mx::Shape{static_cast<mx::ShapeElem>(span.size())}, dtype);
  return View(tensor, std::move(whole), 0, stream);
}

void CopyTo(const EmberTensor& output, mx::array& result) {
  if (static_cast<int64_t>(result.size()) != NumElements(output)) {
    throw Refusal{"MLX gave a result of another shape"};
  }
  EmberTensor to = output;
  if (to.device.kind != EMBER_CPU) to.data = BufferOf(to.data).raw_ptr();
  if (result.flags().row_contiguous && IsRowMajor(to)) {
    std::memcpy(AddressOf(to), result.data<char>(), result.nbytes());
    return;
  }
  // The two may write the same elements as shapes with and without axes of length 1.
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
  for (int32_t i = 0; i < to.rank; ++i) {
    if (to.shape[i] == 1) continue;
    shape.push_back(to.shape[i]);
    strides.push_back(to.strides[i]);
  }
  std::vector<int64_t> from_shape;
  std::vector<int64_t> from_strides;
  for (size_t i = 0; i < result.ndim(); ++i) {
    if (result.shape(static_cast<int>(i)) == 1) continue;
    from_shape.push_back(result.shape(static_cast<int>(i)));
    from_strides.push_back(result.strides(static_cast<int>(i)));
  }
  if (shape != from_shape) throw Refusal{"MLX gave a result of another shape"};
  CopyElements(shape.data(), static_cast<int>(shape.size()), result.itemsize(),
               {AddressOf(to), strides.data()}, {result.data<char>(), from_strides.data()});
}

}  // namespace emberharmony::mlx_backend
