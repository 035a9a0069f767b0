#pragma once

#include <memory>

#include "emberharmony/backend/backend.h"

namespace emberharmony::backend::native {

/// The CPU kernels as a backend.
std::unique_ptr<Backend> MakeNativeBackend();

}  // namespace emberharmony::backend::native
