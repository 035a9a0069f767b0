"""Tables that are hard on memory, each with a plan (None: the automatic one), made when needed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ALL_TRAINING = "version: 1\nsplit: {train: 1.0, validation: 0.0, test: 0.0}\n"


@dataclass(frozen=True)
class Case:
    """What the command is given."""

    source: Path
    plan: Path | None = None
    options: tuple[str, ...] = ()


def numbered(numbers: np.ndarray, prefix: str) -> pa.Array:
    """Strings of a prefix and nine digits."""
    digits = np.char.zfill(numbers.astype(str), 9)
    return pa.array(np.char.add(prefix, digits).tolist())


def wide(folder: Path, scale: int) -> Case:
    """400 columns of doubles, nearly all different; whole rows are hashed and checked."""
    rng = np.random.default_rng(0)
    table = pa.table({f"c{i}": rng.normal(size=5_000 * scale) for i in range(400)})
    pq.write_table(table, folder / "wide.parquet")
    return Case(folder / "wide.parquet", options=("--content-checksum",))


def very_wide(folder: Path, scale: int) -> Case:
    """Thousands of columns of few rows: what is kept for each of them is what there is."""
    rng = np.random.default_rng(5)
    columns = {}
    for i in range(625 * scale):
        columns[f"n{i}"] = rng.normal(size=400)
        columns[f"w{i}"] = rng.choice([f"word{k}" for k in range(50)], 400)
    pq.write_table(pa.table(columns), folder / "very_wide.parquet", row_group_size=100)
    return Case(folder / "very_wide.parquet")


def long_row_group(folder: Path, scale: int) -> Case:
    """One row group of columns of nearly distinct strings."""
    rng = np.random.default_rng(1)
    rows = 500_000 * scale
    table = pa.table(
        {f"c{i}": numbered(rng.integers(0, 10**9, rows), f"abc_{i}_") for i in range(4)}
    )
    pq.write_table(table, folder / "long.parquet", row_group_size=rows)
    plan = folder / "long.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [c0, c1], steps: [{vocabulary: {min_count: 2}}]}\n"
        "  - {columns: [c2, c3], steps: [passthrough]}\n"
    )
    return Case(folder / "long.parquet", plan)


def distinct(folder: Path, scale: int) -> Case:
    """A vocabulary of nothing but distinct strings."""
    table = pa.table({"key": numbered(np.arange(600_000 * scale), "customer-")})
    pq.write_table(table, folder / "distinct.parquet")
    plan = folder / "distinct.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [key], steps: [vocabulary]}\n")
    return Case(folder / "distinct.parquet", plan)


def long_strings(folder: Path, scale: int) -> Case:
    """Strings of a mebibyte, each in a page of its own."""
    values = [f"{i:08d}" + chr(97 + i % 26) * ((1 << 20) - 8) for i in range(20 * scale)]
    table = pa.table({"text": values, "number": np.arange(len(values), dtype=float)})
    pq.write_table(
        table,
        folder / "strings.parquet",
        use_dictionary=False,
        write_batch_size=1,
        row_group_size=8,
    )
    plan = folder / "strings.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [text], steps: [passthrough]}\n"
        "  - {columns: [number], steps: [{scale: standard}]}\n"
    )
    return Case(folder / "strings.parquet", plan)


def long_dictionaries(folder: Path, scale: int) -> Case:
    """Strings of some 60 kB, 30 MB of them in the dictionary of each row group."""
    rng = np.random.default_rng(6)
    values = [f"{i:08d}" * int(n) for i, n in enumerate(rng.integers(1, 16_000, 2_000 * scale))]
    table = pa.table({"text": values, "number": rng.normal(size=len(values))})
    pq.write_table(table, folder / "dictionaries.parquet", row_group_size=500)
    plan = folder / "dictionaries.yaml"
    plan.write_text(
        "version: 1\nfeatures:\n  - {columns: [text], steps: [passthrough]}\n"
        "  - {columns: [number], steps: [{scale: standard}]}\n"
    )
    return Case(folder / "dictionaries.parquet", plan)


def arrow_dictionary(folder: Path, scale: int) -> Case:
    """An Arrow file of several units, all of whose rows refer to one dictionary of 17 MB."""
    rng = np.random.default_rng(9)
    entries = numbered(np.arange(450_000 * scale), "one of very many strings: ")
    rows = pa.array(rng.integers(0, len(entries), 1_200_000).astype(np.int32))
    table = pa.table({"text": pa.DictionaryArray.from_arrays(rows, entries)})
    with pa.ipc.new_file(folder / "dictionary.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=300_000)
    plan = folder / "dictionary.yaml"
    plan.write_text(ALL_TRAINING + "features:\n  - {columns: [text], steps: [vocabulary]}\n")
    return Case(folder / "dictionary.arrow", plan)


def many_files(folder: Path, scale: int) -> Case:
    """Hundreds or thousands of files, each a unit with shards of its own; some have no rows."""
    rng = np.random.default_rng(2)
    files = folder / "files"
    files.mkdir()
    for i in range(150 if scale == 1 else 10_000):
        table = pa.table({f"c{k}": rng.normal(size=50 * (i % 3)) for k in range(10)})
        pq.write_table(table, files / f"{i:05d}.parquet")
    return Case(files)


def one_hot(folder: Path, scale: int) -> Case:
    """400 columns out of one."""
    rng = np.random.default_rng(3)
    table = pa.table({"word": numbered(rng.integers(0, 400, 100_000 * scale), "w")})
    pq.write_table(table, folder / "one_hot.parquet")
    plan = folder / "one_hot.yaml"
    plan.write_text("version: 1\nfeatures:\n  - {columns: [word], steps: [one_hot]}\n")
    return Case(folder / "one_hot.parquet", plan)


def keyed(folder: Path, scale: int) -> Case:
    """A split by texts that all differ, in one row group."""
    rng = np.random.default_rng(4)
    rows = 300_000 * scale
    table = pa.table(
        {
            "user": numbered(rng.integers(0, 10**9, rows), "user-with-a-long-name-"),
            "when": pa.array(rng.integers(0, 2**60, rows), pa.timestamp("ns")),
            "value": rng.normal(size=rows),
        }
    )
    pq.write_table(table, folder / "keyed.parquet", row_group_size=rows)
    plan = folder / "keyed.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: [user, when]}\n"
        "features:\n  - {columns: [value], steps: [{impute: median}, {scale: standard}]}\n"
    )
    return Case(folder / "keyed.parquet", plan)


def components(folder: Path, scale: int) -> Case:
    """Principal components: what the matrix library maps is much more than what it touches."""
    rng = np.random.default_rng(7)
    rows = 20_000 * scale
    table = pa.table({f"x{i}": rng.normal(size=rows) for i in range(12)})
    pq.write_table(table, folder / "components.parquet", row_group_size=5_000)
    plan = folder / "components.yaml"
    columns = ", ".join(table.column_names)
    plan.write_text(
        "version: 1\nfeatures:\n"
        f"  - {{columns: [{columns}], steps: [{{scale: standard}}, {{pca: 3}}]}}\n"
        "  - {columns: [x0], steps: [{windows: 8}, {pca: {components: 2, name: of_windows}}]}\n"
    )
    return Case(folder / "components.parquet", plan)


def encoded_targets(folder: Path, scale: int) -> Case:
    """Means of the target for 100,000 values, while whole rows of two files are hashed."""
    rng = np.random.default_rng(8)
    files = folder / "targets"
    files.mkdir()
    for i in range(2):
        rows = 100_000 * scale
        columns = {f"x{k}": rng.normal(size=rows) for k in range(7)}
        columns["key"] = numbered(rng.permutation(100_000).repeat(scale), "k")
        columns["target"] = rng.normal(size=rows)
        pq.write_table(pa.table(columns), files / f"{i}.parquet", row_group_size=100_000)
    plan = folder / "targets.yaml"
    plan.write_text(
        "version: 1\ntarget: target\nfeatures:\n"
        "  - {columns: [key], steps: [target_encode]}\n"
        "  - {columns: [x0], steps: [{scale: standard}]}\n"
    )
    return Case(files, plan)


TABLES = {
    make.__name__: make
    for make in (
        wide,
        very_wide,
        long_row_group,
        distinct,
        long_strings,
        long_dictionaries,
        arrow_dictionary,
        many_files,
        one_hot,
        keyed,
        components,
        encoded_targets,
    )
}
