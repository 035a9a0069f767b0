#pragma once

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// Some of a tensor's axes in C order, as one sequence: axes of length 1 left out, neighbours
/// merged where memory allows. Lengths and strides in elements.
class Sequence {
 public:
  Sequence() {}  // the arrays stay uninitialized
  void Append(int64_t length, int64_t stride) {
    // Of a tensor without elements the product may exceed 64 bits, and then says nothing.
    __builtin_mul_overflow(size_, length, &size_);
    if (length == 1) return;
    if (rank_ > 0 && strides_[rank_ - 1] == stride * length) {
      lengths_[rank_ - 1] *= length;
      strides_[rank_ - 1] = stride;
      return;
    }
    lengths_[rank_] = length;
    strides_[rank_] = stride;
    ++rank_;
  }

  int rank() const { return rank_; }
  /// Number of positions: 1 without axes.
  int64_t size() const { return size_; }
  int64_t length(int axis) const { return lengths_[axis]; }
  int64_t stride(int axis) const { return strides_[axis]; }
  /// Of the innermost axis; 1 and 0 if there is none.
  int64_t last_length() const { return rank_ > 0 ? lengths_[rank_ - 1] : 1; }
  int64_t last_stride() const { return rank_ > 0 ? strides_[rank_ - 1] : 0; }
  /// Whether the positions lie `stride` apart, the first one at 0.
  bool IsEven(int64_t stride) const { return rank_ == 0 || (rank_ == 1 && strides_[0] == stride); }

  /// Where the position lies.
  int64_t Offset(int64_t position) const {
    int64_t offset = 0;
    for (int axis = rank_ - 1; axis > 0; --axis) {
      offset += position % lengths_[axis] * strides_[axis];
      position /= lengths_[axis];
    }
    return rank_ > 0 ? offset + position * strides_[0] : 0;
  }
  /// Calls f(first position, its offset, length) for runs along the innermost axis that make up the
  /// positions [begin, end).
  template <class F>
  void ForEachRun(int64_t begin, int64_t end, F f) const {
    const int64_t length = last_length();
    for (int64_t at = begin; at < end;) {
      const int64_t left = length - at % length;
      const int64_t run = left < end - at ? left : end - at;
      f(at, Offset(at), run);
      at += run;
    }
  }
  /// The offsets of positions begin, begin + 1, ...
  void Offsets(int64_t begin, int64_t count, int64_t* offsets) const {
    const int64_t stride = last_stride();
    ForEachRun(begin, begin + count, [&](int64_t, int64_t offset, int64_t run) {
      for (int64_t i = 0; i < run; ++i) *offsets++ = offset + i * stride;
    });
  }

 private:
  int rank_ = 0;
  int64_t size_ = 1;
  int64_t lengths_[tensor::kRankMax + 1];
  int64_t strides_[tensor::kRankMax + 1];
};

/// A tensor as a matrix of sequences: each kept position is a result, made of all reduced ones.
struct ReductionLayout {
  const char* data;
  tensor::DType dtype;
  Sequence kept, reduced;

  int64_t item_bytes() const { return tensor::ItemSize(dtype); }
};

/// `axes` is a bit mask of the axes to reduce. With `complex_as_pairs` complex elements are two
/// results, made of real elements.
ReductionLayout LayOut(const tensor::Tensor& input, uint64_t axes, bool complex_as_pairs);

/// The same with the reduced axes in the order, and the direction, in which they lie in memory: for
/// reductions whose results do not depend on the order of the elements.
ReductionLayout LayOutAsItLies(const tensor::Tensor& input, uint64_t axes);

/// Copies the elements at `count` positions of the sequence from `begin` on to `to`.
void GatherElements(const char* data, int64_t item_bytes, const Sequence& sequence, int64_t begin,
                    int64_t count, void* to);

}  // namespace emberharmony::backend::native
