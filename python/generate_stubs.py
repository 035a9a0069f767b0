"""Writes the type stubs of the compiled functions from the table that the module is made of.

generate_stubs.py FOLDER     FOLDER/emberharmony is the package, with its compiled module
"""

import inspect
import re
import sys
import textwrap
import types
from collections.abc import Callable, Sequence
from pathlib import Path

HEADER = """\
# Written by python/generate_stubs.py from the signatures of the compiled functions.
import builtins
import os
from collections.abc import Iterator, Sequence
from typing import Any, SupportsFloat, SupportsIndex

import numpy
from emberharmony._core import {types}
{results}
Number = builtins.bool | builtins.int | builtins.float | builtins.complex
ArrayLike = Tensor | Number | Sequence[Any] | Any
DTypeLike = DType | str | type | Any
Shape = builtins.int | Sequence[builtins.int]

"""

# A stub shows of what it imports only that which it imports under a name of its own.
EXPORTED = {"ops": ("AxisError", "Device", "DType", "Tensor"), "linalg": ("LinAlgError",)}
OPS = """\
from emberharmony.ops import fft as fft, linalg as linalg, random as random
from emberharmony.ops._backends import (
    auto_select_backend as auto_select_backend,
    backend_counts as backend_counts,
    calibrate as calibrate,
    describe_backends as describe_backends,
    explain as explain,
    get_available_backends as get_available_backends,
    get_backend as get_backend,
    register_backend as register_backend,
    set_backend as set_backend,
    use_backend as use_backend,
)
from emberharmony.ops._devices import (
    get_available_devices as get_available_devices,
    get_default_device as get_default_device,
    get_num_threads as get_num_threads,
    is_available as is_available,
    memory_info as memory_info,
    memory_usage as memory_usage,
    set_default_device as set_default_device,
    set_num_threads as set_num_threads,
    synchronize as synchronize,
)
from emberharmony.ops._limits import finfo as finfo, iinfo as iinfo
from emberharmony.ops._namespace_info import __array_namespace_info__ as __array_namespace_info__

__array_api_version__: builtins.str
pi: builtins.float
e: builtins.float
inf: builtins.float
nan: builtins.float
newaxis: None
bool: DType
int8: DType
int16: DType
int32: DType
int64: DType
uint8: DType
uint16: DType
uint32: DType
uint64: DType
float32: DType
float64: DType
complex64: DType
complex128: DType

"""

CORE_HEADER = """\
# Written by python/generate_stubs.py.
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, SupportsFloat, SupportsIndex, overload

from numpy import dtype as _numpy_dtype, ndarray

Number = bool | int | float | complex
ArrayLike = Any
DTypeLike = Any
Shape = int | Sequence[int]
_str = str
_int = int
_bool = bool

__version__: str
# The compiled halves of modules, whose types are those of their public halves.
bigquery: Any
engine: Any
temporal: Any

class LinAlgError(ValueError): ...
class AxisError(ValueError, IndexError): ...

class DType:
    def __init__(self, x: Any, /) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def itemsize(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def dtype(self) -> _numpy_dtype: ...

class Device:
    def __init__(self, x: Any, /) -> None: ...
    @property
    def type(self) -> str: ...
    @property
    def index(self) -> int: ...

class Tensor:
    def __init__(self, x: ArrayLike, /, *, dtype: DTypeLike | None = None) -> None: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def device(self) -> Device: ...
    @property
    def ndim(self) -> _int: ...
    @property
    def shape(self) -> tuple[_int, ...]: ...
    @property
    def size(self) -> _int: ...
    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    @property
    def real(self) -> Tensor: ...
    @real.setter
    def real(self, value: ArrayLike, /) -> None: ...
    @property
    def imag(self) -> Tensor: ...
    @imag.setter
    def imag(self, value: ArrayLike, /) -> None: ...
    @property
    def nbytes(self) -> _int: ...
    @property
    def itemsize(self) -> _int: ...
    @property
    def strides(self) -> tuple[_int, ...]: ...
    def tolist(self) -> Any: ...
    def tobytes(self) -> bytes: ...
    def item(self, *index: _int) -> Any: ...
    def numpy(self) -> ndarray: ...
    def to_device(self, device: Device | _str, /, *, stream: None = None) -> Tensor: ...
    def __array_namespace__(self, /, *, api_version: _str | None = None) -> types.ModuleType: ...
    def __array__(self, dtype: Any = None, copy: _bool | None = None) -> ndarray: ...
    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[_int, _int] | None = None,
        dl_device: tuple[_int, _int] | None = None,
        copy: _bool | None = None,
    ) -> Any: ...
    def __dlpack_device__(self) -> tuple[_int, _int]: ...
    def __getitem__(self, key: Any, /) -> Tensor: ...
    def __setitem__(self, key: Any, value: Any, /) -> None: ...
    def __len__(self) -> _int: ...
    def __iter__(self) -> Iterator[Tensor]: ...
    def __contains__(self, value: Any, /) -> _bool: ...
    def __bool__(self) -> _bool: ...
    def __int__(self) -> _int: ...
    def __float__(self) -> float: ...
    def __complex__(self) -> complex: ...
    def __round__(self, decimals: _int | None = None, /) -> Any: ...
    def __index__(self) -> _int: ...
    def __neg__(self) -> Tensor: ...
    def __pos__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __invert__(self) -> Tensor: ...
    def __divmod__(self, other: Any, /) -> tuple[Tensor, Tensor]: ...
    def __rdivmod__(self, other: Any, /) -> tuple[Tensor, Tensor]: ...
    def __array_ufunc__(self, ufunc: Any, method: _str, /, *inputs: Any, **options: Any) -> Any: ...
    def __copy__(self) -> Tensor: ...
    def __deepcopy__(self, memo: Any, /) -> Tensor: ...
    def __hash__(self) -> _int: ...
    def __eq__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]
    def __ne__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]
"""

OPERATORS = {
    "": "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift",
    "r": "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift",
    "i": "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift",
    "compare": "lt le gt ge",
}


# Methods that take their one sequence of integers as several arguments, too: x.reshape(2, -1).
GATHERING = {"reshape", "permute_dims", "transpose"}

FOOTER = """
def functions(space: str, module_name: str) -> dict[str, Any]: ...
def describe_functions() -> list[tuple[str, str, str, str, str, int]]: ...
def describe_named_tuples() -> list[tuple[str, tuple[str, ...]]]: ...
def __getattr__(name: str) -> Any: ...  # the rest is the package's own
"""


def split_signature(signature: str) -> tuple[list[str], str]:
    """The parameters of "(x: Tensor, /, axis: int = 0) -> Tensor" as texts, and its result."""
    end = signature.rindex("->")
    inside = signature[1:end].rstrip()[:-1]
    parameters: list[str] = []
    depth, quote, part = 0, "", ""
    for letter in [*inside, ","]:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        depth += (letter in "([{") - (letter in ")]}") if not quote else 0
        if letter == "," and depth == 0 and not quote:
            parameters.append(part.strip())
            part = ""
        else:
            part += letter
    return [each for each in parameters if each], signature[end + 2 :].strip()


def name_of(parameter: str) -> str:
    return parameter.partition(":")[0].strip(" *")


def accepting(signature: str, num_accepted: int) -> str:
    """The signature with `*` behind the parameters that are taken by position, which may be more
    than the standard wants."""
    parameters, result = split_signature(signature)
    if "*" in parameters:
        parameters.remove("*")
        place, seen = 0, 0
        while seen < num_accepted:
            seen += parameters[place] != "/"
            place += 1
        if place < len(parameters) and parameters[place] == "/":
            place += 1
        if place < len(parameters):
            parameters.insert(place, "*")
    return f"({', '.join(parameters)}) -> {result}"


def function_stub(name: str, signature: str, doc: str) -> str:
    """One function as a stub with its docstring."""
    body = textwrap.indent(f'"""{doc.strip()}\n"""', "    ")
    return f"def {name}{signature}:\n{body}\n\n"


def in_numpy_order(parameters: Sequence[str], method: Callable[..., object]) -> list[str]:
    """A method's parameters as NumPy's users give them, with our annotations where there are."""
    known = {name_of(each): each for each in parameters}
    ordered = []
    for name, numpys in list(inspect.signature(method).parameters.items())[1:]:
        if numpys.kind is numpys.KEYWORD_ONLY and "*" not in ordered:
            ordered.append("*")
        ordered.append(known.get(name, f"{name}: Any = ..."))
    return ordered


def method_stub(name: str, signature: str, doc: str, numpys: Callable[..., object] | None) -> str:
    """One method of Tensor: it takes all arguments by position, in NumPy's order where that has
    more of them than ours."""
    (_, *parameters), result = split_signature(signature)
    parameters = [each for each in parameters if each != "*"]
    if parameters[:1] == ["/"]:
        parameters = parameters[1:]
    ordered = parameters if numpys is None else in_numpy_order(parameters, numpys)
    inside = ", ".join(["self", *ordered])
    body = textwrap.indent(f'"""{doc.strip()}\n"""', "    ")
    text = f"def {name}({inside}) -> {result}:\n{body}\n"
    if name in GATHERING:
        rest = "".join(f", {each}" for each in ordered[1:] if each != "*")
        gathered = f"def {name}(self, *{name_of(parameters[0])}: int{rest}) -> {result}: ..."
        text = f"@overload\n{text}@overload\n{gathered}\n"
    return textwrap.indent(text, "    ", lambda line: bool(line.strip())) + "\n"


def result_stub(name: str, fields: Sequence[str]) -> str:
    """The class of a named tuple, all of whose fields are tensors."""
    return f"class {name}(NamedTuple):\n" + "".join(f"    {each}: Tensor\n" for each in fields)


def flat_stub(ops: types.ModuleType, known: set[str]) -> str:
    """Names in ops of functions of linalg and fft."""
    lines = [
        f"from emberharmony.ops.{module} import {name} as {name}\n"
        for module in ("linalg", "fft")
        for name in getattr(ops, module).__all__
        if name not in known and getattr(ops, name, None) is getattr(getattr(ops, module), name)
    ]
    return "".join(lines)


def core_stub(
    methods: dict[str, tuple[str, str]],
    numpy_methods: types.ModuleType,
    results: Sequence[tuple[str, Sequence[str]]],
) -> str:
    """The stub of emberharmony._core; `methods` are Tensor's that are functions of ops as well."""
    text = CORE_HEADER
    for prefix, names in OPERATORS.items():
        for name in names.split():
            name = name if prefix == "compare" else prefix + name
            text += f"    def __{name}__(self, other: Any, /) -> Tensor: ...\n"
    for name, (signature, doc) in sorted(methods.items()):
        if re.search(rf"^    def {name}\(", CORE_HEADER, re.MULTILINE):
            continue  # an attribute, or a method with parameters of its own
        text += method_stub(name, signature, doc, getattr(numpy_methods, name, None))
    return text + "\n".join(result_stub(*each) for each in results) + FOOTER


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(folder))
    from emberharmony import _core

    spaces: dict[str, dict[str, tuple[str, str]]] = {
        "ops": {},
        "linalg": {},
        "fft": {},
        "random": {},
    }
    for space, name, signature, doc, _, num_accepted in _core.describe_functions():
        spaces.setdefault(space, {})[name] = (accepting(signature, num_accepted), doc)
    package = folder / "emberharmony"
    import emberharmony.ops
    from emberharmony.ops import _numpy_methods

    results = sorted(_core.describe_named_tuples())
    names = ", ".join(name for name, _ in results)
    header = HEADER.replace("{results}", f"from emberharmony._core import {names}\n")
    for space, functions in spaces.items():
        path = package / "ops" / ("__init__.pyi" if space == "ops" else f"{space}.pyi")
        imported = [
            f"{name} as {name}" if name in EXPORTED.get(space, ()) else name
            for name in ("AxisError", "Device", "DType", "LinAlgError", "Tensor")
        ]
        text = header.replace("{types}", ", ".join(imported)) + (OPS if space == "ops" else "")
        for name, (signature, doc) in sorted(functions.items()):
            # In these modules `bool` is a dtype.
            signature = re.sub(r"\bbool\b", "builtins.bool", signature)
            text += function_stub(name, signature, doc)
        if space == "ops":
            text += flat_stub(emberharmony.ops, set(functions))
        path.write_text(text, encoding="utf-8")
    functions = {**spaces["linalg"], **spaces["ops"]}
    methods = {name: entry for name, entry in functions.items() if hasattr(_core.Tensor, name)}
    text = core_stub(methods, _numpy_methods, results)
    (package / "_core.pyi").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
