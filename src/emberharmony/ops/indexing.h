#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>

#include "emberharmony/ops/operand.h"

/// Indexing: the `x[...]` of array libraries, with the semantics of NumPy 2.x (which include those
/// of the Array API standard 2025.12), and the functions that read or write elements by number.
///
/// All functions are thread-safe; what they throw before they begin to write leaves everything
/// unchanged. Integer indices may be negative (they count from the back); those outside
/// [-length, length) throw IndexError, whose message names the axis and its length.
namespace emberharmony::ops {

/// start:stop:step, with Python's rules for what is absent, negative or beyond the ends.
struct Slice {
  std::optional<int64_t> start = std::nullopt;
  std::optional<int64_t> stop = std::nullopt;
  std::optional<int64_t> step = std::nullopt;
};

struct Ellipsis {};
struct NewAxis {};
/// As many full slices as are missing; at most one in an index.
inline constexpr Ellipsis ellipsis{};
/// A new axis of length 1.
inline constexpr NewAxis newaxis{};

/// One part of an index. Refers to a tensor, so it only lives as long as the call.
class Index {
 public:
  enum class Kind : uint8_t { kInteger, kSlice, kEllipsis, kNewAxis, kBool, kTensor };

  /// An element along the next axis, which goes. A bool instead adds an axis of length 1 or 0 in
  /// front and uses none of x's.
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  Index(T value)
      : kind_(std::is_same_v<T, bool> ? Kind::kBool : Kind::kInteger),
        integer_(static_cast<int64_t>(value)) {}
  Index(const Slice& slice) : kind_(Kind::kSlice), slice_(slice) {}
  Index(Ellipsis) : kind_(Kind::kEllipsis) {}
  Index(NewAxis) : kind_(Kind::kNewAxis) {}
  /// A bool tensor selects along as many axes as it has, whose lengths must be its own or 0, the
  /// elements where it is true, in C order. An integer tensor selects elements along the next axis.
  Index(const Tensor& tensor) : kind_(Kind::kTensor), tensor_(&tensor) {}

  Kind kind() const { return kind_; }
  int64_t integer() const { return integer_; }
  const Slice& slice() const { return slice_; }
  const Tensor& tensor() const { return *tensor_; }

 private:
  Kind kind_;
  int64_t integer_ = 0;
  Slice slice_;
  const Tensor* tensor_ = nullptr;
};

/// x[index...]: a view of x if the index has no tensor and no bool, else a new tensor.
///
/// All tensors of an index, bools counted as the integer tensors of where they are true and (if
/// there is any tensor) integers as tensors of rank 0, broadcast against each other. Their common
/// axes take the place of the axes they select from if these parts of the index stand side by side,
/// else they come first.
///
/// Throws IndexError for more parts than axes, two ellipses, an integer out of bounds, a bool
/// tensor whose shape is not that of the axes it selects from, a tensor that is neither bool nor
/// integer, and tensors that do not broadcast; ShapeError for a step of 0 or a result of more than
/// 64 axes; OutOfMemoryError.
Tensor get_index(const Tensor& x, std::span<const Index> index);
inline Tensor get_index(const Tensor& x, std::initializer_list<Index> index) {
  return get_index(x, std::span<const Index>(index.begin(), index.size()));
}

/// x[index...] = value; x must be writable (else std::invalid_argument). Copies and views of x keep
/// their elements: where there are any, x gets memory of its own.
///
/// `value`, a tensor or a number, broadcasts to the shape of x[index...]; leading axes of length 1
/// beyond its rank are dropped. It is converted to x's dtype: bool to integers, integers to any
/// integers (they wrap around) or floating point, real to complex, any precision; what would lose
/// the kind (floating point to integers, complex to real, numbers to bool) throws DTypeError, as
/// does an integer number that x's dtype cannot hold. A value that shares memory with x is read as
/// it was before the call. Where an element is selected more than once, the last value stays.
/// Throws ShapeError if the value does not broadcast, else as get_index.
void set_index(Tensor& x, std::span<const Index> index, const Operand& value);
inline void set_index(Tensor& x, std::initializer_list<Index> index, const Operand& value) {
  set_index(x, std::span<const Index>(index.begin(), index.size()), value);
}

namespace internal {
/// The same for whoever wants x's copies and views to change with it, as Python's tensors do.
void WriteIndex(const Tensor& x, std::span<const Index> index, const Operand& value);
inline void WriteIndex(const Tensor& x, std::initializer_list<Index> index, const Operand& value) {
  WriteIndex(x, std::span<const Index>(index.begin(), index.size()), value);
}
}  // namespace internal

/// A copy of x in which x[index...] is `value`: set_index for those who do not write into tensors.
Tensor index_update(const Tensor& x, std::span<const Index> index, const Operand& value);
inline Tensor index_update(const Tensor& x, std::initializer_list<Index> index,
                           const Operand& value) {
  return index_update(x, std::span<const Index>(index.begin(), index.size()), value);
}

/// The elements of x along `axis` whose numbers are in `indices` (any integer dtype, any rank): the
/// result's shape is x's with the axis replaced by those of `indices`. Without an axis x must be of
/// rank 1. Throws IndexError, ShapeError, DTypeError.
Tensor take(const Tensor& x, const Tensor& indices, std::optional<int> axis = std::nullopt);
/// The same with axis 0, and with any rank: the predecessor's name.
Tensor gather(const Tensor& x, const Tensor& indices, int axis = 0);
/// result[..., i, ...] = x[..., indices[..., i, ...], ...] along `axis`: what argsort's result is
/// for. x and `indices` have one rank and broadcast on the other axes. Throws as take.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis = -1);

/// The part of x that begins at `starts` and has `sizes`, one number an axis (fewer: the remaining
/// axes are taken whole); a size of -1 means up to the end. A view. Throws ShapeError unless the
/// part lies within x; `starts` may be negative.
Tensor slice_tensor(const Tensor& x, std::span<const int64_t> starts,
                    std::span<const int64_t> sizes);
/// A copy of x whose part of updates' shape that begins at `starts` is `updates`.
Tensor slice_update(const Tensor& x, std::span<const int64_t> starts, const Tensor& updates);

}  // namespace emberharmony::ops
