#pragma once

#include <arrow/status.h>

#include <string>

namespace emberharmony::cli {

/// Whether `ember plan` may write its plan to `path`, made from `source`. UsageError for a file
/// that exists, unless it is to be replaced and is a plan that no model keeps, and for one inside
/// of a source's folder.
arrow::Status CheckPlanFile(const std::string& path, const std::string& source, bool overwrite);

}  // namespace emberharmony::cli
