#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// Receives a piece of a column and the number of its first row in the unit.
using PieceConsumer = std::function<arrow::Status(const io::Piece& piece, int64_t first_row)>;

/// Reads one column of a unit, front to back. Columns of long values are read in smaller batches
/// than the run's, so that a batch stays at some megabytes. DataError when the unit does not have
/// the rows that its footer states.
arrow::Status ScanColumn(const io::Source& source, const io::Unit& unit, int column,
                         RunContext* context, const PieceConsumer& consumer);

/// Reads columns of a unit together, batch by batch.
arrow::Status ScanBatches(const io::Source& source, const io::Unit& unit,
                          const std::vector<int>& columns, RunContext* context,
                          const std::function<arrow::Status(const io::Batch&)>& consumer);

/// Receives a piece of the `column`-th of several columns that are read together.
using ColumnPieceConsumer =
    std::function<arrow::Status(size_t column, const io::Piece& piece, int64_t first_row)>;

/// Reads columns of a unit together, front to back: for sources whose columns are not independent,
/// where this costs little more than reading one of them. Of each batch the columns come one after
/// the other, beginning with another one in each unit, so that threads on different units seldom
/// meet at one column.
arrow::Status ScanColumns(const io::Source& source, const io::Unit& unit,
                          const std::vector<int>& columns, RunContext* context,
                          const ColumnPieceConsumer& consumer);

/// What ScanColumn takes of the run's memory at most, as far as that can be told beforehand: for
/// RunContext::gate.
int64_t ScanBytes(const io::Source& source, const io::Unit& unit, int column);
/// Where memory was short for a column with a large dictionary, a message that says so.
arrow::Status WithDictionary(const arrow::Status& status, const io::Source& source,
                             const io::Unit& unit, int column, RunContext* context);

/// What ScanBatches and ScanColumns take of the run's memory at most, likewise.
int64_t ScanBatchesBytes(const io::Unit& unit, size_t num_columns, RunContext* context);

/// What a batch may hold, beside a single row.
int64_t BatchBytes(RunContext* context);

/// Rows to be read at a time of so many columns together, so that what is held for each row of them
/// stays a small part of the run's memory.
int64_t BatchRowsOfColumns(size_t num_columns, int64_t batch_rows, RunContext* context);

/// DataError unless a unit that states `expected` rows has had `found`.
arrow::Status CheckUnitRows(const io::Unit& unit, int64_t found, bool at_end);

}  // namespace emberharmony::engine
