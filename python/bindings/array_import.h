#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <memory>
#include <optional>

#include "bindings/python_error.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::python {

/// Whether the elements of the source may be shared, are copied, or must be shared.
enum class CopyRule { kIfNeeded, kAlways, kNever };

/// A tensor of anything that holds numbers: a Tensor; a Python number; nested lists and tuples of
/// such; an object with the buffer protocol, __dlpack__, __array__ or __array_interface__. Memory
/// is shared where the rule allows; what was read-only there is so here. Python numbers become
/// bool, int64 (uint64 from 2^63 on), float64 or complex128 unless `dtype` says otherwise.
///
/// Throws PythonError: ValueError for ragged lists (with the place) and for kNever where a copy
/// would be needed, TypeError for other objects and for elements without a dtype here (float16,
/// strings), OverflowError for integers that the dtype does not hold.
ops::Tensor ImportArray(PyObject* source, std::optional<ops::DType> dtype, CopyRule rule);

/// Whether it is an array of another library: not a list, a number or a string.
bool IsForeignArray(PyObject* object);

/// A tensor of an object with __dlpack__, whose memory is shared unless the rule is kAlways. Throws
/// PythonError: BufferError for what cannot be a tensor here, or needs a copy against kNever. On
/// the device where it lies, which a loaded backend has to have, unless the producer is asked for a
/// copy on the CPU (`to_cpu`).
ops::Tensor ImportDLPack(PyObject* source, CopyRule rule, bool to_cpu = false);

/// A tensor over an object's buffer; absent (no error set) where it has none, or one that holds no
/// numbers. Sets *copied if the elements had to be copied.
std::optional<ops::Tensor> ImportBuffer(PyObject* source, bool* copied);

/// Whether it is a Python bool, int, float or complex, of which NumPy's scalars are no examples.
bool IsPythonNumber(PyObject* object);

/// The elements of nested lists and tuples.
ops::Tensor ImportNested(PyObject* source, std::optional<ops::DType> dtype);

/// A tensor of foreign memory of any layout; strides and alignment in bytes. A copy if elements do
/// not lie at multiples of their size; then *copied is set and `owner` is let go.
ops::Tensor FromMemory(void* data, const ops::Shape& shape, const ops::Shape& byte_strides,
                       ops::DType dtype, std::shared_ptr<const void> owner, bool writable,
                       bool* copied);

}  // namespace emberharmony::python
