"""Names on the command line: columns of any name, and what was meant by one that there is not."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ODD_NAMES = ["city, country", '"quoted"', 'say "no"', "[x]", " blank ", "", "plain", "a.b,c"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "odd.parquet"
    pq.write_table(pa.table({name: [i, i + 1, i + 3] for i, name in enumerate(ODD_NAMES)}), path)
    return path


def as_item(name):
    """A name as a field of CSV (RFC 4180)."""
    needs_quotes = "," in name or name.startswith('"')
    return '"' + name.replace('"', '""') + '"' if needs_quotes else name


def inspected(run_ember, source, *options):
    result = run_ember("inspect", source, *options, "--json", "-q")
    return [column["name"] for column in json.loads(result.stdout)["columns"]]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_column_of_any_name_can_be_asked_for(run_ember, odd, name):
    assert inspected(run_ember, odd, "--columns", as_item(name)) == [name]
    pair = {name, "plain"}
    expected = [each for each in ODD_NAMES if each in pair]
    assert inspected(run_ember, odd, "--columns", f"plain,{as_item(name)}") == expected
    lists = ["--columns", as_item(name), "--columns", "plain"]
    assert inspected(run_ember, odd, *lists) == expected


def test_a_list_of_columns_leaves_the_source_alone(run_ember, odd):
    assert inspected(run_ember, "--columns", "plain", odd) == ["plain"]


def test_names_with_commas_are_quoted_in_messages(run_ember, odd):
    process = run_ember("inspect", odd, "--columns", "city, country", status=2)
    assert "no column 'city'" in process.stderr
    assert '"city, country", """quoted""", say "no", [x]' in process.stderr
    for wrong, said in [('"plain', "a double quote at the end"), ('"plain"s', "a comma after")]:
        process = run_ember("inspect", odd, "--columns", wrong, status=2)
        assert f"--columns: expected {said}" in process.stderr
    assert "as in CSV" in run_ember("inspect", "--help").stdout


def test_resume_tells_lists_apart_that_differ_by_quotes_alone(run_ember, tmp_path):
    """Columns `a,b` and `c` are not columns `a` and `b,c`."""
    source = tmp_path / "t.parquet"
    table = {name: list(range(50)) for name in ["a", "b", "c", "a,b", "b,c"]}
    pq.write_table(pa.table({**table, "y": [i % 2 for i in range(50)]}), source)
    common = ["extract", source, "-o", tmp_path / "out", "--target", "y", "-q", "--resume"]
    run_ember(*common, "--columns", '"a,b",c,y')
    run_ember(*common, "--columns", 'c,y,"a,b"')
    process = run_ember(*common, "--columns", 'a,"b,c",y', status=2)
    assert "--columns" in process.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["extract", "t", "--outptu", "x"], "unknown option '--outptu'; did you mean '--output'?"),
        (["inspect", "t", "--colums=a"], "unknown option '--colums'; did you mean '--columns'?"),
        (["inspect", "t.csv", "--mem", "1GiB"], "unknown option '--mem'; did you mean '--memory'?"),
        (["plan", "t.csv", "-target", "y"], "unknown option '-target'; did you mean '--target'?"),
        (["fit", "p.yaml", "t.csv", "-o", "m", "--zzz"], "unknown option '--zzz'\n"),
        (["--versoin"], "unknown option '--versoin'; did you mean '--version'?"),
        (["inspcet", "t.csv"], "unknown command 'inspcet'; did you mean 'inspect'?"),
        (["trans", "m", "t.csv"], "unknown command 'trans'; did you mean 'transform'?"),
        (["inspect", "t.csv", "--progress", "jsno"], "found 'jsno'; did you mean 'json'?"),
        (["inspect", "t.csv", "--log-level", "warn"], "did you mean 'warning'?"),
        (["inspect", "t.csv", "more.csv"], "more.csv"),
    ],
)  # fmt: skip
def test_what_was_meant_is_proposed(run_ember, tmp_path, arguments, said):
    process = run_ember(*arguments, status=2, cwd=tmp_path)
    assert said in process.stderr
    assert "ember: " in process.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("features: [{columns: [plain], steps: [vocab]}]", "did you mean 'vocabulary'?"),
        ("features: [{columns: [plain], steps: [{impute: med}]}]", "did you mean 'median'?"),
        ("features: [{columns: [pla], steps: [drop]}]", "did you mean 'plain'?"),
        ("features: [{column: [plain], steps: [drop]}]", "did you mean 'columns'?"),
        ("feat: [{columns: [plain], steps: [drop]}]", "did you mean 'features'?"),
    ],
)
def test_what_was_meant_in_a_plan_is_proposed(run_ember, odd, tmp_path, text, said):
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"version: 1\n{text}\n")
    process = run_ember("explain", plan, odd, status=2)
    assert said in process.stderr
