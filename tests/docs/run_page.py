"""Runs a page's blocks in their order, in the folder that it is started in.

    run_page.py BLOCKS.json

Each block is a list of page, line, language and text. Shell commands run one block at a time;
programs of Python share their names, as in a notebook. `make` and `git clone` are stood in for by
the shims that PATH has first (test_code_blocks.py).
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

PLAN_KEYS = {"target", "split", "output", "quantile_keys", "exact_quantiles"}
FLIGHTS = "data/flights-3m.parquet"


def run(command: str, where: str) -> str:
    process = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if process.returncode != 0:
        raise SystemExit(f"{where}: exit status {process.returncode}\n{command}\n{process.stderr}")
    return process.stdout


def run_plan(text: str, where: str) -> None:
    """A plan is left as plan.yaml; parts of one are tried in a plan, one by one."""
    document = yaml.safe_load(text)
    if "features" in document:
        Path("plan.yaml").write_text(text, encoding="utf-8")
        run(f"ember explain plan.yaml {FLIGHTS}", where)
        return
    assert set(document) <= PLAN_KEYS, f"{where}: expected a plan or parts of one"
    for part in re.split(r"^(?=\w)", text, flags=re.MULTILINE):
        if part.strip():
            features = "features: [{columns: [distance], steps: [passthrough]}]\n"
            Path("part.yaml").write_text(f"version: 1\n{features}{part}", encoding="utf-8")
            run(f"ember explain part.yaml {FLIGHTS}", where)


def run_console(text: str, where: str) -> None:
    """`$ command` and what it prints; a server is asked for its first line and stopped."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{where}: expected `$ command` first"
    for part in parts[1:]:
        command, _, expected = part.partition("\n")
        if command.startswith("ember serve-bigquery"):
            printed = first_line(command)
            assert re.fullmatch(r"listening on 127\.0\.0\.1:\d+\n", printed), printed
        else:
            printed = run(command, where)
        told = [re.sub(r"\d+", "0", each).strip() for each in (printed, expected)]
        if expected.strip() and told[0] != told[1]:
            raise SystemExit(f"{where}: `{command}` prints\n{printed}\nnot\n{expected}")


def first_line(command: str) -> str:
    server = subprocess.Popen(["bash", "-c", f"exec {command}"], stdout=subprocess.PIPE, text=True)
    try:
        return server.stdout.readline()
    finally:
        server.terminate()
        server.wait(60)


def main() -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for page, line, language, text in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        where = f"{page}:{line}"
        if language == "sh":
            run(text, where)
        elif language == "python":
            exec(compile("\n" * line + text, page, "exec"), names)
        elif language == "yaml":
            run_plan(text, where)
        elif language == "json":
            json.loads(text)
        elif language == "console":
            run_console(text, where)
        else:
            raise SystemExit(f"{where}: nobody knows how to try `{language}`")


if __name__ == "__main__":
    main()
