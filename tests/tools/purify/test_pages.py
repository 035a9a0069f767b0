"""The pages about purify say what it does."""

import re
from pathlib import Path

from purify import reference, report, rewrite
from purify.audit import audit


def test_the_mapping_page_is_current(root: Path) -> None:
    page = (root / "docs" / "reference" / "numpy_mapping.md").read_text()
    assert page == reference.as_markdown() + "\n", "run `make reference`"


def test_the_audit_page_is_current(root: Path) -> None:
    page = (root / "docs" / "architecture" / "numpy_audit.md").read_text()
    before, after = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    told = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    assert told == report.as_text(audit("features.py", before).findings, 1) + "\n"
    assert after == rewrite.fix("features.py", before)[0]
