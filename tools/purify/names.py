"""Which names of a module stand for NumPy: imports, aliases, scopes, shadowing, star imports."""

import types
from dataclasses import dataclass

import libcst as cst
from libcst import metadata

from purify import mapping
from purify.mapping import Form
from purify.tree import Tree

UFUNC_METHODS = {"accumulate", "at", "outer", "reduce", "reduceat"}


@dataclass(frozen=True)
class Reference:
    """A place that stands for something of NumPy's.

    Attributes:
        node: The name or attribute: `np.linalg.svd`.
        name: What it stands for: "numpy.linalg.svd".
        several: Whether the name may stand for another library, too.
        star: Whether it came by `from numpy import *`.
        alias: Whether it came by an assignment, as `la = np.linalg`.
    """

    node: cst.BaseExpression
    name: str
    several: bool = False
    star: bool = False
    alias: bool = False


def dotted(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The nodes of `a.b.c`, the innermost first; empty for anything but such a chain."""
    chain: list[cst.BaseExpression] = []
    while isinstance(node, cst.Attribute):
        chain.append(node)
        node = node.value
    return [node, *reversed(chain)] if isinstance(node, cst.Name) else []


def entry_length(parts: list[str]) -> int:
    """How many parts of ["numpy", "linalg", "svd", "__doc__"] are an entry of NumPy's: 3."""
    count = 1
    while count < len(parts):
        value = mapping.numpy_object(".".join(parts[:count])) if count > 1 else mapping.numpy
        if isinstance(value, types.ModuleType):
            count += 1
        elif isinstance(value, mapping.numpy.ufunc) and parts[count] in UFUNC_METHODS:
            return count + 1
        else:
            return count
    return count


class Names:
    """Resolves the names of one module."""

    def __init__(self, wrapper: metadata.MetadataWrapper, tree: Tree) -> None:
        self._scopes = wrapper.resolve(metadata.ScopeProvider)
        self._parents = tree.parents
        self._aliases: dict[int, str] = {}
        self.star: set[str] = set()
        self.star_imports: list[tuple[cst.ImportFrom, str]] = []
        collector = _Collector(self)
        for node in tree.nodes():
            if isinstance(node, cst.ImportFrom):
                collector.see_import(node)
            elif isinstance(node, cst.Assign):
                collector.see_assignment(node)

    def scope_of(self, node: cst.CSTNode) -> metadata.Scope | None:
        return self._scopes.get(node)

    def values_of(self, name: cst.Name) -> list[cst.BaseExpression]:
        """What a name is assigned, where that is plain to see."""
        scope = self.scope_of(name)
        values = []
        for assignment in scope[name.value] if scope is not None else ():
            node = getattr(assignment, "node", None)
            target = self._parents.get(node) if isinstance(node, cst.Name) else None
            statement = self._parents.get(target) if target is not None else None
            if isinstance(statement, cst.Assign):
                values.append(statement.value)
        return values

    def add_star(self, node: cst.ImportFrom, module: str) -> None:
        self.star_imports.append((node, module))
        value = mapping.numpy if module == "numpy" else mapping.numpy_object(module)
        names = getattr(value, "__all__", None) or dir(value)
        self.star |= {f"{module}.{name}" for name in names if not name.startswith("_")}

    def add_alias(self, target: cst.Name, name: str) -> None:
        self._aliases[id(target)] = name

    def qualified(self, node: cst.BaseExpression) -> set[str]:
        """The full names, as imports give them, that a chain may stand for."""
        chain = dotted(node)
        if not chain or (scope := self.scope_of(chain[0])) is None:
            return set()
        text = ".".join([chain[0].value, *(each.attr.value for each in chain[1:])])
        found: set[str] = set()
        for assignment in scope[chain[0].value]:
            found |= {each.name for each in assignment.get_qualified_names_for(text)}
        return found

    def resolve(self, node: cst.BaseExpression) -> Reference | None:
        """What a name or a chain of attributes stands for, if that is something of NumPy's."""
        chain = dotted(node)
        if not chain or (scope := self.scope_of(chain[0])) is None:
            return None
        base = chain[0].value
        rest = [each.attr.value for each in chain[1:]]
        numpy_names, others, aliased = set(), False, False
        assignments = scope[base]
        for assignment in assignments:
            alias = self._aliases.get(id(getattr(assignment, "node", None)))
            if alias is not None:
                numpy_names.add(".".join([alias, *rest]))
                aliased = True
            elif isinstance(assignment, metadata.ImportAssignment):
                names = assignment.get_qualified_names_for(".".join([base, *rest]))
                mine = {n.name for n in names if n.name.split(".")[0] == "numpy"}
                numpy_names |= mine
                others = others or not mine
            else:
                others = True
        star = False
        if not numpy_names and (module := self._star_module(base, assignments)):
            numpy_names, star, others = {".".join([module, base, *rest])}, True, False
        if not numpy_names:
            return None
        name = min(numpy_names)
        length = entry_length(name.split("."))
        # The chain may be longer than the entry: np.float32.__name__. An alias's own part is one.
        surplus = len(name.split(".")) - length
        place = max(len(chain) - 1 - surplus, 0)
        return Reference(
            chain[place],
            ".".join(name.split(".")[:length]),
            several=others or len(numpy_names) > 1,
            star=star,
            alias=aliased,
        )

    def _star_module(self, base: str, assignments: object) -> str:
        bound = [a for a in assignments if not isinstance(a, metadata.BuiltinAssignment)]
        if bound:
            return ""
        return next((n.rpartition(".")[0] for n in sorted(self.star) if n.endswith(f".{base}")), "")


class _Collector:
    """Finds star imports, and names that are assigned a function or a module of NumPy's."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def see_import(self, node: cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar) and node.module is not None and not node.relative:
            chain = dotted(node.module)
            module = ".".join([chain[0].value, *(each.attr.value for each in chain[1:])])
            if module.split(".")[0] == "numpy":
                self._names.add_star(node, module)

    def _imported(self, node: cst.BaseExpression) -> str | None:
        """The module of NumPy's that importlib.import_module("numpy.linalg") gives."""
        if not (isinstance(node, cst.Call) and len(node.args) == 1):
            return None
        given = node.args[0].value
        makers = {"importlib.import_module", "builtins.__import__"}
        if not isinstance(given, cst.SimpleString) or not self._names.qualified(node.func) & makers:
            return None
        name = str(given.evaluated_value)
        return name if name.split(".")[0] == "numpy" else None

    def see_assignment(self, node: cst.Assign) -> None:
        target = node.targets[0].target
        if len(node.targets) == 1 and isinstance(target, cst.Name):
            reference = self._names.resolve(node.value)
            if (module := self._imported(node.value)) is not None:
                self._names.add_alias(target, module)
            elif reference is not None and reference.node is node.value and not reference.several:
                form = mapping.look_up(reference.name).form
                if form in (Form.FUNCTION, Form.MODULE, Form.MISSING, Form.RANDOM):
                    self._names.add_alias(target, reference.name)
