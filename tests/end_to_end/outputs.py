"""Reads what `ember` wrote, and makes tables for it to read."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Time and memory of a run: the only files that may differ between equal runs.
REPORTS = {"run_report.json", "report.html"}


def folder_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder` but the reports, by relative path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in REPORTS
    }


def learned_digests(model: Path) -> dict[str, str]:
    """What was learned: model.json and the vocabularies."""
    return {
        name: digest
        for name, digest in folder_digests(model).items()
        if name == "model.json" or name.startswith("vocabulary/")
    }


def content_checksums(output: Path) -> dict[str, str]:
    manifest = json.loads((output / "manifest.json").read_text())
    return {name: split["content_checksum"] for name, split in manifest["splits"].items()}


def read_shards(folder: Path) -> pa.Table:
    """All shards of a folder, in the order of their units."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))])


def learned_steps(model: Path, column: str) -> dict[str, dict]:
    """The steps learned for a column, by name."""
    document = json.loads((model / "model.json").read_text())
    return {step["step"]: step for step in document["columns"][column]}


def write_parquet(frame: pd.DataFrame | pa.Table, path: Path, **options: object) -> Path:
    table = (
        frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path
