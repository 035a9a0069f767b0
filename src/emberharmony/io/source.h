#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/io/batch.h"
#include "emberharmony/io/column_range.h"
#include "emberharmony/io/row_selection.h"

namespace emberharmony::io {

/// A part of a source that is read in order and committed as a whole. Units depend on the data
/// alone.
struct Unit {
  int64_t index = 0;  ///< position in Source::units(); names the shard
  int64_t num_rows = 0;
  int64_t bytes = 0;      ///< the source's own measure of its size, uncompressed, all columns; for
                          ///< progress and estimates
  int32_t file = 0;       ///< which file, for sources made of files
  std::string file_name;  ///< relative to the source's root; for messages
  std::vector<int> row_groups;  ///< Parquet: consecutive row groups of that file
};

/// Where in a unit a reader stands. Rows are enough for Parquet.
struct Cursor {
  int64_t next_row = 0;
};

/// How a unit is read. None of these shapes a result.
struct BatchOptions {
  int64_t batch_rows = 65536;
  arrow::MemoryPool* pool = nullptr;  ///< default: arrow::default_memory_pool()
};

/// Reads one unit's columns, front to back. One thread at a time.
class BatchReader {
 public:
  virtual ~BatchReader() = default;
  /// The next rows: exactly batch_rows of them except at the end of the unit, where nothing is
  /// returned after the last. Errors name the file, the row group and the column.
  virtual arrow::Result<std::optional<Batch>> Next() = 0;
  /// Where the next batch starts.
  virtual Cursor cursor() const = 0;
};

/// What a source can tell about a column of a unit without reading it (Parquet: the footer).
struct ColumnHint {
  int64_t compressed_bytes = 0;
  int64_t null_count = -1;  ///< -1: unknown
  bool dictionary_encoded = false;
  /// The largest part that may have to be in memory whole (Parquet: a dictionary, or a column chunk
  /// without one, uncompressed, as the footer claims or lets guess); 0: unknown.
  int64_t largest_part_bytes = 0;
};

/// A table, split into units. Immutable after Open; all functions are thread-safe.
///
/// Columns are numbers: first the fields of schema(), then the members of its structs in the order
/// of StructMembers (io/struct_members.h), so that a member can be read without its siblings.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// Empty when the source has no rows at all.
  virtual const std::vector<Unit>& units() const = 0;
  /// Whether reading one column costs nothing for the others (Parquet yes, CSV no).
  virtual bool columns_independent() const = 0;
  /// Whether the same data always come as the same rows in the same order, so that a row's position
  /// is its own (files yes; a query's answer no).
  virtual bool rows_are_numbered() const { return true; }
  virtual ColumnHint Hint(const Unit& unit, int column) const = 0;
  /// A column that is nested as a whole comes as plain pieces of nested arrays.
  virtual arrow::Result<std::unique_ptr<BatchReader>> Open(const Unit& unit,
                                                           const std::vector<int>& columns,
                                                           const BatchOptions& options,
                                                           Cursor start = {}) const = 0;
  /// Reads the selected rows of a unit: batches count those only, as do first_row and cursors.
  /// The default reads all rows and leaves the others out; a source that can pass over them does.
  virtual arrow::Result<std::unique_ptr<BatchReader>> OpenSelected(
      const Unit& unit, const std::vector<int>& columns, const BatchOptions& options,
      std::shared_ptr<const RowSelection> selection, Cursor start) const;
  /// What can be told of the columns of the unit's rows without reading them, part by part in their
  /// order (Parquet: statistics of row groups). The default knows nothing.
  virtual arrow::Result<std::vector<UnitPart>> Parts(const Unit& unit,
                                                     const std::vector<int>& columns) const;
  /// Where the unit's rows stand in the table before --where took any: calls visit(first, count)
  /// with runs of row numbers, ascending.
  virtual void VisitPositions(const Unit& unit,
                              const std::function<void(int64_t first, int64_t count)>& visit) const;
  /// What identifies the data for a resumed run: format, relative names, sizes and modification
  /// times, hashed.
  virtual std::string identity() const = 0;
  /// What reading has found odd and got over, for people; names the files.
  virtual std::vector<std::string> warnings() const { return {}; }
  int64_t num_rows() const;
  int64_t num_bytes() const;
};

/// What opening and reading a source may use.
struct SourceOptions {
  arrow::MemoryPool* pool = nullptr;  ///< default: arrow::default_memory_pool()
  std::string spill_folder = {};      ///< where standard input waits; default: $TMPDIR, or /tmp
  /// Asked now and then while standard input is read; an error ends the reading.
  std::function<arrow::Status()> check_stop = {};
};

/// Opens a path, a directory or a glob, local or in an object store (s3://, gs://), or standard
/// input ("-"), which is copied to disk first. Files sort by the bytes of their relative path;
/// names that start with '.' or '_' are skipped; differing schemas are an error that names both
/// files and the first column that differs (a column that is nullable in one file is nullable).
/// Nothing found is an error. Directories below the source's own that are called key=value add a
/// column for each key after those of the files.
///
/// What a file is, its first bytes say (Parquet; an Arrow IPC file or stream; gzip), else its name;
/// all files of a source are of one format, and a mix is an error that names two. Every file that
/// the location names must be data; so must every file below a directory that its name marks as
/// such (*.parquet, *.parq, *.pq; *.arrow, *.arrows, *.feather, *.ipc; *.csv, *.tsv, also with
/// .gz); other files below a directory are read if they begin as Parquet or Arrow does and left out
/// otherwise. At most 64 files are open at a time, and a file that changed in between is an error.
///
/// Units of Parquet and Arrow are consecutive row groups or record batches of one file, closed
/// after the one with which they reach 524,288 rows or 64 MiB: of the footer's uncompressed sizes,
/// or of message bodies as they lie in the file.
///
/// Types are a file's Arrow types (of Parquet: parquet::arrow::FromParquetSchema, a stored Arrow
/// schema included) with these differences, at every depth: dictionary and run-end-encoded types
/// become their value type (what stays encoded says each piece), large and view strings and bytes
/// utf8 and binary, extension types their storage, decimals decimal128 up to 38 digits and
/// decimal256 above, lists of every kind but maps list; what is inside of nested types is nullable;
/// metadata are dropped, time zones keep their text. INT96 is timestamp[ns]; a time that
/// nanoseconds in 64 bits can't hold is an error. Strings are not checked for UTF-8. Unions, which
/// Arrow files may hold, can't be read.
arrow::Result<std::shared_ptr<Source>> OpenSource(const std::string& location,
                                                  const SourceOptions& options = {});

/// The first `num_rows` rows of a source in unit order (--limit); units beyond them vanish, the
/// last one is cut.
std::shared_ptr<Source> LimitRows(std::shared_ptr<Source> source, int64_t num_rows);

/// A source whose columns are flat or lists: every struct's members, called `parent.child`, stand
/// in the struct's place. The source itself where it has no structs.
std::shared_ptr<Source> FlattenStructs(std::shared_ptr<Source> source);

/// A source that shows only these columns, in the order of the source's schema (--columns). A
/// struct's member is called `parent.child`; a struct stands for all its members. A name that two
/// columns share is refused.
arrow::Result<std::shared_ptr<Source>> SelectColumns(std::shared_ptr<Source> source,
                                                     const std::vector<std::string>& names);

}  // namespace emberharmony::io
