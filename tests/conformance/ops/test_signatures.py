"""Every name of the standard is there, with its parameters' names, kinds and defaults."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from ops_case import ALL_DTYPES, IS_EMBER, xp

TABLE = Path(__file__).with_name("standard_signatures.txt")
CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")
ATTRIBUTES = ("dtype", "device", "mT", "ndim", "shape", "size", "T")
# Slots whose signature CPython itself gives: (self, value, /) and the like.
SLOTS = {"to_device", "__dlpack__", "__dlpack_device__", "__array_namespace__"}


def read_table() -> list[tuple[str, str]]:
    lines = [line.strip() for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return [
        (line[: line.index("(")], line[line.index("(") :])
        for line in lines
        if line and not line.startswith("#")
    ]


SIGNATURES = read_table()


def find(name: str) -> Any:
    """The object of a name of the table."""
    owner, _, last = name.rpartition(".")
    if owner == "x":
        return getattr(type(xp.zeros(3)), last)
    if owner == "info":
        return getattr(xp.__array_namespace_info__(), last)
    return getattr(getattr(xp, owner) if owner else xp, last)


def signature_of(text: str) -> inspect.Signature:
    scope: dict[str, Any] = {}
    exec(f"def f{text}: pass", scope)
    return inspect.signature(scope["f"])


# Parameters that NumPy has and the standard allows, for they have defaults.
BEYOND_THE_STANDARD = {"round": {"decimals"}}
# Parameters that the standard has by position only, and that are taken by name as well, as those of
# NumPy's methods are: x.astype(dtype="float32").
BY_NAME_AS_WELL = {("astype", "dtype"), ("repeat", "repeats")}


@pytest.mark.parametrize("name", [name for name, _ in SIGNATURES])
def test_name_exists_and_can_be_called(name: str) -> None:
    assert callable(find(name))


# numpy.diff(x, n, axis), where the standard has the axis first.
BY_POSITION_TOO = ("diff",)


@pytest.mark.parametrize("name, text", SIGNATURES, ids=[name for name, _ in SIGNATURES])
def test_signature(name: str, text: str) -> None:
    if name == "x.__complex__" and IS_EMBER:
        pytest.skip("a method that CPython writes no signature for")
    found = inspect.signature(find(name))
    wanted = signature_of(text)
    is_slot = name.startswith("x.") and name[2:] not in SLOTS
    parameters = list(found.parameters.values())
    expected = list(wanted.parameters.values())
    if is_slot:
        # pow's slot takes a third operand, with a default.
        required = [p for p in parameters if p.default is p.empty]
        kinds = [p.kind for p in required[1:]]
        assert kinds == [p.kind for p in expected[1:]], f"{name}{found}"
        return
    if name.startswith("info.") and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    if name.startswith("x."):
        parameters, expected = parameters[1:], expected[1:]
    extra = parameters[len(expected) :]
    if IS_EMBER:
        beyond = {p.name for p in extra}
        assert beyond <= BEYOND_THE_STANDARD.get(name, set()), f"{name}: {found}"
        assert all(p.default is not p.empty for p in extra), f"{name}: {found}"
    assert len(parameters) >= len(expected), f"{name}: expected {text}, found {found}"
    if IS_EMBER and name in BY_POSITION_TOO:
        # By name they come in any order: in NumPy's, in which we take them by position.
        expected.sort(key=lambda p: [mine.name for mine in parameters].index(p.name))
    for mine, theirs in zip(parameters, expected, strict=False):
        assert mine.name == theirs.name, f"{name}: expected {text}, found {found}"
        kind = theirs.kind
        if IS_EMBER and (name, mine.name) in BY_NAME_AS_WELL:
            kind = mine.POSITIONAL_OR_KEYWORD
        assert mine.kind == kind, f"{name}, {mine.name}: {mine.kind}, not {kind}"
        # A default where the standard has none serves users of other libraries: squeeze(x).
        same = mine.default == theirs.default and type(mine.default) is type(theirs.default)
        same |= theirs.default is theirs.empty
        assert same, f"{name}, {mine.name}: default {mine.default!r}, not {theirs.default!r}"


@pytest.mark.parametrize("name, text", SIGNATURES, ids=[name for name, _ in SIGNATURES])
def test_positional_only_and_keyword_only(name: str, text: str) -> None:
    """A call that does not fit the signature is a TypeError, before anything is computed."""
    if name.startswith("x.") and name[2:] not in ("to_device",):
        pytest.skip("slots are CPython's")
    f = find(name)
    wanted = list(signature_of(text).parameters.values())
    if name.startswith("x."):
        wanted, f = wanted[1:], getattr(xp.zeros(3), name[2:])
    positional = [p for p in wanted if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = any(p.kind == p.VAR_POSITIONAL for p in wanted)
    if not variadic:
        with pytest.raises(TypeError):
            f(*[xp.ones((2, 2))] * (len(positional) + 1))
    with pytest.raises(TypeError):
        f(*[xp.ones((2, 2)) for _ in positional], no_such_keyword=1)
    for p in positional:
        if p.kind == p.POSITIONAL_ONLY:
            with pytest.raises(TypeError):
                f(**{q.name: xp.ones((2, 2)) for q in positional})
            break


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_array_attributes(name: str) -> None:
    assert hasattr(xp.ones((2, 2)), name)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants(name: str) -> None:
    import math

    value = getattr(xp, name)
    if name == "newaxis":
        assert value is None
    elif name == "nan":
        assert isinstance(value, float)
        assert math.isnan(value)
    else:
        assert value == getattr(math, name)
        assert isinstance(value, float)


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_dtypes(name: str) -> None:
    dtype = getattr(xp, name)
    assert dtype == getattr(xp, name)
    assert hash(dtype) == hash(getattr(xp, name))
    assert len({getattr(xp, other) for other in ALL_DTYPES}) == len(ALL_DTYPES)
    assert all((dtype == getattr(xp, other)) == (name == other) for other in ALL_DTYPES)
    assert all((dtype != getattr(xp, other)) == (name != other) for other in ALL_DTYPES)
    assert isinstance(str(dtype), str)
    assert xp.zeros(2, dtype=dtype).dtype == dtype


def test_version() -> None:
    assert xp.__array_api_version__ == "2025.12"


def test_array_namespace() -> None:
    x = xp.ones(3)
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version=None) is xp
    for version in ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
        assert x.__array_namespace__(api_version=version) is xp
    with pytest.raises((ValueError, TypeError)):
        x.__array_namespace__(api_version="1999.12")


def test_public_functions_have_docstrings() -> None:
    missing = [name for name, _ in SIGNATURES if not (find(name).__doc__ or "").strip()]
    assert not missing, missing
