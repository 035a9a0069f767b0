"""The standard's special-case tables (special_cases.txt), on a grid of values and their pairs."""

import operator
from itertools import groupby

import numpy as np
import pytest
from ops_case import COMPLEX_OF, REAL_FLOATS, check_array, text_of, to_numpy, xp
from special_cases import Case, cis_parts, read_table, result_mask

CASES = read_table()
# Functions that the standard defines by another: f(z) = w * g(z * i), with w the second item.
ROTATED = {
    "asin": ("asinh", -1j),
    "atan": ("atanh", -1j),
    "sin": ("sinh", -1j),
    "tan": ("tanh", -1j),
    "cos": ("cosh", 1),
}
OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "pow": operator.pow,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
INPLACE = {
    "add": operator.iadd,
    "subtract": operator.isub,
    "multiply": operator.imul,
    "divide": operator.itruediv,
    "floor_divide": operator.ifloordiv,
    "remainder": operator.imod,
    "pow": operator.ipow,
}
CONJUGATE = ("acos", "acosh", "asinh", "atanh", "cosh", "exp", "expm1", "log", "log1p", "log2")
CONJUGATE += ("log10", "sinh", "sqrt", "tanh")
BOOLEAN = {"equal", "not_equal", "isfinite", "isinf", "isnan", "signbit"}


def grid(dtype: str) -> np.ndarray:
    """Real values among which each condition of the table finds some."""
    limits = np.finfo(dtype)
    positive = [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 0.1, 7.0, np.pi, 1e4, 123456.75, limits.eps]
    positive += [1 + limits.eps, 1 - limits.eps / 2, 2.0**23, 2.0**60, np.nan, np.inf]
    positive += [limits.tiny, limits.smallest_subnormal, limits.max]
    values = np.array(positive, dtype=dtype)
    return np.concatenate([values, np.negative(values)])


def pairs(dtype: str) -> list[np.ndarray]:
    values = grid(dtype)
    return [part.reshape(-1) for part in np.meshgrid(values, values, indexing="ij")]


def quadruples(dtype: str) -> list[np.ndarray]:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, 2.0, -2.0], dtype=dtype)
    return [part.reshape(-1) for part in np.meshgrid(*[values] * 4, indexing="ij")]


def complex_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    z = np.empty(a.shape, dtype=COMPLEX_OF[a.dtype.name])
    z.real, z.imag = a, b
    return z


def by_function(kind: str) -> list:
    chosen = [case for case in CASES if case.kind == kind]
    return [
        pytest.param(function, list(cases), id=function)
        for function, cases in groupby(chosen, key=lambda case: case.function)
    ]


def check_cases(cases: list[Case], operands: list[np.ndarray], found: np.ndarray, what: str):
    """Checks each case on the operands that meet its conditions; each must meet some."""
    faults = []
    for case in cases:
        mask = case.mask(operands)
        assert mask.any(), f"{case}: no value of the grid meets it"
        chosen = [x[mask] for x in operands]
        result = found[mask]
        if result.dtype.kind == "c" and "cis" in case.results[0]:
            real, imaginary = cis_parts(case.results[0], chosen[1])
            right = (result.real == real) & (np.signbit(result.real) == np.signbit(real))
            right &= result.imag == imaginary
            right &= np.signbit(result.imag) == np.signbit(imaginary)
        elif result.dtype.kind == "c":
            right = result_mask(case.results[0], result.real, chosen)
            right &= result_mask(case.results[1], result.imag, chosen)
        else:
            right = result_mask(case.results[0], result, chosen)
        if not right.all():
            first = int(np.argmin(right))
            given = ", ".join(repr(x[first].item()) for x in chosen)
            faults.append(f"{case}: of ({given}) found {result[first]!r}")
    assert not faults, f"{what}:\n" + "\n".join(faults)


def result_dtype(function: str, dtype: str, is_complex: bool = False) -> str:
    if function in BOOLEAN:
        return "bool"
    return COMPLEX_OF[dtype] if is_complex and function != "abs" else dtype


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("real"))
def test_real(function: str, cases: list[Case], dtype: str) -> None:
    x = grid(dtype)
    out = getattr(xp, function)(xp.asarray(x))
    found = check_array(out, result_dtype(function, dtype), x.shape, function)
    check_cases(cases, [x], found, f"{function} of {dtype}")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("real"))
def test_real_one_by_one(function: str, cases: list[Case], dtype: str) -> None:
    """A vector kernel and the scalar code of its tail may differ in just these values."""
    x = grid(dtype)
    t = xp.asarray(x)
    found = np.stack([to_numpy(getattr(xp, function)(t[i])) for i in range(x.size)])
    check_cases(cases, [x], found, f"{function} of {dtype} scalars")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("complex"))
def test_complex(function: str, cases: list[Case], dtype: str) -> None:
    a, b = pairs(dtype)
    z = complex_of(a, b)
    out = getattr(xp, function)(xp.asarray(z))
    found = check_array(out, result_dtype(function, dtype, True), z.shape, function)
    check_cases(cases, [a, b], found, f"{function} of {z.dtype.name}")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function", ROTATED)
def test_complex_by_rotation(function: str, dtype: str) -> None:
    base, factor = ROTATED[function]
    cases = [case for case in CASES if case.function == base and case.kind == "complex"]
    a, b = pairs(dtype)
    # z * i = -b + a i; the cases of the base function are those of its operand (-b, a).
    found = to_numpy(getattr(xp, function)(xp.asarray(complex_of(a, b))))
    # -i * (u + v i) = v - u i, so that u + v i = -imag + real i.
    undone = complex_of(-found.imag, found.real) if factor == -1j else found
    check_cases(cases, [-b, a], undone, f"{function} of {COMPLEX_OF[dtype]} as {base}")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function", CONJUGATE)
def test_conjugate_symmetry(function: str, dtype: str) -> None:
    """f(conj(z)) is conj(f(z)), exactly; signs that the table leaves open are not compared."""
    a, b = pairs(dtype)
    f = getattr(xp, function)
    found = to_numpy(f(xp.asarray(complex_of(a, -b))))
    expected = np.conj(to_numpy(f(xp.asarray(complex_of(a, b)))))
    is_open = np.isnan(a) | ~np.isfinite(b)
    for part in ("real", "imag"):
        x, y = getattr(found, part), getattr(expected, part)
        same = np.where(is_open, np.abs(x) == np.abs(y), x == y) | (np.isnan(x) & np.isnan(y))
        same &= is_open | np.isnan(x) | (np.signbit(x) == np.signbit(y))
        assert same.all(), f"{function}, {part}: {text_of(complex_of(a, b)[~same])}"


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize(
    "function", ["asinh", "atanh", "sinh", "tanh", "asin", "atan", "sin", "tan"]
)
def test_odd_functions(function: str, dtype: str) -> None:
    """f(-z) is -f(z), exactly, for real and complex values without NaN."""
    f = getattr(xp, function)
    x = grid(dtype)
    x = x[~np.isnan(x)]
    found, expected = to_numpy(f(xp.asarray(-x))), -to_numpy(f(xp.asarray(x)))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    same &= np.isnan(found) | (np.signbit(found) == np.signbit(expected))
    assert same.all(), f"{function}: {text_of(x[~same])}"
    a, b = pairs(dtype)
    finite = np.isfinite(a) & np.isfinite(b)
    z = complex_of(a[finite], b[finite])
    found, expected = to_numpy(f(xp.asarray(-z))), -to_numpy(f(xp.asarray(z)))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    assert same.all(), f"{function}: {text_of(z[~same])}"


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("binary"))
def test_binary(function: str, cases: list[Case], dtype: str) -> None:
    x1, x2 = pairs(dtype)
    out = getattr(xp, function)(xp.asarray(x1), xp.asarray(x2))
    found = check_array(out, result_dtype(function, dtype), x1.shape, function)
    check_cases(cases, [x1, x2], found, f"{function} of {dtype}")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("binary"))
def test_binary_with_broadcasting(function: str, cases: list[Case], dtype: str) -> None:
    values = grid(dtype)
    f = getattr(xp, function)
    x1, x2 = pairs(dtype)
    out = f(xp.asarray(values)[:, None], xp.asarray(values)[None, :])
    found = check_array(out, result_dtype(function, dtype), (values.size,) * 2, function)
    check_cases(cases, [x1, x2], found.reshape(-1), f"{function} of {dtype}, a row with a column")
    rows = [to_numpy(f(xp.asarray(values), float(v))) for v in values if not np.isnan(v)]
    kept = ~np.isnan(x2)
    found = np.stack(rows, axis=1).reshape(-1)
    wide = [[c for c in cases if "nan" not in c.conditions[1].replace("not-nan", "")]]
    check_cases(wide[0], [x1[kept], x2[kept]], found, f"{function} of {dtype} with a number")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("binary"))
def test_operators(function: str, cases: list[Case], dtype: str) -> None:
    """Operators, reflected ones (a number on the left) and those in place: the same tables."""
    if function not in OPERATORS:
        pytest.skip("no operator")
    x1, x2 = pairs(dtype)
    found = to_numpy(OPERATORS[function](xp.asarray(x1), xp.asarray(x2)))
    check_cases(cases, [x1, x2], found, f"operator of {function}, {dtype}")
    values = grid(dtype)
    t = xp.asarray(values)
    numbers = [v for v in values if not np.isnan(v)]
    found = np.stack([to_numpy(OPERATORS[function](float(v), t)) for v in numbers]).reshape(-1)
    kept = ~np.isnan(x1)
    plain = [c for c in cases if "nan" not in c.conditions[0].replace("not-nan", "")]
    check_cases(plain, [x1[kept], x2[kept]], found, f"reflected operator of {function}, {dtype}")
    if function in INPLACE:
        target = xp.asarray(x1, copy=True)
        same = INPLACE[function](target, xp.asarray(x2))
        assert same is target
        check_cases(cases, [x1, x2], to_numpy(target), f"{function} in place, {dtype}")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function, cases", by_function("complex_binary"))
def test_complex_binary(function: str, cases: list[Case], dtype: str) -> None:
    a, b, c, d = quadruples(dtype)
    x1, x2 = complex_of(a, b), complex_of(c, d)
    out = getattr(xp, function)(xp.asarray(x1), xp.asarray(x2))
    found = check_array(out, result_dtype(function, dtype, True), x1.shape, function)
    check_cases(cases, [a, b, c, d], found, f"{function} of {x1.dtype.name}")


@pytest.mark.parametrize("dtype", REAL_FLOATS)
@pytest.mark.parametrize("function", ["add", "subtract"])
def test_complex_sums_by_parts(function: str, dtype: str) -> None:
    a, b, c, d = quadruples(dtype)
    f = getattr(np, function)
    found = to_numpy(getattr(xp, function)(*map(xp.asarray, (complex_of(a, b), complex_of(c, d)))))
    with np.errstate(invalid="ignore"):
        expected = complex_of(f(a, c), f(b, d))
    for part in ("real", "imag"):
        x, y = getattr(found, part), getattr(expected, part)
        same = ((x == y) & (np.signbit(x) == np.signbit(y))) | (np.isnan(x) & np.isnan(y))
        assert same.all(), f"{function}, {part}: {text_of(complex_of(a, b)[~same])}"


@pytest.mark.parametrize("dtype", REAL_FLOATS)
def test_clip_spreads_nan(dtype: str) -> None:
    x = np.array([np.nan, 1.0, 1.0, 1.0, np.nan], dtype=dtype)
    low = np.array([0.0, np.nan, 0.0, np.nan, np.nan], dtype=dtype)
    high = np.array([2.0, 2.0, np.nan, np.nan, np.nan], dtype=dtype)
    assert np.isnan(to_numpy(xp.clip(*map(xp.asarray, (x, low, high))))).all()
    assert np.isnan(to_numpy(xp.clip(xp.asarray(x), min=float("nan")))).all()


@pytest.mark.parametrize("dtype", REAL_FLOATS)
def test_round_of_complex_rounds_each_part(dtype: str) -> None:
    a, b = pairs(dtype)
    found = to_numpy(xp.round(xp.asarray(complex_of(a, b))))
    for part, x in (("real", a), ("imag", b)):
        y = getattr(found, part)
        expected = np.rint(x)
        same = ((y == expected) & (np.signbit(y) == np.signbit(x))) | (np.isnan(x) & np.isnan(y))
        assert same.all(), f"round, {part}: {text_of(x[~same])}"
