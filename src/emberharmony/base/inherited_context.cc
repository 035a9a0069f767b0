#include "emberharmony/base/inherited_context.h"

namespace emberharmony::base {
namespace {

thread_local const void* inherited_context = nullptr;

}  // namespace

const void* InheritedContext() { return inherited_context; }

void SetInheritedContext(const void* context) { inherited_context = context; }

}  // namespace emberharmony::base
