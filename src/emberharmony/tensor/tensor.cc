#include "emberharmony/tensor/tensor.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "emberharmony/tensor/strided_copy_internal.h"

namespace emberharmony::tensor {
namespace {

/// An owner for memory without one, so that an empty or borrowed tensor still is defined.
char empty_storage[64];

[[noreturn]] void ThrowSize(const Shape& shape, DType dtype) {
  for (int64_t dim : shape) {
    if (dim < 0) {
      throw ShapeError("dimensions must not be negative, found shape " + shape.ToString());
    }
  }
  throw ShapeError("a tensor of shape " + shape.ToString() + " and dtype " +
                   std::string(DTypeName(dtype)) + " would exceed 2^63 bytes");
}

/// The number of elements, whose bytes do not exceed 2^63; else ShapeError.
int64_t CheckedSize(const Shape& shape, DType dtype) {
  int64_t size = 1;
  bool overflow = false;
  bool negative = false;
  bool empty = false;
  for (int64_t dim : shape) {
    // The dimensions beside a 0 still count: strides are made of them.
    overflow |= __builtin_mul_overflow(size, dim + (dim == 0), &size);
    negative |= dim < 0;
    empty |= dim == 0;
  }
  if (negative) ThrowSize(shape, dtype);
  if (overflow || size > INT64_MAX / 16) {
    int64_t bytes;
    if (overflow || __builtin_mul_overflow(size, ItemSize(dtype), &bytes)) ThrowSize(shape, dtype);
  }
  return empty ? 0 : size;
}

/// ContiguousStrides, written where they stay: to copy several numbers at once that have just been
/// written one by one takes longer than all else that is done for a small tensor.
void WriteContiguousStrides(const Shape& shape, Shape* strides) {
  *strides = shape;
  int64_t* const steps = strides->data();
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    steps[i] = step;
    // A size that does not fit was refused before; beside a 0 what overflows is never used.
    (void)__builtin_mul_overflow(step, std::max<int64_t>(shape[i], 1), &step);
  }
}

/// Whether elements of that layout follow each other without gaps.
bool IsContiguous(const Shape& shape, const Shape& strides, int64_t size) {
  const int64_t* dims = shape.data();
  const int64_t* steps = strides.data();
  int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0 && size > 0; --i) {
    if (dims[i] != 1 && steps[i] != expected) return false;
    expected *= dims[i];
  }
  return true;
}

/// Bytes of an Arrow buffer that keeps a tensor's memory alive.
class TensorBuffer : public arrow::Buffer {
 public:
  explicit TensorBuffer(Tensor tensor)
      : arrow::Buffer(static_cast<const uint8_t*>(tensor.data()), tensor.size_bytes()),
        tensor_(std::move(tensor)) {}

 private:
  Tensor tensor_;
};

/// For what reads or writes elements: only the CPU's memory can be reached from here.
void CheckOnCpu(const Tensor& tensor) {
  if (tensor.device() == kCpuDevice) return;
  throw std::invalid_argument("expected a tensor on the CPU, found a " + tensor.Describe() +
                              " on " + DeviceName(tensor.device()) +
                              ": copy it to the CPU with to_device");
}

}  // namespace

void* Tensor::mutable_data() const {
  CheckOnCpu(*this);
  if (!writable_) {
    throw std::invalid_argument("this " + Describe() + " is read-only: write to a copy of it");
  }
  return base_ + offset_ * ItemSize(dtype_);
}

void Tensor::ThrowDType(DType expected) const {
  throw DTypeError("expected a tensor of dtype " + std::string(DTypeName(expected)) + ", found a " +
                   Describe() + ": convert it with ops::astype");
}

void Tensor::CheckContiguous() const {
  CheckOnCpu(*this);
  if (!contiguous_) {
    throw ShapeError("this " + Describe() + " has gaps between its elements: call Contiguous()");
  }
}

void Tensor::CheckSingle() const {
  CheckOnCpu(*this);
  if (size_ != 1 || !defined()) {
    throw ShapeError("only a tensor with one element can be read as a number, found a " +
                     Describe());
  }
}

std::string Tensor::Describe() const {
  if (!defined()) return "undefined tensor";
  return std::string(DTypeName(dtype_)) + " tensor of shape " + shape_.ToString();
}

void Tensor::SetLayout(Shape shape, Shape strides, int64_t offset) {
  size_ = CheckedSize(shape, dtype_);
  shape_ = std::move(shape);
  strides_ = std::move(strides);
  offset_ = offset;
  contiguous_ = IsContiguous(shape_, strides_, size_);
}

Tensor Tensor::View(Shape shape, Shape strides, int64_t offset) const {
  Tensor view;
  view.base_ = base_;
  view.owner_ = owner_;
  view.device_ = device_;
  view.dtype_ = dtype_;
  view.writable_ = writable_;
  view.SetLayout(std::move(shape), std::move(strides), offset);
  return view;
}

Tensor Tensor::ReadOnly() const {
  Tensor view = *this;
  view.writable_ = false;
  return view;
}

Tensor Tensor::Empty(const Shape& shape, DType dtype) {
  const int64_t size = CheckedSize(shape, dtype);
  Tensor tensor;
  std::shared_ptr<void> storage = AllocateStorage(size * ItemSize(dtype));
  tensor.base_ = static_cast<char*>(storage.get());
  tensor.owner_ = std::move(storage);
  tensor.dtype_ = dtype;
  tensor.writable_ = true;
  tensor.shape_ = shape;
  WriteContiguousStrides(shape, &tensor.strides_);
  tensor.size_ = size;
  return tensor;
}

Tensor Tensor::Wrap(const void* data, const Shape& shape, DType dtype,
                    std::shared_ptr<const void> owner, Device device) {
  Tensor tensor = WrapMutable(const_cast<void*>(data), shape, dtype, std::move(owner), device);
  tensor.writable_ = false;
  return tensor;
}

Tensor Tensor::WrapMutable(void* data, const Shape& shape, DType dtype,
                           std::shared_ptr<const void> owner, Device device) {
  const int64_t size = CheckedSize(shape, dtype);
  Tensor tensor;
  // Arrow gives null for the data of an empty array.
  tensor.base_ = data != nullptr ? static_cast<char*>(data) : empty_storage;
  tensor.owner_ = std::move(owner);
  tensor.dtype_ = dtype;
  tensor.device_ = device;
  tensor.writable_ = true;
  tensor.shape_ = shape;
  WriteContiguousStrides(shape, &tensor.strides_);
  tensor.size_ = size;
  return tensor;
}

int Tensor::CheckAxis(int axis, int rank) const {
  if (axis < -rank || axis >= rank) {
    throw ShapeError("axis must lie in [" + std::to_string(-rank) + ", " + std::to_string(rank) +
                     ") for this " + Describe() + ", found " + std::to_string(axis));
  }
  return axis < 0 ? axis + rank : axis;
}

Shape Tensor::ReshapeTarget(const Shape& shape) const {
  Shape target = shape;
  int inferred = -1;
  int64_t known = 1;
  bool fits = true;
  for (int i = 0; i < target.rank(); ++i) {
    if (target[i] == -1 && inferred < 0) {
      inferred = i;
    } else if (target[i] < 0) {
      fits = false;
    } else if (__builtin_mul_overflow(known, target[i], &known)) {
      // Too large, unless a later dimension is 0.
      known = std::find(target.begin(), target.end(), 0) != target.end() ? 0 : -1;
      fits = fits && known == 0;
      break;
    }
  }
  if (inferred >= 0) {
    fits = fits && known > 0 && size_ % known == 0;
    target[inferred] = known > 0 ? size_ / known : 0;
  } else {
    fits = fits && known == size_;
  }
  if (!fits) {
    throw ShapeError("cannot reshape a " + Describe() + " (" + std::to_string(size_) +
                     " elements) to " + shape.ToString());
  }
  return target;
}

std::optional<Tensor> Tensor::ReshapeView(const Shape& shape) const {
  Shape target = ReshapeTarget(shape);
  if (contiguous_ || size_ == 0) {
    Shape strides = ContiguousStrides(target);
    return View(std::move(target), std::move(strides), offset_);
  }
  // Both shapes fall into runs of axes with the same number of elements. A run of old axes that is
  // walked through with one stride can be divided anew; others cannot.
  Shape strides = Shape::Filled(target.rank(), 1);
  const int old_rank = rank();
  int old_axis = 0;
  int new_axis = 0;
  while (old_axis < old_rank && new_axis < target.rank()) {
    const int new_begin = new_axis;
    int64_t length = shape_[old_axis];
    int64_t wanted = target[new_axis++];
    int last = old_axis;  // the last old axis of the run that is longer than 1
    while (length != wanted) {
      if (length < wanted) {
        length *= shape_[++old_axis];
        if (shape_[old_axis] == 1) continue;
        if (shape_[last] != 1 && strides_[last] != strides_[old_axis] * shape_[old_axis]) {
          return std::nullopt;
        }
        last = old_axis;
      } else {
        wanted *= target[new_axis++];
      }
    }
    ++old_axis;
    int64_t step = strides_[last];
    for (int i = new_axis - 1; i >= new_begin; --i) {
      strides[i] = step;
      step *= target[i];
    }
  }
  return View(std::move(target), std::move(strides), offset_);
}

Tensor Tensor::Reshape(const Shape& shape) const {
  if (std::optional<Tensor> view = ReshapeView(shape)) return *std::move(view);
  return *Copy().ReshapeView(shape);
}

Tensor Tensor::BroadcastTo(const Shape& shape) const {
  Shape result = shape;
  if (!BroadcastInto(&result, shape_) || !(result == shape)) {
    throw ShapeError("cannot broadcast a " + Describe() + " to " + shape.ToString());
  }
  Tensor view = View(shape, BroadcastStrides(shape_, strides_, shape), offset_);
  view.writable_ = writable_ && shape == shape_;
  return view;
}

Tensor Tensor::Slice(int axis, int64_t start, int64_t stop, int64_t step) const {
  axis = CheckAxis(axis, rank());
  if (step == 0) throw ShapeError("the step of a slice must not be 0");
  const int64_t length = shape_[axis];
  // Python's slice.indices(): bounds are clipped to what the direction can reach.
  const int64_t low = step > 0 ? 0 : -1;
  const int64_t high = step > 0 ? length : length - 1;
  const auto clip = [&](int64_t at) {
    if (at < 0) at += length;
    return std::clamp(at, low, std::max(low, high));
  };
  start = clip(start);
  stop = clip(stop);
  // As in Python, "before the first" cannot be written as a negative stop: -1 means the last
  // element; callers who want everything down to the first pass -length - 1, which clip() turns
  // into -1.
  int64_t count = 0;
  if (step > 0 && stop > start) count = (stop - start - 1) / step + 1;
  // The most negative step has no opposite; one less reaches as little.
  const int64_t back = std::max(step, -INT64_MAX);
  if (step < 0 && stop < start) count = (start - stop - 1) / -back + 1;
  Tensor view = *this;
  if (count > 0) view.offset_ += start * strides_[axis];
  view.shape_[axis] = count;
  if (count > 1) view.strides_[axis] = strides_[axis] * step;
  view.size_ = view.shape_.num_elements();
  view.contiguous_ = IsContiguous(view.shape_, view.strides_, view.size_);
  return view;
}

Tensor Tensor::Select(int axis, int64_t index) const {
  axis = CheckAxis(axis, rank());
  const int64_t length = shape_[axis];
  if (index < -length || index >= length) {
    throw IndexError("index " + std::to_string(index) + " is out of bounds for axis " +
                     std::to_string(axis) + " of a " + Describe());
  }
  if (index < 0) index += length;
  Tensor view;
  view.base_ = base_;
  view.owner_ = owner_;
  view.offset_ = offset_ + index * strides_[axis];
  view.device_ = device_;
  view.dtype_ = dtype_;
  view.writable_ = writable_;
  for (int i = 0; i < rank(); ++i) {
    if (i == axis) continue;
    view.shape_.Append(shape_[i]);
    view.strides_.Append(strides_[i]);
  }
  view.size_ = view.shape_.num_elements();
  view.contiguous_ = IsContiguous(view.shape_, view.strides_, view.size_);
  return view;
}

Tensor Tensor::ExpandDims(int axis) const {
  axis = CheckAxis(axis, rank() + 1);
  Shape shape, strides;
  for (int i = 0; i <= rank(); ++i) {
    if (i == axis) {
      shape.Append(1);
      strides.Append(0);
    }
    if (i == rank()) break;
    shape.Append(shape_[i]);
    strides.Append(strides_[i]);
  }
  return View(std::move(shape), std::move(strides), offset_);
}

Tensor Tensor::PermuteDims(std::span<const int> axes) const {
  uint64_t seen = 0;
  Shape shape, strides;
  for (int axis : axes) {
    axis = CheckAxis(axis, rank());
    seen |= uint64_t{1} << axis;
    shape.Append(shape_[axis]);
    strides.Append(strides_[axis]);
  }
  if (static_cast<int>(axes.size()) != rank() || __builtin_popcountll(seen) != rank()) {
    throw ShapeError("a permutation of the axes of this " + Describe() +
                     " names each axis once, found " + std::to_string(axes.size()) +
                     " axes of which " + std::to_string(__builtin_popcountll(seen)) + " differ");
  }
  return View(std::move(shape), std::move(strides), offset_);
}

Tensor Tensor::Copy() const {
  CheckOnCpu(*this);
  Tensor copy = Empty(shape_, dtype_);
  CopyElements(*this, copy);
  return copy;
}

namespace {

/// The bytes [begin, end) in which the elements of a tensor that has some lie.
std::pair<uintptr_t, uintptr_t> ByteExtent(const Tensor& tensor) {
  int64_t low = 0;
  int64_t high = 1;
  for (int i = 0; i < tensor.rank(); ++i) {
    const int64_t reach = tensor.strides()[i] * (tensor.shape()[i] - 1);
    (reach < 0 ? low : high) += reach;
  }
  const auto first = reinterpret_cast<uintptr_t>(tensor.data());
  const int64_t item_bytes = ItemSize(tensor.dtype());
  return {first + low * item_bytes, first + high * item_bytes};
}

}  // namespace

bool MayShareMemory(const Tensor& a, const Tensor& b) {
  if (a.size() == 0 || b.size() == 0) return false;
  const auto [a_begin, a_end] = ByteExtent(a);
  const auto [b_begin, b_end] = ByteExtent(b);
  return a_begin < b_end && b_begin < a_end;
}

void CopyElements(const Tensor& from, const Tensor& to) {
  if (from.dtype() != to.dtype()) {
    throw DTypeError("cannot copy a " + from.Describe() + " into a " + to.Describe() +
                     ": convert it with ops::astype");
  }
  if (!(from.shape() == to.shape())) {
    throw ShapeError("cannot copy a " + from.Describe() + " into a " + to.Describe());
  }
  if (from.size() == 0) return;
  CheckOnCpu(from);
  if (from.is_contiguous() && to.is_contiguous()) {
    std::memcpy(to.mutable_data(), from.data(), from.size_bytes());
    return;
  }
  internal::CopyAxis axes[kRankMax];
  for (int i = 0; i < from.rank(); ++i) {
    axes[i] = {from.shape()[i], from.strides()[i], to.strides()[i]};
  }
  internal::CopyStrided(ItemSize(from.dtype()), from.data(), to.mutable_data(), axes, from.rank());
}

std::shared_ptr<arrow::Buffer> ToBuffer(const Tensor& tensor) {
  CheckOnCpu(tensor);
  return std::make_shared<TensorBuffer>(tensor.Contiguous());
}

namespace internal {

Tensor FromBytes(const void* values, int64_t num_values, const Shape& shape, DType dtype) {
  Tensor tensor = Tensor::Empty(shape, dtype);
  if (tensor.size() != num_values) {
    throw ShapeError("shape " + shape.ToString() + " has " + std::to_string(tensor.size()) +
                     " elements, found " + std::to_string(num_values) + " values");
  }
  if (num_values > 0) std::memcpy(tensor.mutable_data(), values, tensor.size_bytes());
  return tensor;
}

}  // namespace internal
}  // namespace emberharmony::tensor
