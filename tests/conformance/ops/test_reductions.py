"""Special cases of reductions, and what random arrays do not reach: many elements, many threads."""

from itertools import pairwise

import numpy as np
import pytest
from ops_case import (
    ALL_DTYPES,
    COMPLEX,
    FLOATS,
    INTEGERS,
    IS_EMBER,
    NUMERIC,
    REAL_FLOATS,
    REALS,
    dtype_of,
    name_of,
    to_numpy,
    xp,
)

NAN = float("nan")


@pytest.mark.parametrize("name", FLOATS)
def test_of_nothing(name: str) -> None:
    """Reductions over no elements: the neutral element, or NaN where there is none."""
    dtype = dtype_of(name)
    for x, options, shape in (
        (xp.zeros((0,), dtype=dtype), {}, ()),
        (xp.zeros((2, 0, 3), dtype=dtype), {"axis": 1}, (2, 3)),
        (xp.zeros((2, 0, 3), dtype=dtype), {"axis": (0, 1), "keepdims": True}, (1, 1, 3)),
    ):
        assert np.array_equal(to_numpy(xp.sum(x, **options)), np.zeros(shape))
        assert np.array_equal(to_numpy(xp.prod(x, **options)), np.ones(shape))
        assert np.array_equal(to_numpy(xp.any(x, **options)), np.zeros(shape, dtype=bool))
        assert np.array_equal(to_numpy(xp.all(x, **options)), np.ones(shape, dtype=bool))
        assert np.array_equal(to_numpy(xp.count_nonzero(x, **options)), np.zeros(shape))
        mean = to_numpy(xp.mean(x, **options))
        assert mean.shape == shape
        assert np.isnan(mean).all()
        if name in COMPLEX:
            assert np.isnan(mean.real).all()
            assert np.isnan(mean.imag).all()
        else:
            assert np.isnan(to_numpy(xp.var(x, **options))).all()
            assert np.isnan(to_numpy(xp.std(x, **options))).all()


@pytest.mark.parametrize("name", REAL_FLOATS)
def test_nan_spreads(name: str) -> None:
    x = np.arange(40, dtype=name).reshape(4, 10)
    x[1, 7] = NAN
    t = xp.asarray(x)
    for function in ("sum", "prod", "mean", "var", "std", "max", "min"):
        f = getattr(xp, function)
        assert np.isnan(to_numpy(f(t))), function
        assert np.isnan(to_numpy(f(t, axis=1))).tolist() == [False, True, False, False], function
        assert np.flatnonzero(np.isnan(to_numpy(f(t, axis=0)))).tolist() == [7], function
    assert int(xp.argmax(t)) == 17
    assert int(xp.argmin(t)) == 17
    assert to_numpy(xp.sort(t, axis=1))[1].tolist()[:9] == [*range(10, 17), 18, 19]
    assert np.isnan(to_numpy(xp.sort(t, axis=1))[1, 9])
    assert to_numpy(xp.argsort(t, axis=1))[1].tolist() == [*range(7), 8, 9, 7]


@pytest.mark.parametrize("name", COMPLEX)
def test_parts_of_complex_means_are_independent(name: str) -> None:
    x = np.asarray([complex(1, NAN), complex(3, 2)], dtype=name)
    mean = to_numpy(xp.mean(xp.asarray(x)))
    assert mean.real == 2
    assert np.isnan(mean.imag)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_variance_does_not_cancel(name: str) -> None:
    """1e8 + 0..9 has variance 8.25 whatever the offset; E[x^2] - E[x]^2 would find noise."""
    offset = 1e8 if name == "float64" else 2.0**20
    x = xp.asarray((np.arange(1000) % 10 + offset).astype(name))
    assert abs(float(xp.var(x)) - 8.25) < 1e-4
    assert abs(float(xp.std(x)) - 8.25**0.5) < 1e-4
    deviation = float(xp.var(x, correction=1.0)) - 8.25 * 1000 / 999
    assert abs(deviation) < 1e-4


def test_corrections() -> None:
    x = xp.asarray([1.0, 2.0, 4.0])
    assert float(xp.var(x)) == pytest.approx(14 / 9)
    assert float(xp.var(x, correction=1)) == pytest.approx(7 / 3)
    assert float(xp.var(x, correction=0.5)) == pytest.approx(14 / 3 / 2.5)
    assert float(xp.std(x, correction=1.0)) == pytest.approx((7 / 3) ** 0.5)
    with np.errstate(all="ignore"):
        left_none = float(xp.var(x, correction=3))
    assert not np.isfinite(left_none)


def test_float32_sums_do_not_drift() -> None:
    """Ten million times 0.1: plain addition in float32 is off by some percent."""
    x = xp.full((10_000_000,), 0.1, dtype=xp.float32)
    exact = 10_000_000 * float(np.float32(0.1))
    assert abs(float(xp.sum(x)) - exact) / exact < 1e-6
    assert abs(float(xp.mean(x)) - float(np.float32(0.1))) < 1e-7


@pytest.mark.parametrize("name", INTEGERS)
def test_integer_sums_are_wide(name: str) -> None:
    largest = np.iinfo(name).max
    x = xp.full((5,), int(largest), dtype=dtype_of(name))
    if name not in ("int64", "uint64"):
        assert int(xp.sum(x)) == 5 * int(largest)
        assert to_numpy(xp.cumulative_sum(x)).tolist() == [int(largest) * i for i in range(1, 6)]
        assert int(xp.prod(x[:2])) == int(largest) ** 2
    assert name_of(xp.sum(x, dtype=dtype_of(name)).dtype) == name
    assert float(xp.mean(x)) == float(largest)


def test_bools_count() -> None:
    x = xp.asarray([True, False, True, True])
    assert int(xp.sum(x)) == 3
    assert name_of(xp.sum(x).dtype) == "int64"
    assert int(xp.prod(x)) == 0
    assert to_numpy(xp.cumulative_sum(x)).tolist() == [1, 1, 2, 3]
    assert float(xp.mean(x)) == 0.75
    assert int(xp.argmax(xp.asarray([0, 1, 1]))) == 1


def test_truth_of_special_values() -> None:
    for value in (NAN, float("inf"), -float("inf"), 1e-300, complex(0, NAN)):
        assert bool(xp.any(xp.asarray([value])))
        assert bool(xp.all(xp.asarray([value])))
    assert not bool(xp.any(xp.asarray([0.0, -0.0])))
    assert not bool(xp.all(xp.asarray([1.0, -0.0])))
    assert bool(xp.any(xp.asarray([0j, 1j])))


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_axis_tuples_are_reductions_one_by_one(name: str) -> None:
    x = xp.asarray((np.arange(24).reshape(2, 3, 4) % 5).astype(name))
    for function in ("sum", "any", "all", "count_nonzero"):
        f = getattr(xp, function)
        one_by_one = f(f(x, axis=2), axis=0) if function in ("sum", "any", "all") else None
        both = to_numpy(f(x, axis=(0, 2)))
        if one_by_one is not None and name != "bool":
            assert np.array_equal(both, to_numpy(one_by_one)), function
        assert np.array_equal(both, to_numpy(f(x, axis=(-1, 0)))), function
        assert to_numpy(f(x, axis=(0, 2), keepdims=True)).shape == (1, 3, 1)
        assert to_numpy(f(x, axis=())).shape == (2, 3, 4)


def test_numbers_as_arrays() -> None:
    """Arguments that may be numbers since 2025.12."""
    x = xp.asarray([1, 3, 5])
    found = xp.searchsorted(x, 3)
    assert (found.shape, int(found)) == ((), 1)
    assert int(xp.searchsorted(x, 3, side="right")) == 2
    assert to_numpy(xp.isin(x, 3)).tolist() == [False, True, False]
    found = xp.isin(3, x)
    assert (found.shape, bool(found)) == ((), True)
    assert to_numpy(xp.isin(x, 3, invert=True)).tolist() == [True, False, True]


def test_repeats_and_takes_with_arrays() -> None:
    x = xp.asarray([1, 2, 3])
    assert to_numpy(xp.repeat(x, xp.asarray([2, 0, 1]))).tolist() == [1, 1, 3]
    assert to_numpy(xp.take(x, xp.asarray([-1, 0]))).tolist() == [3, 1]


@pytest.mark.parametrize("name", REALS)
def test_sorting_many(name: str) -> None:
    """Beyond the sizes of the small sorts: keys of every kind, ties, runs, zeros of both signs."""
    generator = np.random.default_rng(11)
    n = 20_000
    if name in INTEGERS:
        limits = np.iinfo(name)
        x = generator.integers(limits.min, limits.max, n, dtype=name, endpoint=True)
    else:
        x = generator.normal(size=n).astype(name)
        x[::7] = np.round(x[::7])
        x[5], x[6], x[7], x[8], x[9] = NAN, np.inf, -np.inf, 0.0, -0.0
        x[-100:] = np.float64(np.finfo(name).tiny) * generator.integers(-3, 4, 100)
    for values in (
        x,
        np.sort(x),
        np.sort(x)[::-1],
        np.full(n, x[0]),
        x % 10 if name in INTEGERS else x,
    ):
        t = xp.asarray(values)
        assert np.array_equal(to_numpy(xp.sort(t)), np.sort(values), equal_nan=name in REAL_FLOATS)
        order = np.argsort(values, stable=True)
        assert np.array_equal(to_numpy(xp.argsort(t)), order)
        distinct = to_numpy(xp.unique_values(t))
        expected = np.unique(values[values == values])
        assert np.array_equal(np.sort(distinct[distinct == distinct]), expected)
        counts = xp.unique_counts(t)
        assert int(xp.sum(counts.counts)) == n
    matrix = xp.reshape(xp.asarray(x), (100, 200))
    columns = to_numpy(xp.sort(matrix, axis=0))
    assert np.array_equal(columns, np.sort(x.reshape(100, 200), 0), equal_nan=name in REAL_FLOATS)


@pytest.mark.skipif(not IS_EMBER, reason="a promise of ours alone")
@pytest.mark.parametrize("name", ["float32", "float64", "complex128", "int32"])
def test_bits_do_not_depend_on_threads(name: str) -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(size=(700, 1500)) * 100
    x = xp.asarray((values + 1j * values[::-1] if name in COMPLEX else values).astype(name))
    calls = [
        lambda: xp.sum(x),
        lambda: xp.sum(x, axis=0),
        lambda: xp.sum(x, axis=1),
        lambda: xp.mean(x, axis=1),
        lambda: xp.prod(x[:50, :50], axis=1),
        lambda: xp.cumulative_sum(x, axis=0),
        lambda: xp.cumulative_sum(x, axis=1),
        lambda: xp.exp(x / 1000) if name != "int32" else x * x,
        lambda: xp.matmul(x[:, :300], x.T[:300, :200]),
        lambda: x[x != 0],
    ]
    if name not in COMPLEX:
        calls += [lambda: xp.var(x), lambda: xp.var(x, axis=0), lambda: xp.std(x, axis=1)]
        calls += [
            lambda: xp.sort(x, axis=1),
            lambda: xp.argsort(x, axis=0),
            lambda: xp.max(x, axis=0),
        ]
    before = xp.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3, 7):
            xp.set_num_threads(threads)
            results.append([to_numpy(call()).tobytes() for call in calls])
    finally:
        xp.set_num_threads(before)
    for one, other in pairwise(results):
        differing = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        assert not differing, f"calls {differing} depend on the number of threads"


def test_dtype_arguments_cast_before_adding() -> None:
    x = xp.full((3,), 2**30, dtype=xp.int32)
    assert int(xp.sum(x, dtype=xp.int64)) == 3 * 2**30
    y = xp.asarray([0.5, 0.5, 0.75])
    assert float(xp.sum(y, dtype=xp.float32)) == 1.75
    assert complex(xp.sum(y, dtype=xp.complex64)) == 1.75
    for name in NUMERIC:
        assert name_of(xp.prod(xp.ones(2, dtype=dtype_of(name)), dtype=xp.complex128).dtype) == (
            "complex128"
        )
