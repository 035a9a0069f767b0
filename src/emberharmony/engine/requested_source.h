#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/io/filter/filter.h"
#include "emberharmony/io/remote_tables.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

/// Which table, and which part of it.
struct SourceRequest {
  std::string location;               ///< of an opened source: what it is called in reports
  std::vector<std::string> columns;   ///< empty: all
  std::optional<int64_t> limit_rows;  ///< of the rows that pass `where`
  std::optional<std::string> where;   ///< a filter (io/filter/filter.h); absent: all rows
  std::shared_ptr<io::Source> opened = nullptr;  ///< read instead of what is at `location`
  std::vector<std::string> opened_from = {};  ///< where its files lie, which no output may replace
};

/// The rows that were asked for: with all columns as they are, from which whole rows are hashed
/// into splits, and with the columns asked for, structs flattened, by which everything else goes.
struct RequestedSource {
  std::shared_ptr<io::Source> whole;
  std::shared_ptr<io::Source> selected;
  std::shared_ptr<const io::filter::Filter> filter;  ///< not applied yet
  int64_t num_rows = 0;                              ///< before --where and --limit
  std::string identity;                              ///< the source's, before --where and --limit
  /// A service's table whose rows have not been fetched: until SelectRows has, `whole` is empty.
  std::shared_ptr<io::RemoteTable> remote = nullptr;
  bool is_remote = false;  ///< also when they have been
  bool was_kept = false;   ///< an earlier run had fetched them, and they come from its files
};

/// Opens the source and checks what was asked for against its schema. No rows are read: what else
/// is wrong with a request is found out before a long scan for its filter.
/// Columns that `expected` names are read as its types where the files do not state any.
arrow::Result<RequestedSource> OpenRequested(const SourceRequest& request, RunContext* context,
                                             const arrow::Schema* expected = nullptr);

/// UsageError when --columns leaves out some of these columns, which the source has; `needed_by` as
/// in "the model needs".
arrow::Status CheckNotLeftOut(const SourceRequest& request, const RequestedSource& source,
                              const std::vector<std::string>& columns,
                              const std::string& needed_by);

/// What took all rows of a source that has some, "" otherwise: "no row of the source passes
/// --where".
std::string WhyNoRows(const SourceRequest& request, const RequestedSource& source);

/// The same request of the source's first rows alone, before the filter takes any.
arrow::Result<RequestedSource> FirstRows(const SourceRequest& request,
                                         const RequestedSource& source, int64_t num_rows);

/// What finding the rows that pass takes of the run's memory at most: for each thread, and how many
/// of those there will be.
struct FilterMemory {
  int num_threads = 1;
  int64_t bytes_each = 1;
};
FilterMemory FilterMemoryOf(const io::Source& source, const io::filter::Filter& filter,
                            RunContext* context);

/// Leaves the rows that pass the filter, then the first limit_rows of them. Scans the filter's
/// columns as phase "filter". With a `keeper` which rows pass is kept, and not looked for again.
///
/// A service's table is fetched here, as phase "download": the rows that pass, as the service
/// decides, and of the columns those that are needed (`columns`, names of flattened ones; empty:
/// all). What was bound to the source before must be bound again, since the others are gone then.
/// Its units are ranges of `unit_column`, if one is named. With a `keeper` the rows are kept for a
/// run that goes on from this one, and those that an earlier one has kept are not fetched again.
arrow::Status SelectRows(const SourceRequest& request, RunContext* context, RequestedSource* source,
                         const std::vector<std::string>& columns = {},
                         const std::string& unit_column = "", io::DownloadKeeper* keeper = nullptr);

/// UsageError unless the units of the source can be ranges of this column. Of a service's table
/// alone, before its rows have been fetched.
arrow::Status CheckUnitColumn(const RequestedSource& source, const std::string& column);

/// What a service was asked for, and what it said of that, as (name, value).
using RemoteFacts = std::vector<std::pair<std::string, std::string>>;

/// A look at a service's table.
struct RemoteSample {
  RemoteFacts facts;
  bool has_rows = false;  ///< false: no rows were fetched, since the service runs a query for them
};

/// SelectRows of a service's table for a look at its first rows, at most num_rows of them, unless
/// something that costs would have to be run for them. Sets source->num_rows to the service's
/// estimate of all rows if that is more.
arrow::Result<RemoteSample> SampleRemoteRows(const SourceRequest& request, int64_t num_rows,
                                             const std::vector<std::string>& columns,
                                             const std::string& unit_column, RunContext* context,
                                             RequestedSource* source);

}  // namespace emberharmony::engine
