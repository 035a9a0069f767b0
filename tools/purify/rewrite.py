"""Writes the safe sites of a module anew, and leaves all other text as it is."""

from collections.abc import Sequence

import libcst as cst
from libcst import metadata
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

from purify.audit import Audit, Site, audit
from purify.calls import Change
from purify.findings import SAFE
from purify.names import dotted


def target_expression(name: str, target: str) -> cst.BaseExpression:
    """`ops.linalg.svd` as a node, by the name that ops has in the module."""
    node: cst.BaseExpression = cst.Name(name)
    for part in target.split("."):
        node = cst.Attribute(node, cst.Name(part))
    return node


def new_arguments(name: str, change: Change, old: cst.Call, updated: cst.Call) -> list[cst.Arg]:
    """The arguments in their new order; those that stay keep their spaces and comments."""
    same = [place for place, _ in change.arguments] == list(range(len(old.args)))
    arguments = []
    for place, keyword in change.arguments:
        argument = updated.args[place]
        if place in change.values:
            argument = argument.with_changes(value=cst.parse_expression(change.values[place]))
        written = argument.keyword.value if argument.keyword else ""
        if written != keyword:
            argument = argument.with_changes(
                keyword=cst.Name(keyword) if keyword else None,
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
                if keyword
                else cst.MaybeSentinel.DEFAULT,
            )
        arguments.append(argument)
    if change.flatten and arguments:
        flat = cst.Call(target_expression(name, "ravel"), [cst.Arg(arguments[0].value)])
        arguments[0] = arguments[0].with_changes(value=flat)
    if not same and arguments:
        # What was the last argument has no comma; what is the last one now gets its ending.
        arguments = [
            each.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            if isinstance(each.comma, cst.MaybeSentinel) and each is not arguments[-1]
            else each
            for each in arguments
        ]
        arguments[-1] = arguments[-1].with_changes(
            comma=updated.args[-1].comma,
            whitespace_after_arg=updated.args[-1].whitespace_after_arg,
        )
    return arguments


class _Writer(cst.CSTTransformer):
    def __init__(self, sites: list[Site], name: str) -> None:
        super().__init__()
        self._name = name
        self._calls = {id(site.call): site for site in sites if site.call is not None}
        self._values = {id(site.reference.node): site for site in sites if site.call is None}

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        site = self._calls.get(id(original_node))
        if site is None or site.change is None:
            return updated_node
        return updated_node.with_changes(
            func=target_expression(self._name, site.change.target),
            args=new_arguments(self._name, site.change, original_node, updated_node),
        )

    def _leave_value(
        self, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        site = self._values.get(id(original))
        if site is None or site.change is None:
            return updated
        return target_expression(self._name, site.change.target)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return self._leave_value(original_node, updated_node)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._leave_value(original_node, updated_node)


class _Unused(cst.CSTTransformer):
    """Takes names of NumPy's that nothing uses any more out of import statements.

    A comment behind an import goes with it. One above it may be of what follows as well (a heading
    of several imports, what a tool is told): it stays, above the next statement.
    """

    def __init__(self, unused: set[tuple[int, str]]) -> None:
        super().__init__()
        self._unused = unused
        self._above_removed: dict[int, list[cst.EmptyLine]] = {}

    def _keep(self, original: cst.Import | cst.ImportFrom, names: object) -> list[cst.ImportAlias]:
        kept = [
            new
            for old, new in zip(original.names, names, strict=True)
            if (id(original), old.evaluated_alias or old.evaluated_name) not in self._unused
        ]
        if kept:
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return kept

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> object:
        kept = self._keep(original_node, updated_node.names)
        return updated_node.with_changes(names=kept) if kept else cst.RemoveFromParent()

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> object:
        if isinstance(original_node.names, cst.ImportStar):
            return updated_node
        kept = self._keep(original_node, updated_node.names)
        return updated_node.with_changes(names=kept) if kept else cst.RemoveFromParent()

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        if not updated_node.body:
            above = original_node.leading_lines
            has_comment = any(line.comment is not None for line in above)
            self._above_removed[id(original_node)] = list(above) if has_comment else []
        return updated_node

    def _lowered(
        self, original: Sequence[cst.BaseStatement], left: Sequence[cst.BaseStatement]
    ) -> tuple[list[cst.BaseStatement], list[cst.EmptyLine]]:
        """The statements that are left, with what stood above removed ones; what has none below."""
        remaining = iter(left)
        body, above = [], []
        for statement in original:
            if id(statement) in self._above_removed:
                above += self._above_removed[id(statement)]
                continue
            kept = next(remaining)
            if above:
                kept = kept.with_changes(leading_lines=[*above, *kept.leading_lines])
            body.append(kept)
            above = []
        return body, above

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        body, above = self._lowered(original_node.body, updated_node.body)
        if original_node.body and not body:
            body, above = [cst.parse_statement("pass").with_changes(leading_lines=above)], []
        return updated_node.with_changes(body=body, footer=[*above, *updated_node.footer])

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        body, above = self._lowered(original_node.body, updated_node.body)
        return updated_node.with_changes(body=body, footer=[*above, *updated_node.footer])


def _module_of(node: cst.ImportFrom) -> str:
    if node.module is None or node.relative:
        return ""
    chain = dotted(node.module)
    return ".".join([chain[0].value, *(each.attr.value for each in chain[1:])])


def unused_imports(wrapper: metadata.MetadataWrapper) -> set[tuple[int, str]]:
    """The imports of NumPy that no code of the module reads: (id of the statement, name)."""
    scopes = set(wrapper.resolve(metadata.ScopeProvider).values()) - {None}
    exported = _exported(wrapper.module)
    found = set()
    for scope in scopes:
        for assignment in scope.assignments:
            if not isinstance(assignment, metadata.ImportAssignment) or assignment.references:
                continue
            node = assignment.node
            if isinstance(node, cst.ImportFrom):
                module = _module_of(node)
            else:
                names = assignment.get_qualified_names_for(assignment.name)
                module = min((each.name for each in names), default="")
            if module.split(".")[0] == "numpy" and assignment.name not in exported:
                found.add((id(node), assignment.name))
    return found


def _exported(module: cst.Module) -> set[str]:
    """The strings of __all__."""
    names = set()
    for statement in module.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for part in statement.body:
            if isinstance(part, cst.Assign) and isinstance(part.value, cst.List | cst.Tuple):
                target = part.targets[0].target
                if isinstance(target, cst.Name) and target.value == "__all__":
                    names |= {
                        each.value.evaluated_value
                        for each in part.value.elements
                        if isinstance(each.value, cst.SimpleString)
                    }
    return names


def free_name(found: Audit) -> str:
    """The name that ops can have in a module: another one where `ops` is something else there."""
    taken = set()
    for scope in set(found.wrapper.resolve(metadata.ScopeProvider).values()) - {None}:
        for assignment in scope.assignments:
            if assignment.name != "ops":
                continue
            names = {name.name for name in assignment.get_qualified_names_for("ops")}
            is_ops = isinstance(assignment, metadata.ImportAssignment) and names == {
                "emberharmony.ops"
            }
            taken |= set() if is_ops else {"ops"}
    return "ember_ops" if taken else "ops"


def fix(path: str, source: str) -> tuple[str, int]:
    """Rewrites the safe sites of a module.

    Args:
        path: The module's name, for the audit.
        source: Its text.

    Returns:
        The new text, and how many sites were rewritten. With none, the text is `source` itself.
    """
    found = audit(path, source)
    safe = [site for site in found.sites if site.kind == SAFE]
    if not safe:
        return source, 0
    name = free_name(found)
    module = found.module.visit(_Writer(safe, name))
    context = CodemodContext()
    alias = None if name == "ops" else name
    AddImportsVisitor.add_needed_import(context, "emberharmony", "ops", asname=alias)
    module = AddImportsVisitor(context).transform_module(module)
    wrapper = metadata.MetadataWrapper(cst.parse_module(module.code), unsafe_skip_copy=True)
    # What was unused before is not ours to remove.
    before = {each for _, each in unused_imports(found.wrapper)}
    unused = {each for each in unused_imports(wrapper) if each[1] not in before}
    return wrapper.module.visit(_Unused(unused)).code, len(safe)
