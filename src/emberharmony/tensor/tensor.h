#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "emberharmony/tensor/allocation.h"
#include "emberharmony/tensor/device.h"
#include "emberharmony/tensor/dtype.h"
#include "emberharmony/tensor/errors.h"
#include "emberharmony/tensor/shape.h"

namespace emberharmony::tensor {

/// An n-dimensional array: a cheap handle on storage that it shares with its copies and views.
///
/// Copying a Tensor copies the handle, never the elements. Handles are values: one handle is used
/// by one thread at a time, but different handles on the same storage may be read by many threads
/// at once; writing needs the caller's own synchronization. A default-constructed Tensor is
/// undefined (`defined()` is false) and has no elements to read. Strides and offset count elements;
/// a stride may be 0 (broadcast) or negative (reversed).
class Tensor {
 public:
  Tensor() = default;

  /// Uninitialized, C-contiguous, from the thread's current memory pool (AllocationScope). Throws
  /// ShapeError for a negative dimension or a size beyond 2^63 bytes, OutOfMemoryError.
  static Tensor Empty(const Shape& shape, DType dtype);

  /// A read-only tensor over memory owned by `owner` (an Arrow buffer, say), without a copy. The
  /// memory holds shape.num_elements() elements of `dtype`, C-contiguous, stays unchanged, and
  /// lives as long as `owner` does; null means that the caller keeps it alive.
  static Tensor Wrap(const void* data, const Shape& shape, DType dtype,
                     std::shared_ptr<const void> owner, Device device = kCpuDevice);
  /// The same over memory that may be written through the tensor.
  static Tensor WrapMutable(void* data, const Shape& shape, DType dtype,
                            std::shared_ptr<const void> owner, Device device = kCpuDevice);

  /// A new tensor with a copy of `values`. Throws ShapeError if their number is not the shape's.
  template <class T>
  static Tensor FromValues(std::span<const T> values, const Shape& shape);
  /// The same, of rank 1.
  template <class T>
  static Tensor FromValues(std::span<const T> values) {
    return FromValues(values, Shape{static_cast<int64_t>(values.size())});
  }
  template <class T>
  static Tensor FromValues(std::initializer_list<T> values) {
    return FromValues(std::span<const T>(values.begin(), values.size()));
  }
  /// A new tensor of rank 0.
  template <class T>
  static Tensor Scalar(T value) {
    return FromValues(std::span<const T>(&value, 1), Shape{});
  }

  bool defined() const { return base_ != nullptr; }
  DType dtype() const { return dtype_; }
  Device device() const { return device_; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  int rank() const { return shape_.rank(); }
  /// Number of elements.
  int64_t size() const { return size_; }
  int64_t size_bytes() const { return size_ * ItemSize(dtype_); }
  /// Elements between the start of the storage and the first element.
  int64_t offset() const { return offset_; }
  /// Whether the elements follow each other in C order without gaps.
  bool is_contiguous() const { return contiguous_; }
  bool writable() const { return writable_; }
  /// What keeps the memory alive; null for memory that the caller keeps alive.
  const std::shared_ptr<const void>& owner() const { return owner_; }
  /// Start of the storage, before the offset (what DLPack calls data).
  void* storage_data() const { return base_; }

  /// The first element.
  const void* data() const { return base_ + offset_ * ItemSize(dtype_); }
  /// The first element, to write. The tensor must be writable.
  void* mutable_data() const;
  /// The first element as T, which must be the dtype's C++ type (else DTypeError).
  template <class T>
  const T* data_as() const {
    CheckDType(DTypeOf<T>());
    return static_cast<const T*>(data());
  }
  template <class T>
  T* mutable_data_as() const {
    CheckDType(DTypeOf<T>());
    return static_cast<T*>(mutable_data());
  }
  /// The elements of a contiguous tensor (else ShapeError).
  template <class T>
  std::span<const T> values() const {
    CheckContiguous();
    return {data_as<T>(), static_cast<size_t>(size_)};
  }
  /// The only element (else ShapeError).
  template <class T>
  T item() const {
    CheckSingle();
    return *data_as<T>();
  }

  // Views: they share the storage.

  /// A view of any layout: `strides` and `offset` (from the start of the storage) count elements,
  /// and every element must lie in the storage, which nobody checks. Throws ShapeError for a size
  /// beyond 2^63 bytes.
  Tensor View(Shape shape, Shape strides, int64_t offset) const;
  /// This tensor, not to be written through.
  Tensor ReadOnly() const;
  /// The same elements in C order in another shape; one dimension may be -1 (inferred). A view
  /// where the strides allow, else a copy. Throws ShapeError.
  Tensor Reshape(const Shape& shape) const;
  /// The same, but absent where a view is not possible.
  std::optional<Tensor> ReshapeView(const Shape& shape) const;
  /// A read-only view repeated to `shape`. Throws ShapeError.
  Tensor BroadcastTo(const Shape& shape) const;
  /// Elements start, start + step, ... before stop along `axis`, with Python's rules for negative
  /// and large indices. Throws ShapeError for a bad axis or a zero step.
  Tensor Slice(int axis, int64_t start, int64_t stop, int64_t step = 1) const;
  /// Element `index` (may be negative) along `axis`; the axis goes. Throws ShapeError.
  Tensor Select(int axis, int64_t index) const;
  /// A new axis of length 1 before `axis`.
  Tensor ExpandDims(int axis) const;
  /// Axes in another order: axis i of the result is axis axes[i] of this.
  Tensor PermuteDims(std::span<const int> axes) const;
  /// This tensor if contiguous, else a contiguous copy.
  Tensor Contiguous() const { return contiguous_ ? *this : Copy(); }
  /// A new, contiguous, writable tensor with the same elements.
  Tensor Copy() const;

  /// "float64 tensor of shape (3, 4)".
  std::string Describe() const;

 private:
  void SetLayout(Shape shape, Shape strides, int64_t offset);
  /// `shape` with its -1 replaced; throws ShapeError unless it has as many elements as this.
  Shape ReshapeTarget(const Shape& shape) const;
  /// `axis` counted from the front; throws ShapeError unless it is in [-rank, rank).
  int CheckAxis(int axis, int rank) const;
  void CheckDType(DType expected) const {
    if (dtype_ != expected) ThrowDType(expected);
  }
  void CheckContiguous() const;
  void CheckSingle() const;
  [[noreturn]] void ThrowDType(DType expected) const;

  char* base_ = nullptr;
  std::shared_ptr<const void> owner_;
  int64_t offset_ = 0;
  int64_t size_ = 0;
  Device device_;
  DType dtype_ = DType::kFloat64;
  bool contiguous_ = true;
  bool writable_ = false;
  Shape shape_;
  Shape strides_;
};

/// Whether an element of one may lie in the memory of an element of the other: judged by the first
/// and last byte each uses, so that interleaved tensors count as sharing too.
bool MayShareMemory(const Tensor& a, const Tensor& b);

/// Copies the elements of `from` into `to`, of equal shape and dtype, whatever their strides; both
/// on the CPU. They must not overlap. Throws ShapeError, DTypeError.
void CopyElements(const Tensor& from, const Tensor& to);

/// The elements of `tensor` as an Arrow buffer that shares its memory (a copy if it is not
/// contiguous).
std::shared_ptr<arrow::Buffer> ToBuffer(const Tensor& tensor);

namespace internal {
Tensor FromBytes(const void* values, int64_t num_values, const Shape& shape, DType dtype);
}  // namespace internal

template <class T>
Tensor Tensor::FromValues(std::span<const T> values, const Shape& shape) {
  return internal::FromBytes(values.data(), static_cast<int64_t>(values.size()), shape,
                             DTypeOf<std::remove_const_t<T>>());
}

}  // namespace emberharmony::tensor
