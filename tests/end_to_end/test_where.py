"""--where through the whole command: the same bits, and what a table filtered beforehand gives."""

import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from outputs import content_checksums, folder_digests, learned_digests, read_shards, write_parquet

WHERE = "delay > 5 AND (origin LIKE 'S%' OR distance BETWEEN 300 AND 400) AND date < '2001-02-15'"


def keep(table):
    """What WHERE keeps, by pyarrow."""
    late = pc.greater(table["delay"], 5)
    place = pc.or_(
        pc.starts_with(table["origin"], "S"),
        pc.and_(pc.greater_equal(table["distance"], 300), pc.less_equal(table["distance"], 400)),
    )
    early = pc.less(
        table["date"], pc.strptime("2001-02-15", format="%Y-%m-%d", unit=table["date"].type.unit)
    )
    return table.filter(pc.and_(pc.and_(late, place), early))


@pytest.fixture(scope="module")
def table(flights):
    return pq.read_table(flights).slice(0, 300_000)


@pytest.fixture(scope="module")
def source(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("where") / "flights"
    folder.mkdir()
    write_parquet(table.slice(0, 100_000), folder / "a.parquet", row_group_size=20_000)
    pq.write_table(
        table.slice(100_000), folder / "b.parquet", write_page_index=True, data_page_size=20_000
    )
    return folder


def extract(run_ember, source, output, *options):
    run_ember("extract", source, "-o", output, "-q", "--content-checksum", *options)
    return output


def test_threads_and_batches_change_no_byte(run_ember, source, tmp_path):
    options = ["--target", "delay", "--where", WHERE]
    base = folder_digests(extract(run_ember, source, tmp_path / "base", *options))
    assert {name.split("/")[0] for name in base} >= {"train", "validation", "test", "model"}
    for number, variant in enumerate(
        [
            ["--threads", 1],
            ["--threads", 2, "--batch-rows", 1000],
            ["--threads", 7, "--batch-rows", 100_000],
            ["--memory", "128MiB"],
        ]
    ):
        output = extract(run_ember, source, tmp_path / f"v{number}", *options, *variant)
        assert folder_digests(output) == base, variant


def test_equals_the_table_filtered_beforehand(run_ember, table, source, tmp_path):
    kept = keep(table)
    assert 1000 < kept.num_rows < 0.2 * table.num_rows
    before = write_parquet(kept, tmp_path / "kept.parquet")
    options = ["--target", "delay"]
    expected = extract(run_ember, before, tmp_path / "expected", *options)
    found = extract(run_ember, source, tmp_path / "found", *options, "--where", WHERE)
    assert content_checksums(found) == content_checksums(expected)
    assert learned_digests(found / "model") == learned_digests(expected / "model")
    # A unit keeps its shard, in each split.
    manifest = json.loads((found / "manifest.json").read_text())
    assert {shard["unit"] for shard in manifest["shards"]} == {0, 1}
    report = json.loads((found / "run_report.json").read_text())
    assert report["where"] == WHERE
    assert report["rows"] == kept.num_rows
    assert "filter" in [phase["phase"] for phase in report["phases"]]
    # The report shows the filter.
    assert "where" in (found / "report.html").read_text()


def test_where_comes_before_limit_and_needs_no_columns(run_ember, table, source, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, train: 1.0, validation: 0.0, test: 0.0, seed: 1}\n"
        "features:\n  - columns: [destination]\n    steps: [passthrough]\n"
    )
    output = extract(
        run_ember, source, tmp_path / "out", "--plan", plan, "--where", WHERE, "--limit", 700,
        "--columns", "destination",
    )  # fmt: skip
    expected = keep(table)["destination"].to_pylist()[:700]
    assert read_shards(output / "train")["destination"].to_pylist() == expected


def test_fit_and_transform(run_ember, table, source, tmp_path):
    kept = write_parquet(keep(table), tmp_path / "kept.parquet")
    plan = tmp_path / "plan.yaml"
    run_ember("plan", source, "--target", "delay", "--where", WHERE, "-o", plan)
    expected_plan = run_ember("plan", kept, "--target", "delay").stdout
    assert plan.read_text() == expected_plan
    run_ember("fit", plan, source, "-o", tmp_path / "model", "-q", "--where", WHERE)
    run_ember("fit", plan, kept, "-o", tmp_path / "expected", "-q")
    assert learned_digests(tmp_path / "model") == learned_digests(tmp_path / "expected")
    for name, rows, options in [("a", source, ["--where", WHERE]), ("b", kept, [])]:
        run_ember("transform", tmp_path / "model", rows, "-o", tmp_path / name, "-q", *options)
    assert read_shards(tmp_path / "a").equals(read_shards(tmp_path / "b"))


@pytest.mark.parametrize("where", ["delay > 1000000", "NULL", "origin = 'nowhere' AND delay > 0"])
def test_no_rows_at_all(run_ember, source, tmp_path, where):
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "version: 1\nsplit: {method: hash, key: [origin], train: 0.5, validation: 0.0, test: 0.5, "
        "seed: 1}\nfeatures:\n  - columns: [origin]\n    steps: [passthrough]\n"
    )
    output = extract(run_ember, source, tmp_path / "out", "--plan", plan, "--where", where)
    assert read_shards(output / "train").num_rows == 0
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["splits"]["test"]["rows"] == 0
    assert len(manifest["shards"]) == 4


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("", "--where:1:1: expected a condition"),
        ("delai > 5", "--where:1:1: expected a column of the source, found 'delai'; did you mean"),
        ("delay > 'x'", "--where:1:9: expected something to compare with column 'delay' (INT64)"),
        ("delay > 5 AND\n  origin = 5", "--where:2:12: expected something to compare with column"),
        ("SUM(delay) > 5", "--where:1:1: expected a condition on a single row"),
        ("origin = 'a''b'", "--where:1:13: "),
    ],
)
def test_mistakes_in_filters_are_the_users(run_ember, source, tmp_path, where, message):
    process = run_ember("extract", source, "-o", tmp_path / "out", "--where", where, "-q", status=2)
    assert message in process.stderr
    assert not (tmp_path / "out").exists()


def test_a_column_in_double_quotes_is_a_text_and_is_told_so(run_ember, tmp_path):
    """As in GoogleSQL, where "origin" is the STRING 'origin'."""
    source = tmp_path / "t.parquet"
    table = pa.table(
        {
            "origin": ["SFO", "origin", "OAK"],
            "my col": ["a", "b", "my col"],
            "n": [1, 2, 3],
            "s": [{"x": "a"}, {"x": "b"}, {"x": "c"}],
        }
    )
    pq.write_table(table, source)

    def rows(where, *options, status=0):
        process = run_ember("inspect", source, "--where", where, "--json", *options, status=status)
        return json.loads(process.stdout)["rows"] if status == 0 else None, process.stderr

    said = "what is in double quotes is a text, as in GoogleSQL: here 'origin', and not the column"
    kept, warned = rows("\"Origin\" = 'Origin'")
    assert kept == 3
    assert (
        "--where:1:1: what is in double quotes is a text, as in GoogleSQL: here 'Origin'" in warned
    )
    assert "which goes into backquotes: `origin`; single quotes say" in warned
    kept, warned = rows('n > 0 AND origin IN ("SFO", "origin")')
    assert kept == 2
    assert f"--where:1:29: {said}" in warned
    assert warned.count("double quotes") == 1
    assert "`my col`" in rows('"my col" != origin')[1]
    assert "`s`.`x`" in rows('"s.x" = s.x')[1]
    # Not of texts that are no names, nor in single quotes, nor where nothing is to be told.
    for where in ['origin = "SFO"', "origin = 'origin'", '`origin` = r"origin"']:
        assert "double quotes" not in rows(where)[1]
    assert rows('"origin" = origin', "-q") == (1, "")
    for where in ['"n" > 1', '"origin"', '"n" IN (1, 2)', 'n BETWEEN "n" AND 3']:
        assert (
            "double quotes make a text, a column goes into backquotes: `"
            in rows(where, "-q", status=2)[1]
        )
