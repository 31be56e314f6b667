"""Files that mish.caffe2 is given and cannot work on, and nets that cannot be converted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mish._support.files import read_arrays
from mish.caffe2 import Caffe2Error, caffe2_pb2, core
from mish.caffe2._messages import read_net
from mish.caffe2._run.arrays import evaluate
from mish.caffe2.to_onnx import convert


@pytest.fixture(autouse=True)
def names():
    core.Net._names_used.clear()


@pytest.fixture
def net():
    net = core.Net("n")
    net.Mish(net.FC(["x", "w", "b"], "h"), "y")
    net.AddGradientOperators(["y"])
    return net.Proto()


@pytest.fixture
def feeds():
    return {"x": np.ones((2, 3), "f"), "w": np.ones((4, 3), "f"), "b": np.ones(4, "f")}


@pytest.fixture
def path(net, tmp_path) -> Path:
    (tmp_path / "n.pb").write_bytes(net.SerializeToString())
    return tmp_path / "n.pb"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Caffe2Error, match=r"cannot read .*no\.pb: No such file"):
        read_net(tmp_path / "no.pb")


def test_a_folder(tmp_path):
    with pytest.raises(Caffe2Error, match=r"cannot read .*: Is a directory"):
        read_net(tmp_path)


@pytest.mark.parametrize("name", ["n.pb", "n.pbtxt"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, world\n",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"PK\x03\x04" + bytes(64),
        bytes(99),
    ],
    ids=["empty", "text", "png", "zip", "zeros"],
)
def test_something_else(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Caffe2Error, match=r"n\.pb(txt)? is not a net of Caffe2 \(a NetDef\)"):
        read_net(tmp_path / name)


def test_names_that_are_no_text(tmp_path, path):
    path.write_bytes(path.read_bytes().replace(b"Mish", b"M\xffsh"))
    with pytest.raises(Caffe2Error, match=r"n\.pb is not a net of Caffe2 .*(UTF-8|utf-8)"):
        read_net(path)


def test_every_truncation_gives_a_net_or_an_error(path):
    content = path.read_bytes()
    refused = 0
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            assert len(read_net(path).op) > 0
        except Caffe2Error:
            refused += 1
    assert refused > 0.8 * len(content)


def test_random_bytes(path):
    rng = np.random.default_rng(0)
    for length in range(1, 300):
        path.write_bytes(rng.bytes(length))
        with pytest.raises(Caffe2Error):
            read_net(path)


def test_flipped_bytes_give_a_result_or_an_error(path, feeds):
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        for use in (lambda: evaluate(read_net(path), feeds), lambda: convert(read_net(path))):
            try:
                use()
            except Caffe2Error:
                refused += 1
    assert refused > len(content)


def test_a_text_that_is_no_net(tmp_path):
    (tmp_path / "n.pbtxt").write_text('op { type: "Mish" inputs: "x" }')
    with pytest.raises(Caffe2Error, match="is not a net of Caffe2"):
        read_net(tmp_path / "n.pbtxt")


def test_another_kind_of_message(tmp_path):
    content = core.CreateOperator("Mish", ["x"], ["y"]).SerializeToString()
    (tmp_path / "op.pb").write_bytes(content)
    with pytest.raises(Caffe2Error, match="is not a net of Caffe2"):
        read_net(tmp_path / "op.pb")


@pytest.mark.parametrize("content", [None, b"", b"text", b"PK\x03\x04" + bytes(40)])
def test_arrays_that_are_none(tmp_path, content):
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot read .*x\.npz|x\.npz is not an \.npz file of"):
        read_arrays(path)


def test_inputs_that_do_not_fit(net, feeds):
    with pytest.raises(Caffe2Error, match="the input lacks b; the net 'n' reads x, w, b"):
        evaluate(net, {name: feeds[name] for name in "xw"})
    with pytest.raises(Caffe2Error, match="the input lacks x, w, b and has besides z"):
        evaluate(net, {"z": feeds["x"]})
    with pytest.raises(Caffe2Error, match="the input has besides z; the net 'n' reads x, w, b"):
        evaluate(net, feeds | {"z": feeds["x"]})
    with pytest.raises(Caffe2Error, match=r"operator FC: input W .* is float64, expected float32"):
        evaluate(net, feeds | {"w": np.ones((4, 3))})
    with pytest.raises(Caffe2Error, match="cannot hold complex128"):
        evaluate(net, feeds | {"w": np.ones((4, 3), complex)})


def test_blobs_that_the_net_does_not_make(net, feeds):
    for use in (lambda: evaluate(net, feeds, outputs=["q"]), lambda: convert(net, outputs=["q"])):
        with pytest.raises(Caffe2Error, match="the net 'n' does not make the blob 'q'; it makes"):
            use()


def test_an_init_net_that_fails(net):
    init = caffe2_pb2.NetDef(name="init", op=[core.CreateOperator("Mish", "nope", "w")])
    for use in (lambda: evaluate(net, {}, init=init), lambda: convert(net, init=init, outputs="y")):
        with pytest.raises(Caffe2Error, match=r"net 'init', operator 1 of 1: .*no blob 'nope'"):
            use()


def test_gradient_operators_are_not_converted(net):
    with pytest.raises(Caffe2Error, match="operator MishGradient: gradient operators are not"):
        convert(net, outputs=["w_grad"])


def one(kind, inputs, **arguments):
    return caffe2_pb2.NetDef(name="n", op=[core.CreateOperator(kind, inputs, "y", **arguments)])


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (one("WeightedSum", ["x", "w"]), "operator WeightedSum: it cannot be converted to ONNX; "),
        (one("XavierFill", [], shape=[2]), "XavierFill: it cannot be converted to ONNX"),
        (one("Mush", ["x"]), "there is no operator Mush"),
        (one("Mish", ["x", "z"]), "operator Mish has 2 inputs"),
        (one("Mish", ["x"]), "nothing in the net tells how many axes the blob 'x' has; give an"),
        (one("FC", ["x", "w", "b"], axis=3), "ONNX can express the axis 1 or the last one, not 3"),
        (one("Mul", ["x", "w"], broadcast=1, axis=0), "how many axes its operands have; give an"),
        (one("Conv", ["x", "w"], kernel=3, order="NHWC"), "only the order NCHW is supported"),
        (one("SpatialBN", list("xsbmv"), is_test=0), "the argument is_test must be 1"),
        (one("ConstantFill", ["x"], input_as_shape=1), "only ConstantFill with the shape of its"),
        (one("GivenTensorFill", ["x"], values=[1.0]), "only ConstantFill with the shape of its"),
        (caffe2_pb2.NetDef(name="n"), "'n' has no operators"),
    ],
)
def test_nets_that_cannot_be_converted(net, message):
    with pytest.raises(Caffe2Error) as raised:
        convert(net)
    assert message in str(raised.value)


def test_examples_of_other_blobs(net, feeds):
    with pytest.raises(
        Caffe2Error, match=r"there is an example of z, which .* they read b, h, w, x"
    ):
        convert(net, examples={"z": feeds["x"]}, outputs=["y"])


def test_examples_that_contradict_the_net(net, feeds):
    with pytest.raises(Caffe2Error, match="the net 'n' does not fit together as an ONNX model"):
        convert(net, examples=feeds | {"x": np.ones((2, 5), "f")}, outputs=["y"])


def test_parameters_that_are_strings(net):
    init = caffe2_pb2.NetDef(name="init")
    init.op.append(core.CreateOperator("GivenTensorBoolFill", [], "w", shape=[1], values=[1]))
    with pytest.raises(Caffe2Error, match="does not fit together"):
        convert(net, init=init, outputs=["y"])
