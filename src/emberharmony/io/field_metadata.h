#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>

namespace emberharmony::io {

/// The columns of a location's first file in the types in which OpenSource shows them, but with the
/// metadata of their fields, at every depth, which OpenSource leaves out. A field of an extension
/// type has the type's name as its metadata `ARROW:extension:name`.
///
/// CSV files have none: null for them, and for standard input. Errors are those of OpenSource.
arrow::Result<std::shared_ptr<arrow::Schema>> ReadFieldMetadata(const std::string& location);

}  // namespace emberharmony::io
