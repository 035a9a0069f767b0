#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/backend/attributes.h"
#include "emberharmony/backend/op.h"
#include "emberharmony/tensor/tensor.h"

namespace emberharmony::backend {

/// Borrowed tensors.
using Tensors = std::span<const tensor::Tensor* const>;

/// One who computes: the native CPU kernels, or a plugin. Thread-safe: any thread may call any
/// method at any time.
///
/// `ops` has checked shapes and dtypes before it calls; what a backend still throws is
/// OutOfMemoryError or, for failures of its device, std::runtime_error.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;
  virtual std::string version() const = 0;
  virtual std::vector<tensor::Device> devices() const = 0;

  /// Whether Execute runs this operation on inputs of these dtypes. Cheap: asked before every call.
  /// `dtypes` are the inputs', of elementwise operations only the one they share; then, where the
  /// result's is an attribute, the result's.
  virtual bool Supports(Op op, std::span<const tensor::DType> dtypes) const = 0;

  /// Computes into the outputs (most operations have one), which have the results' shapes and
  /// dtypes, are writable, and either share no element with any input or, of elementwise
  /// operations, have exactly the memory layout of those they do. Elementwise inputs are of the
  /// promoted dtype and broadcast to the output's shape. Inputs are read, and the outputs are
  /// complete, before the call returns.
  virtual void Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) = 0;
};

/// The native CPU backend: there always is one.
Backend& Native();

/// Adds a backend, for good: it is never removed, so a Backend* stays valid. False if its name is
/// taken. Thread-safe.
bool RegisterBackend(std::unique_ptr<Backend> backend);
/// The backend of that name, or null.
Backend* FindBackend(std::string_view name);
/// All names, native first, then in order of registration.
std::vector<std::string> BackendNames();

/// The backend operations are given to (native until set). Operations it lacks run natively.
Backend& CurrentBackend();
/// Chooses it, for the whole process; null goes back to native.
void SetCurrentBackend(Backend* backend);

/// The current backend if it supports the operation on these dtypes, else native.
Backend& BackendFor(Op op, std::span<const tensor::DType> dtypes);

}  // namespace emberharmony::backend
