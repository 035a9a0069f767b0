"""Compares what the tools of one benchmark wrote; prints one line and exits 1 on a difference.

    check_agreement.py clicks|where|flights|wide|inspect OUTPUT OUTPUT...

Each OUTPUT is a Parquet file, or a folder of them. Click logs must agree in every cell:
ids exactly, logarithms to one unit in the last place of a float32 (the tools' log functions differ
in the last bit of a double). Flights are split by each tool's own hash, so there the splits' shares
and each column's mean must agree, to what chance allows. Of `inspect` each OUTPUT has a JSON file:
exact figures must be equal, sums within rounding, medians within 10 %, distinct counts within 25 %.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq


def files(output: Path) -> list[Path]:
    if output.is_file():
        return [output]
    for folder in [output / "train", output]:
        if found := sorted(folder.glob("*.parquet")):
            return found
    raise SystemExit(f"expected Parquet files in {output}, found none")


def column(paths: list[Path], name: str) -> np.ndarray:
    parts = [pq.ParquetFile(path).read([name])[name].to_numpy() for path in paths]
    return np.concatenate(parts)


def float32_steps(a: np.ndarray, b: np.ndarray) -> int:
    """The largest distance in representable float32 numbers; both have the same sign here."""
    return int(np.abs(a.view(np.int32).astype(np.int64) - b.view(np.int32)).max(initial=0))


def row_order(paths: list[Path], names: list[str]) -> np.ndarray:
    """The rows' order by a hash of their integers, then by their floats: equal for equal tables."""
    fingerprint = np.uint64(0)
    floats = []
    with np.errstate(over="ignore"):
        for name in names:
            values = column(paths, name)
            if values.dtype == np.float32:
                floats.append(values)
            else:
                mixed = (fingerprint ^ values.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
                fingerprint = mixed ^ (mixed >> np.uint64(29))
    return np.lexsort([*floats, fingerprint])


def check_clicks(outputs: list[Path]) -> str:
    tables = [files(output) for output in outputs]
    names = pq.ParquetFile(tables[0][0]).schema_arrow.names
    # DuckDB's joins change the order of the rows; whoever keeps it is compared row by row.
    first_rows = [column(paths, "I1") for paths in tables]
    in_order = all(
        len(rows) == len(first_rows[0]) and float32_steps(first_rows[0], rows) <= 1
        for rows in first_rows
    )
    orders = [None if in_order else row_order(paths, names) for paths in tables]
    ids_max = unknown = nulls = steps_max = 0
    num_rows = len(first_rows[0])
    for name in names:
        cells = [column(paths, name) for paths in tables]
        expected = cells[0] if in_order else cells[0][orders[0]]
        if name.startswith("C"):
            ids_max = max(ids_max, int(expected.max(initial=0)))
            nulls += int(np.count_nonzero(expected == 1))
            unknown += int(np.count_nonzero(expected == 2))
        for output, values, order in zip(outputs[1:], cells[1:], orders[1:], strict=True):
            if len(values) != num_rows or values.dtype != expected.dtype:
                raise SystemExit(
                    f"{name}: expected {num_rows} {expected.dtype} as in {outputs[0]}, "
                    f"found {len(values)} {values.dtype} in {output}"
                )
            found = values if order is None else values[order]
            if expected.dtype == np.float32:
                steps_max = max(steps_max, steps := float32_steps(expected, found))
                same = steps <= 1
            else:
                same = np.array_equal(expected, found)
            if not same:
                row = int(np.flatnonzero(expected != found)[0])
                raise SystemExit(
                    f"{name}, row {row}: expected {expected[row]} as in {outputs[0]}, "
                    f"found {found[row]} in {output}"
                )
    order_words = "in the same order" if in_order else "as sets of rows"
    return (
        f"{len(outputs)} outputs agree {order_words}: {num_rows} rows, {len(names)} columns, "
        f"largest id {ids_max}, {unknown} out of vocabulary, {nulls} nulls, floats within "
        f"{steps_max} ulp"
    )


def check_flights(outputs: list[Path]) -> str:
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    summaries = []
    for output in outputs:
        counts, means = {}, {}
        for split in shares:
            folder = output / split
            paths = files(folder) if folder.is_dir() else [output / f"{split}.parquet"]
            tables = [pq.ParquetFile(path).read() for path in paths]
            counts[split] = sum(table.num_rows for table in tables)
            if split == "train":
                for name in sorted(tables[0].column_names):
                    values = np.concatenate([table[name].to_numpy() for table in tables])
                    means[name] = (float(np.nanmean(values)), float(np.nanstd(values)))
        total = sum(counts.values())
        for split, share in shares.items():
            if abs(counts[split] / total - share) > 0.002:
                raise SystemExit(f"{output}: {split} has {counts[split]} of {total} rows")
        summaries.append((output, total, means))
    reference, total, means = summaries[0]
    for output, other_total, other in summaries[1:]:
        if other_total != total or other.keys() != means.keys():
            raise SystemExit(
                f"{output} has {other_total} rows of {sorted(other)}; "
                f"{reference} {total} of {sorted(means)}"
            )
        for name, (mean, deviation) in means.items():
            # Ten standard errors: ids of airports with near counts may change places.
            tolerance = 10 * max(deviation, 1e-6) / total**0.5
            if abs(other[name][0] - mean) > tolerance:
                raise SystemExit(
                    f"{name}: mean {other[name][0]} in {output}, {mean} in {reference}, "
                    f"tolerance {tolerance}"
                )
    return f"{len(outputs)} outputs agree: {total} rows, {len(means)} columns, shares and means"


def inspected(output: Path) -> tuple[int, dict[str, dict]]:
    """Rows and the columns' figures, under ember's names."""
    if not output.is_dir():
        document = json.loads(output.with_name(output.name + ".json").read_text())
        return document["rows"], {column["name"]: column for column in document["columns"]}
    names = {
        "nulls": "null_count",
        "minimum": "min",
        "maximum": "max",
        "distinct": "distinct_count",
    }
    columns: dict[str, dict] = {}
    figures = json.loads((output / "figures.json").read_text())
    rows = figures.pop("rows")
    for key, value in figures.items():
        column, figure = key.rsplit(":", 1)
        columns.setdefault(column, {})[names.get(figure, figure)] = value
    return rows, columns


def check_inspect(outputs: list[Path]) -> str:
    # Sketches of distinct counts: Polars was seen 15 % away from an exact count.
    tolerances = {
        "null_count": 0.0,
        "min": 0.0,
        "max": 0.0,
        "mean": 1e-12,
        "variance": 1e-9,
        "median": 0.1,
        "distinct_count": 0.25,
    }
    (rows, expected), *others = [inspected(output) for output in outputs]
    num_compared = 0
    for output, (other_rows, columns) in zip(outputs[1:], others, strict=True):
        if other_rows != rows or columns.keys() != expected.keys():
            raise SystemExit(f"{output} has {other_rows} rows of {sorted(columns)}, not {rows}")
        for name, figures in columns.items():
            for figure, value in figures.items():
                reference, tolerance = expected[name].get(figure), tolerances[figure]
                is_text = isinstance(reference, str)
                if figure in ("mean", "variance", "median") and reference is None and value is None:
                    continue
                num_compared += 1
                if value == reference:
                    continue
                # Polars counts null as one more value.
                slack = 1.0 if figure == "distinct_count" else 0.0
                if is_text or abs(value - reference) > slack + tolerance * max(abs(reference), 1.0):
                    raise SystemExit(f"{name}: {figure} {value} in {output}, not {reference}")
    return (
        f"{len(outputs)} outputs agree: {rows} rows, {len(expected)} columns, "
        f"{num_compared} figures"
    )


CHECKS = {
    "clicks": check_clicks,
    "where": check_clicks,
    "flights": check_flights,
    "wide": check_flights,
    "inspect": check_inspect,
}

if __name__ == "__main__":
    check = CHECKS[sys.argv[1]]
    print(check([Path(argument) for argument in sys.argv[2:]]))
