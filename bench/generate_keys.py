"""Makes a table of very many distinct strings, a vocabulary of which memory may not hold.

    generate_keys.py OUTPUT --rows N --distinct N [--seed S]

Columns: key, a string of 20 bytes, of which three in ten rows have one that is rather frequent and
one in a hundred none; number int64; real float32. Row groups of 524,288 rows.
"""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS = 524_288
FREQUENT_SHARE = 0.3
NULL_SHARE = 0.01
GOLDEN_RATIO = 11_400_714_819_323_198_485  # times 2^64: neighbours are far from each other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--distinct", type=int, required=True)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    schema = pa.schema([("key", pa.string()), ("number", pa.int64()), ("real", pa.float32())])
    with pq.ParquetWriter(arguments.output, schema) as writer:
        for first in range(0, arguments.rows, ROW_GROUP_ROWS):
            rows = min(ROW_GROUP_ROWS, arguments.rows - first)
            frequent = (arguments.distinct * rng.random(rows) ** 4).astype(np.int64)
            even = rng.integers(0, arguments.distinct, rows)
            keys = np.where(rng.random(rows) < FREQUENT_SHARE, frequent, even).astype(np.uint64)
            numbers = keys * np.uint64(GOLDEN_RATIO)
            digits = np.char.zfill((numbers % np.uint64(10**16)).astype(str), 16)
            columns = {
                "key": pa.array(np.char.add("user", digits), mask=rng.random(rows) < NULL_SHARE),
                "number": (numbers % np.uint64(2**53)).astype(np.int64),
                "real": rng.random(rows).astype(np.float32),
            }
            writer.write_table(pa.table(columns, schema=schema))


if __name__ == "__main__":
    main()
