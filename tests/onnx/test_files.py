from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import onnx
import pytest

from mish.onnx import ModelError, optimize, verify
from mish.onnx._model.files import external_tensors


@pytest.fixture
def heavy(build, tmp_path) -> Path:
    """A model in a folder of its own, its weights in files beside it."""
    body = "h = MatMul(x, v) a = Mish(h) k = MatMul(a, w) b = Mul(k, u) y = Add(b, k)"
    model = build(body, "float[N, 4] x", "float[N, 4] y")
    rng = np.random.default_rng(0)
    for name in "vwu":
        array = rng.standard_normal((4, 4) if name != "u" else 4).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    path = tmp_path / "in" / "m.onnx"
    path.parent.mkdir()
    (path.parent / "weights").mkdir()
    onnx.save(model, path, save_as_external_data=True, location="weights/w.bin", size_threshold=0)
    return path


def test_the_fixture_keeps_its_weights_outside(heavy):
    model = onnx.load(heavy, load_external_data=False)
    assert len(list(external_tensors(model))) == 3


def test_weights_in_the_same_folder_are_shared(heavy):
    target = heavy.with_name("out.onnx")
    optimize(heavy).save(target)
    assert sorted(p.name for p in heavy.parent.iterdir()) == ["m.onnx", "out.onnx", "weights"]
    assert verify(heavy, target).agree


def test_weights_in_the_same_folder_may_bear_the_new_name(build, tmp_path):
    model = build("h = Add(x, w) y = Mish(h)", "float[3] x", "float[3] y")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float32), "w"))
    path = tmp_path / "in.onnx"
    onnx.save(model, path, save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    optimize(path).save(tmp_path / "m.onnx")
    assert verify(path, tmp_path / "m.onnx").agree


def test_weights_are_copied_to_another_folder(heavy, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    optimize(heavy).save(folder / "m.onnx")
    assert sorted(p.name for p in folder.iterdir()) == ["m.onnx", "m.onnx.data"]
    old, new = onnx.load(heavy), onnx.load(folder / "m.onnx")
    for a, b in zip(old.graph.initializer, new.graph.initializer, strict=True):
        assert a.raw_data == b.raw_data
    (heavy.parent / "weights" / "w.bin").unlink()
    x = {"x": np.ones((2, 4), np.float32)}
    assert verify(old, folder / "m.onnx", x).agree


def test_weights_used_twice_are_copied_once(heavy, tmp_path):
    model = onnx.load(heavy, load_external_data=False)
    twin = model.graph.initializer[1]
    twin.CopyFrom(model.graph.initializer[0])
    twin.name = "w"
    onnx.save(model, heavy)
    folder = tmp_path / "out"
    folder.mkdir()
    optimize(heavy).save(folder / "m.onnx")
    assert (folder / "m.onnx.data").stat().st_size < 2 * 4096
    assert verify(heavy, folder / "m.onnx").agree


def test_weights_in_constants_and_branches(build, tmp_path):
    body = (
        "k = Constant<value = float[2] {1, 2}>() a = Mish(x) y = If(c)"
        " <then_branch = t () => (float[N] u) { v = Constant<value = float[1] {3}>()"
        " u = Mul(a, v) },"
        " else_branch = e () => (float[N] w) { w = Add(a, x) }>"
    )
    model = build(body, "float[N] x, bool c")
    for node in (model.graph.node[0], model.graph.node[2].attribute[0].g.node[0]):
        tensor = node.attribute[0].t
        tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor)))
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "m.onnx"
    onnx.save(
        model,
        path,
        save_as_external_data=True,
        location="w.bin",
        size_threshold=0,
        convert_attribute=True,
    )
    target = tmp_path / "out.onnx"
    report = optimize(path)
    report.save(target)
    outside = list(external_tensors(onnx.load(target, load_external_data=False)))
    assert len(outside) == 2
    assert verify(path, report.model, folder=folder).agree
    assert verify(path, target).agree
    assert {tensor.external_data[0].value for tensor in outside} == {"out.onnx.data"}


def test_weights_in_functions():
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["": 18, "own": 1]>
        g (float[N] x) => (float[N] y) { y = own.more(x) }
        <domain: "own", opset_import: ["": 18]>
        more (a) => (b) { k = Constant<value = float {3}>() b = Add(a, k) }
        """
    )
    tensor = model.functions[0].node[0].attribute[0].t
    tensor.data_location = onnx.TensorProto.EXTERNAL
    assert list(external_tensors(model)) == [tensor]


def test_a_write_that_fails_leaves_everything_as_it_was(heavy, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "m.onnx"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    report = optimize(heavy)
    monkeypatch.setattr("mish.onnx._model.saving._copy_bytes", full)
    with pytest.raises(ModelError, match=r"cannot write .*m\.onnx: No space left on device"):
        report.save(target)
    assert [(p.name, p.read_bytes()) for p in folder.iterdir()] == [("m.onnx", b"old")]


def test_a_folder_that_is_not_there(build, tmp_path):
    with pytest.raises(ModelError, match=r"cannot write .*: No such file or directory"):
        optimize(build()).save(tmp_path / "no" / "m.onnx")


def test_a_model_without_mish_comes_out_byte_identical(build, tmp_path):
    path = tmp_path / "in.onnx"
    odd = build("y = Tanh(x)").SerializeToString() + b"\x08\x08"  # the version, once more
    path.write_bytes(odd)
    optimize(path).save(tmp_path / "out.onnx")
    assert (tmp_path / "out.onnx").read_bytes() == odd
    assert onnx.load(path).SerializeToString() != odd
