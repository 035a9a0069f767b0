"""The mapping table from NumPy to ops, derived from what the two libraries are.

A name of NumPy's is mapped where ops has a function of that name (or of another name of the same
NumPy function), parameter by parameter, as far as both signatures say that the parameters are the
same. What cannot be read from the libraries stands in differences.py.
"""

import enum
import functools
import inspect
import types
from dataclasses import dataclass, field

import numpy

from emberharmony import ops
from purify import differences

# The namespaces of NumPy that are looked through, and where ops has their functions.
SPACES = {
    "numpy": "",
    "numpy.linalg": "linalg",
    "numpy.fft": "fft",
    "numpy.random": "random",
    "numpy.lib.stride_tricks": "",
}


class Form(enum.Enum):
    """What an entry is."""

    FUNCTION = "function"
    CONSTANT = "constant"
    DTYPE = "dtype"
    TYPE = "type"
    RANDOM = "random"
    MODULE = "module"
    MISSING = "missing"


@dataclass(frozen=True)
class Entry:
    """A name of NumPy's.

    Attributes:
        numpy: Its full name: "numpy.linalg.svd".
        form: What it is.
        ops: The name in ops, without "ops."; "" if there is none.
        parameters: For each of NumPy's parameters that ops has, its name there.
        theirs: NumPy's signature; None where it has none.
        ours: The signature in ops.
        other_defaults: Parameters whose defaults differ, as "name: NumPy's, that of ops".
        reason: Why even the plainest call needs a person, or "".
        note: What that person should know.
    """

    numpy: str
    form: Form
    ops: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    theirs: inspect.Signature | None = None
    ours: inspect.Signature | None = None
    other_defaults: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""

    @property
    def not_taken(self) -> list[str]:
        """NumPy's parameters that ops does not have."""
        if self.theirs is None or self.form is not Form.FUNCTION:
            return []
        ignored = differences.SPEED_ONLY | {"subok", "signature", "casting", "like", "device"}
        return [p for p in self.theirs.parameters if p not in self.parameters and p not in ignored]


def signature_of(function: object) -> inspect.Signature | None:
    """A function's signature, or None where it has none to show."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def find(space: object, dotted: str) -> object | None:
    """What a dotted name stands for within a module, or None."""
    for part in dotted.split("."):
        space = getattr(space, part, None)
        if space is None:
            return None
    return space


@functools.cache
def numpy_object(name: str) -> object | None:
    """What "numpy.linalg.svd" stands for; None if NumPy has no such name."""
    try:
        found = find(numpy, name.removeprefix("numpy."))
    except ImportError:
        return None
    return found


def ops_name(name: str) -> str:
    """The name in ops of a function of NumPy's, or "" if there is none."""
    if name in differences.OTHER_THING:
        return ""
    if name in differences.OTHER_NAMES:
        return differences.OTHER_NAMES[name]
    space, _, short = name.rpartition(".")
    if space not in SPACES:
        return ""
    inside = SPACES[space]
    theirs = numpy_object(name)
    # NumPy's other names of the same object: arcsin and asin, absolute and abs.
    module = numpy_object(space) if space != "numpy" else numpy
    names = [short, *(other for other in dir(module) if getattr(module, other, None) is theirs)]
    for each in names:
        dotted = f"{inside}.{each}" if inside else each
        if not each.startswith("_") and find(ops, dotted) is not None:
            return dotted
    return ""


def match_parameters(theirs: inspect.Signature, ours: inspect.Signature) -> dict[str, str]:
    """NumPy's parameters that ops has: by name, by a known other name, or by position."""
    mine = list(ours.parameters.values())
    names = {parameter.name for parameter in mine}
    known = set(theirs.parameters) | set(differences.OTHER_PARAMETERS.values())
    found: dict[str, str] = {}
    for place, parameter in enumerate(theirs.parameters.values()):
        other_name = differences.OTHER_PARAMETERS.get(parameter.name, "")
        name = other_name if other_name in names else parameter.name
        if name in names:
            found[parameter.name] = name
        elif place < len(mine) and parameter.kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        ):
            other = mine[place]
            plain = other.kind in (
                inspect.Parameter.POSITIONAL_ONLY,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
            )
            # An array to write into is no number that stands at the same place: rint(x, out).
            if plain and other.name not in known and parameter.name != "out":
                found[parameter.name] = other.name
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL and any(
            each.kind is inspect.Parameter.VAR_POSITIONAL for each in mine
        ):
            found[parameter.name] = next(
                each.name for each in mine if each.kind is inspect.Parameter.VAR_POSITIONAL
            )
    return found


def default_text(value: object) -> str:
    """A default as it is written, in one form for what NumPy writes in several."""
    if value is inspect.Parameter.empty:
        return ""
    if value is numpy._NoValue:
        return "None"
    return value.__name__ if isinstance(value, type) else repr(value)


def differing_defaults(
    theirs: inspect.Signature, ours: inspect.Signature, parameters: dict[str, str]
) -> list[str]:
    """The parameters that mean different things where they are left out."""
    found = []
    for name, other in parameters.items():
        one, two = (
            default_text(theirs.parameters[name].default),
            default_text(ours.parameters[other].default),
        )
        if not one or one == two or (name, one, two) in differences.SAME_DEFAULTS:
            continue
        if {one, two} <= {"None", "False"} or (one == "0" and two == "0.0"):
            continue
        if name == "stop" or not two:
            continue
        found.append(f"{name}: {one}, ops {two}")
    return found


def function_entry(name: str, target: str) -> Entry:
    theirs, ours = signature_of(numpy_object(name)), signature_of(find(ops, target))
    if theirs is None or ours is None:
        note = "" if ours is not None else "ops does not tell its signature"
        return Entry(name, Form.FUNCTION, target, reason="default" if note else "", note=note)
    parameters = match_parameters(theirs, ours)
    defaults = differing_defaults(theirs, ours, parameters)
    meaning = differences.OTHER_MEANING.get(name, "")
    note = meaning or ("other defaults: " + "; ".join(defaults) if defaults else "")
    reason = "default" if note else ""
    return Entry(
        name, Form.FUNCTION, target, parameters, theirs, ours, tuple(defaults), reason, note
    )


def is_dtype(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, numpy.generic)


def dtype_name(value: object) -> str:
    """The name in ops of a scalar type or dtype of NumPy's, or ""."""
    try:
        name = numpy.dtype(value).name
    except TypeError:
        return ""
    return name if isinstance(getattr(ops, name, None), ops.DType) else ""


@functools.cache
def look_up(name: str) -> Entry:
    """The entry of a full name: "numpy.sin", "numpy.linalg.svd", "numpy.add.reduce"."""
    name = differences.REMOVED.get(name, name)
    value = numpy_object(name)
    space, _, short = name.rpartition(".")
    if name == "numpy.newaxis":
        return Entry(name, Form.CONSTANT, "newaxis")
    if name == "numpy.random" or space == "numpy.random":
        recipe = differences.RANDOM_RECIPES.get(short, "")
        form = Form.MODULE if short == "random" and space == "numpy" else Form.RANDOM
        return Entry(name, form, reason="random", note=recipe and f"for example {recipe}")
    if isinstance(value, types.ModuleType) or name == "numpy":
        return Entry(name, Form.MODULE)
    if is_dtype(value):
        target = dtype_name(value) if value.__module__ == "numpy" else ""
        abstract = value in (numpy.generic, numpy.number, numpy.integer, numpy.inexact)
        if target and not abstract:
            return Entry(name, Form.DTYPE, target)
        return Entry(name, Form.TYPE, reason="type", note=f"ops has no dtype {short}")
    if isinstance(value, float | int) and isinstance(getattr(ops, short, None), float):
        return Entry(name, Form.CONSTANT, short)
    target = ops_name(name) if value is not None else ""
    if target and callable(value):
        if isinstance(value, type) and not name.endswith(("finfo", "iinfo")):
            return Entry(name, Form.TYPE, target, reason="type")
        return function_entry(name, target)
    if isinstance(value, type):
        return Entry(name, Form.TYPE, reason="type", note=differences.OTHER_THING.get(name, ""))
    recipe = differences.RECIPES.get(name)
    note = f"{recipe[0]} is {recipe[1]}" if recipe else ""
    if value is None and not recipe:
        note = "NumPy 2 has no such name"
    return Entry(name, Form.MISSING, note=note)


def all_entries() -> list[Entry]:
    """The entries of all public names, by namespace and name."""
    entries = []
    for space in SPACES:
        module = numpy if space == "numpy" else numpy_object(space)
        names = sorted(each for each in dir(module) if not each.startswith("_"))
        for short in names:
            value = getattr(module, short)
            if isinstance(value, types.ModuleType) or short in ("test", "show_config"):
                continue
            entries.append(look_up(f"{space}.{short}"))
    return entries
