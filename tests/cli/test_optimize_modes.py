"""The command's forms, directories, dry runs and replacement in place."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from mish.cli import app
from mish.onnx import Comparison

TEXT = """
<ir_version: 8, opset_import: ["": 17]>
g (float[N, 3] x) => (float[N, 3] y) {
  p = Softplus(x)
  t = Tanh(p)
  m = Mul(t, x)
  y = Add(m, x)
}
"""
PLAIN = TEXT.replace("Softplus", "Neg")
DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.onnx"


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "in.onnx"
    model = onnx.parser.parse_model(TEXT)
    model.graph.node[2].name = "act"
    onnx.save(model, path)
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "models"
    (path / "deep").mkdir(parents=True)
    onnx.save(onnx.parser.parse_model(TEXT), path / "a.onnx")
    onnx.save(onnx.parser.parse_model(TEXT), path / "deep" / "b.onnx")
    onnx.save(onnx.parser.parse_model(PLAIN), path / "plain.onnx")
    (path / "notes.txt").write_text("no model")
    return path


def mish(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["optimize", *map(str, arguments)])


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node if node.op_type != "Constant"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("sigmoid", ["Exp", "Sub", "Div", "Div", "Sub", "Div", "Add"]),
        ("op", ["Mish", "Add"]),
        ("native", ["Mish", "Add"]),
    ],
)
def test_forms(source, tmp_path, form, expected):
    target = tmp_path / "out.onnx"
    result = mish(source, "-o", target, "--form", form)
    assert result.exit_code == 0, result.output
    assert operators(target) == expected
    assert ("17, now 18" in result.stdout) == (form == "op")
    assert ("mish.onnx.register" in result.stdout) == (form == "native")


def test_an_unknown_form(source, tmp_path):
    result = mish(source, "-o", tmp_path / "out.onnx", "--form", "fast")
    assert result.exit_code == 2
    assert "lookup, lookup-gather, not 'fast'" in said(result)


def test_a_form_that_is_there_already(source, tmp_path):
    result = mish(source, "-o", tmp_path / "out.onnx", "--form", "softplus")
    assert result.exit_code == 3
    assert "it has this form already" in said(result)
    assert not (tmp_path / "out.onnx").exists()


def test_opset(source, tmp_path):
    target = tmp_path / "out.onnx"
    assert mish(source, "-o", target, "--opset", 21).exit_code == 0
    assert onnx.load(target).opset_import[0].version == 21
    result = mish(source, "-o", target, "--opset", 3)
    assert result.exit_code == 2
    assert "opset must be from 7 to" in said(result)


@pytest.mark.parametrize("opset", [11, 21])
def test_opset_of_a_model_that_has_the_form_already(source, tmp_path, opset):
    target = tmp_path / "out.onnx"
    result = mish(source, "-o", target, "--form", "softplus", "--opset", opset)
    assert result.exit_code == 0, result.output
    assert f"17, now {opset}" in result.stdout
    assert onnx.load(target).opset_import[0].version == opset


def test_sites_that_are_left_for_one_reason_share_a_row(tmp_path):
    nodes = [
        f"p{i} = Softplus(x{i}) t{i} = Tanh(p{i}) x{i + 1} = Mul(t{i}, x{i})" for i in range(9)
    ]
    path = tmp_path / "in.onnx"
    graph = f"g (float[N, 3] x0) => (float[N, 3] x9) {{ {' '.join(nodes)} }}"
    onnx.save(onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> {graph}'), path)
    shown = mish(path, "--dry-run", "--form", "softplus").stdout
    assert "left, x1 and 8 more" in shown
    assert shown.count("left, ") == 1


def test_dry_run_lists_the_sites_and_writes_nothing(source):
    result = mish(source, "--dry-run")
    assert result.exit_code == 0, result.output
    assert "act: x -> m: Softplus, Tanh, Mul -> sigmoid" in result.stdout
    assert [path.name for path in source.parent.iterdir()] == ["in.onnx"]
    facts = json.loads(mish(source, "--dry-run", "--json").stdout)
    assert facts["status"] == "found"
    assert facts["output"] is None
    assert facts["rewritten"] == [
        {
            "graph": "",
            "node": "act",
            "spelling": "Softplus, Tanh, Mul",
            "input": "x",
            "output": "m",
            "scale": 1.0,
        }
    ]


def test_dry_run_without_mish(folder):
    result = mish(folder / "plain.onnx", "--dry-run")
    assert result.exit_code == 3
    assert "Mish found" in result.stdout


def test_verbose_tells_of_each_site(source, tmp_path):
    quiet = mish(source, "-o", tmp_path / "out.onnx")
    loud = mish(source, "-o", tmp_path / "out.onnx", "-v")
    line = "act: x -> m: Softplus, Tanh, Mul -> sigmoid"
    assert line in loud.stdout
    assert line not in quiet.stdout


def test_in_place_keeps_a_backup(source):
    old = source.read_bytes()
    result = mish(source, "--inplace")
    assert result.exit_code == 0, result.output
    assert "in.onnx.bak" in "".join(result.stdout.split())
    assert sorted(path.name for path in source.parent.iterdir()) == ["in.onnx", "in.onnx.bak"]
    assert source.with_name("in.onnx.bak").read_bytes() == old
    assert operators(source)[0] == "Exp"


def test_in_place_overwrites_no_backup(source):
    backup = source.with_name("in.onnx.bak")
    backup.write_bytes(b"mine")
    old = source.read_bytes()
    result = mish(source, "--inplace")
    assert result.exit_code == 2
    assert "exists already; move it away" in said(result)
    assert (backup.read_bytes(), source.read_bytes()) == (b"mine", old)


def test_in_place_leaves_what_differs(source, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.linspace(-90, 90, 300, dtype=np.float32).reshape(100, 3))
    old = source.read_bytes()
    result = mish(source, "--inplace", "--input", tmp_path / "x.npz", "--atol", 0, "--rtol", 0)
    assert result.exit_code == 1
    assert source.read_bytes() == old
    assert not source.with_name("in.onnx.bak").exists()


@pytest.mark.parametrize(
    "flags", [(), ("--inplace", "--dry-run"), ("-o", "x.onnx", "--inplace")], ids=str
)
def test_one_way_to_write(source, flags):
    result = mish(source, *flags)
    assert result.exit_code == 2
    assert "give one of --output, --inplace and --dry-run" in said(result)


def test_a_directory(folder, tmp_path):
    target = tmp_path / "new"
    result = mish(folder, "-o", target)
    assert result.exit_code == 0, result.output
    found = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert found == ["a.onnx", "deep/b.onnx"]
    assert "there is no Mish in" in " ".join(result.stdout.split())


def test_a_directory_in_place(folder):
    plain = (folder / "plain.onnx").read_bytes()
    assert mish(folder, "--inplace").exit_code == 0
    assert operators(folder / "deep" / "b.onnx")[0] == "Exp"
    assert (folder / "plain.onnx").read_bytes() == plain
    assert len(list(folder.rglob("*.bak"))) == 2


def test_a_directory_with_a_bad_model(folder, tmp_path):
    (folder / "bad.onnx").write_bytes(b"text")
    result = mish(folder, "-o", tmp_path / "new", "--json")
    assert result.exit_code == 2
    assert "1 of 4 models were not written" in said(result)
    facts = json.loads(result.stdout)["models"]
    assert [each["status"] for each in facts] == ["written", "failed", "written", "nothing"]
    assert "is not an ONNX model" in facts[1]["error"]
    assert "there is no Mish in" in facts[3]["message"]
    assert json.loads(result.stdout)["error"] == "1 of 4 models were not written"


def test_a_directory_without_mish(folder, tmp_path):
    for name in ("a.onnx", "deep/b.onnx"):
        (folder / name).unlink()
    result = mish(folder, "-o", tmp_path / "new")
    assert result.exit_code == 3
    assert "there is no Mish in" in " ".join(result.stdout.split())
    result = mish(folder, "-o", tmp_path / "new", "--json")
    assert result.exit_code == 3
    assert [each["status"] for each in json.loads(result.stdout)["models"]] == ["nothing"]


def test_a_directory_without_models(tmp_path):
    result = mish(tmp_path, "--dry-run")
    assert result.exit_code == 2
    assert "there is no .onnx file in" in said(result)


def test_a_directory_onto_itself(folder):
    result = mish(folder, "-o", folder)
    assert result.exit_code == 2
    assert "must be another directory" in said(result)


def test_without_running_the_models(source, tmp_path):
    model = onnx.parser.parse_model(TEXT.replace("float", "bfloat16").replace("17", "22"))
    onnx.save(model, source)  # ONNX Runtime has no kernel for it on CPU
    target = tmp_path / "out.onnx"
    result = mish(source, "-o", target)
    assert result.exit_code == 2
    assert "ONNX Runtime refuses the old model" in said(result)
    assert "--no-verify writes without running the models" in said(result)
    result = mish(source, "-o", target, "--no-verify", "--json")
    assert result.exit_code == 0, result.output
    assert "ratio" not in json.loads(result.stdout)
    assert operators(target)[0] == "Cast"


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_where_somebody_sees_it(source, tmp_path, monkeypatch, terminal):
    screen = io.StringIO()
    monkeypatch.setattr(
        "mish.cli.optimize.err", Console(file=screen, force_terminal=terminal, width=80)
    )
    assert mish(source, "-o", tmp_path / "out.onnx").exit_code == 0
    assert ("writing in.onnx" in screen.getvalue()) == terminal
    assert "wrote" not in screen.getvalue()


QUANTIZED = """
<ir_version: 8, opset_import: ["": 18]>
g (float[N, 2] x) => (float[N, 2] y)
<float s = {0.1}, uint8 z = {0}, float[2, 2] w = {1.0, 2.0, 3.0, 4.0}>
{
  h = MatMul(x, w)
  p = Softplus(h)
  t = Tanh(p)
  q = QuantizeLinear(t, s, z)
  d = DequantizeLinear(q, s, z)
  m = Mul(h, d)
  y = MISH(m)
}
"""


def quantized(tmp_path: Path, operator: str) -> Path:
    onnx.save(onnx.parser.parse_model(QUANTIZED.replace("MISH", operator)), tmp_path / "in.onnx")
    return tmp_path / "in.onnx"


def test_mish_that_is_quantised_inside_alone(tmp_path):
    result = mish(quantized(tmp_path, "Abs"), "-o", tmp_path / "out.onnx")
    assert result.exit_code == 3
    assert "but 1 quantised between the parts, the first of which makes m" in said(result)
    assert "optimize the model before it is quantised" in said(result)
    assert not (tmp_path / "out.onnx").exists()


def test_mish_that_is_quantised_inside_beside_another(tmp_path):
    model, target = quantized(tmp_path, "Mish"), tmp_path / "out.onnx"
    result = mish(model, "-o", target)
    assert "left, quantised inside" in result.stdout
    assert "to quantise it" not in result.stdout
    result = mish(model, "--dry-run", "-v")
    assert "h -> m: Softplus, Tanh, Mul -> left: it is quantised between" in result.stdout
    (site,) = json.loads(mish(model, "-o", target, "--json").stdout)["quantized_inside"]
    assert (site["input"], site["output"]) == ("h", "m")


@pytest.mark.parametrize(
    ("form", "advice"),
    [("sigmoid", "use --form op"), ("native", "the form sigmoid"), ("op", None)],
)
def test_what_to_know_before_quantising(tmp_path, form, advice):
    target = tmp_path / "out.onnx"
    result = mish(DIGITS, "-o", target, "--form", form, "--no-verify")
    assert result.exit_code == 0
    assert ("to quantise it: " in result.stdout) == (advice is not None)
    assert (advice or "") in result.stdout
    facts = json.loads(mish(DIGITS, "--dry-run", "--form", form, "--json").stdout)
    assert (facts["advice"] is None) == (advice is None)


@pytest.mark.parametrize(("after", "slower"), [(0.5, False), (1.01, False), (1.1, True)])
def test_a_slower_model_is_not_written_without_a_word(source, tmp_path, monkeypatch, after, slower):
    comparison = Comparison(0.0, 0.0, True, 1.0, after, threads=1, runs=1)
    monkeypatch.setattr("mish.onnx._optimize_file.verify", lambda *given, **settings: comparison)
    target = tmp_path / "out.onnx"
    told = "the new model is slower in ONNX Runtime here: 1000.000 ms before, 1100.000 ms after"
    result = mish(source, "-o", target)
    assert result.exit_code == 0
    assert target.exists()
    assert (f"note: {told}" in result.stdout) == slower
    facts = json.loads(mish(source, "-o", target, "--json").stdout)
    assert facts.get("warning") == (told if slower else None)
