"""How often the automatic choice of `ops` takes the backend that is fastest here.

On a grid of operations, sizes and dtypes every backend that is loaded is timed, and `auto` after a
calibration, all in the same way: one after the other in each of many short rounds, so that what
else the machine does meets all of them, until of each the two fastest rounds agree; the fastest
counts. `auto` is right at a point where it takes at most 1.10 times the time of the best backend,
the cost of choosing included. Beside it is told at how many points the backend that is chosen
(ops.explain) was within that by its own time: what differs between the two is the cost of choosing
and the noise.

The status is 0 where `auto` is right at 95 % of the points, else 1. What is measured is kept in no
cache: the calibration begins anew and is forgotten.

    make selection
    python bench/ops/selection.py --backends torch --json selection.json
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from emberharmony import ops

SIZES = (16, 256, 2_048, 16_384, 131_072, 1_048_576)
MATRICES = (4, 16, 64, 192, 384)
UNARY = ("exp", "log", "sin", "tanh", "sqrt", "abs", "square", "negative", "isnan")
BINARY = ("add", "multiply", "divide", "maximum", "less")
REDUCTIONS = ("sum", "mean", "max")
ALONG = ("sort", "cumulative_sum", "argmax")
WITHIN = 1.10
SHARE = 0.95
SHORT = 512
ROUND_SECONDS = 0.0005
ROUNDS_MIN = 9
ROUNDS_MAX = 200
POINT_SECONDS = 1.5
AGREE = 1.02
# A backend that is so much slower than the fastest in the first rounds is timed no more.
HOPELESS = 2.0


def operands(size: int, dtype: str) -> tuple[Any, Any]:
    ops.random.set_seed(size)
    shape = (size,)
    return tuple(ops.random.uniform(shape, 0.25, 0.75, dtype=dtype) for _ in range(2))


def points() -> list[tuple[str, int, str, Callable[[], object]]]:
    """(operation, size, dtype, call)"""
    grid = []
    for dtype in ("float32", "float64"):
        for size in SIZES:
            x, y = operands(size, dtype)
            for name in UNARY + REDUCTIONS + ALONG:
                grid.append((name, size, dtype, functools.partial(getattr(ops, name), x)))
            for name in BINARY:
                grid.append((name, size, dtype, functools.partial(getattr(ops, name), x, y)))
        for size in MATRICES:
            x, y = (ops.reshape(each, (size, size)) for each in operands(size * size, dtype))
            grid.append(("matmul", size, dtype, functools.partial(ops.matmul, x, y)))
    return grid


def seconds(call: Callable[[], object], calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - begin) / calls


def time_point(call: Callable[[], object], choices: list[str]) -> dict[str, float]:
    calls = {}
    for choice in choices:
        ops.set_backend(choice)
        call()
        once = max(seconds(call, 3), 1e-7)
        calls[choice] = max(1, int(ROUND_SECONDS / once))
    times: dict[str, list[float]] = {choice: [] for choice in choices}
    timed = list(choices)
    end = time.perf_counter() + POINT_SECONDS
    order = random.Random(0)
    for turn in range(ROUNDS_MAX):
        # A framework's threads go on spinning for a while, and it leaves caches of its own: each
        # choice comes behind each other one.
        for choice in order.sample(timed, len(timed)):
            ops.set_backend(choice)
            call()
            times[choice].append(seconds(call, calls[choice]))
        if turn + 1 < ROUNDS_MIN:
            continue
        least = {choice: sorted(times[choice])[:2] for choice in timed}
        fastest = min(each[0] for each in least.values())
        timed = [c for c in timed if c == "auto" or least[c][0] < HOPELESS * fastest]
        agree = all(least[choice][1] <= AGREE * least[choice][0] for choice in timed)
        if agree or time.perf_counter() > end:
            break
    return {choice: min(each) for choice, each in times.items()}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="emberharmony-") as cache:
        # Where calibrations are kept; the user's own is neither read nor changed.
        os.environ["XDG_CACHE_HOME"] = cache
        return measure()


def measure() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", default="torch,mlx", help="beside native, as far as there")
    parser.add_argument("--json", help="where to write all points")
    arguments = parser.parse_args()
    backends = ["native"]
    for name in filter(None, arguments.backends.split(",")):
        try:
            ops.set_backend(name)
            backends.append(name)
        except ValueError as error:
            print(f"without {name}: {str(error)[:100]}", file=sys.stderr)
    ops.set_backend("auto")
    calibration = ops.calibrate()
    print(
        f"calibrated {calibration['num_measured']} in {calibration['seconds']:.3f} s, "
        f"{100 * calibration['settled']:.0f} % settled"
    )
    rows = []
    for name, size, dtype, call in points():
        best = time_point(call, [*backends, "auto"])
        fastest = min(backends, key=best.__getitem__)
        ratio = best["auto"] / best[fastest]
        shape = (size, size) if name == "matmul" else (size,)
        ops.set_backend("auto")
        # Small elementwise calls go the native short way without asking.
        short = size <= SHORT and name in UNARY + BINARY
        chosen = "native" if short else ops.explain(name, shape, dtype)["backend"]
        rows.append(
            {
                "op": name,
                "size": size,
                "dtype": dtype,
                "ratio": ratio,
                "chosen": chosen,
                "chosen_ratio": best[chosen] / best[fastest],
                "seconds": best,
            }
        )
        if ratio > WITHIN:
            times = ", ".join(f"{each} {1e6 * best[each]:.2f}" for each in best)
            print(
                f"{name} {size} {dtype}: {ratio:.2f} times {fastest}, chosen {chosen} (us: {times})"
            )
    ops.set_backend("native")
    right = sum(row["ratio"] <= WITHIN for row in rows)
    right_choices = sum(row["chosen_ratio"] <= WITHIN for row in rows)
    elsewhere = sum(min(backends, key=row["seconds"].__getitem__) != "native" for row in rows)
    native_alone = sum(
        row["seconds"]["native"] <= WITHIN * min(row["seconds"][each] for each in backends)
        for row in rows
    )
    print(
        f"{right} of {len(rows)} points ({100 * right / len(rows):.1f} %) within {WITHIN:.2f} of "
        f"the best of {', '.join(backends)}; by the choice alone {right_choices} "
        f"({100 * right_choices / len(rows):.1f} %); native alone {native_alone} "
        f"({100 * native_alone / len(rows):.1f} %); another than native fastest at {elsewhere}"
    )
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"calibration": calibration, "points": rows}, file, indent=1)
    if right >= SHARE * len(rows):
        return 0
    print(
        f"status 1: auto was expected to be right at {100 * SHARE:.0f} % of the points "
        f"({WITHIN:.2f} times the best at most), and was at {100 * right / len(rows):.1f} %; a "
        "busy machine measures badly: once more, with nothing else running",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
