"""Runs of the package under the tracer: only its backend of that name uses NumPy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys

import emberharmony as eh
from emberharmony import ops
from emberharmony.features import TerabyteFeatureExtractor, TerabyteTemporalStrideProcessor

ops.set_backend(sys.argv[3])
result = eh.extract(sys.argv[1], sys.argv[2], target="delay", limit=20000, progress="none")
for batch in eh.batches(result.paths["train"], batch_size=4096, shuffle=True, seed=1):
    ops.mean(batch["distance"])
rows = ops.random.normal((500, 3), seed=1)
processor = TerabyteTemporalStrideProcessor(pca_components=2, verbose=False)
processor.process_large_dataset([rows[:250], rows[250:]])
assert sum(result.split_rows.values()) == 20000
extractor = TerabyteFeatureExtractor(max_memory_gb=1, verbose=False)
train, *_, scaler, imputer = extractor.prepare_data(sys.argv[1], "delay", limit=20000)
assert train.to_tensor().shape[0] == train.num_rows
scaler.inverse_transform(scaler.transform(imputer.transform([[300.0]] * 7)))
assert ops.get_backend() == sys.argv[3]
ran = [count["ran"] for count in ops.backend_counts().values()]
assert sys.argv[3] == "native" or any(ran)
"""


@pytest.mark.parametrize("backend", ["native", "torch", "mlx", "numpy"])
def test_the_extractor_uses_no_numpy(
    root: Path, flights: Path, tmp_path: Path, backend: str
) -> None:
    if backend != "native":
        pytest.importorskip("mlx.core" if backend == "mlx" else backend)
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", str(flights), str(tmp_path / "features"), backend]
    built = str(root / "build" / "python")
    process = subprocess.run(
        [sys.executable, root / "tools" / "purify", "--json", "--verify", "--", *command],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([built, os.environ.get("PYTHONPATH", "")]),
        },
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=300,
    )
    document = json.loads(process.stdout)
    assert document["status"] == 0, process.stderr
    used = [note for note in document["used"] if note["what"] != "import"]
    places = {Path(note["path"]).name for note in used}
    # The backend `numpy` calls it by the names of its table.
    assert places <= ({"_namespaces.py"} if backend == "numpy" else set()), used
    assert bool(used) == (backend == "numpy")
    assert process.returncode == bool(used)
