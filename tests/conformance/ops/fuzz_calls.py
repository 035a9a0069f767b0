"""Calls everything in ops with arguments that nobody should pass; exits 0 unless something breaks.

    fuzz_calls.py SEED CALLS LOG

Python exceptions are what is expected. What counts as a fault: a signal, an exit, SystemError (a
function that failed without an exception), and a result that cannot be read. Each call is written
to LOG before it is made, so that the one that crashed is the last line. The process's memory is
limited, so that sizes which pass every check but the allocator's end in MemoryError.
"""

import faulthandler
import inspect
import os
import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ops_arrays import LAYOUTS, STYLES, Array, make_values
from ops_case import ALL_DTYPES, dtype_of, xp

# Functions that end the process's connection to the outside or change it for the calls after.
LEFT_OUT = {
    "save",
    "load",
    "set_num_threads",
    "calibrate",
    "register_backend",
    "set_backend",
    "set_preferred_backend",
}
SPARE_MEMORY = 1 << 30

INTEGERS = [0, 1, 2, 3, -1, -2, -3, 5, 7, 16, 63, 64, 65, 1000, -1000, 2**31, -(2**31), 2**40]
INTEGERS += [2**62, 2**63 - 1, -(2**63), 2**63, 2**64, -(2**70), 2**100]
FLOATS = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.5,
    1e300,
    -1e-300,
    2.0**63,
    float("nan"),
    float("inf"),
    float("-inf"),
]
TEXTS = [
    "",
    "xy",
    "ij",
    "float32",
    "fro",
    "nuc",
    "left",
    "right",
    "ortho",
    "linear",
    "constant",
    "é\0",
]


class Raises:
    """Fails whenever Python asks it for anything."""

    def __index__(self) -> int:
        raise KeyError("index")

    def __len__(self) -> int:
        raise KeyError("len")

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise KeyError("array")

    def __dlpack__(self, **options: Any) -> Any:
        raise KeyError("dlpack")

    def __dlpack_device__(self) -> Any:
        raise KeyError("device")

    def __float__(self) -> float:
        raise KeyError("float")

    def __bool__(self) -> bool:
        raise KeyError("bool")

    def __iter__(self) -> Any:
        raise KeyError("iter")

    def __radd__(self, other: Any) -> Any:
        raise KeyError("radd")


class Liar:
    """Says one thing and does another."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __index__(self) -> Any:
        return "no integer"

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        if i > 2:
            raise IndexError(i)
        return i

    def __array__(self, *args: Any, **options: Any) -> Any:
        return "no array"


class Fuzzer:
    """Makes arguments; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def shape(self, rank: int | None = None) -> tuple[int, ...]:
        r = self.random
        rank = r.choice([0, 1, 1, 2, 2, 3, 4, 6]) if rank is None else rank
        return tuple(r.choice([0, 1, 1, 2, 3, 3, 4, 5]) for _ in range(rank))

    def tensor(self) -> Any:
        r = self.random
        kind = r.randrange(12)
        dtype = r.choice(ALL_DTYPES)
        if kind == 0:
            return xp.broadcast_to(xp.asarray(1, dtype=dtype_of("int8")), (1,) * r.choice([30, 64]))
        if kind == 1:
            shape = r.choice([(2**40, 0), (0, 2**62), (2**31, 0, 2**31), (2**22,), (3, 2**20)])
            return xp.broadcast_to(xp.zeros((1,) * len(shape), dtype=dtype_of(dtype)), shape)
        if kind == 2:
            return xp.broadcast_to(xp.zeros((), dtype=dtype_of(dtype)), self.shape())
        if kind == 3:
            n = r.choice([2, 3])
            return xp.asarray(np.eye(n) + 0.1, dtype=dtype_of("float64"))
        shape = self.shape() if kind < 10 else (r.choice([17, 100, 1000]),)
        values = make_values(r.randrange(1000), dtype, shape, r.choice(STYLES))
        return Array(values, r.choice(LAYOUTS)).to(xp)

    def key(self) -> Any:
        r = self.random
        one = [
            lambda: slice(*(r.choice([None, *INTEGERS[:15], 2**63, -(2**63)]) for _ in range(3))),
            lambda: r.choice(INTEGERS),
            lambda: ...,
            lambda: None,
            self.tensor,
            lambda: r.choice([True, False]),
            lambda: [0, 1],
            lambda: [True, False],
            lambda: np.int64(1),
            Raises,
        ]
        if r.random() < 0.5:
            return r.choice(one)()
        return tuple(r.choice(one)() for _ in range(r.randrange(5)))

    def argument(self, depth: int = 0) -> Any:
        r = self.random
        makers: list[Callable[[], Any]] = [self.tensor] * 12
        makers += [lambda: r.choice(INTEGERS)] * 4
        makers += [lambda: r.choice(FLOATS), lambda: complex(r.choice(FLOATS), r.choice(FLOATS))]
        makers += [lambda: r.choice([True, False, None])] * 2
        makers += [self.shape, lambda: tuple(r.choice(INTEGERS) for _ in range(r.randrange(5)))]
        makers += [lambda: dtype_of(r.choice(ALL_DTYPES)), lambda: r.choice(TEXTS), self.key]
        makers += [
            lambda: np.dtype("float16"),
            Raises,
            lambda: Liar(1),
            object,
            lambda: (1).__add__,
        ]
        makers += [
            lambda: np.zeros(self.shape(), dtype=r.choice(["f4", "i8", "U2", "O", "f2", ">i4"]))
        ]
        makers += [
            lambda: b"bytes",
            lambda: {},
            lambda: {1: 2},
            lambda: float,
            lambda: iter([1, 2]),
        ]
        if depth < 3:
            makers += [lambda: [self.argument(depth + 1) for _ in range(r.randrange(4))]] * 2
            makers += [lambda: tuple(self.argument(depth + 1) for _ in range(r.randrange(4)))] * 2
        return r.choice(makers)()

    def plausible(self, name: str, depth: int = 0) -> Any:
        """An argument of the kind that a parameter of that name takes; now and then any other."""
        r = self.random
        if r.random() < 0.15:
            return self.argument()
        small = lambda: r.choice([-3, -2, -1, 0, 0, 1, 1, 2, 3, 5, 2**40])  # noqa: E731
        if name in ("axis", "axes", "source", "destination", "axis1", "axis2"):
            return r.choice([None, small(), small(), tuple(small() for _ in range(r.randrange(4)))])
        if name in ("shape", "repetitions", "s", "window_shape", "size", "reps", "shift"):
            return r.choice([self.shape(), self.shape(), small()])
        if name in ("dtype", "to", "from_", "type"):
            return r.choice([None, dtype_of(r.choice(ALL_DTYPES))])
        if name in ("keepdims", "copy", "descending", "stable", "invert", "upper", "full_matrices"):
            return r.choice([True, False])
        if name in ("norm", "mode", "indexing", "side", "ord", "method", "window", "reduction"):
            return r.choice([*TEXTS, "hann", "same", "reflect", "wrap", "mean", 1, 2, float("inf")])
        if name in (
            "n",
            "k",
            "offset",
            "num",
            "repeats",
            "n_rows",
            "n_cols",
            "num_classes",
            "bins",
        ):
            return r.choice([small(), r.randrange(20)])
        if name in (
            "low",
            "high",
            "mean",
            "std",
            "start",
            "stop",
            "step",
            "d",
            "q",
            "p",
            "min",
            "max",
        ):
            return r.choice([*FLOATS, small(), self.tensor()])
        if name in ("arrays", "tensors", "sections"):
            return [self.tensor() for _ in range(r.randrange(4))]
        if name in ("pad_width", "widths"):
            return r.choice([small(), (small(), small()), ((small(), small()),) * r.randrange(4)])
        return self.tensor()


KEYWORDS = "axis axes keepdims dtype device copy n s norm ord offset k correction include_initial"
KEYWORDS += (
    " descending stable side sorter indexing shape mode upper full_matrices rtol invert size"
)
KEYWORDS += " low high mean std seed q method bins range weights from_logits reduction pad_width"
METHODS = "__add__ __radd__ __iadd__ __sub__ __mul__ __matmul__ __imatmul__ __truediv__ __pow__"
METHODS += " __ipow__ __mod__ __floordiv__ __lshift__ __rshift__ __and__ __or__ __xor__ __invert__"
METHODS += " __eq__ __lt__ __bool__ __int__ __float__ __complex__ __index__ __len__ __iter__"
METHODS += (
    " __getitem__ __setitem__ __contains__ __dlpack__ __array__ __reduce__ __repr__ to_device"
)
METHODS += " __array_namespace__ __deepcopy__ __neg__ __abs__ __delitem__"


def targets() -> list[tuple[str, Callable | None]]:
    """Names and functions; None stands for a method of a tensor."""
    found: list[tuple[str, Callable | None]] = [(name, None) for name in METHODS.split()]
    members = [n for n in dir(xp.zeros(1)) if not n.startswith("_")]
    found += [(name, None) for name in members]
    for prefix in ("", "linalg", "fft", "random"):
        owner = getattr(xp, prefix, None) if prefix else xp
        for name in sorted(dir(owner)):
            f = getattr(owner, name)
            if not name.startswith("_") and name not in LEFT_OUT and callable(f):
                found.append((f"{prefix}.{name}" if prefix else name, f))
    return found


def signature_of(f: Any) -> list[inspect.Parameter]:
    """The parameters of a function of ours, none if it has no signature or takes any number."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return []
    return (
        [] if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters) else parameters
    )


def describe(value: Any) -> str:
    """Short text of an argument, which must not fail either."""
    if isinstance(value, np.ndarray | type(xp.zeros(1))):
        return f"{type(value).__name__}{tuple(value.shape)}:{value.dtype}"
    if isinstance(value, list | tuple):
        return type(value).__name__ + "(" + ", ".join(map(describe, value)) + ")"
    return repr(value)[:60]


def read(value: Any, depth: int = 0) -> None:
    """Looks at a result: memory that is not there shows now."""
    if isinstance(value, list | tuple) and depth < 2:
        for part in value[:8]:
            read(part, depth + 1)
    elif type(value) is type(xp.zeros(1)):
        repr(value.dtype)
        if value.size <= 1 << 20:
            array = np.asarray(value)
            assert array.shape == tuple(value.shape)
            array.sum() if array.dtype.kind != "b" else array.any()
            repr(value)


def limit_memory() -> None:
    """Leaves the process so much that sizes which nobody has the memory for are refused."""
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        return  # the address sanitizer limits allocations itself, and needs terabytes of addresses
    # The allocator reserves a gigabyte of addresses when it is first asked: that is not to count.
    xp.zeros(1 << 20)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + SPARE_MEMORY, resource.RLIM_INFINITY))


def main() -> None:
    seed, calls, log = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    faulthandler.enable()
    limit_memory()
    fuzzer = Fuzzer(seed)
    choices = targets()
    np.seterr(all="ignore")
    sys.setrecursionlimit(2000)
    taken = 0
    with open(log, "w", encoding="utf-8", errors="backslashreplace") as out:
        for _ in range(calls):
            name, f = fuzzer.random.choice(choices)
            try:
                arguments = [
                    fuzzer.argument() for _ in range(fuzzer.random.choice([0, 1, 1, 2, 2, 3, 4]))
                ]
                if f is None:
                    f = getattr(fuzzer.tensor(), name)
                parameters = signature_of(f) if fuzzer.random.random() < 0.7 else []
                if parameters:
                    arguments = []
                if name.endswith(("item__", "__contains__")) and arguments:
                    arguments[0] = fuzzer.key()
                words = KEYWORDS.split()
                keywords = {
                    fuzzer.random.choice(words): fuzzer.argument()
                    for _ in range(fuzzer.random.choice([0, 0, 1, 1, 2]) if not parameters else 0)
                }
                for parameter in parameters:
                    fits = parameter.default is not parameter.empty
                    if fits and fuzzer.random.random() < 0.5:
                        continue
                    value = fuzzer.plausible(parameter.name)
                    if parameter.kind == parameter.POSITIONAL_ONLY:
                        arguments.append(value)
                    else:
                        keywords[parameter.name] = value
            except (AttributeError, MemoryError, ValueError, TypeError):
                continue
            text = ", ".join(map(describe, arguments))
            text += "".join(f", {key}={describe(value)}" for key, value in keywords.items())
            out.write(f"{name}({text})\n")
            out.flush()
            try:
                read(f(*arguments, **keywords) if callable(f) else f)
                taken += 1
            except SystemError as error:
                sys.exit(f"SystemError: {error}: {name}({text})")
            except Exception:
                continue
    print(f"{taken} calls had a result")


if __name__ == "__main__":
    main()
