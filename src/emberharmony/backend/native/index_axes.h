#pragma once

#include <cstdint>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// 16 bytes that are moved as one.
struct ItemPair {
  uint64_t low, high;
};

/// Calls f(Item{}) with the unsigned type that has the size of the dtype's elements: what only
/// moves elements needs no other type.
template <class F>
void VisitItem(tensor::DType dtype, F&& f) {
  switch (tensor::ItemSize(dtype)) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    case 8:
      return f(uint64_t{});
    default:
      return f(ItemPair{});
  }
}

/// Some axes of a tensor: lengths and strides in elements. Those of length 1 are left out, and
/// neighbours that are walked through as one are merged.
struct IndexAxes {
  int rank = 0;
  int64_t lengths[tensor::kRankMax];
  int64_t strides[tensor::kRankMax];

  int64_t size() const {
    int64_t product = 1;
    for (int i = 0; i < rank; ++i) product *= lengths[i];
    return product;
  }
};

/// The axes [begin, end) of a tensor.
inline IndexAxes AxesOf(const tensor::Tensor& tensor, int begin, int end) {
  IndexAxes axes;
  for (int i = begin; i < end; ++i) {
    const int64_t length = tensor.shape()[i];
    const int64_t stride = tensor.strides()[i];
    if (length == 1) continue;
    if (axes.rank > 0 && axes.strides[axes.rank - 1] == stride * length) {
      axes.lengths[axes.rank - 1] *= length;
      axes.strides[axes.rank - 1] = stride;
    } else {
      axes.lengths[axes.rank] = length;
      axes.strides[axes.rank++] = stride;
    }
  }
  return axes;
}

/// Walks through the positions of axes without an empty one, in C order.
class IndexWalk {
 public:
  explicit IndexWalk(const IndexAxes& axes, int64_t first = 0) : axes_(axes) {
    for (int i = axes.rank - 1; i >= 0; --i) {
      at_[i] = first % axes.lengths[i];
      offset_ += at_[i] * axes.strides[i];
      first /= axes.lengths[i];
    }
  }

  bool done() const { return done_; }
  /// Elements from the first position.
  int64_t offset() const { return offset_; }
  void Next() {
    for (int i = axes_.rank - 1; i >= 0; --i) {
      offset_ += axes_.strides[i];
      if (++at_[i] < axes_.lengths[i]) return;
      offset_ -= axes_.lengths[i] * axes_.strides[i];
      at_[i] = 0;
    }
    done_ = true;
  }

 private:
  const IndexAxes& axes_;
  int64_t at_[tensor::kRankMax];
  int64_t offset_ = 0;
  bool done_ = false;
};

}  // namespace emberharmony::backend::native
