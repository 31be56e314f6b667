"""The operator Mish of this package's own domain, and its kernel for ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from mish.onnx.files import ModelError, first_line
from mish.onnx.forms import sigmoid, softplus
from mish.onnx.operators import NATIVE_DOMAIN
from mish.onnx.opset import opset_of
from mish.onnx.scopes import all_nodes
from mish.onnx.tape import Tape

if TYPE_CHECKING:
    from onnxruntime import SessionOptions  # type: ignore[import-untyped]

_LIBRARY = Path(__file__).with_name("_kernel.so")
_FUNCTIONS_SINCE = 8  # the version of the file format that knows functions


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
    """Whether a model imports the domain of the form ``native``."""
    return any(entry.domain == NATIVE_DOMAIN for entry in model.opset_import)


def add_fallback(model: onnx.ModelProto, kinds: set[int]) -> None:
    """Import the domain wherever its operator is, and define the operator as a function.

    A runtime without the kernel runs the function. It is the form ``sigmoid`` if all Mish of the
    model is of one type, and else the form ``softplus``, which names no type.

    Args:
        model: The model, changed in place.
        kinds: The ONNX element types of its native Mish.
    """
    for index in reversed(range(len(model.functions))):
        if (model.functions[index].domain, model.functions[index].name) == (NATIVE_DOMAIN, "Mish"):
            del model.functions[index]
    function = onnx.FunctionProto(name="Mish", domain=NATIVE_DOMAIN, input=["x"], output=["y"])
    function.doc_string = "Mish, x tanh(ln(1 + exp(x))), for runtimes without mish's kernel"
    function.opset_import.append(helper.make_opsetid("", opset_of(model)))
    tape = Tape({"x", "y"})
    one_kind = len(kinds) == 1
    write = sigmoid if one_kind else softplus
    write(tape, "x", "y", kinds.pop() if one_kind else onnx.TensorProto.FLOAT, opset_of(model))
    function.node.extend(tape.constants + tape.nodes)
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
