"""Tables and queries of BigQuery, streamed batch by batch in bounded memory.

`read` and `read_query` hand out Arrow batches as they come; `process_bigquery_streaming` and
`process_bigquery_in_chunks` call a function with them. Every row comes exactly once, or the reading
fails, where the progress that the service tells is exact. Where it is not, rows that the service
repeats or leaves out can't be noticed for certain: if all rows of a table are read, another number
than the session's estimate is warned of. Every batch is validated in full before it is handed out.
Memory that is used, and the most that was, are in `Reader.progress`.
"""

from emberharmony.bigquery._batch import Batch
from emberharmony.bigquery._connection import Connection, setup_bigquery_connection
from emberharmony.bigquery._processing import (
    StreamingSummary,
    process_bigquery_in_chunks,
    process_bigquery_streaming,
)
from emberharmony.bigquery._queries import (
    OptimizedQuery,
    QueryCosts,
    QueryEstimate,
    QueryResult,
    TableInfo,
    estimate_query,
    get_table,
    get_table_row_count,
    optimize_bigquery_query,
    run_query,
)
from emberharmony.bigquery._reader import Progress, Reader, Session, read, read_query

__all__ = [
    "Batch",
    "Connection",
    "OptimizedQuery",
    "Progress",
    "QueryCosts",
    "QueryEstimate",
    "QueryResult",
    "Reader",
    "Session",
    "StreamingSummary",
    "TableInfo",
    "estimate_query",
    "get_table",
    "get_table_row_count",
    "optimize_bigquery_query",
    "process_bigquery_in_chunks",
    "process_bigquery_streaming",
    "read",
    "read_query",
    "run_query",
    "setup_bigquery_connection",
]


def __dir__() -> list[str]:
    return sorted(__all__)
