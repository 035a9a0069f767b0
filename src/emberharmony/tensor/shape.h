#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace emberharmony::tensor {

/// The most dimensions a tensor may have.
inline constexpr int kRankMax = 64;

/// A list of dimensions or strides; up to six are held without a heap allocation. A value type; not
/// thread-safe.
class Shape {
 public:
  using value_type = int64_t;
  using const_iterator = const int64_t*;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) { Assign(dims.begin(), dims.size()); }
  Shape(std::span<const int64_t> dims) { Assign(dims.data(), dims.size()); }
  Shape(const std::vector<int64_t>& dims) { Assign(dims.data(), dims.size()); }
  /// `rank` dimensions of `value`.
  static Shape Filled(int rank, int64_t value);

  Shape(const Shape& other) { *this = other; }
  Shape& operator=(const Shape& other) {
    if (heap_ || other.heap_) {
      if (this != &other) Assign(other.data(), other.size_);
    } else {
      CopyInline(other);
    }
    return *this;
  }
  Shape(Shape&& other) noexcept { *this = std::move(other); }
  Shape& operator=(Shape&& other) noexcept {
    if (this == &other) return *this;
    if (heap_ || other.heap_) heap_ = std::move(other.heap_);
    CopyInline(other);
    other.size_ = 0;
    return *this;
  }

  int rank() const { return size_; }
  int64_t* data() { return heap_ ? heap_.get() : inline_; }
  const int64_t* data() const { return heap_ ? heap_.get() : inline_; }
  int64_t& operator[](int i) { return data()[i]; }
  int64_t operator[](int i) const { return data()[i]; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size_; }
  void Append(int64_t dim);

  /// The product of the dimensions: 1 for rank 0. Modulo 2^64; the shape of a tensor never exceeds
  /// that.
  int64_t num_elements() const {
    uint64_t product = 1;
    for (int64_t dim : *this) product *= static_cast<uint64_t>(dim);
    return static_cast<int64_t>(product);
  }

  /// "(3, 4)", "(5,)", "()".
  std::string ToString() const;

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.size_ != b.size_) return false;
    const int64_t* x = a.data();
    const int64_t* y = b.data();
    for (int i = 0; i < a.size_; ++i) {
      if (x[i] != y[i]) return false;
    }
    return true;
  }

 private:
  static constexpr int kInline = 6;
  void Assign(const int64_t* dims, size_t size);
  /// All of them, whether they are in use or not: copying that needs no loop.
  void CopyInline(const Shape& other) {
    std::memcpy(inline_, other.inline_, sizeof(inline_));
    size_ = other.size_;
  }

  int32_t size_ = 0;
  int64_t inline_[kInline];  // the first size_ of them, without heap_
  std::unique_ptr<int64_t[]> heap_;
};

/// Strides in elements of a C-contiguous (row-major) tensor of that shape.
Shape ContiguousStrides(const Shape& shape);

/// Broadcasts `shape` into `*result` by the standard's rules; false (and *result unspecified) if
/// they do not fit.
bool BroadcastInto(Shape* result, const Shape& shape);

/// Strides with which a tensor of `shape` and `strides` is read as one of `target`, to which
/// `shape` broadcasts: 0 along repeated dimensions.
Shape BroadcastStrides(const Shape& shape, const Shape& strides, const Shape& target);

}  // namespace emberharmony::tensor
