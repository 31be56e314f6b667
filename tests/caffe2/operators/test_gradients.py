"""Every gradient operator against differences of its forward operator in float64."""

from __future__ import annotations

import numpy as np
import pytest

from mish.caffe2 import core, invoke, workspace

rng = np.random.default_rng(1)


def numbers(*shape):
    return rng.uniform(-2, 2, shape)


def probabilities(*shape):
    values = rng.uniform(0.1, 1, shape)
    return values / values.sum(axis=-1, keepdims=True)


LABELS = np.array([0, 4, 2], np.int32)
NETS = {
    "Mish": ({"x": numbers(3, 4)}, {}),
    "Relu": ({"x": numbers(3, 4)}, {}),
    "Sigmoid": ({"x": numbers(3, 4)}, {}),
    "Tanh": ({"x": numbers(3, 4)}, {}),
    "Swish": ({"x": numbers(3, 4)}, {}),
    "Softmax": ({"x": numbers(3, 4)}, {}),
    "Softmax axis": ({"x": numbers(3, 2, 2)}, {"axis": -1}),
    "FC": ({"x": numbers(3, 4), "w": numbers(5, 4), "b": numbers(5)}, {}),
    "FC images": ({"x": numbers(3, 2, 2), "w": numbers(5, 2, 2), "b": numbers(5)}, {}),
    "FC axis": ({"x": numbers(3, 2, 4), "w": numbers(5, 4), "b": numbers(5)}, {"axis": 2}),
    "Sum": ({"a": numbers(3, 4), "b": numbers(3, 4), "c": numbers(3, 4)}, {}),
    "Mul": ({"a": numbers(3, 4), "b": numbers(3, 4)}, {}),
    "Mul rows": ({"a": numbers(3, 4), "b": numbers(1, 4)}, {}),
    "Mul both": ({"a": numbers(3, 1), "b": numbers(2, 1, 4)}, {}),
    "Mul axis": ({"a": numbers(3, 4, 2), "b": numbers(3, 4)}, {"broadcast": 1, "axis": 0}),
    "Add": ({"a": numbers(3, 4), "b": numbers(3, 4)}, {}),
    "Add rows": ({"a": numbers(3, 4), "b": numbers(1, 4)}, {}),
    "Add axis": ({"a": numbers(3, 4, 2), "b": numbers(3, 4)}, {"broadcast": 1, "axis": 0}),
    "Concat": ({"a": numbers(3, 4), "b": numbers(3, 2)}, {}),
    "Concat new": ({"a": numbers(3, 4), "b": numbers(3, 4)}, {"axis": 1, "add_axis": 1}),
    "Split": ({"x": numbers(3, 5)}, {"split": [2, 3]}),
    "Split whole": ({"x": numbers(2, 5)}, {"axis": 0, "add_axis": 1}),
    "Copy": ({"x": numbers(3, 4)}, {}),
    "SquaredL2Distance": ({"x": numbers(3, 4), "y": numbers(3, 4)}, {}),
    "SquaredL2Distance vectors": ({"x": numbers(3), "y": numbers(3)}, {}),
    "AveragedLoss": ({"x": numbers(3, 4)}, {}),
    "LabelCrossEntropy": ({"x": probabilities(3, 5), "label": LABELS}, {}),
    "MishGradient": ({"x": numbers(3, 4), "y": numbers(3, 4), "dy": numbers(3, 4)}, {}),
}
OUTPUTS = {"Concat": ["out", "info"], "Split": ["out", "other"]}


@pytest.mark.parametrize("name", NETS)
def test_the_gradient_is_the_limit_of_differences(name):
    feeds, arguments = NETS[name]
    kind = name.split()[0]
    outputs = OUTPUTS.get(kind, ["out"])
    op = core.CreateOperator(kind, list(feeds), outputs, **arguments)
    arrays = list(feeds.values())

    def made(given):
        results = invoke(op, *given)
        return dict(zip(outputs, results if len(outputs) > 1 else [results], strict=True))

    weights = {
        blob: rng.normal(size=array.shape)
        for blob, array in made(arrays).items()
        if array.dtype == np.float64
    }
    given = [f"{blob}_grad" if blob in weights else None for blob in outputs]
    ops, gradients = core.GradientRegistry.GetGradientForOp(op, given)
    slopes = {f"{blob}_grad": array for blob, array in weights.items()}
    for blob, array in {**feeds, **made(arrays), **slopes}.items():
        workspace.FeedBlob(blob, array)
    workspace.RunOperatorsOnce(ops)
    derived = 0
    for place, (blob, gradient) in enumerate(zip(feeds, gradients, strict=True)):
        if gradient is None:
            assert blob in ("label", "y")
            continue
        got = workspace.FetchBlob(gradient)
        expected = np.empty(arrays[place].shape)
        for index in np.ndindex(expected.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [array.copy() for array in arrays]
                moved[place][index] += step
                results = made(moved)
                ends.append(sum((results[blob] * weights[blob]).sum() for blob in weights))
            expected[index] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-8, err_msg=blob)
        derived += 1
    assert derived


def test_every_operator_with_a_gradient_is_tried():
    from mish.caffe2._contract.registry import GRADIENTS

    silent = {name for name in GRADIENTS if "Fill" in name} | {"StopGradient"}
    assert {name.split()[0] for name in NETS} == set(GRADIENTS) - silent
