"""Times windows and their components against NumPy and scikit-learn.

    run.py [--rows 3000000] [--incremental-rows 300000] [--rounds 3] [--threads 1] [--json FILE]

The job: rows of 20 float32, windows of 5 rows at strides 1, 3 and 5, of each stride 8 principal
components, learned and applied; every projected window is seen. The rows come from a file, 10,000
at a time. Contenders:

- emberharmony: TerabyteTemporalStrideProcessor, results in batches;
- numpy: sliding_window_view, sums of products of blocks of windows in float64, eigh, and a second
  pass that projects: what one would write who knows NumPy and has little memory;
- sklearn-pca: PCA(svd_solver="covariance_eigh") of all windows of a stride in memory;
- polars, duckdb: the windows by shifted columns, or by lead() over the rows' numbers, and then the
  same PCA, since neither has one;
- sklearn-incremental: IncrementalPCA over blocks of 10,000 windows, on fewer rows because it is
  slow; its rate does not depend on their number.

In each round every contender runs once, in a process of its own, starting with another one each
time. Reported are, of the best round by processor time: windows for each second of processor time
(from before the first row is read to after the last window, imports left out), wall time, peak
resident memory with its share of imports, and the median over the rounds of emberharmony's rate
divided by the contender's. Explained variances are compared before anything is reported.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
COLUMNS, WINDOW, STRIDES, COMPONENTS, BATCH = 20, 5, (1, 3, 5), 8, 10_000
BLOCK = 50_000  # windows that NumPy multiplies at a time


def make_rows(path: Path, num_rows: int) -> None:
    """Random walks with noise: rows that remember those before."""
    random = np.random.default_rng(1)
    level = np.zeros(COLUMNS)
    with path.open("wb") as file:
        for first in range(0, num_rows, 100_000):
            count = min(100_000, num_rows - first)
            steps = random.standard_normal((count, COLUMNS)) * 0.05
            levels = level * 0.999 ** np.arange(1, count + 1)[:, None] + steps.cumsum(axis=0)
            level = levels[-1]
            rows = levels + random.standard_normal((count, COLUMNS))
            file.write(rows.astype(np.float32).tobytes())


def batches(path: str, num_rows: int) -> Iterator[np.ndarray]:
    with open(path, "rb") as file:
        for first in range(0, num_rows, BATCH):
            count = min(BATCH, num_rows - first)
            yield np.frombuffer(file.read(count * COLUMNS * 4), np.float32).reshape(-1, COLUMNS)


def windows_in_blocks(path: str, num_rows: int, stride: int, length: int) -> Iterator[np.ndarray]:
    """Blocks of flattened windows; a block begins with a window, so its last rows are kept."""
    kept = np.empty((0, COLUMNS), np.float32)
    rows = []
    waiting = 0
    source = batches(path, num_rows)
    while True:
        batch = next(source, None)
        if batch is not None:
            rows.append(batch)
            waiting += len(batch)
            if waiting < length * stride:
                continue
        table = np.concatenate([kept, *rows])
        rows, waiting = [], 0
        if len(table) >= WINDOW:
            view = np.lib.stride_tricks.sliding_window_view(table, WINDOW, axis=0)[::stride]
            yield view.transpose(0, 2, 1).reshape(-1, WINDOW * COLUMNS)
            kept = table[len(view) * stride :]
        else:
            kept = table
        if batch is None:
            return


def run_emberharmony(path: str, num_rows: int) -> dict[int, list[float]]:
    from emberharmony.features import TerabyteTemporalStrideProcessor

    processor = TerabyteTemporalStrideProcessor(
        WINDOW, STRIDES, COMPONENTS, BATCH, verbose=False, spill_dir=str(Path(path).parent)
    )
    results = processor.process_large_dataset(batches(path, num_rows))
    for stride in STRIDES:
        seen = sum(windows.shape[0] for windows in results.batches(stride))
        assert seen == results.shape(stride)[0]
    return {s: processor.get_basis(s)["explained_variance"].tolist() for s in STRIDES}


def run_numpy(path: str, num_rows: int) -> dict[int, list[float]]:
    variances = {}
    for stride in STRIDES:
        count, total, products = 0, 0.0, 0.0
        # About the mean of the first block, so that nothing cancels.
        shift = None
        for block in windows_in_blocks(path, num_rows, stride, BLOCK):
            windows = block.astype(np.float64)
            shift = windows.mean(axis=0) if shift is None else shift
            windows -= shift
            count += len(windows)
            total = total + windows.sum(axis=0)
            products = products + windows.T @ windows
        mean = total / count
        covariance = (products - count * np.outer(mean, mean)) / (count - 1)
        values, vectors = np.linalg.eigh(covariance)
        basis = vectors[:, : -COMPONENTS - 1 : -1]
        seen = 0
        for block in windows_in_blocks(path, num_rows, stride, BLOCK):
            seen += len(((block - shift) - mean) @ basis)
        assert seen == count
        variances[stride] = values[: -COMPONENTS - 1 : -1].tolist()
    return variances


def components_of(windows: np.ndarray) -> list[float]:
    from sklearn.decomposition import PCA

    model = PCA(COMPONENTS, svd_solver="covariance_eigh")
    model.fit_transform(windows)
    return model.explained_variance_.tolist()


def run_sklearn_pca(path: str, num_rows: int) -> dict[int, list[float]]:
    return {
        stride: components_of(
            np.concatenate(list(windows_in_blocks(path, num_rows, stride, BLOCK)))
        )
        for stride in STRIDES
    }


def run_polars(path: str, num_rows: int) -> dict[int, list[float]]:
    import polars as pl

    names = [f"c{column}" for column in range(COLUMNS)]
    rows = pl.concat([pl.from_numpy(batch, names) for batch in batches(path, num_rows)])
    places = [pl.col(names).shift(-place).name.suffix(f"_{place}") for place in range(WINDOW)]
    windows = rows.lazy().select(places).slice(0, num_rows - WINDOW + 1)
    return {s: components_of(windows.gather_every(s).collect().to_numpy()) for s in STRIDES}


def run_duckdb(path: str, num_rows: int) -> dict[int, list[float]]:
    import duckdb

    names = [f"c{column}" for column in range(COLUMNS)]
    table = np.concatenate(list(batches(path, num_rows)))
    rows = {name: table[:, column] for column, name in enumerate(names)}
    connection = duckdb.connect()
    connection.execute(f"SET threads = {os.environ['OMP_NUM_THREADS']}")
    connection.register("rows", {"place": np.arange(num_rows), **rows})
    shifted = ", ".join(
        f"lead({name}, {place}) OVER (ORDER BY place) AS {name}_{place}"
        for place in range(WINDOW)
        for name in names
    )
    variances = {}
    for stride in STRIDES:
        found = connection.execute(
            f"SELECT * EXCLUDE (place) FROM (SELECT place, {shifted} FROM rows) "
            f"WHERE place % {stride} = 0 AND place <= {num_rows - WINDOW} ORDER BY place"
        ).fetchnumpy()
        variances[stride] = components_of(np.column_stack(list(found.values())))
    return variances


def run_sklearn_incremental(path: str, num_rows: int) -> dict[int, list[float]]:
    from sklearn.decomposition import IncrementalPCA

    variances = {}
    for stride in STRIDES:
        model = IncrementalPCA(COMPONENTS)
        for block in windows_in_blocks(path, num_rows, stride, BATCH):
            if len(block) >= COMPONENTS:
                model.partial_fit(block)
        for block in windows_in_blocks(path, num_rows, stride, BATCH):
            model.transform(block)
        variances[stride] = model.explained_variance_.tolist()
    return variances


CONTENDERS = {
    "emberharmony": run_emberharmony,
    "numpy": run_numpy,
    "sklearn-pca": run_sklearn_pca,
    "polars": run_polars,
    "duckdb": run_duckdb,
    "sklearn-incremental": run_sklearn_incremental,
}
IMPORTS = {
    "emberharmony": "emberharmony.features",
    "numpy": "numpy",
    "sklearn-pca": "sklearn.decomposition",
    "polars": "polars",
    "duckdb": "duckdb",
    "sklearn-incremental": "sklearn.decomposition",
}


def peak_mib() -> float:
    """The most resident memory of this process; getrusage would count its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def work(name: str, path: str, num_rows: int) -> None:
    """One contender's run, in this process."""
    __import__(IMPORTS[name])
    imported = peak_mib()
    cpu, wall = time.process_time(), time.perf_counter()
    variances = CONTENDERS[name](path, num_rows)
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.perf_counter() - wall,
                "imported": imported,
                "peak": peak_mib(),
                "variances": variances,
            }
        )
    )


def measure(name: str, path: Path, num_rows: int, threads: int) -> dict:
    numbers = (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "EMBERHARMONY_NUM_THREADS",
    )
    environment = {**os.environ, **dict.fromkeys(numbers, str(threads))}
    environment["PYTHONPATH"] = str(ROOT / "build" / "python")
    command = [sys.executable, __file__, "--work", name, "--rows", str(num_rows), "--file", path]
    done = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    windows = sum((num_rows - WINDOW) // stride + 1 for stride in STRIDES)
    return {**result, "rows": num_rows, "windows": windows, "rate": windows / result["cpu"]}


def off(left: dict, right: dict) -> float:
    """The largest relative difference of explained variances."""
    return max(
        abs(a / b - 1) for s in map(str, STRIDES) for a, b in zip(left[s], right[s], strict=True)
    )


def report(runs: dict[str, list[dict]], differences: dict[str, float]) -> None:
    print("| | rows | windows / CPU s | wall, s | peak (imports), MiB | slower by | off by |")
    print("|---|---|---|---|---|---|---|")
    for name, rounds in runs.items():
        best = max(rounds, key=lambda each: each["rate"])
        ratios = [
            ours["rate"] / theirs["rate"]
            for ours, theirs in zip(runs["emberharmony"], rounds, strict=True)
        ]
        print(
            f"| {name} | {best['rows']:,} | {best['rate']:,.0f} | {best['wall']:.1f} "
            f"| {best['peak']:.0f} ({best['imported']:.0f}) | {statistics.median(ratios):.1f} "
            f"| {differences.get(name, 0):.1e} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--incremental-rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default=",".join(CONTENDERS), help="contenders, by comma")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench" / "windows.json")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.file, arguments.rows)
        return

    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "windows.f32"
    make_rows(path, max(arguments.rows, arguments.incremental_rows))
    names = arguments.only.split(",")
    runs: dict[str, list[dict]] = {name: [] for name in names}
    for turn in range(arguments.rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            slow = name == "sklearn-incremental"
            rows = arguments.incremental_rows if slow else arguments.rows
            runs[name].append(measure(name, path, rows, arguments.threads))
            print(f"{name}: {runs[name][-1]['rate']:,.0f} windows / CPU s", file=sys.stderr)
    differences = {}
    for name in names:
        rows = runs[name][0]["rows"]
        ours = next((r for r in runs["emberharmony"] if r["rows"] == rows), None)
        ours = ours or measure("emberharmony", path, rows, arguments.threads)
        differences[name] = off(runs[name][0]["variances"], ours["variances"])
    path.unlink()
    assert all(each < 1e-4 for name, each in differences.items() if "incremental" not in name)
    print(f"{platform.processor() or platform.machine()}, {arguments.threads} thread(s)")
    report(runs, differences)
    arguments.json.write_text(json.dumps({"runs": runs, "off": differences}, indent=1))


if __name__ == "__main__":
    main()
