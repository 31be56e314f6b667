"""Lowers the version of the standard operators, where an older one can say what a model means.

Newer operators mostly came to take more types and attributes, and ONNX's own converter has no rule
for many such steps back. Here they are taken where a node has none of what came. For steps that
change more the converter is asked, one version of the operator after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import onnx
from onnx import defs, helper, numpy_helper

from mish.onnx._model.opset import bring, converted, fresh, refusal, schemas
from mish.onnx._model.scopes import Scope, names_read

_SMALL = 1024  # elements of a constant that may become an attribute; axes and sizes have fewer
_NEGATIVE_AXES = 11  # the version since which axes may be counted from the last one
_ALONG_ONE_AXIS = {"Hardmax", "LogSoftmax", "Softmax"}
_OPTIONAL = defs.OpSchema.FormalParameterOption.Optional
_VARIADIC = defs.OpSchema.FormalParameterOption.Variadic
_TYPES = {kind: f"tensor({name.lower()})" for name, kind in onnx.TensorProto.DataType.items()}


def lower_opset(model: onnx.ModelProto, scopes: list[Scope], target: int) -> None:
    """Lower a model and its functions to a version of the standard operators, in place.

    Where an older operator has as an attribute what the newer one has as an input, that input has
    to be a constant of the model. Constants that nothing reads any more are removed.

    Args:
        model: The model; untouched if this fails.
        scopes: All its scopes, each before those in it.
        target: The version to have at most.

    Raises:
        OpsetError: If the older version cannot say what a node means.
    """
    before = {name for scope in scopes for name in names_read(scope.body.node)}
    bring(model, scopes, target, lambda version: version > target, _lowered)
    _drop_unread(scopes, before)
    oldest = 10 if any(each.overload for each in model.functions) else 8 if model.functions else 4
    needed = helper.find_min_ir_version_for(list(model.opset_import), ignore_unknown=True)
    model.ir_version = min(model.ir_version, max(oldest, needed))


def _lowered(
    node: onnx.NodeProto, scope: Scope, version: int, target: int, taken: set[str]
) -> list[onnx.NodeProto] | None:
    """What a node becomes in an older version, from each of its operator's to the one before."""
    if node.domain not in ("", "ai.onnx"):
        return None
    since = schemas(node, version, version)[0].since_version
    if since <= target:
        return None
    before = since - 1
    nodes = _step(node, scope, version, before, taken)
    further = [_lowered(each, scope, before, target, taken) for each in nodes]
    if nodes == [node] and further == [None]:
        return None
    return [new for each, lower in zip(nodes, further, strict=True) for new in lower or [each]]


def _step(
    node: onnx.NodeProto, scope: Scope, version: int, target: int, taken: set[str]
) -> list[onnx.NodeProto]:
    """What a node becomes in the version of its operator before."""
    newer, older = schemas(node, version, target)
    *made, plain = _plain(node, scope, newer, older, taken)
    if len(plain.input) < older.min_input:
        raise refusal(node, version, target, "lacks an input that it needs there")
    if node.op_type in _ALONG_ONE_AXIS and older.since_version < 13 <= newer.since_version:
        return [_along_the_last(plain, scope, version, target)]
    if _means_the_same(plain, scope, newer, older):
        return [*made, plain]
    if node.op_type == "Constant":  # ONNX's converter would make it a constant of the same kind
        raise refusal(node, version, target, "is of a type or kind that is newer")
    constants = filter(None, (_constant(scope, name) for name in dict.fromkeys(plain.input)))
    return [*made, *(converted(plain, scope, version, target, taken, constants) or [plain])]


def _means_the_same(
    node: onnx.NodeProto, scope: Scope, newer: defs.OpSchema, older: defs.OpSchema
) -> bool:
    """Whether an operator only came to take more types and attributes, none of which a node has.

    ONNX's converter has no rule for many such steps back. Where a default changed, as that of
    Softmax did, the meaning may have too, and that is for the converter to say.
    """
    given = {attribute.name for attribute in node.attribute}
    if older.deprecated or not given <= older.attributes.keys():
        return False
    for name, was in older.attributes.items():
        now = newer.attributes.get(name)
        if now is None or now.type != was.type or (was.required and name not in given):
            return False
        if now.default_value.SerializeToString() != was.default_value.SerializeToString():
            return False
    names = ((node.input, newer.inputs, older.inputs), (node.output, newer.outputs, older.outputs))
    for values, now_taken, were_taken in names:
        places = [_places(each, len(values)) for each in (now_taken, were_taken)]
        for name, now, was in zip_longest(values, *places):
            if was is None or now is None or now.name != was.name:
                return False
            if not name and was.option != _OPTIONAL:
                return False
            kind = scope.known(name).kind if name else 0
            if kind and _TYPES[kind] not in was.types:
                return False
    return True


def _plain(
    node: onnx.NodeProto,
    scope: Scope,
    newer: defs.OpSchema,
    older: defs.OpSchema,
    taken: set[str],
) -> list[onnx.NodeProto]:
    """A node without what an older operator does not know and need not be told: defaults.

    Axes that are counted from the last one become what they are from the first. And the Resize of
    opset 11 and 12 wants every input, for which an empty one says the same as none, and the Gemm
    before opset 11 wants a third one, for which 0 does. So the last is the node, and what comes
    before it makes these inputs.
    """
    plain = onnx.NodeProto()
    plain.CopyFrom(node)
    _delete(
        plain.attribute,
        lambda given: given.name not in older.attributes and _is_idle(given, node, newer, scope),
    )
    if older.since_version < _NEGATIVE_AXES <= newer.since_version:
        _count_axes_up(plain, scope)
    made = []
    if node.op_type == "Resize" and older.since_version == 11:
        for index in range(1, len(node.input)):
            if not node.input[index]:
                made.append(_made(f"{node.output[0]}/none", onnx.TensorProto.FLOAT, [], taken))
                plain.input[index] = made[-1].output[0]
    kind = scope.known(node.input[0]).kind if node.input else 0
    if node.op_type == "Gemm" and older.min_input == 3 and not any(node.input[2:]) and kind:
        made.append(_made(f"{node.output[0]}/zero", kind, [0], taken))
        plain.input[2:] = [made[-1].output[0]]
    return [*made, plain]


def _made(stem: str, kind: int, values: list[int], taken: set[str]) -> onnx.NodeProto:
    """What makes a small constant of a new name."""
    name = fresh(stem, taken)
    value = helper.make_tensor(name, kind, [len(values)], values)
    return helper.make_node("Constant", [], [name], name=name, value=value)


def _along_the_last(
    node: onnx.NodeProto, scope: Scope, version: int, target: int
) -> onnx.NodeProto:
    """A Softmax and the like before opset 13, which took all axes from one on for a single one.

    ONNX's own converter overlooks that.
    """
    shape = scope.known(node.input[0]).shape
    axis = next((each.i for each in node.attribute if each.name == "axis"), -1)
    if shape is None or axis % len(shape) != len(shape) - 1:
        raise refusal(
            node, version, target, "has no rule: it works along another than the last axis"
        )
    _delete(node.attribute, lambda given: given.name == "axis")
    node.attribute.append(helper.make_attribute("axis", len(shape) - 1))
    return node


def _count_axes_up(node: onnx.NodeProto, scope: Scope) -> None:
    """Count from the first axis, where the rank is known."""
    shape = scope.known(node.input[0]).shape if node.input else None
    if shape is None:
        return
    for attribute in node.attribute:
        if attribute.name == "axis" and attribute.i < 0:
            attribute.i += len(shape)
        elif attribute.name == "axes":
            rank = len(shape) + (len(attribute.ints) if node.op_type == "Unsqueeze" else 0)
            attribute.ints[:] = [axis % rank for axis in attribute.ints]


def _is_idle(
    given: onnx.AttributeProto, node: onnx.NodeProto, schema: defs.OpSchema, scope: Scope
) -> bool:
    """Whether an attribute says what holds without it."""
    if given.ref_attr_name:
        return False
    value = helper.get_attribute_value(given)
    if given.name == "allowzero":  # tells what a 0 among the lengths means
        lengths = _constant(scope, node.input[1])
        if lengths is not None and numpy_helper.to_array(lengths).all():
            return True
    if given.name == "dilations":
        return all(step == 1 for step in value)
    known = schema.attributes.get(given.name)
    if known is None or not known.default_value.type:
        return False
    return bool(helper.get_attribute_value(known.default_value) == value)


def _places(
    parameters: Sequence[defs.OpSchema.FormalParameter], count: int
) -> list[defs.OpSchema.FormalParameter]:
    """What stands at each of so many places; the last may take any number."""
    found = list(parameters[:count])
    last = parameters[-1] if parameters else None
    if last is not None and last.option == _VARIADIC:
        found += [last] * (count - len(found))
    return found


def _constant(scope: Scope, name: str) -> onnx.TensorProto | None:
    """A small constant of the model, by the name that it has in a scope."""
    owner = scope.owner(name)
    if owner is None:
        return None
    found = owner.fixed.get(name)
    if found is None and name in owner.makers and owner.makers[name][1].op_type == "Constant":
        attributes = owner.makers[name][1].attribute
        found = next((each.t for each in attributes if each.name == "value"), None)
    if found is None or found.data_location == found.EXTERNAL:
        return None
    if math.prod(found.dims) > _SMALL:
        return None
    constant = onnx.TensorProto()
    constant.CopyFrom(found)
    constant.name = name
    return constant


def _drop_unread(scopes: list[Scope], names: set[str]) -> None:
    """Remove those constants of these names that nothing reads."""
    for scope in scopes:
        names = names.difference(names_read(scope.body.node), scope.results)
    for scope in scopes:
        body = scope.body
        _delete(body.node, lambda node: node.op_type == "Constant" and node.output[0] in names)
        if isinstance(body, onnx.GraphProto):
            free = names.intersection(scope.fixed)
            _delete(body.initializer, lambda tensor, free=free: tensor.name in free)  # type: ignore[misc]


def _delete(entries: Any, unwanted: Callable[[Any], bool]) -> None:
    for index in reversed(range(len(entries))):
        if unwanted(entries[index]):
            del entries[index]
