#pragma once

#include <arrow/result.h>

#include <string>

#include "emberharmony/io/file_store_internal.h"

namespace emberharmony::io::internal {

/// Whether a location is an address in an object store: s3://, gs:// or gcs://.
bool IsObjectStore(const std::string& location);

/// Lists what an address stands for: an object, all objects below a folder, or those that match a
/// glob. `?` begins the options of Arrow's file systems (endpoint_override, scheme, region).
arrow::Result<SourceFiles> FindObjects(const std::string& location);

}  // namespace emberharmony::io::internal
