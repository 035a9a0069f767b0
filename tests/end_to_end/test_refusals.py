"""Messages name the real reason, and what cannot be meant is refused before anything is written."""

import gzip
import json
import subprocess
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import folder_digests, read_shards


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("refusals") / "table.parquet"
    columns = {
        "id": pa.array(range(400)),
        "number": pa.array([i % 7 / 4 for i in range(400)]),
        "word": pa.array([f"w{i % 5}" for i in range(400)]),
        "target": pa.array([i % 3 for i in range(400)]),
    }
    pq.write_table(pa.table(columns), path)
    return path


PLAN = """\
version: 1
target: target
split: {method: hash, key: [id], train: 0.8, validation: 0.2, test: 0}
features:
  - {columns: [number], steps: [{impute: median}, {scale: standard}]}
  - {columns: [word], steps: [vocabulary]}
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "plan.yaml"
    path.write_text(PLAN)
    return path


@pytest.fixture(scope="module")
def model(run_ember, table, plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    run_ember("fit", plan, table, "-o", path, "-q")
    return path


def test_inspect_says_why_the_most_frequent_values_are_not_told(run_ember, tmp_path):
    source = tmp_path / "infinite.parquet"
    numbers = [1.0, 2.0, 2.0, float("inf"), float("-inf")]
    decimals = pa.array([Decimal(d) for d in [1, 2, 2, 3, 4]], pa.decimal128(12, 2))
    pq.write_table(pa.table({"x": numbers, "d": decimals}), source)
    text = run_ember("inspect", source, "-q").stdout
    assert "too many distinct values" not in text
    assert "not told of a column with infinities" in text
    assert "not told of decimals" in text


def test_inspect_gives_a_reason_for_every_column_it_leaves_out(run_ember, tmp_path):
    source = tmp_path / "odd.parquet"
    pq.write_table(
        pa.table(
            {
                "list": pa.array([[1], [2, 3]]),
                "null": pa.nulls(2),
                "bytes": pa.array([b"\xff", b"a"], pa.binary()),
                "time": pa.array([1, 2], pa.time64("us")),
            }
        ),
        source,
    )
    result = run_ember("inspect", source, "--json", "-q")
    found = {column["name"]: column for column in json.loads(result.stdout)["columns"]}
    assert "no automatic step for type list" in found["list"]["left_out"]
    assert found["null"]["left_out"] == "it has no values"
    assert all(column["left_out"] for column in found.values())
    for line in run_ember("inspect", source, "-q").stdout.splitlines():
        assert not line.endswith("left out:"), line


def test_columns_that_the_options_hide_are_not_called_absent(
    run_ember, table, model, plan, tmp_path
):
    out = tmp_path / "out"
    result = run_ember("transform", model, table, "-o", out, "--columns", "id,word", status=2)
    assert "--columns leaves out 'number', which the model needs" in result.stderr
    result = run_ember("fit", plan, table, "-o", out, "--columns", "number,word", status=2)
    assert "--columns leaves out 'target', 'id', which the plan needs" in result.stderr
    result = run_ember(
        *("extract", table, "-o", out, "--columns", "word,id", "--target", "target"), status=2
    )
    assert "--columns leaves out 'target'" in result.stderr
    assert not out.exists()
    # What no table has is still unknown, and the message says what there is.
    unknown = run_ember("inspect", table, "--columns", "id,nothing alike", status=2)
    assert "no column 'nothing alike'; its columns are: " in unknown.stderr
    assert "word" in unknown.stderr
    # A hidden target is none.
    plain = run_ember("extract", table, "-o", out, "--columns", "word", "--target", "no", status=2)
    assert "not a column of the source" in plain.stderr
    run_ember("transform", model, table, "-o", out, "--columns", "number,word", "-q")
    assert read_shards(out).column_names == ["number", "word"]


def test_a_plan_without_features_is_refused(run_ember, table, tmp_path):
    out = tmp_path / "out"
    for command in ["extract", "plan"]:
        output = ["-o", out] if command == "extract" else []
        result = run_ember(
            *(command, table, *output, "--columns", "target", "--target", "target"), status=2
        )
        assert "keeps no column as a feature" in result.stderr
    dropping = tmp_path / "dropping.yaml"
    dropping.write_text(
        "version: 1\ntarget: target\nfeatures: [{columns: [word], steps: [drop]}]\n"
    )
    run_ember("fit", dropping, table, "-o", out, status=2)
    run_ember("extract", table, "--plan", dropping, "-o", out, status=2)
    assert not out.exists()


def test_a_filter_that_leaves_nothing_is_named(run_ember, table, plan, model, tmp_path):
    nothing = ("--where", "number > 100")
    for arguments in [
        ("fit", plan, table, "-o", tmp_path / "a", *nothing),
        ("extract", table, "--plan", plan, "-o", tmp_path / "a", *nothing),
    ]:
        result = run_ember(*arguments, status=1)
        assert "no row of the source passes --where" in result.stderr
        assert not (tmp_path / "a").exists()
    result = run_ember("plan", table, *nothing, status=2)
    assert "no row of the source passes --where" in result.stderr
    result = run_ember("transform", model, table, "-o", tmp_path / "b", *nothing)
    assert "no row of the source passes --where" in result.stderr
    assert read_shards(tmp_path / "b").num_rows == 0
    result = run_ember("plan", table, "--limit", "0", status=2)
    assert "--limit 0 leaves no row" in result.stderr
    empty = tmp_path / "empty.parquet"
    pq.write_table(pq.read_table(table).slice(0, 0), empty)
    result = run_ember("transform", model, empty, "-o", tmp_path / "c", *nothing)
    assert "the source has no rows" in result.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.json", '[{"a": 1, "b": 2}]'),
        ("rows.json", "a,b\n1,2\n"),
        ("rows.jsonl", '{"a": 1}\n{"a": 2}\n'),
        ("rows", '{"a": 1, "b": 2}\n'),
        ("rows.txt", '\n [\n  {\n   "a": 1}]'),
        ("rows.data", "[]"),
        ("rows.topojson", '\ufeff{\n"type": "Topology"}'),
    ],
)
def test_json_is_refused(run_ember, tmp_path, name, text):
    source = tmp_path / name
    source.write_text(text)
    result = run_ember("inspect", source, status=1)
    assert "is JSON, which cannot be read; convert it to Parquet, Arrow or CSV" in result.stderr
    packed = tmp_path / "packed"
    if not name.endswith("json") and not name.endswith("jsonl"):
        packed.write_bytes(gzip.compress(text.encode()))
        assert "is JSON" in run_ember("inspect", packed, status=1).stderr


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("brace.csv", "{,b\n1,2\n", ["{", "b"]),
        ("brace.txt", "{a},[b]\n1,2\n", ["{a}", "[b]"]),
        ("bracket.csv", '[{,"b"\n1,2\n', ["[{", "b"]),
    ],
)
def test_csv_may_begin_with_a_brace(run_ember, tmp_path, name, text, columns):
    source = tmp_path / name
    source.write_text(text)
    result = run_ember("inspect", source, "--json", "-q")
    assert [column["name"] for column in json.loads(result.stdout)["columns"]] == columns


def test_messages_hold_no_control_characters(run_ember, ember, table, tmp_path):
    evil = "no\x1b[31msuch\x07\u202efile"
    for arguments in [
        ("inspect", tmp_path / f"{evil}.parquet"),
        ("extract", table, "-o", tmp_path / "out", "--target", evil),
        (evil,),
        ("inspect", table, f"--{evil}"),
        ("inspect", table, "--where", f"`{evil}` = 1"),
    ]:
        result = run_ember(*arguments, status=None)
        assert result.returncode in (1, 2)
        assert "\x1b" not in result.stderr, arguments
        assert "\x07" not in result.stderr
        assert "\u202e" not in result.stderr
    # A damaged file, whose bytes end up in a library's message.
    head = pq.read_table(table)
    broken = tmp_path / "broken.parquet"
    pq.write_table(head, broken)
    content = bytearray(broken.read_bytes())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for i in range(footer, footer + 40):
        content[i] = 0x1B
    broken.write_bytes(bytes(content))
    process = subprocess.run([ember, "inspect", broken], capture_output=True, check=False)
    assert process.returncode == 1
    allowed = {ord("\n"), ord("\t")}
    assert all(byte >= 0x20 or byte in allowed for byte in process.stderr), process.stderr


def test_a_plan_calls_a_column_constant_in_the_training_rows(run_ember, tmp_path):
    source = tmp_path / "source.parquet"
    pq.write_table(pa.table({"a": list(range(200)), "b": [1] * 200}), source)
    text = run_ember("plan", source, "-q").stdout
    assert "dropped 'b': it has one value in the training rows" in text


def test_a_folder_is_not_replaced_by_a_fit_of_its_own_plan(run_ember, table, plan, tmp_path):
    out = tmp_path / "out"
    run_ember("extract", table, "--plan", plan, "-o", out, "-q")
    before = folder_digests(out)
    own = out / "model" / "plan.yaml"
    for arguments in [
        ("fit", own, table, "-o", out / "model", "--overwrite"),
        ("extract", table, "--plan", own, "-o", out, "--overwrite"),
    ]:
        result = run_ember(*arguments, status=2)
        assert "which this run reads" in result.stderr
        assert folder_digests(out) == before
    run_ember("fit", own, table, "-o", tmp_path / "elsewhere", "-q")


def test_numbers_of_one_have_no_plural(run_ember, tmp_path):
    source = tmp_path / "one.csv"
    source.write_text("a\n7\n")
    text = run_ember("inspect", source, "-q").stdout
    assert text.startswith("1 row, 1 column, 1 unit, ")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: [a], train: 1, validation: 0, test: 0}\n"
        "features: [{columns: [a], steps: [passthrough]}]\n"
    )
    text = run_ember("extract", source, "--plan", plan, "-o", tmp_path / "out").stdout
    assert "1 row in 1 unit read from" in text
    assert "1 step on 1 column gives 1 output column\n" in text
    assert "  1 row\n" in text


def test_merge_counts_the_columns_that_fit_counts(run_ember, table, plan, tmp_path):
    def columns(text: str) -> str:
        return next(line for line in text.splitlines() if "output column" in line)

    told = []
    for i, where in enumerate(["id < 200", "id >= 200"]):
        result = run_ember("fit", plan, table, "-o", tmp_path / f"model{i}", "--where", where)
        told.append(columns(result.stdout))
    merged = run_ember("merge", tmp_path / "model0", tmp_path / "model1", "-o", tmp_path / "both")
    assert told == [columns(merged.stdout)] * 2
    assert "3 output columns" in told[0]


@pytest.mark.parametrize("text", ["2001-02-30", "2001-13-01", "1900-02-29 05:06:07"])
def test_a_filter_says_that_there_is_no_such_day(run_ember, tmp_path, text):
    source = tmp_path / "days.parquet"
    pq.write_table(
        pa.table({"day": pa.array([1], pa.date32()), "stamp": pa.array([1], pa.timestamp("us"))}),
        source,
    )
    column = "stamp" if " " in text else "day"
    result = run_ember("inspect", source, "--where", f"{column} = '{text}'", status=2)
    assert f"'{text}': there is no such day" in result.stderr
    result = run_ember("inspect", source, "--where", "day = '2001/01/31'", status=2)
    assert "expected a date such as '2001-01-31'" in result.stderr


def test_a_dash_is_standard_output_for_plans_only(run_ember, table, plan, model, tmp_path):
    for arguments in [
        ("fit", plan, table, "-o", "-"),
        ("extract", table, "-o", "-"),
        ("transform", model, table, "-o", "-"),
        ("merge", model, "-o", "-"),
    ]:
        result = run_ember(*arguments, status=2, cwd=tmp_path)
        assert "a folder cannot be written to standard output" in result.stderr
        assert not (tmp_path / "-").exists()
    expected = run_ember("plan", table, "-q").stdout
    assert run_ember("plan", table, "-o", "-", "-q", cwd=tmp_path).stdout == expected
    assert not (tmp_path / "-").exists()


def test_empty_standard_input(run_ember):
    result = run_ember("inspect", "-", status=1, stdin=subprocess.DEVNULL)
    assert "standard input is empty, expected a table" in result.stderr


def test_a_plan_replaces_nothing_but_a_plan(run_ember, tmp_path):
    source = tmp_path / "data" / "t.csv"
    source.parent.mkdir()
    source.write_text("a,b\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(40)))
    diary = tmp_path / "diary.txt"
    diary.write_text("my diary\n")
    run_ember("extract", source, "-o", tmp_path / "out", "-q")
    kept = [source, diary, tmp_path / "out" / "model" / "plan.yaml"]
    before = [path.read_bytes() for path in kept]
    for path in [*kept, source.parent / "plan.csv"]:
        for location in (source, source.parent, f"{source.parent}/*.csv"):
            if path == source.parent / "plan.csv" and location != source.parent:
                continue
            process = run_ember("plan", location, "-o", path, "--overwrite", status=2)
            assert str(path) in process.stderr
    assert [path.read_bytes() for path in kept] == before
    assert not (source.parent / "plan.csv").exists()
    plan = tmp_path / "plan.yaml"
    plan.write_text("# to be made anew\nversion: 1\nfeatures: [\n")
    run_ember("plan", source, "-o", plan, "--overwrite")
    assert "features:\n  - columns" in plan.read_text()
    run_ember("plan", source, "-o", "", status=2)


def test_what_is_no_model_directory_is_told(run_ember, tmp_path):
    source = tmp_path / "t.csv"
    source.write_text("a\n1\n2\n")
    process = run_ember("transform", tmp_path / "none", source, "-o", tmp_path / "o", status=1)
    assert "not a model directory" in process.stderr
    assert "ember fit" in process.stderr
    run_ember("extract", source, "-o", tmp_path / "out", "-q")
    process = run_ember("transform", tmp_path / "out", source, "-o", tmp_path / "o", status=1)
    assert f"its model is '{tmp_path / 'out' / 'model'}'" in process.stderr
