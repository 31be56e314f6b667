"""Nets in Caffe2's Python, written once and built both by Caffe2 1.10.2 and by mish.caffe2.

A case gets the two modules ``core`` and ``caffe2_pb2``, and returns a net and what to feed it.
"""

from __future__ import annotations

import numpy as np

CASES = {}


def case(build):
    CASES[build.__name__] = build
    return build


def numbers(*shape, seed=0, dtype=np.float32):
    """Normal numbers, the same under every version of NumPy."""
    return np.random.RandomState(seed).standard_normal(shape).astype(dtype)


def loss_of(net, y, label):
    return net.AveragedLoss(net.SquaredL2Distance([y, label]), "loss")


def differentiate(net, blob, gradient):
    """Add the gradient operators for one blob whose gradient is fed."""
    net.AddGradientOperators({blob: net.AddExternalInput(gradient)})


def through(*path, **options):
    """A net that sends x through operators one after the other, with all gradients."""

    def build(core, pb):
        net = core.Net("through")
        blob = net.AddExternalInput("x")
        for place, op in enumerate(path):
            blob = getattr(net, op)([blob], f"y{place}", **options)
        differentiate(net, blob, "y_grad")
        shape = (4, 3, 2)
        return net, {"x": 3 * numbers(*shape), "y_grad": numbers(*shape, seed=1)}

    return build


for operator in ("Mish", "Relu", "Sigmoid", "Tanh", "Swish", "Softmax"):
    CASES[operator.lower()] = through(operator)
CASES["softmax_last_axis"] = through("Softmax", axis=2)
CASES["softmax_first_axis"] = through("Softmax", axis=0)
CASES["softmax_negative_axis"] = through("Softmax", axis=-1)
CASES["chain"] = through("Mish", "Tanh", "Swish", "Sigmoid", "Mish", "Relu")


@case
def squared_distance_of_tensors(core, pb):
    net = core.Net("distance")
    net.SquaredL2Distance(["x", "y"], "d")
    differentiate(net, "d", "d_grad")
    return net, {"x": numbers(4, 3, 2), "y": numbers(4, 3, 2, seed=1), "d_grad": numbers(4, seed=2)}


@case
def squared_distance_of_vectors(core, pb):
    net = core.Net("distance")
    net.SquaredL2Distance(["x", "y"], "d")
    differentiate(net, "d", "d_grad")
    return net, {"x": numbers(4), "y": numbers(4, seed=1), "d_grad": numbers(4, seed=2)}


@case
def mean_of_a_matrix(core, pb):
    net = core.Net("mean")
    net.AveragedLoss("x", "loss")
    net.AddGradientOperators(["loss"])
    return net, {"x": numbers(4, 3)}


@case
def cross_entropy(core, pb):
    net = core.Net("classes")
    x, w, b, label = net.AddExternalInput("x", "w", "b", "label")
    hidden = net.Mish(net.FC([x, w, b]))
    probabilities = net.Softmax(hidden, "p")
    loss = net.AveragedLoss(net.LabelCrossEntropy([probabilities, label], "xent"), "loss")
    net.AddGradientOperators([loss])
    labels = np.array([0, 4, 2, 1, 1, 3], np.int32)
    return net, {
        "x": numbers(6, 3),
        "w": numbers(5, 3, seed=1),
        "b": numbers(5, seed=2),
        "label": labels,
    }


@case
def cross_entropy_of_impossible_labels(core, pb):
    net = core.Net("classes")
    net.LabelCrossEntropy(["p", "label"], "xent")
    differentiate(net, "xent", "xent_grad")
    p = np.array([[0, 1], [1, 0], [0.25, 0.75]], np.float32)
    return net, {"p": p, "label": np.zeros((3, 1), np.int32), "xent_grad": numbers(3)}


@case
def layer_on_images(core, pb):
    net = core.Net("layer")
    net.FC(["x", "w", "b"], "y")
    differentiate(net, "y", "y_grad")
    return net, {
        "x": numbers(4, 3, 2, 2),
        "w": numbers(5, 12, seed=1),
        "b": numbers(5, seed=2),
        "y_grad": numbers(4, 5, seed=3),
    }


@case
def layer_at_a_later_axis(core, pb):
    net = core.Net("layer")
    net.FC(["x", "w", "b"], "y", axis=2, axis_w=2)
    differentiate(net, "y", "y_grad")
    return net, {
        "x": numbers(4, 3, 2),
        "w": numbers(5, 2, 2, seed=1),
        "b": numbers(10, seed=2),
        "y_grad": numbers(4, 3, 10, seed=3),
    }


def product(a, b, **options):
    def build(core, pb):
        net = core.Net("product")
        net.Mul(["a", "b"], "c", **options)
        differentiate(net, "c", "c_grad")
        shape = a if options else np.broadcast_shapes(a, b)
        return net, {"a": numbers(*a), "b": numbers(*b, seed=1), "c_grad": numbers(*shape, seed=2)}

    return build


CASES["mul"] = product((4, 3), (4, 3))
CASES["mul_numpy_row"] = product((4, 3), (3,))
CASES["mul_numpy_column"] = product((4, 3), (4, 1))
CASES["mul_numpy_both"] = product((4, 1), (2, 1, 3))
CASES["mul_broadcast_last"] = product((4, 3, 2), (3, 2), broadcast=1)
CASES["mul_broadcast_axis"] = product((4, 3, 2), (4, 3), broadcast=1, axis=0)
CASES["mul_broadcast_middle"] = product((4, 3, 2), (3,), broadcast=1, axis=1)
CASES["mul_broadcast_letter"] = product((4, 3, 2, 2), (3,), broadcast=1, axis_str="C")
CASES["mul_broadcast_one"] = product((4, 3), (1,), broadcast=1)


@case
def square_by_mul(core, pb):
    net = core.Net("square")
    net.Mul(["x", "x"], "y")
    net.AddGradientOperators(["y"])
    return net, {"x": numbers(4, 3)}


@case
def fan_out_of_three(core, pb):
    net = core.Net("fan")
    x = net.AddExternalInput("x")
    total = net.Sum([net.Mish(x, "a"), net.Tanh(x, "b"), net.Swish(x, "c")], "total")
    net.AddGradientOperators([total])
    return net, {"x": numbers(4, 3)}


@case
def residual(core, pb):
    net = core.Net("residual")
    x = net.AddExternalInput("x")
    y = net.Sum([x, net.Mish(x, "a")], "y")
    z = net.Sum([y, net.Mish(y, "b")], "z")
    differentiate(net, z, "z_grad")
    return net, {"x": numbers(4, 3), "z_grad": numbers(4, 3, seed=1)}


@case
def the_same_blob_summed(core, pb):
    net = core.Net("twice")
    a = net.Mish("x", "a")
    net.Sum([a, a], "y")
    differentiate(net, "y", "y_grad")
    return net, {"x": numbers(4), "y_grad": numbers(4, seed=1)}


@case
def two_losses_and_one_inside(core, pb):
    net = core.Net("losses")
    x = net.AddExternalInput("x")
    a = net.Mish(x, "a")
    b = net.Sigmoid(a, "b")
    c = net.Tanh(a, "c")
    net.AddGradientOperators({a: None, b: net.AddExternalInput("b_grad_in"), c: None})
    return net, {"x": numbers(4, 3), "b_grad_in": numbers(4, 3, seed=1)}


@case
def in_place(core, pb):
    net = core.Net("in_place")
    x, w, b = net.AddExternalInput("x", "w", "b")
    h = net.FC([x, w, b], "h")
    net.Relu(h, h)
    y = net.Sum([net.Mish(h, "a"), h], "y")
    net.Sum([y, h], y)
    net.Sigmoid(y, y)
    net.AddGradientOperators([y])
    return net, {"x": numbers(4, 3), "w": numbers(5, 3, seed=1), "b": numbers(5, seed=2)}


@case
def overwritten_by_a_constant(core, pb):
    net = core.Net("cut")
    net.Mish("w", "x")
    net.ConstantFill("x", "x", value=0.5)
    net.Mish("x", "y")
    net.AddGradientOperators(["y"])
    return net, {"w": numbers(4)}


@case
def shared_weights(core, pb):
    net = core.Net("shared")
    x, w, b, label = net.AddExternalInput("x", "w", "b", "label")
    h = x
    for layer in range(3):
        h = net.Mish(net.FC([h, w, b]), f"h{layer}")
    net.AddGradientOperators([loss_of(net, h, label)])
    return net, {
        "x": numbers(4, 3),
        "w": numbers(3, 3, seed=1),
        "b": numbers(3, seed=2),
        "label": numbers(4, 3, seed=3),
    }


@case
def gradients_of_a_part(core, pb):
    net = core.Net("part")
    made = net.ConstantFill([], "made", shape=[4, 3], value=2.0)
    y = net.Mish(net.Mul([made, "x"]), "y")
    net.AddGradientOperators([y], skip=1)
    return net, {"x": numbers(4, 3)}


@case
def scopes(core, pb):
    net = core.Net("scopes")
    x = net.AddExternalInput("x")
    with core.NameScope("outer"):
        a = net.Mish(x, "a")
        with core.NameScope("inner"):
            b = a.Tanh([], "b")
            c = net.Sigmoid(b)
        d = net.Sum([net.Mish(x), c, b])
        with core.DeviceScope(core.DeviceOption(pb.CPU, 0, random_seed=3)):
            e = net.Mish(d, "e")
            with core.DeviceScope(core.DeviceOption(pb.CPU, extra_info=["k:v"])):
                f = net.Mish(e, "f")
                net.AddGradientOperators([f])
    return net, {"x": numbers(4, 3)}


@case
def decorated(core, pb):
    net = core.Net("decorated")
    net.Mish("x", "y", name="m", engine="ENG", debug_info="why", foo=3, bar=[1.5, 2.5], baz="s")
    net.Relu("y", "z", flags=[True, False], names=["a", "b"], none=None, nothing=[])
    net.AddGradientOperators(["z"])
    net.AddArgument("note", 7)
    return net, {"x": numbers(4)}


@case
def names_that_are_made_up(core, pb):
    net = core.Net("names")
    x = net.AddExternalInput("x")
    a = net.Mish(net.Mish(net.Mish(x)))
    net.Tanh(a, net.NextBlob("x"))
    net.Tanh(a, net.NextScopedBlob("fresh"))
    net.Tanh(a, net.NextName())
    net.Tanh(a, 1)
    net.AddExternalOutput(a)
    return net, {"x": numbers(4)}


@case
def fills(core, pb):
    net = core.Net("fills")
    net.ConstantFill([], "f", shape=[2, 3], value=1.5)
    net.ConstantFill([], "i", shape=[2], value=7)
    net.ConstantFill([], "d", shape=[2], value=0.5, dtype=core.DataType.DOUBLE)
    net.ConstantFill([], "j", shape=[2], value=3, dtype=core.DataType.INT32)
    net.ConstantFill([], "scalar", value=2.0)
    net.ConstantFill("x", "like")
    net.ConstantFill("x", "longer", extra_shape=[2], value=1.0)
    net.ConstantFill("shape", "shaped", input_as_shape=1, value=1.0)
    net.GivenTensorFill([], "given", shape=[2, 2], values=[1.0, 2.0, 3.0, 4.5])
    net.GivenTensorIntFill([], "given_int", shape=[2], values=[1, -2])
    net.GivenTensorInt64Fill([], "given_int64", shape=[2], values=[1, -2])
    net.GivenTensorDoubleFill([], "given_double", shape=[2], values=[0.5, -2.0])
    net.GivenTensorBoolFill([], "given_bool", shape=[2], values=[True, False])
    return net, {"x": numbers(4), "shape": np.array([2, 3], np.int64)}


@case
def weighted_sum(core, pb):
    net = core.Net("step")
    net.WeightedSum(["w", "one", "g", "rate"], "w")
    one, rate = np.ones(1, np.float32), np.full(1, -0.1, np.float32)
    return net, {"w": numbers(4, 3), "g": numbers(4, 3, seed=1), "one": one, "rate": rate}


def convolution(x=(2, 4, 7, 6), weights=(6, 4, 3, 3), bias=True, **options):
    def build(core, pb):
        net = core.Net("convolution")
        feeds = {"x": numbers(*x), "w": numbers(*weights, seed=1)}
        if bias:
            feeds["b"] = numbers(weights[0], seed=2)
        net.Mish(net.Conv([*feeds], "y", **options), "z")
        return net, feeds

    return build


CASES["conv"] = convolution(kernel=3)
CASES["conv_without_bias"] = convolution(bias=False, kernel=3, pad=1)
CASES["conv_strides"] = convolution(
    kernel=3, stride_h=2, stride_w=3, pad_t=1, pad_l=0, pad_b=2, pad_r=3
)
CASES["conv_lists"] = convolution(
    weights=(6, 4, 3, 2), kernels=[3, 2], strides=[1, 2], pads=[0, 1, 2, 0]
)
CASES["conv_dilation"] = convolution(kernel_h=3, kernel_w=3, dilation=2, pad=1)
CASES["conv_dilations"] = convolution(kernel=2, weights=(6, 4, 2, 2), dilation_h=3, dilation_w=2)
CASES["conv_groups"] = convolution(weights=(6, 2, 3, 3), kernel=3, group=2)


@case
def batch_norm(core, pb):
    net = core.Net("norm")
    net.SpatialBN(["x", "scale", "bias", "mean", "var"], "y", is_test=1, epsilon=1e-3)
    net.Mish("y", "z")
    net.SpatialBN(["z", "scale", "bias", "mean", "var"], "z", is_test=True)
    feeds = {name: numbers(3, seed=i) for i, name in enumerate(["scale", "bias", "mean"])}
    return net, {"x": numbers(2, 3, 4, 5, seed=9), "var": numbers(3, seed=4) ** 2, **feeds}


@case
def double_precision(core, pb):
    net = core.Net("double")
    net.Mish("x", "y")
    net.Sigmoid("s", "t")
    differentiate(net, "y", "y_grad")
    feeds = {"x": 3 * numbers(4, 3), "y_grad": numbers(4, 3, seed=1)}
    return net, {**{name: each.astype(np.float64) for name, each in feeds.items()}, "s": numbers(3)}


@case
def only_the_sizes_agree(core, pb):
    net = core.Net("sizes")
    net.MishGradient(["x", "y", "y_grad"], "x_grad")
    return net, {"x": numbers(4, 3), "y": numbers(2, 6), "y_grad": numbers(12, seed=1)}


@case
def no_elements(core, pb):
    net = core.Net("empty")
    net.Mish("x", "y")
    net.AveragedLoss("y", "loss")
    net.AddGradientOperators(["loss"])
    return net, {"x": numbers(0, 3)}


@case
def a_scalar(core, pb):
    net = core.Net("scalar")
    net.Mish("x", "y")
    net.AddGradientOperators(["y"])
    return net, {"x": numbers()}
