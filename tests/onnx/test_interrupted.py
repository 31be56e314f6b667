"""A model is killed or fails at each system call that writes: old or new, never half of each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from mish.onnx._model.files import external_tensors
from mish.onnx._optimize_file import Settings, run

HERE = Path(__file__).parent
COMPILER = os.environ.get("CXX", "g++")
X = np.linspace(-3, 3, 8, dtype=np.float32).reshape(2, 4)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the calls are those of Linux"),
    pytest.mark.skipif(shutil.which(COMPILER) is None, reason="there is no C++ compiler"),
]


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("shim") / "writing_calls.so"
    source = HERE / "writing_calls.cpp"
    flags = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([COMPILER, *flags, source, "-o", path, "-ldl"], check=True)
    return path


def save(model: onnx.ModelProto, path: Path, outside: bool, seed: int) -> None:
    weights = np.random.default_rng(seed).standard_normal((4, 4)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    path.parent.mkdir(parents=True, exist_ok=True)
    location = f"{path.name}.data"
    onnx.save(model, path, save_as_external_data=outside, location=location, size_threshold=0)


def value(path: Path) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": X})[0]


def weights_of(path: Path) -> set[str]:
    model = onnx.load(path, load_external_data=False)
    return {tensor.external_data[0].value for tensor in external_tensors(model)}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["kill", "fail"])
@pytest.mark.parametrize(
    ("where", "outside"),
    [
        *(("in-place", outside) for outside in (True, False)),
        *(("over-an-old-one", outside) for outside in (True, False)),
        ("link", True),
        ("new", True),
    ],
    ids=lambda each: {True: "external-data", False: "one-file"}.get(each, each),
)
def test_every_writing_call(build, shim, tmp_path, where, outside, way):
    inplace, old = where in {"in-place", "link"}, where == "over-an-old-one"
    body = "h = MatMul(x, w) y = Mish(h)"
    start = tmp_path / "start"
    source, target = "in/m.onnx", "in/m.onnx" if inplace else "out/m.onnx"
    (start / "out").mkdir(parents=True)
    save(build(body, "float[N, 4] x", "float[N, 4] y"), start / source, outside, seed=0)
    if old:
        save(build(body, "float[N, 4] x", "float[N, 4] y"), start / target, outside, seed=1)
    if where == "link":  # as in a cache of downloads
        (start / "in").rename(start / "cache")
        (start / "in").mkdir()
        for path in (start / "cache").iterdir():
            (start / "in" / path.name).symlink_to(f"../cache/{path.name}")
    new = value(start / source)
    right = [new, value(start / target)] if old else [new]
    subprocess.run(
        [sys.executable, HERE / "interrupt.py", tmp_path, way, source, target],
        check=True,
        env={**os.environ, "LD_PRELOAD": str(shim)},
    )
    runs = sorted((p for p in tmp_path.iterdir() if p.name.isdecimal()), key=lambda p: int(p.name))
    assert len(runs) > 5
    for folder in runs:
        model, backup = folder / target, folder / f"{target}.bak"
        assert model.exists() or where == "new"
        if model.exists():
            got = value(model)
            assert any(np.allclose(got, each, rtol=1e-4) for each in right), folder
        outcome = run(folder / source, model, Settings(verify=False))
        assert outcome.status in ({"written", "nothing"} if inplace else {"written"}), folder
        np.testing.assert_allclose(value(model), new, rtol=1e-4)
        if inplace:
            assert backup.read_bytes() == (start / source).read_bytes()
            np.testing.assert_array_equal(value(backup), right[0])
        kept = {model.name, *weights_of(model), *([backup.name] if inplace else [])}
        for place in {model.parent, model.resolve().parent}:
            assert {path.name for path in place.iterdir()} == kept, folder
        assert model.is_symlink() == (where == "link")
