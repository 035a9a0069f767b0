#pragma once

#include <memory>

#include "emberharmony/io/row_selection.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// Reads the selected rows of a unit through a reader of all its rows, which stands at the first;
/// `start` of the selected ones are left out.
std::unique_ptr<BatchReader> MakeSelectingReader(std::unique_ptr<BatchReader> reader,
                                                 std::shared_ptr<const RowSelection> selection,
                                                 Cursor start, const BatchOptions& options);

}  // namespace emberharmony::io
