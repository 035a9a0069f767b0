"""Objects that change, end or lie while ops looks at them raise an error or are read as they were.

Each of these once ended the process, or ate its memory.
"""

import contextlib
import gc
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from emberharmony import ops


class Emptier:
    """An object that empties the list it is in when it is asked for its number or its elements."""

    def __init__(self, items: list[Any], number: float = 1) -> None:
        self.items = items
        self.number = number

    def _empty(self) -> None:
        self.items.clear()
        gc.collect()
        self.junk = [bytearray(64) for _ in range(1000)]

    def __index__(self) -> int:
        self._empty()
        return int(self.number)

    def __float__(self) -> float:
        self._empty()
        return float(self.number)


class ArrayEmptier(Emptier):
    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        self._empty()
        return np.asarray(float(self.number))


def emptied(kind: type[Emptier], number: float, *rest: object) -> list[Any]:
    items: list[Any] = []
    items.extend([kind(items, number), kind(items, number), *rest])
    return items


X = ops.asarray([[1.0, 2.0], [3.0, 4.0]])

INTEGER_LISTS: dict[str, Callable[[list[Any]], object]] = {
    "zeros": ops.zeros,
    "reshape": lambda v: ops.reshape(X, v),
    "sum": lambda v: ops.sum(X, axis=v),
    "pad": lambda v: ops.pad(X, v),
    "pad of pairs": lambda v: ops.pad(X, [v, [1, 1]]),
    "tile": lambda v: ops.tile(X, v),
    "roll": lambda v: ops.roll(X, v, axis=(0, 1)),
    "split": lambda v: ops.split(X, v),
    "permute_dims": lambda v: ops.permute_dims(X, v),
    "tensordot": lambda v: ops.tensordot(X, X, axes=(v, [0, 1])),
    "fftn": lambda v: ops.fft.fftn(X, s=v),
    "uniform": ops.random.uniform,
    "method": lambda v: X.reshape(v),
}


@pytest.mark.parametrize("name", INTEGER_LISTS)
def test_lists_of_integers_may_change_meanwhile(name: str) -> None:
    given = emptied(Emptier, 1)
    # Of some functions (1, 1) is no argument, which is another matter.
    with contextlib.suppress(ValueError, TypeError):
        INTEGER_LISTS[name](given)
    assert given == [], "the list was not even looked at"


@pytest.mark.parametrize("function", [ops.stack, ops.hstack, ops.vstack])
def test_lists_of_tensors_may_change_meanwhile(function: Callable[[list[Any]], Any]) -> None:
    given = emptied(ArrayEmptier, 7, 3.0)
    result = function(given)
    assert given == []
    assert np.asarray(result).ravel().tolist() == [7.0, 7.0, 3.0]


def test_nested_lists_may_change_meanwhile() -> None:
    outer: list[Any] = []
    outer.extend([[ArrayEmptier(outer), 1.0], [ArrayEmptier(outer), 2.0], [1.0, 2.0]])
    with pytest.raises((RuntimeError, ValueError)):
        ops.asarray(outer)

    class Number(int):
        def __float__(self) -> float:
            numbers.clear()
            return 1.0

    numbers: list[Any] = []
    numbers.extend([Number(5), Number(6), 2.5, 3.5])
    with pytest.raises(RuntimeError, match="changed"):
        ops.asarray(numbers)


def test_sequences_are_read_as_far_as_they_say() -> None:
    class Endless:
        def __len__(self) -> int:
            return 3

        def __getitem__(self, place: int) -> int:
            return 10 * place

    assert ops.asarray(Endless()).tolist() == [0, 10, 20]
    assert ops.asarray([Endless(), Endless()]).tolist() == [[0, 10, 20], [0, 10, 20]]


@pytest.mark.parametrize("moment", ["2020-01-01", "NaT"])
def test_moments_are_no_bytes(moment: str) -> None:
    for value in (np.datetime64(moment, "D"), np.timedelta64(5, "s")):
        with pytest.raises(TypeError, match="dtype"):
            ops.asarray(value)
        with pytest.raises(TypeError):
            ops.asarray([value, value])


@pytest.mark.parametrize("code", ["i2", "u4", "i8", "f4", "f8", "c8", "c16"])
def test_numbers_in_the_other_byte_order_are_turned(code: str) -> None:
    numbers = np.arange(12).reshape(3, 4)[:, ::2].astype(">" + code)
    tensor = ops.asarray(numbers)
    assert tensor.tolist() == numbers.tolist()
    assert tensor.dtype == np.dtype(code).name
    with pytest.raises(ValueError, match="copy"):
        ops.asarray(numbers, copy=False)


def test_protocol_of_pickle_must_be_a_number() -> None:
    with pytest.raises(TypeError):
        X.__reduce_ex__("5")


def test_pad_takes_no_dict() -> None:
    with pytest.raises(TypeError, match="pairs"):
        ops.pad(X, {0: (1, 1)})


def test_save_replaces_files_only(tmp_path: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ""):
        with pytest.raises(OSError, match="a file was expected"):
            ops.save(tmp_path / name, X)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe"]
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    "work", ["ops.sort(big)", "big + 1", "ops.asarray(np.zeros(1 << 16)) + 1", "big @ big"]
)
def test_interpreter_ends_while_a_thread_computes(work: str) -> None:
    program = f"""
        import threading, time
        import numpy as np
        from emberharmony import ops
        big = ops.random.normal((600, 600), seed=1)
        begun = threading.Event()
        def run():
            while True:
                {work}
                begun.set()
        for _ in range(3):
            threading.Thread(target=run, daemon=True).start()
        begun.wait()
        print("end")
    """
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


LONG = "x" * (1 << 20)
LONG_NAMES: dict[str, Callable[[], object]] = {
    "dtype": lambda: ops.zeros(2, dtype=LONG),
    "device": lambda: ops.zeros(2, device=LONG),
    "device object": lambda: ops.zeros(2, device=[LONG]),
    "window": lambda: ops.stft(ops.ones(64), 16, window=LONG),
    "norm": lambda: ops.fft.fft(X, norm=LONG),
    "order of a norm": lambda: ops.norm(X, LONG),
    "mode of pad": lambda: ops.pad(X, 1, mode=LONG),
    "mode of convolve": lambda: ops.convolve(ops.ones(3), ops.ones(3), mode=LONG),
    "indexing": lambda: ops.meshgrid(ops.ones(2), indexing=LONG),
    "aggr": lambda: ops.scatter(X, ops.asarray([0, 0]), aggr=LONG),
    "subscripts": lambda: ops.einsum(LONG, X),
    "keyword": lambda: ops.exp(X, **{LONG: 1}),
    "keyword of synchronize": lambda: ops.synchronize(**{LONG: 1}),
    "keyword of iinfo": lambda: ops.iinfo(ops.int8, **{LONG: 1}),
    "keyword of explain": lambda: ops.explain("add", **{LONG: 1}),
    "keyword of use_backend": lambda: ops.use_backend("native", **{LONG: 1}),
    "version": lambda: X.__array_namespace__(api_version=LONG),
    "side": lambda: ops.searchsorted(ops.ones(3), X, side=LONG),
    "mode of qr": lambda: ops.linalg.qr(X, mode=LONG),
    "method": lambda: ops.quantile(X, 0.5, method=LONG),
    "mode of take": lambda: X.take(ops.asarray([0]), 0, None, LONG),
    "backend": lambda: ops.set_backend(LONG),
}


@pytest.mark.parametrize("name", LONG_NAMES)
def test_messages_do_not_repeat_long_names(name: str) -> None:
    with pytest.raises((ValueError, TypeError, NotImplementedError)) as caught:
        LONG_NAMES[name]()
    message = str(caught.value)
    assert len(message) < 600, message[:600]
    assert "xxx" in message


AXES: dict[str, Callable[[int], object]] = {
    "sum": lambda axis: ops.sum(X, axis=axis),
    "sum of several": lambda axis: ops.sum(X, axis=(0, axis)),
    "flip": lambda axis: ops.flip(X, axis=axis),
    "concat": lambda axis: ops.concat([X, X], axis=axis),
    "method": lambda axis: X.mean(axis=axis),
    "permute_dims": lambda axis: ops.permute_dims(X, (0, axis)),
    "fft": lambda axis: ops.fft.fft(X, axis=axis),
}


@pytest.mark.parametrize("axis", [2, -3, 40000, -40000, 2**31, 2**40, -(2**63), 2**63, -(2**200)])
@pytest.mark.parametrize("name", AXES)
def test_axes_are_told_as_they_were_given(name: str, axis: int) -> None:
    with pytest.raises(ops.AxisError) as caught:
        AXES[name](axis)
    found = str(axis) if abs(axis) < 2**63 or axis == -(2**63) else "2^63"
    assert found in str(caught.value)


class Elsewhere:
    """Memory of ones that tells something else as its device."""

    def __init__(self, device: object) -> None:
        self.device = device

    def __dlpack_device__(self) -> object:
        return self.device

    def __dlpack__(self, **keywords: object) -> object:
        return np.ones(2).__dlpack__(**keywords)


@pytest.mark.parametrize(
    ("device", "error"),
    [
        (None, TypeError),
        ("cpu", TypeError),
        (1, TypeError),
        ([1, 0], TypeError),
        ((1,), TypeError),
        ((1, 0, 0), TypeError),
        (("1", 0), TypeError),
        ((1.0, 0), TypeError),
        ((1, None), TypeError),
        ((2**32 + 1, 0), BufferError),
        ((1, 2**40), BufferError),
        ((2**100, 0), BufferError),
        ((2, 0), BufferError),
        ((-1, 0), BufferError),
    ],
)
def test_devices_that_are_none(device: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="dlpack") as caught:
        ops.from_dlpack(Elsewhere(device))
    assert len(str(caught.value)) > 40, "a sentence"
    with pytest.raises(error):
        ops.asarray(Elsewhere(device))


class Interrupts:
    """Whose every answer is Ctrl-C."""

    def __index__(self) -> int:
        raise KeyboardInterrupt

    def item(self) -> int:
        raise KeyboardInterrupt


class InterruptsAttributes:
    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


class InterruptsTypes(type):
    @property
    def name(cls) -> str:
        raise KeyboardInterrupt


class NoDType(metaclass=InterruptsTypes):
    pass


INTERRUPTED: dict[str, Callable[[], object]] = {
    "type of a device": lambda: ops.from_dlpack(Elsewhere((Interrupts(), 0))),
    "number of a device": lambda: ops.from_dlpack(Elsewhere((1, Interrupts()))),
    "dl_device": lambda: X.__dlpack__(dl_device=(1, Interrupts())),
    "max_version": lambda: X.__dlpack__(max_version=(1, Interrupts())),
    "array": lambda: ops.asarray(InterruptsAttributes()),
    "scalar": lambda: ops.full((2,), Interrupts()),
    "dtype": lambda: ops.zeros(2, dtype=NoDType),
    "equal dtype": lambda: ops.float32 == NoDType,
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_an_interrupt_is_not_taken_for_a_wrong_argument(name: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        INTERRUPTED[name]()


def test_a_device_may_be_an_enumeration() -> None:
    assert ops.from_dlpack(Elsewhere((np.int64(1), True))).tolist() == [1.0, 1.0]


@pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizer needs terabytes of addresses"
)
@pytest.mark.parametrize("call", ["ops.unstack(x)", "ops.dstack(x)", "ops.concat(x)"])
def test_more_parts_than_memory_holds_are_refused_at_once(call: str) -> None:
    """2^40 tensors of no element: in a process with a limit, should they be made after all."""
    program = textwrap.dedent(f"""
        import resource
        from emberharmony import ops

        x = ops.zeros((2**40, 0))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, resource.RLIM_INFINITY))
        try:
            {call}
        except MemoryError:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """)
    process = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(process.stdout) < 100_000, "kilobytes were taken before it was refused"
