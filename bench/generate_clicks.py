"""Makes a table of click logs in the shape of the Criteo benchmark.

    generate_clicks.py OUTPUT --rows N [--seed S] [--dictionary-limit-mib M]

Columns: label int32; I1..I13 int32, counts with heavy tails, some -1; C1..C26 strings of 8 hex
digits with Zipf frequencies over the benchmark's cardinalities. Null shares cycle through 0, 5, 20
and 45 %. Each value is a pure function of (seed, column, row), so any prefix of a longer table is
the shorter table. Rows are made and written a row group (262,144 rows) at a time.
"""

import argparse
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS = 262_144
NUM_COUNTS = 13
CARDINALITIES = [
    *(40_000_000, 39_060, 17_295, 7_424, 20_265, 3, 7_122, 1_543, 63, 40_000_000, 3_067_956),
    *(405_282, 10, 2_209, 11_938, 155, 4, 976, 14, 40_000_000, 40_000_000, 40_000_000),
    *(590_152, 12_973, 108, 36),
]
ZIPF_EXPONENT = 1.1
NULL_SHARES = [0.0, 0.05, 0.20, 0.45]
CLICK_SHARE = 0.032
MINUS_ONE_SHARE = 0.02
INT32_MAX = np.iinfo(np.int32).max

# The two hexadecimal digits of each byte, as the 16-bit number whose bytes they are.
HEX_PAIRS = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), dtype=np.uint16)


def random_bits(seed: int, stream: int, rows: np.ndarray) -> np.ndarray:
    """64 random bits for each row: SplitMix64 (Steele et al. 2014) of row and stream."""
    with np.errstate(over="ignore"):
        start = np.uint64((seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03) % 2**64)
        z = start + rows * np.uint64(0x9E3779B97F4A7C15)
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return z


def uniform(bits: np.ndarray) -> np.ndarray:
    """Doubles in (0, 1), from the upper 53 bits."""
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def mix32(x: np.ndarray) -> np.ndarray:
    """A bijection of 32-bit numbers: MurmurHash3's finalizer."""
    with np.errstate(over="ignore"):
        x = x.astype(np.uint32)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return x


def zipf_ranks(u: np.ndarray, cardinality: int) -> np.ndarray:
    """Ranks 1..cardinality by the inverse of the continuous bounded power law with exponent 1.1."""
    low = cardinality ** (1.0 - ZIPF_EXPONENT)
    v = 1.0 - u * (1.0 - low)
    v2 = v * v
    v8 = v2 * v2
    v8 *= v8
    # v ** (1 / (1 - 1.1)) is v ** -10, by multiplications, which are the same everywhere.
    return np.clip((1.0 / (v8 * v2)).astype(np.int64), 1, cardinality)


def validity(seed: int, column: int, rows: np.ndarray) -> np.ndarray | None:
    share = NULL_SHARES[column % len(NULL_SHARES)]
    if share == 0.0:
        return None
    return uniform(random_bits(seed, 1000 + column, rows)) >= share


def count_column(seed: int, column: int, rows: np.ndarray) -> pa.Array:
    first = uniform(random_bits(seed, 2000 + column, rows))
    second = uniform(random_bits(seed, 3000 + column, rows))
    normal = np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)  # Box and Muller
    mu, sigma = 0.5 + 0.45 * (column * 5 % 13), 1.0 + 0.12 * (column * 7 % 13)
    values = np.minimum(np.floor(np.exp(mu + sigma * normal)), INT32_MAX).astype(np.int32)
    values[uniform(random_bits(seed, 4000 + column, rows)) < MINUS_ONE_SHARE] = -1
    valid = validity(seed, column, rows)
    return pa.array(values, mask=None if valid is None else ~valid)


def category_column(seed: int, column: int, cardinality: int, rows: np.ndarray) -> pa.Array:
    ranks = zipf_ranks(uniform(random_bits(seed, 5000 + column, rows)), cardinality)
    numbers = mix32(ranks.astype(np.uint32) + np.uint32(column * 0x01000193 % 2**32))
    digits = HEX_PAIRS[numbers.astype(">u4").view(np.uint8)]
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * 8
    valid = validity(seed, NUM_COUNTS + column, rows)
    if valid is None:
        return pa.StringArray.from_buffers(len(rows), pa.py_buffer(offsets), pa.py_buffer(digits))
    # A null cell keeps no bytes: its digits are left out and its offsets are equal.
    offsets[1:] = np.cumsum(valid, dtype=np.int32) * 8
    digits = digits.reshape(-1, 4)[valid].reshape(-1)
    bitmap = np.packbits(valid, bitorder="little")
    return pa.StringArray.from_buffers(
        len(rows), pa.py_buffer(offsets), pa.py_buffer(digits), pa.py_buffer(bitmap)
    )


def row_group(seed: int, first_row: int, num_rows: int) -> pa.Table:
    rows = np.arange(first_row, first_row + num_rows, dtype=np.uint64)
    columns = {"label": pa.array((uniform(random_bits(seed, 1, rows)) < CLICK_SHARE).astype("i4"))}
    for column in range(NUM_COUNTS):
        columns[f"I{column + 1}"] = count_column(seed, column, rows)
    for column, cardinality in enumerate(CARDINALITIES):
        columns[f"C{column + 1}"] = category_column(seed, column, cardinality, rows)
    return pa.table(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes a table of click logs.")
    parser.add_argument("output")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--dictionary-limit-mib",
        type=int,
        default=1,
        help="size from which a column chunk's dictionary is given up for plain pages (default: "
        "1, as pyarrow has it; 0 gives files without dictionaries)",
    )
    options = parser.parse_args()
    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    partial = options.output + ".part"
    schema = row_group(options.seed, 0, 1).schema
    with pq.ParquetWriter(
        partial,
        schema,
        compression="snappy",
        use_dictionary=options.dictionary_limit_mib > 0,
        dictionary_pagesize_limit=max(1, options.dictionary_limit_mib) * 2**20,
    ) as writer:
        for first_row in range(0, options.rows, ROW_GROUP_ROWS):
            num_rows = min(ROW_GROUP_ROWS, options.rows - first_row)
            table = row_group(options.seed, first_row, num_rows)
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
    os.replace(partial, options.output)


if __name__ == "__main__":
    main()
