from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from typer.testing import CliRunner, Result

from mish.cli import app

TEXT = """
<ir_version: 8, opset_import: ["": 18]>
g (float[N, 3] x) => (float[N, 3] y) {
  p = Softplus(x)
  t = Tanh(p)
  m = Mul(t, x)
  y = Mish(m)
}
"""


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "in.onnx"
    onnx.save(onnx.parser.parse_model(TEXT), path)
    return path


def mish(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["optimize", *map(str, arguments)])


def said(result: Result) -> str:
    """What went to standard error, without the line breaks that depend on the terminal."""
    return " ".join(result.stderr.split())


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_the_model_and_prints_the_table(source, tmp_path):
    target = tmp_path / "out.onnx"
    result = mish(source, "-o", target)
    assert result.exit_code == 0, result.output
    assert "Mish found" in result.stdout
    assert "rewritten from Softplus, Tanh, Mul" in result.stdout
    assert "threads" in result.stdout
    assert "times faster" in result.stdout
    assert result.stderr == ""
    onnx.checker.check_model(onnx.load(target), full_check=True)
    assert {node.op_type for node in onnx.load(target).graph.node} == {
        *("Constant", "Exp", "Sub", "Div")
    }


def test_json(source, tmp_path):
    result = mish(source, "-o", tmp_path / "out.onnx", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts["output"] == str(tmp_path / "out.onnx")
    assert facts["form"] == "sigmoid"
    assert facts["found"] == 2
    assert [site["spelling"] for site in facts["rewritten"]] == ["Softplus, Tanh, Mul", "Mish"]
    assert facts["skipped"] == []
    assert 0 <= facts["max_absolute_difference"] < 1e-5
    assert 0 <= facts["max_relative_difference"] < 1e-5
    assert facts["ratio"] == facts["seconds_before"] / facts["seconds_after"]


def test_threads(source, tmp_path):
    result = mish(source, "-o", tmp_path / "out.onnx", "--threads", 2, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["threads"] == 2
    assert mish(source, "-o", tmp_path / "out.onnx", "--threads", 0).exit_code == 2


def test_replaces_an_older_output(source, tmp_path):
    target = tmp_path / "out.onnx"
    target.write_bytes(b"old")
    assert mish(source, "-o", target).exit_code == 0
    onnx.checker.check_model(onnx.load(target))


def test_given_inputs(source, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.linspace(-90, 90, 300, dtype=np.float32).reshape(100, 3))
    result = mish(source, "-o", tmp_path / "out.onnx", "--input", tmp_path / "x.npz", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["max_absolute_difference"] > 0


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_refuses_to_write_what_differs(source, tmp_path, flags):
    np.savez(tmp_path / "x.npz", x=np.linspace(-90, 90, 300, dtype=np.float32).reshape(100, 3))
    arguments = (source, "-o", tmp_path / "out.onnx", "--input", tmp_path / "x.npz")
    result = mish(*arguments, "--atol", 0, "--rtol", 0, *flags)
    assert result.exit_code == 1
    assert "differ by more than --atol 0 and --rtol 0" in said(result)
    assert "was not written" in said(result)
    assert left(tmp_path) == ["in.onnx", "x.npz"]
    if flags:
        facts = json.loads(result.stdout)
        assert (facts["output"], facts["agree"]) == (None, False)
        assert "differ by more than --atol 0 and --rtol 0" in facts["error"]


def test_the_input_itself_is_no_output(source):
    content = source.read_bytes()
    for same in (source, source.parent / "." / "in.onnx"):
        result = mish(source, "-o", same)
        assert result.exit_code == 2
        assert "is the input itself" in said(result)
    assert source.read_bytes() == content


def test_no_mish(source, tmp_path):
    text = TEXT.replace("Softplus", "Neg").replace("Mish", "Abs")
    onnx.save(onnx.parser.parse_model(text), source)
    result = mish(source, "-o", tmp_path / "out.onnx")
    assert result.exit_code == 3
    assert said(result).startswith("there is no Mish in")
    assert left(tmp_path) == ["in.onnx"]
    result = mish(source, "-o", tmp_path / "out.onnx", "--json")
    assert result.exit_code == 3
    facts = json.loads(result.stdout)
    assert (facts["status"], facts["found"], facts["output"]) == ("nothing", 0, None)
    assert "there is no Mish in" in facts["message"]
    assert "error" not in facts


@pytest.mark.parametrize("content", [b"", b"text", None], ids=["empty", "text", "truncated"])
def test_an_unusable_file(source, tmp_path, content):
    source.write_bytes(source.read_bytes()[:-20] if content is None else content)
    result = mish(source, "-o", tmp_path / "out.onnx")
    assert result.exit_code == 2
    assert said(result).startswith("error: ")
    assert "in.onnx" in said(result)
    assert left(tmp_path) == ["in.onnx"]


def test_inputs_that_do_not_fit(source, tmp_path):
    np.savez(tmp_path / "x.npz", z=np.zeros(3, np.float32))
    result = mish(source, "-o", tmp_path / "out.onnx", "--input", tmp_path / "x.npz")
    assert result.exit_code == 2
    assert "the input lacks x and has besides z" in said(result)
    assert left(tmp_path) == ["in.onnx", "x.npz"]


def test_a_folder_that_is_not_there(source, tmp_path):
    result = mish(source, "-o", tmp_path / "no" / "out.onnx")
    assert result.exit_code == 2
    assert "there is no directory" in said(result)


def test_an_output_that_is_a_folder(source, tmp_path):
    result = mish(source, "-o", tmp_path)
    assert result.exit_code == 2
    assert "it is a directory" in said(result)


def test_a_folder_without_permission(source, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)
    result = mish(source, "-o", tmp_path / "out.onnx")
    assert result.exit_code == 2
    assert "no permission in" in said(result)


def test_bad_tolerances(source, tmp_path):
    assert mish(source, "-o", tmp_path / "out.onnx", "--atol", -1).exit_code == 2
    assert mish(source, "-o", tmp_path / "out.onnx", "--rtol", "nan").exit_code == 2
    assert left(tmp_path) == ["in.onnx"]


def test_a_name_is_no_emoji(tmp_path):
    missing = tmp_path / ":smile:.onnx"
    assert ":smile:.onnx" in said(mish(missing, "--dry-run"))
