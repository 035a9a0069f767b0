"""Runs every operation on a backend and compares it with the native one.

    backend_sweep.py BACKEND

prints a JSON object: what was found wrong, and for each operation how many calls there were, what
the backend computed of them itself, and why not the others. It is a program of its own so that a
backend that crashes is a failed test, and so that Arrow watches the ends of the memory of results
(ARROW_DEBUG_MEMORY_POOL, which is read at the start of a process).
"""

import functools
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from backend_calls import ANY_ZERO, EPSILONS, Call, calls_of, dtypes_of, fault_of
from backend_inputs import LAYOUTS, Guarded, Values

from emberharmony import _core, ops

# Of one operation; more would say the same.
FAULTS_MAX = 10


@dataclass
class Found:
    """What there is to tell of one operation on a backend."""

    calls: int = 0
    ran: int = 0  # by the backend, of all operations that the calls led to
    fell_back: int = 0
    dtypes: list[str] = field(default_factory=list)  # of calls that the backend computed
    answers: dict[str, str] = field(default_factory=dict)  # by dtype why not; "" for those it does
    refusals: list[str] = field(default_factory=list)  # why not, of calls of those it does


def run(call: Call, backend: str, inputs: list[Guarded]) -> Any:
    """The call's result on a backend, as NumPy's arrays; LinAlgError for a matrix without one."""
    with ops.use_backend(backend):
        try:
            result = call.function(*(each.tensor for each in inputs))
        except ops.linalg.LinAlgError:
            result = np.full((), "LinAlgError")
    if not all(each.is_untouched() for each in inputs):
        raise ValueError(f"{backend} wrote into or around its inputs")
    if isinstance(result, tuple):
        return tuple(np.asarray(part) for part in result)
    return np.asarray(result)


def guarded(values: tuple[Values, ...], layouts: tuple[str, ...]) -> list[Guarded]:
    return [Guarded(*each) for each in zip(values, layouts, strict=True)]


def compare(op: str, call: Call, backend: str, layouts: tuple[str, ...]) -> str:
    """What is wrong with the backend's result; empty for nothing."""
    inputs = guarded(call.inputs, layouts)
    # A call that fails natively is a fault of this suite, and ends it.
    expected = run(call, "native", inputs)
    try:
        found = run(call, backend, inputs)
        return fault_of(op, found, expected) or _layout_fault(op, call, backend, inputs, found)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _layout_fault(op: str, call: Call, backend: str, inputs: list[Guarded], found: Any) -> str:
    """A plugin's elementwise results, though they may differ in last places, are the same ones in
    every layout of memory that it takes. What namespaces do is their own affair."""
    if op in EPSILONS or not is_plugin(backend):
        return ""
    values = tuple(np.array(each.tensor, copy=True) for each in inputs)
    plain = run(call, backend, guarded(values, ("plain",) * len(values)))
    if any(each["fell_back"] for each in ops.backend_counts(backend).values()):
        return ""
    fault = fault_of(op if op in ANY_ZERO else "", plain, found)
    return f"as contiguous tensors it is another result: {fault}" if fault else ""


@functools.cache
def is_plugin(backend: str) -> bool:
    described = {each["name"]: each for each in ops.describe_backends(load=False)}
    return bool(described[backend]["path"]) or backend == "lying"


def sweep(op: str, backend: str, faults: list[str]) -> Found:
    """All calls for an operation, each in another layout; what is wrong is appended to faults."""
    found = Found(answers=answers_of(op, backend))
    told = len(faults)
    for number, call in enumerate(calls_of(op)):
        # Neighbours in the list of layouts, so that inputs differ in theirs.
        layouts = tuple(LAYOUTS[(number + i) % len(LAYOUTS)] for i in range(len(call.inputs)))
        ops.backend_counts(backend, reset=True)
        fault = compare(op, call, backend, layouts)
        if fault and len(faults) < told + FAULTS_MAX:
            faults.append(f"{call.text}, laid out {layouts}: {fault}")
        counts: dict[str, Any] = ops.backend_counts(backend, reset=True)
        found.calls += 1
        found.ran += sum(each["ran"] for each in counts.values())
        found.fell_back += sum(each["fell_back"] for each in counts.values())
        own = counts.get(op, {"ran": 0, "fell_back": 0})
        if own["ran"] and call.dtype not in found.dtypes:
            found.dtypes.append(call.dtype)
        if own["fell_back"] and not found.answers[call.dtype]:
            found.refusals = sorted({*found.refusals, own["reason"]})
    return found


def answers_of(op: str, backend: str) -> dict[str, str]:
    """Why the backend does not compute each dtype that the operation takes; "" where it does."""
    answers = {}
    with ops.use_backend(backend):
        for dtype in dtypes_of(op):
            name, reason = _core.explain_operation(op, dtype, -1)
            answers[dtype] = "" if name == backend else reason
    return answers


def main() -> None:
    backend = sys.argv[1]
    if backend == "lying":
        ops.register_backend(backend, __import__("lying_namespace"))
    with ops.use_backend(backend):
        pass
    faults: list[str] = []
    found = {op: vars(sweep(op, backend, faults)) for op in _core.operation_names()}
    described = {each["name"]: each for each in ops.describe_backends(load=False)}
    framework = described[backend]["framework"]
    json.dump({"framework": framework, "faults": faults, "ops": found}, sys.stdout)


main()
