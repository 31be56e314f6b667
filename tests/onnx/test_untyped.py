"""Inputs and outputs of which a model does not tell the shape, or outputs without a type."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mish.onnx import ModelError, find, optimize, verify

FORMS = ["sigmoid", "op", "softplus", "native"]
X = {"x": np.linspace(-5, 5, 12, dtype=np.float32).reshape(3, 4)}


def without(model: onnx.ModelProto, end: str, what: str) -> onnx.ModelProto:
    (value,) = getattr(model.graph, end)
    if what == "shape":
        value.type.tensor_type.ClearField("shape")
    else:
        value.ClearField("type")
    return model


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["shape", "type"])
@pytest.mark.parametrize("opset", [11, 18])
def test_an_output_without(build, form, what, opset):
    model = without(build(opset=opset), "output", what)
    assert len(find(model)) == 1
    report = optimize(model, form)
    if form != "softplus":
        assert len(report.rewritten) == 1
    assert report.model.graph.output == model.graph.output
    assert verify(model, report.model).agree


@pytest.mark.parametrize("form", FORMS)
def test_an_input_without_a_shape(build, form):
    model = without(build("a = Neg(x) y = Mish(a)"), "input", "shape")
    report = optimize(model, form)
    assert len(report.rewritten) == (form != "op")
    assert report.model.graph.input == model.graph.input
    assert verify(model, report.model, X).agree
    assert verify(model, report.model, {"x": np.float32(2)[...]}).agree
    with pytest.raises(ModelError, match=r"input x has no shape .* give one, with --input"):
        verify(model, report.model)


def test_an_input_without_a_type(build):
    with pytest.raises(ModelError, match="the input x has no type; give it one"):
        optimize(without(build(), "input", "type"))


def test_the_type_of_given_inputs_still_has_to_fit(build):
    model = without(build(), "input", "shape")
    with pytest.raises(ModelError, match=r"x is float64 of shape \[2\]; the model takes"):
        verify(model, model, {"x": np.zeros(2)})
