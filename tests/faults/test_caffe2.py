"""Operators, nets and blobs of Caffe2 that cannot work: each must end in a clear error."""

from __future__ import annotations

import numpy as np
import pytest

from mish.caffe2 import (
    Caffe2Error,
    GetMishGradient,
    MishGradientOp,
    MishOp,
    OpSchema,
    caffe2_pb2,
    core,
    invoke,
    register_operator,
    workspace,
)
from mish.caffe2._contract import registry

X = np.ones((2, 3), np.float32)
T = caffe2_pb2.TensorProto


@pytest.fixture(autouse=True)
def blobs():
    core.Net._names_used.clear()
    workspace.ResetWorkspace()
    workspace.FeedBlob("X", X)
    workspace.FeedBlob("Y", X)
    workspace.FeedBlob("dY", X)
    workspace.FeedBlob("I", X.astype(np.int32))
    workspace.FeedBlob("D", X.astype(np.float64))
    workspace.FeedBlob("four", np.ones(4, np.float32))
    workspace.FeedBlob("text", "text")


def create(kind, inputs, outputs="out", **arguments):
    return core.CreateOperator(kind, inputs, outputs, **arguments)


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (
            MishOp("X", "X"),
            "operator Mish: the blob 'X' is both input X and output Y, which cannot be computed in "
            "place; give the output another name",
        ),
        (
            create("Mish", "X", "X", name="first"),
            "operator Mish 'first': the blob 'X' is both input X and output Y",
        ),
        (MishGradientOp(dX="X"), "the blob 'X' is both input X and output dX"),
        (MishGradientOp(dX="Y"), "the blob 'Y' is both input Y and output dX"),
        (MishGradientOp(dX="dY"), "the blob 'dY' is both input dY and output dX"),
        (create("Mish", []), "operator Mish has 0 inputs (none), expected 1 (X)"),
        (create("Mish", ["X", "Y"]), "operator Mish has 2 inputs ('X', 'Y'), expected 1 (X)"),
        (create("Mish", "X", []), "operator Mish has 0 outputs (none), expected 1 (Y)"),
        (create("Mish", "X", ["a", "b"]), "operator Mish has 2 outputs ('a', 'b'), expected 1"),
        (
            create("MishGradient", ["X", "dY"]),
            "operator MishGradient has 2 inputs ('X', 'dY'), expected 3 (X, Y, dY)",
        ),
        (
            MishOp("I"),
            "operator Mish: input X (blob 'I') is int32, expected float16, bfloat16, float32 or "
            "float64",
        ),
        (
            MishGradientOp(dY="D"),
            "operator MishGradient: input dY (blob 'D') is float64, expected float32, the type of "
            "X",
        ),
        (MishGradientOp(Y="D"), "input Y (blob 'D') is float64, expected float32, the type of X"),
        (
            MishGradientOp(dY="four"),
            "operator MishGradient: input dY (blob 'four') has 4 elements (shape [4]), expected 6, "
            "as many as input X (blob 'X') of shape [2, 3]",
        ),
        (MishGradientOp(Y="four"), "input Y (blob 'four') has 4 elements (shape [4]), expected 6"),
        (
            create("MishGradientGradient", ["X", "dY", "four"], ["a", "b"]),
            "input ddX (blob 'four') has 4 elements",
        ),
        (
            MishOp("nope"),
            "operator Mish: input X: there is no blob 'nope' in the workspace, which has D, I, X, "
            "Y, dY, four, text; workspace.FeedBlob makes one",
        ),
        (MishOp("text"), "input X: the blob 'text' holds a string, expected a tensor"),
        (
            create("Mush", "X"),
            "there is no operator Mush (output 'out'); did you mean Mish?; "
            "mish.caffe2.register_operator adds one",
        ),
        (create("", "X"), "there is no operator without a type"),
        (
            MishOp(device_option=core.DeviceOption(caffe2_pb2.CUDA, 2)),
            "operator Mish: its device option asks for CUDA device 2, but there is no GPU here: "
            "mish.caffe2 computes on the CPU alone. Remove the device option, or set its "
            "device_type to caffe2_pb2.CPU",
        ),
        (
            MishOp(device_option=core.DeviceOption(caffe2_pb2.MKLDNN)),
            "asks for MKLDNN device 0, but mish.caffe2 computes on the CPU alone",
        ),
        (
            MishOp(device_option=core.DeviceOption(77)),
            "asks for device 0 of type 77, but mish.caffe2 computes on",
        ),
        (create("Sum", []), "operator Sum has 0 inputs (none), expected at least 1 (X)"),
        (create("Sum", ["X", "four"]), "input X_1 (blob 'four') has shape [4], expected [2, 3]"),
        (create("Sum", ["X", "D"]), "input X_1 (blob 'D') is float64, expected float32"),
        (create("Sum", ["Y", "X"], "X"), "the blob 'X' is both input X_1 and output Y"),
        (create("WeightedSum", ["X"]), "expected at least 2"),
        (
            create("WeightedSum", ["X", "Y", "X"]),
            "operator WeightedSum has 3 inputs, expected groups of 2: X, weight",
        ),
        (create("WeightedSum", ["X", "Y"]), "input weight_0 (blob 'Y') has 6 elements, expected 1"),
        (
            create("Mul", ["X", "four"]),
            "input B (blob 'four') of shape [4] cannot be broadcast against input A (blob 'X') of "
            "shape [2, 3]",
        ),
        (create("Mul", ["X", "four"], broadcast=1, axis=0), "of shape [2, 3] at axis 0"),
        (create("Mul", ["four", "X"], broadcast=1), "at axis -1"),
        (create("MulGradient", ["four", "X", "Y"], ["a", "b"]), "input dC (blob 'four') has shape"),
        (
            create("FC", ["X", "X", "four"]),
            "operator FC: input b (blob 'four') has shape [4], expected [2] as W has rows",
        ),
        (
            create("FC", ["four", "X", "four"]),
            "input X (blob 'four') of shape [4] has no axis 1, at which the argument axis cuts it",
        ),
        (create("FC", ["X", "X", "four"], axis_w=5), "has no axis 5, at which the argument axis_w"),
        (create("FC", ["X", "X", "four"], axis_w=0), "has rows of 3, expected 6 as input W"),
        (
            create("FC", ["X", "X", "four"], axis=1.5),
            "the argument axis holds a float, expected an",
        ),
        (create("FCGradient", ["X", "X", "Y"], ["a", "b"]), "expected 2 times 2 elements"),
        (create("Softmax", "X", axis=2), "operator Softmax: input X (blob 'X') of shape [2, 3]"),
        (create("Softmax", "X", "X"), "cannot be computed in place"),
        (create("SquaredL2Distance", ["X", "four"]), "input Y (blob 'four') has shape [4]"),
        (create("AveragedLossGradient", ["X", "four"]), "has 4 elements, expected 1"),
        (
            create("LabelCrossEntropy", ["X", "Y"]),
            "input label (blob 'Y') is float32, expected int",
        ),
        (create("LabelCrossEntropy", ["X", "I"]), "input label (blob 'I') has shape [2, 3]"),
        (create("ReluGradient", ["X", "four"]), "input dY (blob 'four') has shape [4]"),
        (create("SwishGradient", ["X", "four", "dY"]), "input Y (blob 'four') has shape [4]"),
        (create("ConstantFill", [], value="text"), "value must be a float or an integer"),
        (create("ConstantFill", [], value=1, dtype=1), "the argument value holds an integer"),
        (create("ConstantFill", [], dtype=4), "the data type STRING is not supported"),
        (create("ConstantFill", [], dtype=99), "the data type 99 is not supported"),
        (create("ConstantFill", [], shape=[2], extra_shape=[1]), "extra_shape needs an input"),
        (create("ConstantFill", "X", shape=[2]), "has both an input and the argument shape"),
        (create("ConstantFill", "X", input_as_shape=1), "expected a vector of int64"),
        (create("GivenTensorFill", [], shape=[2]), "lacks the argument values, which it requires"),
        (create("GivenTensorFill", [], shape=[2], values=[1.0]), "has 1 numbers, expected 2"),
        (create("GivenTensorFill", [], shape=3, values=[1.0]), "argument shape holds an integer"),
        (
            create("Conv", ["X", "X"], kernel=1),
            "input X (blob 'X') has shape [2, 3], expected N, C",
        ),
        (create("SpatialBN", ["X"] * 5), "lacks the argument is_test, which it requires"),
        (create("SpatialBN", ["X"] * 5, is_test=0), "the argument is_test must be 1"),
        (create("SpatialBN", ["X"] * 5, is_test=1, order="NHWC"), "only the order NCHW"),
        (create("SpatialBN", ["X"] * 5, is_test=1), "input scale (blob 'X') has shape [2, 3]"),
        (create("SpatialBN", ["four"] * 5, is_test=1), "has shape [4], expected N, C, ..."),
    ],
)
def test_operators_that_cannot_run(op, message):
    before = workspace.Blobs()
    with pytest.raises(Caffe2Error) as raised:
        workspace.RunOperatorOnce(op)
    assert message in str(raised.value)
    assert workspace.Blobs() == before


IMAGES = np.ones((1, 2, 4, 4), np.float32)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((3, 2, 3, 3), {}, "the kernel are [0, 0], expected 2 numbers of at least 1"),
        ((3, 2, 3, 3), {"kernel": 3, "order": "NHWC"}, "only the order NCHW is supported"),
        ((3, 2, 3, 3), {"kernel": 3, "legacy_pad": 1}, "legacy_pad is not supported"),
        ((3, 2, 3, 3), {"kernels": [3, 3, 3]}, "the kernel are [3, 3, 3], expected 2"),
        ((3, 2, 3, 3), {"kernel": 3, "pad": -1}, "the pads are [-1, -1, -1, -1], expected 4"),
        ((3, 2, 3, 3), {"kernel": 3, "stride": 0}, "the strides are [0, 0]"),
        ((3, 2, 3, 3), {"kernel": 3, "group": 3}, "group is 3, expected a divisor of both the 2"),
        ((3, 2, 3, 3), {"kernel": 3, "group": 0}, "group is 0"),
        ((3, 2, 5, 5), {"kernel": 5}, "is smaller than the kernel, [5, 5]"),
        ((3, 1, 3, 3), {"kernel": 3}, "input filter (blob 'i1') has shape [3, 1, 3, 3], expected"),
        ((), {"kernel": 3}, "input filter (blob 'i1') has shape []"),
    ],
)
def test_convolutions_that_cannot_run(shape, arguments, message):
    with pytest.raises(Caffe2Error) as raised:
        invoke(create("Conv", ["i0", "i1"], **arguments), IMAGES, np.ones(shape, np.float32))
    assert message in str(raised.value)


def test_a_bias_that_does_not_fit():
    with pytest.raises(Caffe2Error, match=r"input bias .* has shape \[4\], expected \[3\]"):
        op = create("Conv", ["x", "w", "b"], kernel=3)
        invoke(op, IMAGES, np.ones((3, 2, 3, 3), "f"), np.ones(4, "f"))


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_out_of_range(label):
    op = create("LabelCrossEntropy", ["x", "label"])
    with pytest.raises(Caffe2Error, match=rf"label .* holds {label}, expected 0 to 2"):
        invoke(op, X, np.array([0, label], np.int32))


def test_probabilities_without_axes():
    op = create("LabelCrossEntropy", ["x", "label"])
    with pytest.raises(Caffe2Error, match="is 0-d, expected rows of probabilities"):
        invoke(op, np.float32(1), np.array([0], np.int32))


def test_errors_are_runtime_errors_as_in_caffe2():
    with pytest.raises(RuntimeError):
        workspace.RunOperatorOnce(MishOp("nope"))


def test_invoke_with_the_wrong_number_of_arrays():
    with pytest.raises(Caffe2Error, match="operator Mish got 2 arrays, expected 1: X"):
        invoke(MishOp(), X, X)


@pytest.mark.parametrize("g_output", [[], [None]])
@pytest.mark.parametrize("make", [GetMishGradient, core.GradientRegistry.GetGradientForOp])
def test_a_missing_output_gradient(make, g_output):
    with pytest.raises(Caffe2Error, match="gradient of its output 'Y' is not provided"):
        make(MishOp(), g_output)


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (create("Conv", ["x", "w"], kernel=1), "operator Conv has no gradient; .*adds one"),
        (create("FCGradient", ["x", "w", "y"], ["a", "b"]), "FCGradient has no gradient"),
        (create("Mush", "x"), "there is no operator Mush"),
        (MishOp("X", "X"), "cannot be computed in place"),
    ],
)
def test_operators_without_a_gradient(op, message):
    with pytest.raises(Caffe2Error, match=message):
        core.GradientRegistry.GetGradientForOp(op, ["g"])


def test_a_value_that_has_been_overwritten():
    net = core.Net("n")
    net.Mish("x", "y")
    net.Tanh("y", "y")
    count = len(net.Proto().op)
    with pytest.raises(
        Caffe2Error,
        match=r"operator Mish: its gradient needs the blob 'y' as it was then \(version 0\), but "
        r"it has been overwritten since \(version 1\)",
    ):
        net.AddGradientOperators(["y"])
    assert len(net.Proto().op) == count


def test_an_input_that_has_been_overwritten():
    net = core.Net("n")
    net.Mish("x", "y")
    net.ConstantFill([], "x", shape=[1])
    with pytest.raises(Caffe2Error, match="needs the blob 'x' as it was then"):
        net.AddGradientOperators(["y"])


def test_gradients_on_different_devices():
    net = core.Net("n")
    net.Mish("x", "a", device_option=core.DeviceOption(caffe2_pb2.CUDA, 0))
    net.Mish("x", "b")
    with pytest.raises(Caffe2Error, match="of the blob 'x' are made on different devices"):
        net.AddGradientOperators(["a", "b"])


def test_a_gradient_name_that_is_in_the_way():
    net = core.Net("n")
    net.Sum(["x", "w"], "y")
    net.Sum(["x", "v"], "z")
    with pytest.raises(Caffe2Error, match="would be summed into 'x_grad'"):
        net.AddGradientOperators({"y": "x_grad", "z": "g"})


def test_a_gradient_maker_that_reads_something_else(monkeypatch):
    monkeypatch.setitem(
        registry.GRADIENTS,
        "Tanh",
        lambda op, g: (create("Mish", "elsewhere", "x_grad"), ["x_grad"]),
    )
    net = core.Net("n")
    net.Tanh("x", "y")
    with pytest.raises(Caffe2Error, match="its gradient reads the blob 'elsewhere', which is none"):
        net.AddGradientOperators(["y"])


@pytest.mark.parametrize("ys", ["y", 3, None])
def test_targets_must_be_a_list_or_a_mapping(ys):
    net = core.Net("n")
    net.Mish("x", "y")
    with pytest.raises(TypeError, match="ys must be a list of blobs or a dict"):
        net.AddGradientOperators(ys)


def test_targets_must_be_in_the_net():
    net = core.Net("n")
    net.Mish("x", "y")
    with pytest.raises(Caffe2Error, match="the blob 'z' is in no operator"):
        net.AddGradientOperators(["z"])


def test_nets_say_which_operator_fails():
    net = core.Net("n")
    net.Mish("X", "a")
    net.Mish("nope", "b")
    message = r"net 'n', operator 2 of 2: operator Mish: input X: there is no blob 'nope'"
    for run in (workspace.CreateNet, workspace.RunNetOnce):
        before = workspace.Blobs()
        with pytest.raises(Caffe2Error, match=message):
            run(net)
        assert workspace.Blobs() == before


def test_a_net_that_fails_when_it_runs():
    net = core.Net("n")
    net.Mish("X", "a")
    net.Mish("I", "b")
    workspace.CreateNet(net)
    with pytest.raises(
        Caffe2Error, match=r"net 'n', operator 2 of 2: operator Mish: input X \(blob"
    ):
        workspace.RunNet("n")
    with pytest.raises(Caffe2Error, match="the blob 'b' has no value yet"):
        workspace.FetchBlob("b")


def test_a_net_for_a_gpu():
    net = core.Net("n")
    net.Mish("X", "a")
    net.RunAllOnGPU(use_cudnn=True)
    assert net.Proto().op[0].engine == "CUDNN"
    with pytest.raises(Caffe2Error, match=r"net 'n', operator 1 of 1: .* CUDA .* no GPU here"):
        workspace.CreateNet(net)


def test_nets_that_are_there_or_not():
    net = core.Net("n")
    net.Mish("X", "a")
    with pytest.raises(Caffe2Error, match=r"there is no net 'n' .*CreateNet takes one in"):
        workspace.RunNet("n")
    workspace.CreateNet(net)
    with pytest.raises(Caffe2Error, match="a net 'n' in the workspace already; overwrite=True"):
        workspace.CreateNet(net)
    with pytest.raises(TypeError, match="name must be the name of a net or a Net, not NetDef"):
        workspace.RunNet(net.Proto())


def test_unknown_operators_of_nets_and_blobs():
    net = core.Net("n")
    y = net.Mish("X", "y")
    for owner in (net, y):
        with pytest.raises(AttributeError, match=r"there is no operator Mush; did you mean Mish\?"):
            _ = owner.Mush
    with pytest.raises(AttributeError, match="comes from no net that Mish could be added to"):
        core.BlobReference("x").Mish()
    for owner in (net, y):
        with pytest.raises(AttributeError, match="has no attribute _private"):
            _ = owner._private


def test_blobs_that_are_no_blobs():
    with pytest.raises(TypeError, match="blobs must be a name, a BlobReference or a list"):
        core.CreateOperator("Mish", 3, "y")
    with pytest.raises(TypeError, match="a blob must be a name or a BlobReference, not 3"):
        core.CreateOperator("Mish", [3], "y")
    with pytest.raises(TypeError, match="name must be a string or a BlobReference, not 3"):
        workspace.FetchBlob(3)


@pytest.mark.parametrize("value", [None, object(), [1, 2.5], ["a", 1], {1: 2.0, 3: object()}])
def test_arguments_of_no_kind(value):
    from mish.caffe2._contract.arguments import MakeArgument

    with pytest.raises(ValueError, match="the argument a must be a number, a string, a message"):
        MakeArgument("a", [value] if isinstance(value, dict) else value)


def test_blobs_that_are_not_there():
    with pytest.raises(Caffe2Error, match="there is no blob 'nope' in the workspace, which has D"):
        workspace.FetchBlob("nope")
    workspace.ResetWorkspace()
    with pytest.raises(Caffe2Error, match="which has no blobs"):
        workspace.FetchBlob("nope")
    for number in range(20):
        workspace.FeedBlob(f"b{number:02}", X)
    with pytest.raises(Caffe2Error, match=r"b09, \.\.\.; workspace"):
        workspace.FetchBlob("nope")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2], "must be fed a NumPy array, a TensorProto or a string, not list; numpy.array"),
        (3, "not int"),
        (np.float32(3), "not float32"),
        (None, "not NoneType"),
        (np.ones(3, np.complex64), "cannot hold complex64; expected one of float32"),
        (np.ones(3, np.uint32), "cannot hold uint32"),
        (np.ones(3, "M8[s]"), "cannot hold datetime64"),
        (np.array([{}]), "must hold numbers or strings, not other objects"),
        (T(dims=[3], float_data=[1]), r"the tensor '' of shape \[3\] holds 1 numbers"),
        (T(dims=[-1], float_data=[1]), r"of shape \[-1\]"),
        (T(dims=[-1, -1], float_data=[1]), r"of shape \[-1, -1\]"),
        (T(dims=[1], raw_data=b"abc"), "holds 0 numbers"),
        (T(dims=[1], data_type=T.STRING), "the data type STRING is not supported"),
    ],
)
def test_values_that_no_blob_can_hold(value, message):
    with pytest.raises(Caffe2Error, match=message):
        workspace.FeedBlob("v", value)
    assert not workspace.HasBlob("v")


def test_feeding_a_gpu():
    with pytest.raises(Caffe2Error, match="'v' cannot be fed to a GPU or another device"):
        workspace.FeedBlob("v", X, core.DeviceOption(caffe2_pb2.CUDA))
    assert not workspace.HasBlob("v")


def test_bytes_that_are_no_message():
    with pytest.raises(Caffe2Error, match="these bytes are no NetDef, or they are truncated"):
        workspace.RunNetOnce(b"\xff\xff\xff")
    with pytest.raises(Caffe2Error, match="these bytes are no OperatorDef"):
        workspace.RunOperatorOnce(b"\xff\xff\xff")
    with pytest.raises(TypeError, match="expected a NetDef, not str"):
        workspace.RunNetOnce("n")


def test_a_workspace_that_is_not_there():
    with pytest.raises(Caffe2Error, match=r"no workspace 'w'; create_if_missing=True makes one"):
        workspace.SwitchWorkspace("w")


def test_nets_that_do_not_fit_together():
    net = core.Net("n")
    net.AddExternalInput("x")
    with pytest.raises(AssertionError, match="the net n has an external input x already"):
        net.AddExternalInput("x")
    with pytest.raises(AssertionError, match="has an external input y already"):
        net.AddExternalInput("y", "y")
    with pytest.raises(AssertionError, match="at least one blob"):
        net.AddExternalInput()
    with pytest.raises(AssertionError, match="the net n does not make y"):
        net.AddExternalOutput("y")
    with pytest.raises(KeyError, match="the net n has no blob y"):
        net.GetBlobRef("y")


def test_a_numa_node_of_a_gpu():
    with pytest.raises(ValueError, match="numa_node_id must be None for any device_type but"):
        core.DeviceOption(caffe2_pb2.CUDA, numa_node_id=1)


def test_kernels_that_return_too_little(monkeypatch):
    monkeypatch.setattr(registry, "OPERATORS", dict(registry.OPERATORS))
    register_operator("Two", OpSchema(["X"], ["a", "b"]))(lambda call, x: x)
    with pytest.raises(Caffe2Error, match="operator Two: its kernel returned 1 arrays, expected 2"):
        invoke(create("Two", "X", ["a", "b"]), X)
    register_operator("Fails", OpSchema(["X"], ["Y"]))(lambda call, x: x[7])
    with pytest.raises(Caffe2Error, match="operator Fails: IndexError: index 7 is out of bounds"):
        invoke(create("Fails", "X"), X)
