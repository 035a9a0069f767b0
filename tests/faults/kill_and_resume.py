"""Kills runs over the flights again and again, at random instants, until they are complete.

    python tests/faults/kill_and_resume.py [--minutes 10] [--seed 1] [--ember build/bin/ember]

Each run is resumed under other threads, memory and batches each time, and must end with the bytes
of an undisturbed one. Prints a line for each run, and what came of all.
"""

import argparse
import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REPORTS = ("run_report.json", "report.html")
PLAN = """\
version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
features:
  - {columns: [distance], steps: [{impute: median}, {scale: standard}]}
  - {columns: [origin, destination], steps: [{vocabulary: {min_count: 15}}]}
  - {columns: [date], steps: [{cyclical: [hour, day_of_week, month]}]}
"""
WINDOWS = """\
version: 1
split: {method: hash, key: [date], train: 0.8, validation: 0.2, test: 0, seed: 1}
features:
  - {columns: [distance], steps: [{windows: {size: 3, by: origin}}, {pca: 2}]}
  - {columns: [destination], steps: [one_hot]}
"""
TARGETS = """\
version: 1
target: delay
split: {method: hash, key: [date], train: 0.8, validation: 0.2, test: 0, seed: 1}
features:
  - {columns: [origin], steps: [{target_encode: {folds: 4}}]}
  - {columns: [destination], steps: [target_encode, {scale: standard}]}
  - {columns: [distance], steps: [{bucketize: {quantiles: 50}}]}
"""


def digests(folder: Path) -> dict[str, str]:
    """The files of an output by name; of the reports only the names."""
    return {
        str(path.relative_to(folder)): ""
        if path.name in REPORTS
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def settings(draw: random.Random) -> list[str]:
    """Options that shape no result."""
    return [
        *("--threads", str(draw.randint(1, 4))),
        *("--batch-rows", str(draw.choice([1000, 65536, 300000]))),
        *("--memory", draw.choice(["256MiB", "512MiB", "2GiB"])),
    ]


class Case:
    """A command, and what an undisturbed run of it writes."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name = name
        self.command = command
        self.output = folder / "out"
        begin = time.monotonic()
        subprocess.run([*command, "-o", folder / "whole", "-q"], check=True)
        self.seconds = time.monotonic() - begin
        self.whole = digests(folder / "whole")

    def run(self, draw: random.Random) -> int:
        """Kills and resumes until the output is complete; returns how often it was killed."""
        shutil.rmtree(self.output, ignore_errors=True)
        for kills in range(1000):
            process = subprocess.Popen(
                [*self.command, "-o", self.output, "-q", "--resume", *settings(draw)]
            )
            try:
                # Further each time, so that columns that take long come to their end, too.
                status = process.wait(draw.uniform(0, self.seconds * (0.3 + 0.1 * kills)))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                continue
            if status != 0:
                sys.exit(f"{self.name}: expected status 0, found {status}")
            found = digests(self.output)
            if found != self.whole:
                differing = sorted(set(found.items()) ^ set(self.whole.items()))
                sys.exit(f"{self.name}: other bytes after {kills} kills: {differing}")
            return kills
        sys.exit(f"{self.name}: not complete after 1000 kills")


def main() -> None:
    """Runs all cases in turn until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ember", default=str(ROOT / "build" / "bin" / "ember"))
    arguments = parser.parse_args()
    flights = ROOT / "data" / "flights-3m.parquet"
    draw = random.Random(arguments.seed)
    end = time.monotonic() + 60 * arguments.minutes
    runs = kills = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "plan.yaml").write_text(PLAN)
        (folder / "windows.yaml").write_text(WINDOWS)
        (folder / "targets.yaml").write_text(TARGETS)
        where = ["--where", "distance > 300 AND origin != 'ATL'"]
        extract = [arguments.ember, "extract", str(flights)]
        commands = {
            "automatic": [*extract, "--target", "delay", "--content-checksum"],
            "plan": [*extract, "--plan", str(folder / "plan.yaml")],
            "windows": [*extract, "--plan", str(folder / "windows.yaml"), "--limit", "1000000"],
            "targets": [*extract, "--plan", str(folder / "targets.yaml"), "--limit", "1000000"],
            "where": [*extract, "--plan", str(folder / "plan.yaml"), *where],
            "fit": [arguments.ember, "fit", str(folder / "plan.yaml"), str(flights)],
        }
        cases = []
        for name, command in commands.items():
            (folder / name).mkdir()
            cases.append(Case(name, command, folder / name))
        while time.monotonic() < end:
            case = cases[runs % len(cases)]
            found = case.run(draw)
            runs += 1
            kills += found
            print(f"{case.name}: the same bytes after {found} kills", flush=True)
    print(f"seed {arguments.seed}: {runs} runs, {kills} kills, no byte differs")


if __name__ == "__main__":
    main()
