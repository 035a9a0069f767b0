#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/file_listing_internal.h"

namespace emberharmony::io::internal {

/// The columns of two files of a source as one schema: they must have the same names and types; a
/// column that is nullable in either is nullable. DataError that names both files and the first
/// column that differs.
arrow::Result<std::shared_ptr<arrow::Schema>> UnitedSchema(
    const std::string& first_name, const std::shared_ptr<arrow::Schema>& first,
    const std::string& name, const arrow::Schema& other);

/// What identifies the files of a source of some format: a hash of their names, sizes, times and
/// versions.
std::string IdentityOf(const std::string& format, const std::vector<ListedFile>& files);

}  // namespace emberharmony::io::internal
