#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

#include "emberharmony/tensor/tensor.h"

namespace emberharmony::ops {

/// What stands before the elements in a .npy file.
struct NpyHeader {
  tensor::DType dtype = tensor::DType::kFloat64;
  bool swapped = false;        // big-endian
  bool fortran_order = false;  // the first axis varies fastest
  tensor::Shape shape;
};

/// The longest header that is read: NumPy's are below 10,000 bytes.
inline constexpr int64_t kNpyHeaderMax = 1 << 16;
/// The bytes that tell how long a header is, and how many of them there are in each version.
inline constexpr int64_t kNpyPreludeMax = 12;

/// The header of a tensor's file; the elements follow in the order of NpyElements.
std::string NpyHeaderOf(const tensor::Tensor& x);
/// The elements as they are written: x, its axes reversed if it lies in memory so, else a
/// contiguous copy. Contiguous.
tensor::Tensor NpyElements(const tensor::Tensor& x);

/// The length of the whole header, from the first kNpyPreludeMax bytes (or all there are).
arrow::Result<int64_t> NpyHeaderLength(std::string_view prelude);
/// Parses a whole header.
arrow::Result<NpyHeader> ParseNpyHeader(std::string_view header);

/// The tensor of such a header without its elements; Invalid if they are not `num_bytes`.
arrow::Result<tensor::Tensor> NpyTensor(const NpyHeader& header, int64_t num_bytes);
/// The same with its elements read: byte order and order of axes as everywhere.
tensor::Tensor FinishNpy(const NpyHeader& header, const tensor::Tensor& elements);

}  // namespace emberharmony::ops
