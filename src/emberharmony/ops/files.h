#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/ops/operand.h"

/// Tensors in files: the formats .npy and .npz of NumPy (NEP 1), byte for byte as NumPy writes
/// them. Nothing is ever unpickled, and what a file claims is checked against its size before
/// memory is asked for. All functions are thread-safe.
///
/// Errors are statuses that name the path: IOError for a file that cannot be read or written,
/// Invalid for one that is damaged or holds elements without a dtype here (objects, records, texts,
/// half precision), OutOfMemory.
namespace emberharmony::ops {

/// Writes x to `path` (exactly that name) in the format .npy. The file appears when it is complete:
/// whatever goes wrong, an older one stays as it was.
arrow::Status save(const std::string& path, const Tensor& x);
/// The tensor of a .npy file: a new, contiguous one, of either byte order and either order of axes.
arrow::Result<Tensor> load(const std::string& path);

using NamedTensor = std::pair<std::string, Tensor>;
/// Writes tensors to `path` in the format .npz, uncompressed. Invalid for two of one name.
arrow::Status save_npz(const std::string& path, std::span<const NamedTensor> tensors);
/// The tensors of a .npz file, compressed or not, in its order. Other members are left out.
arrow::Result<std::vector<NamedTensor>> load_npz(const std::string& path);

/// Whether the file begins as a .npz (a zip archive) does.
arrow::Result<bool> is_npz(const std::string& path);

}  // namespace emberharmony::ops
