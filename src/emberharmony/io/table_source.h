#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// A source over a table in memory, whose arrays it shares; they must be valid (Table::Validate)
/// and stay unchanged.
///
/// Its units are 524,288 rows each, however the table is cut into chunks; dictionary arrays stay
/// encoded. Types are those of OpenSource, nested ones included.
std::shared_ptr<Source> MakeTableSource(std::shared_ptr<arrow::Table> table);

}  // namespace emberharmony::io
