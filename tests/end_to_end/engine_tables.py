"""Tables for the tests of runs, models and batches."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FLIGHTS_ROWS = 20_000


def some_flights(flights: Path, rows: int = FLIGHTS_ROWS) -> pa.Table:
    """The first rows of the flights, all columns."""
    with pq.ParquetFile(flights) as file:
        batch = next(file.iter_batches(batch_size=rows))
    return pa.Table.from_batches([batch])


def write_parts(table: pa.Table, folder: Path, parts: int, *, row_group: int = 2_000) -> list[Path]:
    """The table in so many files of small row groups."""
    folder.mkdir(parents=True)
    step = -(-table.num_rows // parts)
    paths = []
    for i in range(parts):
        path = folder / f"part-{i:05d}.parquet"
        pq.write_table(table.slice(i * step, step), path, row_group_size=row_group)
        paths.append(path)
    return paths
