#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// A source whose columns have the types of those of the same name in `wanted` where values of both
/// types can be the same (io/lossless_cast.h). The source itself where no column is such. Reading a
/// value that the wanted type does not have is a DataError that names the file, the column and the
/// value. `source` has no structs.
std::shared_ptr<Source> CastColumns(std::shared_ptr<Source> source, const arrow::Schema& wanted);

}  // namespace emberharmony::io
