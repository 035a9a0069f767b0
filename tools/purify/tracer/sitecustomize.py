"""Notes which entries of NumPy are used, and from where, while `purify --verify` runs a command.

Python imports this file when it starts, because its folder is on PYTHONPATH; it uses the standard
library only and ends in the sitecustomize that it hides.

numpy and its public modules get a class that looks at reads of its attributes by other code than
that of libraries. A function is handed out within a proxy, so that its calls are told by the line
they stand on, whatever name they use (`from numpy import sin`); of all else the reading is noted.
"""

import importlib.abc
import importlib.util
import json
import os
import sys
import sysconfig
import types

_LOG = os.environ.get("PURIFY_LOG", "")
_ALSO = [each for each in os.environ.get("PURIFY_ALSO", "").split(os.pathsep) if each]
_HERE = os.path.dirname(os.path.abspath(__file__))
_LIBRARIES = tuple(
    {
        os.path.realpath(folder) + os.sep
        for folder in sysconfig.get_paths().values()
        if folder.endswith(("packages", sysconfig.get_python_version()))
    }
)
_seen = set()
_ours = {}


def _is_ours(path):
    """Whether code of a file is looked at: not the standard library, not what is installed."""
    known = _ours.get(path)
    if known is None:
        real = os.path.realpath(path)
        known = not path.startswith("<") and not real.startswith(_LIBRARIES)
        for package in _ALSO:
            known = known or f"{os.sep}{package}{os.sep}" in real
        parts = real.split(os.sep)
        known = known and "numpy" not in parts[:-1] and not real.startswith(_HERE)
        _ours[path] = known
    return known


def _note(what, entry, frame):
    place = (what, entry, frame.f_code.co_filename, frame.f_lineno)
    if place not in _seen:
        _seen.add(place)
        # At once and in one write, so that nothing is lost however the process ends.
        line = json.dumps(dict(zip(("what", "entry", "path", "line"), place, strict=True))) + "\n"
        descriptor = os.open(_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)


class _Proxy:
    """A function of NumPy's in the hands of code that is looked at."""

    __slots__ = ("_entry", "_target")

    def __init__(self, entry, target):
        object.__setattr__(self, "_entry", entry)
        object.__setattr__(self, "_target", target)

    def __call__(self, *arguments, **keywords):
        frame = sys._getframe(1)
        if _is_ours(frame.f_code.co_filename):
            _note("call", self._entry, frame)
        return self._target(*arguments, **keywords)

    def __getattr__(self, name):
        value = getattr(self._target, name)
        if name in ("reduce", "accumulate", "outer", "at", "reduceat"):
            return _Proxy(f"{self._entry}.{name}", value)
        return value

    @property
    def __class__(self):
        return type(self._target)

    def __eq__(self, other):
        return self._target == (other._target if type(other) is _Proxy else other)

    def __hash__(self):
        return hash(self._target)

    def __repr__(self):
        return repr(self._target)

    def __reduce__(self):
        return self._target.__reduce__()


class _Watched(types.ModuleType):
    """A module of NumPy's."""

    def __getattribute__(self, name):
        value = types.ModuleType.__getattribute__(self, name)
        if name.startswith("_") or isinstance(value, types.ModuleType):
            return value
        frame = sys._getframe(1)
        if not _is_ours(frame.f_code.co_filename):
            return value
        entry = f"{types.ModuleType.__getattribute__(self, '__name__')}.{name}"
        if callable(value) and not isinstance(value, type):
            return _Proxy(entry, value)
        _note("use", entry, frame)
        return value


class _Finder(importlib.abc.MetaPathFinder):
    """Watches NumPy's modules from the moment they are imported."""

    def find_spec(self, name, path, target=None):
        parts = name.split(".")
        if parts[0] != "numpy" or any(part.startswith("_") for part in parts):
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                self._watch(spec.loader, name)
                return spec
        return None

    @staticmethod
    def _watch(loader, name):
        load = loader.exec_module

        def exec_module(module):
            load(module)
            if type(module) is types.ModuleType:
                module.__class__ = _Watched
            if name == "numpy":
                # Who imports it: the first frame that is not the import system's own.
                frame = sys._getframe(1)
                while frame is not None and "importlib" in frame.f_code.co_filename:
                    frame = frame.f_back
                if frame is not None and _is_ours(frame.f_code.co_filename):
                    _note("import", "numpy", frame)

        loader.exec_module = exec_module


def _chain():
    """Runs the sitecustomize that this one hides, if there is one."""
    path = [each for each in sys.path if os.path.abspath(each or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if _LOG:
    sys.meta_path.insert(0, _Finder())
_chain()
