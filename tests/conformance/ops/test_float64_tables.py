"""The tables of float64_tables_internal.h are what MPFR makes of them."""

import float64_tables
import gmpy2


def test_header_is_what_the_script_makes() -> None:
    with gmpy2.context(gmpy2.get_context(), precision=float64_tables.PRECISION):
        made = float64_tables.header()
    assert float64_tables.HEADER.read_text(encoding="utf-8") == made
