"""Operators that users add."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mish.caffe2 import (
    Gradient,
    OpSchema,
    core,
    invoke,
    no_gradient,
    register_gradient,
    register_operator,
    workspace,
)
from mish.caffe2._contract import registry


@pytest.fixture(autouse=True)
def restored(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "OPERATORS", dict(registry.OPERATORS))
    monkeypatch.setattr(registry, "GRADIENTS", dict(registry.GRADIENTS))
    yield


def test_an_operator_with_its_gradient():
    @register_operator("Scaled", OpSchema(["X", "factor"], ["Y"], dtypes={"factor": ["int64"]}))
    def _(call, x, factor):
        return x * factor.astype(x.dtype) * x.dtype.type(call.arguments.number("scale", 1.0))

    @register_gradient("Scaled")
    def _(op, g_output):
        g = Gradient(op, g_output)
        g.add("Scaled", [g.GO(0), g.I(1)], [g.GI(0)])
        return g.result()

    net = core.Net("n")
    net.Mish(net.Scaled(["x", "two"], "s", scale=1.5), "y")
    gradients = net.AddGradientOperators(["y"])
    workspace.FeedBlob("x", np.linspace(-1, 1, 5, dtype=np.float32))
    workspace.FeedBlob("two", np.array(2))
    workspace.RunNetOnce(net)
    s_grad, x_grad = workspace.FetchBlobs([gradients["s"], gradients["x"]])
    np.testing.assert_array_equal(x_grad, 3 * s_grad)
    assert "Scaled" in workspace.RegisteredOperators()


def test_several_outputs_and_groups_of_inputs():
    schema = OpSchema(["x", "scale", "shift"], ["low", "high"], repeated=2, optional_outputs=1)

    @register_operator("Ends", schema)
    def _(call, x, *pairs):
        made = [x * pairs[i] + pairs[i + 1] for i in range(0, len(pairs), 2)]
        return (np.min(made, axis=0), np.max(made, axis=0))[: len(call.definition.output)]

    one = np.ones(2)
    op = core.CreateOperator("Ends", ["x", "a", "b", "c", "d"], ["low", "high"])
    low, high = invoke(op, one, one, one, 3 * one, one)
    np.testing.assert_array_equal([low, high], [[2, 2], [4, 4]])
    only = core.CreateOperator("Ends", ["x", "a", "b"], "low")
    np.testing.assert_array_equal(invoke(only, one, one, one), [2, 2])
    assert schema.input_name(0) == "x"
    assert [schema.input_name(i) for i in (1, 2, 3, 4)] == [
        "scale_0",
        "shift_0",
        "scale_1",
        "shift_1",
    ]


def test_replacing_an_operator():
    @register_operator("Relu", OpSchema(["X"], ["Y"]))
    def _(call, x):
        return np.maximum(x, -1)

    np.testing.assert_array_equal(invoke(core.CreateOperator("Relu", "X", "Y"), [-2.0, 3]), [-1, 3])


def test_without_a_gradient_the_pass_ends_there():
    no_gradient("Tanh")
    net = core.Net("n")
    net.Tanh(net.Mish("x", "a"), "b")
    assert set(map(str, net.AddGradientOperators(["b"]))) == {"b"}


def test_inputs_are_read_only():
    @register_operator("Bad", OpSchema(["X"], ["Y"]))
    def _(call, x):
        x += 1
        return x

    with pytest.raises(RuntimeError, match=r"operator Bad: ValueError: .*read-only"):
        invoke(core.CreateOperator("Bad", "X", "Y"), [1.0])


def test_random_numbers_follow_the_seed():
    @register_operator("Noise", OpSchema(["X"], ["Y"]))
    def _(call, x):
        return x + call.rng().normal(size=x.shape)

    op = core.CreateOperator("Noise", "X", "Y", random_seed=3)
    np.testing.assert_array_equal(invoke(op, np.zeros(3)), invoke(op, np.zeros(3)))
