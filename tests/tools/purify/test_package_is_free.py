"""A run of the package under the tracer: nothing of it uses NumPy."""

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys

import emberharmony as eh
from emberharmony import ops
from emberharmony.features import TerabyteTemporalStrideProcessor

result = eh.extract(sys.argv[1], sys.argv[2], target="delay", limit=20000, progress="none")
for batch in eh.batches(result.paths["train"], batch_size=4096, shuffle=True, seed=1):
    ops.mean(batch["distance"])
rows = ops.random.normal((500, 3), seed=1)
processor = TerabyteTemporalStrideProcessor(pca_components=2, verbose=False)
processor.process_large_dataset([rows[:250], rows[250:]])
assert sum(result.split_rows.values()) == 20000
"""


def test_the_extractor_uses_no_numpy(root: Path, flights: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", str(flights), str(tmp_path / "features")]
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
    assert process.returncode == 0, process.stdout + process.stderr
    document = json.loads(process.stdout)
    assert document["status"] == 0
    assert document["used"] == []
