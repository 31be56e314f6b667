"""Operators that are Mish by their name alone.

What an operator of somebody else's domain computes is not in the model, so only the user can say
that it is Mish. Of the standard operator Mish before opset 18, which converters write though it
did not exist yet, the name says it. While a model is worked on, such a node calls a function that
is put into the model for it; so everything else sees an operator that is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import onnx
from onnx import helper

from mish.onnx._model.files import ModelError
from mish.onnx._model.opset import opset_of
from mish.onnx._model.scopes import all_nodes
from mish.onnx._prove.operators import NATIVE_DOMAIN

_SINCE = 18  # the opset in which ONNX got the operator Mish
_EARLY = "ai.onnx.early"  # where the function is for that operator in older ones
_FUNCTIONS_SINCE = 8  # the version of the file format that knows functions


@dataclass
class Named:
    """What was taken for Mish by its name.

    Attributes:
        operators: The operators, as ``DOMAIN::NAME``, those of ONNX itself without a domain.
        model: A copy of the model in which they are functions, which ONNX Runtime can run.
    """

    operators: tuple[str, ...]
    model: onnx.ModelProto
    _originals: dict[bytes, onnx.NodeProto] = field(repr=False)
    _functions: set[tuple[str, str]] = field(repr=False)

    def restore(self, model: onnx.ModelProto) -> None:
        """Give the nodes of ``model`` that still call the functions their old form again."""
        for body in (model.graph, *model.functions):
            for node in all_nodes(body):
                original = self._originals.get(node.SerializeToString(deterministic=True))
                if original is not None:
                    node.CopyFrom(original)
        for index in reversed(range(len(model.functions))):
            if (model.functions[index].domain, model.functions[index].name) in self._functions:
                del model.functions[index]
        for part in (model, *model.functions):
            for index in reversed(range(len(part.opset_import))):
                if part.opset_import[index].domain == _EARLY:
                    del part.opset_import[index]


def require_names(operators: Collection[str]) -> None:
    """See that each is of the form ``DOMAIN::NAME``.

    Raises:
        ValueError: If one is not.
    """
    for operator in operators:
        domain, separator, name = operator.partition("::")
        if not (domain and separator and name):
            raise ValueError(f"an operator must be given as DOMAIN::NAME, not {operator!r}")


def take(model: onnx.ModelProto, operators: Collection[str]) -> Named | None:
    """Let every operator that is Mish by its name call a function that is.

    Args:
        model: The model, changed in place.
        operators: The operators of others that are Mish, as ``DOMAIN::NAME``. One named Log1p is
            taken for the logarithm of 1 + x.

    Returns:
        What was taken, or None if there is no such operator.

    Raises:
        ModelError: If one of them has attributes, or not just one input and one output.
    """
    defined = _defined(model)
    originals: dict[bytes, onnx.NodeProto] = {}
    taken: dict[tuple[str, str], str] = {}
    for part in (model, *model.functions):
        body = part.graph if isinstance(part, onnx.ModelProto) else part
        early = 0 < opset_of(part) < _SINCE
        for node in all_nodes(body):
            title = _title(node)
            if title in operators and (node.domain, node.op_type) not in defined:
                key = node.domain, title.partition("::")[2]
            elif title == "Mish" and early:
                key = _EARLY, "Mish"
            else:
                continue
            _require_plain(node, title)
            original = onnx.NodeProto()
            original.CopyFrom(node)
            node.domain, node.op_type = key
            del node.attribute[:]
            originals[node.SerializeToString(deterministic=True)] = original
            taken[key] = title
            _import(part, key[0])
    if not taken:
        return None
    for key in taken:
        _import(model, key[0])
        model.functions.append(_function(*key, opset_of(model)))
    runnable = onnx.ModelProto()
    runnable.CopyFrom(model)
    runnable.ir_version = max(model.ir_version, _FUNCTIONS_SINCE)
    return Named(tuple(sorted(set(taken.values()))), runnable, originals, set(taken))


def untaken(model: onnx.ModelProto) -> tuple[str, ...]:
    """The operators of others that are called Mish and may be it, as ``DOMAIN::NAME``."""
    defined = _defined(model) | {(NATIVE_DOMAIN, "Mish")}
    titles = {
        _title(node)
        for node in _all(model)
        if (node.domain, node.op_type) not in defined and _is_plain(node)
    }
    return tuple(sorted(title for title in titles if "::" in title and _tells(title)))


def with_titles(spelling: str) -> str:
    """A spelling with ONNX's own Mish under its own name."""
    return spelling.replace(f"{_EARLY}.Mish", "Mish")


def _tells(title: str) -> bool:
    name = title.partition("::")[2].lower()
    return "mish" in name or name == "log1p"


def _all(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    for body in (model.graph, *model.functions):
        yield from all_nodes(body)


def _defined(model: onnx.ModelProto) -> set[tuple[str, str]]:
    """The operators that the model has as functions: those are known by what they compute."""
    return {(function.domain, function.name) for function in model.functions}


def _title(node: onnx.NodeProto) -> str:
    """The operator of a node as ``DOMAIN::NAME``; a PythonOp goes by the function that it calls."""
    if node.domain in ("", "ai.onnx"):
        return node.op_type
    name = node.op_type
    if name == "PythonOp":
        called = [a.s for a in node.attribute if a.name == "name" and a.s]
        name = called[0].decode(errors="replace") if called else name
    return f"{node.domain}::{name}"


def _is_plain(node: onnx.NodeProto) -> bool:
    bare = not node.attribute or node.op_type == "PythonOp"
    return bare and len(node.input) == len(node.output) == 1


def _require_plain(node: onnx.NodeProto, title: str) -> None:
    if not _is_plain(node):
        names = ", ".join(each.name for each in node.attribute) or "none"
        raise ModelError(
            f"the operator {title} that makes {', '.join(node.output)} has {len(node.input)} "
            f"inputs, {len(node.output)} outputs and as attributes {names}; only one with one "
            "input, one output and no attributes can be taken for Mish"
        )


def _import(part: onnx.ModelProto | onnx.FunctionProto, domain: str) -> None:
    if all(entry.domain != domain for entry in part.opset_import):
        part.opset_import.append(helper.make_opsetid(domain, 1))


def _function(domain: str, name: str, opset: int) -> onnx.FunctionProto:
    """Mish, or log(1 + x) of x ≥ 0 as Softplus(log(x)): both for all types, without a constant."""
    nodes = (
        [
            helper.make_node("Log", ["x"], ["l"]),
            helper.make_node("Softplus", ["l"], ["y"]),
        ]
        if name.lower() == "log1p"
        else [
            helper.make_node("Softplus", ["x"], ["p"]),
            helper.make_node("Tanh", ["p"], ["t"]),
            helper.make_node("Mul", ["x", "t"], ["y"]),
        ]
    )
    return helper.make_function(domain, name, ["x"], ["y"], nodes, [helper.make_opsetid("", opset)])
