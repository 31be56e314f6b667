"""Files that mish.onnx is given and cannot work on: each must end in a clear error."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from google.protobuf.message import EncodeError

from mish.onnx import ModelError, find, optimize, verify
from mish.onnx._compare.inputs import load
from mish.onnx._model.checking import check
from mish.onnx._model.files import read, serialize

TEXT = """
<ir_version: 8, opset_import: ["": 18]>
g (float[N, 4] x) => (float[N, 4] y) { h = MatMul(x, w) y = Mish(h) }
"""


@pytest.fixture
def model() -> onnx.ModelProto:
    model = onnx.parser.parse_model(TEXT)
    weights = np.arange(16, dtype=np.float32).reshape(4, 4)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    return model


@pytest.fixture
def path(model, tmp_path) -> Path:
    onnx.save(model, tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.fixture
def split(model, tmp_path) -> Path:
    path = tmp_path / "split.onnx"
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return path


@pytest.mark.parametrize("use", [find, optimize])
def test_a_file_that_is_not_there(use, tmp_path):
    with pytest.raises(ModelError, match=r"cannot read .*no\.onnx: No such file"):
        use(tmp_path / "no.onnx")


def test_a_folder(tmp_path):
    with pytest.raises(ModelError, match=r"cannot read .*: Is a directory"):
        optimize(tmp_path)


@pytest.mark.parametrize("use", [optimize, read, load])
def test_a_pipe_is_not_waited_for(use, tmp_path):
    os.mkfifo(tmp_path / "m.onnx")
    with pytest.raises(
        ModelError, match=r"cannot read .*m\.onnx: it is a pipe, not a regular file"
    ):
        use(tmp_path / "m.onnx")


def test_an_empty_file(path):
    path.write_bytes(b"")
    with pytest.raises(ModelError, match=r"m\.onnx is empty"):
        optimize(path)


@pytest.mark.parametrize(
    "content",
    [b"hello, world\n", b"\x89PNG\r\n\x1a\n" + bytes(64), b"PK\x03\x04" + bytes(64), bytes(999)],
    ids=["text", "png", "zip", "zeros"],
)
def test_something_else(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not an ONNX model"):
        optimize(path)


def test_a_model_of_another_kind_of_message(path, model):
    path.write_bytes(model.graph.SerializeToString())
    with pytest.raises(ModelError):
        optimize(path)


def test_every_truncation(path):
    content = path.read_bytes()
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            optimize(path)


def test_random_bytes(path):
    rng = np.random.default_rng(0)
    for length in range(1, 300):
        path.write_bytes(rng.bytes(length))
        with pytest.raises(ModelError):
            optimize(path)


def test_flipped_bytes_give_a_model_or_an_error(path):
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    refused = 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        try:
            find(path)
            check(optimize(path).model)
        except ModelError:
            refused += 1
    assert refused > len(content) / 10


def test_a_cycle(path, model):
    model.graph.node[0].input[0] = "y"
    onnx.save(model, path)
    with pytest.raises(ModelError, match="not a valid ONNX model"):
        optimize(path)


def test_external_data_that_is_missing(split):
    split.with_name("w.bin").unlink()
    with pytest.raises(ModelError, match=r"external data of 'w' is missing: .*w\.bin"):
        optimize(split)


def test_external_data_that_is_cut_short(split):
    weights = split.with_name("w.bin")
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"external data of 'w' is cut short: .*w\.bin"):
        optimize(split)


def test_an_output_that_would_overwrite_the_weights(split):
    weights = split.with_name("w.bin")
    content = weights.read_bytes()
    with pytest.raises(ModelError, match="would overwrite the input's weights"):
        optimize(split).save(weights)
    assert weights.read_bytes() == content


@pytest.mark.parametrize("location", ["../w.bin", "a/../../w.bin", "{folder}/w.bin", ""])
def test_external_data_outside_the_folder(split, location):
    model = onnx.load(split, load_external_data=False)
    (split.parent / "in").mkdir()
    place = location.format(folder=split.parent)
    model.graph.initializer[0].external_data[0].value = place
    path = split.parent / "in" / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"external data of 'w' is .*; it must lie in the model's"):
        optimize(path)


def test_external_data_that_is_a_folder(split):
    split.with_name("w.bin").unlink()
    split.with_name("w.bin").mkdir()
    with pytest.raises(ModelError, match="external data of 'w' is missing"):
        optimize(split)


def test_external_data_that_is_a_link_out_of_the_folder(split, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "w.bin"
    (split.parent / "w.bin").rename(elsewhere)
    (split.parent / "w.bin").symlink_to(elsewhere)
    with pytest.raises(ModelError, match=r"is a link to .*w\.bin; it must lie in the model's"):
        optimize(split)


def test_a_cache_of_links(split, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    for name in ("split.onnx", "w.bin"):
        (split.parent / name).rename(cache / f"blob-{name}")
        (split.parent / name).symlink_to(cache / f"blob-{name}")
    assert len(optimize(split).rewritten) == 1


@pytest.mark.parametrize("elements", [17, 1 << 40])
def test_external_data_that_is_shorter_than_its_tensor(split, elements):
    model = onnx.load(split, load_external_data=False)
    model.graph.initializer[0].dims[:] = [elements]
    split.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"external data of 'w' is cut short: .*w\.bin"):
        optimize(split)


@pytest.mark.parametrize(("kind", "elements"), [("UINT4", 128), ("INT2", 256), ("DOUBLE", 8)])
def test_external_data_of_any_width(split, kind, elements):
    model = onnx.load(split, load_external_data=False)
    model.graph.initializer[0].data_type = onnx.TensorProto.DataType.Value(kind)
    for more in (0, 1):
        model.graph.initializer[0].dims[:] = [elements + more]
        split.write_bytes(model.SerializeToString())
        if more:
            with pytest.raises(ModelError, match="is cut short"):
                read(split)
        else:
            read(split)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("offset", text)
            for text in ("-1", "1e3", "0_0", "\N{ARABIC-INDIC DIGIT ZERO}", " 0", "")
        ),
        *(("length", text) for text in ("x", "6_4", "\N{FULLWIDTH DIGIT SIX}4", "+64")),
    ],
)
def test_external_data_with_odd_numbers(split, key, value):
    model = onnx.load(split, load_external_data=False)
    for entry in list(model.graph.initializer[0].external_data):
        if entry.key == key:
            entry.value = value
    split.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="external data of 'w'"):
        optimize(split)


def test_inputs_that_are_not_there(tmp_path):
    with pytest.raises(ModelError, match=r"cannot read .*no\.npz: No such file"):
        load(tmp_path / "no.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(40)])
def test_inputs_that_are_no_archive(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.npz is not an \.npz file of plain arrays"):
        load(path)


def test_inputs_that_are_one_array(tmp_path):
    path = tmp_path / "x.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ModelError, match=r"is not an \.npz file"):
        load(path)


def test_inputs_that_are_objects(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, x=np.array([{}], dtype=object))
    with pytest.raises(ModelError, match="of plain arrays"):
        load(path)


GOOD = np.zeros((2, 4), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "the input lacks x; the model takes x"),
        ({"z": GOOD}, "the input lacks x and has besides z; the model takes x"),
        ({"x": GOOD, "w": GOOD}, "the input has besides w"),
        ({"x": GOOD[0]}, r"x is float32 of shape \[4\]; the model takes .* shape \[N, 4\]"),
        ({"x": GOOD[:, :3]}, r"x is float32 of shape \[2, 3\]"),
        ({"x": GOOD.astype(np.float64)}, r"x is float64 .* takes tensor\(float\)"),
    ],
)
def test_inputs_that_do_not_fit(model, arrays, message):
    with pytest.raises(ModelError, match=message):
        verify(model, model, arrays)


def test_inputs_that_cannot_be_made_up():
    graph = "g (string[N] x) => (string[N] y) { y = Identity(x) }"
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 18]> {graph}')
    with pytest.raises(ModelError, match=r"input x has the type tensor\(string\)"):
        verify(model, model)


@pytest.mark.parametrize("size", [1 << 31, (1 << 62)])
def test_inputs_too_large_to_be_made_up(model, size):
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = size
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = size
    with pytest.raises(ModelError, match="is too large to be made up; give a smaller one"):
        verify(model, model)


def test_text_that_is_not_utf8(path, model):
    model.graph.node[1].doc_string = "doc"
    path.write_bytes(model.SerializeToString().replace(b"doc", b"d\xff\xfe"))
    with pytest.raises(ModelError, match="the model has a text that is not UTF-8"):
        optimize(path)


def test_a_type_that_there_is_not(model):
    model.graph.input[0].type.tensor_type.elem_type = 99
    ((_, reason),) = optimize(model).skipped
    assert "type of its input is not known" in reason


def test_made_up_inputs_that_do_not_run(model):
    model.graph.initializer[0].dims[:] = [2, 8]
    model.graph.output[0].type.tensor_type.shape.dim[1].ClearField("dim_value")
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "M"
    with pytest.raises(
        ModelError, match=r"cannot run the old model on these inputs.*give real ones"
    ):
        verify(model, model)


def test_a_model_that_onnx_runtime_refuses(model):
    model.graph.node[1].op_type = "NoSuchOperator"
    with pytest.raises(ModelError, match="ONNX Runtime refuses the old model"):
        verify(model, model)


def test_more_than_two_gigabytes_in_one_message():
    class Huge:
        def SerializeToString(self) -> bytes:
            raise EncodeError("Failed to serialize proto")

    with pytest.raises(ModelError, match="over 2 GB; keep its weights in external data"):
        serialize(Huge())
