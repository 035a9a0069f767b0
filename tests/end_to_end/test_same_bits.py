"""DESIGN promise 1: the same plan on the same rows gives the same bits."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from outputs import content_checksums, folder_digests, learned_digests, write_parquet

PLAN = """\
version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 7}
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {min_count: 15}}]
  - columns: [date]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
"""


@pytest.fixture(scope="module")
def small_flights(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return pq.read_table(flights).slice(0, 200_000)


def extract(run_ember, source, output, *options) -> Path:
    run_ember("extract", source, "-o", output, "--target", "delay", "-q", *options)
    return output


@pytest.mark.parametrize("planned", [False, True], ids=["automatic", "plan"])
def test_threads_and_batches_change_no_byte(run_ember, flights, tmp_path, planned):
    options = []
    if planned:
        plan = tmp_path / "plan.yaml"
        plan.write_text(PLAN)
        options = ["--plan", plan]
    base = folder_digests(extract(run_ember, flights, tmp_path / "base", *options))
    assert any(name.startswith("test/part-00005") for name in base)
    for number, variant in enumerate(
        [
            ["--threads", 1],
            ["--threads", 2, "--batch-rows", 1000],
            ["--threads", 7, "--batch-rows", 100_000],
            ["--memory", "128MiB"],
        ]
    ):
        other = folder_digests(
            extract(run_ember, flights, tmp_path / f"v{number}", *options, *variant)
        )
        assert other == base, variant


@pytest.mark.parametrize("planned", [False, True], ids=["automatic", "plan"])
def test_layout_and_order_of_rows_change_nothing_learned(
    run_ember, small_flights, tmp_path, planned
):
    options = ["--content-checksum"]
    if planned:
        plan = tmp_path / "plan.yaml"
        plan.write_text(PLAN)
        options += ["--plan", plan]
    rows = len(small_flights)
    shuffled = small_flights.take(np.random.default_rng(5).permutation(rows))
    whole = write_parquet(small_flights, tmp_path / "whole.parquet")
    small_groups = write_parquet(small_flights, tmp_path / "groups.parquet", row_group_size=7001)
    plain = write_parquet(
        shuffled, tmp_path / "plain.parquet", use_dictionary=False, data_page_version="2.0"
    )
    for number in range(5):
        write_parquet(
            shuffled.slice(number * rows // 5, rows // 5), tmp_path / "files" / f"f{number}.parquet"
        )
    reference = extract(run_ember, whole, tmp_path / "reference", *options)
    for number, source in enumerate([small_groups, plain, tmp_path / "files"]):
        output = extract(run_ember, source, tmp_path / f"out{number}", *options)
        assert learned_digests(output / "model") == learned_digests(reference / "model"), source
        assert content_checksums(output) == content_checksums(reference), source


def test_merged_fits_of_parts_equal_the_fit_of_the_whole(run_ember, small_flights, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    whole = write_parquet(small_flights, tmp_path / "whole.parquet")
    run_ember("fit", plan, whole, "-o", tmp_path / "model", "-q")
    bounds = np.linspace(0, len(small_flights), 8).astype(int)
    models = []
    for number, (begin, end) in enumerate(itertools.pairwise(bounds)):
        part = write_parquet(
            small_flights.slice(begin, end - begin), tmp_path / f"part{number}.parquet"
        )
        models.append(tmp_path / f"model{number}")
        run_ember("fit", plan, part, "-o", models[-1], "-q")
    run_ember("merge", *reversed(models), "-o", tmp_path / "merged", "-q")
    assert folder_digests(tmp_path / "merged") == folder_digests(tmp_path / "model")


def test_transform_repeats_what_extract_did(run_ember, small_flights, tmp_path):
    """No training-serving skew: the model gives the table the very features of the splits."""
    source = write_parquet(small_flights, tmp_path / "flights.parquet")
    output = extract(run_ember, source, tmp_path / "out", "--content-checksum")
    run_ember(
        "transform", output / "model", source, "-o", tmp_path / "all", "-q", "--content-checksum"
    )
    total = sum(int(checksum, 16) for checksum in content_checksums(output).values()) % 2**128
    assert content_checksums(tmp_path / "all") == {"all": f"{total:032x}"}
