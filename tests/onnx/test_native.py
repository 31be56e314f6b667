"""The kernel of this package inside ONNX Runtime."""

from __future__ import annotations

import subprocess
import sys

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest

import mish
from mish._numpy.native import available_isas
from mish.onnx import ModelError, optimize, register, verify
from mish.onnx._write import kernel

DTYPES = {"float": np.float32, "double": np.float64, "float16": np.float16}


def session(model: onnx.ModelProto, threads: int = 1, registered: bool = True):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    if registered:
        register(options)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kind", DTYPES)
def test_gives_the_bits_of_the_ufunc(build, special, assert_same_bits, kind, threads):
    model = optimize(build(inputs=f"{kind}[N] x", outputs=f"{kind}[N] y"), "native").model
    dtype = np.dtype(DTYPES[kind])
    rng = np.random.default_rng(0)
    numbers = np.concatenate([special(dtype), rng.normal(0, 8, 100_000).astype(dtype)])
    runner = session(model, threads)
    for size in (0, 1, 5, 16_384, 16_385, numbers.size):
        x = numbers[:size]
        assert_same_bits(runner.run(None, {"x": x})[0], mish.mish(x))


@pytest.mark.parametrize("arena", [True, False])
def test_a_large_result_touches_few_pages(build, pages_touched, arena):
    """In new memory, with an arena that keeps memory or without."""
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = arena
    register(options)
    model = optimize(build(), "native").model.SerializeToString()
    runner = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x, held = np.zeros(1 << 24, np.float32), []
    assert pages_touched(lambda: held.append(runner.run(None, {"x": x}))) < x.nbytes / 4096 / 4


def test_bfloat16(build, assert_same_bits, runs_opset):
    runs_opset(22)
    body = "h = Cast<to = 16>(x) p = Softplus(h) t = Tanh(p) m = Mul(h, t) y = Cast<to = 1>(m)"
    model = optimize(build(body, opset=22), "native").model
    x = np.linspace(-20, 20, 1001, dtype=np.float32)
    want = mish.mish(x.astype(ml_dtypes.bfloat16)).astype(np.float32)
    assert "Cast" in [node.op_type for node in model.graph.node]
    assert_same_bits(session(model).run(None, {"x": x})[0], want)


def test_shapes(build):
    for shape in ((), (1,), (2, 0, 3), (2, 3, 4, 5)):
        size = ", ".join(map(str, shape))
        kind = f"float[{size}]" if shape else "float"
        new = optimize(build(inputs=f"{kind} x", outputs=f"{kind} y"), "native").model
        assert session(new).run(None, {"x": np.ones(shape, np.float32)})[0].shape == shape


def test_open_shapes_stay_open(build):
    model = build("m = Mish(x) y = Identity(m)", "float[N, 3] x", "float[N, 3] y")
    assert session(optimize(model, "native").model).get_outputs()[0].shape == ["N", 3]


def test_runs_in_place_only_where_nothing_else_reads(build):
    body = "a = Neg(x) m = Mish(a) n = Mish(m) y = Add(n, a)"
    new = optimize(build(body), "native").model
    x = np.linspace(-3, 3, 100, dtype=np.float32)
    np.testing.assert_array_equal(
        session(new).run(None, {"x": x})[0], mish.mish(mish.mish(-x)) + -x
    )


def test_without_the_kernel_the_fallback_runs(build):
    new = optimize(build(), "native").model
    x = np.linspace(-10, 10, 100, dtype=np.float32)
    got = session(new, registered=False).run(None, {"x": x})[0]
    np.testing.assert_allclose(got, mish.mish(x), rtol=5e-7)
    assert not np.array_equal(got, mish.mish(x))


def test_the_model_can_be_made_anew(build):
    once = optimize(build(), "native").model
    for form in ("sigmoid", "op", "softplus"):
        other = optimize(once, form).model
        assert not other.functions
        assert [entry.domain for entry in other.opset_import] == [""]
        assert optimize(other, "native").model.functions == once.functions


def test_sessions_share_the_kernel(build):
    new = optimize(build(), "native").model
    x = np.ones(3, np.float32)
    sessions = [session(new) for _ in range(5)]
    del sessions[::2]
    assert all(np.array_equal(each.run(None, {"x": x})[0], mish.mish(x)) for each in sessions)


def test_verify_registers_the_kernel(build):
    new = optimize(build(), "native").model
    result = verify(build(), new)
    assert result.agree
    assert verify(new, new).agree


def test_a_kernel_that_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(kernel, "_LIBRARY", tmp_path / "no.so")
    with pytest.raises(ModelError, match=r"the kernel is missing: there is no file .*no\.so"):
        register(onnxruntime.SessionOptions())


def test_a_file_that_is_no_library(monkeypatch, tmp_path):
    path = tmp_path / "bad.so"
    path.write_bytes(b"text")
    monkeypatch.setattr(kernel, "_LIBRARY", path)
    with pytest.raises(ModelError, match="ONNX Runtime does not take the kernel"):
        register(onnxruntime.SessionOptions())


def register_with(isa: str) -> str:
    """What a process prints that sets MISH_ISA when mish is loaded, and registers the kernel."""
    code = (
        "import os, sys, onnxruntime, mish.onnx\n"
        "os.environ['MISH_ISA'] = sys.argv[1]\n"
        "try:\n"
        "    mish.onnx.register(onnxruntime.SessionOptions())\n"
        "except mish.onnx.ModelError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", code, isa]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("isa", ["none", "x" * 1000])
def test_an_instruction_set_that_there_is_not(isa):
    shown = register_with(isa)
    assert f"MISH_ISA={isa[:64]}: this CPU cannot run an instruction set of that name" in shown
    assert shown.strip().endswith("set it to one of: " + ", ".join(available_isas()))


@pytest.mark.parametrize("isa", ["", *available_isas()])
def test_an_instruction_set_or_none_asked_for(isa):
    assert register_with(isa) == ""
