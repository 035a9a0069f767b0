"""Looks through one module: every place that stands for something of NumPy's, and what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst import metadata

from purify import calls, differences, findings, mapping, round_trips
from purify.calls import Change, Refusal
from purify.findings import Finding
from purify.flow import Flow
from purify.mapping import Entry, Form
from purify.names import Names, Reference
from purify.tree import Tree

ABSTRACT = {
    "numpy.complexfloating", "numpy.dtype", "numpy.floating", "numpy.generic", "numpy.inexact",
    "numpy.integer", "numpy.linalg.LinAlgError", "numpy.ndarray", "numpy.number",
    "numpy.signedinteger", "numpy.ufunc", "numpy.unsignedinteger",
}  # fmt: skip
GENERATORS = {"numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.Generator"}


@dataclass
class Site:
    """One place.

    Attributes:
        reference: What stands there.
        entry: What it is.
        call: The call whose function it is, or None.
        kind, reason, message: As in Finding.
        change: How the call is rewritten, where it is safe.
    """

    reference: Reference
    entry: Entry
    call: cst.Call | None
    kind: str = findings.REVIEW
    reason: str = ""
    message: str = ""
    change: Change | None = None

    def refuse(self, refusal: Refusal) -> None:
        self.kind, self.reason, self.message = findings.REVIEW, refusal.reason, refusal.message
        self.change = None


@dataclass
class Audit:
    """What was found in a module, with all that rewriting needs."""

    path: str
    wrapper: metadata.MetadataWrapper
    tree: Tree
    names: Names
    sites: list[Site]
    findings: list[Finding] = field(default_factory=list)

    @property
    def module(self) -> cst.Module:
        return self.wrapper.module


class _SiteCollector:
    """Collects references in code, without imports, targets, keywords and names of attributes."""

    def __init__(self, names: Names, tree: Tree) -> None:
        self._names, self._tree, self._parents = names, tree, tree.parents
        self.sites: list[Site] = []

    def run(self) -> None:
        waiting: list[cst.CSTNode] = [self._tree.module]
        while waiting:
            node = waiting.pop()
            waiting += reversed(self._below(node))

    def _below(self, node: cst.CSTNode) -> Sequence[cst.CSTNode]:
        """Adds what stands here, and returns the nodes in which there may be more."""
        if isinstance(node, cst.Import | cst.ImportFrom | cst.Global):
            return ()
        if isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Name):
            return ()
        if isinstance(node, cst.Param):
            return [part for part in (node.annotation, node.default) if part is not None]
        if isinstance(node, cst.Arg):
            return (node.value,)
        if isinstance(node, cst.Attribute):
            return () if self._add(node) or self._add_method(node) else (node.value,)
        if isinstance(node, cst.Name):
            parent = self._parents.get(node)
            defines = isinstance(parent, cst.FunctionDef | cst.ClassDef) and parent.name is node
            if not defines:
                self._add(node)
            return ()
        return self._tree.children[node]

    def _add(self, node: cst.BaseExpression) -> bool:
        reference = self._names.resolve(node)
        if reference is None:
            return False
        parent = self._parents.get(reference.node)
        call = parent if isinstance(parent, cst.Call) and parent.func is reference.node else None
        self.sites.append(Site(reference, mapping.look_up(reference.name), call))
        return True

    def _add_method(self, node: cst.Attribute) -> bool:
        """Adds `rng.normal`, where rng is a generator of NumPy's."""
        parent = self._parents.get(node)
        if not (isinstance(node.value, cst.Name) and isinstance(parent, cst.Call)):
            return False
        for value in self._names.values_of(node.value):
            made = self._names.resolve(value.func) if isinstance(value, cst.Call) else None
            if made is not None and made.name in GENERATORS:
                name = f"numpy.random.{node.attr.value}"
                self.sites.append(Site(Reference(node, name), mapping.look_up(name), parent))
                return True
        return False


class _Auditor:
    """Judges the sites of a module."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._parents = audit.tree.parents
        self._flow = Flow(audit.tree, audit.names)
        self._by_call: dict[int, Site] = {}

    def run(self) -> None:
        collector = _SiteCollector(self._audit.names, self._audit.tree)
        collector.run()
        self._audit.sites = collector.sites
        later = []
        for site in collector.sites:
            if site.reference.several:
                site.refuse(Refusal("several", "the name may stand for several libraries"))
            elif site.reference.assigns:
                site.refuse(Refusal("alias", "a name for the module is assigned within"))
            elif site.entry.form is Form.FUNCTION and site.call is not None:
                self._judge_call(site)
            elif site.entry.form is Form.DTYPE:
                later.append(site)
            else:
                self._judge_name(site)
            if site.call is not None:
                self._by_call[id(site.call)] = site
        for site in later:
            self._judge_dtype(site)

    def _judge_call(self, site: Site) -> None:
        judged = calls.judge(site.entry, site.call, self._audit.names)
        if isinstance(judged, Refusal):
            site.refuse(judged)
            return
        refusal = self._flow.problem(site.call, judged.target)
        if refusal is not None:
            site.refuse(refusal)
            return
        site.kind, site.change = findings.SAFE, judged

    def _judge_name(self, site: Site) -> None:
        """Everything but calls of functions, and dtypes."""
        form, name = site.entry.form, site.entry.numpy
        if form is Form.CONSTANT:
            site.kind, site.change = findings.SAFE, Change(site.entry.ops, [])
        elif self._is_alias(site) and form is not Form.TYPE:
            site.refuse(
                Refusal("alias", f"a name for {name}; its calls are looked at by themselves")
            )
        elif form is Form.RANDOM or (form is Form.MODULE and name == "numpy.random"):
            site.refuse(Refusal("random", site.entry.note or "ops.random has other generators"))
        elif name.startswith("numpy.typing."):
            site.refuse(Refusal("type", "ops.Tensor is the type of tensors"))
        elif form is Form.MODULE:
            site.refuse(Refusal("reference", f"the module {name} is handed on"))
        elif form is Form.FUNCTION:
            site.refuse(
                Refusal("reference", f"{name} itself, which ops.{site.entry.ops} may replace")
            )
        elif name in ABSTRACT:
            site.refuse(Refusal("type", site.entry.note or "a type of NumPy's as a value"))
        elif name in ("numpy.object_", "numpy.str_", "numpy.bytes_"):
            reason = "object" if name == "numpy.object_" else "text"
            site.refuse(Refusal(reason, f"ops has no dtype {name.removeprefix('numpy.')}"))
        else:
            site.kind, site.message = findings.MISSING, site.entry.note
            if name.endswith(".at") and name.split(".")[1] in dir(mapping.numpy):
                site.refuse(Refusal("in-place", "ops.scatter_add and its like return a new tensor"))
            elif name in differences.CHANGES_FIRST_ARGUMENT:
                site.refuse(Refusal("in-place", f"{name} changes its argument"))

    def _is_alias(self, site: Site) -> bool:
        parent = self._parents.get(site.reference.node)
        return (
            isinstance(parent, cst.Assign)
            and len(parent.targets) == 1
            and isinstance(parent.targets[0].target, cst.Name)
        )

    def _judge_dtype(self, site: Site) -> None:
        """np.float32: safe where a dtype is asked for, by something that takes those of ops."""
        if site.call is not None:
            site.refuse(
                Refusal("type", "a scalar of NumPy's; float(), int() or ops.asarray make others")
            )
            return
        node = site.reference.node
        parent = self._parents.get(node)
        safe = False
        if isinstance(parent, cst.Arg):
            call = self._parents.get(parent)
            safe = isinstance(call, cst.Call) and self._takes_dtype(call, parent)
        elif isinstance(parent, cst.Param):
            safe = "dtype" in parent.name.value and parent.default is node
        elif isinstance(parent, cst.Assign):
            target = parent.targets[0].target
            safe = isinstance(target, cst.Name) and "dtype" in target.value.lower()
        elif isinstance(parent, cst.ComparisonTarget | cst.Comparison):
            comparison = parent if isinstance(parent, cst.Comparison) else self._parents[parent]
            sides = [comparison.left, *(each.comparator for each in comparison.comparisons)]
            safe = any(isinstance(s, cst.Attribute) and s.attr.value == "dtype" for s in sides)
            safe = safe and isinstance(comparison.comparisons[0].operator, cst.Equal | cst.NotEqual)
        if safe:
            site.kind, site.change = findings.SAFE, Change(site.entry.ops, [])
        else:
            site.refuse(Refusal("type", "a dtype as a value"))

    def _takes_dtype(self, call: cst.Call, argument: cst.Arg) -> bool:
        outer = self._by_call.get(id(call))
        if outer is not None:
            return outer.kind == findings.SAFE
        method = isinstance(call.func, cst.Attribute) and call.func.attr.value == "astype"
        return method and argument is call.args[0]


def render(module: cst.Module, site: Site) -> str:
    """The code that a safe site becomes, its arguments as they are."""
    if site.change is None:
        return ""
    if site.call is None:
        return f"ops.{site.change.target}"
    parts = []
    for place, keyword in site.change.arguments:
        argument = site.call.args[place]
        value = site.change.values.get(place) or module.code_for_node(argument.value)
        if site.change.flatten and not parts:
            value = f"ops.ravel({value})"
        parts.append(f"{keyword}={value}" if keyword else f"{argument.star}{value}")
    return f"ops.{site.change.target}({', '.join(parts)})"


def audit(path: str, source: str) -> Audit:
    """Looks through a module.

    Args:
        path: The name that findings get.
        source: Its text.

    Raises:
        libcst.ParserSyntaxError: It is not Python.
    """
    # A tree that was parsed has each node once, which is what a copy would be for.
    wrapper = metadata.MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    tree = Tree(wrapper.module)
    result = Audit(path, wrapper, tree, Names(wrapper, tree), [])
    _Auditor(result).run()
    trips = round_trips.find(tree, result.names)
    if not (result.sites or result.names.star_imports or trips):
        return result
    positions = wrapper.resolve(metadata.PositionProvider)
    found = []
    for site in result.sites:
        start = positions[site.reference.node].start
        found.append(
            Finding(
                path,
                start.line,
                start.column + 1,
                site.reference.name,
                site.kind,
                site.reason,
                site.message,
                render(wrapper.module, site),
            )
        )
    for node, module in result.names.star_imports:
        start = positions[node].start
        found.append(
            Finding(path, start.line, start.column + 1, module, findings.REVIEW, "star",
                    "names that it brings cannot be told from others; import what is used")
        )  # fmt: skip
    for node, message in trips:
        start = positions[node].start
        found.append(
            Finding(path, start.line, start.column + 1, "", findings.ROUND_TRIP, message=message)
        )
    result.findings = sorted(found)
    return result
