"""A module's tree as a table of parents and lists of children, without spaces and punctuation.

libcst's visitors build each node anew, and its ParentNodeProvider visits the tree twice; a table
that is made once answers the same questions in a small part of the time.
"""

import dataclasses
import functools
from collections.abc import Iterator

import libcst as cst

PUNCTUATION = {
    "arrow", "asynchronous", "colon", "comma", "dot", "equal", "equals", "first_colon", "footer",
    "header", "lbrace", "lbracket", "leading_lines", "lines_after_decorators", "lpar", "rbrace",
    "rbracket", "rpar", "second_colon", "semicolon", "star", "trailing_whitespace", "newline",
}  # fmt: skip


@functools.cache
def _parts(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node that hold code."""
    return tuple(
        each.name
        for each in dataclasses.fields(kind)
        if each.name not in PUNCTUATION and not each.name.startswith(("whitespace", "_"))
    )


def children_of(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The nodes below a node, in the order of its fields."""
    found: list[cst.CSTNode] = []
    for name in _parts(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            found.append(value)
        elif type(value) in (list, tuple):
            found += value
    return found


class Tree:
    """The nodes of a module.

    Attributes:
        module: The module.
        parents: The node above each node but the module.
        children: The nodes below each node, in the order of its fields.
    """

    def __init__(self, module: cst.Module) -> None:
        self.module = module
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        self.children: dict[cst.CSTNode, list[cst.CSTNode]] = {}
        waiting: list[cst.CSTNode] = [module]
        while waiting:
            node = waiting.pop()
            below = children_of(node)
            self.children[node] = below
            for child in below:
                self.parents[child] = node
            waiting += below

    def nodes(self, start: cst.CSTNode | None = None) -> Iterator[cst.CSTNode]:
        """A node and all below it, each before those below it; the module's by default."""
        waiting = [self.module if start is None else start]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(self.children[node])
