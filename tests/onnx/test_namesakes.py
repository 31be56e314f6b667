"""Functions and operators that share a name with another, or with the form native."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

import mish
from mish.onnx import ModelError, find, optimize, register, verify
from mish.onnx._write.kernel import is_native

X = np.array([-3, -0.5, 0, 2], np.float32)
GRAPH = "g (float[N] x) => (float[N] y) {{ {} }}"
MISH = "(a) => (b) { p = Softplus(a) t = Tanh(p) b = Mul(a, t) }"
NEGATIVE = "(a) => (b) { b = Neg(a) }"


def parse(body: str, domain: str, *functions: str) -> onnx.ModelProto:
    """A model with functions of one domain: each is overload and body, or body alone."""
    opsets = f'opset_import: ["": 18, "{domain}": 1]'
    texts = [f'<domain: "{domain}", {opsets}> {each}' for each in functions]
    head = f"<ir_version: 10, {opsets}>"
    text = " ".join([head, GRAPH.format(body), *texts])
    return onnx.parser.parse_model(text.replace(") ", ")\n"))


def run(model: onnx.ModelProto, registered: bool = False) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if registered:
        register(options)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": X})


def overloaded(order: int) -> onnx.ModelProto:
    """A model that calls both overloads of one function, of which "right" is Mish."""
    model = parse("m = own.act(x) y = own.act(m)", "own", f"act {MISH}", f"act {NEGATIVE}")
    for each, overload in zip(model.graph.node, ("right", "wrong"), strict=True):
        each.overload = overload
    for each, overload in zip(model.functions, ("right", "wrong"), strict=True):
        each.overload = overload
    functions = list(model.functions)[::order]
    del model.functions[:]
    model.functions.extend(functions)
    return model


@pytest.mark.parametrize("order", [1, -1])
def test_an_overload_is_a_function_of_its_own(order):
    model = overloaded(order)
    assert [site.spelling for site in find(model)] == ["own.act:right"]
    for form in ("sigmoid", "native"):
        new = optimize(model, form).model
        assert [each.overload for each in new.functions if each.domain == "own"] == ["wrong"]
        np.testing.assert_allclose(run(new)[0], run(model)[0], rtol=1e-6)


@pytest.mark.parametrize("order", [1, -1])
def test_mish_in_one_overload_of_two(order):
    model = overloaded(order)
    for each in model.functions:
        each.node.append(onnx.helper.make_node("Identity", ["b"], ["c"]))
        each.node.append(onnx.helper.make_node("Neg", ["c"], ["d"]))
        each.output[0] = "d"
    assert [site.graph for site in find(model)] == ["own.act:right"]
    new = optimize(model).model
    assert {each.overload for each in new.functions} == {"right", "wrong"}
    np.testing.assert_allclose(run(new)[0], run(model)[0], rtol=1e-6)


@pytest.mark.parametrize("domain", ["mish", "own"])
def test_a_function_called_mish_of_another_domain_is_left_alone(domain):
    model = parse(f"m = {domain}.Mish(x) y = Mish(m)", domain, f"Mish {NEGATIVE}")
    new = optimize(model, "native").model
    assert [site.spelling for site in find(model)] == ["Mish"]
    assert new.functions[0] == model.functions[0]
    for registered in (True, False):
        np.testing.assert_allclose(run(new, registered)[0], mish.mish(-X), rtol=1e-6)
        np.testing.assert_array_equal(run(model, registered)[0], run(model)[0])
    assert verify(model, new).agree


@pytest.mark.parametrize("overload", ["", "own"])
def test_the_name_of_the_form_native_is_taken(overload):
    model = parse("m = mish.onnx.Mish(x) y = Mish(m)", "mish.onnx", f"Mish {NEGATIVE}")
    model.functions[0].overload = model.graph.node[0].overload = overload
    with pytest.raises(
        ModelError, match=r"function mish\.onnx\.Mish that is not Mish.*rename that function"
    ):
        optimize(model, "native")
    new = optimize(model).model
    assert [site.spelling for site in find(model)] == ["Mish"]
    assert not is_native(model)
    assert verify(model, new).agree
    np.testing.assert_allclose(run(new)[0], mish.mish(-X), rtol=1e-6)


def test_a_function_of_that_name_that_is_mish_is_as_good_as_ours():
    model = parse("m = mish.onnx.Mish(x) y = Neg(m)", "mish.onnx", f"Mish {MISH}")
    assert is_native(model)
    ((_, reason),) = optimize(model, "native").skipped
    assert reason == "it has this form already"
    assert not optimize(model).model.functions


def test_the_operator_in_a_function_alone():
    block = "block (a) => (b) { p = Softplus(a) t = Tanh(p) m = Mul(a, t) b = Neg(m) }"
    model = parse("h = own.block(x) y = own.block(h)", "own", block)
    new = optimize(model, "native").model
    assert is_native(new)
    assert not optimize(new, "native").rewritten
    np.testing.assert_array_equal(run(new, registered=True)[0], -mish.mish(-mish.mish(X)))
    assert verify(model, new).agree


def test_a_file_with_the_operator_in_its_former_domain():
    model = parse("y = mish.Mish(x)", "mish", f"Mish {MISH}")
    for registered in (True, False):
        np.testing.assert_allclose(run(model, registered)[0], mish.mish(X), rtol=1e-6)
    assert not is_native(model)
    new = optimize(model, "native").model
    assert [(each.domain, each.name) for each in new.functions] == [("mish.onnx", "Mish")]
    np.testing.assert_array_equal(run(new, registered=True)[0], mish.mish(X))


def test_who_is_native(build):
    model = build()
    assert not is_native(model)
    model.opset_import.append(onnx.helper.make_opsetid("mish.onnx", 1))
    assert not is_native(model)
    new = optimize(model, "native").model
    assert is_native(new)
    del new.functions[:]
    assert is_native(new)
