"""One call of a NumPy function: whether ops computes the same, and with which arguments."""

import ast
import functools
import inspect
from dataclasses import dataclass, field

import libcst as cst
from libcst import matchers as m

from emberharmony import ops
from purify import differences, mapping
from purify.mapping import Entry
from purify.names import Names

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
PAD_MODES = {"constant", "edge", "reflect", "symmetric", "wrap"}
# Functions whose arguments are elements: text or objects in a literal would become elements.
TAKES_ELEMENTS = {
    "array", "asarray", "full", "full_like", "where", "isin", "concatenate", "concat", "stack",
    "vstack", "hstack", "sort", "argsort", "unique_values",
}  # fmt: skip
NO_ARRAYS = {"dict", "map", "filter", "set", "zip", "reversed", "iter", "enumerate"}


@dataclass
class Change:
    """How a call is rewritten.

    Attributes:
        target: The function's name in ops.
        arguments: The place of each argument in the old call, and its new keyword ("" for none).
        values: New values of arguments, as code, by their place in the old call.
        flatten: Whether the first argument is flattened first.
    """

    target: str
    arguments: list[tuple[int, str]]
    values: dict[int, str] = field(default_factory=dict)
    flatten: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a call is left to a person."""

    reason: str
    message: str


def literal(node: cst.BaseExpression) -> object:
    """The value of a literal; ... for anything else."""
    try:
        return ast.literal_eval(cst.Module([]).code_for_node(node))
    except (ValueError, SyntaxError, TypeError, MemoryError):
        return ...


@functools.cache
def has_dtype(name: str) -> str:
    """The dtype of ops that a string stands for, or ""."""
    try:
        return ops.zeros(0, dtype=name).dtype.name
    except (TypeError, ValueError):
        return mapping.dtype_name(name)


def bind(
    call: cst.Call, signature: inspect.Signature
) -> list[tuple[inspect.Parameter, int]] | Refusal:
    """The parameter of each argument, in the order of the call."""
    parameters = list(signature.parameters.values())
    positional = [each for each in parameters if each.kind in POSITIONAL]
    rest = next((p for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL), None)
    extra = next((p for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD), None)
    bound: list[tuple[inspect.Parameter, int]] = []
    count = 0
    for place, argument in enumerate(call.args):
        if argument.star == "**" or (argument.star == "*" and rest is None):
            return Refusal("unpacked", "arguments are unpacked, so it is not known which there are")
        if argument.keyword is not None:
            parameter = signature.parameters.get(argument.keyword.value, extra)
        elif rest is not None and count >= len(positional):
            parameter = rest
        else:
            parameter = positional[count] if count < len(positional) else None
            count += 1
        if parameter is None:
            return Refusal("argument", "the call does not fit NumPy's signature")
        bound.append((parameter, place))
    return bound


def missing_argument(
    entry: Entry, parameter: inspect.Parameter, argument: cst.Arg
) -> Refusal | None:
    """What to do about an argument that ops does not have: a refusal, or None if it goes."""
    name = parameter.name
    if parameter.kind is inspect.Parameter.VAR_KEYWORD and argument.keyword is not None:
        name = argument.keyword.value
    if name in differences.SPEED_ONLY:
        return None
    value = literal(argument.value)
    if value is not ... and parameter.default is not inspect.Parameter.empty:
        if value == parameter.default and type(value) is type(parameter.default):
            return None
        if value is None and mapping.default_text(parameter.default) == "None":
            return None
        if name == "order" and value in ("C", "K", "A"):
            return None
        if name == "where" and value is True:
            return None
    if name in ("kwargs", "optimize"):
        return None if name == "optimize" else Refusal("argument", "an argument without a name")
    if name == "order" and entry.ops in ("sort", "argsort"):
        return Refusal("structured", "order= sorts by the fields of a structured dtype")
    reason = differences.REASON_OF_PARAMETER.get(name, "argument")
    return Refusal(reason, f"ops.{entry.ops} has no argument {name}")


def check_dtype(
    node: cst.BaseExpression, new: dict[int, str], place: int, names: Names
) -> Refusal | None:
    """Whether ops understands what is given as a dtype; a short string is spelled out in `new`."""
    value = literal(node)
    if isinstance(value, str):
        name = has_dtype(value)
        if name:
            if value not in (name, "float", "int", "bool", "complex"):
                new[place] = f'"{name}"'
            return None
        if "," in value:
            return Refusal("structured", f"{value!r} is a structured dtype")
        reason = "object" if value in ("O", "object") else "dtype"
        return Refusal("text" if value[:1] in "USa" else reason, f"ops has no dtype {value!r}")
    if isinstance(value, list | dict) or isinstance(node, cst.List | cst.Dict):
        return Refusal("structured", "a structured dtype")
    reference = names.resolve(node)
    if reference is not None:
        return named_dtype(reference.name)
    if not isinstance(node, cst.Name):
        return None
    if node.value in ("object", "str", "bytes"):
        reason = "object" if node.value == "object" else "text"
        return Refusal(reason, f"ops has no dtype {node.value}")
    for each in names.values_of(node):
        maker = names.resolve(each.func) if isinstance(each, cst.Call) and each.args else None
        given = each.args[0].value if maker and maker.name == "numpy.dtype" else each
        found = None if isinstance(given, cst.Name) else check_dtype(given, {}, place, names)
        if found is not None:
            return found
    return None


def lacking_dtype(node: cst.BaseExpression, names: Names) -> Refusal | None:
    """Whether an argument is plainly made with a dtype that ops lacks: x.astype(np.float16)."""
    waiting: list[cst.BaseExpression] = [node]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, cst.Call):
            found = made_with(each, names)
            if found is not None:
                return found
        elif isinstance(each, cst.Name):
            waiting += names.values_of(each)
        elif isinstance(each, cst.BinaryOperation):
            waiting += [each.left, each.right]
    return None


def made_with(call: cst.Call, names: Names) -> Refusal | None:
    """Whether a call is given a dtype that ops lacks."""
    given = [each.value for each in call.args if each.keyword and each.keyword.value == "dtype"]
    function = call.func
    if isinstance(function, cst.Attribute) and function.attr.value == "astype":
        given += [each.value for each in call.args[:1] if each.keyword is None]
    for node in given:
        found = check_dtype(node, {}, 0, names)
        if found is not None:
            return Refusal(found.reason, f"{found.message}, which an argument is made with")
    return None


def named_dtype(name: str) -> Refusal | None:
    """Whether ops has a dtype of NumPy's, by its full name."""
    entry = mapping.look_up(name)
    if entry.form is mapping.Form.DTYPE:
        return None
    reasons = {"numpy.object_": "object", "numpy.str_": "text", "numpy.bytes_": "text"}
    return Refusal(reasons.get(entry.numpy, "dtype"), f"ops has no dtype {name}")


def odd_elements(node: cst.BaseExpression) -> Refusal | None:
    """Whether an argument certainly is not numbers: text, None, dicts, generators, ragged lists."""
    if isinstance(node, cst.GeneratorExp):
        return Refusal("object", "a generator is one object to NumPy")
    if isinstance(node, cst.Dict | cst.Set | cst.DictComp | cst.SetComp):
        return Refusal("object", "a dict or a set is one object to NumPy")
    if isinstance(node, cst.Call):
        if isinstance(node.func, cst.Name) and node.func.value in NO_ARRAYS:
            return Refusal(
                "object", f"{node.func.value}() gives an object that NumPy does not look into"
            )
        views = m.OneOf(*map(m.Name, ("keys", "values", "items")))
        if not node.args and m.matches(node.func, m.Attribute(attr=views)):
            return Refusal("object", "a view of a dict is one object to NumPy")
        return None
    if isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString):
        return Refusal("text", "elements that are text")
    if isinstance(node, cst.Name) and node.value == "None":
        return Refusal("object", "None is an object")
    if isinstance(node, cst.List | cst.Tuple):
        lengths = set()
        for element in node.elements:
            found = odd_elements(element.value)
            if found is not None:
                return found
            inner = element.value
            if isinstance(inner, cst.List | cst.Tuple):
                starred = any(isinstance(e, cst.StarredElement) for e in inner.elements)
                lengths.add(-1 if starred else len(inner.elements))
        if len(lengths - {-1}) > 1:
            return Refusal("object", "lists of different lengths")
    if isinstance(node, cst.ListComp):
        return odd_elements(node.elt)
    return None


def check_value(
    entry: Entry, name: str, argument: cst.Arg, place: int, new: dict[int, str], names: Names
) -> Refusal | None:
    """Whether one argument, which ops has, is one that it understands."""
    value = literal(argument.value)
    if name == "dtype":
        return check_dtype(argument.value, new, place, names)
    if entry.ops == "histogram" and name == "bins" and isinstance(value, str):
        return Refusal("argument", "ops.histogram takes a number of bins or their edges")
    if entry.ops == "pad" and name == "mode" and value is not ... and value not in PAD_MODES:
        return Refusal("argument", f"ops.pad has no mode {value!r}")
    if entry.ops == "pad" and name == "mode" and value is ...:
        return Refusal("argument", "ops.pad has fewer modes than np.pad")
    is_elements = entry.ops.rpartition(".")[2] in TAKES_ELEMENTS and name not in (
        "axis", "shape", "side", "indexing", "mode", "method",
    )  # fmt: skip
    if is_elements or (place == 0 and entry.ops not in ("einsum", "load", "save")):
        join = entry.ops in ("concatenate", "concat", "vstack", "hstack", "dstack", "split")
        found = odd_elements(argument.value)
        if found is not None and not (join and "lengths" in found.message):
            return found
    return None


def arrange(entry: Entry, kept: list[tuple[str, int, bool]]) -> list[tuple[int, str]] | Refusal:
    """The new order of arguments: (place, keyword). `kept` has name, place, whether positional."""
    ours = list(entry.ours.parameters.values())
    first = [each for each in ours if each.kind in POSITIONAL]
    by_name = {name: place for name, place, _ in kept}
    given = [name for name, _, positional in kept if positional]
    result: list[tuple[int, str]] = []
    used = set()
    for place, parameter in enumerate(first):
        must = parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        stays = place < len(given) and given[place] == parameter.name
        if parameter.name not in by_name or not (must or stays):
            break
        result.append((by_name[parameter.name], ""))
        used.add(parameter.name)
    for name, place, _ in kept:
        if name in used:
            continue
        parameter = entry.ours.parameters[name]
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            return Refusal("argument", f"ops.{entry.ops} takes {name} by position only")
        result.append((place, name))
    return result


def special(entry: Entry, call: cst.Call) -> Change | Refusal | None:
    """Calls that become another function than the table says, and calls without a signature."""
    names = [each.keyword.value if each.keyword else "" for each in call.args]
    if entry.ops == "where" and len(call.args) == 1 and names == [""]:
        return Change("nonzero", [(0, "")])
    if entry.numpy == "numpy.linalg.svd" and "compute_uv" in names:
        rest = [n for n in names if n not in ("", "compute_uv", "full_matrices", "hermitian")]
        off = literal(call.args[names.index("compute_uv")].value) is False
        if (
            off
            and names[0] == ""
            and not rest
            and "hermitian" not in names
            and names.count("") == 1
        ):
            return Change("linalg.svdvals", [(0, "")])
    if entry.ops == "einsum":
        starred = any(each.star for each in call.args)
        numbers = any(isinstance(literal(each.value), list | tuple) for each in call.args)
        if not starred and numbers:
            return Refusal("argument", "ops.einsum takes subscripts as text only")
        keep = [place for place, name in enumerate(names) if name == ""]
        for place, name in enumerate(names):
            if name not in ("", "optimize"):
                reason = differences.REASON_OF_PARAMETER.get(name, "argument")
                return Refusal(reason, f"ops.einsum has no argument {name}")
            del place
        return Change("einsum", [(place, "") for place in keep])
    return None


def judge(entry: Entry, call: cst.Call, names: Names) -> Change | Refusal:
    """How a call is rewritten, or why not; what happens to its result is not looked at."""
    found = special(entry, call)
    if found is not None:
        return found
    if entry.theirs is None or entry.ours is None:
        return Refusal(
            entry.reason or "argument", entry.note or "NumPy does not tell its signature"
        )
    bound = bind(call, entry.theirs)
    if isinstance(bound, Refusal):
        return bound
    kept: list[tuple[str, int, bool]] = []
    many: list[tuple[int, str]] = []
    values: dict[int, str] = {}
    flatten = entry.ops in differences.FLATTENS and all(p.name != "axis" for p, _ in bound)
    # A dtype tells most, so it is looked at first; the order of the call is kept in `kept`.
    for parameter, place in sorted(bound, key=lambda pair: pair[0].name != "dtype"):
        argument = call.args[place]
        name = entry.parameters.get(parameter.name)
        if parameter.kind is inspect.Parameter.VAR_KEYWORD and argument.keyword is not None:
            keyword = argument.keyword.value
            name = keyword if keyword in entry.ours.parameters else None
        if name is None:
            refusal = missing_argument(entry, parameter, argument)
            if refusal is not None:
                return refusal
            continue
        if (
            name == "axis"
            and entry.ops in differences.NEEDS_AXIS
            and literal(argument.value) is None
        ):
            flatten = True
            continue
        refusal = check_value(entry, name, argument, place, values, names)
        if refusal is None and name != "dtype":
            refusal = lacking_dtype(argument.value, names)
        if refusal is not None:
            return refusal
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            many.append((place, ""))
        else:
            kept.append((name, place, argument.keyword is None))
    if entry.reason:
        return Refusal(entry.reason, entry.note)
    if many:
        head = [(place, "") for _, place, positional in kept if positional]
        tail = [(place, name) for name, place, positional in kept if not positional]
        return Change(entry.ops, [*head, *many, *tail], values)
    arranged = arrange(entry, sorted(kept, key=lambda each: each[1]))
    if isinstance(arranged, Refusal):
        return arranged
    return Change(entry.ops, arranged, values, flatten)
