#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// What is asked of a table of a service.
struct RemoteRequest {
  std::vector<std::string> columns;   ///< `column` or `struct.child`; empty: all
  std::string filter;                 ///< GoogleSQL (io::filter::WriteSql); empty: all rows
  std::optional<int64_t> limit_rows;  ///< so many rows are enough, of those that pass
  /// Units are ranges of this column's values, which the service reads one by one; empty: as the
  /// service divides the table.
  std::string unit_column = {};
  /// A look at any rows: they come at once, and unit_column is only spoken of (Describe).
  bool is_sample = false;
};

/// What RemoteRows::Describe calls the columns of a request, "all" if it names none.
inline constexpr const char* kColumnsFact = "columns asked for";

/// Keeps files for a later run that goes on with them. Thread-safe.
class DownloadKeeper {
 public:
  virtual ~DownloadKeeper() = default;
  /// The path of a file that an earlier run has kept under this name, whole; it stays there.
  virtual std::optional<std::string> FindKept(const std::string& name) const = 0;
  /// Keeps what `write` makes at the path that it is given, complete and on disk. The error of
  /// `write` is handed on.
  virtual arrow::Status Keep(
      const std::string& name,
      const std::function<arrow::Status(const std::string& path)>& write) = 0;
};

/// How rows are fetched. None of this shapes a result.
struct FetchOptions {
  std::string spill_folder;  ///< where they wait; default: $TMPDIR, or /tmp
  int num_threads = 4;
  /// Called several times a second, on the calling thread, with the rows that have come so far; an
  /// error ends the fetching within a second.
  std::function<arrow::Status(int64_t rows)> progress;
  /// Called before something else than the rows is read first, and again with "download" before the
  /// rows themselves; `progress` counts from 0 up to `rows` after each.
  std::function<void(const std::string& phase, int64_t rows)> begin_phase = {};
  /// Who keeps the rows for another run (io/stream_spool.h, OpenKeptDownload); nullptr: nobody.
  DownloadKeeper* keeper = nullptr;
};

/// Rows of a table that a service is ready to send.
class RemoteRows {
 public:
  virtual ~RemoteRows() = default;
  /// As the service estimates them; 0: it does not say.
  virtual int64_t estimated_rows() const = 0;
  virtual int64_t estimated_bytes() const = 0;
  /// What people should know before they are fetched, as (name, value).
  virtual std::vector<std::pair<std::string, std::string>> Describe() const = 0;
  /// Fetches the rows, once, and hands them out as a source. There may be a few more than
  /// limit_rows.
  virtual arrow::Result<std::shared_ptr<Source>> Fetch(const FetchOptions& options) = 0;
};

/// Asked several times a second by whatever waits; an error ends the wait with it.
using StopCheck = std::function<arrow::Status()>;

/// A table of a service.
class RemoteTable {
 public:
  virtual ~RemoteTable() = default;
  /// Of the whole table, as the service has it.
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// What, beside its location, says which rows these are (a query's text, an instant): equal for
  /// equal requests, without what changes from one run to the next. Empty: not known, so that no
  /// run can go on from another.
  virtual std::string identity() const { return ""; }
  /// Whether they are those of an instant that the request names, and so the same another day.
  virtual bool is_of_an_instant() const { return false; }
  /// What filters may name: the columns, and what the service knows of rows beside them.
  virtual std::shared_ptr<arrow::Schema> filter_schema() const { return schema(); }
  /// Whether units may be ranges of this column; else a UsageError that says why.
  virtual arrow::Status CheckUnitColumn(const std::string& column) const = 0;
  /// Agrees with the service on what is to be sent; nothing comes yet. Once it does, so many bytes
  /// may be under way in memory.
  virtual arrow::Result<std::unique_ptr<RemoteRows>> Ask(const RemoteRequest& request,
                                                         int64_t buffer_bytes,
                                                         const StopCheck& check_stop) = 0;
  /// What people should know of the rows before anything is run for them, as (name, value). Absent
  /// where Ask runs nothing either: then RemoteRows::Describe tells more.
  virtual arrow::Result<std::optional<std::vector<std::pair<std::string, std::string>>>> Foretell(
      const RemoteRequest& request, const StopCheck& check_stop) {
    (void)request;
    (void)check_stop;
    return std::nullopt;
  }
};

/// Finds the table at a location; reads no rows. `filter`: what will be asked of it
/// (RemoteRequest::filter), if that is known: some tables are not even shown without one. It may
/// name columns that the table lacks.
using RemoteOpener = std::function<arrow::Result<std::unique_ptr<RemoteTable>>(
    const std::string& location, const std::string& filter, const StopCheck& check_stop)>;

/// Tells who opens locations that begin with `scheme`://, in the place of who did before. Programs
/// call it as they start: the service's library need not be known where sources are opened.
void RegisterRemoteTables(const std::string& scheme, RemoteOpener opener);

/// The scheme of a location whose tables someone opens; "" for all others.
std::string RemoteScheme(const std::string& location);

/// UsageError when nobody opens such locations.
arrow::Result<std::unique_ptr<RemoteTable>> OpenRemoteTable(const std::string& location,
                                                            const std::string& filter,
                                                            const StopCheck& check_stop);

}  // namespace emberharmony::io
