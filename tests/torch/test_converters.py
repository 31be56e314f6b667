"""Converters of other runtimes take what mish.torch writes. `make test-more` has the converters."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import mish.torch  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")  # of the converters


class HandWritten(torch.nn.Module):
    def forward(self, x):
        return x * torch.tanh(torch.nn.functional.softplus(x))


class Curvature(torch.nn.Module):
    def forward(self, x):
        return mish.torch.derivative(x, 2)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3),
        HandWritten(),
        torch.nn.Conv2d(8, 8, 3),
        torch.nn.Mish(),
        torch.nn.Flatten(),
    ).eval()
    assert len(mish.torch.convert(layers)) == 2
    return layers


X = np.random.default_rng(0).standard_normal((1, 3, 12, 12)).astype(np.float32)
WAYS = {
    "module": lambda model, x: model,
    "traced": torch.jit.trace,
    "exported": lambda model, x: torch.export.export(model, (x,)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["network", "derivative", "group norm"])
def test_openvino(network, kind, way):
    openvino = pytest.importorskip("openvino", reason="make test-more has OpenVINO")
    model = {"network": network, "derivative": Curvature()}.get(kind)
    x = torch.from_numpy(X)
    if kind == "group norm":
        model, x = mish.torch.GroupNormMish(1, 3).eval(), x[0, None]
    program = WAYS[way](model, x)
    example = {} if way == "exported" else {"example_input": (x,)}
    converted = openvino.convert_model(program, **example)
    names = {operation.get_type_name() for operation in converted.get_ops()}
    assert ("Mish" in names) == (kind != "derivative")
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    got = openvino.compile_model(converted, "CPU", hint)([x.numpy()])[0]
    np.testing.assert_allclose(got, model(x).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", ["traced", "exported"])
def test_coremltools(network, way):
    coremltools = pytest.importorskip("coremltools", reason="make test-more has coremltools")
    x = torch.from_numpy(X)
    program = WAYS[way](network, x)
    inputs = {"inputs": [coremltools.TensorType(shape=x.shape)]} if way == "traced" else {}
    if way == "exported":
        program = program.run_decompositions({})
    converted = coremltools.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=coremltools.target.iOS17,
        skip_model_load=True,
        **inputs,
    )
    function = converted._mil_program.functions["main"]
    kinds = [operation.op_type for operation in function.operations]
    assert kinds.count("softplus") == kinds.count("tanh") == 2


def test_pnnx(network, tmp_path):
    command = Path(sysconfig.get_path("scripts"), "pnnx")
    if not command.exists():
        pytest.skip("make test-more has pnnx")
    torch.jit.trace(network, torch.from_numpy(X)).save(tmp_path / "m.pt")
    done = subprocess.run(
        [command, "m.pt", "inputshape=[1,3,12,12]"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "m.pnnx.param").read_text().splitlines()
    assert sum(line.startswith("F.mish ") for line in written) == 2
