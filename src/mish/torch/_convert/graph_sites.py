"""Mish written out in a graph of torch.fx: found by value, replaced by PyTorch's own function.

A site is a node whose value depends on one other node alone, through elementwise and smooth
operations and constants. Those are carried out on float64 numbers, which decide whether the node is
Mish. Piecewise operations (clamp, where, comparisons) are not followed, since numbers cannot prove
what happens between them; softplus is, whose threshold shows in the numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import GraphModule, Node
from torch.fx.node import map_arg

from mish.torch._convert.look_alike import scale_of
from mish.torch._scaled import scaled, scaled_mish

_LONGEST = 24  # nodes in a spelling; the longest seen has 9
_LAST_OPERATORS = {"mul", "div", "truediv", "add", "sub", "multiply", "divide", "subtract"}
_NONLINEAR_OPERATORS = {"exp", "expm1", "log", "log1p", "logaddexp", "sigmoid", "softplus", "tanh"}
_SMOOTH = (
    _LAST_OPERATORS
    | _NONLINEAR_OPERATORS
    | {"neg", "negative", "pow", "reciprocal", "square", "rsub"}
)
_MODULES = {nn.Softplus: "softplus", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}


class Site(NamedTuple):
    """A place where a graph computes Mish."""

    last: Node  # its value is Mish
    x: Node  # of this one
    scale: float  # or Mish of this scale, mish(scale·x) / scale
    nodes: tuple[Node, ...]  # what it is made of, in order
    inplace: bool  # whether the result is written over ``x``
    spelling: str  # the operations, in order


def find(module: GraphModule) -> list[Site]:
    """The sites of a graph, in its order."""
    return _Finder(module).sites()


def replace(module: GraphModule) -> list[Site]:
    """Put `torch.nn.functional.mish` in the place of each site, in a graph of aten aten's mish.

    Where there is a scale, that is `scaled_mish`, in a graph of aten its operations. The last node
    keeps its name and what is known of it.
    """
    found = find(module)
    for site in found:
        aten = isinstance(site.last.target, torch._ops.OpOverload)
        if aten and site.scale != 1:
            _become_operations(module, site)
        else:
            _become_call(site, aten)
        for node in reversed(site.nodes[:-1]):
            if not node.users:
                module.graph.erase_node(node)
    if found:
        module.graph.lint()
        module.recompile()
    return found


def _become_call(site: Site, aten: bool) -> None:
    ops, last = torch.ops.aten, site.last
    last.op = "call_function"
    last.args, last.kwargs = (site.x,), {}
    if aten:
        last.target = ops.mish_.default if site.inplace else ops.mish.default
    elif site.scale == 1:
        last.target, last.kwargs = F.mish, {"inplace": site.inplace}
    else:
        last.target, last.args = scaled_mish, (site.x, site.scale)
        last.kwargs = {"inplace": site.inplace}


def _become_operations(module: GraphModule, site: Site) -> None:
    from torch.fx.experimental.proxy_tensor import make_fx  # a part of PyTorch's compiler

    def function(x: Tensor) -> Tensor:
        return scaled(torch.ops.aten.mish.default, x, site.scale)

    traced = make_fx(function)(site.x.meta["val"])
    (given,) = traced.graph.find_nodes(op="placeholder")
    with module.graph.inserting_before(site.last):
        result = module.graph.graph_copy(traced.graph, {given: site.x})
    assert isinstance(result, Node)
    last = site.last
    if site.inplace:
        last.target, last.args, last.kwargs = torch.ops.aten.copy_.default, (site.x, result), {}
    else:
        last.target, last.args, last.kwargs = result.target, result.args, result.kwargs
        module.graph.erase_node(result)


class _Finder:
    def __init__(self, module: GraphModule) -> None:
        self._module = module
        self._order = list(module.graph.nodes)
        self._place = {node: i for i, node in enumerate(self._order)}
        self._modules = dict(module.named_modules())
        self._names = {node: self._name(node) for node in self._order}

    def sites(self) -> list[Site]:
        found: list[Site] = []
        taken: set[Node] = set()
        for last in self._order:
            if self._names[last] not in _LAST_OPERATORS:
                continue
            site = self._site(last, taken)
            if site is not None:
                found.append(site)
                taken.add(last)
        return found

    def _site(self, last: Node, taken: set[Node]) -> Site | None:
        for x, nodes in self._cuts(last, taken):
            if not any(self._names[node] in _NONLINEAR_OPERATORS for node in nodes):
                continue
            inplace = _writes(last)
            if inplace and (not last.args or last.args[0] is not x):
                continue
            if not _may_be_real(x) or not self._undisturbed(x, nodes):
                continue
            scale = self._scale(x, nodes)
            if scale is not None:
                spelling = ", ".join(self._names[node] for node in nodes)
                return Site(last, x, scale, tuple(nodes), inplace, spelling)
        return None

    def _cuts(self, last: Node, taken: set[Node]) -> Iterable[tuple[Node, list[Node]]]:
        """Each node that alone decides the value of ``last``, nearest first, with those between."""
        nodes: list[Node] = []
        frontier: set[Node] = set()
        node = last
        while len(nodes) < _LONGEST:
            nodes.insert(0, node)
            frontier.update(each for each in node.all_input_nodes if self._constant(each) is None)
            if not frontier:
                return
            if len(frontier) == 1:
                (x,) = frontier
                yield x, nodes
            node = max(frontier, key=self._place.__getitem__)
            frontier.remove(node)
            if node in taken or self._names[node] not in _SMOOTH:
                return

    def _scale(self, x: Node, nodes: list[Node]) -> float | None:
        """The scale for which the nodes are Mish of it; 1 for Mish itself, None if they are not."""

        def function(given: Tensor) -> Tensor:
            values = {x: given}
            for node in nodes:
                values[node] = self._run(node, values)
            return values[nodes[-1]]

        try:
            return scale_of(function)
        except Exception:  # it differs, or PyTorch refuses these arguments
            return None

    def _run(self, node: Node, values: dict[Node, Tensor]) -> Tensor:
        def value(each: Node) -> Tensor:
            if each in values:
                return values[each].clone()  # an operation may write into it
            constant = self._constant(each)
            assert constant is not None
            return constant

        args, kwargs = map_arg(node.args, value), map_arg(node.kwargs, value)
        if node.op == "call_module":
            result = self._modules[str(node.target)](*args, **kwargs)
        elif node.op == "call_method":
            result = getattr(args[0], str(node.target))(*args[1:], **kwargs)
        else:
            function: Any = node.target
            result = function(*args, **kwargs)
        return result  # type: ignore[no-any-return]

    def _constant(self, node: Node) -> Tensor | None:
        """The number that a node stands for, if it was written in the code."""
        if node.op != "get_attr" or not str(node.target).startswith("_tensor_constant"):
            return None
        value: Tensor = operator.attrgetter(str(node.target))(self._module)
        return value if value.dim() == 0 and not value.requires_grad else None

    def _undisturbed(self, x: Node, nodes: list[Node]) -> bool:
        """Whether nothing that the site reads or makes is written over, but by its end."""
        begin, end = self._place[nodes[0]], self._place[nodes[-1]]
        for node in self._order[begin:end]:
            if node not in nodes:
                harmless = node.op in ("get_attr", "placeholder") or self._names[node] in _SMOOTH
                if not harmless or _writes(node):
                    return False
            elif _writes(node):
                over = node.args[0] if node.args else None
                if over not in nodes or len(over.users) > 1:
                    return False
        return True

    def _name(self, node: Node) -> str:
        """What a node computes, in whatever way it is called."""
        if node.op == "call_module":
            return _MODULES.get(type(self._modules[str(node.target)]), "")
        name = _operation(node).removesuffix("_")
        rough = "rounding_mode" in node.kwargs  # a division that rounds
        rough |= name == "pow" and not isinstance(node.args[-1], int)  # may be a root
        return "" if rough else name


# x *= y as torch.fx has it
_AUGMENTED = {operator.imul: "mul_", operator.itruediv: "truediv_"}
_AUGMENTED |= {operator.iadd: "add_", operator.isub: "sub_"}


def _operation(node: Node) -> str:
    target: Any = node.target
    if isinstance(target, torch._ops.OpOverload):
        return target._schema.name.removeprefix("aten::")
    if node.op != "call_function":
        return str(target)
    return _AUGMENTED.get(target) or str(getattr(target, "__name__", ""))


def _may_be_real(x: Node) -> bool:
    """False for integers, which PyTorch's mish refuses; true where the dtype is not known."""
    value = x.meta.get("val")
    return not isinstance(value, Tensor) or value.is_floating_point()


def _writes(node: Node) -> bool:
    return _operation(node).endswith("_") or bool({"inplace", "out"} & node.kwargs.keys())
