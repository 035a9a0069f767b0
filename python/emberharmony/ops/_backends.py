"""Which backend computes."""

import functools
import importlib.metadata
import importlib.util
import os
import site
import sysconfig
import warnings
from pathlib import Path

from emberharmony import _core

# Packages name theirs under this group of entry points; the value is the package that the plugin's
# file lies in.
ENTRY_POINTS = "emberharmony.backends"


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
    if name not in _core.backend_names():
        _tell_folders()
        fault = _core.load_backend(name)
        if fault:
            raise ValueError(f"expected the name of a backend or 'auto', found {name!r}: {fault}")
    _core.set_current_backend(name)


def auto_select_backend() -> str:
    """Chooses the backend by itself, and returns its name."""
    _core.set_current_backend("native")
    return _core.current_backend()


def get_available_backends() -> list[str]:
    """The names of all backends that are loaded."""
    return _core.backend_names()


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
    """Follows EMBERHARMONY_BACKEND. What is wrong with it is a warning: imports always work."""
    name = os.environ.get("EMBERHARMONY_BACKEND", "")
    if name and name != "auto":
        try:
            set_backend(name)
        except ValueError as error:
            warnings.warn(f"EMBERHARMONY_BACKEND={name}: {error}", RuntimeWarning, stacklevel=2)
