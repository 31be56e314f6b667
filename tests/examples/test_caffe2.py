"""The example for Caffe2 trains, and what it saves can be run and converted."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner

from mish.caffe2 import core, workspace
from mish.cli import app

TRAIN = Path(__file__).resolve().parents[2] / "examples" / "caffe2" / "train.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caffe2")
    core.Net._names_used.clear()
    workspace.ResetWorkspace()
    spec = importlib.util.spec_from_file_location("train", TRAIN)
    train = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train)
    train.main(folder)
    np.savez(folder / "x.npz", x=workspace.FetchBlob("x"))
    np.savez(folder / "seen.npz", **{name: workspace.FetchBlob(name) for name in ("y", "label")})
    yield folder
    workspace.ResetWorkspace()


def test_it_converges(folder):
    loss = float(workspace.FetchBlob("loss"))
    assert loss < 2e-3
    with np.load(folder / "seen.npz") as seen:
        assert abs(seen["y"] - seen["label"]).max() < 0.2


def test_what_it_saves_runs_and_converts(folder):
    files = [folder / name for name in ("predict.pb", "--init", "init.pb", "--input", "x.npz")]
    net, init, x = files[0], files[2], files[4]
    common = ["caffe2", "run", net, "--init", init, "--input", x, "-o", folder / "out.npz"]
    assert CliRunner().invoke(app, list(map(str, common))).exit_code == 0
    common = ["caffe2", "to-onnx", net, "--init", init, "-o", folder / "out.onnx"]
    assert CliRunner().invoke(app, list(map(str, common))).exit_code == 0
    with np.load(folder / "out.npz") as made, np.load(x) as given:
        session = onnxruntime.InferenceSession(folder / "out.onnx")
        np.testing.assert_allclose(session.run(None, dict(given))[0], made["y"], atol=1e-5)


def test_only_the_import_line_is_not_caffe2s():
    text = TRAIN.read_text(encoding="utf-8")
    code = text.partition('"""')[2].partition('"""')[2]
    assert re.findall(r"^.*\bmish\b.*$", code, re.MULTILINE) == [
        "from mish.caffe2 import core, workspace"
    ]
