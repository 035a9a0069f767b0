"""Elementwise functions are within 1 ulp of the exact value; sqrt and the like are exact."""

import os

import gmpy2
import numpy as np
import pytest
from measure_accuracy import BINARY, COMPLEX, PART, RANGES, complex_error, real_error
from ops_case import xp

POINTS = 60 * int(os.environ.get("EMBER_OPS_EXAMPLES", "12"))
ROUNDED = ("sqrt", "square", "reciprocal", "divide")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*RANGES, *BINARY])
def test_real(name: str, dtype: str) -> None:
    error = real_error(name, dtype, POINTS, xp)
    limit = 0.5 if name in ROUNDED else 1.0
    assert error.ulp <= limit, f"{name}({error.where}): off by {error.ulp} ulp"


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name: str, dtype: str) -> None:
    """Complex results, as points of the plane; near zeros, poles and branch points too."""
    error = complex_error(name, dtype, POINTS // 4, xp)
    assert error.ulp <= 5.0, f"{name}({error.where}): off by {error.ulp} ulp"


def test_logaddexp_beside_its_zeros() -> None:
    """Where e^x + e^y is near 1 the logarithm cancels, to any degree."""
    numbers = np.random.default_rng(5)
    with gmpy2.context(precision=300):
        for k in range(50 + POINTS // 10):
            x = -numbers.uniform(0, 0.69) * 10.0 ** -numbers.integers(0, 18)
            y = float(gmpy2.log(-gmpy2.expm1(gmpy2.mpfr(x)))) + numbers.normal() * 10.0 ** -(k % 17)
            exact = gmpy2.log(gmpy2.exp(gmpy2.mpfr(x)) + gmpy2.exp(gmpy2.mpfr(y)))
            unit = gmpy2.exp2(gmpy2.floor(gmpy2.log2(abs(exact))) - 52)
            for each in xp.logaddexp(xp.asarray([y, x]), xp.asarray([x, y])).tolist():
                assert abs(gmpy2.mpfr(each) - exact) <= 0.51 * unit, (x, y, each)
    # Numbers whose sum is within 1e-21 of 1: what is left has lost 70 bits.
    x = [-3.78819989206312, -3.0063901664055424, -2.866023970318663]
    y = [-0.02289644749084783, -0.050735486899081604, -0.058609266717771565]
    found = xp.logaddexp(xp.asarray(x), xp.asarray(y)).tolist()
    with gmpy2.context(precision=300):
        for a, b, each in zip(x, y, found, strict=True):
            exact = gmpy2.log(gmpy2.exp(gmpy2.mpfr(a)) + gmpy2.exp(gmpy2.mpfr(b)))
            unit = gmpy2.exp2(gmpy2.floor(gmpy2.log2(abs(exact))) - 52)
            assert abs(gmpy2.mpfr(each) - exact) <= 1.0 * unit, (a, b, each)
    half = xp.asarray([-0.6931471805599453])
    assert xp.logaddexp(half, half).tolist() == [2.3190468138462996e-17]


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_abs_of_complex(dtype: str) -> None:
    """Within 1 ulp from subnormal numbers to the largest, whatever stands beside an element."""
    generator = np.random.default_rng(8)
    part = PART[dtype]
    limits = np.finfo(part)
    low = int(limits.minexp) - int(limits.nmant) + 1
    n = 3 * POINTS
    z = np.empty(n, dtype)
    z.real = np.exp2(generator.uniform(low, int(limits.maxexp) - 1, n))
    z.imag = np.where(
        generator.random(n) < 0.7,
        z.real * generator.normal(0, 1, n),
        -np.exp2(generator.uniform(low, int(limits.maxexp) - 1, n)),
    )
    found = np.asarray(abs(xp.asarray(z)))
    assert found.dtype == part
    with gmpy2.context(precision=200, emin=-5000, emax=5000):
        for value, mine in zip(z.tolist(), found.tolist(), strict=True):
            exact = gmpy2.hypot(gmpy2.mpfr(value.real), gmpy2.mpfr(value.imag))
            if exact > float(limits.max):
                continue
            unit = float(np.spacing(np.asarray(float(exact), part)))
            assert abs(gmpy2.mpfr(mine) - exact) <= unit, value
    for i in range(0, n, 97):
        assert np.asarray(abs(xp.asarray(z[i : i + 1])))[0] == found[i], z[i]
    inf, nan = float("inf"), float("nan")
    special = [0, -0.0, complex(inf, nan), complex(nan, -inf), complex(nan, 1), complex(3, -4)]
    expected = [0, 0, inf, inf, nan, 5]
    np.testing.assert_array_equal(np.asarray(abs(xp.asarray(special, dtype=dtype))), expected)
