#include "emberharmony/backend/op.h"

namespace emberharmony::backend {

std::optional<Op> ParseOp(std::string_view name) {
  for (int i = 0; i < kNumOps; ++i) {
    if (kOpInfos[i].name == name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

}  // namespace emberharmony::backend
