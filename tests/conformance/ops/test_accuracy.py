"""Elementwise functions are within 1 ulp of the exact value; sqrt and the like are exact."""

import os

import gmpy2
import numpy as np
import pytest
from measure_accuracy import BINARY, COMPLEX, RANGES, complex_error, real_error
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
    """Complex results, as points of the plane; near zeros of log and the like too."""
    error = complex_error(name, dtype, POINTS // 4, xp)
    assert error.ulp <= 4.0, f"{name}({error.where}): off by {error.ulp} ulp"


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
    half = xp.asarray([-0.6931471805599453])
    assert xp.logaddexp(half, half).tolist() == [2.3190468138462996e-17]
