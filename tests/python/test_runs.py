"""extract, fit, transform, merge, inspect, plan, explain: what the command does, from Python."""

import inspect
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from emberharmony._progress import display_for, line_of
from engine_tables import some_flights, write_parts
from outputs import folder_digests, learned_digests

import emberharmony as eh

FUNCTIONS = ["batches", "explain", "extract", "fit", "inspect", "load_model", "merge", "plan"]
PLAN = """version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {min_count: 5}}]
  - columns: [date]
    steps: [{cyclical: [hour, month]}]
"""


def test_tensors_need_neither_pyarrow_nor_numpy() -> None:
    program = (
        "import sys\nfrom emberharmony import bigquery, ops\nops.sum(ops.ones(3))\n"
        "loaded = {'pyarrow', 'numpy'} & set(sys.modules)\nassert not loaded, loaded\n"
        "import emberharmony as eh\nassert 'extract' in dir(eh)\nassert eh.features\n"
        "assert eh.plan.__module__ == 'emberharmony._runs'\n"
        "assert set(eh.__all__) <= set(dir(eh))\n"
        "assert all(getattr(eh, name) is not None for name in eh.__all__)\n"
        "assert not hasattr(eh, 'no_such_name')\n"
    )
    path = str(Path(eh.__file__).parent.parent)
    subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, check=True
    )


@pytest.fixture(scope="module")
def table(flights: Path) -> pa.Table:
    return some_flights(flights)


@pytest.fixture(scope="module")
def file(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "flights.parquet"
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize("name", [*FUNCTIONS, "transform"])
def test_functions_are_documented(name: str) -> None:
    function = getattr(eh, name)
    documentation = inspect.getdoc(function)
    assert (
        documentation.split("\n")[0].rstrip("`").endswith((".", "ember"))
        or "`ember" in (documentation.split("\n")[0])
    )
    for parameter in inspect.signature(function).parameters.values():
        assert f"    {parameter.name}: " in documentation, f"{parameter.name} is not documented"
        assert parameter.annotation is not inspect.Parameter.empty
    assert "Raises:" in documentation


@pytest.mark.parametrize("plan", [None, PLAN])
def test_extract_writes_what_the_command_writes(
    file: Path, tmp_path: Path, run_ember: Callable[..., object], plan: str | None
) -> None:
    options = ["--target", "delay", "--seed", "7", "--content-checksum", "--keep-state"]
    if plan is not None:
        path = tmp_path / "plan.yaml"
        path.write_text(plan)
        options += ["--plan", path]
    run_ember("extract", file, "-o", tmp_path / "command", *options, "-q")
    result = eh.extract(
        file,
        tmp_path / "python",
        target="delay",
        seed=7,
        content_checksum=True,
        keep_state=True,
        plan=None if plan is None else tmp_path / "plan.yaml",
        memory="1GiB",
        threads=1,
        batch_rows=999,
        progress="none",
    )
    assert folder_digests(tmp_path / "python") == folder_digests(tmp_path / "command")
    assert result.rows == 20_000 == sum(result.split_rows.values())
    assert result.manifest == json.loads((tmp_path / "command" / "manifest.json").read_text())
    assert {
        name: sum(pq.read_metadata(f).num_rows for f in folder.iterdir())
        for name, folder in result.paths.items()
    } == result.split_rows
    assert result.report["command"] == "extract"
    assert result.model.plan == (result.model_path / "plan.yaml").read_text()


def test_sources_of_every_kind_give_the_same(table: pa.Table, tmp_path: Path) -> None:
    files = write_parts(table, tmp_path / "flights", 3)

    def learned(source: object, name: str) -> dict[str, str]:
        result = eh.extract(source, tmp_path / name, target="delay", content_checksum=True)
        assert result.rows == table.num_rows
        checksums = {
            key: each["content_checksum"] for key, each in result.manifest["splits"].items()
        }
        return {**learned_digests(result.model_path), **checksums}

    expected = learned(table, "table")
    for name, source in {
        "folder": tmp_path / "flights",
        "glob": str(tmp_path / "flights" / "*.parquet"),
        "list": [files[2], str(files[0]), files[1]],
        "one": [tmp_path / "flights"],
        "batch": table.combine_chunks().to_batches()[0],
        "reader": table.to_reader(max_chunksize=700),
        "polars": pl.from_arrow(table),
        "pandas": table.to_pandas(),
    }.items():
        assert learned(source, name) == expected, name
    # A list is read in the order of its paths, whatever its own.
    assert folder_digests(tmp_path / "list") == folder_digests(tmp_path / "folder")


def test_the_other_commands(
    file: Path,
    table: pa.Table,
    tmp_path: Path,
    run_ember: Callable[..., subprocess.CompletedProcess],
) -> None:
    command = run_ember("plan", file, "--target", "delay", "-q")
    assert eh.plan(file, target="delay") == command.stdout
    command = run_ember("inspect", file, "--json", "--top", "3", "-q")
    seen = eh.inspect(file, top=3)
    assert dict(seen) == json.loads(command.stdout)
    assert seen.rows == 20_000
    assert seen.columns["origin"]["null_count"] == 0
    assert json.loads(seen.to_json()) == json.loads(json.dumps(seen.to_dict())) == dict(seen)
    seen.to_dict()["columns"].clear()
    assert seen["columns"]
    (tmp_path / "plan.yaml").write_text(PLAN)
    command = run_ember("explain", tmp_path / "plan.yaml", file, "--json", "-q")
    explained = dict(eh.explain(PLAN, file))
    assert explained["passes"] == json.loads(command.stdout)["passes"]
    # fit and merge
    halves = [table.slice(0, 12_345), table.slice(12_345)]
    models = []
    for i, half in enumerate(halves):
        pq.write_table(half, tmp_path / f"half{i}.parquet")
        models.append(eh.fit(half, tmp_path / f"model{i}", plan=PLAN).model_path)
    whole = eh.fit(file, tmp_path / "whole", plan=PLAN)
    merged = eh.merge(models, tmp_path / "merged")
    assert folder_digests(merged.model_path) == folder_digests(whole.model_path)
    assert merged.model.feature_names == whole.model.feature_names
    # transform
    run_ember("transform", tmp_path / "whole", file, "-o", tmp_path / "command", "-q")
    transformed = eh.transform(whole.model, file, tmp_path / "python")
    assert folder_digests(tmp_path / "python") == folder_digests(tmp_path / "command")
    assert transformed.manifest["splits"]["all"]["rows"] == transformed.rows == 20_000


def test_plans_as_text_file_and_dict(file: Path, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    (tmp_path / "plan.yaml").write_text(PLAN)
    digests = []
    for i, plan in enumerate([PLAN, tmp_path / "plan.yaml", yaml.safe_load(PLAN)]):
        result = eh.fit(file, tmp_path / f"model{i}", plan=plan)
        digests.append(folder_digests(result.model_path))
    assert digests[0] == digests[1] == digests[2]


def test_plans_of_pythons_own_values(file: Path, table: pa.Table, tmp_path: Path) -> None:
    column = pa.array([datetime(2001, 1, 1)] * table.num_rows, pa.timestamp("us"))
    rows = table.append_column("when", column)
    plan = {
        "version": np.int64(1),
        "split": {"method": "time", "column": "when", "validation_from": date(2001, 5, 1)},
        "features": [{"columns": ("distance",), "steps": [{"clip": {"min": np.float64(3)}}]}],
    }
    text = eh.fit(rows, tmp_path / "model", plan=plan).model.plan
    assert "2001-05-01" in text
    plan["split"]["validation_from"] = datetime(2001, 5, 1, 6, 30)
    text = eh.fit(rows, tmp_path / "at", plan=plan).model.plan
    assert "2001-05-01 06:30:00" in text
    itself: dict[str, object] = {}
    itself["a"] = itself
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for wrong, error, message in [
        ("", ValueError, "plan: expected a path, YAML text or a dict, found ''"),
        (" ", ValueError, "plan: expected a path"),
        ({"a": object()}, TypeError, "plan: .* found object in it"),
        ({(1, 2): 3}, TypeError, "plan: expected a dict whose keys are texts"),
        (itself, ValueError, "contains itself"),
        (deep, ValueError, "nested too deep$"),
        ("version: 1", FileNotFoundError, "no file 'version: 1'; a text is .* a line break, and"),
        ("x" * 5000, FileNotFoundError, "plan: there is no file 'xxx"),
        (7, TypeError, "plan: expected a path, YAML text or a dict, found int"),
    ]:
        with pytest.raises(error, match=message):
            eh.fit(file, tmp_path / "none", plan=wrong)


def test_rows_and_columns_are_chosen(file: Path, table: pa.Table, tmp_path: Path) -> None:
    result = eh.extract(
        file,
        tmp_path / "out",
        columns=["delay", "distance", "origin"],
        where="delay > 0 AND origin != 'SFO'",
        limit=1000,
    )
    assert result.rows == 1000
    assert set(result.model.columns) == {"delay", "distance", "origin"}
    counted = table.filter((pa.compute.field("delay") > 0) & (pa.compute.field("origin") != "SFO"))
    assert counted.num_rows > 1000


def test_errors_are_pythons_with_the_engines_message(file: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist") as missing:
        eh.extract(tmp_path / "none.parquet", tmp_path / "out")
    assert isinstance(missing.value, eh.EmberError)
    with pytest.raises(FileNotFoundError):
        eh.extract([file, tmp_path / "none.parquet"], tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        eh.load_model(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        eh.merge([tmp_path / "none"], tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        eh.fit(file, tmp_path / "out", plan=tmp_path / "none.yaml")
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(file.read_bytes()[:-100] + b"x" * 100)
    with pytest.raises(eh.DataError) as data:
        eh.extract(damaged, tmp_path / "out")
    assert isinstance(data.value, OSError)
    assert not isinstance(data.value, FileNotFoundError)
    with pytest.raises(eh.UsageError, match="did you mean 'delay'") as usage:
        eh.extract(file, tmp_path / "out", target="dely")
    assert isinstance(usage.value, ValueError)
    plan = {"version": 1, "features": [{"columns": ["dely"], "steps": ["passthrough"]}]}
    key = {**plan, "split": {"method": "hash", "key": ["dte"]}}
    key["features"] = [{"columns": ["delay"], "steps": ["passthrough"]}]
    for options in (
        {"target": "dely"},
        {"columns": ["dely", "distance"]},
        {"where": "dely > 1"},
        {"plan": plan},
        {"plan": key},
    ):
        with pytest.raises(eh.ColumnNotFoundError, match=r"did you mean '(delay|date)'") as unknown:
            eh.extract(file, tmp_path / "out", **options)
        assert isinstance(unknown.value, KeyError)
    # With something else wrong it is not the columns alone.
    plan["features"].append({"columns": ["delay"], "steps": ["no_step"]})
    with pytest.raises(eh.UsageError, match="no_step") as usage:
        eh.fit(file, tmp_path / "out", plan=plan)
    for wrong in ({"memory": "100MiB"}, {"batch_rows": 0}, {"where": "delay >"}, {"limit": 2**70}):
        with pytest.raises(ValueError):
            eh.extract(file, tmp_path / "out", **wrong)
    for wrong in ({"target": ["delay"]}, {"limit": 1.5}, {"seed": "3"}):
        with pytest.raises(TypeError, match=next(iter(wrong))):
            eh.extract(file, tmp_path / "out", **wrong)
    with pytest.raises(ValueError, match="twice"):
        eh.extract([file, file], tmp_path / "out")
    for wrong in (None, [], file.read_bytes, [1]):
        with pytest.raises((ValueError, TypeError), match="expected"):
            eh.extract(wrong, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    eh.extract(file, tmp_path / "out")
    before = folder_digests(tmp_path / "out")
    with pytest.raises(ValueError, match="not empty"):
        eh.extract(file, tmp_path / "out")
    assert folder_digests(tmp_path / "out") == before
    eh.extract(file, tmp_path / "out", overwrite=True)
    assert folder_digests(tmp_path / "out") == before
    # A list's files are as safe from an output as a folder's.
    train = tmp_path / "out" / "train"
    with pytest.raises(ValueError):
        eh.extract([train, tmp_path / "out" / "test"], tmp_path / "out", overwrite=True)
    assert folder_digests(tmp_path / "out") == before


def test_a_memory_limit_that_is_too_small_is_a_memory_error(tmp_path: Path) -> None:
    """The targets' sums of distinct strings only, which must be held in memory once learned."""
    rows = 1_000_000
    names = pa.array([f"customer number {i:012d}" for i in range(rows)])
    keys = pa.table({"key": names, "y": pa.array(np.arange(rows) % 7, pa.float64())})
    pq.write_table(keys, tmp_path / "keys.parquet", row_group_size=250_000)
    plan = {
        "version": 1,
        "target": {"column": "y"},
        "split": {"method": "hash", "train": 1, "validation": 0, "test": 0},
        "features": [{"columns": ["key"], "steps": ["target_encode"]}],
    }
    # In a process of its own: the limit is of the whole process, and this one holds much already.
    program = (
        "import sys, emberharmony as eh\n"
        "try:\n"
        f"    eh.extract(sys.argv[1], sys.argv[2], plan={plan}, memory='128MiB', threads=2)\n"
        "except MemoryError as error:\n"
        "    assert isinstance(error, eh.MemoryLimitError)\n"
        "    print('memory:', error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "keys.parquet", tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": str(Path(eh.__file__).parent.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.startswith("memory: "), done.stdout
    assert not (tmp_path / "out").exists()


def test_progress_is_told_and_its_errors_stop_the_run(
    file: Path, flights: Path, tmp_path: Path
) -> None:
    seen: list[dict] = []
    eh.extract(file, tmp_path / "out", progress=seen.append)
    assert [each["phase"] for each in seen if each["finished"]] == ["split", "detect", "transform"]
    assert all(each["rows_total"] == 20_000 for each in seen if each["phase"] == "transform")

    class Stop(Exception):
        pass

    def stop(_: dict) -> None:
        raise Stop

    with pytest.raises(Stop):
        eh.extract(flights, tmp_path / "stopped", progress=stop, threads=1)
    assert [path.name for path in (tmp_path / "stopped").iterdir()] == [".ember"]
    assert eh.status(tmp_path / "stopped").state == "interrupted"
    assert eh.extract(flights, tmp_path / "stopped", resume=True).rows == 3_000_000


def test_progress_is_off_where_nobody_looks(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = io.StringIO()
    monkeypatch.setattr(sys, "stderr", quiet)
    eh.extract(file, tmp_path / "quiet")
    assert quiet.getvalue() == ""
    assert display_for("none") is None
    assert display_for(False) is None
    with pytest.raises(ValueError, match="progress"):
        display_for("loud")
    picture = {
        "phase": "fit",
        "rows_done": 500_000,
        "rows_total": 2_000_000,
        "seconds": 2.0,
        "seconds_left": 75.0,
        "resident_bytes": 100 << 20,
        "finished": False,
    }
    bar = display_for("bar")
    bar(picture)
    assert quiet.getvalue().startswith("\rfit")
    assert line_of(picture) == (
        "fit       [======                  ]  25%  0.5M rows  0.25M rows/s  100 MiB  left 1m15s"
    )


def test_a_notebook_shows_one_output_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = pytest.importorskip("IPython")
    shown: list[str] = []

    class Handle:
        def update(self, data: dict, raw: bool) -> None:
            shown.append(data["text/plain"])

    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Handle())
    monkeypatch.setattr(ipython, "get_ipython", lambda: type("Shell", (), {"kernel": object()})())
    bar = display_for("auto")
    picture = {"phase": "fit", "rows_done": 1, "rows_total": 2, "seconds": 1.0, "seconds_left": 1.0}
    bar({**picture, "resident_bytes": 0, "finished": False})
    bar({**picture, "resident_bytes": 0, "finished": True})
    bar({**picture, "phase": "transform", "resident_bytes": 0, "finished": False})
    assert [text.count("\n") for text in shown] == [0, 0, 1]
    assert "100%" in shown[1]


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_stops_a_run(flights: Path, tmp_path: Path) -> None:
    # The handler runs while the engine works; it is sent when the first phase is seen.
    sent = threading.Event()

    def send(_: dict) -> None:
        if not sent.is_set():
            sent.set()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        eh.extract(flights, tmp_path / "out", threads=1, progress=send)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".ember"]
    with pytest.raises(ValueError, match=r"resume=True \(`emberharmony.status` tells"):
        eh.extract(flights, tmp_path / "out", threads=1)
    resumed = eh.extract(flights, tmp_path / "out", resume=True)
    whole = eh.extract(flights, tmp_path / "whole")
    assert folder_digests(resumed.output) == folder_digests(whole.output)
    again = eh.extract(flights, tmp_path / "out", resume=True)
    assert again.split_rows == whole.split_rows
    # The next run is none the worse.
    assert eh.inspect(flights, limit=10).rows == 10


def test_rows_in_memory_begin_anew(table: pa.Table, tmp_path: Path) -> None:
    for rows in (table, table.slice(0, table.num_rows // 2)):
        extracted = eh.extract(rows, tmp_path / "out", target="delay", resume=True)
        assert extracted.rows == rows.num_rows
        fresh = tmp_path / f"out{rows.num_rows}"
        eh.extract(rows, fresh, target="delay")
        assert folder_digests(extracted.output) == folder_digests(fresh)
        fitted = eh.fit(rows, tmp_path / "model", target="delay", resume=True)
        assert fitted.rows == rows.num_rows


def test_a_model_that_is_complete(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table, tmp_path / "t.parquet")
    source, out = tmp_path / "t.parquet", tmp_path / "model"
    eh.fit(source, out, target="delay")
    before = folder_digests(out)
    # Four fifths of the rows are those to learn from.
    rows = eh.fit(source, out, target="delay", resume=True).rows
    assert 0.7 * table.num_rows < rows < 0.9 * table.num_rows
    for options in ({}, {"target": "delay", "seed": 3}, {"target": "delay", "limit": 10}):
        with pytest.raises(ValueError, match=r"target|seed|the rows"):
            eh.fit(source, out, resume=True, **options)
    with pytest.raises(ValueError, match="the source's columns"):
        eh.fit(source, out, target="delay", columns=["delay"], resume=True)
    assert folder_digests(out) == before


def test_several_threads_run_at_once(table: pa.Table, tmp_path: Path) -> None:
    results: dict[int, dict[str, str]] = {}

    def run(i: int) -> None:
        result = eh.extract(table, tmp_path / f"out{i}", target="delay", threads=1)
        results[i] = folder_digests(result.output)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert results[0] == results[1] == results[2]


def test_frames_of_pandas_keep_their_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "x": [1.5, None, 3.0, 4.0] * 50,
            "kind": pd.Categorical(["a", "b", None, "a"] * 50),
            "when": pd.to_datetime(["2020-01-01", "2021-06-01", None, "2022-01-03"] * 50),
            "flag": pd.array([True, False, None, True] * 50, dtype="boolean"),
        }
    )
    text = eh.plan(frame)
    for column, steps in {
        "x": "[{impute: median}, {scale: standard}]",
        "kind": "[one_hot]",
        "when": "[{cyclical: [hour, day_of_week, day_of_month, month]}]",
        "flag": "[{impute: most_frequent}]",
    }.items():
        assert f"- columns: [{column}]\n    steps: {steps}" in text


def test_parts_in_which_a_column_is_null_are_merged(tmp_path: Path) -> None:
    values = [None] * 400 + [i * 7 % 31 for i in range(600)]
    table = pa.table({"x": pa.array(values, pa.int64()), "y": list(range(1000))})
    plan = {
        "version": 1,
        "split": {"method": "hash", "key": ["y"]},
        "features": [
            {"columns": ["x"], "steps": [{"impute": "median"}, "log1p", {"scale": "standard"}]},
            {"columns": ["y"], "steps": [{"scale": "robust"}]},
        ],
    }
    parts = {"a": (0, 200), "b": (200, 200), "c": (400, 300), "d": (700, 300)}
    for name, (start, rows) in parts.items():
        fit = eh.fit(table.slice(start, rows), tmp_path / name, plan=plan, progress="none")
        if name in ("a", "b"):
            [warning] = fit.warnings
            assert "seen no values of 'x'" in warning
            with pytest.raises(eh.DataError, match=r"can be merged .* but not applied"):
                _ = fit.model
            with pytest.raises(eh.DataError, match=r"can be merged .* but not applied"):
                eh.transform(tmp_path / name, table, tmp_path / "out", progress="none")
        else:
            assert fit.warnings == []
    eh.fit(table, tmp_path / "whole", plan=plan, progress="none")
    null = eh.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "ab", progress="none")
    assert "seen no values of 'x'" in null.warnings[0]
    for models in (["a", "b", "c", "d"], ["d", "c", "ab"]):
        merged = eh.merge([tmp_path / name for name in models], tmp_path / "m", overwrite=True)
        assert merged.warnings == []
        assert folder_digests(tmp_path / "m") == folder_digests(tmp_path / "whole")
    # What is applied at once needs values, as ever.
    with pytest.raises(eh.DataError, match="'x' has no values"):
        eh.extract(table.slice(0, 300), tmp_path / "out", plan=plan, keep_state=True)
