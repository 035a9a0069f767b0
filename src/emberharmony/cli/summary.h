#pragma once

#include <string>

#include "emberharmony/engine/runs.h"

namespace emberharmony::cli {

/// A few lines for people on what a run has done and where to look.
std::string Summary(const engine::RunReport& report);

}  // namespace emberharmony::cli
