#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// OpenSource for a table whose columns are known: those columns of CSV files that `expected` names
/// are read as its types, where CSV has them, and not as what their values look like. So a column
/// of numbers stays one where a file holds none, and text stays text where it looks like a number.
/// A value that its column's type does not take is an error with file and line when it is read.
/// Files that state their types are read as they are.
arrow::Result<std::shared_ptr<Source>> OpenSourceAs(const std::string& location,
                                                    const arrow::Schema& expected,
                                                    const SourceOptions& options = {});

}  // namespace emberharmony::io
