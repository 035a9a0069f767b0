#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// Opens the files of several locations of this machine (files, directories, globs) as one source.
///
/// They are read in the order of their paths, whatever the order of the list, as one directory that
/// holds them all would be; otherwise everything is as OpenSource says. UsageError for an empty
/// list, for locations that are not local, and for a file that two of them name.
arrow::Result<std::shared_ptr<Source>> OpenSourceList(const std::vector<std::string>& locations);

}  // namespace emberharmony::io
