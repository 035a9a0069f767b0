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

/// What a backend is asked before it is given an operation.
struct OpQuery {
  Op op;
  /// The inputs', of elementwise operations only the one they share; then, where the result's is an
  /// attribute, the result's.
  std::span<const tensor::DType> dtypes;
  int rank = -1;  ///< the largest of the tensors; -1: whichever
  tensor::Device device = tensor::kCpuDevice;
};

/// How often a backend has computed an operation, and how often it was computed natively instead.
struct OpCount {
  Op op;
  int64_t ran = 0;
  int64_t fell_back = 0;
  std::string reason;  ///< of the first time it fell back
};

/// One who computes: the native CPU kernels, or a plugin. Thread-safe: any thread may call any
/// method at any time.
///
/// `ops` has checked shapes and dtypes before it calls; what a backend still throws is
/// OutOfMemoryError, LinAlgError or, for failures of its device, std::runtime_error.
class Backend {
 public:
  Backend();
  virtual ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  virtual std::string_view name() const = 0;
  virtual std::string version() const = 0;
  /// The library it stands on, with its version; empty for none.
  virtual std::string framework() const { return ""; }
  virtual std::vector<tensor::Device> devices() const = 0;

  /// Whether Execute runs this itself. Cheap: asked before every call.
  virtual bool Supports(const OpQuery& query) const = 0;
  /// Why Supports says no; empty where it says yes.
  virtual std::string WhyNot(const OpQuery& query) const;

  /// Computes into the outputs (most operations have one), which have the results' shapes and
  /// dtypes, are writable, and either share no element with any input or, of elementwise
  /// operations, have exactly the memory layout of those they do. Elementwise inputs are of the
  /// promoted dtype and broadcast to the output's shape. Inputs are read, and the outputs are
  /// complete, before the call returns. All are on one of its devices. What it finds that it cannot
  /// compute it has computed natively, and counts as a fallback.
  virtual void Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) = 0;

  // Memory of its devices other than the CPU; std::logic_error where it has none.

  /// `size_bytes` uninitialized bytes on a device. Throws OutOfMemoryError.
  virtual std::shared_ptr<void> Allocate(tensor::Device device, int64_t size_bytes);
  /// Copies bytes from, to or between its devices; at least one of the two is not the CPU.
  virtual void CopyBytes(tensor::Device to_device, void* to, tensor::Device from_device,
                         const void* from, int64_t size_bytes);
  /// Waits until what was given to a device is done.
  virtual void Synchronize(tensor::Device) {}

  /// For Execute, and for who computes natively in its place: counts one call of an operation.
  void CountRan(Op op);
  void CountFallback(Op op, std::string_view reason);
  /// The operations that were called since the last reset, in the order of their numbers.
  std::vector<OpCount> Counts() const;
  void ResetCounts();

 private:
  class Counters;
  std::unique_ptr<Counters> counters_;
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

/// Who computes: for tensors on the CPU the current backend if it supports the operation, else
/// native, which then counts as a fallback; for others the one that has their device (the current
/// one if it does, else the first registered; std::invalid_argument if none), supported or not.
Backend& BackendFor(const OpQuery& query);

/// The backend that has a device other than the CPU: the current one if it does, else the first
/// registered; null if none.
Backend* BackendOf(tensor::Device device);

}  // namespace emberharmony::backend
