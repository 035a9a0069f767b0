#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "emberharmony/io/filter/filter.h"
#include "emberharmony/io/remote_tables.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// How the rows that pass a filter are found. None of these shapes a result.
struct FilterOptions {
  int num_threads = 1;
  int64_t batch_rows = 65536;
  int64_t batch_bytes = int64_t{8} << 20;  ///< fewer rows at a time where they would hold more
  arrow::MemoryPool* pool = nullptr;       ///< default: arrow::default_memory_pool()
  /// Units beyond those that hold so many passing rows are not looked at, and vanish.
  std::optional<int64_t> rows_wanted;
  /// Keeps which rows pass for a run that goes on from this one, and has what an earlier one kept;
  /// nullptr: nobody does.
  DownloadKeeper* keeper = nullptr;
  bool prune = true;  ///< false: read even what statistics decide
  /// Called from any thread after some rows of the source have been decided; an error ends the
  /// scan.
  std::function<arrow::Status(int64_t rows)> progress;
};

/// The rows of a source that pass a filter (--where), in the same units.
///
/// The filter's columns are scanned once, here: in parallel, leaving out what the source's ranges
/// decide, and condition by condition, so that a later one reads only where the earlier ones left
/// rows. What remains is kept as a selection for each unit, at most a bit a row, from the pool.
/// Batches of the result hold the selected rows only; encoded columns stay encoded. A unit without
/// rows stays, empty.
arrow::Result<std::shared_ptr<Source>> FilterRows(std::shared_ptr<Source> source,
                                                  std::shared_ptr<const filter::Filter> filter,
                                                  const FilterOptions& options);

}  // namespace emberharmony::io
