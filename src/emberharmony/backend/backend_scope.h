#pragma once

#include "emberharmony/backend/backend.h"

namespace emberharmony::backend {

/// Who computes what `ops` is asked for by this thread, and by the threads of base::RunWorkers and
/// base::ParallelFor that it starts, while the scope lives: whatever the process has chosen, and
/// without a trace of it behind. Scopes nest; the innermost counts. On the stack only, ended by the
/// thread that began it.
class BackendScope {
 public:
  /// `device`: where the caller's numbers are to be worked on, one of the backend's, and `dtype`
  /// what in; what is asked for on other tensors is neither moved nor converted (ScopeDevice,
  /// ScopeDType).
  explicit BackendScope(Backend& backend, tensor::Device device = tensor::kCpuDevice,
                        tensor::DType dtype = tensor::DType::kFloat64);
  ~BackendScope();
  BackendScope(const BackendScope&) = delete;
  BackendScope& operator=(const BackendScope&) = delete;

  Backend& backend() const { return backend_; }
  tensor::Device device() const { return device_; }
  tensor::DType dtype() const { return dtype_; }

 private:
  Backend& backend_;
  const tensor::Device device_;
  const tensor::DType dtype_;
  const void* const outer_;
};

/// The innermost scope's device; the CPU where there is no scope.
tensor::Device ScopeDevice();
/// The innermost scope's dtype; float64 where there is no scope.
tensor::DType ScopeDType();

}  // namespace emberharmony::backend
