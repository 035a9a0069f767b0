"""What Python's classes keep in a folder outlives a process that is killed."""

import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_resume import contents, make_table

PREPARE = """
import sys
from emberharmony.features import TerabyteFeatureExtractor
TerabyteFeatureExtractor(verbose=False).prepare_data(
    sys.argv[1], target_column="delay", output_dir=sys.argv[2], resume=True, threads=2
)
"""
WINDOWS = """
import sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
from emberharmony.features import TerabyteTemporalStrideProcessor
source, folder, result, entity = sys.argv[1:]
asked = 0
def batches():
    global asked
    for batch in pq.ParquetFile(source).iter_batches(500):
        asked += 1
        yield batch
processor = TerabyteTemporalStrideProcessor(
    window_size=3, stride_perspectives=[1, 2], pca_components=2, verbose=False,
    entity_column=entity or None,
)
keep = {"folder": folder, "resume": True} if folder else {}
results = processor.process_large_dataset(batches(), **keep)
later = processor.process_batch(pq.read_table(source).slice(0, 40))
np.savez(result, asked=asked, **{f"r{s}": np.asarray(results[s]) for s in results},
         **{f"l{s}": np.asarray(later[s]) for s in later})
"""


def run_python(text, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_prepare_data(nth_call, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(2):
        pq.write_table(make_table(number), source / f"{number}.parquet")
    whole = tmp_path / "whole"
    done = run_python(PREPARE, source, whole)
    assert done.returncode == 0, done.stderr
    for commit in range(2, 100, 6):
        output = tmp_path / str(commit)
        killed = run_python(PREPARE, source, output, LD_PRELOAD=nth_call, NTH_COMMIT=commit)
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        resumed = run_python(PREPARE, source, output)
        assert resumed.returncode == 0, resumed.stderr
        assert contents(output) == contents(whole)
    else:
        pytest.fail("the run never came to its end")
    assert commit > 10
    # Complete, it is taken as it is.
    before = (whole / "report.html").stat()
    assert run_python(PREPARE, source, whole).returncode == 0
    assert (whole / "report.html").stat() == before


def test_prepare_data_needs_a_folder():
    from emberharmony.features import TerabyteFeatureExtractor

    with pytest.raises(ValueError, match="output_dir"):
        TerabyteFeatureExtractor(verbose=False).prepare_data("x.parquet", resume=True)


@pytest.mark.parametrize("entity", ["", "who"])
def test_windows(nth_call, tmp_path, entity):
    rng = np.random.default_rng(4)
    columns = {"a": rng.normal(size=5000).cumsum(), "b": rng.normal(size=5000)}
    if entity:
        columns["who"] = pa.array([f"s{i}" for i in rng.integers(0, 5, 5000)])
    source = tmp_path / "rows.parquet"
    pq.write_table(pa.table(columns), source)
    whole = run_python(WINDOWS, source, "", tmp_path / "whole.npz", entity)
    assert whole.returncode == 0, whole.stderr
    expected = dict(np.load(tmp_path / "whole.npz"))
    assert expected.pop("asked") == 10
    asked = []
    # Killed where a file is to appear under its name, and where rows are to be on disk.
    for kind, step in (("NTH_COMMIT", 1), ("NTH_CALL", 3)):
        for number in range(1, 100, step):
            folder = tmp_path / f"{kind}{number}"
            result = tmp_path / f"{kind}{number}.npz"
            killed = run_python(
                WINDOWS, source, folder, result, entity,
                LD_PRELOAD=nth_call, **{kind: number},
            )  # fmt: skip
            if killed.returncode == 0:
                break
            assert killed.returncode == -signal.SIGKILL, killed.stderr
            resumed = run_python(WINDOWS, source, folder, result, entity)
            assert resumed.returncode == 0, resumed.stderr
            found = dict(np.load(result))
            asked.append(int(found.pop("asked")))
            assert found.keys() == expected.keys()
            for name, windows in found.items():
                assert windows.tobytes() == expected[name].tobytes(), name
        else:
            pytest.fail("the run never came to its end")
        assert number > 1
    # Once all rows are kept, none is asked for.
    assert set(asked) == {0, 10}


def test_windows_in_a_folder_of_others(tmp_path):
    from emberharmony.features import TerabyteTemporalStrideProcessor

    processor = TerabyteTemporalStrideProcessor(verbose=False)
    rows = np.random.default_rng(1).normal(size=(50, 2))
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ValueError, match=r"photo\.jpg"):
        processor.process_large_dataset(rows, folder=tmp_path, resume=True)
    with pytest.raises(ValueError, match="folder"):
        processor.process_large_dataset(rows, resume=True)
    with pytest.raises(TypeError, match="resume"):
        processor.process_large_dataset(rows, folder=tmp_path / "new", resume="yes")
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
