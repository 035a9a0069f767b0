"""What was found, as text and as JSON."""

import json
from collections import Counter

from purify.findings import KINDS, REASONS, REVIEW, SAFE, Finding


def line_of(finding: Finding) -> str:
    """One finding as one line that editors can jump by."""
    what = finding.numpy or "data"
    text = f"{finding.path}:{finding.line}:{finding.column}: {what}: {KINDS[finding.kind]}"
    if finding.kind == SAFE:
        return f"{text}: {finding.replacement}"
    if finding.kind == REVIEW:
        text += f" ({finding.reason})"
    message = finding.message or REASONS.get(finding.reason, "")
    return f"{text}: {message}" if message else text


def as_text(findings: list[Finding], files: int) -> str:
    """All findings, and how many of each kind there are."""
    lines = [line_of(each) for each in findings]
    counts = Counter(each.kind for each in findings)
    reasons = Counter(each.reason for each in findings if each.reason)
    lines.append(f"{len(findings)} places in {files} file{'s' * (files != 1)}")
    lines += [f"  {counts[kind]:5} {text}" for kind, text in KINDS.items() if counts[kind]]
    lines += [
        f"        {count:5} {reason}: {REASONS[reason]}" for reason, count in reasons.most_common()
    ]
    return "\n".join(lines)


def as_json(findings: list[Finding], files: int) -> str:
    """The same for programs: {"version", "files", "counts", "findings"}."""
    counts = Counter(each.kind for each in findings)
    document = {
        "version": 1,
        "files": files,
        "counts": {kind: counts[kind] for kind in KINDS},
        "findings": [each.as_dict() for each in findings],
    }
    return json.dumps(document, indent=2)
