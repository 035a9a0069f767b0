#pragma once

#include <memory>

#include "emberharmony/backend/backend.h"

namespace emberharmony::backend {

/// Whether the native backend is the current one: one load, for what is asked before each call.
bool IsNativeCurrent();

}  // namespace emberharmony::backend

namespace emberharmony::backend::native {

/// The CPU kernels as a backend.
std::unique_ptr<Backend> MakeNativeBackend();

}  // namespace emberharmony::backend::native
