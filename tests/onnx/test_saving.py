"""Which weights a model is written with, and which go with the model that it replaces."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest

from mish.onnx import ModelError, optimize, verify
from mish.onnx._model.files import external_tensors


@pytest.fixture
def heavy(build, tmp_path) -> Path:
    """A model in a folder of its own, its weights in a file beside it."""
    model = build("h = MatMul(x, w) y = Mish(h)", "float[N, 4] x", "float[N, 4] y")
    weights = np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    path = tmp_path / "in" / "m.onnx"
    path.parent.mkdir()
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return path


@pytest.fixture
def target(tmp_path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "m.onnx"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_weights_get_a_new_name_and_the_old_ones_go(heavy, target):
    for names in (["m.onnx", "m.onnx.data"], ["m.onnx", "m.onnx.1.data"]) * 2:
        optimize(heavy).save(target)
        assert left(target.parent) == sorted(names)
        assert verify(heavy, target).agree


@pytest.mark.parametrize("name", ["fast.onnx", "m.onnx.bak", "kept.model"])
def test_weights_that_another_model_names_stay(heavy, target, name):
    optimize(heavy).save(target)
    other = Path(shutil.copy(target, target.with_name(name)))
    optimize(heavy).save(target)
    assert left(target.parent) == sorted(["m.onnx", "m.onnx.1.data", "m.onnx.data", name])
    assert verify(heavy, target).agree
    assert verify(heavy, other).agree


def test_weights_of_another_name_stay(heavy, target):
    for name in ("m.onnx", "w.bin"):
        shutil.copy(heavy.with_name(name), target.with_name(name))
    optimize(heavy).save(target)
    assert left(target.parent) == ["m.onnx", "m.onnx.data", "w.bin"]


def test_weights_that_no_model_names_stay(heavy, target):
    target.with_name("m.onnx.data").write_bytes(b"mine")
    optimize(heavy).save(target)
    optimize(heavy).save(target)
    assert target.with_name("m.onnx.data").read_bytes() == b"mine"
    assert verify(heavy, target).agree


def test_the_weights_of_the_input_stay(heavy, target):
    """A model in the folder above may keep its weights under the very name."""
    model = onnx.load(heavy)
    source = target.parent.parent / "m.onnx"
    onnx.save(
        model, source, save_as_external_data=True, location="out/m.onnx.data", size_threshold=0
    )
    shutil.copy(source, target)
    text = onnx.load(source, load_external_data=False)
    text.graph.initializer[0].external_data[0].value = "m.onnx.data"
    target.write_bytes(text.SerializeToString())
    optimize(source).save(target)
    assert left(target.parent) == ["m.onnx", "m.onnx.1.data", "m.onnx.data"]
    assert verify(source, target).agree


def test_the_weights_of_a_model_go_with_it_if_the_new_one_has_none(heavy, target, build):
    optimize(heavy).save(target)
    optimize(build()).save(target)
    assert left(target.parent) == ["m.onnx"]


def test_a_target_that_is_no_model_is_replaced(heavy, target):
    target.write_bytes(b"text")
    target.with_name("m.onnx.data").write_bytes(b"mine")
    optimize(heavy).save(target)
    assert verify(heavy, target).agree
    assert target.with_name("m.onnx.data").read_bytes() == b"mine"


def test_many_at_once(heavy, target):
    reports = [optimize(heavy) for _ in range(8)]
    failures: list[ModelError] = []

    def work(number: int) -> None:
        try:
            for _ in range(10):
                reports[number].save(target)
        except ModelError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    model = onnx.load(target, load_external_data=False)
    (tensor,) = external_tensors(model)
    assert left(target.parent) == sorted(["m.onnx", tensor.external_data[0].value])
    assert verify(heavy, target).agree
