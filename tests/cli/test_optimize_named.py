"""The command on operators by name, and on models that ONNX Runtime does not load."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import onnx.parser
import pytest
from typer.testing import CliRunner, Result

from mish.cli import app

TEXT = """
<ir_version: 8, opset_import: ["": 11, "own": 1]>
g (KIND[N, 3] x) => (KIND[N, 3] y) { BODY }
"""
DOUBLE = "e = Exp(x)\n f = Add(e, one)\n l = Log(f)\n t = Tanh(l)\n y = Mul(x, t)"


def save(path: Path, body: str, kind: str = "float") -> Path:
    text = TEXT.replace("BODY", body).replace("KIND", kind)
    model = onnx.parser.parse_model(text)
    element = model.graph.input[0].type.tensor_type.elem_type
    model.graph.initializer.append(onnx.helper.make_tensor("one", element, [], [1.0]))
    onnx.save(model, path)
    return path


def mish(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["optimize", *map(str, arguments)])


def told(text: str) -> str:
    return " ".join(text.split())


def test_an_operator_is_offered_by_name(tmp_path):
    source, target = save(tmp_path / "in.onnx", "y = own.Mish(x)"), tmp_path / "out.onnx"
    result = mish(source, "-o", target)
    assert result.exit_code == 3
    offer = "an operator own::Mish, which is taken for Mish only with --operator own::Mish"
    assert offer in told(result.stderr)
    assert not target.exists()
    result = mish(source, "-o", target, "--operator", "own::Mish")
    assert result.exit_code == 0, result.output
    assert "taken for Mish by name alone: own::Mish" in told(result.stdout)
    assert "the old model ran with Softplus, Tanh, Mul there" in told(result.stdout)
    assert [node.domain for node in onnx.load(target).graph.node][-1] == ""
    facts = json.loads(mish(source, "-o", target, "--operator", "own::Mish", "--json").stdout)
    assert (facts["named"], facts["untaken"]) == (["own::Mish"], [])


def test_it_is_offered_beside_a_mish_too(tmp_path):
    body = "p = Softplus(x)\n t = Tanh(p)\n m = Mul(x, t)\n y = own.mish_cuda(m)"
    result = mish(save(tmp_path / "in.onnx", body), "--dry-run")
    assert result.exit_code == 0
    assert "there is an operator own::mish_cuda" in told(result.stdout)


def test_an_operator_without_a_domain(tmp_path):
    source = save(tmp_path / "in.onnx", "y = own.Mish(x)")
    result = mish(source, "-o", tmp_path / "out.onnx", "--operator", "Mish")
    assert result.exit_code == 2
    assert "must be given as DOMAIN::NAME, not 'Mish'" in told(result.stderr)


def test_the_operator_before_its_time(tmp_path):
    target = tmp_path / "out.onnx"
    result = mish(save(tmp_path / "in.onnx", "y = Mish(x)"), "-o", target)
    assert result.exit_code == 0, result.output
    assert "taken for Mish by name alone: Mish" in told(result.stdout)


@pytest.mark.parametrize(("form", "opset"), [("op", 21), ("softplus", 11), ("softplus", 22)])
def test_float64_without_a_kernel(tmp_path, form, opset):
    source, target = save(tmp_path / "in.onnx", DOUBLE, "double"), tmp_path / "out.onnx"
    flags = (source, "-o", target, "--opset", opset)
    result = mish(*flags, "--form", form)
    assert result.exit_code == 2
    assert "ONNX Runtime refuses the new model" in told(result.stderr)
    assert "that of the form sigmoid it does. --no-verify writes" in told(result.stderr)
    assert not target.exists()
    result = mish(*flags, "--form", form, "--no-verify")
    assert result.exit_code == 0, result.output
    assert f"loads no float64 Mish of the form {form} at opset {opset}" in told(result.stdout)
    assert mish(*flags).exit_code == 0


@pytest.mark.parametrize("form", ["op", "softplus"])
def test_float64_where_it_runs(tmp_path, form):
    source, target = save(tmp_path / "in.onnx", DOUBLE, "double"), tmp_path / "out.onnx"
    result = mish(source, "-o", target, "--opset", 18, "--form", form)
    assert result.exit_code == 0, result.output
    assert "loads no float64" not in told(result.stdout)


def test_what_was_compared_is_told(tmp_path):
    body = "p = Softplus(x)\n t = Tanh(p)\n y = Mul(x, t)"
    source, target = save(tmp_path / "in.onnx", body, "float16"), tmp_path / "out.onnx"
    result = mish(source, "-o", target)
    assert result.exit_code == 0, result.output
    assert "compared the outputs of both models on one set of inputs" in told(result.stdout)
