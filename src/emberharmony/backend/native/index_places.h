#pragma once

#include <cstdint>
#include <span>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend::native {

/// Places in a tensor that are picked by numbers: for each position along the axes before, each
/// entry of `values`, and each position along the axes after, one element.
struct IndexPlaces {
  /// A view of the tensor without the axes that the numbers pick from: num_before axes before them,
  /// then those after them. Its first element is the picked axes' first.
  const tensor::Tensor* rest;
  int num_before;
  /// Elements from rest's first one; or, where `length` is not 0, positions in [-length, length)
  /// along one axis of that length and this stride.
  std::span<const int64_t> values;
  int64_t length = 0;
  int64_t stride = 1;
};

/// Reads the places into `to`, which is contiguous and has one element a place. Uses threads where
/// there is much to read.
void GatherPlaces(const IndexPlaces& places, const tensor::Tensor& to);

/// The elements of `x`, of rank 1, at `positions` in [-length, length), into `to`, which is
/// contiguous and has one element for each; false, with `to` in any state, if one lies outside.
/// Looks at each position once: cheaper than a check of its own.
bool GatherWithin(const tensor::Tensor& x, std::span<const int64_t> positions,
                  const tensor::Tensor& to);

/// Writes `from`, which is contiguous with one element a place, or has a single element for all of
/// them, into the places, in order: where a place repeats, the last one stays. They must not share
/// memory.
void ScatterPlaces(const IndexPlaces& places, const tensor::Tensor& from);

}  // namespace emberharmony::backend::native
