#pragma once

#include <arrow/result.h>

#include <filesystem>
#include <string>

namespace emberharmony::plan::internal {

/// The path of a file of a model's folder. A model may come from a stranger, so it must be
/// self-contained: DataError for a link that leads out of the folder, whose own path may be a link
/// to wherever it likes. An absent file is the reader's to report.
arrow::Result<std::string> ModelFile(const std::filesystem::path& dir, const std::string& name);

}  // namespace emberharmony::plan::internal
