#pragma once

#include <string>
#include <vector>

#include "emberharmony/backend/plugin_loader.h"

namespace emberharmony::backend {

/// An operation that a backend leaves to the native one.
struct NativeOp {
  std::string op;
  std::string reason;
};

/// What there is to tell of one backend, for people and programs.
struct BackendReport {
  std::string name;
  bool is_there = false;  ///< it can be chosen
  bool is_chosen = false;
  std::string version;
  std::string framework;  ///< with its version; empty for none
  std::string path;       ///< the plugin's file; empty for a backend without one
  std::vector<std::string> devices;
  int num_ops = 0;                   ///< operations that it computes itself, for one dtype at least
  std::vector<NativeOp> native_ops;  ///< the others
  std::vector<PluginAttempt> attempts;  ///< paths that were tried for its plugin, in order
};

/// All backends: native, those that are loaded, and the plugins that are known of (KnownPlugins).
/// With `load` those are loaded, or tried to be, which loads their frameworks; else they are only
/// told of if they were looked for before. Thread-safe.
std::vector<BackendReport> DescribeBackends(bool load);

/// Who would compute an operation.
struct OpChoice {
  std::string backend;
  std::string reason;  ///< why not the current backend; empty if it would
};

/// Who would compute an operation on tensors on the CPU, of at most `rank` dimensions (-1:
/// whichever), whose first input is of this dtype and whose others are of those usual beside it.
/// Counts nothing. What a backend finds only in the call (a layout, a value) is not in it. Throws
/// tensor::DTypeError for a dtype that the operation does not take.
OpChoice ExplainChoice(Op op, tensor::DType dtype, int rank = -1);

}  // namespace emberharmony::backend
