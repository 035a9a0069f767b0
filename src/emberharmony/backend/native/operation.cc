#include "emberharmony/backend/native/operation_internal.h"

namespace emberharmony::backend::native {
namespace {

struct Operations {
  Operation by_op[kNumOps] = {};
};

/// Made on first use, since files register in no fixed order.
Operations& TheOperations() {
  static Operations operations;
  return operations;
}

}  // namespace

bool RegisterOperation(Op op, Operation operation) {
  TheOperations().by_op[static_cast<int>(op)] = operation;
  return true;
}

const Operation* FindOperation(Op op) {
  const Operation& operation = TheOperations().by_op[static_cast<int>(op)];
  return operation.execute != nullptr ? &operation : nullptr;
}

}  // namespace emberharmony::backend::native
