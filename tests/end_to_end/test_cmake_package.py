"""The installed library: found by CMake from another project, wherever its prefix was moved to."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import folder_digests

ENTRY_HEADERS = [
    "emberharmony/emberharmony.h",
    "emberharmony/ops.h",
    "emberharmony/backend/backend_abi.h",
]
INCLUDE = re.compile(r'#include "(emberharmony/[^"]+)"')

ALL_STEPS = """\
version: 1
target: target
split: {method: hash, train: 0.8, validation: 0.1, test: 0.1, seed: 3}
features:
  - columns: [size]
    steps: [{impute: {strategy: median, indicator: true}}, {scale: standard}]
  - columns: [weight]
    steps: [{clip: {min: 0.1, max: 5}}, log1p, {scale: min_max}]
  - columns: [height]
    steps: [{impute: mean}, {scale: max_abs}]
  - columns: [depth]
    steps: [{scale: robust}]
  - columns: [score]
    steps: [{bucketize: {quantiles: 5}}]
  - columns: [grade]
    steps: [{bucketize: {edges: [1, 10, 100]}}]
  - columns: [city]
    steps: [{vocabulary: {min_count: 2, oov_buckets: 3}}]
  - columns: [kind]
    steps: [one_hot]
  - columns: [name]
    steps: [{hash_bucket: {buckets: 16}}]
  - columns: [flag]
    steps: [{impute: most_frequent}]
  - columns: [rough]
    steps: [{cast: int32}]
  - columns: [when]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
  - columns: [day]
    steps: [{datetime: [year, iso_year, quarter, week, day_of_year]}]
  - columns: [address.street, address.number]
    steps: [{hash_bucket: {buckets: 8}}]
  - columns: [note, amount]
    steps: [passthrough]
  - columns: [unused]
    steps: [drop]
"""
MATRIX = """\
version: 1
target: target
split: {method: hash, key: [name], train: 0.8, validation: 0.1, test: 0.1, seed: 3}
features:
  - columns: [size, weight]
    steps: [{impute: median}]
  - columns: [city]
    steps: [vocabulary]
  - columns: [kind]
    steps: [one_hot]
output: {dtype: float32, layout: matrix, format: arrow}
"""


def rows(count: int) -> pa.Table:
    rng = np.random.default_rng(5)

    def some(values, type=None, share=0.1):
        return pa.array(values, type, mask=rng.random(count) < share)

    cities = rng.choice([f"city {i}" for i in range(60)], count)
    weight = rng.lognormal(size=count)
    weight[rng.random(count) < 0.05] = np.nan
    return pa.table(
        {
            "size": some(rng.integers(0, 500, count)),
            "weight": pa.array(weight),
            "height": some(rng.normal(size=count).astype(np.float32)),
            "depth": some(rng.integers(0, 60, count).astype(np.uint8)),
            "score": some(rng.random(count)),
            "grade": some(rng.integers(0, 200, count).astype(np.int16)),
            "city": some(cities, pa.string()),
            "kind": some(rng.choice(["a", "b", "ü"], count), pa.string()),
            "name": some([f"name {i % 997}" for i in range(count)], pa.string()),
            "flag": some(rng.random(count) < 0.7),
            "rough": some(rng.normal(0, 1000, count)),
            "when": some(rng.integers(0, 2**50, count), pa.timestamp("us")),
            "day": some(rng.integers(0, 20_000, count).astype(np.int32), pa.date32()),
            "address": pa.array(
                [
                    None if i % 17 == 0 else {"street": f"street {i % 50}", "number": i % 9}
                    for i in range(count)
                ],
                pa.struct([("street", pa.string()), ("number", pa.int32())]),
            ),
            "note": some([f"note {i}" for i in range(count)], pa.string()),
            "amount": some(rng.integers(0, 10**6, count), pa.int64()).cast(pa.decimal128(25, 2)),
            "unused": pa.array(rng.random(count)),
            "target": some(rng.integers(0, 5, count)),
        }
    )


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )


def checked(*command: object, **options: object) -> str:
    process = run(*command, **options)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def cached(build: Path, name: str) -> str:
    """A value that CMake keeps of the build."""
    found = re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


@pytest.fixture(scope="module")
def build(ember: Path) -> Path:
    folder = ember.parent.parent
    if not (folder / "CMakeCache.txt").is_file():
        pytest.skip(f"{ember} is not in a build folder")
    if cached(folder, "EMBER_SANITIZE"):
        pytest.skip("a library with sanitizers is not for installing")
    return folder


@pytest.fixture(scope="module")
def prefix(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed prefix that was moved since."""
    first = tmp_path_factory.mktemp("first") / "installed"
    checked("cmake", "--install", build, "--prefix", first)
    moved = tmp_path_factory.mktemp("moved") / "to another place"
    shutil.move(first, moved)
    return moved


def configure(
    build: Path,
    prefix: Path,
    source: Path,
    folder: Path,
    env: dict[str, str] | None = None,
    **options: object,
):
    settings = {
        "CMAKE_PREFIX_PATH": prefix,
        "CMAKE_CXX_COMPILER": cached(build, "CMAKE_CXX_COMPILER"),
        "EMBER_PYTHON": cached(build, "EMBER_PYTHON"),
        **options,
    }
    return run(
        "cmake",
        "-G",
        "Ninja",
        "-S",
        source,
        "-B",
        folder,
        *(f"-D{k}={v}" for k, v in settings.items()),
        env=env,
    )


@pytest.fixture(scope="module")
def programs(root: Path, build: Path, prefix: Path, tmp_path_factory: pytest.TempPathFactory):
    """The example and the programs of this test, built out of the repository's tree."""
    folder = tmp_path_factory.mktemp("programs")
    for name, source in {"example": "examples/cpp", "serving": "tests/end_to_end/serving"}.items():
        shutil.copytree(root / source, folder / name)
        process = configure(build, prefix, folder / name, folder / "build" / name)
        assert process.returncode == 0, process.stdout + process.stderr
        checked("cmake", "--build", folder / "build" / name, "-j", "2")
    return folder / "build"


def test_the_public_headers_are_those_that_users_include_and_what_these_need(
    prefix: Path, root: Path
) -> None:
    needed, waiting = set(), list(ENTRY_HEADERS)
    while waiting:
        header = waiting.pop()
        if header not in needed:
            needed.add(header)
            waiting += INCLUDE.findall((root / "src" / header).read_text())
    include = prefix / "include"
    installed = {str(path.relative_to(include)) for path in include.rglob("*.h")}
    assert installed == needed
    assert not [header for header in needed if header.endswith("_internal.h")]


def test_the_public_headers_need_no_library_but_arrow(prefix: Path) -> None:
    outside = {
        name
        for path in (prefix / "include").rglob("*.h")
        for name in re.findall(r"^#include <([^>]+/[^>]+)>", path.read_text(), re.MULTILINE)
    }
    assert outside
    assert not {name for name in outside if not name.startswith("arrow/")}


def test_no_text_of_the_package_names_this_machine(prefix: Path, root: Path, build: Path) -> None:
    texts = [path for path in prefix.rglob("*") if path.suffix in {".cmake", ".h", ".md"}]
    assert len(texts) > 20
    named = [
        str(path)
        for path in texts
        if any(str(place) in path.read_text() for place in (root, build, build.resolve()))
    ]
    assert not named


def test_the_installed_command_runs_from_its_new_place(prefix: Path, tmp_path: Path) -> None:
    pq.write_table(rows(100), tmp_path / "t.parquet")
    out = checked(prefix / "bin" / "ember", "inspect", tmp_path / "t.parquet", "--json", "-q")
    assert '"columns"' in out
    loaded = checked("ldd", prefix / "bin" / "ember")
    (library,) = re.findall(r"libemberharmony\S+ => (.*) \(0x", loaded)
    assert Path(library).resolve().parent == (prefix / "lib").resolve()


@pytest.mark.parametrize(("version", "found"), [("0.1", True), ("0.1.0", True), ("0.2", False)])
def test_versions(build: Path, prefix: Path, tmp_path: Path, version: str, found: bool) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(versions LANGUAGES CXX)\n"
        f"find_package(emberharmony {version} REQUIRED CONFIG)\n"
    )
    process = configure(build, prefix, tmp_path, tmp_path / "build")
    assert (process.returncode == 0) == found, process.stderr


def test_a_build_folder_in_path_is_no_package(build: Path, prefix: Path, tmp_path: Path) -> None:
    """CMake takes the folder above each bin of PATH for a prefix."""
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(path LANGUAGES CXX)\n"
        "find_package(emberharmony CONFIG)\n"
        'message(STATUS "found: ${emberharmony_DIR}")\n'
    )
    paths = {**os.environ, "PATH": f"{build / 'bin'}:{os.environ['PATH']}"}
    process = configure(build, tmp_path / "none", tmp_path, tmp_path / "without", env=paths)
    assert "found: emberharmony_DIR-NOTFOUND" in process.stdout, process.stdout + process.stderr
    paths["PATH"] = f"{build / 'bin'}:{prefix / 'bin'}:{os.environ['PATH']}"
    process = configure(build, tmp_path / "none", tmp_path, tmp_path / "with", env=paths)
    assert f"found: {prefix / 'lib'}" in process.stdout, process.stdout + process.stderr


def test_without_arrow_the_package_says_what_it_needs(
    build: Path, prefix: Path, tmp_path: Path
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(none LANGUAGES CXX)\n"
        "find_package(emberharmony REQUIRED CONFIG)\n"
    )
    process = configure(build, prefix, tmp_path, tmp_path / "build", EMBER_PYTHON="/none/python")
    if "Arrow C++: system" in process.stdout:
        pytest.skip("Arrow is installed system-wide")
    assert process.returncode != 0
    message = " ".join(process.stderr.split())
    assert "neither an Arrow 26 CMake package nor a pyarrow wheel seen by '/none/python'" in message
    assert "-DEMBER_PYTHON=" in message


def test_the_readme_shows_the_example(root: Path) -> None:
    shown = re.findall(r"```cpp\n(.*?)```", (root / "README.md").read_text(), re.DOTALL)
    assert shown == [(root / "examples" / "cpp" / "first_features.cc").read_text()]


def test_the_example_does_what_the_command_does(
    programs: Path, run_ember, flights: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shown = checked(programs / "example" / "first_features", flights, model)

    run_ember("fit", model / "plan.yaml", flights, "-o", tmp_path / "fitted")
    fitted = {
        name: digest
        for name, digest in folder_digests(tmp_path / "fitted").items()
        if not name.startswith("state/")
    }
    assert folder_digests(model) == fitted

    coming = pa.table(
        {
            "distance": pa.array([337, None]),
            "origin": ["SFO", "JFK"],
            "destination": ["LAX", "nowhere"],
        }
    )
    pq.write_table(coming, tmp_path / "coming.parquet")
    run_ember("transform", model, tmp_path / "coming.parquet", "-o", tmp_path / "features")
    expected = pq.read_table(tmp_path / "features" / "part-00000.parquet")
    printed = {
        name: values.replace(",", " ").split()
        for name, values in re.findall(r"^(\w+):\s*\[(.*?)\]", shown, re.MULTILINE | re.DOTALL)
    }
    assert list(printed) == expected.column_names
    for name in expected.column_names:
        column = expected[name].to_numpy()
        assert [column.dtype.type(text) for text in printed[name]] == list(column), name


def test_a_failure_of_the_example_is_a_message_and_a_status(programs: Path, tmp_path: Path) -> None:
    program = programs / "example" / "first_features"
    pq.write_table(pa.table({"distance": [1, 2]}), tmp_path / "t.parquet")
    process = run(program, tmp_path / "t.parquet", tmp_path / "model")
    assert process.returncode == 2
    assert "origin" in process.stderr
    assert run(program, tmp_path / "none.parquet", tmp_path / "model").returncode == 1


def test_the_example_of_the_extractor_streams_what_it_made(
    programs: Path, flights: Path, tmp_path: Path
) -> None:
    with pq.ParquetFile(flights) as file:
        rows = next(file.iter_batches(batch_size=20_000))
    pq.write_table(pa.Table.from_batches([rows]), tmp_path / "flights.parquet")
    program = programs / "example" / "terabyte_features"
    shown = checked(program, tmp_path / "flights.parquet", "delay")
    counts = {name: int(n) for name, n in re.findall(r"^(\w+): (\d+) rows$", shown, re.MULTILINE)}
    assert list(counts) == ["train", "validation", "test"]
    assert sum(counts.values()) == 20_000
    assert f"{counts['train']} rows of 11 features streamed" in shown
    assert re.search(r"^distance: mean \d+", shown, re.MULTILINE)
    process = run(program, tmp_path / "flights.parquet", "dely")
    assert process.returncode == 2
    assert "did you mean 'delay'" in process.stderr


def test_the_tour_of_the_tensor_functions_holds(programs: Path, tmp_path: Path) -> None:
    shown = checked(programs / "example" / "ops_tour", tmp_path)
    assert "[[1. 2.]\n [3. 4.]]" in shown
    assert "index 5 is out of bounds for axis 0 with size 3" in shown
    assert np.array_equal(np.load(tmp_path / "tour.npy"), np.linspace(0, 1, 5))


def test_the_tensor_functions_come_with_the_package(programs: Path) -> None:
    assert checked(programs / "serving" / "add_tensors").strip() == "9"


def encoded(table: pa.Table) -> pa.Table:
    """Texts as dictionaries, one for all chunks: a file has one dictionary a column."""
    for name in ("city", "kind", "name", "note"):
        index = table.schema.get_field_index(name)
        table = table.set_column(index, name, table[name].dictionary_encode())
    return table


def in_large_types(table: pa.Table) -> pa.Table:
    return table.set_column(
        table.schema.get_field_index("city"), "city", table["city"].cast(pa.large_string())
    )


@pytest.mark.parametrize("plan", [ALL_STEPS, MATRIX], ids=["all steps", "matrix"])
@pytest.mark.parametrize("change", [None, encoded, in_large_types])
def test_batches_in_memory_give_what_the_command_writes(
    programs: Path, run_ember, tmp_path: Path, plan: str, change
) -> None:
    table = rows(3000)
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "plan.yaml").write_text(plan)
    model = tmp_path / "model"
    run_ember("fit", tmp_path / "plan.yaml", tmp_path / "t.parquet", "-o", model)
    run_ember("transform", model, tmp_path / "t.parquet", "-o", tmp_path / "out")
    (shard,) = (tmp_path / "out").glob("part-*")
    if shard.suffix == ".arrow":
        expected = pa.ipc.open_file(shard).read_all()
    else:
        expected = pq.read_table(shard)

    served = change(table) if change else table
    with pa.ipc.new_file(tmp_path / "in.arrow", served.schema) as writer:
        batches = served.combine_chunks().to_batches()
        for first, count in [(0, 1), (1, 0), (1, 999), (1000, 2000)]:
            writer.write_batch(batches[0].slice(first, count))
    program = programs / "serving" / "transform_batches"
    checked(program, model, tmp_path / "in.arrow", tmp_path / "out.arrow")
    found = pa.ipc.open_file(tmp_path / "out.arrow").read_all()
    assert found.schema.equals(expected.schema, check_metadata=shard.suffix == ".arrow")
    assert found.num_rows == expected.num_rows == table.num_rows
    for name in expected.column_names:
        # Buffers, so that -0 is not 0 and NaN equals itself.
        left, right = (t[name].combine_chunks() for t in (found, expected))
        assert same_bits(left, right), name


def same_bits(left: pa.Array, right: pa.Array) -> bool:
    if pa.types.is_fixed_size_list(left.type):
        return same_bits(left.flatten(), right.flatten())
    if not pa.types.is_floating(left.type):
        return left.equals(right)
    bits = [a.fill_null(0).to_numpy().view(f"i{a.type.bit_width // 8}") for a in (left, right)]
    return left.is_null().equals(right.is_null()) and np.array_equal(*bits)


BY_TIME = ALL_STEPS.replace("method: hash,", "method: time, column: moment,").replace(
    ", seed: 3", ""
)
AT_RANDOM = ALL_STEPS.replace("method: hash,", "method: random,")
WITHOUT_TARGET_NULLS = ALL_STEPS.replace(
    "target: target", "target: {column: target, drop_null: true}"
)


@pytest.mark.parametrize(
    ("plan", "where"),
    [
        (ALL_STEPS, None),
        (ALL_STEPS, "city IN ('city 1', 'city 2', 'city 30') OR size < 250"),
        (BY_TIME, None),
        (AT_RANDOM, None),
        (WITHOUT_TARGET_NULLS, None),
        (None, None),
        (None, "address.number > 2 AND NOT flag"),
    ],
    ids=["hash", "hash, where", "time", "random", "drop_null", "automatic", "automatic, where"],
)
def test_a_table_in_memory_teaches_what_its_file_does(
    programs: Path, run_ember, tmp_path: Path, plan: str | None, where: str | None
) -> None:
    table = rows(3000)
    moments = pa.array(np.arange(3000)[::-1].astype(np.int64) // 3, pa.timestamp("ms"))
    lists = pa.array([None if i % 9 == 0 else [i % 4] * (i % 3) for i in range(3000)])
    table = table.append_column("moment", moments).append_column("lists", lists)
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=700)
    filtered = ["--where", where] if where else []
    named = tmp_path / "plan.yaml" if plan else "automatic"
    if plan:
        named.write_text(plan)
        given = named
    else:
        given = tmp_path / "automatic.yaml"
        run_ember("plan", tmp_path / "t.parquet", "-o", given, *filtered)
    run_ember("fit", given, tmp_path / "t.parquet", "-o", tmp_path / "expected", *filtered)

    for change in (None, encoded, in_large_types):
        served = change(table) if change else table
        with pa.ipc.new_file(tmp_path / "in.arrow", served.schema) as writer:
            writer.write_table(served, max_chunksize=1100)
        model = tmp_path / f"model {change.__name__ if change else ''}"
        checked(
            programs / "serving" / "fit_table",
            named,
            tmp_path / "in.arrow",
            model,
            *filtered[1:],
        )
        assert folder_digests(model) == folder_digests(tmp_path / "expected")


def test_a_batch_that_does_not_fit_is_refused(programs: Path, run_ember, tmp_path: Path) -> None:
    table = rows(500)
    pq.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "plan.yaml").write_text(ALL_STEPS)
    run_ember("fit", tmp_path / "plan.yaml", tmp_path / "t.parquet", "-o", tmp_path / "model")
    wrong = table.drop_columns(["city"])
    wrong = wrong.set_column(0, "size", wrong["size"].cast(pa.string()))
    with pa.ipc.new_file(tmp_path / "in.arrow", wrong.schema) as writer:
        writer.write_table(wrong)
    program = programs / "serving" / "transform_batches"
    process = run(program, tmp_path / "model", tmp_path / "in.arrow", tmp_path / "out.arrow")
    assert process.returncode == 2
    assert "'city' is absent" in process.stderr
    assert "'size' is of type string" in process.stderr


def test_the_library_needs_no_environment(programs: Path, tmp_path: Path) -> None:
    process = run(programs / "serving" / "add_tensors", env={}, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
