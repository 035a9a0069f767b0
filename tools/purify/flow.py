"""Where the result of a call goes within its module, and whether a tensor would do there.

Nothing is run, and nothing is followed through functions: the names that a result is assigned to
are looked at wherever their scope uses them, without regard to order.
"""

import re
from dataclasses import dataclass, replace

import libcst as cst
from libcst import metadata

from emberharmony import DType, Tensor, ops
from purify import calls, differences, mapping
from purify.calls import Refusal, literal
from purify.names import Names, dotted
from purify.tree import Tree

ARRAYS_ONLY = {
    "torch.from_numpy": "torch.from_dlpack takes tensors",
    "PIL.Image.fromarray": "x.numpy() is an array",
    "json.dumps": "x.item() or x.tolist() is what JSON knows",
    "json.dump": "x.item() or x.tolist() is what JSON knows",
    "pandas.Categorical": "it hashes the elements",
    "pandas.Timestamp": "int(x) is a number",
    "pandas.factorize": "it takes arrays",
    "pandas.unique": "it takes arrays",
    "builtins.round": "round(float(x), n) rounds a number",
    "builtins.hash": "x.item() can be hashed",
    "builtins.isinstance": "a Tensor is neither an array nor a float",
}
ARRAYS_ONLY_MODULES = ("cv2", "numba", "scipy.sparse", "h5py", "tensorflow")
PANDAS_NAME = re.compile(r"^(df|pdf|frame|data_?frame)([_\d]|$)|_df$", re.IGNORECASE)
PANDAS_INDEXERS = {"loc", "iloc", "at", "iat"}
# Fields of the named tuples that both libraries return.
TUPLE_FIELDS = {
    "Q", "R", "S", "U", "Vh", "counts", "eigenvalues", "eigenvectors", "indices",
    "inverse_indices", "logabsdet", "sign", "values",
}  # fmt: skip
# Functions whose result is not a tensor.
NOT_TENSORS = {"allclose", "broadcast_shapes", "save", "shape"}
LIMITS = {"finfo", "iinfo"}
REDUCTIONS = {
    "all", "any", "argmax", "argmin", "average", "count_nonzero", "linalg.det", "linalg.norm",
    "max", "mean", "median", "min", "nanmax", "nanmean", "nanmedian", "nanmin", "nanstd", "nansum",
    "nanvar", "percentile", "prod", "ptp", "quantile", "std", "sum", "var",
}  # fmt: skip
ENDS = {"dtype", "shape", "size", "ndim", "nbytes", "itemsize", "strides", "device"}
NUMBERS = {"float", "int", "bool", "str"}
INTEGERS = re.compile(r"^(numpy\.)?u?int(\d+|p|c|_)?$|^[iu][1248]$")
# Methods that keep what they are given.
KEEPING_METHODS = {
    "add", "append", "appendleft", "extend", "insert", "put", "setdefault", "update",
}  # fmt: skip


@dataclass(frozen=True)
class _Walk:
    """What is being followed.

    Whether it may share memory, is finfo or iinfo, is one number, is an array of integers, is an
    element of an array.
    """

    is_view: bool
    is_limits: bool
    is_reduction: bool
    is_integer: bool = False
    is_element: bool = False


def computed(walk: _Walk, other: cst.BaseExpression) -> _Walk:
    """What becomes of a result in `result + other`."""
    one = isinstance(other, cst.Integer | cst.Float | cst.Call)
    return _Walk(is_view=False, is_limits=False, is_reduction=walk.is_reduction and one)


class Flow:
    """The uses of results in one module."""

    def __init__(self, tree: Tree, names: Names) -> None:
        self._tree = tree
        self._parents = tree.parents
        self._names = names

    def problem(self, call: cst.Call, target: str) -> Refusal | None:
        """Why the result of `call`, which becomes ops.`target`, must not be a tensor; or None."""
        if target in NOT_TENSORS:
            return None
        keywords = {each.keyword.value for each in call.args if each.keyword}
        positional = 2 if target in ("percentile", "quantile") else 1
        source = call.args[0].value if call.args else None
        walk = _Walk(
            is_view=target in differences.VIEWS and not isinstance(source, cst.Call | cst.List),
            is_limits=target in LIMITS,
            is_reduction=target in REDUCTIONS
            and "axis" not in keywords
            and sum(each.keyword is None for each in call.args) <= positional,
            is_integer=self._makes_integers(call, target),
        )
        return self._follow(call, walk, set())

    def _makes_integers(self, call: cst.Call, target: str) -> bool:
        """Whether an array is made that holds integers, as far as that is plain to see."""
        for each in call.args:
            if each.keyword is not None and each.keyword.value == "dtype":
                reference = self._names.resolve(each.value)
                name = reference.name if reference else str(literal(each.value))
                if isinstance(each.value, cst.Name) and reference is None:
                    name = each.value.value
                return bool(INTEGERS.search(name))
        if target in ("array", "asarray", "full", "full_like") and call.args:
            value = literal(call.args[-1 if target.startswith("full") else 0].value)
            while isinstance(value, list | tuple) and value:
                value = value[0]
            return isinstance(value, int) and not isinstance(value, bool)
        numbers = [literal(each.value) for each in call.args]
        return target == "arange" and all(isinstance(each, int) for each in numbers)

    def _parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return self._parents.get(node)

    def _follow(self, node: cst.CSTNode, walk: _Walk, seen: set[int]) -> Refusal | None:
        """Follows an expression that holds the result up to the statement it stands in."""
        while True:
            parent = self._parent(node)
            if isinstance(parent, cst.Attribute) and parent.value is node:
                step = self._attribute(parent, walk)
            elif isinstance(parent, cst.Arg):
                step = self._argument(parent)
                walk = replace(walk, is_view=False)
            elif isinstance(parent, cst.Subscript) and parent.value is node:
                if self._is_changed(parent):
                    return self._view(walk) or self._truncated(parent, walk)
                walk = replace(walk, is_element=self._is_one_place(parent))
                step = parent
            elif isinstance(parent, cst.Index):
                return self._index(parent, walk)
            elif isinstance(parent, cst.BinaryOperation):
                text = isinstance(parent.left, cst.SimpleString | cst.FormattedString)
                step = None if text else parent
                walk = computed(walk, parent.right if parent.left is node else parent.left)
            elif isinstance(parent, cst.Comparison):
                step = self._comparison(parent)
            elif isinstance(parent, cst.UnaryOperation | cst.NamedExpr | cst.IfExp):
                step = None if isinstance(getattr(parent, "operator", None), cst.Not) else parent
                if isinstance(parent, cst.IfExp) and parent.test is node:
                    return None
            elif isinstance(parent, cst.DictElement | cst.Element | cst.ComparisonTarget):
                if isinstance(parent, cst.ComparisonTarget):
                    step = self._parent(parent)
                else:
                    return self._element(parent, node, walk)
            elif isinstance(parent, cst.Return):
                return self._returned(parent, walk)
            elif isinstance(parent, cst.Assign | cst.AnnAssign | cst.For | cst.CompFor):
                return self._assigned(parent, node, walk, seen)
            elif isinstance(parent, cst.AugAssign):
                if parent.target is not node:
                    return None
                return self._view(walk) or self._changed_number(node, walk)
            elif isinstance(parent, cst.Del):
                return None
            else:
                return None
            if step is None or isinstance(step, Refusal):
                return step
            node = step

    def _view(self, walk: _Walk) -> Refusal | None:
        if walk.is_view:
            return Refusal("view", "the result may share memory with the argument, and is changed")
        return None

    def _truncated(self, subscript: cst.Subscript, walk: _Walk) -> Refusal | None:
        """Elements that NumPy cuts to integers: an array of those gets a number with a fraction."""
        statement = self._parent(self._parent(subscript) or subscript)
        if not (walk.is_integer and isinstance(statement, cst.Assign)):
            return None
        if any(isinstance(each, cst.Float | cst.Divide) for each in self._tree.nodes(statement)):
            return Refusal("dtype", "NumPy cuts what is assigned to integers, a tensor takes none")
        return None

    def _is_one_place(self, subscript: cst.Subscript) -> bool:
        """Whether the brackets hold whole numbers alone, which make one number of a vector."""
        for element in subscript.slice:
            if not isinstance(element.slice, cst.Index):
                return False
            value = element.slice.value
            if not isinstance(literal(value), int) and not self._counts(value):
                return False
        return True

    def _counts(self, node: cst.BaseExpression) -> bool:
        """Whether a name is that of a loop over a range or an enumeration."""
        scope = self._names.scope_of(node) if isinstance(node, cst.Name) else None
        for assignment in scope[node.value] if scope is not None else ():
            target = getattr(assignment, "node", None)
            parent = self._parent(target) if target is not None else None
            while isinstance(parent, cst.Element | cst.Tuple):
                target, parent = parent, self._parent(parent)
            if isinstance(parent, cst.For | cst.CompFor) and isinstance(parent.iter, cst.Call):
                called = self._names.qualified(parent.iter.func)
                if called & {"builtins.range", "builtins.enumerate"}:
                    return True
        return False

    def _changed_number(self, name: cst.CSTNode, walk: _Walk) -> Refusal | None:
        """`x += 1` of one number, which in NumPy makes another number and leaves the first one."""
        if walk.is_element:
            return Refusal("in-place", "a number is changed, and the tensor that it is part of")
        if not (walk.is_reduction and isinstance(name, cst.Name)):
            return None
        for access in self._accesses(name):
            if self._is_kept(access):
                return Refusal("in-place", "a number is changed that is kept elsewhere, too")
        return None

    def _is_kept(self, access: cst.CSTNode) -> bool:
        """Whether a name's value gets another name, or goes into a list, a set or a dict."""
        parent = self._parent(access)
        if isinstance(parent, cst.Arg):
            call = self._parent(parent)
            function = call.func if isinstance(call, cst.Call) else None
            return isinstance(function, cst.Attribute) and function.attr.value in KEEPING_METHODS
        if isinstance(parent, cst.Assign | cst.NamedExpr | cst.AnnAssign):
            return parent.value is access
        return isinstance(parent, cst.Element | cst.DictElement | cst.Index | cst.Yield)

    def _is_changed(self, node: cst.CSTNode) -> bool:
        """Whether an element is assigned to."""
        parent = self._parent(node)
        while isinstance(parent, cst.Subscript) and parent.value is node:
            node, parent = parent, self._parent(parent)
        return isinstance(parent, cst.AssignTarget | cst.Del) or (
            isinstance(parent, cst.AugAssign) and parent.target is node
        )

    def _attribute(self, node: cst.Attribute, walk: _Walk) -> cst.CSTNode | Refusal | None:
        name = node.attr.value
        if walk.is_limits:
            known = hasattr(ops.finfo("float32"), name) or hasattr(ops.iinfo("int32"), name)
            return None if known else Refusal("method", f"the limits of ops have no {name}")
        if name in TUPLE_FIELDS:
            return node
        if name in differences.OTHER_METHODS:
            return Refusal("method", f".{name}() {differences.OTHER_METHODS[name]}")
        if not hasattr(Tensor, name):
            return Refusal("method", f"tensors have no .{name}")
        parent = self._parent(node)
        if name == "dtype" and isinstance(parent, cst.Attribute):
            known = hasattr(DType, parent.attr.value)
            return (
                None if known else Refusal("method", f"dtypes of ops have no {parent.attr.value}")
            )
        if name in ENDS:
            return None
        if isinstance(parent, cst.Call) and parent.func is node:
            found = self._method(name, parent)
            return found if found is not None else (None if name in ("item", "tolist") else parent)
        return node

    def _method(self, name: str, call: cst.Call) -> Refusal | None:
        """Whether a tensor's method takes these arguments."""
        if name == "round" and call.args:
            return Refusal("method", ".round() takes no number of decimals")
        if name == "astype" and call.args:
            given = call.args[0].value
            if isinstance(given, cst.Name) and given.value in ("object", "str"):
                return Refusal("object", f"tensors have no dtype {given.value}")
            value = literal(given)
            if isinstance(value, str) and not (
                value in ("float", "int", "bool") or hasattr(ops, value)
            ):
                return Refusal("dtype", f"a tensor's .astype() does not know {value!r}")
        if name in ("flatten", "ravel", "tobytes", "copy") and call.args:
            return Refusal("order", f".{name}() takes no order in memory")
        for each in call.args:
            keyword = each.keyword.value if each.keyword else ""
            if keyword in ("out", "order", "initial", "where", "kind", "decimals"):
                return Refusal("method", f".{name}() takes no {keyword}=")
        return None

    def _numpy_argument(
        self, name: str, call: cst.Call, argument: cst.Arg
    ) -> cst.CSTNode | Refusal | None:
        """A result that another function of NumPy's takes, which may stay NumPy's."""
        entry = mapping.look_up(name)
        bound = calls.bind(call, entry.theirs) if entry.theirs is not None else []
        places = {} if isinstance(bound, Refusal) else {p.name: place for p, place in bound}
        mine = call.args.index(argument)
        if places.get("out") == mine:
            return Refusal("in-place", f"{name}(out=) writes into it")
        if mine == 0 and (name in differences.CHANGES_FIRST_ARGUMENT or name.endswith(".at")):
            return Refusal("in-place", f"{name} changes it")
        short = entry.numpy.removeprefix("numpy.")
        if mine == 0 and short in differences.NOT_ON_TENSORS:
            return Refusal("consumer", f"{name} takes no tensors")
        stays = isinstance(calls.judge(entry, call, self._names), Refusal)
        if stays and short in differences.CALLS_METHODS:
            for keyword in sorted(places.keys() & {"dtype", "initial", "out", "where"}):
                return Refusal("consumer", f"{name}({keyword}=) takes no tensors")
        is_ufunc = isinstance(mapping.numpy_object(entry.numpy), mapping.numpy.ufunc)
        if (is_ufunc and entry.ops) or short in differences.CALLS_METHODS:
            return call  # a tensor, too, whether this call is rewritten or not
        return None

    def _argument(self, argument: cst.Arg) -> cst.CSTNode | Refusal | None:
        call = self._parent(argument)
        if not isinstance(call, cst.Call):
            return None
        reference = self._names.resolve(call.func)
        if reference is not None:
            return self._numpy_argument(reference.name, call, argument)
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "groupby":
            return Refusal("consumer", ".groupby() of pandas takes arrays")
        for name in self._names.qualified(call.func):
            if name in ARRAYS_ONLY:
                return Refusal("consumer", f"{name.removeprefix('builtins.')}: {ARRAYS_ONLY[name]}")
            if name.split(".")[0] in ARRAYS_ONLY_MODULES or name.startswith(ARRAYS_ONLY_MODULES):
                return Refusal("consumer", f"{name} takes arrays of NumPy only")
        return None

    def _index(self, index: cst.Index, walk: _Walk) -> Refusal | None:
        """A result in brackets: a mask or positions. pandas does not take tensors, and dicts would
        keep them as keys."""
        element = self._parent(index)
        subscript = self._parent(element) if element is not None else None
        if not isinstance(subscript, cst.Subscript):
            return None
        base = subscript.value
        if isinstance(base, cst.Attribute) and base.attr.value in PANDAS_INDEXERS:
            return Refusal("consumer", f".{base.attr.value}[...] of pandas takes arrays")
        if isinstance(base, cst.Name):
            if PANDAS_NAME.search(base.value) or self._comes_from(base, "pandas"):
                return Refusal("consumer", f"{base.value}[...] of pandas takes arrays")
            is_looked_up = walk.is_reduction and not self._is_changed(subscript)
            if self._is_dict(base) and not is_looked_up:
                return Refusal("consumer", f"{base.value} is a dict: x.item() is a key")
        return None

    def _comes_from(self, name: cst.Name, library: str) -> bool:
        return any(
            isinstance(value, cst.Call)
            and any(q.split(".")[0] == library for q in self._names.qualified(value.func))
            for value in self._names.values_of(name)
        )

    def _is_dict(self, name: cst.Name) -> bool:
        makers = {"builtins.dict", "collections.defaultdict", "collections.Counter"}
        return any(
            isinstance(value, cst.Dict | cst.DictComp)
            or (isinstance(value, cst.Call) and self._names.qualified(value.func) & makers)
            for value in self._names.values_of(name)
        )

    def _comparison(self, node: cst.Comparison) -> cst.CSTNode | Refusal | None:
        for target in node.comparisons:
            if isinstance(target.operator, cst.Is | cst.IsNot):
                return None
            if isinstance(target.operator, cst.In | cst.NotIn):
                return None
        return node

    def _element(self, element: cst.CSTNode, node: cst.CSTNode, walk: _Walk) -> Refusal | None:
        """A result within a literal."""
        if isinstance(element, cst.DictElement):
            if element.key is node:
                return Refusal("consumer", "a key of a dict: x.item() is one for JSON and pandas")
            if walk.is_reduction:
                return Refusal(
                    "consumer", "a number in a dict: float(...) is one for JSON and pandas"
                )
            return None
        if isinstance(self._parent(element), cst.Set):
            return Refusal("consumer", "an element of a set: x.item() is a number")
        return None

    def _returned(self, statement: cst.Return, walk: _Walk) -> Refusal | None:
        node = self._parent(statement)
        while node is not None and not isinstance(node, cst.FunctionDef | cst.Lambda):
            node = self._parent(node)
        returns = node.returns if isinstance(node, cst.FunctionDef) else None
        if returns is None:
            return None
        written = returns.annotation
        if walk.is_reduction and isinstance(written, cst.Name) and written.value in NUMBERS:
            return Refusal("consumer", f"the function promises {written.value}")
        return None

    def _assigned(
        self, statement: cst.CSTNode, node: cst.CSTNode, walk: _Walk, seen: set[int]
    ) -> Refusal | None:
        """A result that gets names: what is done with each of them."""
        if isinstance(statement, cst.For | cst.CompFor):
            if statement.iter is not node:
                return None
            targets = [statement.target]
            walk = replace(walk, is_element=True)
        elif isinstance(statement, cst.AnnAssign):
            targets = [statement.target]
        else:
            targets = [each.target for each in statement.targets]
        while targets:
            target = targets.pop()
            if isinstance(target, cst.Tuple | cst.List):
                targets += [each.value for each in target.elements]
                continue
            for access in self._accesses(target):
                if id(access) in seen or access is target:
                    continue
                seen.add(id(access))
                found = self._follow(access, walk, seen)
                if found is not None:
                    return found
        return None

    def _accesses(self, target: cst.BaseExpression) -> list[cst.CSTNode]:
        """All uses of a name, or of an attribute of self within its class."""
        if isinstance(target, cst.Name):
            scope = self._names.scope_of(target)
            if scope is None:
                return []
            nodes = []
            for assignment in scope[target.value]:
                nodes += [access.node for access in assignment.references]
            nodes += self._augmented(target, scope)
            return nodes
        chain = dotted(target)
        if len(chain) == 2 and chain[0].value == "self":
            node: cst.CSTNode | None = target
            while node is not None and not isinstance(node, cst.ClassDef):
                node = self._parent(node)
            if node is not None:
                return [
                    each
                    for each in self._tree.nodes(node)
                    if isinstance(each, cst.Attribute)
                    and each.attr.value == chain[1].attr.value
                    and isinstance(each.value, cst.Name)
                    and each.value.value == "self"
                ]
        return []

    def _augmented(self, target: cst.Name, scope: metadata.Scope) -> list[cst.CSTNode]:
        """The targets of `name += ...`, which libcst counts as assignments, not as uses."""
        found = []
        for assignment in scope[target.value]:
            node = getattr(assignment, "node", None)
            parent = self._parent(node) if node is not None else None
            if isinstance(parent, cst.AugAssign) and parent.target is node:
                found.append(node)
        return found
