"""Which backend computes."""

import contextlib
import difflib
import functools
import importlib
import importlib.metadata
import importlib.util
import operator
import os
import re
import site
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emberharmony import _core
from emberharmony._errors import UsageError
from emberharmony.ops._keywords import shorten_keywords

# Packages name theirs under this group of entry points; the value is the package that the plugin's
# file lies in.
ENTRY_POINTS = "emberharmony.backends"

# Namespaces that are backends without being registered: imported when they are named.
_NAMESPACES = ("numpy",)

_HOW_TO_LOAD = "ops.describe_backends() loads those that are there and chooses none of them"


@functools.cache
def _tell_folders() -> None:
    """Tells the loader where plugins and frameworks may be installed. Imports none of them."""
    paths = sysconfig.get_paths()
    packages = [paths["purelib"], paths["platlib"], *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        packages.append(site.getusersitepackages())
    for folder in dict.fromkeys(packages):
        _core.add_framework_folder(folder)
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            spec = importlib.util.find_spec(entry.value.partition(":")[0])
        except (ImportError, ValueError, AttributeError):
            continue
        for folder in (spec.submodule_search_locations or []) if spec is not None else []:
            _core.add_plugin_folder(str(Path(folder).absolute()))


def get_backend() -> str:
    """The name of the backend that computes; what it lacks "native" does."""
    return _core.current_backend()


def set_backend(name: str | None) -> None:
    """Chooses the backend for the whole process, loading its plugin and framework if need be.

    Args:
        name: A backend's name, such as "torch"; None or "auto" chooses by itself.

    Raises:
        ValueError: There is no usable backend of that name; the message names those that are
            there, every path that was tried, and what would help.
    """
    if name is None or name == "auto":
        auto_select_backend()
        return
    _load(name)
    _core.set_current_backend(name)


def _load(name: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"backend: expected a name, found {type(name).__name__}")
    if name in _core.backend_names():
        return
    if name in _NAMESPACES:
        try:
            namespace = importlib.import_module(name)
        except ImportError as error:
            raise ValueError(
                f"the backend {name} needs the package {name}, which cannot be imported: {error}"
            ) from error
        _register(name, namespace)
        return
    _tell_folders()
    fault = _core.load_backend(name)
    if fault:
        raise ValueError(
            f"expected the name of a backend or 'auto', found {name!r:.80}: {fault}; array API "
            f"namespaces are there by name ({', '.join(_NAMESPACES)}) or by register_backend"
        )


def prepare_backend(name: str) -> str:
    """Makes a backend ready to be named in a run's options, and returns its name.

    Raises:
        UsageError: There is no usable backend of that name; the message names those that are there.
    """
    if name == "auto":
        _tell_folders()
    elif name != "native":
        try:
            _load(name)
        except ValueError as error:
            raise UsageError(f"backend: {error}; there are {', '.join(_there())}") from None
    return name


def _there() -> list[str]:
    """The names that a run may have: auto, what is loaded, and what can be tried to be loaded."""
    return list(dict.fromkeys(["auto", *get_available_backends(), *_core.known_plugins()]))


def _register(name: str, namespace: object) -> bool:
    # Imported here: few programs need it.
    return importlib.import_module("emberharmony.ops._namespaces").register(name, namespace)


def register_backend(name: str, namespace: Any) -> None:
    """Makes an array API namespace a backend, to be chosen by its name.

    "numpy" is one from the start. Operations are called by the standard's names, on arrays over the
    same memory where the namespace takes it, and results are copied to where they belong. What the
    namespace lacks, raises an exception for, or gives in another dtype or shape is computed
    natively: backend_counts() tells how often and why. A backend stays for good.

    Args:
        name: Lower-case letters, digits and "_", beginning with a letter.
        namespace: A module or an object with the standard's functions and dtypes.

    Raises:
        ValueError: A name that is taken, or is none.
        TypeError: What has not the functions of a namespace.
    """
    if not isinstance(name, str) or not re.fullmatch("[a-z][a-z0-9_]*", name) or name == "auto":
        raise ValueError(
            "name: expected lower-case letters, digits and '_', beginning with a letter, and not "
            f"'auto', found {name!r:.80}"
        )
    if not callable(getattr(namespace, "asarray", None)):
        raise TypeError(
            "namespace: expected a module with the functions of the array API standard, such as "
            f"numpy, found {type(namespace).__name__} without asarray"
        )
    if name in _NAMESPACES or not _register(name, namespace):
        raise ValueError(f"name: there is a backend {name!r:.80} already: choose another name")


@contextlib.contextmanager
def use_backend(name: str | None) -> Iterator[str]:
    """Chooses a backend for a block, and the one before it again behind it.

    The choice is the whole process's, so that of other threads meanwhile as well.

    Args:
        name: As in set_backend.

    Yields:
        The name of the backend that computes within the block.
    """
    before = None if _core.chooses_automatically() else get_backend()
    set_backend(name)
    try:
        yield get_backend()
    finally:
        set_backend(before)


def explain(
    name: str, shape: int | Sequence[int] = (), dtype: object = "float64"
) -> dict[str, object]:
    """Tells which backend would compute an operation now, and why not the one that is chosen.

    Nothing is computed. Which operations there are, and what a backend never computes, is in
    describe_backends(); the names are those of backend_counts(), such as "add" and "matmul".

    Args:
        name: The operation's name.
        shape: That of the largest tensor; an integer is the length of a vector.
        dtype: That of the (first) tensor.

    Returns:
        `op`, `chosen` (the current backend), `backend` (the one that would compute), `reason`
        (why not the chosen one; empty if it would) and, where the choice is automatic and made by
        costs, `estimates`: for each backend its `device` and the `nanoseconds` that the call is
        estimated to take there, copies included (None: not measured); of a matrix product as of
        two square matrices. A layout or a value that the chosen backend refuses only in the call
        itself is not in it.

    Raises:
        ValueError: No operation of that name, or a negative length.
        TypeError: A dtype that the operation does not take, or a shape that is none.
    """
    names = _core.operation_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, 1) if isinstance(name, str) else []
        hint = f"is {near[0]!r} meant?" if near else "there are 'add', 'matmul' and others"
        raise ValueError(f"name: expected the name of an operation, found {name!r:.80}; {hint}")
    lengths = _lengths(shape)
    backend, reason = _core.explain_operation(name, dtype, len(lengths))
    explanation = {"op": name, "chosen": get_backend(), "backend": backend, "reason": reason}
    estimates = _core.estimate_costs(name, dtype, lengths)
    if estimates:
        explanation["chosen"] = "auto"
        explanation["backend"] = next(each["backend"] for each in estimates if each["is_chosen"])
        explanation["reason"] = _reason_of(estimates)
        explanation["estimates"] = [
            {name: value for name, value in each.items() if name != "is_chosen"}
            for each in estimates
        ]
    elif not reason and _core.chooses_automatically() and _is_measured_at_all():
        explanation["chosen"] = "auto"
        explanation["reason"] = (
            "calibrations do not measure it for this dtype: what is not measured is native"
        )
    return explanation


def _is_measured_at_all() -> bool:
    """Whether calls are given to backends by their costs, and not all to native."""
    return bool(_core.estimate_costs("add", "float64", (1000,)))


def _lengths(shape: int | Sequence[int]) -> tuple[int, ...]:
    try:
        lengths = (
            (operator.index(shape),)
            if hasattr(shape, "__index__")
            else tuple(map(operator.index, shape))
        )
    except TypeError:
        raise TypeError(
            f"shape: expected an integer or a sequence of integers, found {shape!r:.80}"
        ) from None
    if any(length < 0 for length in lengths):
        raise ValueError(f"shape: expected lengths of at least 0, found {shape!r:.80}")
    return lengths


def _reason_of(estimates: Sequence[dict[str, Any]]) -> str:
    """Why the automatic choice is what it is."""
    if _num_measured(estimates) > 1:
        return "it is estimated to be done first, or within a twentieth of it"
    if len(estimates) < 2:
        return f"no other backend is loaded: {_HOW_TO_LOAD}"
    if _num_measured(_core.estimate_costs("add", "float64", (1000,))) > 1:
        return (
            "no other backend computes it, or calibrations do not measure it for this dtype: what "
            "is not measured is native"
        )
    return "it is not measured on other backends: ops.calibrate() measures"


def _num_measured(estimates: Sequence[dict[str, Any]]) -> int:
    return sum(each["nanoseconds"] is not None for each in estimates)


def calibrate() -> dict[str, object]:
    """Measures what operations cost on each backend that is loaded.

    It takes as long as all of it needs to be seen twice alike, ten seconds at most; what is
    measured without being asked for takes a tenth of a second in each process until it is as good.
    From then on the automatic choice goes by it, in this process and in others that are started
    with EMBERHARMONY_CALIBRATION=on or read. Without it, and without an accelerator, it is always
    native: what another backend gives may differ in the last bits, and that is for you to choose.

    Where native alone is loaded there is nothing to compare: describe_backends() loads those that
    are there without choosing one, set_backend(name) loads one and chooses it.

    Returns:
        `backends` that were measured, with their devices, `num_measured` (operations and dtypes;
        one stands for those alike), `settled` (the share of them that was seen twice alike: low on
        a busy machine), `seconds`, `path`, where the measurements are kept (empty: nowhere), and
        `note`, what is to be known about them (mostly empty).

    Raises:
        ValueError: EMBERHARMONY_CALIBRATION says off.
        OSError: The file cannot be written.
    """
    _tell_folders()
    done = _core.calibrate()
    alone = len(done["backends"]) < 2
    note = f"no backend but native is loaded, so it stays native: {_HOW_TO_LOAD}" if alone else ""
    return {**done, "note": note}


def auto_select_backend() -> str:
    """Leaves the choice to the library, as it begins, and returns the name of who computes.

    That is native, unless there is the driver of an accelerator, or EMBERHARMONY_CALIBRATION or
    `calibrate` ask for more: then each call goes to who is estimated to be done first ("native" is
    returned all the same).
    """
    _core.choose_automatically()
    if _core.chooses_by_cost():
        _tell_folders()
    return _core.current_backend()


def get_available_backends() -> list[str]:
    """The names of the backends that are loaded, and of the namespaces that can be."""
    names = _core.backend_names()
    for name in _NAMESPACES:
        if name not in names and importlib.util.find_spec(name) is not None:
            names.append(name)
    return names


def describe_backends(load: bool = True) -> list[dict[str, object]]:
    """What there is to tell of every backend: what `ember backends --json` prints.

    Args:
        load: Whether backends are loaded, with their frameworks, to tell whether they work.

    Returns:
        For each: `name`, `is_there`, `is_chosen`, `version`, `framework`, `path`, `devices`,
        `num_ops`, `native_ops` (the operations it leaves to the native backend, with the reason)
        and `attempts` (path, fault and remedy of each file that was tried).
    """
    _tell_folders()
    for name in _NAMESPACES if load else ():
        with contextlib.suppress(ValueError):
            _load(name)
    return _core.describe_backends(load)


def backend_counts(name: str | None = None, *, reset: bool = False) -> dict[str, dict[str, object]]:
    """How often a backend computed each operation, and how often the native one had to.

    Args:
        name: The backend; by default the one that computes.
        reset: Whether counting starts anew behind this call.

    Returns:
        For each operation that was called: `ran`, `fell_back`, and the `reason` of the first
        time it fell back. The native backend counts nothing.

    Raises:
        ValueError: No backend of that name is loaded.
    """
    name = name or get_backend()
    counts = {
        op: {"ran": ran, "fell_back": fell_back, "reason": reason}
        for op, ran, fell_back, reason in _core.backend_counts(name)
    }
    if reset:
        _core.reset_backend_counts(name)
    return counts


def _choose_by_environment() -> None:
    """Follows the environment. What is wrong with it is a warning: imports always work."""
    name = os.environ.get("EMBERHARMONY_BACKEND", "")
    if _core.chooses_by_cost():
        _tell_folders()
    calibration = os.environ.get("EMBERHARMONY_CALIBRATION", "auto")
    if calibration not in ("", "auto", "on", "read", "off") and not calibration.startswith("/"):
        warnings.warn(
            f"EMBERHARMONY_CALIBRATION={calibration}: expected auto, on, read, off or an absolute "
            "path; taken as auto",
            RuntimeWarning,
            stacklevel=2,
        )
    if fault := _core.calibration_fault():
        warnings.warn(fault, RuntimeWarning, stacklevel=2)
    if name and name != "auto":
        try:
            set_backend(name)
        except ValueError as error:
            warnings.warn(f"EMBERHARMONY_BACKEND={name}: {error}", RuntimeWarning, stacklevel=2)


shorten_keywords(globals())
