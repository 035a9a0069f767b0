"""What rewriting keeps, adds and removes."""

import textwrap

import both_versions
import numpy as np
import pytest


def fixed(source: str) -> str:
    return both_versions.rewritten(textwrap.dedent(source).lstrip())[0]


def expect(source: str, wanted: str) -> None:
    assert fixed(source) == textwrap.dedent(wanted).lstrip()


def test_format_and_comments_stay() -> None:
    expect(
        """
        '''A module.'''

        from __future__ import annotations

        import numpy as np  # arrays


        def f( x,y ):
            # the mean
            return np.concatenate(
                [
                    x,  # one
                    y   ,
                ],
                axis = 0,  # rows
            )   # done
        """,
        """
        '''A module.'''

        from __future__ import annotations
        from emberharmony import ops


        def f( x,y ):
            # the mean
            return ops.concatenate(
                [
                    x,  # one
                    y   ,
                ],
                axis = 0,  # rows
            )   # done
        """,
    )


def test_comments_above_an_import_stay_when_it_goes() -> None:
    expect(
        """
        import os

        # Third party
        import numpy as np  # arrays
        import pandas as pd

        # isort: off
        from numpy import cos


        # What is done with them.
        def f(x):
            # late, since it is slow to import
            import numpy.linalg as la
            return pd.Series(np.sin(cos(la.norm(x))) + tan(sqrt(4.0)))


        if os.name:
            # not at the top
            from numpy import tan
        # the last one
        from numpy import sqrt
        """,
        """
        import os

        # Third party
        import pandas as pd

        # isort: off
        from emberharmony import ops


        # What is done with them.
        def f(x):
            # late, since it is slow to import
            return pd.Series(ops.sin(ops.cos(ops.linalg.norm(x))) + ops.tan(ops.sqrt(4.0)))


        if os.name:
            # not at the top
            pass
        # the last one
        """,
    )


def test_an_import_that_is_still_used_stays() -> None:
    text = fixed("import numpy as np\n\nx = np.sin(1.0)\ny = np.interp(1, [0, 2], [3, 4])\n")
    assert "import numpy as np\n" in text
    assert "x = ops.sin(1.0)" in text
    assert "y = np.interp(1, [0, 2], [3, 4])" in text


def test_single_names_leave_an_import() -> None:
    text = fixed(
        "from numpy import sin, interp, cos\n\nx = sin(1.0) + cos(2.0)\ny = interp(1, [0], [1])\n"
    )
    assert "from numpy import interp\n" in text
    assert "ops.sin(1.0) + ops.cos(2.0)" in text


def test_an_import_that_nothing_used_before_stays() -> None:
    text = fixed("import numpy as np\nimport numpy.testing as npt\n\nx = np.sin(1.0)\n")
    assert "import numpy.testing as npt\n" in text
    assert "import numpy as np" not in text


def test_exported_names_stay() -> None:
    text = fixed('from numpy import sin, pi\n\n__all__ = ["pi"]\nx = sin(pi)\n')
    assert "from numpy import pi\n" in text


def test_an_import_within_a_function() -> None:
    expect(
        """
        def f(x):
            import numpy as np

            return np.tan(x)
        """,
        """
        from emberharmony import ops

        def f(x):

            return ops.tan(x)
        """,
    )


def test_a_block_that_was_only_an_import() -> None:
    text = fixed(
        "try:\n    import numpy as np\nexcept ImportError:\n    raise\n\nx = np.sin(1.0)\n"
    )
    compile(text, "module", "exec")
    assert "import numpy" not in text


def test_an_import_of_ops_is_not_added_twice() -> None:
    text = fixed("import numpy as np\nfrom emberharmony import ops\n\nx = np.sin(ops.pi)\n")
    assert text == "from emberharmony import ops\n\nx = ops.sin(ops.pi)\n"


def test_ops_gets_another_name_where_it_is_taken() -> None:
    text = fixed("import numpy as np\n\n\ndef f(x, ops):\n    return np.sin(x) + ops\n")
    assert "from emberharmony import ops as ember_ops" in text
    assert "return ember_ops.sin(x) + ops" in text


def test_nothing_safe_changes_nothing() -> None:
    source = "import numpy as np\n\nx = np.interp(1, [0, 2], [3, 4])\n"
    assert both_versions.rewritten(source) == (source, 0)


def test_line_endings_stay() -> None:
    text = both_versions.rewritten("import numpy as np\r\n\r\nx = np.sin(1.0)\r\n")[0]
    assert "\r\n\r\nx = ops.sin(1.0)\r\n" in text


def test_twice_is_once() -> None:
    once = fixed("import numpy as np\n\nx = np.sin(np.pi) + np.interp(1, [0, 2], [3, 4])\n")
    assert both_versions.rewritten(once) == (once, 0)


ARGUMENTS = [
    ("np.std(x, 0, ddof=1)", "ops.std(x, axis=0, correction=1)"),
    ("np.diff(x, 2)", "ops.diff(x, n=2)"),
    ("np.clip(x, a_min=0, a_max=1)", "ops.clip(x, min=0, max=1)"),
    ("np.clip(a=x, a_min=0, a_max=1)", "ops.clip(x, min=0, max=1)"),
    ("np.sum(x, axis=None, out=None)", "ops.sum(x, axis=None)"),
    ("np.array(x, dtype='f4')", 'ops.array(x, dtype="float32")'),
    ("np.eye(3, 4, 1)", "ops.eye(3, 4, k=1)"),
    ("np.where(x)", "ops.nonzero(x)"),
    ("np.cumsum(x)", "ops.cumsum(ops.ravel(x))"),
    ("np.cumsum(x, 0)", "ops.cumsum(x, 0)"),
    ("np.take(x, i)", "ops.take(ops.ravel(x), i)"),
    ("np.linalg.svd(x, compute_uv=False)", "ops.linalg.svdvals(x)"),
    ("np.linspace(0, 1, 5, False)", "ops.linspace(0, 1, 5, endpoint=False)"),
    ("np.einsum('i->', x, optimize=True)", "ops.einsum('i->', x)"),
    ("np.sort(x, kind='stable')", "ops.sort(x)"),
    ("np.arctan2(x, i)", "ops.atan2(x, i)"),
    ("np.amax(np.absolute(x))", "ops.max(ops.abs(x))"),
    ("np.meshgrid(*x)", "ops.meshgrid(*x)"),
    ("np.split(x, indices_or_sections=[1])", "ops.split(x, num_or_size_splits=[1])"),
]


@pytest.mark.parametrize(("old", "new"), ARGUMENTS, ids=[old for old, _ in ARGUMENTS])
def test_arguments(old: str, new: str) -> None:
    text = fixed(f"import numpy as np\n\n\ndef f(x, i):\n    return {old}\n")
    assert text.endswith(f"    return {new}\n"), text


def test_files(tmp_path: object) -> None:
    source = (
        "import numpy as np\n\n\ndef f(path, x):\n    np.save(path, x)\n    return np.load(path)\n"
    )
    text = fixed(source)
    assert "np." not in text
    x = np.arange(5.0)
    path = str(tmp_path / "x.npy")
    new = both_versions.load(text, "new")["f"](path, x)
    both_versions.check_equal(both_versions.load(source, "old")["f"](path, x), new, "files")


# What the purification plan shows of a feature-engineering code base, before and after.
BEFORE = """
import numpy as np


class Features:
    def cyclical(self, values, period):
        angle = 2 * np.pi * values / period
        return np.vstack((np.sin(angle), np.cos(angle)))

    def normalize(self, m):
        mean = np.mean(m, axis=0)
        std = np.std(m, axis=0)
        return (m - mean) / np.where(std > 0, std, 1.0)

    def split(self, count, seed=42):
        np.random.seed(seed)
        order = np.random.permutation(count)
        return order[: int(0.8 * count)], order[int(0.8 * count) :]

    def windows(self, x, size):
        return np.lib.stride_tricks.sliding_window_view(x, size)

    def strided(self, x, size):
        step = x.strides[0]
        shape = (len(x) - size + 1, size)
        return np.lib.stride_tricks.as_strided(x, shape=shape, strides=(step, step))

    def components(self, m, count):
        centred = m - np.mean(m, axis=0)
        u, s, vt = np.linalg.svd(centred, full_matrices=False)
        explained = s**2 / np.sum(s**2)
        return np.dot(centred, vt[:count].T), explained[:count]
"""

AFTER = """
import numpy as np
from emberharmony import ops


class Features:
    def cyclical(self, values, period):
        angle = 2 * ops.pi * values / period
        return ops.vstack((ops.sin(angle), ops.cos(angle)))

    def normalize(self, m):
        mean = ops.mean(m, axis=0)
        std = ops.std(m, axis=0)
        return (m - mean) / ops.where(std > 0, std, 1.0)

    def split(self, count, seed=42):
        np.random.seed(seed)
        order = np.random.permutation(count)
        return order[: int(0.8 * count)], order[int(0.8 * count) :]

    def windows(self, x, size):
        return ops.sliding_window_view(x, size)

    def strided(self, x, size):
        step = x.strides[0]
        shape = (len(x) - size + 1, size)
        return np.lib.stride_tricks.as_strided(x, shape=shape, strides=(step, step))

    def components(self, m, count):
        centred = m - ops.mean(m, axis=0)
        u, s, vt = ops.linalg.svd(centred, full_matrices=False)
        explained = s**2 / ops.sum(s**2)
        return ops.dot(centred, vt[:count].T), explained[:count]
"""


def test_the_plan_before_and_after() -> None:
    text = fixed(BEFORE)
    assert text == AFTER.lstrip()
    old = both_versions.load(BEFORE, "old")["Features"]()
    new = both_versions.load(text, "new")["Features"]()
    given = both_versions.inputs(5)
    m, t, x = given["m"], given["t"], given["x"]
    for call in (
        lambda f: f.cyclical(t, 24),
        lambda f: f.normalize(m),
        lambda f: f.split(20),
        lambda f: f.windows(x, 4),
        lambda f: f.strided(x, 4),
        lambda f: f.components(m, 3)[1],
        lambda f: np.abs(np.asarray(f.components(m, 3)[0])),
    ):
        both_versions.check_equal(call(old), call(new), "the plan")
