"""batches: every row once, in an order that its arguments alone fix, as tensors of any library."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from engine_tables import write_parts

import emberharmony as eh

ROWS = 10_007


@pytest.fixture(scope="module")
def table() -> pa.Table:
    number = np.arange(ROWS)
    return pa.table(
        {
            "id": pa.array(number.astype(np.int32)),
            "x": pa.array((number * 0.5).astype(np.float32)),
            "flag": pa.array(number % 3 == 0),
            "y": pa.array(number * 2),
        }
    )


@pytest.fixture(scope="module")
def folder(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("batches") / "train"
    write_parts(table, path, 4, row_group=700)
    return path


def ids(batches: eh.Batches) -> list[list[int]]:
    return [batch["id"].tolist() for batch in batches]


def flat(lists: list[list[int]]) -> list[int]:
    return [each for some in lists for each in some]


def test_rows_in_order_and_batches_of_one_size(folder: Path) -> None:
    with eh.batches(folder, 1000, backend="numpy") as batches:
        assert len(batches) == batches.batches_per_epoch == 11
        assert batches.num_rows == ROWS
        assert batches.column_names == ["id", "x", "flag", "y"]
        found = list(batches)
        assert batches.closed
    assert [len(batch["id"]) for batch in found] == [1000] * 10 + [7]
    assert np.concatenate([batch["id"] for batch in found]).tolist() == list(range(ROWS))
    assert all((batch["x"] == batch["id"] * np.float32(0.5)).all() for batch in found)
    assert found[0]["x"].dtype == np.float32
    assert found[0]["flag"].dtype == bool
    assert found[0]["flag"].tolist() == [i % 3 == 0 for i in range(1000)]


def test_a_shuffle_is_a_permutation_that_its_arguments_fix(folder: Path) -> None:
    arguments = {"batch_size": 500, "shuffle": True, "seed": 5, "window_rows": 2000}
    found = ids(eh.batches(folder, **arguments, epochs=2))
    first, second = flat(found[: len(found) // 2]), flat(found[len(found) // 2 :])
    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second
    assert ids(eh.batches(folder, **arguments, epochs=1)) == found[: len(found) // 2]
    for prefetch in (0, 1, 7):
        assert ids(eh.batches(folder, **arguments, epochs=2, prefetch=prefetch)) == found
    assert ids(eh.batches(folder, **{**arguments, "seed": 6})) != found[: len(found) // 2]
    # Rows of one batch come from far apart: of all places of a window.
    spread = [max(batch) - min(batch) for batch in found[:10]]
    assert min(spread) > 700


def test_the_order_is_the_same_on_every_machine(folder: Path) -> None:
    # Written down once: who changes the order changes everybody's training runs.
    found = ids(eh.batches(folder, 4, shuffle=True, seed=1, window_rows=40))
    assert found[0] == FIRST_BATCH


FIRST_BATCH = [1416, 1422, 1418, 1438]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("world_size", [1, 2, 3, 7])
def test_ranks_are_disjoint_and_together_complete(
    folder: Path, shuffle: bool, world_size: int
) -> None:
    parts = [
        eh.batches(
            folder,
            128,
            shuffle=shuffle,
            seed=3,
            rank=rank,
            world_size=world_size,
            epochs=2,
            window_rows=1024,
        )
        for rank in range(world_size)
    ]
    sizes = [part.num_rows for part in parts]
    assert max(sizes) - min(sizes) <= 1
    found = Counter(each for part in parts for each in flat(ids(part)))
    assert found == Counter({i: 2 for i in range(ROWS)})


@pytest.mark.parametrize("world_size", [1, 3, 4])
def test_drop_last_gives_all_ranks_equally_many_full_batches(folder: Path, world_size: int) -> None:
    parts = [
        ids(eh.batches(folder, 300, drop_last=True, shuffle=True, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    assert {len(part) for part in parts} == {ROWS // world_size // 300}
    assert {len(batch) for part in parts for batch in part} == {300}
    rows = [each for part in parts for each in flat(part)]
    assert len(rows) == len(set(rows))


def test_targets_and_columns(folder: Path) -> None:
    features, target = next(eh.batches(folder, 10, columns=["x"], target="y"))
    assert list(features) == ["x"]
    assert target.tolist() == [2 * i for i in range(10)]
    with pytest.raises(KeyError, match="'z'"):
        eh.batches(folder, columns=["z"])


@pytest.mark.parametrize("backend", ["torch", "mlx", "numpy", "native"])
def test_every_library(folder: Path, backend: str) -> None:
    pytest.importorskip({"native": "emberharmony", "mlx": "mlx.core"}.get(backend, backend))
    first, second = list(eh.batches(folder, 6000, backend=backend, shuffle=True, seed=9))
    native = list(eh.batches(folder, 6000, shuffle=True, seed=9))
    for name in ("id", "x", "flag", "y"):
        assert [*first[name].tolist(), *second[name].tolist()] == [
            *native[0][name].tolist(),
            *native[1][name].tolist(),
        ]
    if backend == "torch":
        # In place, as training loops do: the memory is the batch's own.
        first["x"].mul_(2)
        assert first["x"].tolist() == (native[0]["x"] * 2).tolist()


def test_torch_shares_the_memory(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    batch = next(eh.batches(folder, 1000, backend="native"))
    assert torch.from_dlpack(batch["x"]).data_ptr() == batch["x"].numpy().ctypes.data


def test_arrow_files_and_matrices(table: pa.Table, tmp_path: Path) -> None:
    values = pa.array(np.arange(ROWS * 3, dtype=np.float32))
    matrix = pa.FixedSizeListArray.from_arrays(values, 3)
    rows = pa.table({"features": matrix, "id": table["id"]})
    path = tmp_path / "part-00000.arrow"
    with pa.ipc.new_file(str(path), rows.schema) as writer:
        writer.write_table(rows, max_chunksize=900)
    pq.write_table(rows, tmp_path / "same.parquet", row_group_size=1111)
    for source in (path, tmp_path / "same.parquet"):
        for shuffle in (False, True):
            for batch in eh.batches(source, 1000, shuffle=shuffle, backend="numpy"):
                assert batch["features"].shape == (len(batch["id"]), 3)
                assert (batch["features"][:, 0] == batch["id"] * 3).all()
    torch = pytest.importorskip("torch")
    batch = next(eh.batches(path, 100, backend="torch"))
    batch["features"].zero_()  # not a mapped file
    assert torch.count_nonzero(batch["features"]) == 0


def test_nulls_and_text(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "x": [1.0, None, 3.0],
            "n": [1, None, 3],
            "b": [True, None, False],
            "t": ["a", "b", "c"],
        }
    )
    pq.write_table(rows, tmp_path / "rows.parquet")
    batch = next(eh.batches(tmp_path, columns=["x"], backend="numpy"))
    assert np.isnan(batch["x"]).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="'n' has 1 nulls"):
        next(eh.batches(tmp_path, columns=["n"]))
    assert next(eh.batches(tmp_path, columns=["n"], fill_null=-1))["n"].tolist() == [1, -1, 3]
    with pytest.raises(ValueError, match="'b' has 1 nulls, for which its booleans have no value"):
        next(eh.batches(tmp_path, columns=["b"]))
    assert next(eh.batches(tmp_path, columns=["b"], fill_null=1))["b"].tolist() == [True, True, 0]
    with pytest.raises(TypeError, match="'t' of type string"):
        eh.batches(tmp_path, columns=["t"])
    with pytest.raises(TypeError, match=r"the target, column 't' of type string .*target=None"):
        eh.batches(tmp_path, columns=["n"], target="t")
    with pytest.raises(TypeError, match=r"'t' of type string .*; leave it out with columns="):
        eh.batches(tmp_path, target="n")


def test_what_cannot_be_is_told_at_once(folder: Path, table: pa.Table, tmp_path: Path) -> None:
    for wrong in (
        {"batch_size": 0},
        {"backend": "jax"},
        {"rank": 2, "world_size": 2},
        {"rank": -1},
        {"epochs": -1},
        {"prefetch": -1},
        {"window_rows": 0},
        {"backend": "numpy", "device": "cpu"},
    ):
        with pytest.raises(ValueError, match=r"expected|takes"):
            eh.batches(folder, **wrong)
    with pytest.raises(FileNotFoundError, match="none"):
        eh.batches(tmp_path / "nothing")
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(table.select(["id"]), tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="schema"):
        eh.batches(tmp_path)
    (tmp_path / "c.parquet").write_bytes(b"no such thing")
    with pytest.raises(OSError, match="neither"):
        eh.batches(tmp_path / "c.parquet")


def test_epochs(folder: Path) -> None:
    assert ids(eh.batches(folder, epochs=0)) == []
    endless = eh.batches(folder, 5000, epochs=None)
    with pytest.raises(TypeError, match="no length"):
        len(endless)
    epochs = [(next(endless) and endless.epoch) for _ in range(7)]
    assert epochs == [0, 0, 0, 1, 1, 1, 2]
    endless.close()
    assert list(endless) == []


def test_the_reading_ahead_ends_with_its_reader(folder: Path) -> None:
    def readers() -> int:
        return sum(t.name == "emberharmony-batches" for t in threading.enumerate())

    before = readers()
    batches = eh.batches(folder, 100)
    next(batches)
    assert readers() == before + 1
    batches.close()
    batches.close()
    assert readers() == before
    forgotten = eh.batches(folder, 100)
    next(forgotten)
    thread = forgotten._thread
    del forgotten
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_ends_the_wait_for_a_batch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()

    def stuck(*_: object) -> Iterator[pa.RecordBatch]:
        may_go_on.wait(60)
        yield from ()

    monkeypatch.setattr("emberharmony._shards.Shards.read", stuck)
    batches = eh.batches(folder, 100)
    waits = threading.Event()
    get = batches._waiting.get

    def told_get(**timeout: float) -> object:
        waits.set()
        return get(**timeout)

    def press() -> None:
        waits.wait(60)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    monkeypatch.setattr(batches._waiting, "get", told_get)
    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    may_go_on.set()
    presser.join()
    batches.close()
    assert batches.closed


def test_errors_of_the_reading_ahead_are_raised_here(table: pa.Table, tmp_path: Path) -> None:
    write_parts(table, tmp_path / "train", 2)
    batches = eh.batches(tmp_path / "train", 100)
    damaged = tmp_path / "train" / "part-00001.parquet"
    content = bytearray(damaged.read_bytes())
    content[4:-1000] = bytes(len(content) - 1004)
    damaged.write_bytes(content)
    with pytest.raises(OSError):
        list(batches)
    assert batches.closed


def test_memory_is_bounded_by_what_waits(tmp_path: Path) -> None:
    rows = 400_000
    some = pa.table({f"c{i}": np.random.default_rng(i).random(rows) for i in range(8)})
    write_parts(some, tmp_path / "train", 4, row_group=10_000)
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    peak = 0
    for _ in eh.batches(tmp_path / "train", 1000, window_rows=5000, shuffle=True, prefetch=2):
        peak = max(peak, pool.bytes_allocated() - before)
    assert peak < some.nbytes / 3


@pytest.fixture(scope="module")
def output(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> eh.ExtractResult:
    plan = {"version": 1, "features": [{"columns": ["x", "flag"], "steps": ["passthrough"]}]}
    return eh.extract(table, tmp_path_factory.mktemp("output") / "out", plan=plan)


def test_all_splits_at_once_are_refused(output: eh.ExtractResult) -> None:
    """Training on the test rows would be a mistake that nothing else tells."""
    with pytest.raises(ValueError, match="the whole output of `extract`") as refused:
        eh.batches(output.output, 10)
    assert str(output.paths["train"]) in str(refused.value)
    assert "result.paths['train']" in str(refused.value)
    with eh.batches(output.paths["train"], prefetch=0) as batches:
        assert batches.num_rows == output.split_rows["train"]


def test_a_result_is_told_what_of_it_is_read(output: eh.ExtractResult, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"found ExtractResult; .*result.paths\['train'\]"):
        eh.batches(output, 10)  # type: ignore[call-overload]
    table = pa.table({"x": pa.array([0.5, 1.5], pa.float32()), "flag": [True, False]})
    features = eh.transform(output.model, table, tmp_path / "features")
    with pytest.raises(TypeError, match=r"found TransformResult; .*result.output"):
        eh.batches(features)  # type: ignore[call-overload]
    with eh.batches(features.output, prefetch=0) as batches:
        assert batches.num_rows == 2
