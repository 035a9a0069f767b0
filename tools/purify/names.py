"""Which names of a module stand for NumPy: imports, aliases, scopes, shadowing, star imports."""

import types
from dataclasses import dataclass, replace

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
        assigns: Whether a name is assigned within it, as in `(np := __import__("numpy")).sin`.
    """

    node: cst.BaseExpression
    name: str
    several: bool = False
    star: bool = False
    alias: bool = False
    assigns: bool = False


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
        # What classes import, by the class and the name: class K: import numpy as N.
        self._members: dict[cst.ClassDef, dict[str, str]] = {}
        self.star: set[str] = set()
        self.star_imports: list[tuple[cst.ImportFrom, str]] = []
        collector = _Collector(self)
        for node in tree.nodes():
            if isinstance(node, cst.ImportFrom):
                collector.see_import(node)
            elif isinstance(node, cst.Assign):
                collector.see_assignment(node)
            elif isinstance(node, cst.ClassDef):
                self._see_class(node)

    def _see_class(self, node: cst.ClassDef) -> None:
        """Notes the modules of NumPy's that are attributes of a class, since it imports them."""
        for line in node.body.body:
            for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
                if not isinstance(statement, cst.Import):
                    continue
                for each in statement.names:
                    name = each.evaluated_name
                    if name.split(".")[0] != "numpy":
                        continue
                    # "import numpy.linalg" brings the name numpy alone.
                    member = each.evaluated_alias or "numpy"
                    module = name if each.evaluated_alias else "numpy"
                    self._members.setdefault(node, {})[member] = module

    def _member(self, chain: list[cst.BaseExpression]) -> str:
        """The module that `self.N`, `cls.N` or `K.N` is by an import in the class; "" if none."""
        if len(chain) < 2 or not self._members:
            return ""
        base, name = chain[0].value, chain[1].attr.value
        node: cst.CSTNode | None = chain[0]
        if base in ("self", "cls"):
            while node is not None and not isinstance(node, cst.ClassDef):
                node = self._parents.get(node)
            return self._members.get(node, {}).get(name, "") if node is not None else ""
        scope = self.scope_of(chain[0])
        assignments = list(scope[base]) if scope is not None else []
        if len(assignments) != 1:
            return ""
        return self._members.get(getattr(assignments[0], "node", None), {}).get(name, "")

    def imported(self, node: cst.BaseExpression) -> str:
        """The module of NumPy's that importlib.import_module("numpy.linalg") gives, or ""."""
        if not (isinstance(node, cst.Call) and len(node.args) == 1):
            return ""
        given, made = node.args[0].value, self.qualified(node.func)
        if not isinstance(given, cst.SimpleString):
            return ""
        name = str(given.evaluated_value)
        if name.split(".")[0] != "numpy":
            return ""
        if "builtins.__import__" in made:
            return "numpy"  # of "numpy.linalg", too
        return name if "importlib.import_module" in made else ""

    def _of_import(self, node: cst.BaseExpression) -> Reference | None:
        """What `__import__("numpy").ones` stands for."""
        chain: list[cst.BaseExpression] = []
        while isinstance(node, cst.Attribute):
            chain.append(node)
            node = node.value
        assigns = isinstance(node, cst.NamedExpr)
        module = self.imported(node.value if assigns else node) if chain else ""
        if not module:
            return None
        chain = [node, *reversed(chain)]
        name = ".".join([module, *(each.attr.value for each in chain[1:])])
        return replace(self._reference(chain, name), assigns=assigns)

    def _reference(
        self,
        chain: list[cst.BaseExpression],
        name: str,
        *,
        several: bool = False,
        star: bool = False,
        alias: bool = False,
    ) -> Reference:
        """The reference of a chain to a full name."""
        length = entry_length(name.split("."))
        # The chain may be longer than the entry: np.float32.__name__. An alias's own part is one.
        surplus = len(name.split(".")) - length
        place = max(len(chain) - 1 - surplus, 0)
        entry = ".".join(name.split(".")[:length])
        return Reference(chain[place], entry, several=several, star=star, alias=alias)

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
        if not chain:
            return self._of_import(node)
        if (scope := self.scope_of(chain[0])) is None:
            return None
        if module := self._member(chain):
            rest = [each.attr.value for each in chain[2:]]
            return self._reference(chain, ".".join([module, *rest]))
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
        several = others or len(numpy_names) > 1
        return self._reference(chain, min(numpy_names), several=several, star=star, alias=aliased)

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

    def see_assignment(self, node: cst.Assign) -> None:
        target = node.targets[0].target
        if len(node.targets) == 1 and isinstance(target, cst.Name):
            reference = self._names.resolve(node.value)
            if module := self._names.imported(node.value):
                self._names.add_alias(target, module)
            elif reference is not None and reference.node is node.value and not reference.several:
                form = mapping.look_up(reference.name).form
                if form in (Form.FUNCTION, Form.MODULE, Form.MISSING, Form.RANDOM):
                    self._names.add_alias(target, reference.name)
