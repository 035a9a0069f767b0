"""Times emberharmony.ops against NumPy and PyTorch, interleaved in one process.

    run.py [--libraries ops,numpy,torch] [--only REGEX] [--threads 1] [--rounds 9]
           [--run-ms 20] [--cpu] [--json FILE]

Every case is timed in rounds. In a round each library runs it once, starting with another one each
time, so that what else the machine does falls on all alike; a run repeats the call until about
20 ms have passed, or --run-ms. Reported are medians over the rounds, and the median over the rounds
of each library's time divided by ops' in the same round. Results are compared before anything is
timed. With --cpu the thread's processor time is taken instead of the clock's, and the least of the
rounds: for machines on which other work runs all the time. It misses other threads.

All libraries use the same number of threads. A library that cannot be imported is left out.
Medians and ratios go to stdout as Markdown, everything to build/bench/ops.json.
"""

import argparse
import importlib
import json
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent


class Case(NamedTuple):
    """A call to be timed: `prepare(library)` makes the arrays and returns the call."""

    name: str
    unit: str  # what `amount` counts: "call", "GB/s", "ns/element", "GFLOP/s" or "ms"
    amount: float  # bytes, elements or operations of one call
    prepare: Callable


class Library:
    """One of those compared: its arrays are made from NumPy's; names are the standard's."""

    def __init__(self, name: str, threads: int):
        self.name = name
        module = {"ops": "emberharmony.ops"}.get(name, name)
        self.xp = importlib.import_module(module)
        if name != "numpy":  # which takes its number from the environment
            self.xp.set_num_threads(threads)

    @property
    def version(self) -> str:
        if self.name == "ops":
            return importlib.import_module("emberharmony").__version__
        return self.xp.__version__

    def array(self, values):
        """A copy of a NumPy array, in memory of the library's own."""
        if self.name == "numpy":
            return values.copy()
        if self.name == "torch":
            return self.xp.from_numpy(values.copy())
        return self.xp.asarray(values, copy=True)

    def numpy(self, result):
        """A result as NumPy sees it."""
        import numpy

        if isinstance(result, tuple):
            result = result[0]
        return numpy.asarray(result)

    def function(self, name: str) -> Callable:
        """The function of that standard name, under whatever name the library has it."""
        renamed = {"torch": TORCH_NAMES, "numpy": NUMPY_NAMES, "ops": OPS_NAMES}[self.name]
        found = renamed.get(name, name)
        if callable(found):
            return found(self.xp)
        at = self.xp
        for part in found.split("."):
            at = getattr(at, part)
        return at


def _torch_quantile(torch):
    # torch.quantile refuses more than 16 million elements, and wants q as a tensor.
    return lambda x, q: torch.quantile(x, torch.tensor(q, dtype=x.dtype))


def _torch_median(torch):
    # torch.median takes the lower of the two middle values; this is what NumPy's is.
    return lambda x: torch.quantile(x, 0.5)


def _torch_unique(torch):
    return lambda x: torch.unique(x, sorted=True)


def _torch_transpose(torch):
    return lambda x: x.mT.contiguous()


def _numpy_transpose(numpy):
    return lambda x: numpy.ascontiguousarray(x.T)


def _generator(numpy, method):
    generator = numpy.random.default_rng(1)
    return getattr(generator, method)


TORCH_NAMES = {
    "concat": "cat",
    "median": _torch_median,
    "quantile": _torch_quantile,
    "unique_values": _torch_unique,
    "transposed_copy": _torch_transpose,
    "cumulative_sum": lambda torch: lambda x: torch.cumsum(x, 0),
    "fft": "fft.fft",
    "rfft": "fft.rfft",
    "svd": "linalg.svd",
    "uniform32": lambda torch: lambda n: torch.rand(n, dtype=torch.float32),
    "uniform64": lambda torch: lambda n: torch.rand(n, dtype=torch.float64),
    "normal32": lambda torch: lambda n: torch.randn(n, dtype=torch.float32),
    "normal64": lambda torch: lambda n: torch.randn(n, dtype=torch.float64),
    "sum_axis": lambda torch: lambda x, axis: torch.sum(x, dim=axis),
    "sort": lambda torch: lambda x: torch.sort(x)[0],
    "var": lambda torch: lambda x: torch.var(x, correction=0),
    "solve": "linalg.solve",
    "eigh": "linalg.eigh",
}
NUMPY_NAMES = {
    "transposed_copy": _numpy_transpose,
    "cumulative_sum": "cumsum",
    "fft": "fft.fft",
    "rfft": "fft.rfft",
    "svd": "linalg.svd",
    "solve": "linalg.solve",
    "eigh": "linalg.eigh",
    "uniform32": lambda numpy: lambda n: _generator(numpy, "random")(n, dtype=numpy.float32),
    "uniform64": lambda numpy: lambda n: _generator(numpy, "random")(n),
    "normal32": lambda numpy: lambda n: _generator(numpy, "standard_normal")(n, numpy.float32),
    "normal64": lambda numpy: lambda n: _generator(numpy, "standard_normal")(n),
    "sum_axis": lambda numpy: lambda x, axis: numpy.sum(x, axis=axis),
    "unique_values": "unique",
}
OPS_NAMES = {
    "transposed_copy": lambda ops: lambda x: ops.asarray(x.mT, copy=True),
    "fft": "fft.fft",
    "rfft": "fft.rfft",
    "svd": "linalg.svd",
    "solve": "linalg.solve",
    "eigh": "linalg.eigh",
    "uniform32": lambda ops: lambda n: ops.random.uniform((n,), dtype=ops.float32),
    "uniform64": lambda ops: lambda n: ops.random.uniform((n,), dtype=ops.float64),
    "normal32": lambda ops: lambda n: ops.random.normal((n,), dtype=ops.float32),
    "normal64": lambda ops: lambda n: ops.random.normal((n,), dtype=ops.float64),
    "sum_axis": lambda ops: lambda x, axis: ops.sum(x, axis=axis),
    "var": lambda ops: ops.var,
}


def small_calls() -> list[Case]:
    """What a call costs: eight elements."""
    import numpy

    x8 = numpy.linspace(0.5, 4.0, 8)
    y8 = numpy.linspace(1.0, 2.0, 8)

    def binary(library):
        x, y = library.array(x8), library.array(y8)
        return lambda: x + y

    def scalar(library):
        x = library.array(x8)
        return lambda: x + 1.0

    def index(library):
        x = library.array(x8)
        return lambda: x[2:5]

    def function(library):
        x, y, add = library.array(x8), library.array(y8), library.function("add")
        return lambda: add(x, y)

    def reduce(library):
        x, total = library.array(x8.reshape(2, 4)), library.xp.sum
        if library.name == "torch":
            return lambda: total(x, dim=0, keepdim=True)
        return lambda: total(x, axis=0, keepdims=True)

    def unary(library):
        x, exp = library.array(x8), library.function("exp")
        return lambda: exp(x)

    return [
        Case("x + y, n = 8", "call", 1, binary),
        Case("x + 1.0, n = 8", "call", 1, scalar),
        Case("x[2:5], n = 8", "call", 1, index),
        Case("add(x, y), n = 8", "call", 1, function),
        Case("sum(x, axis=0, keepdims=True), n = 8", "call", 1, reduce),
        Case("exp(x), n = 8", "call", 1, unary),
    ]


def elementwise() -> list[Case]:
    """Arithmetic and elementary functions over sizes and dtypes."""
    import numpy

    rng = numpy.random.default_rng(7)
    cases = []

    def call(name, *arrays):
        def prepare(library):
            f, inputs = library.function(name), [library.array(a) for a in arrays]
            return lambda: f(*inputs)

        return prepare

    for dtype in ("float32", "float64"):
        bytes_each = numpy.dtype(dtype).itemsize
        for exponent in (3, 5, 7):
            n = 10**exponent
            x = rng.uniform(0.5, 2.0, n).astype(dtype)
            y = rng.uniform(0.5, 2.0, n).astype(dtype)
            for name in ("add", "multiply", "divide"):
                label = f"{name} {dtype} 1e{exponent}"
                cases.append(Case(label, "GB/s", 3 * n * bytes_each, call(name, x, y)))
            label = f"less {dtype} 1e{exponent}"
            cases.append(Case(label, "GB/s", n * (2 * bytes_each + 1), call("less", x, y)))
            mask = x > y
            label = f"where {dtype} 1e{exponent}"
            cases.append(Case(label, "GB/s", n * (3 * bytes_each + 1), call("where", mask, x, y)))
        n = 100_000
        for name, low, high in (
            ("exp", -10, 10),
            ("log", 0.01, 100),
            ("log2", 0.01, 100),
            ("log10", 0.01, 100),
            ("sin", -10, 10),
            ("cos", -10, 10),
            ("tan", -1.5, 1.5),
            ("tanh", -5, 5),
            ("sqrt", 0, 100),
            ("expm1", -3, 3),
            ("log1p", -0.9, 10),
            ("sinh", -5, 5),
            ("cosh", -5, 5),
            ("asin", -1, 1),
            ("acos", -1, 1),
            ("atan", -10, 10),
            ("asinh", -10, 10),
            ("acosh", 1, 20),
            ("atanh", -1, 1),
        ):
            x = rng.uniform(low, high, n).astype(dtype)
            cases.append(Case(f"{name} {dtype} 1e5", "ns/element", n, call(name, x)))
        x = rng.uniform(0.5, 2.0, n).astype(dtype)
        y = rng.uniform(-3, 3, n).astype(dtype)
        for name in ("pow", "atan2", "remainder", "floor_divide"):
            cases.append(Case(f"{name} {dtype} 1e5", "ns/element", n, call(name, x, y)))

    big = rng.uniform(0.5, 2.0, 10**7)

    def in_place(library):
        x, y = library.array(big), library.array(big)

        def run():
            nonlocal x
            x += y
            return x

        return run

    cases.append(Case("x += y float64 1e7", "GB/s", 3 * big.nbytes, in_place))
    column, row = rng.uniform(size=(3000, 1)), rng.uniform(size=(1, 3000))
    cases.append(Case("broadcast add 3000 x 3000", "GB/s", 72e6, call("add", column, row)))
    square = rng.uniform(size=(3000, 3000))
    cases.append(
        Case("transposed copy 3000 x 3000", "GB/s", 144e6, call("transposed_copy", square))
    )
    ints = rng.integers(-1000, 1000, 10**6)
    cases.append(Case("add int64 1e6", "GB/s", 24e6, call("add", ints, ints)))
    cases.append(Case("multiply int64 1e6", "GB/s", 24e6, call("multiply", ints, ints)))
    cases.append(
        Case("floor_divide int64 1e6", "ns/element", 1e6, call("floor_divide", ints, ints | 1))
    )

    def by_one_number(array):
        def prepare(library):
            x = library.array(array)
            return lambda: x // 7

        return prepare

    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"):
        x = rng.integers(0 if dtype[0] == "u" else -100, 100, 10**5).astype(dtype)
        cases.append(Case(f"{dtype} 1e5 // 7", "ns/element", 1e5, by_one_number(x)))
    complex_numbers = rng.normal(size=10**6) + 1j * rng.normal(size=10**6)
    both = (complex_numbers, complex_numbers)
    cases.append(Case("multiply complex128 1e6", "GB/s", 48e6, call("multiply", *both)))
    return cases


def reductions() -> list[Case]:
    """Sums, scans, order statistics, sorting, selection."""
    import numpy

    rng = numpy.random.default_rng(8)
    cases = []
    table = rng.normal(size=(2500, 4000))

    def call(name, *arguments):
        def prepare(library):
            f = library.function(name)
            inputs = [library.array(a) if isinstance(a, numpy.ndarray) else a for a in arguments]
            return lambda: f(*inputs)

        return prepare

    cases += [
        Case("sum float64 1e7", "GB/s", table.nbytes, call("sum", table)),
        Case("sum float64 1e7 axis 0", "GB/s", table.nbytes, call("sum_axis", table, 0)),
        Case("sum float64 1e7 axis 1", "GB/s", table.nbytes, call("sum_axis", table, 1)),
        Case("sum float32 1e7", "GB/s", 4e7, call("sum", table.astype("float32"))),
        Case("mean float64 1e7", "GB/s", table.nbytes, call("mean", table)),
        Case("var float64 1e7", "GB/s", table.nbytes, call("var", table)),
        Case("max float64 1e7", "GB/s", table.nbytes, call("max", table)),
        Case("argmax float64 1e7", "GB/s", table.nbytes, call("argmax", table.ravel())),
        Case(
            "cumulative_sum float64 1e7",
            "GB/s",
            table.nbytes,
            call("cumulative_sum", table.ravel()),
        ),
        Case("median float64 1e7", "ms", 1, call("median", table)),
    ]
    five = [0.05, 0.25, 0.5, 0.75, 0.95]
    cases.append(Case("5 quantiles float64 1e7", "ms", 1, call("quantile", table.ravel(), five)))
    million = rng.normal(size=10**6)
    cases += [
        Case("sort float64 1e6", "ms", 1, call("sort", million)),
        Case("sort float32 1e6", "ms", 1, call("sort", million.astype("float32"))),
        Case("sort int64 1e6", "ms", 1, call("sort", rng.integers(0, 2**62, 10**6))),
        Case("argsort float64 1e6", "ms", 1, call("argsort", million)),
        Case("unique 1e6 of 1e3", "ms", 1, call("unique_values", rng.integers(0, 1000, 10**6))),
        Case("unique 1e6 of 2^62", "ms", 1, call("unique_values", rng.integers(0, 2**62, 10**6))),
        Case(
            "searchsorted 1e6 in 1e6", "ms", 1, call("searchsorted", numpy.sort(million), million)
        ),
    ]
    indices = rng.integers(0, 10**6, 10**6)
    mask = rng.uniform(size=10**6) < 0.5

    def take(library):
        x, at = library.array(million), library.array(indices)
        return lambda: x[at]

    def select(library):
        x, where = library.array(million), library.array(mask)
        return lambda: x[where]

    cases += [
        Case("x[integers] 1e6", "ns/element", 1e6, take),
        Case("x[mask] 1e6", "ns/element", 1e6, select),
    ]
    for bits in (32, 64):
        for kind in ("uniform", "normal"):
            label = f"{kind} float{bits} 1e6"
            cases.append(Case(label, "ns/element", 1e6, call(f"{kind}{bits}", 10**6)))
    return cases


def rows() -> list[Case]:
    """Functions along the rows of matrices, of which there are many; and transposed matrices."""
    import numpy

    rng = numpy.random.default_rng(10)
    cases = []
    five = [0.05, 0.25, 0.5, 0.75, 0.95]

    def along(name, array, *arguments):
        def prepare(library):
            f, x = getattr(library.xp, name), library.array(array)
            axis = {"dim" if library.name == "torch" else "axis": 1}
            if library.name == "torch" and arguments:
                import torch

                q = torch.tensor(five, dtype=x.dtype)
                return lambda: f(x, q, **axis)
            if library.name == "torch" and name in ("sort", "max"):
                return lambda: f(x, **axis)[0]
            if library.name == "torch" and name == "median":  # which is not the lower one
                return lambda: library.xp.quantile(x, 0.5, **axis)
            return lambda: f(x, *arguments, **axis)

        return prepare

    for dtype in ("float64", "float32"):
        for count, n in ((100_000, 10), (10_000, 100), (1_000, 1_000)):
            table = rng.normal(size=(count, n)).astype(dtype)
            for name in ("sort", "argsort", "argmax", "max", "sum", "median"):
                label = f"{name} of {count} rows of {n} {dtype}"
                cases.append(Case(label, "ns/element", table.size, along(name, table)))
            if dtype == "float64":  # with lists of q NumPy makes float64 of float32
                label = f"quantile of {count} rows of {n} {dtype}"
                cases.append(Case(label, "ns/element", table.size, along("quantile", table, five)))

    def transposed(table):
        def prepare(library):
            f, x = library.xp.sum, library.array(table)
            view = x.T
            return lambda: f(view)

        return prepare

    for shape in ((3000, 3000), (1_000_000, 10), (10, 1_000_000)):
        table = rng.normal(size=shape)
        label = f"sum of a transposed {shape[0]} x {shape[1]}"
        cases.append(Case(label, "GB/s", table.nbytes, transposed(table)))
    return cases


def distributions() -> list[Case]:
    """Random numbers by NumPy's generator and by ours."""
    draws = {
        "integers": ("integers", (0, 1000)),
        "gamma": ("gamma", (2.5, 1.0)),
        "poisson": ("poisson", (4.0,)),
        "poisson of mean 100": ("poisson", (100.0,)),
        "binomial": ("binomial", (20, 0.3)),
        "binomial of mean 400": ("binomial", (1000, 0.4)),
    }
    n = 10**6

    def draw(name, parameters):
        def prepare(library):
            if library.name == "torch":
                raise NotImplementedError("its distributions take tensors of parameters")
            if library.name == "numpy":
                f = getattr(library.xp.random.default_rng(1), name)
                return lambda: f(*parameters, size=n)
            f = getattr(library.xp.random, name)
            return lambda: f((n,), *parameters)

        return prepare

    return [
        Case(f"random {label} 1e6", "ns/element", n, draw(*arguments))
        for label, arguments in draws.items()
    ]


def matrices() -> list[Case]:
    """Linear algebra and Fourier transforms."""
    import numpy

    rng = numpy.random.default_rng(9)
    cases = []

    def call(name, *arrays):
        def prepare(library):
            f, inputs = library.function(name), [library.array(a) for a in arrays]
            return lambda: f(*inputs)

        return prepare

    for dtype in ("float32", "float64"):
        a = rng.normal(size=(1024, 1024)).astype(dtype)
        b = rng.normal(size=(1024, 1024)).astype(dtype)
        label = f"matmul {dtype} 1024"
        cases.append(Case(label, "GFLOP/s", 2 * 1024.0**3, call("matmul", a, b)))
    small = rng.normal(size=(8, 8))
    cases.append(Case("matmul float64 8", "call", 1, call("matmul", small, small)))
    a = rng.normal(size=(500, 500))
    cases += [
        Case("svd 500", "ms", 1, call("svd", a)),
        Case("solve 500", "ms", 1, call("solve", a, rng.normal(size=(500, 10)))),
        Case("eigh 500", "ms", 1, call("eigh", a + a.T)),
    ]
    for n, label in (
        (2**10, "2^10"),
        (2**20, "2^20"),
        (10**6, "1e6"),
        (99_999, "9 * 41 * 271"),
        (1_000_003, "a prime, 1000003"),
    ):
        z = rng.normal(size=n) + 1j * rng.normal(size=n)
        cases.append(Case(f"fft complex128 {label}", "ms", 1, call("fft", z)))
        cases.append(Case(f"rfft float64 {label}", "ms", 1, call("rfft", z.real.copy())))
    return cases


clock = time.perf_counter


def seconds_per_call(call: Callable, repetitions: int) -> float:
    begin = clock()
    for _ in range(repetitions):
        call()
    return (clock() - begin) / repetitions


def repetitions_of(call: Callable, run_seconds: float) -> int:
    """How often the call fits into a run."""
    repetitions = 1
    while True:
        seconds = seconds_per_call(call, repetitions) * repetitions
        if seconds > run_seconds / 4:
            return max(1, round(repetitions * run_seconds / seconds))
        repetitions *= 4


def agreement(case: Case, calls: dict, libraries: dict) -> str | None:
    """A sentence if the libraries' results differ by more than rounding."""
    import numpy

    # Random numbers, signs of vectors, what grows, and positions of equal elements may differ.
    differing = ("uniform", "normal ", "random", "svd", "+=", "eigh", "argsort of")
    if any(word in case.name for word in differing):
        return None
    results = {name: libraries[name].numpy(call()) for name, call in calls.items()}
    reference = results.get("numpy")
    if reference is None:
        return None
    for name, result in results.items():
        single = reference.dtype in (numpy.float32, numpy.complex64)
        tolerance = 1e-4 if single else 1e-9
        scale = numpy.max(numpy.abs(reference)) if reference.size else 1
        if result.shape != reference.shape or not numpy.allclose(
            result, reference, rtol=tolerance, atol=tolerance * scale
        ):
            return f"{case.name}: {name} and numpy differ"
    return None


def measure(case: Case, libraries: dict, rounds: int, run_seconds: float) -> dict:
    """Seconds a call, for each library a list over the rounds."""
    calls = {}
    for name, library in libraries.items():
        try:
            calls[name] = case.prepare(library)
            calls[name]()
        except Exception as error:  # one library's limits must not end the others' run
            print(f"{case.name}: {name}: {type(error).__name__}: {error}", file=sys.stderr)
            calls.pop(name, None)
    fault = agreement(case, calls, libraries)
    if fault:
        print(fault, file=sys.stderr)
    repetitions = {name: repetitions_of(call, run_seconds) for name, call in calls.items()}
    times = {name: [] for name in calls}
    order = list(calls)
    for round_index in range(rounds):
        for k in range(len(order)):
            name = order[(round_index + k) % len(order)]
            times[name].append(seconds_per_call(calls[name], repetitions[name]))
    return times


def shown(case: Case, seconds: float) -> str:
    if case.unit == "call":
        return f"{seconds * 1e9:,.0f} ns"
    if case.unit == "ms":
        return f"{seconds * 1e3:.3g} ms"
    if case.unit == "ns/element":
        return f"{seconds * 1e9 / case.amount:.2f} ns"
    return f"{case.amount / seconds / 1e9:.3g} {case.unit}"


def report(case: Case, times: dict, names: list[str], least: bool) -> str:
    cells = [case.name]
    for name in names:
        of = min if least else statistics.median
        cells.append(shown(case, of(times[name])) if name in times else "-")
    for name in names[1:]:
        if least and name in times and "ops" in times:
            cells.append(f"{min(times[name]) / min(times['ops']):.2f}")
        elif name in times and "ops" in times:
            ratios = [other / own for other, own in zip(times[name], times["ops"], strict=True)]
            cells.append(f"{statistics.median(ratios):.2f}")
        else:
            cells.append("-")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--libraries", default="ops,numpy,torch")
    parser.add_argument("--only", default="", help="cases whose name matches this expression")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    # On a machine shared with other work, short runs in many rounds: fewer are interrupted.
    parser.add_argument("--run-ms", type=float, default=20.0)
    parser.add_argument("--json", default=str(ROOT / "build" / "bench" / "ops.json"))
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    if options.cpu:
        global clock
        clock = time.thread_time
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(options.threads)

    libraries = {}
    for name in options.libraries.split(","):
        try:
            libraries[name] = Library(name, options.threads)
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    names = list(libraries)
    summary = "least" if options.cpu else "medians"
    print(
        f"{platform.machine()}, {options.threads} threads, {summary} of {options.rounds} rounds: "
    )
    print(", ".join(f"{name} {library.version}" for name, library in libraries.items()) + "\n")
    header = ["case", *names, *(f"{name} / ops" for name in names[1:])]
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    record = []
    for case in (
        small_calls() + elementwise() + reductions() + rows() + distributions() + matrices()
    ):
        if not re.search(options.only, case.name):
            continue
        times = measure(case, libraries, options.rounds, options.run_ms / 1000)
        print(report(case, times, names, options.cpu), flush=True)
        record.append(
            {"case": case.name, "unit": case.unit, "amount": case.amount, "seconds": times}
        )
    path = Path(options.json)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"threads": options.threads, "cases": record}, indent=1))


if __name__ == "__main__":
    main()
