"""``mish caffe2 run`` and ``mish caffe2 to-onnx``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from google.protobuf import text_format
from typer.testing import CliRunner, Result

from mish.caffe2 import core
from mish.cli import app

rng = np.random.default_rng(0)
WEIGHTS = {
    name: rng.normal(size=shape).astype(np.float32) for name, shape in (("w", (4, 3)), ("b", (4,)))
}
X = rng.normal(size=(5, 3)).astype(np.float32)


def mish(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["caffe2", *map(str, arguments)])


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


@pytest.fixture
def net() -> core.Net:
    core.Net._names_used.clear()
    net = core.Net("n")
    x, w, b = net.AddExternalInput("x", "w", "b")
    net.Mish(net.FC([x, w, b], "h"), "y")
    net.AddGradientOperators(["y"])
    return net


@pytest.fixture(autouse=True)
def folder(net, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    init = core.Net("init")
    for name, values in WEIGHTS.items():
        init.GivenTensorFill([], name, shape=list(values.shape), values=values)
    Path("net.pb").write_bytes(net.Proto().SerializeToString())
    Path("net.pbtxt").write_text(text_format.MessageToString(net.Proto()))
    Path("init.pb").write_bytes(init.Proto().SerializeToString())
    np.savez("x.npz", x=X)
    np.savez("all.npz", x=X, **WEIGHTS)
    return tmp_path


def arrays(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return dict(archive)


def test_run_writes_what_the_net_makes():
    result = mish("run", "net.pb", "--init", "init.pb", "--input", "x.npz", "-o", "out.npz")
    assert result.exit_code == 0, result.output
    assert "wrote out.npz" in result.stdout
    assert "float32" in result.stdout
    made = arrays("out.npz")
    assert set(made) == {"h", "y", "y_autogen_grad", "h_grad", "x_grad", "w_grad", "b_grad"}
    np.testing.assert_allclose(made["h"], X @ WEIGHTS["w"].T + WEIGHTS["b"], rtol=1e-6)


def test_run_writes_external_outputs_or_the_blobs_asked_for(net):
    net.AddExternalOutput("y")
    Path("net.pb").write_bytes(net.Proto().SerializeToString())
    common = ("run", "net.pb", "--input", "all.npz", "-o", "out.npz")
    assert mish(*common).exit_code == 0
    assert set(arrays("out.npz")) == {"y"}
    assert mish(*common, "--blob", "h", "--blob", "x_grad").exit_code == 0
    assert set(arrays("out.npz")) == {"h", "x_grad"}


def test_run_reads_text_and_prints_json():
    result = mish(
        "run", "net.pbtxt", "--input", "all.npz", "-o", "out.npz", "--blob", "y", "--json"
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "net": "net.pbtxt",
        "output": "out.npz",
        "blobs": [{"name": "y", "dtype": "float32", "shape": [5, 4]}],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.pb",), "cannot read no.pb: No such file"),
        (("x.npz",), "x.npz is not a net of Caffe2"),
        (("net.pb", "--init", "x.npz"), "x.npz is not a net of Caffe2"),
        (("net.pb", "--input", "no.npz"), "cannot read no.npz"),
        (("net.pb", "--input", "net.pb"), "net.pb is not an .npz file of plain arrays"),
        (("net.pb", "--input", "x.npz"), "the input lacks w, b; the net 'n' reads x, w, b"),
        (("net.pb", "--input", "all.npz", "--blob", "q"), "does not make the blob 'q'"),
    ],
)
def test_run_fails_clearly_and_writes_nothing(arguments, message):
    result = mish("run", *arguments, "-o", "out.npz")
    assert result.exit_code == 2
    assert message in said(result)
    assert not Path("out.npz").exists()


def test_an_operator_that_is_missing(net):
    net.Proto().op[1].type = "Mush"
    Path("net.pb").write_bytes(net.Proto().SerializeToString())
    for command, target in (("run", "out.npz"), ("to-onnx", "out.onnx")):
        result = mish(command, "net.pb", "--input", "all.npz", "-o", target, "--blob", "y")
        assert result.exit_code == 2
        assert "there is no operator Mush (output 'y'); did you mean Mish?" in said(result)
        assert not Path(target).exists()


@pytest.mark.parametrize(("command", "name"), [("run", "out.npz"), ("to-onnx", "out.onnx")])
def test_a_folder_that_is_not_there(command, name):
    arguments = (command, "net.pb", "--input", "all.npz", "--blob", "y")
    result = mish(*arguments, "-o", f"no/{name}")
    assert result.exit_code == 2
    assert f"cannot write no/{name}: No such file" in said(result)
    Path("folder").mkdir()
    result = mish(*arguments, "-o", "folder")
    assert result.exit_code == 2
    assert "cannot write folder: Is a directory" in said(result)
    assert not list(Path("folder").iterdir())


def test_to_onnx_with_parameters():
    result = mish("to-onnx", "net.pb", "--init", "init.pb", "--blob", "y", "-o", "out.onnx")
    assert result.exit_code == 0, result.output
    assert "wrote out.onnx" in result.stdout
    model = onnx.load("out.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Mish"]


def test_to_onnx_names_the_model_after_the_net():
    result = mish("to-onnx", "net.pb", "--blob", "y", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "net": "net.pb",
        "model": "net.onnx",
        "nodes": 2,
        "input": ["x", "w", "b"],
        "output": ["y"],
    }
    assert Path("net.onnx").exists()


def test_to_onnx_refuses_gradient_operators():
    result = mish("to-onnx", "net.pb")
    assert result.exit_code == 2
    assert "gradient operators are not converted to ONNX; ask for outputs" in said(result)
    assert not Path("net.onnx").exists()


def test_the_model_can_be_optimized():
    mish("to-onnx", "net.pb", "--init", "init.pb", "--blob", "y", "-o", "out.onnx")
    result = CliRunner().invoke(app, ["optimize", "out.onnx", "-o", "fast.onnx"])
    assert result.exit_code == 0, result.output


def test_without_the_extras(monkeypatch):
    monkeypatch.delitem(sys.modules, "mish.caffe2.to_onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = mish("to-onnx", "net.pb")
    assert result.exit_code == 2
    assert "needs the 'onnx' extra: pip install 'mish[onnx]'" in said(result)
    for name in [name for name in sys.modules if name.startswith("mish.caffe2")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    for command in (("run", "net.pb", "-o", "out.npz"), ("to-onnx", "net.pb")):
        result = mish(*command)
        assert result.exit_code == 2
        assert "mish.caffe2 needs the 'caffe2' extra: pip install 'mish[caffe2]'" in said(result)


@pytest.mark.parametrize("command", ["run", "to-onnx"])
def test_help(command):
    result = mish(command, "--help")
    assert result.exit_code == 0
    assert "NET.pb" in result.stdout
