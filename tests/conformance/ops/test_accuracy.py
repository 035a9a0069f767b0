"""Elementwise functions are within 1 ulp of the exact value; sqrt and the like are exact."""

import os

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
