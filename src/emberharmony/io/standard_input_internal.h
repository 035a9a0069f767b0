#pragma once

#include <arrow/result.h>

#include "emberharmony/io/file_store_internal.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io::internal {

/// The location that stands for standard input.
inline constexpr char kStandardInput[] = "-";

/// Copies standard input to a file without a name in options.spill_folder, whose space comes back
/// when the process ends, however it ends, and presents it as the one file of a source. UsageError
/// when standard input is a terminal; errors of the disk carry the folder.
arrow::Result<SourceFiles> SpoolStandardInput(const SourceOptions& options);

}  // namespace emberharmony::io::internal
