"""``mish cost``."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from mish import cost
from mish.cli import app

READABLE = pytest.mark.skipif("avx2" not in cost.isas(), reason="needs x86-64 code")


def run(*arguments):
    return CliRunner().invoke(app, ["cost", *map(str, arguments)], env={"COLUMNS": "200"})


@READABLE
def test_counts_without_measurements():
    shown = run("--isa", "avx2", "--op", "mish", "--dtype", "float32", "--no-measure")
    assert shown.exit_code == 0, shown.stderr
    assert f"{cost.count('mish', 'float32', 'avx2').total:.2f}" in shown.stdout
    assert "fma" in shown.stdout and "flops/byte" in shown.stdout


@pytest.mark.slow
@READABLE
@pytest.mark.parametrize(
    ("isa", "dtype", "told"),
    [("avx2", "float16", True), ("avx2", "float32", False), ("avx512", "float16", False)],
)
def test_calls_that_a_table_answers_are_told_of(isa, dtype, told):
    """What is counted computes, but without AVX-512 most calls in 16 bits do not."""
    options = ("--isa", isa, "--op", "mish", "--dtype", dtype, "--no-measure")
    assert ("read their results from a table" in " ".join(run(*options).stdout.split())) == told
    (kernel,) = json.loads(run(*options, "--json").stdout)["kernels"]
    assert kernel["looked_up"] == told


@READABLE
def test_json(monkeypatch):
    shown = json.loads(run("--isa", "avx2", "--op", "mish", "--no-measure", "--json").stdout)
    assert shown["machine"] is None and shown["isa"] == "avx2"
    assert [kernel["dtype"] for kernel in shown["kernels"]] == list(cost.FORMATS)
    one = shown["kernels"][2]
    assert one["total"] == pytest.approx(sum(one["instructions"].values()))


@READABLE
def test_nothing_is_empty_without_measurements(monkeypatch):
    from mish.cost import _model

    monkeypatch.setattr(_model.shutil, "which", lambda program: None)
    shown = run("--isa", "avx2", "--op", "mish", "--dtype", "float32", "--no-measure")
    heads = shown.stdout.splitlines()[-4]
    assert "model" in heads and "limit" in heads
    assert not any(head in heads for head in ("llvm-mca", "in cache", "memory"))
    assert "instruction set in use" not in shown.stdout


@READABLE
def test_the_model_is_of_a_core_that_has_the_instruction_set():
    for cpu in ("AMD EPYC (Zen 3)", "AMD EPYC (Zen 4)", "Intel Xeon"):
        assert cost.core_for(cpu, "avx512").name == "Intel Ice Lake, 512-bit"
    assert cost.core_for("AMD EPYC (Zen 3)", "avx2").name == "AMD Zen 3"
    assert cost.core_for("Intel Xeon", "avx2").name == "Intel Ice Lake"


@READABLE
def test_another_instruction_set_than_the_one_in_use_is_not_measured():
    from mish._numpy import native

    other = "avx2" if native.isa() == "avx512" else "avx512"
    shown = run("--isa", other, "--op", "mish", "--dtype", "float32")
    assert shown.exit_code == 0, shown.stderr
    said = f"Nothing is measured: the instruction set in use is {native.isa()}."
    assert said in shown.stdout


@pytest.mark.slow
@READABLE
def test_steps_are_told_while_it_counts(monkeypatch):
    import contextlib

    from mish.cli import cost as command

    told = []

    @contextlib.contextmanager
    def bar():
        yield lambda title, share: told.append((title, share))

    monkeypatch.setattr(command, "progress_bar", bar)
    assert run("--isa", "avx2", "--dtype", "float32", "--no-measure").exit_code == 0
    titles = [title for title, _ in told]
    assert titles[:5] == [f"counting {name}, float32" for name in cost.OPERATIONS]
    assert 0 < sum(share for _, share in told) <= 1


@READABLE
def test_roofline(tmp_path, monkeypatch):
    from mish._numpy import native

    if native.isa() not in {"avx2", "avx512"}:
        pytest.skip("no kernel of this instruction set is fast to follow")
    machine = cost.Machine(3e9, 1e11, 2e10, {"float32": 9e10, "float64": 4e10})
    monkeypatch.setattr(cost, "measure_machine", lambda: machine)
    monkeypatch.setattr(
        cost,
        "measure_kernels",
        lambda operations, dtypes: {
            (a, b): cost.Time(1e-9, 2e-9) for a in operations for b in dtypes
        },
    )
    target = tmp_path / "roof.svg"
    shown = run("--op", "mish", "--dtype", "float32", "--roofline", target)
    assert shown.exit_code == 0, shown.stderr
    assert target.read_bytes().startswith(b"<?xml")
    assert "clock 3.00 GHz" in shown.stdout


def test_memory():
    shapes = ["--memory", "16x64x208x208", "--memory", "16x256x52x52"]
    text = run(*shapes, "--dtype", "float16").stdout
    assert "which keeps its input; float16" in text
    data = json.loads(run(*shapes, "--json").stdout)
    assert (data["dtype"], data["shapes"]) == ("float32", shapes[1::2])
    first, second = 16 * 64 * 208**2, 16 * 256 * 52**2
    by_way = {(each["way"], each["norm"], each["next_keeps"]): each for each in data["kept"]}
    assert by_way["nn.Mish", True, True]["total"] == 3 * 4 * (first + second)
    assert by_way["NormMish, output", True, True]["bytes"] == [4 * first, 4 * second]
    assert by_way["Mish, output+bit", False, True]["bytes"][0] == 4 * first + first // 8
    for wrong, told in (
        (["--memory", "16,64"], "a shape"),
        ([*shapes, "--dtype", "int8"], "dtype"),
    ):
        refused = run(*wrong)
        assert refused.exit_code == 2
        assert told in refused.stderr


def test_communication():
    assert "1000 devices" in run("--communication").stdout
    data = json.loads(run("--communication", "--json").stdout)
    assert data["training"]["devices"] == 1000
    assert data["traffic"][0]["bytes"] == 0


def test_patterns_and_peers(tmp_path, monkeypatch):
    curves = [cost.Curve("out of place", "elements", ((256, 1.0), (512, 0.9)))]
    monkeypatch.setattr(cost, "measure_patterns", lambda: curves)
    target = tmp_path / "patterns.png"
    assert "256: 1.00, 512: 0.90" in run("--patterns", target).stdout
    assert target.read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(cost, "measure_peers", lambda: [cost.Peer("silu", None, 1e-9)])
    assert "valgrind is missing" in run("--peers").stdout
    assert json.loads(run("--peers", "--json").stdout)["peers"][0]["name"] == "silu"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--roofline", "roof.jpg"], "a picture must end in .png, .svg or .pdf: roof.jpg"),
        (["--op", "swish", "--no-measure"], "there is no kernel swish"),
        (["--isa", "vax", "--no-measure"], "there is no kernel mish in float16 for vax"),
    ],
)
@READABLE
def test_bad_input(arguments, message):
    shown = run(*arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert message in " ".join(shown.stderr.split())


def test_without_capstone(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("mish.cost")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("mish.cost")
    monkeypatch.setitem(sys.modules, "capstone", None)
    shown = run()
    assert shown.exit_code == 2
    assert "pip install 'mish[cost]'" in shown.stderr


@pytest.mark.parametrize("option", ["--roofline", "--patterns"])
def test_without_matplotlib_a_picture_is_refused_at_once(option, monkeypatch, tmp_path):
    monkeypatch.setattr(cost, "measure_patterns", lambda: pytest.fail("measured"))
    monkeypatch.setattr(cost, "measure_machine", lambda: pytest.fail("measured"))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    shown = run(option, tmp_path / "a.png")
    assert shown.exit_code == 2
    assert shown.stderr == "error: a picture needs the 'cost' extra: pip install 'mish[cost]'\n"


@pytest.mark.slow
def test_gpu_counts():
    pytest.importorskip("torch")
    pytest.importorskip("triton")
    shown = run("--gpu", "sm_90", "--op", "mish", "--dtype", "float32")
    assert shown.exit_code == 0, shown.stderr
    assert f"{cost.count_gpu('mish', 'float32').total:.2f}" in shown.stdout
    assert "H100" in shown.stdout and "memory" in shown.stdout
    data = json.loads(run("--gpu", "sm_90", "--op", "mish_grad", "--json").stdout)
    assert [kernel["dtype"] for kernel in data["kernels"]] == list(cost.FORMATS)
    for kernel in data["kernels"]:
        assert kernel["total"] == pytest.approx(sum(kernel["instructions"].values()))
        assert kernel["predicted"]["H100 SXM"]["by_memory"] == kernel["bytes"] / 3.35e12


@pytest.mark.slow
def test_gpu_counts_of_fused_layers():
    pytest.importorskip("torch")
    pytest.importorskip("triton")
    shown = run("--gpu", "sm_90", "--op", "affine", "--dtype", "float16", "--json")
    assert shown.exit_code == 0, shown.stderr
    kernels = json.loads(shown.stdout)["kernels"]
    layers = cost.layers_for("affine")
    assert [kernel["operation"] for kernel in kernels] == [f"affine {each}" for each in layers]
    counted = cost.count_fused("affine", "float16", layers[0])
    assert kernels[0]["total"] == pytest.approx(counted.total)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gpu", "h100"), "sm_90"),
        (("--gpu", "sm_90", "--op", "gelu"), "gelu"),
        (("--gpu", "sm_90", "--dtype", "int8"), "int8"),
    ],
)
def test_gpu_errors(arguments, message):
    shown = run(*arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr


def test_gpu_without_triton(monkeypatch):
    monkeypatch.setitem(sys.modules, "triton", None)
    cost._gpu.compiled.cache_clear()
    shown = run("--gpu", "sm_90", "--op", "mish", "--dtype", "float32")
    assert shown.exit_code == 2
    assert "pip install torch triton" in shown.stderr
