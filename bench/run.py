"""Times ember against Polars and DuckDB, interleaved in one run.

    run.py [--jobs flights,flights-csv,flights-wide,clicks-2m,clicks-10m,where-1pct,inspect-10m]
           [--tools ember,polars,duckdb,pandas] [--repetitions 3]
           [--threads 2] [--cache warm|cold]

Each repetition runs every tool once, in a fresh process, starting with another one each time, so
that what else the machine does falls on all alike. Measured from outside: wall time, CPU time (user
and system), and peak resident memory, as wait4 reports them; start-up of the process counts. Of
the Python tools the time without start-up and imports is shown beside it. Before each run the
input is read once (warm) or dropped from the page cache (cold), and all pending writes are
flushed. After the last repetition the tools' outputs are compared (check_agreement.py).

pandas, with scikit-learn, takes part where it is named, and in the flights job alone: the others'
tables are larger than what it holds.

Medians and ratios go to stdout as Markdown, everything to build/bench/result.json.
This process imports nothing heavy: a child's peak memory starts at its parent's.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
PLAN = ROOT / "bench" / "plans" / "clicks.yaml"
CLICKS_ROWS = {"clicks-2m": 2_000_000, "clicks-10m": 10_000_000}
# The click logs' job on the rows that pass a filter: about 1 % of them, anywhere in the table.
WHERE = {"where-1pct": "C9 = 'e776d8ef' AND I5 > 185"}
# The click logs' table described, column by column.
INSPECT = {"inspect-2m": "clicks-2m", "inspect-10m": "clicks-10m"}
TABLES = {"where-1pct": "clicks-2m", **INSPECT}
JOB_ROWS = {
    "flights": 3_000_000,
    "flights-csv": 3_000_000,
    "flights-wide": 3_030_984,
    **CLICKS_ROWS,
    **{job: CLICKS_ROWS[table] for job, table in TABLES.items()},
}
TARGETS = {"flights": "delay", "wide": "arr_delay"}

WRITE_CSV = """
import sys, pyarrow.csv, pyarrow.parquet
pyarrow.csv.write_csv(pyarrow.parquet.read_table(sys.argv[1]), sys.argv[2])
"""


def kind_of(job: str) -> str:
    """Which job it is, whatever its table's size: names the peers' scripts and the comparison."""
    if job in WHERE:
        return "where"
    if job in INSPECT:
        return "inspect"
    return {"flights": "flights", "flights-csv": "flights", "flights-wide": "wide"}.get(
        job, "clicks"
    )


def ember_command() -> str:
    return os.environ.get("EMBER_BIN", str(ROOT / "build" / "bin" / "ember"))


def table_of(job: str, options: argparse.Namespace) -> Path:
    """The job's input; all but the flights themselves are made once."""
    if job == "flights":
        return ROOT / "data" / "flights-3m.parquet"
    job = TABLES.get(job, job)
    path = Path(options.data) / (f"{job}.csv" if job == "flights-csv" else f"{job}.parquet")
    if not path.exists():
        print(f"making {path}", file=sys.stderr)
        path.parent.mkdir(parents=True, exist_ok=True)
        if job == "flights-wide":
            command = [sys.executable, ROOT / "bench" / "make_wide_flights.py", path]
        elif job == "flights-csv":
            command = [sys.executable, "-c", WRITE_CSV]
            command += [str(ROOT / "data" / "flights-3m.parquet"), str(path)]
        else:
            command = [sys.executable, ROOT / "bench" / "generate_clicks.py", path]
            command += ["--rows", str(CLICKS_ROWS[job])]
        subprocess.run(command, check=True)
    return path


def command_of(tool: str, job: str, table: Path, output: Path, threads: int) -> list[str]:
    kind = kind_of(job)
    if tool == "ember" and kind == "inspect":
        command = [ember_command(), "inspect", str(table), "--json"]
        command += ["--threads", str(threads), "--progress", "none", "-q"]
        return ["/bin/sh", "-c", f"exec {shlex.join(command)} > {output}.json"]
    if tool == "ember":
        command = [ember_command(), "extract", str(table), "-o", str(output)]
        command += ["--threads", str(threads), "--progress", "none", "-q"]
        if kind == "where":
            command += ["--where", WHERE[job]]
        return command + (["--target", TARGETS[kind]] if kind in TARGETS else ["--plan", str(PLAN)])
    target = output if kind in TARGETS or kind == "inspect" else output / "all.parquet"
    command = [sys.executable, str(PEERS / f"{tool}_{kind}.py"), str(table), str(target)]
    if kind == "where":
        command.append(WHERE[job])
    return command + ([str(threads)] if tool == "duckdb" else [])


def prepare_cache(table: Path, cache: str) -> None:
    os.sync()
    with table.open("rb") as file:
        if cache == "cold":
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        else:
            while file.read(1 << 22):
                pass


def run_once(command: list[str], log: Path, threads: int) -> dict[str, float]:
    environment = dict(os.environ, POLARS_MAX_THREADS=str(threads))
    with log.open("w+") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} exited {process.returncode}:\n{text}")
    result = {
        "wall_s": wall,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * 1024 / 1e6,
    }
    for line in text.splitlines():
        if line.startswith("inner_seconds "):
            result["inner_s"] = float(line.split()[1])
    return result


def run_job(job: str, tools: list[str], options: argparse.Namespace) -> dict:
    table = table_of(job, options)
    folder = Path(options.work) / job
    runs: dict[str, list[dict[str, float]]] = {tool: [] for tool in tools}
    for repetition in range(options.repetitions):
        turn = repetition % len(tools)
        for tool in tools[turn:] + tools[:turn]:
            output = folder / tool
            shutil.rmtree(output, ignore_errors=True)
            # ember makes its own output folder; the peers write into one that is there.
            (folder if tool == "ember" else output).mkdir(parents=True, exist_ok=True)
            prepare_cache(table, options.cache)
            command = command_of(tool, job, table, output, options.threads)
            measured = run_once(command, folder / f"{tool}.log", options.threads)
            runs[tool].append(measured)
            line = ", ".join(f"{key} {value:.3f}" for key, value in measured.items())
            print(f"{job} {repetition + 1}/{options.repetitions} {tool}: {line}", file=sys.stderr)
    agreement = None
    if len(tools) > 1:
        checked = subprocess.run(
            [sys.executable, ROOT / "bench" / "check_agreement.py", kind_of(job)]
            + [str(folder / tool) for tool in tools],
            capture_output=True,
            text=True,
            check=False,
        )
        agreement = (checked.stdout or checked.stderr).strip()
        if checked.returncode != 0:
            raise SystemExit(f"{job}: the outputs differ: {agreement}")
    medians = {
        tool: {key: statistics.median(run[key] for run in of_tool) for key in of_tool[0]}
        for tool, of_tool in runs.items()
    }
    return {"rows": JOB_ROWS[job], "runs": runs, "medians": medians, "agreement": agreement}


def markdown(job: str, result: dict, options: argparse.Namespace) -> str:
    medians = result["medians"]
    base = medians.get("ember")
    lines = [
        f"### {job}: {result['rows']:,} rows, {options.threads} threads, {options.cache} cache, "
        f"medians of {options.repetitions}",
        "",
        "| tool | rows/s | wall s | without start-up s | CPU s | peak MB | wall, times ember's |",
        "|---|---|---|---|---|---|---|",
    ]
    for tool, median in medians.items():
        inner = f"{median['inner_s']:.2f}" if "inner_s" in median else ""
        ratio = f"{median['wall_s'] / base['wall_s']:.1f}" if base else ""
        lines.append(
            f"| {tool} | {result['rows'] / median['wall_s'] / 1e6:.2f} M | {median['wall_s']:.2f} "
            f"| {inner} | {median['cpu_s']:.2f} | {median['peak_mb']:.0f} | {ratio} |"
        )
    if result["agreement"]:
        lines += ["", result["agreement"] + "."]
    return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ["polars", "duckdb", "pandas", "scikit-learn", "pyarrow"]
    versions = {name: metadata.version(name) for name in packages}
    return {"cpu": model, "cores": str(os.cpu_count()), "load_at_start": load, **versions}


def main() -> None:
    parser = argparse.ArgumentParser(description="Times ember against Polars and DuckDB.")
    parser.add_argument(
        "--jobs",
        default="flights,clicks-2m",
        help="also flights-csv, flights-wide, clicks-10m, where-1pct, inspect-2m, inspect-10m",
    )
    parser.add_argument("--tools", default="ember,polars,duckdb")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--cache", choices=["warm", "cold"], default="warm")
    parser.add_argument("--data", default=str(ROOT / "build" / "bench" / "data"))
    parser.add_argument("--work", default=str(ROOT / "build" / "bench" / "work"))
    options = parser.parse_args()
    tools = options.tools.split(",")
    if "ember" in tools and not os.access(ember_command(), os.X_OK):
        raise SystemExit(f"expected the command at {ember_command()}: run `make build`")
    facts = machine()
    print(", ".join(f"{key} {value}" for key, value in facts.items()), "\n", flush=True)
    results = {}
    for job in options.jobs.split(","):
        has_peer = [tool for tool in tools if tool != "pandas" or job == "flights"]
        results[job] = run_job(job, has_peer, options)
        print(markdown(job, results[job], options), flush=True)
    report = ROOT / "build" / "bench" / "result.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    settings = {key: value for key, value in vars(options).items() if key not in {"data", "work"}}
    report.write_text(
        json.dumps({"machine": facts, "options": settings, "jobs": results}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
