"""What is known of runtimes, as data, as the command's option --for, and as docs/deploy.md."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from mish.cli import app
from mish.onnx import FORMS
from mish.onnx import targets as module
from mish.onnx.targets import require_target, targets

DATA = json.loads(Path(module.__file__).with_name("targets.json").read_text(encoding="utf-8"))


def run(*words):
    return CliRunner().invoke(app, ["optimize", *map(str, words)])


def test_every_target_has_a_form_that_runs_there():
    assert {"onnxruntime", "openvino", "opencv", "mnn", "ncnn", "litert"} <= set(targets())
    for name, target in targets().items():
        assert target.form in FORMS
        assert "fails" not in DATA[name]["forms"][target.form]
        assert all(each in target.why for each in DATA[name]["versions"].values())


def test_no_form_that_keeps_its_digits_is_passed_over():
    for found in DATA.values():
        runs = {form: of for form, of in found["forms"].items() if "fails" not in of}
        if any(of["ulp"] is not None for of in runs.values()):
            assert runs[found["form"]]["ulp"] is not None


def test_for_writes_that_form_and_says_why(tmp_path, build):
    source = tmp_path / "model.onnx"
    onnx.save(build(), source)
    for name in ("opencv", "tvm"):
        shown = run(source, "--for", name, "-o", tmp_path / f"{name}.onnx", "--no-verify")
        assert shown.exit_code in (0, 3), shown.output
        assert f"{name} gets the form {targets()[name].form}" in shown.stderr
    made = {node.op_type for node in onnx.load(tmp_path / "tvm.onnx").graph.node}
    assert "Exp" in made and "Softplus" not in made


def test_an_unknown_runtime_is_told_which_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"no such runtime: 'tensorrtx'.*openvino"):
        require_target("tensorrtx")
    shown = run("model.onnx", "--for", "tensorrtx", "-o", tmp_path / "x.onnx")
    assert shown.exit_code == 2
    assert "openvino" in shown.stderr


def test_form_and_runtime_exclude_each_other(tmp_path):
    shown = run("model.onnx", "--for", "tvm", "--form", "op", "-o", tmp_path / "x.onnx")
    assert shown.exit_code == 2
    assert "one of --form and --for" in shown.stderr


def row(name, found):
    def told(form):
        of = found["forms"][form]
        if "fails" in of:
            return "does not convert"
        error = "no digits left" if of["ulp"] is None else f"{of['ulp']} ulp"
        return f"{error}, {of['faster']}"

    cells = (name, found["form"], *map(told, ("sigmoid", "op", "softplus")))
    return f"| {' | '.join(cells)} |"


def test_the_page_shows_what_was_found():
    page = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
    for name, found in DATA.items():
        assert row(name, found) in page
