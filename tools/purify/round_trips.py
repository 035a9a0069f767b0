"""Data that leave a framework for NumPy and come back, which costs copies and loses the device.

A trip's way out is `x.numpy()`, `x.cpu().numpy()`, `np.asarray(x.cpu())` and the like; its way back
is `torch.from_numpy`, `tf.convert_to_tensor`, `mx.array` and the like. It is reported at the way
back, or, where a NumPy function is called on what has just left, at the way out.
"""

from collections.abc import Mapping

import libcst as cst

from purify.names import Names
from purify.tree import Tree

BACK = {
    "cupy.array", "cupy.asarray", "jax.device_put", "jax.numpy.array", "jax.numpy.asarray",
    "mlx.core.array", "tensorflow.constant", "tensorflow.convert_to_tensor", "torch.FloatTensor",
    "torch.Tensor", "torch.as_tensor", "torch.from_numpy", "torch.tensor",
    "emberharmony.ops.array", "emberharmony.ops.asarray", "emberharmony.ops.convert_to_tensor",
}  # fmt: skip
OUT_FUNCTIONS = {
    "cupy.asnumpy", "jax.device_get", "emberharmony.ops.to_numpy",
    "emberharmony.backend_utils.tensor_to_numpy_safe",
}  # fmt: skip
OUT_METHODS = {"numpy", "asnumpy"}
ADVICE = (
    "keep it in one framework: ops takes its tensors, and DLPack brings them back without a copy"
)


class _Trips:
    def __init__(self, names: Names, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
        self._names, self._parents = names, parents
        self.found: list[tuple[cst.CSTNode, str]] = []
        self._out: list[cst.Call] = []
        self._reported: set[int] = set()

    def see_call(self, node: cst.Call) -> None:
        if self._exit(node):
            self._out.append(node)
        names = self._names.qualified(node.func)
        back = names & BACK
        if back and node.args:
            exits = self._exits(node.args[0].value, 0)
            if exits:
                self.found.append(
                    (node, f"{min(back)} of what has left by {exits[0][1]}; {ADVICE}")
                )
                self._reported |= {id(each) for each, _ in exits}

    def finish(self) -> None:
        for node in self._out:
            if id(node) not in self._reported and self._feeds_numpy(node):
                self.found.append((node, f"{self._exit(node)} is computed with in NumPy; {ADVICE}"))

    def _exit(self, node: cst.Call) -> str:
        """How a call takes data out of a framework, or ""."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in OUT_METHODS:
            if node.args or self._names.resolve(node.func) is not None:
                return ""
            inner = node.func.value
            by_cpu = (
                isinstance(inner, cst.Call)
                and isinstance(inner.func, cst.Attribute)
                and inner.func.attr.value == "cpu"
            )
            return ".cpu().numpy()" if by_cpu else f".{node.func.attr.value}()"
        out = self._names.qualified(node.func) & OUT_FUNCTIONS
        return min(out) if out else ""

    def _feeds_numpy(self, node: cst.CSTNode) -> bool:
        """Whether a NumPy function is called on it directly."""
        argument = self._parents.get(node)
        call = self._parents.get(argument) if isinstance(argument, cst.Arg) else None
        return isinstance(call, cst.Call) and self._names.resolve(call.func) is not None

    def _exits(self, node: cst.BaseExpression, depth: int) -> list[tuple[cst.Call, str]]:
        """The ways out that an expression is made of, also by names and NumPy functions."""
        if depth > 8:
            return []
        if isinstance(node, cst.Call):
            how = self._exit(node)
            if how:
                return [(node, how)]
            inside = [each.value for each in node.args]
            if self._names.resolve(node.func) is None:
                inside = []
            if isinstance(node.func, cst.Attribute):
                inside.append(node.func.value)
            return [trip for each in inside for trip in self._exits(each, depth + 1)]
        if isinstance(node, cst.Name):
            values = self._names.values_of(node)
            return [trip for each in values for trip in self._exits(each, depth + 1)]
        if isinstance(node, cst.BinaryOperation):
            return self._exits(node.left, depth + 1) + self._exits(node.right, depth + 1)
        if isinstance(node, cst.Subscript | cst.Attribute):
            return self._exits(node.value, depth + 1)
        return []


def find(tree: Tree, names: Names) -> list[tuple[cst.CSTNode, str]]:
    """The round trips of a module: where they are reported, and what is said of them."""
    trips = _Trips(names, tree.parents)
    for node in tree.nodes():
        if isinstance(node, cst.Call):
            trips.see_call(node)
    trips.finish()
    return trips.found
