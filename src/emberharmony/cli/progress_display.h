#pragma once

#include <memory>
#include <string>

#include "emberharmony/engine/progress.h"

namespace emberharmony::cli {

/// The display for `--progress auto|bar|json|none` on standard error: auto is a bar on terminals
/// and a line every few seconds elsewhere; nullptr for none.
std::unique_ptr<engine::ProgressListener> MakeProgressDisplay(const std::string& kind);

}  // namespace emberharmony::cli
