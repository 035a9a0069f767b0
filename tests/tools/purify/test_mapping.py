"""The mapping table says the truth: each mapped function gives the values of NumPy's."""

import re

import both_versions
import calls_of_entries
import numpy as np
import pytest
from purify import differences, mapping
from purify.audit import audit
from purify.findings import Finding
from purify.mapping import Form

from emberharmony import ops

ENTRIES = {entry.numpy: entry for entry in mapping.all_entries()}
MAPPED = [e for e in ENTRIES.values() if e.form is Form.FUNCTION and not e.reason]
# Their effect is not a value; test_rewrites.py tries them.
FILES = {"numpy.load", "numpy.save"}


def split_calls(text: str) -> list[str]:
    """The calls of a text, which has spaces within them, too."""
    calls, depth, part = [], 0, ""
    for letter in text + " ":
        depth += (letter in "([") - (letter in ")]")
        if letter.isspace() and depth == 0:
            if part:
                calls.append(part)
            part = ""
        else:
            part += letter
    return [re.sub(r"\s+", " ", each) for each in calls]


def all_calls() -> list[tuple[str, str]]:
    """(NumPy name, call) for every mapped function."""
    found = []
    for space, text in calls_of_entries.CALLS.items():
        prefix = "np" + space.removeprefix("numpy")
        for call in split_calls(text):
            found.append((f"{space}.{call.split('(')[0]}", f"{prefix}.{call}"))
    for entry in MAPPED:
        function, name = mapping.numpy_object(entry.numpy), entry.numpy.removeprefix("numpy.")
        if not isinstance(function, np.ufunc) or name in ("matmul", "vecdot"):
            continue
        if function.nin == 1:
            arguments = calls_of_entries.DOMAIN.get(name, "x")
        else:
            arguments = "i, j" if name in calls_of_entries.INTEGERS else "x, y"
        found.append((entry.numpy, f"np.{name}({arguments})"))
    return found


CALLS = all_calls()


def module(calls: list[str]) -> str:
    """One function for each call, in one module, so that all are rewritten at once."""
    lines = ["import numpy as np", ""]
    for number, call in enumerate(calls):
        names = sorted(set(re.findall(r"[a-z_0-9]+", call)) & both_versions.inputs(0).keys())
        lines += [f"def call_{number}({', '.join(names)}):", f"    return {call}", ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def versions() -> tuple[dict[int, list[Finding]], dict[str, object], dict[str, object], list[str]]:
    """Findings by line, the module as it is, rewritten, and the latter's lines."""
    source = module([call for _, call in CALLS])
    findings: dict[int, list[Finding]] = {}
    for finding in audit("calls.py", source).findings:
        findings.setdefault(finding.line, []).append(finding)
    text, _ = both_versions.rewritten(source)
    lines = [line for line in text.splitlines() if line.startswith("    return ")]
    return findings, both_versions.load(source, "old"), both_versions.load(text, "new"), lines


def test_every_mapped_function_is_called() -> None:
    called = {name for name, _ in CALLS}
    assert not {entry.numpy for entry in MAPPED} - called - FILES
    assert len(MAPPED) > 230


@pytest.mark.parametrize("number", range(len(CALLS)), ids=[call for _, call in CALLS])
def test_call(number: int, versions: tuple) -> None:
    name, call = CALLS[number]
    findings, before, after, lines = versions
    kinds = [each for each in findings[4 + 3 * number] if each.numpy == name]
    assert kinds, call
    if mapping.look_up(name).form is Form.MISSING:
        assert kinds[0].kind == "missing"
        return
    assert kinds[0].kind == "safe", kinds[0]
    assert "np." not in lines[number], lines[number]
    old, new = before[f"call_{number}"], after[f"call_{number}"]
    for seed in range(3):
        one = both_versions.run(old, seed)
        both_versions.check_equal(one, both_versions.run(new, seed), call)
        both_versions.check_equal(one, both_versions.run(new, seed, tensors=True), call)


@pytest.mark.parametrize("name", sorted(differences.RECIPES))
def test_advice(name: str) -> None:
    """What the report advises for functions that ops lacks computes what they compute."""
    theirs, ours = differences.RECIPES[name]
    given = both_versions.inputs(1)
    names = {"x": given["short"], "y": given["short"][::-1].copy(), "m": given["m"]}
    if "nan" in name:
        names["x"] = np.array([1.0, np.nan, 3.0, -2.0, np.nan])
    with np.errstate(all="ignore"):
        old = eval(theirs, {"np": np, **names})
    new = eval(ours, {"ops": ops, **{k: ops.asarray(v) for k, v in names.items()}})
    np.testing.assert_allclose(np.asarray(new), np.asarray(old), rtol=1e-9, atol=1e-12)
    assert mapping.look_up(name).form is Form.MISSING
    assert mapping.look_up(name).note


def test_defaults_that_differ_need_a_person() -> None:
    for entry in ENTRIES.values():
        if entry.other_defaults:
            assert entry.reason == "default", entry


def test_only_empty_arrays_are_compared_by_their_shapes() -> None:
    by_shape = {call.split("(")[0] for _, call in CALLS if call.endswith(".shape")}
    assert by_shape == {"np.empty", "np.empty_like"}


@pytest.mark.parametrize("name", ["s", "q"])
def test_eigenvalues_are_complex_always(name: str) -> None:
    """What the note says: the values are NumPy's, and the dtype is, but for real spectra."""
    matrix = both_versions.inputs(1)[name]
    theirs, ours = np.linalg.eigvals(matrix), np.asarray(ops.linalg.eigvals(matrix))
    values, vectors = (np.asarray(each) for each in ops.linalg.eig(matrix))
    assert ours.dtype == values.dtype == vectors.dtype == np.complex128
    assert name == "q" or theirs.dtype == np.float64
    np.testing.assert_allclose(np.sort_complex(ours), np.sort_complex(theirs), rtol=1e-9)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-9)
    for each in ("numpy.linalg.eig", "numpy.linalg.eigvals"):
        assert "always complex" in ENTRIES[each].note.replace("ops always", "always")


def test_names_are_found() -> None:
    assert ENTRIES["numpy.arctan2"].ops == "atan2"
    assert ENTRIES["numpy.amax"].ops == "max"
    assert mapping.look_up("numpy.float_").ops == "float64"
    assert mapping.look_up("numpy.product").ops == "prod"
    assert ENTRIES["numpy.dtype"].form is Form.TYPE
    assert ENTRIES["numpy.random.normal"].form is Form.RANDOM
    assert mapping.look_up("numpy.add.reduce").form is Form.MISSING
    assert ENTRIES["numpy.float16"].ops == ""
    for entry in MAPPED:
        assert mapping.find(ops, entry.ops) is not None
