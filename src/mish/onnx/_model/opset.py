"""Another version of the standard operators, where that leaves the model's meaning alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import onnx
from onnx import defs, helper, version_converter

from mish.onnx._model.files import ModelError, first_line
from mish.onnx._model.scopes import Body, Scope

# Their bodies are scopes of their own, and they took in but more types. Only the Scan of opset 8
# had another meaning, with batches.
_CONTROL = {"If", "Loop", "Scan"}

NEWEST = defs.onnx_opset_version()
"""The newest version that the installed onnx knows."""


class OpsetError(ModelError):
    """The version cannot be had. The message names the node in the way."""


def opset_of(body: onnx.ModelProto | onnx.FunctionProto) -> int:
    """The version of the standard operators that a model or function imports, 0 if none."""
    return max((o.version for o in body.opset_import if o.domain in ("", "ai.onnx")), default=0)


def raise_opset(model: onnx.ModelProto, scopes: list[Scope], target: int) -> None:
    """Raise a model and its functions to a version of the standard operators, in place.

    ONNX's own version converter judges each node whose operator changed in between, on its own:
    what it leaves alone stays to the byte, what it rewrites takes the node's place. Nothing else
    of the model passes through it, so it can lose nothing.

    Args:
        model: The model; untouched if this fails.
        scopes: All its scopes, each before those in it.
        target: The version to have at least.

    Raises:
        OpsetError: If a node's meaning would change and there is no rule to keep it.
    """
    bring(model, scopes, target, lambda version: version < target, converted)
    needed = helper.find_min_ir_version_for(list(model.opset_import), ignore_unknown=True)
    model.ir_version = max(model.ir_version, needed)


def bring(
    model: onnx.ModelProto,
    scopes: list[Scope],
    target: int,
    concerns: Callable[[int], bool],
    convert: Callable[[onnx.NodeProto, Scope, int, int, set[str]], list[onnx.NodeProto] | None],
) -> None:
    """Bring bodies to another version of the standard operators.

    Args:
        model: The model; untouched if this fails.
        scopes: All its scopes, each before those in it.
        target: The version to have.
        concerns: Whether a body of this version is one of them.
        convert: What a node of a scope becomes, from one version to another, None if it can stay;
            the names that are taken are last.
    """
    taken = {name for scope in scopes for node in scope.body.node for name in node.output}
    changes: list[tuple[Scope, dict[int, list[onnx.NodeProto]]]] = []
    version = opset_of(model)
    for scope in scopes:
        if isinstance(scope.body, onnx.FunctionProto):
            version = opset_of(scope.body)
        if version and concerns(version):
            changed = {
                index: nodes
                for index, node in enumerate(scope.body.node)
                if (nodes := convert(node, scope, version, target, taken)) is not None
            }
            changes.append((scope, changed))
    for scope, changed in reversed(changes):
        if changed:
            _splice(scope.body, changed)
    for body in (model, *model.functions):
        for entry in body.opset_import:
            if entry.domain in ("", "ai.onnx") and concerns(entry.version):
                entry.version = target


def refusal(node: onnx.NodeProto, version: int, target: int, why: str) -> OpsetError:
    """The error that a node is in the way."""
    verb = "lowered" if target < version else "raised"
    title = f"{node.op_type} ({node.name or 'made ' + ', '.join(node.output)})"
    return OpsetError(f"the opset cannot be {verb} from {version} to {target}: {title} {why}")


def schemas(node: onnx.NodeProto, version: int, target: int) -> tuple[defs.OpSchema, defs.OpSchema]:
    """What two versions say of a node's operator.

    Raises:
        OpsetError: If one of them does not know it.
    """
    try:
        old, new = (defs.get_schema(node.op_type, each, "") for each in (version, target))
    except defs.SchemaError as error:
        raise refusal(node, version, target, "is unknown there") from error
    return old, new


def converted(
    node: onnx.NodeProto,
    scope: Scope,
    version: int,
    target: int,
    taken: set[str],
    constants: Iterable[onnx.TensorProto] = (),
) -> list[onnx.NodeProto] | None:
    """What a node becomes in another version by ONNX's own converter, or None if it can stay.

    Args:
        node: The node.
        scope: Where it is.
        version: The version that it is of.
        target: The other one.
        taken: The names that the model has; new ones are added.
        constants: Those of its inputs whose values may be needed.

    Raises:
        OpsetError: If the converter has no rule for it.
    """
    if node.domain not in ("", "ai.onnx"):
        return None
    old, new = schemas(node, version, target)
    if old.since_version == new.since_version and not new.deprecated:
        return None
    if node.op_type in _CONTROL and (node.op_type != "Scan" or old.since_version > 8):
        return None
    for attribute in node.attribute:
        if attribute.ref_attr_name:  # the converter would put 0 for it
            given = f"{attribute.name} = @{attribute.ref_attr_name}"
            why = f"has {given}, which only the function's call gives"
            raise refusal(node, version, target, why)
    graph = onnx.GraphProto(name="one node", initializer=constants)
    graph.node.add().CopyFrom(node)
    known_values = {constant.name for constant in graph.initializer}
    for name in dict.fromkeys(name for name in node.input if name):
        if name not in known_values:
            known = scope.known(name)
            kind = known.kind or onnx.TensorProto.FLOAT
            graph.input.append(helper.make_tensor_value_info(name, kind, known.shape))
    for name in filter(None, node.output):
        known = scope.known(name)
        kind = known.kind or onnx.TensorProto.FLOAT
        graph.output.append(helper.make_tensor_value_info(name, kind, known.shape))
    single = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    try:
        result = version_converter.convert_version(single, target)
        if not _same_interface(single.graph, result.graph):
            raise ModelError("it would have other inputs or outputs")
        onnx.checker.check_model(result)  # the converter may leave an attribute that is unknown
    except (
        version_converter.ConvertError,
        onnx.checker.ValidationError,
        RuntimeError,
        ModelError,
    ) as error:
        reason = first_line(error).rpartition("failed: ")[2]  # behind a place in ONNX's sources
        raise refusal(node, version, target, f"has no rule: {reason}") from error
    nodes = [
        *(
            helper.make_node("Constant", [], [each.name], value=each)
            for each in result.graph.initializer
            if each.name not in known_values
        ),
        *result.graph.node,
    ]
    if len(nodes) == 1 and _same(nodes[0], node):
        return None
    _rename(nodes, {*node.input, *node.output}, taken)
    for new in nodes[:-1]:
        new.name = new.output[0]
    nodes[-1].name = node.name
    nodes[-1].doc_string = node.doc_string
    nodes[-1].metadata_props.extend(node.metadata_props)
    return nodes


def _same_interface(a: onnx.GraphProto, b: onnx.GraphProto) -> bool:
    """Whether the inputs and outputs that both graphs know the shapes of are the same."""
    for old, new in ((a.input, b.input), (a.output, b.output)):
        types = {value.name: value.type.tensor_type for value in new}
        for value in old:
            one, other = value.type.tensor_type, types.get(value.name)
            if other is None or one.elem_type != other.elem_type:
                return False
            known = one.HasField("shape") and other.HasField("shape")
            if known and len(one.shape.dim) != len(other.shape.dim):
                return False
    return True


def _same(a: onnx.NodeProto, b: onnx.NodeProto) -> bool:
    def facts(node: onnx.NodeProto) -> tuple[object, ...]:
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        return node.op_type, list(node.input), list(node.output), attributes

    return facts(a) == facts(b)


def _rename(nodes: Iterable[onnx.NodeProto], kept: set[str], taken: set[str]) -> None:
    """Give the values between new nodes names that nothing in the model has."""
    renamed: dict[str, str] = {}
    for node in nodes:
        for index, name in enumerate(node.output):
            if name in kept or not name:
                continue
            renamed[name] = node.output[index] = fresh(f"{name}/converted", taken)
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)


def fresh(stem: str, taken: set[str]) -> str:
    """A name that nothing in the model has."""
    name, count = stem, 1
    while name in taken:
        name, count = f"{stem}_{count}", count + 1
    taken.add(name)
    return name


def _splice(body: Body, changed: dict[int, list[onnx.NodeProto]]) -> None:
    nodes: list[onnx.NodeProto] = []
    for index, node in enumerate(body.node):
        nodes.extend(changed.get(index, [node]))
    del body.node[:]
    body.node.extend(nodes)
