#pragma once

namespace emberharmony::base {

/// A pointer of this thread that the threads of RunWorkers and ParallelFor take over from the one
/// that starts them, for as long as they run: what a caller has decided for all that it calls, on
/// whatever thread. nullptr to begin with. There is one such pointer, and one user: the scope of a
/// backend (backend/backend_scope.h).
const void* InheritedContext();
void SetInheritedContext(const void* context);

}  // namespace emberharmony::base
