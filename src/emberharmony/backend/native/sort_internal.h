#pragma once

#include <cstdint>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// Sorts integers in ascending order. Small inputs by insertion, others with
/// Highway's vqsort, which picks its instruction set itself; the result is the
/// same with each.
void SortIntegers(int16_t* keys, int64_t n);
void SortIntegers(uint16_t* keys, int64_t n);
void SortIntegers(int32_t* keys, int64_t n);
void SortIntegers(uint32_t* keys, int64_t n);
void SortIntegers(int64_t* keys, int64_t n);
void SortIntegers(uint64_t* keys, int64_t n);
void SortIntegersDescending(int32_t* keys, int64_t n);
void SortIntegersDescending(int64_t* keys, int64_t n);

/// Turns n real or boolean elements into unsigned keys that ascend as the
/// elements do, or descend if `descending`: equal elements (-0 and +0 too) have
/// equal keys, and every NaN has the largest.
void MakeSortKeys(tensor::DType dtype, const void* elements, int64_t n, bool descending,
                  uint64_t* keys);

/// Writes the positions 0 .. n - 1 to `positions` so that their keys ascend;
/// equal keys stay in order of position.
void SortPositions(const uint64_t* keys, int64_t n, int64_t* positions);

/// x with `axis` moved to the end and contiguous, as rows of x.shape()[axis]
/// elements; x itself where it is so already.
tensor::Tensor RowsAlong(const tensor::Tensor& x, int axis);
/// `output` as such rows: output itself if it is contiguous and the axis is its
/// last one, else new memory, which StoreRows then copies back.
tensor::Tensor RowsFor(const tensor::Tensor& output, int axis);
void StoreRows(const tensor::Tensor& rows, const tensor::Tensor& output, int axis);

}  // namespace emberharmony::backend::native
