"""Queries, their costs, and what BigQuery tells of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emberharmony.bigquery import _arguments
from emberharmony.bigquery._connection import Connection
from emberharmony.bigquery._core import core
from emberharmony.bigquery._reader import read, settings_of


@dataclass(frozen=True)
class QueryCosts:
    """What reading some columns and rows of a table would cost, and which partitions are left out.

    What could not be found out is None: permissions may be missing. The partitions follow from the
    condition and from how the table is partitioned: these, and no others, can hold rows that pass.
    The bytes are the service's own, by dry runs, which run and bill nothing.

    Attributes:
        bytes_processed: Bytes of the columns in the partitions that the service would read.
        bytes_unpruned: The same columns in all partitions; None where none is left out.
        table_bytes: Bytes of the whole table.
        partition_column: Empty: not partitioned, or by the time of ingestion.
        partition_type: "DAY", "HOUR", "MONTH", "YEAR", "RANGE"; empty: not partitioned.
        num_partitions: Partitions of the table, as the service counts them.
        partitions_left: Ranges (first, last) of the names of partitions that can hold the rows,
            "20010301" for a day; None for whichever is the first or last; [] for none. None: all.
        partitions_left_text: The same for people, the partitions of null and of values outside of
            all ranges among them: "20010301 to 20010331", "all", "none".
        partitions_left_max: How many those of the text are at most; None: as many as there are.
        partitions_pruned_min: How many of num_partitions are left out at least.
        clustering_columns: Names.
    """

    bytes_processed: int | None
    bytes_unpruned: int | None
    table_bytes: int | None
    partition_column: str
    partition_type: str
    num_partitions: int | None
    partitions_left: list[tuple[str | None, str | None]] | None
    partitions_left_text: str
    partitions_left_max: int | None
    partitions_pruned_min: int | None
    clustering_columns: list[str]


@dataclass(frozen=True)
class OptimizedQuery:
    """One wish in both forms that BigQuery takes.

    Attributes:
        sql: A SELECT for a query job.
        columns: For the Storage Read API (`read`): the columns, without repetitions.
        where: For the same: the condition, in one form for all texts that mean the same; None: all
            rows.
        limit: Rows after which reading stops; None: all.
        costs: What the service says that it would cost, where it was asked; else None.
    """

    sql: str
    columns: list[str]
    where: str | None
    limit: int | None
    costs: QueryCosts | None = None

    def __str__(self) -> str:
        return self.sql


@dataclass(frozen=True)
class QueryEstimate:
    """What a query would cost.

    Attributes:
        bytes_processed: Bytes that it would read.
        bytes_billed: Bytes that on-demand pricing charges for: whole MiB, at least 10 MiB, unless
            nothing is read.
        location: Where it would run.
        statement_type: "SELECT"; empty if not told.
    """

    bytes_processed: int
    bytes_billed: int
    location: str
    statement_type: str


@dataclass(frozen=True)
class QueryResult:
    """A query that has ended well.

    Attributes:
        table: The table with its rows.
        num_rows: None: not told.
        bytes_processed: Bytes that it read.
        bytes_billed: Bytes that it was billed for.
        from_cache: Whether an earlier result was used, at no charge.
        job_id: Its job.
        location: Where it ran.
    """

    table: str
    num_rows: int | None
    bytes_processed: int
    bytes_billed: int
    from_cache: bool
    job_id: str
    location: str


@dataclass(frozen=True)
class TableInfo:
    """What BigQuery tells of a table.

    Attributes:
        type: "TABLE", "VIEW", "MATERIALIZED_VIEW", "EXTERNAL" or "SNAPSHOT".
        location: Where it is.
        num_rows: Without rows that were just streamed in; None for views.
        num_bytes: None for views.
        fields: Columns as dicts: name, type, mode, fields.
        partition_column: Empty: none, or by the time of ingestion.
        partition_type: "DAY", "HOUR", "MONTH", "YEAR", "RANGE"; empty: not partitioned.
        requires_partition_filter: Whether reading needs a condition on the partition column.
        clustering_columns: Names.
        num_partitions: None: not told.
        integer_ranges: Of a partition_type "RANGE": where the ranges begin, where they end (not
            included) and how many integers each has; else None.
    """

    type: str
    location: str
    num_rows: int | None
    num_bytes: int | None
    fields: list[dict[str, Any]]
    partition_column: str
    partition_type: str
    requires_partition_filter: bool
    clustering_columns: list[str]
    num_partitions: int | None = None
    integer_ranges: tuple[int, int, int] | None = None


def _jobs(connection: Connection | None, project: str | None = None) -> Any:
    settings = settings_of(connection)
    settings["billing_project"] = settings["billing_project"] or project or ""
    location = connection.location if connection else None
    return core.connect_jobs(settings, _arguments.optional_text(location, "location"))


def optimize_bigquery_query(
    table_id: str,
    columns: Sequence[str] | None = None,
    where_clause: str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    *,
    with_costs: bool = False,
    connection: Connection | None = None,
) -> OptimizedQuery:
    """The query for some columns and rows of a table, and the options to read the same without one.

    Names are quoted, and the condition is parsed and written anew: no text in them can become
    another part of the query. Nothing is sent, unless the costs are asked for.

    Args:
        table_id: "project.dataset.table".
        columns: Names, or "struct.child" (for which the query selects the whole struct); None: all.
        where_clause: A condition on rows in GoogleSQL: comparisons, AND, OR, NOT, IN, BETWEEN,
            LIKE, IS NULL, CAST and SAFE_CAST, literals of all types but JSON, INTERVAL, RANGE and
            arrays.
        limit: At most so many rows.
        offset: Must be None or 0: rows have no order, so that pages would repeat some rows and miss
            others. Use `read`, which streams all of them.
        with_costs: Ask the service how the table is partitioned, which partitions the condition
            leaves, and for the bytes: one description and at most two dry runs, which cost nothing.
        connection: How BigQuery is reached, for the costs.

    Returns:
        The SQL and the options.

    Raises:
        ValueError: A name or a condition that is none (its place is told), an offset.
        OSError: With costs: the service tells neither the table nor the bytes.
    """
    if _arguments.optional_whole(offset, "offset", 0):
        raise ValueError(
            "offset: rows of a table have no order, so that pages repeat some and miss others; "
            f"expected None, found {offset}. bigquery.read streams a table of any size"
        )
    sql, names, where, rows = core.plan_query(
        _arguments.text(table_id, "table_id"),
        _arguments.names(columns, "columns"),
        _arguments.optional_text(where_clause, "where_clause"),
        _arguments.optional_whole(limit, "limit", 0),
    )
    costs = None
    if _arguments.flag(with_costs, "with_costs"):
        project = core.parse_table(table_id)[0]
        found = _jobs(connection, project).find_costs(table_id, names, where)
        costs = QueryCosts(**found)
    return OptimizedQuery(sql=sql, columns=names, where=where or None, limit=rows, costs=costs)


# Bytes of a value, by the type's name in the REST API; of the others it depends on the value.
_WIDTHS = {
    "BOOLEAN": 0.125,
    "DATE": 4,
    "INTEGER": 8,
    "FLOAT": 8,
    "TIME": 8,
    "DATETIME": 8,
    "TIMESTAMP": 8,
    "NUMERIC": 16,
    "INTERVAL": 16,
    "BIGNUMERIC": 32,
    "STRING": 100,
    "BYTES": 100,
}
_WIDTH_UNKNOWN = 1000.0


def _width(field: dict[str, Any]) -> float:
    if field["mode"] == "REPEATED":
        return _WIDTH_UNKNOWN
    if field["type"] == "RECORD":
        return sum(map(_width, field["fields"]))
    return _WIDTHS.get(field["type"], _WIDTH_UNKNOWN)


def _counted(table_id: str, where_clause: str | None, connection: Connection | None) -> int:
    """Rows of a table, counted as they come: of the narrowest column, since one has to be read."""
    # Some tables are only shown to those who restrict their partitions.
    with read(table_id, where=where_clause, limit=0, connection=connection) as reader:
        narrowest = min(reader._reader.fields(), key=_width)["name"]
    with read(table_id, columns=[narrowest], where=where_clause, connection=connection) as reader:
        return sum(map(len, reader))


def _described(table_id: str, connection: Connection | None) -> TableInfo:
    """What a read session tells of a table."""
    try:
        reader = read(table_id, limit=0, connection=connection)
    except ValueError as error:
        if not core.requires_partition_filter(str(error)):
            raise
        raise ValueError(
            f"{table_id} requires a condition on its partitions, and is only shown to those who "
            "read it with one: name the REST API (rest_endpoint=), which tells of a table without "
            "reading it"
        ) from None
    with reader:
        return TableInfo(
            type="TABLE",
            location="",
            num_rows=reader.session.estimated_row_count or 0,
            num_bytes=reader.session.estimated_bytes_scanned or 0,
            fields=reader._reader.fields(),
            partition_column="",
            partition_type="",
            requires_partition_filter=False,
            clustering_columns=[],
        )


def get_table_row_count(
    table_id: str,
    where_clause: str | None = None,
    *,
    connection: Connection | None = None,
) -> int:
    """How many rows a table or a view has.

    Of a table without a condition it is what BigQuery keeps count of (rows that were streamed in
    within the last minutes may be missing), at no cost; else a query counts. A Storage Read server
    without a REST API beside it is asked for the table's narrowest column, whose rows are counted.

    Args:
        table_id: "project.dataset.table".
        where_clause: Count only rows that pass this condition.
        connection: How BigQuery is reached.

    Returns:
        The number of rows.

    Raises:
        ValueError: A name or a condition that is none; no project that pays.
        OSError: There is no such table, or the service cannot be reached.
    """
    _arguments.text(table_id, "table_id")
    _arguments.optional_text(where_clause, "where_clause")
    if not core.has_rest_api(settings_of(connection)):
        return _counted(table_id, where_clause, connection)
    jobs = _jobs(connection, core.parse_table(table_id)[0])
    if not where_clause:
        num_rows = jobs.get_table(table_id)["num_rows"]
        if num_rows is not None:
            return num_rows
    return jobs.query_number(core.count_sql(table_id, where_clause or ""))


def get_table(table_id: str, *, connection: Connection | None = None) -> TableInfo:
    """What BigQuery tells of a table: its kind, size, schema, partitions.

    A Storage Read server without a REST API beside it tells the schema and, as it estimates them,
    the rows and bytes; then nothing is told of the place and of partitions.

    Args:
        table_id: "project.dataset.table".
        connection: How BigQuery is reached.

    Returns:
        The description.

    Raises:
        ValueError: A name that is none; without the REST API a table that requires a condition on
            its partitions.
        OSError: There is no such table, or the service cannot be reached.
    """
    _arguments.text(table_id, "table_id")
    if not core.has_rest_api(settings_of(connection)):
        return _described(table_id, connection)
    return TableInfo(**_jobs(connection, core.parse_table(table_id)[0]).get_table(table_id))


def estimate_query(sql: str, *, connection: Connection | None = None) -> QueryEstimate:
    """What a query would cost, found without running it.

    Args:
        sql: GoogleSQL.
        connection: How BigQuery is reached.

    Returns:
        The estimate.

    Raises:
        ValueError: A query that BigQuery refuses; no project.
        OSError: The service cannot be reached.
    """
    return QueryEstimate(**_jobs(connection).dry_run(_arguments.text(sql, "sql")))


def run_query(
    sql: str,
    *,
    destination: str | None = None,
    bytes_billed_max: int = 0,
    connection: Connection | None = None,
) -> QueryResult:
    """Runs a query and waits for its end; `read_query` reads its rows as well.

    Args:
        sql: A SELECT, or CREATE TABLE AS SELECT, in GoogleSQL.
        destination: The table that the result replaces; None: one of the service's own, which it
            keeps for a day.
        bytes_billed_max: The query fails, at no charge, if it would bill more bytes; 0: no limit.
        connection: How BigQuery is reached; its project_id pays.

    Returns:
        Where its rows are, and what it cost.

    Raises:
        ValueError: A query that BigQuery refuses, or that yields no rows; no project.
        OSError: The query failed, or the service cannot be reached.
        KeyboardInterrupt: Ctrl-C; the query is cancelled.
    """
    _arguments.text(sql, "sql")
    if destination is not None:
        _arguments.text(destination, "destination")
    _arguments.whole(bytes_billed_max, "bytes_billed_max", 0)
    return QueryResult(**_jobs(connection).run_query(sql, destination, bytes_billed_max))
