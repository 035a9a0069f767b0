"""Times readers of the Storage Read API over loopback, interleaved, from the local server.

Needs build/bin/ember and build/bin/bigquery_bench (`ninja -C build bigquery_bench`). The server
shares the machine's cores; CPU seconds are the client's own.

run.py [--rounds 3] [--rows 20000000]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[2]
NAME = "bench.public.numbers"


def write_table(path: Path, rows: int) -> None:
    """Numbers, times and short texts, about 100 bytes a row."""
    generator = np.random.default_rng(1)
    count = 1 << 20
    words = np.array([f"word-{i:05d}" for i in range(5000)])
    columns = {f"f{i}": generator.standard_normal(count) for i in range(6)}
    columns |= {f"i{i}": generator.integers(0, 1 << 20, count) for i in range(4)}
    columns["t"] = generator.integers(0, 1 << 50, count).astype("datetime64[us]")
    columns["s"] = pa.array(words[generator.integers(0, len(words), count)])
    batch = pa.RecordBatch.from_pydict(columns)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        for begin in range(0, rows, count):
            writer.write_batch(batch.slice(0, min(count, rows - begin)))


def run(command: list[str]) -> dict:
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--codec", default="none", choices=["none", "lz4"])
    arguments = parser.parse_args()
    build = ROOT / "build" / "bin"
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "numbers.arrow"
        write_table(table, arguments.rows)
        for size in ([], ["--response-rows", "1024"]):
            figures = defaultdict(list)
            server = subprocess.Popen(
                [
                    *(str(build / "ember"), "serve-bigquery", f"--table={NAME}={table}"),
                    *("--cache=8GiB", *size),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            try:
                address = server.stdout.readline().split()[-1]
                rest = [address, NAME, arguments.codec]
                official = [sys.executable, str(Path(__file__).with_name("official_client.py"))]
                commands = {
                    way: [str(build / "bigquery_bench"), way, *rest]
                    for way in ("bare", "store", "read")
                }
                commands["official"] = [*official, *rest]
                run(commands["bare"])  # from now on the server sends what it has encoded
                for _ in range(arguments.rounds):
                    for way, command in commands.items():
                        figures[way].append(run(command))
            finally:
                server.terminate()
                server.wait()
            decoded = max(f["decoded_bytes"] for f in figures["read"])
            wire = max(f["wire_bytes"] for f in figures["read"])
            print(
                f"{' '.join(size) or 'about 1 MiB'} a response, {arguments.codec}:"
                f" {decoded / 1e9:.2f} GB decoded, {wire / 1e9:.2f} GB on the wire"
            )
            for way, found in figures.items():
                best = min(found, key=lambda f: f["seconds"])
                print(
                    f"  {way:9} {decoded / 1e6 / best['seconds']:7.0f} MB/s"
                    f" {min(f['cpu_seconds'] for f in found) / decoded * 1e9:6.2f} CPU s/GB"
                    f"  first batch {best.get('first_batch_seconds', 0) * 1000:5.1f} ms"
                    f"  peak {best['peak_resident_bytes'] >> 20} MiB"
                )


if __name__ == "__main__":
    main()
