"""Operators that are Mish by their name: ONNX's own before its time, and those of others."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from mish import mish
from mish.onnx import ModelError, find, optimize, verify

FORMS = ["sigmoid", "op", "softplus", "native"]
X = np.linspace(-10, 10, 101, dtype=np.float32)


def others(build, body="a = Neg(x) b = Abs(a) y = Neg(b)", domain="own", name="Mish", opset=11):
    """A model whose Abs is an operator of another domain instead."""
    model = build(body, opset=opset, extra=f', "{domain}": 1' if domain else "")
    for node in model.graph.node:
        if node.op_type == "Abs":
            node.domain, node.op_type = domain, name
    return model


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("opset", [9, 11, 17])
def test_the_operator_before_its_time(build, run, form, opset):
    model = others(build, domain="", opset=opset)
    assert [site.spelling for site in find(model)] == ["Mish"]
    report = optimize(model, form)
    assert [site.spelling for site in report.rewritten] == ["Mish"]
    assert (report.named, report.untaken) == (("Mish",), ())
    onnx.checker.check_model(report.model, full_check=True)
    assert np.allclose(run(report.model, x=X)[0], -mish(-X), rtol=1e-6, atol=1e-9)
    assert verify(report.reference, report.model).agree
    assert all(entry.domain != "ai.onnx.early" for entry in report.model.opset_import)


def test_the_operator_in_its_time_is_taken_as_it_is(build):
    report = optimize(build("y = Mish(x)"))
    assert (report.named, report.reference) == ((), None)


@pytest.mark.parametrize("form", FORMS)
def test_an_operator_of_others(build, run, form):
    model = others(build)
    assert find(model) == []
    report = optimize(model, form)
    assert report.rewritten == ()
    assert report.untaken == ("own::Mish",)
    assert report.model == model

    (site,) = find(model, operators=["own::Mish"])
    assert (site.spelling, site.input, site.output) == ("own.Mish", "a", "b")
    report = optimize(model, form, operators=["own::Mish"])
    assert report.rewritten == (site,)
    assert (report.named, report.untaken) == (("own::Mish",), ())
    assert np.allclose(run(report.model, x=X)[0], -mish(-X), rtol=1e-6, atol=1e-9)
    assert verify(report.reference, report.model).agree


def test_in_subgraphs_and_functions(build):
    model = build(
        "c = Constant<value = bool {1}>() z = If(c) <then_branch = i () => (float[N] u)"
        " { u = own.Mish(x) }, else_branch = j () => (float[N] v) { v = lib.act(x) }>"
        " y = own.Mish(z)",
        opset=14,
        extra=', "own": 1, "lib": 1',
    )
    imports = [helper.make_opsetid("", 14)]
    nodes = [
        helper.make_node("Mish", ["a"], ["m"], domain="own"),
        helper.make_node("Add", ["m", "a"], ["b"]),
    ]
    model.functions.append(helper.make_function("lib", "act", ["a"], ["b"], nodes, imports))
    report = optimize(model, operators=["own::Mish"])
    assert len(report.rewritten) == 3
    assert [function.name for function in report.model.functions] == ["act"]
    assert report.untaken == ()
    assert verify(report.reference, report.model).agree


def test_what_is_left_stays_as_it_was(build):
    model = others(build)
    model.graph.input[0].type.tensor_type.elem_type = 99  # so that no type is known
    report = optimize(model, operators=["own::Mish"])
    ((site, reason),) = report.skipped
    assert site.spelling == "own.Mish"
    assert "element type" in reason
    assert report.model == model


def test_a_function_of_that_name_is_what_it_computes(build):
    model = others(build)
    imports = [helper.make_opsetid("", 11)]
    node = helper.make_node("Abs", ["x"], ["y"])
    model.functions.append(helper.make_function("own", "Mish", ["x"], ["y"], [node], imports))
    report = optimize(model, operators=["own::Mish"])
    assert (report.rewritten, report.named, report.untaken) == ((), (), ())


def test_a_python_operator_goes_by_its_function(build):
    model = others(build, domain="prim", name="PythonOp")
    model.graph.node[1].attribute.append(helper.make_attribute("name", "MishCudaFunction"))
    assert optimize(model).untaken == ("prim::MishCudaFunction",)
    report = optimize(model, operators=["prim::MishCudaFunction"])
    assert len(report.rewritten) == 1


def test_log1p_of_others(build):
    body = "e = Exp(x) l = Abs(e) t = Tanh(l) y = Mul(x, t)"
    model = others(build, body, name="Log1p")
    assert optimize(model).untaken == ("own::Log1p",)
    report = optimize(model, operators=["own::Log1p"])
    assert [site.spelling for site in report.rewritten] == ["Exp, own.Log1p, Tanh, Mul"]
    assert verify(report.reference, report.model).agree
    with pytest.raises(ModelError, match="No Op registered for Log1p"):
        optimize(others(build, body, domain="", name="Log1p"))


@pytest.mark.parametrize("operator", ["Mish", "own::", "::Mish", "own:Mish", ""])
def test_an_operator_without_domain_or_name(build, operator):
    for use in (find, optimize):
        with pytest.raises(ValueError, match="an operator must be given as DOMAIN::NAME"):
            use(build(), operators=[operator])


def test_an_operator_with_attributes_or_more_inputs(build):
    model = others(build)
    model.graph.node[1].attribute.append(helper.make_attribute("beta", 2.0))
    with pytest.raises(ModelError, match=r"own::Mish that makes b has .* as attributes beta"):
        optimize(model, operators=["own::Mish"])
    assert optimize(model).untaken == ()
    model = others(build)
    model.graph.node[1].input.append("x")
    with pytest.raises(ModelError, match="own::Mish that makes b has 2 inputs"):
        optimize(model, operators=["own::Mish"])
