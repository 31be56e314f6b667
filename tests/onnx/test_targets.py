"""What is known of runtimes, as data, as the command's option --for, and as docs/deploy.md."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from mish._support import targets as module
from mish._support.targets import require_target, targets
from mish.cli import app
from mish.onnx import FORMS

DATA = json.loads(Path(module.__file__).with_name("targets.json").read_text(encoding="utf-8"))
FOUND = [found for starts in DATA.values() for found in starts.values()]


def run(*words):
    return CliRunner().invoke(app, ["optimize", *map(str, words)])


def test_every_target_has_a_form_that_runs_there():
    wanted = {"onnxruntime", "openvino", "opencv", "mnn", "ncnn", "litert", "coreml", "executorch"}
    assert wanted <= set(targets())
    for name, target in targets().items():
        for start, advice in target._asdict().items():
            if advice is None:
                continue
            found = DATA[name][start]
            assert advice.form in FORMS
            assert "fails" not in found["forms"].get(advice.form, {})
            assert all(each in advice.why for each in found["versions"].values())


def test_no_form_that_keeps_its_digits_is_passed_over():
    for found in FOUND:
        runs = {form: of for form, of in found["forms"].items() if "fails" not in of}
        if any(of["ulp"] is not None for of in runs.values()):
            assert runs[found["form"]]["ulp"] is not None


def test_core_ml_does_without_softplus():
    advice = targets()["coreml"].from_torch
    assert advice.form not in ("op", "softplus")
    assert "Neural Engine is reported to make softplus 0" in advice.why


def test_core_ml_is_told_of_the_form_for_float16():
    halves = DATA["coreml"]["torch"]["half"]["float16"]
    assert halves["float16"] <= 1 < min(halves[form] for form in halves if form != "float16")
    assert "the form float16 within 1.0" in targets()["coreml"].from_torch.precision


def test_what_overflows_in_float16_says_so():
    found = {"form": "op", "precision": "f32", "precisions": {}}
    found["half"] = {"f16": {"op": None, "float16": 0.9}}
    told = module._precision(found)
    assert told == "f32; in f16 it is NaN or infinite, the form float16 within 0.9"


def test_what_was_not_run_says_so():
    assert targets()["tensorrt"].onnx.why.startswith("it was not run")


def test_a_runtime_that_starts_from_pytorch_is_told_how(tmp_path):
    shown = run("model.onnx", "--for", "coreml", "-o", tmp_path / "x.onnx")
    assert shown.exit_code == 2
    assert "mish.torch.convert_for_export(model, 'coreml')" in " ".join(shown.stderr.split())


def test_a_runtime_gets_no_newer_opset_than_it_takes(tmp_path, build, monkeypatch):
    source = tmp_path / "model.onnx"
    onnx.save(build("y = Mish(x)", opset=22), source)
    advice = targets()["tvm"].onnx._replace(opset=17)
    known = {"tvm": module.Target(advice, None)}
    monkeypatch.setattr(module, "targets", lambda: known)
    shown = run(source, "--for", "tvm", "-o", tmp_path / "new.onnx")
    assert shown.exit_code == 0, shown.output
    assert "opset: at most 17" in shown.stderr
    assert "precision: float32" in shown.stderr
    assert onnx.load(tmp_path / "new.onnx").opset_import[0].version == 17


def test_for_writes_that_form_and_says_why(tmp_path, build):
    source = tmp_path / "model.onnx"
    onnx.save(build(), source)
    for name in ("opencv", "tvm"):
        shown = run(source, "--for", name, "-o", tmp_path / f"{name}.onnx", "--no-verify")
        assert shown.exit_code in (0, 3), shown.output
        assert f"{name} gets the form {targets()[name].onnx.form}" in shown.stderr
    made = {node.op_type for node in onnx.load(tmp_path / "tvm.onnx").graph.node}
    assert "Exp" in made and "Softplus" not in made


def test_an_unknown_runtime_is_told_which_there_are(tmp_path):
    with pytest.raises(ValueError, match="no such runtime: 'tensorrtx'; there are coreml, "):
        require_target("tensorrtx")
    shown = run("model.onnx", "--for", "tensorrtx", "-o", tmp_path / "x.onnx")
    assert shown.exit_code == 2
    assert "openvino" in shown.stderr


def test_form_and_runtime_exclude_each_other(tmp_path):
    shown = run("model.onnx", "--for", "tvm", "--form", "op", "-o", tmp_path / "x.onnx")
    assert shown.exit_code == 2
    assert "one of --form and --for" in shown.stderr


def test_the_page_shows_what_was_found():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "deploy.md").read_text(encoding="utf-8")
    sys.path.insert(0, str(root / "benchmarks" / "runtimes"))
    try:
        from table import halves, table
    finally:
        del sys.path[0]
    assert table(DATA) in page
    assert halves(DATA) in page
