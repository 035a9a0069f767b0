"""Makes the tables and polynomials of float64_tables_internal.h, or checks that it holds them.

    float64_tables.py [--check]

Everything is computed with MPFR at 300 bits and rounded once. Polynomials interpolate at the
Chebyshev points of their interval, which is within a factor of about two of the best; their errors
go to stderr, relative to the result of the function.
"""

import argparse
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import gmpy2
from gmpy2 import mpfr

HEADER = (
    Path(__file__).resolve().parents[3]
    / "src/emberharmony/backend/native/float64_tables_internal.h"
)
PRECISION = 300
ROW = 4


def rounded(x: Any, bits: int = 53) -> Any:
    """x with so many bits, as a number of full precision."""
    with gmpy2.context(gmpy2.get_context(), precision=bits):
        short = +mpfr(x)
    return mpfr(short)


def on_grid(x: Any, exponent: int) -> Any:
    """The multiple of 2^exponent nearest to x."""
    return gmpy2.rint(x * mpfr(2) ** -exponent) * mpfr(2) ** exponent


def hexadecimal(x: Any) -> str:
    number = float(x)
    assert mpfr(number) == x, x
    return number.hex()


def parts(x: Any, bits: int = 53) -> tuple[Any, Any]:
    high = rounded(x, bits)
    return high, rounded(x - high)


def solve(matrix: list[list[Any]], right: list[Any]) -> list[Any]:
    """Gaussian elimination with pivots."""
    n = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda j: abs(rows[j][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in range(i + 1, n):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    found = [mpfr(0)] * n
    for i in reversed(range(n)):
        rest = sum((rows[i][j] * found[j] for j in range(i + 1, n)), mpfr(0))
        found[i] = (rows[i][n] - rest) / rows[i][i]
    return found


def polynomial(
    name: str,
    function: Callable[[Any], Any],
    low: Any,
    high: Any,
    terms: int,
    weight: Callable[[Any], Any],
) -> list[Any]:
    """Coefficients; weight is the share of the polynomial's error that the result sees."""
    middle, half = (mpfr(low) + high) / 2, (mpfr(high) - low) / 2
    pi = gmpy2.const_pi()
    points = [
        middle + half * gmpy2.cos(pi * (2 * i + 1) / (2 * terms)) + mpfr(2) ** -60
        for i in range(terms)
    ]
    found = solve([[x**k for k in range(terms)] for x in points], [function(x) for x in points])
    found = [rounded(c) for c in found]
    worst = mpfr(0)
    for i in range(401):
        x = middle + half * (2 * i - 400) / 400 + mpfr(2) ** -60
        error = sum((c * x**k for k, c in enumerate(found)), mpfr(0)) - function(x)
        worst = max(worst, abs(error * weight(x)))
    print(f"{name}: 2^{float(gmpy2.log2(worst)):.1f}", file=sys.stderr)
    return found


def array(name: str, values: list[Any]) -> list[str]:
    texts = [hexadecimal(value) for value in values]
    lines = [", ".join(texts[i : i + ROW]) for i in range(0, len(texts), ROW)]
    body = ",\n    ".join(lines)
    return [f"alignas(64) constexpr double {name}[{len(values)}] = {{\n    {body}}};"]


def constant(name: str, value: Any) -> list[str]:
    return [f"constexpr double {name} = {hexadecimal(value)};"]


def shifted_bits(value: Any, index: int) -> Any:
    """The number whose bits are those of value less index << 48."""
    mantissa = int(value * mpfr(2) ** 52)  # of a power in [1, 2)
    bits = (1023 << 52) + mantissa - (1 << 52) - (index << 48)
    fraction, exponent = bits & ((1 << 52) - 1), bits >> 52
    return mpfr((1 << 52) + fraction) * mpfr(2) ** (exponent - 1023 - 52)


def exponentials() -> list[str]:
    ln2 = gmpy2.log(mpfr(2))
    step = ln2 / 16
    high = rounded(step, 38)
    out = [
        "// Powers 2^(j/16): their bits less j << 48; what they are rounded by, over themselves."
    ]
    powers = [gmpy2.exp2(mpfr(j) / 16) for j in range(16)]
    shorter = [rounded(p) for p in powers]
    out += array("kPowers", [shifted_bits(p, j) for j, p in enumerate(shorter)])
    out += array("kHalfPowers", [shifted_bits(p, j) / 2 for j, p in enumerate(shorter)])
    out += array(
        "kPowersRest", [rounded((p - s) / s) for p, s in zip(powers, shorter, strict=True)]
    )
    out += constant("kSixteenthsPerOne", rounded(1 / step))
    out += ["// The first part has 38 bits, so that products with integers of 15 bits are exact."]
    out += constant("kLn2SixteenthHigh", high)
    out += constant("kLn2SixteenthLow", rounded(step - high))
    reach = step / 2 * mpfr("1.001")
    out += ["// (e^r - 1 - r) / r^2, and of r^2: (cosh(r) - 1) / r^2, (sinh(r) / r - 1) / r^2."]
    out += array(
        "kExpSeries",
        polynomial(
            "exp",
            lambda r: (gmpy2.expm1(r) - r) / r**2,
            -reach,
            reach,
            6,
            lambda r: r**2 / gmpy2.exp(r),
        ),
    )
    out += array(
        "kCoshSeries",
        polynomial(
            "cosh",
            lambda s: (gmpy2.cosh(gmpy2.sqrt(s)) - 1) / s,
            0,
            reach**2,
            3,
            lambda s: s,
        ),
    )
    out += array(
        "kSinhSeries",
        polynomial(
            "sinh",
            lambda s: (gmpy2.sinh(gmpy2.sqrt(s)) / gmpy2.sqrt(s) - 1) / s,
            0,
            reach**2,
            3,
            lambda s: s,
        ),
    )
    return out


def interval_edges(lowest: Any, count: int) -> list[tuple[Any, Any]]:
    """The intervals of z that the upper bits of its difference from `lowest` make."""
    points = []
    for i in range(count + 1):
        z = lowest + mpfr(i) / (2 * count)
        # Steps of the mantissa are twice as wide from 1 on.
        points.append(z if z <= 1 else 1 + (z - 1) * 2)
    return list(pairwise(points))


def inverse_of(low: Any, high: Any, exact_from: float) -> Any:
    """c near 1 / z such that z c - 1 is exact and small, or just small far from 1."""
    if low <= 1 < high:
        return mpfr(1)
    middle = 2 / (low + high)
    if abs(gmpy2.log(middle)) > exact_from:
        return on_grid(middle, -20)
    unit = 52 if low >= 1 else 53
    best, best_reach = None, mpfr(1)
    for bits in range(3, 10):
        for offset in (-1, 0, 1):
            c = on_grid(middle, -bits) + offset * mpfr(2) ** -bits
            reach = max(abs(low * c - 1), abs(high * c - 1))
            # A multiple of 2^-(unit + bits) of at most 53 bits.
            if reach <= mpfr(2) ** (53 - unit - bits) and reach < best_reach:
                best, best_reach = c, reach
    assert best is not None
    return best


def logarithms() -> list[str]:
    ln2 = gmpy2.log(mpfr(2))
    out = ["// The bits of 45/64, where the 16 intervals of z begin; about 1 / z in each."]
    lowest = mpfr(45) / 64
    out += ["constexpr uint64_t kLogLowest = 0x3fe6800000000000;"]
    edges = interval_edges(lowest, 16)
    inverses = [inverse_of(low, high, 0.2) for low, high in edges]
    out += array("kInverses", inverses)
    reach = max(
        max(abs(low * c - 1), abs(high * c - 1))
        for (low, high), c in zip(edges, inverses, strict=True)
    )
    near = max(abs(low - 1) + abs(high - 1) for low, high in edges if low <= 1 < high)
    print(f"log: |r| <= {float(reach):.4f}, near 1 {float(near):.4f}", file=sys.stderr)
    out += ["// (log(1 + r) - r) / r^2."]
    out += array(
        "kLogSeries",
        polynomial(
            "log", lambda r: (gmpy2.log1p(r) - r) / r**2, -reach, reach, 9, lambda r: abs(r) * 2
        ),
    )
    bases = (("Natural", None, -42), ("Binary", mpfr(2), -42), ("Decimal", mpfr(10), -43))
    for name, base, grid in bases:
        factor = mpfr(1) if base is None else 1 / gmpy2.log(base)
        two = ln2 * factor
        two_high = on_grid(two, grid)
        highs = [on_grid(-gmpy2.log(c) * factor, grid) for c in inverses]
        lows = [rounded(-gmpy2.log(c) * factor - h) for c, h in zip(inverses, highs, strict=True)]
        out += ["", f"struct {name}Base {{"]
        out += [f"  static constexpr bool kScaled = {'false' if base is None else 'true'};"]
        members: list[str] = []
        factor_high, factor_low = parts(factor)
        members += constant("kFactor", factor_high) + constant("kFactorLow", factor_low)
        members += constant("kTwoHigh", two_high) + constant("kTwoLow", rounded(two - two_high))
        members += array("kHigh", highs) + array("kLow", lows)
        text = "\n".join(members)
        text = text.replace("alignas(64) constexpr", "alignas(64) static constexpr")
        text = text.replace("\nconstexpr", "\nstatic constexpr")
        out += [("static " if text.startswith("constexpr") else "") + text, "};"]
    return [*out, *wide_logarithms(ln2)]


def wide_logarithms(ln2: Any) -> list[str]:
    out = ["", "// The same with 32 intervals from 91/128 for pow, without the terms up to r^2."]
    out += ["constexpr uint64_t kWideLogLowest = 0x3fe6c00000000000;"]
    edges = interval_edges(mpfr(91) / 128, 32)
    inverses = [inverse_of(low, high, 2.0) for low, high in edges]
    reach = max(
        max(abs(low * c - 1), abs(high * c - 1))
        for (low, high), c in zip(edges, inverses, strict=True)
    )
    print(f"pow: |r| <= {float(reach):.4f}", file=sys.stderr)
    high = on_grid(ln2, -42)
    out += constant("kLn2High", high) + constant("kLn2Low", rounded(ln2 - high))
    highs = [on_grid(-gmpy2.log(c), -42) for c in inverses]
    out += array("kWideInverses", inverses)
    out += array("kWideLogsHigh", highs)
    out += array(
        "kWideLogsLow",
        [rounded(-gmpy2.log(c) - h) for c, h in zip(inverses, highs, strict=True)],
    )
    out += array(
        "kWideLogSeries",
        polynomial(
            "pow",
            lambda r: (gmpy2.log1p(r) - r + r**2 / 2) / r**3,
            -reach,
            reach,
            8,
            lambda r: r**2,
        ),
    )
    return out


def trigonometry() -> list[str]:
    pi = gmpy2.const_pi()
    step = pi / 16
    high = rounded(step, 37)
    middle = rounded(step - high, 37)
    out = constant("kSixteenthsPerPi", rounded(1 / step))
    out += constant("kPiSixteenthHigh", high) + constant("kPiSixteenthMiddle", middle)
    out += constant("kPiSixteenthLow", rounded(step - high - middle))
    out += [
        "// Sines and cosines of j pi / 16. The sine of 0 is -0, to which any zero can be added."
    ]
    sines = [parts(gmpy2.sin(pi * j / 16)) for j in range(16)]
    cosines = [parts(gmpy2.cos(pi * j / 16)) if j != 8 else (mpfr(0), mpfr(0)) for j in range(16)]
    sines[0] = (mpfr("-0"), mpfr(0))
    out += array("kSines", [s[0] for s in sines]) + array("kSinesLow", [s[1] for s in sines])
    out += array("kCosines", [c[0] for c in cosines])
    out += array("kCosinesLow", [c[1] for c in cosines])
    out += ["// Of s = r^2: (tan(r) / r - 1) / s."]
    reach = (step / 2 * mpfr("1.001")) ** 2
    out += array(
        "kTanSeries",
        polynomial(
            "tan",
            lambda s: (gmpy2.tan(gmpy2.sqrt(s)) / gmpy2.sqrt(s) - 1) / s,
            0,
            reach,
            5,
            lambda s: s,
        ),
    )
    half_high, half_low = parts(pi / 2)
    out += constant("kHalfPiHigh", half_high) + constant("kHalfPiLow", half_low)
    out += ["// Less the bits of x it is about the bits of 1 / x."]
    out += ["constexpr uint64_t kInverseMagic = 0x7fde623822fc16e6;"]
    out += ["// Of z = x^2 up to 1/4: (asin(x) / x - 1) / z."]
    out += array(
        "kAsinSeries",
        polynomial(
            "asin",
            lambda z: (gmpy2.asin(gmpy2.sqrt(z)) / gmpy2.sqrt(z) - 1) / z,
            0,
            mpfr("0.25"),
            13,
            lambda z: z,
        ),
    )
    return [*out, *arctangents()]


def arctangents() -> list[str]:
    pi = gmpy2.const_pi()
    out = ["// c = point / unit of the intervals of atan, and atan(c)."]
    units, points, angles, reach = [], [], [], mpfr(0)
    for i in range(16):
        octave, second = divmod(i, 2)
        low = mpfr(2) ** (octave - 4) * (1 + mpfr(second) / 2)
        high = mpfr(2) ** (octave - 4) * (mpfr("1.5") + mpfr(second) / 2)
        if i == 0:
            c, low = mpfr(0), mpfr(0)
        else:
            c = rounded(gmpy2.tan((gmpy2.atan(low) + gmpy2.atan(high)) / 2), 8)
        if i == 15:
            units.append(mpfr(0))
            points.append(mpfr(1))
            angles.append(parts(pi / 2))
            reach = max(reach, 1 / low)
            continue
        units.append(mpfr(1))
        points.append(c)
        angles.append(parts(gmpy2.atan(c)))
        reach = max(reach, *(abs((x - c) / (1 + x * c)) for x in (low, high)))
    print(f"atan: |u| <= {float(reach):.4f}", file=sys.stderr)
    first = (1023 - 4) << 1  # of the bits of 1/16 >> 51
    out += [f"constexpr uint64_t kAtanFirst = {first};"]
    out += array("kAtanUnits", units) + array("kAtanPoints", points)
    out += array("kAtansHigh", [a[0] for a in angles]) + array("kAtansLow", [a[1] for a in angles])
    out += ["// Of s = u^2: (atan(u) / u - 1) / s."]
    out += array(
        "kAtanSeries",
        polynomial(
            "atan",
            lambda s: (gmpy2.atan(gmpy2.sqrt(s)) / gmpy2.sqrt(s) - 1) / s,
            0,
            reach**2 * mpfr("1.001"),
            7,
            lambda s: s,
        ),
    )
    return out


MITCHELL = mpfr("0.0861")  # the most by which log2(1 + f) is above f


def slopes() -> list[str]:
    """For atan2: tangents and angles by quarters of octaves below 1, told from bits."""
    points, angles, reach = [], [], mpfr(0)
    for j in range(16):
        low = gmpy2.exp2(-mpfr(j + 1) / 4 - MITCHELL)
        high = min(mpfr(1), gmpy2.exp2(-mpfr(j) / 4 + MITCHELL))
        c = rounded(gmpy2.tan((gmpy2.atan(low) + gmpy2.atan(high)) / 2), 8)
        if j == 15:
            c, low = mpfr(0), mpfr(0)
        points.append(c)
        angles.append(parts(gmpy2.atan(c)))
        reach = max(reach, *(abs((x - c) / (1 + x * c)) for x in (low, high)))
    print(f"atan2: |u| <= {float(reach):.4f}", file=sys.stderr)
    out = ["// For atan2: tangents by quarters of octaves below 1, and their angles."]
    out += array("kSlopes", points) + array("kSlopeAnglesHigh", [a[0] for a in angles])
    return out + array("kSlopeAnglesLow", [a[1] for a in angles])


def coarse_log(x: Any) -> Any:
    """What the bits of a number tell of its logarithm to base 2."""
    exponent = gmpy2.floor(gmpy2.log2(x))
    return exponent + x / gmpy2.exp2(exponent) - 1


def argument_at(target: Any) -> Any:
    """The a of [0, 1) where the coarse logarithms of 1 + a and 1 - a differ by so much."""
    low, high = mpfr(0), mpfr(1)
    for _ in range(120):
        middle = (low + high) / 2
        if coarse_log(1 + middle) - coarse_log(1 - middle) < target:
            low = middle
        else:
            high = middle
    return high


def inverse_hyperbolics() -> list[str]:
    ratios, reach = [], mpfr(0)
    for j in range(16):
        ends = []
        for k in range(46):
            for edge in (-1, 1):
                target = k + mpfr(j) / 16 + mpfr(edge) / 32
                a = argument_at(target) if target > 0 else mpfr(0)
                ends.append(gmpy2.log2((1 + a) / (1 - a)) - k)
        low, high = min(ends), max(ends)
        c = rounded(gmpy2.exp2((low + high) / 2), 8) if j > 0 else mpfr(1)
        ratios.append(c)
        exact = gmpy2.log2(c)
        half = gmpy2.log(mpfr(2)) / 2
        reach = max(reach, gmpy2.tanh(max(high - exact, exact - low) * half))
    print(f"atanh: |w| <= {float(reach):.4f}", file=sys.stderr)
    out = ["// For atanh: c in [1, 2), its bits less j << 48, and log(c) / 2."]
    logs = [gmpy2.log(c) / 2 for c in ratios]
    highs = [on_grid(x, -43) for x in logs]
    out += array("kRatios", [shifted_bits(c, j) for j, c in enumerate(ratios)])
    out += array("kRatioLogsHigh", highs)
    out += array("kRatioLogsLow", [rounded(x - h) for x, h in zip(logs, highs, strict=True)])
    out += ["// Of s = w^2: (atanh(w) / w - 1) / s; of z = t^2 up to 1/16: (asinh(t) / t - 1) / z."]
    out += array(
        "kAtanhSeries",
        polynomial(
            "atanh",
            lambda s: (gmpy2.atanh(gmpy2.sqrt(s)) / gmpy2.sqrt(s) - 1) / s,
            0,
            reach**2 * mpfr("1.001"),
            6,
            lambda s: s,
        ),
    )
    out += array(
        "kAsinhSeries",
        polynomial(
            "asinh",
            lambda z: (gmpy2.asinh(gmpy2.sqrt(z)) / gmpy2.sqrt(z) - 1) / z,
            0,
            mpfr("0.0626"),
            9,
            lambda z: z,
        ),
    )
    return out


def header() -> str:
    lines = [
        "// Tables and polynomials of the elementary functions of float64, made by",
        "// tests/conformance/ops/float64_tables.py.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace emberharmony::backend::native {",
        "namespace {",
        "",
        *exponentials(),
        "",
        *logarithms(),
        "",
        *trigonometry(),
        *slopes(),
        "",
        *inverse_hyperbolics(),
        "",
        "}  // namespace",
        "}  // namespace emberharmony::backend::native",
    ]
    return "// clang-format off\n" + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with gmpy2.context(gmpy2.get_context(), precision=PRECISION):
        text = header()
    if options.check:
        assert HEADER.read_text(encoding="utf-8") == text, f"{HEADER}: expected what is made here"
    else:
        HEADER.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
