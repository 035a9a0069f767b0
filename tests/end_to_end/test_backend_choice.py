"""`--backend`: who computes the numeric steps of a run, and what is the same whoever does."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from outputs import read_shards, write_parquet

Run = Callable[..., subprocess.CompletedProcess[str]]

LIBRARY = Path(__file__).resolve().parents[2] / "build" / "lib"
BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            not (LIBRARY / f"libemberharmony_backend_{name}.so").exists(),
            reason=f"the backend {name} is not built",
        ),
    )
    for name in ("torch", "mlx")
]

ROWS = 4_000
# Steps in front of an integer or of what learns, matrix steps with and without such steps behind.
PLAN = """\
version: 1
target: label
split: {method: hash, key: [id], train: 0.7, validation: 0.2, test: 0.1, seed: 5}
features:
  - {columns: [id], steps: [passthrough]}
  - {columns: [a], steps: [{impute: median}, {scale: standard}]}
  - {columns: [b], steps: [{clip: {min: 0}}, log1p, {scale: robust}]}
  - {columns: [c], steps: [{clip: {min: 0}}, sqrt]}
  - {columns: [d], steps: [{scale: standard}, {clip: {min: -3, max: 3}}]}
  - {columns: [e], steps: [{clip: {min: 0}}, log1p, {bucketize: {quantiles: 7}}]}
  - {columns: [city], steps: [{vocabulary: {min_count: 2}}]}
  - {columns: [when], steps: [{cyclical: [hour, month]}]}
  - {columns: [a, b, c], steps: [{impute: median}, {scale: standard}, {pca: 2}]}
  - columns: [b, c, d]
    steps: [{impute: median}, {pca: {components: 2, name: learned_from}}, {scale: standard}]
output: {dtype: float64}
"""
INTEGERS = ["id", "e", "city"]
# Steps behind them learn from what these are: they are computed natively by everyone.
LEARNED_FROM = ["learned_from_1", "learned_from_2"]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    random = np.random.default_rng(3)
    numbers = random.lognormal(1, 2, (ROWS, 5))
    columns = {
        name: pa.array(numbers[:, i], mask=random.random(ROWS) < 0.05)
        for i, name in enumerate("abcd")
    }
    columns["e"] = pa.array(numbers[:, 4])
    columns["city"] = pa.array(np.array(["Ulm", "Oslo", "Rome"])[random.integers(0, 3, ROWS)])
    seconds = random.integers(0, 400_000_000, ROWS)
    columns["when"] = pa.array(seconds, pa.timestamp("s"))
    columns["label"] = pa.array(random.integers(0, 2, ROWS))
    rows = pa.table({"id": np.arange(ROWS), **columns})
    folder = tmp_path_factory.mktemp("choice")
    (folder / "plan.yaml").write_text(PLAN)
    return write_parquet(rows, folder / "table.parquet", row_group_size=900)


def extract(run_ember: Run, table: Path, output: Path, *options: object) -> Path:
    plan = table.parent / "plan.yaml"
    run_ember("extract", table, "--plan", plan, "-o", output, "-q", *options)
    return output


@pytest.fixture(scope="module")
def native(table, run_ember, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("native") / "out"
    return extract(run_ember, table, output, "--backend", "native")


def manifest(output: Path) -> dict:
    return json.loads((output / "manifest.json").read_text())


def report(output: Path) -> dict:
    return json.loads((output / "run_report.json").read_text())


def check_equal_but_for_last_bits(output: Path, native: Path) -> None:
    """Of what is learned not a bit differs; of features those that are not integers may."""
    model = (output / "model" / "model.json").read_bytes()
    assert model == (native / "model" / "model.json").read_bytes()
    assert (output / "model" / "plan.yaml").read_bytes() == (
        native / "model" / "plan.yaml"
    ).read_bytes()
    counts = {name: split["rows"] for name, split in manifest(native)["splits"].items()}
    assert {name: split["rows"] for name, split in manifest(output)["splits"].items()} == counts
    for split in counts:
        found, expected = read_shards(output / split), read_shards(native / split)
        assert found.schema == expected.schema
        for name in expected.column_names:
            if name in INTEGERS or name in LEARNED_FROM or name == "label":
                assert found[name].equals(expected[name]), name
                continue
            assert found[name].is_null().equals(expected[name].is_null()), name
            np.testing.assert_allclose(
                found[name].to_numpy(), expected[name].to_numpy(), rtol=1e-13, atol=1e-13
            )


@pytest.mark.parametrize("name", BACKENDS)
def test_what_is_learned_ids_and_splits_are_the_same(name, table, native, run_ember, tmp_path):
    output = extract(run_ember, table, tmp_path / "out", "--backend", name, "--memory", "1GiB")
    check_equal_but_for_last_bits(output, native)
    assert manifest(output)["backend"] == name
    use = report(output)["backend"]
    assert use["name"] == name
    ran = {each["operation"]: each["ran"] for each in use["operations"]}
    assert ran["subtract"] > 0
    assert ran["matmul"] > 0
    for each in use["operations"]:
        assert each["fell_back"] == 0 or each["reason"]


@pytest.mark.parametrize("name", BACKENDS)
def test_a_model_of_one_backend_is_applied_by_another(name, table, native, run_ember, tmp_path):
    for backend in ("native", name):
        run_ember(
            "transform", native / "model", table, "-o", tmp_path / backend, "--backend", backend
        )
        assert manifest(tmp_path / backend)["backend"] == backend
    found, expected = (read_shards(tmp_path / each) for each in (name, "native"))
    for column in expected.column_names:
        np.testing.assert_allclose(
            found[column].to_numpy(zero_copy_only=False),
            expected[column].to_numpy(zero_copy_only=False),
            rtol=1e-13,
            atol=1e-13,
        )


@pytest.mark.parametrize("name", BACKENDS)
def test_a_fit_learns_the_same(name, table, run_ember, tmp_path):
    plan = table.parent / "plan.yaml"
    for backend in ("native", name):
        run_ember("fit", plan, table, "-o", tmp_path / backend, "--backend", backend)
    found, expected = ((tmp_path / each / "model.json").read_bytes() for each in (name, "native"))
    assert found == expected


@pytest.mark.parametrize("name", BACKENDS)
def test_explain_tells_who_computes_each_step(name, table, run_ember):
    plan = table.parent / "plan.yaml"
    explanations = {
        backend: json.loads(
            run_ember("explain", plan, table, "--json", "--backend", backend).stdout
        )
        for backend in ("native", name)
    }
    steps = {
        backend: [
            (feature["column"], step["step"], step["backend"])
            for feature in explanation["features"]
            for step in feature["steps"]
        ]
        for backend, explanation in explanations.items()
    }
    assert {backend for _, _, backend in steps["native"]} == {"native"}
    by_step = set(steps[name])
    assert ("a", "scale", name) in by_step
    assert ("a", "impute", "native") in by_step
    # An id hangs on what it is: natively, whoever else was named.
    assert ("e", "log1p", "native") in by_step
    assert ("e", "bucketize", "native") in by_step
    assert ("city", "vocabulary", "native") in by_step
    assert ("pca_1", "pca", name) in by_step
    assert ("learned_from_1", "pca", "native") in by_step
    assert ("learned_from_1", "scale", name) in by_step


@pytest.mark.parametrize("name", BACKENDS)
def test_explain_tells_what_a_backend_will_leave_to_native(name, table, run_ember, tmp_path):
    """Exactly what a run then counts."""
    plan = table.parent / "plan.yaml"
    process = run_ember("explain", plan, table, "--json", "--backend", name)
    told, asked = {}, set()
    for feature in json.loads(process.stdout)["features"]:
        for step in feature["steps"]:
            asked |= {step["step"]} if step["backend"] == name else set()
            for each in step.get("natively", []):
                assert step["backend"] == name
                told[each["operation"]] = each["reason"]
    assert {"scale", "clip", "log1p", "sqrt", "pca"} <= asked
    output = extract(run_ember, table, tmp_path / "out", "--backend", name)
    operations = report(output)["backend"]["operations"]
    counted = {each["operation"]: each["reason"] for each in operations if each["fell_back"]}
    assert counted == told
    text = run_ember("explain", plan, table, "--backend", name).stdout
    for operation, reason in told.items():
        assert f"{operation} of " in text
        assert reason in text
    assert ("left to native" in text) == bool(told)


def test_a_backend_that_is_not_there_is_a_wrong_option(table, run_ember, tmp_path):
    process = run_ember("extract", table, "-o", tmp_path / "out", "--backend", "nothing", status=2)
    assert "libemberharmony_backend_nothing.so" in process.stderr
    assert not (tmp_path / "out").exists()


def test_a_backend_that_cannot_be_loaded_is_told_with_what_would_help(table, tmp_path, run_ember):
    broken = tmp_path / "libemberharmony_backend_broken.so"
    broken.write_text("no library")
    process = run_ember(
        *("fit", table.parent / "plan.yaml", table, "-o", tmp_path / "model"),
        *("--backend", "broken"),
        status=2,
        env={**os.environ, "EMBERHARMONY_BACKEND_PATH": str(tmp_path)},
    )
    assert str(broken) in process.stderr
    assert "install what brings the plugin" in process.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize("backend", ["auto", "native"])
def test_no_framework_is_loaded_when_native_computes(backend, table, ember, tmp_path):
    """Of a running process: the libraries it has mapped at several instants."""
    plan = table.parent / "plan.yaml"
    command = [ember, "extract", table, "--plan", plan, "-o", tmp_path / "out"]
    process = subprocess.Popen(
        [*map(str, command), "--backend", backend, "--progress", "json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    looks = 0
    for _ in process.stderr:
        try:
            maps = Path(f"/proc/{process.pid}/maps").read_text()
        except OSError:
            break
        looks += "libemberharmony.so" in maps
        assert "libtorch" not in maps
        assert "libmlx" not in maps
    assert process.wait(timeout=120) == 0
    assert looks > 0
    assert manifest(tmp_path / "out")["backend"] == "native"


def test_auto_is_native_bit_by_bit_without_an_accelerator(table, native, run_ember, tmp_path):
    if any(Path(path).exists() for path in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd")):
        pytest.skip("there is an accelerator")
    output = extract(run_ember, table, tmp_path / "out")
    for path in sorted(native.rglob("*")):
        if path.is_file() and path.name not in ("run_report.json", "report.html"):
            assert (output / path.relative_to(native)).read_bytes() == path.read_bytes()


TESTING_PLUGIN = LIBRARY.parent / "testing_plugins" / "libtesting_plugin.so"
# The name of its file is what the testing plugin is.
DEVICE_PLUGINS = {"steps": "float64", "narrow": "float32"}


@pytest.fixture
def with_a_device(tmp_path) -> dict[str, str]:
    """The environment in which backends have a device, whose addresses no processor takes: a step
    that read its memory from the CPU would end the program."""
    if not TESTING_PLUGIN.exists():
        pytest.skip("the testing plugin is not built")
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name in DEVICE_PLUGINS:
        shutil.copy(TESTING_PLUGIN, folder / f"libemberharmony_backend_{name}.so")
    return {**os.environ, "EMBERHARMONY_BACKEND_PATH": str(folder)}


@pytest.mark.parametrize("threads", [1, 3])
def test_steps_run_on_the_device_of_the_backend(
    threads, table, native, run_ember, tmp_path, with_a_device
):
    output = tmp_path / "out"
    run_ember(
        *("extract", table, "--plan", table.parent / "plan.yaml", "-o", output, "-q"),
        *("--backend", "steps", "--threads", threads),
        env=with_a_device,
    )
    check_equal_but_for_last_bits(output, native)
    assert manifest(output)["backend"] == "steps"
    use = report(output)["backend"]
    assert use["device"] == "rocm:0"
    assert use["dtype"] == "float64"
    ran = {each["operation"]: each["ran"] for each in use["operations"]}
    assert ran["subtract"] > 0
    assert ran["divide"] > 0
    assert ran["matmul"] > 0
    assert {each["operation"] for each in use["operations"] if each["fell_back"]} == {
        "log1p",
        "sqrt",
        "clip",
    }


@pytest.mark.parametrize(("compute", "device"), [("auto", "cpu:0"), ("float32", "rocm:0")])
def test_a_device_without_float64_takes_steps_where_the_plan_allows_it(
    compute, device, table, native, run_ember, tmp_path, with_a_device
):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN + f"compute: {compute}\n")
    output = tmp_path / "out"
    run_ember(
        *("extract", table, "--plan", plan, "-o", output, "-q", "--backend", "narrow"),
        env=with_a_device,
    )
    use = report(output)["backend"]
    assert use["device"] == device
    ran = {each["operation"]: each["ran"] for each in use["operations"]}
    assert (ran.get("matmul", 0) > 0) == (compute == "float32")
    learned = [json.loads((each / "model" / "model.json").read_text()) for each in (output, native)]
    # The hash is of the plan, which says something else.
    assert all(each.pop("plan_sha256") for each in learned)
    assert learned[0] == learned[1]
    for split in manifest(native)["splits"]:
        found, expected = read_shards(output / split), read_shards(native / split)
        differs = False
        for name in expected.column_names:
            if name in INTEGERS or name == "label":
                assert found[name].equals(expected[name]), name
                continue
            pair = [each[name].to_numpy(zero_copy_only=False) for each in (found, expected)]
            np.testing.assert_allclose(*pair, rtol=2e-5, atol=2e-5)
            differs |= not np.allclose(*pair, rtol=1e-12, atol=0, equal_nan=True)
        assert differs == (compute == "float32")
    # A model serves rows in memory as the run wrote them: on the same device.
    if compute == "float32":
        run_ember(
            *("transform", output / "model", table, "-o", tmp_path / "again"),
            *("--backend", "narrow"),
            env=with_a_device,
        )
        assert report(tmp_path / "again")["backend"]["dtype"] == "float32"


def test_numpy_is_said_to_be_in_python_only(run_ember, tmp_path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    arguments = ("extract", tmp_path / "t.csv", "-o", tmp_path / "o", "--backend", "numpy")
    done = run_ember(*arguments, status=2)
    assert "there in Python only" in done.stderr


def test_help_names_the_folder_that_is_the_default(run_ember) -> None:
    for command, folder in (("explain", "$TMPDIR"), ("plan", "$TMPDIR"), ("fit", "the output")):
        told = " ".join(run_ember(command, "--help").stdout.split())
        assert folder in told[told.index("--spill-dir") :][:160]
