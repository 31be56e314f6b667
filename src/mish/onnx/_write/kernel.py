"""The operator Mish of this package's own domain, and its kernel for ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from mish.onnx._find.search import find
from mish.onnx._model.files import ModelError, first_line
from mish.onnx._model.opset import opset_of
from mish.onnx._model.scopes import all_nodes, called, key_of
from mish.onnx._prove.operators import NATIVE_DOMAIN
from mish.onnx._write.fallback import fallback
from mish.onnx._write.nodes import NodeWriter

if TYPE_CHECKING:
    from onnxruntime import SessionOptions  # type: ignore[import-untyped]

_LIBRARY = Path(__file__).parents[1] / "_kernel.so"
_FUNCTIONS_SINCE = 8  # the version of the file format that knows functions
_OPERATOR = (NATIVE_DOMAIN, "Mish")


def register(session_options: SessionOptions) -> None:
    """Let a session of ONNX Runtime run the operators of the form ``native`` by mish's kernel.

    Where a model has none, this changes nothing. Results are those of :func:`mish.mish`, to the
    bit, for float16, bfloat16, float32 and float64: float32 within 1 ulp for every input. The
    kernel runs on the session's threads. ``MISH_ISA`` chooses the instruction set.

    Args:
        session_options: The options with which the session will be made.

    Raises:
        ModelError: If the kernel was not built, or ONNX Runtime is older than 1.18.
    """
    if not _LIBRARY.exists():
        raise ModelError(f"the kernel is missing: there is no file {_LIBRARY}; reinstall mish")
    try:
        session_options.register_custom_ops_library(str(_LIBRARY))
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        raise ModelError(f"ONNX Runtime does not take the kernel: {first_line(error)}") from error


def is_native(model: onnx.ModelProto) -> bool:
    """Whether a model has the operator of the form ``native``, not a namesake of it."""
    bodies = (model.graph, *model.functions)
    calls = any(called(node)[:2] == _OPERATOR for body in bodies for node in all_nodes(body))
    return calls and not _has_namesake(model)


def refuse_namesake(model: onnx.ModelProto) -> None:
    """See that the operator's name is free in a model, or means Mish there already.

    Raises:
        ModelError: If a function of the model has that name and is not Mish.
    """
    if _has_namesake(model):
        raise ModelError(
            f"the model has a function {'.'.join(_OPERATOR)} that is not Mish, which the kernel of "
            "the form native would run in its place; rename that function, or choose another form"
        )


def _has_namesake(model: onnx.ModelProto) -> bool:
    """Whether a function has the operator's name and is not Mish.

    The overload makes no difference, for ONNX Runtime runs a kernel whatever that of the call.
    """
    keys = [key_of(function) for function in model.functions]
    return any(key[:2] == _OPERATOR and not _is_mish(model, key[2]) for key in keys)


def _is_mish(model: onnx.ModelProto, overload: str) -> bool:
    """Whether the operator with this overload is Mish by the functions of a model."""
    domain, name = _OPERATOR
    others = [each for each in model.opset_import if each.domain != domain]
    call = helper.make_node(name, ["x"], ["y"], domain=domain, overload=overload)
    probe = onnx.ModelProto(
        ir_version=model.ir_version,
        opset_import=[*others, helper.make_opsetid(domain, 1)],
        functions=model.functions,
        graph=onnx.GraphProto(
            name="one call",
            node=[call],
            input=[helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, None)],
            output=[helper.make_empty_tensor_value_info("y")],
        ),
    )
    return any(site.graph == "" and site.scale == 1 for site in find(probe))


def add_fallback(model: onnx.ModelProto, kinds: set[int]) -> None:
    """Import the domain wherever its operator is, and define the operator as a function.

    A runtime without the kernel runs the function, :func:`mish.onnx._write.fallback.fallback`.

    Args:
        model: The model, changed in place.
        kinds: The ONNX element types of its native Mish; 0 for an unknown one.
    """
    for index in reversed(range(len(model.functions))):
        if key_of(model.functions[index]) == (*_OPERATOR, ""):
            del model.functions[index]
    function = onnx.FunctionProto(name="Mish", domain=NATIVE_DOMAIN, input=["x"], output=["y"])
    function.doc_string = "Mish, x tanh(ln(1 + exp(x))), for runtimes without mish's kernel"
    function.opset_import.append(helper.make_opsetid("", opset_of(model)))
    writer = NodeWriter({"x", "y"})
    fallback(writer, "x", "y", kinds, opset_of(model))
    function.node.extend(writer.constants + writer.nodes)
    model.functions.append(function)
    for body in (model, *model.functions):
        nodes = body.graph if isinstance(body, onnx.ModelProto) else body
        needed = any(node.domain == NATIVE_DOMAIN for node in all_nodes(nodes))
        if needed and all(entry.domain != NATIVE_DOMAIN for entry in body.opset_import):
            body.opset_import.append(helper.make_opsetid(NATIVE_DOMAIN, 1))
    model.ir_version = max(model.ir_version, _FUNCTIONS_SINCE)


def drop_domain(model: onnx.ModelProto) -> None:
    """Remove the import of the domain wherever none of its operators is left."""
    for body in (model, *model.functions):
        if all(entry.domain != NATIVE_DOMAIN for entry in body.opset_import):
            continue
        nodes = body.graph if isinstance(body, onnx.ModelProto) else body
        if any(node.domain == NATIVE_DOMAIN for node in all_nodes(nodes)):
            continue
        for index in reversed(range(len(body.opset_import))):
            if body.opset_import[index].domain == NATIVE_DOMAIN:
                del body.opset_import[index]
