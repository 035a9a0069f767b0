#pragma once

#include <arrow/io/file.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

namespace emberharmony::base {

/// Opens a file for reading, and nothing but a file: a FIFO without a writer would wait for ever, a
/// device would never end. Errors (IOError) name the path and what was found; never waits.
arrow::Result<std::shared_ptr<arrow::io::ReadableFile>> OpenRegularFile(const std::string& path);

/// The same as a file descriptor, which the caller closes.
arrow::Result<int> OpenRegularDescriptor(const std::string& path);

/// The whole of a regular file; CapacityError above max_bytes, before anything is read where its
/// size tells.
arrow::Result<std::string> ReadFile(const std::string& path, int64_t max_bytes);

}  // namespace emberharmony::base
