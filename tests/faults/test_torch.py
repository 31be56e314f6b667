"""Bad input to mish.torch."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import mish.torch  # noqa: E402


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_dtypes_without_mish(dtype):
    x = torch.ones(3, dtype=dtype)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        mish.torch.mish(x)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        mish.torch.mish(x, inplace=True)
    for order in (1, 4):
        with pytest.raises(NotImplementedError, match="not implemented for"):
            mish.torch.derivative(x, order)
    with pytest.raises(NotImplementedError, match="not implemented for"):
        torch.ops.mish.backward(x, x)


@pytest.mark.parametrize("x", [[1.0, 2.0], 1.0, np.ones(2)], ids=["list", "number", "array"])
def test_what_is_no_tensor(x):
    for function in (
        mish.torch.mish,
        mish.torch.derivative,
        partial(mish.torch.mish, inplace=True),
    ):
        with pytest.raises(TypeError, match=r"x must be a tensor, not \w+: take torch.as_tensor"):
            function(x)


OTHERS = {
    "sparse": lambda: torch.eye(4).to_sparse(),
    "csr": lambda: torch.eye(4).to_sparse_csr(),
    "csc": lambda: torch.eye(4).to_sparse_csc(),
    "bsr": lambda: torch.eye(4).to_sparse_bsr((2, 2)),
    "bsc": lambda: torch.eye(4).to_sparse_bsc((2, 2)),
    "mkldnn": lambda: torch.eye(4).to_mkldnn(),
    "quantized": lambda: torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8),
    "nested": lambda: torch.nested.nested_tensor([torch.randn(2), torch.randn(3)]),
    "zero": lambda: torch._efficientzerotensor(3),
}


@pytest.mark.parametrize(
    ("inplace", "requires_grad"), [(False, False), (False, True), (True, False)]
)
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.filterwarnings("ignore:Sparse", "ignore:The PyTorch API of nested")
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_what_pytorch_refuses_fails_as_there(kind, requires_grad, inplace):
    def outcome(function):
        x = OTHERS[kind]()
        if requires_grad and kind != "quantized":
            x.requires_grad_()
        try:
            return function(x, inplace=inplace).tolist()
        except Exception as error:
            return type(error), str(error).partition("\n")[0]

    expected = outcome(torch.nn.functional.mish)
    assert outcome(mish.torch.mish) == expected
    for save in ("output", "output+bit", "2bit"):
        assert outcome(partial(mish.torch.mish, save=save)) == expected
    with mish.torch.accelerate():
        assert outcome(mish.torch.mish) == expected


@pytest.mark.parametrize("save", ["", "Output", "exact", "5bit", None, 2])
def test_save_of_no_kind(save):
    text = (
        "save must be one of .input., .output., .output.bit., .1bit., .2bit., .3bit., .4bit., not "
    )
    for function in (partial(mish.torch.mish, torch.ones(3)), mish.torch.Mish):
        with pytest.raises(ValueError, match=text):
            function(save=save)


@pytest.mark.parametrize("dtype", [torch.int64, torch.complex64])
@pytest.mark.parametrize("save", ["output", "output+bit", "1bit"])
def test_dtypes_without_mish_whatever_is_kept(dtype, save):
    x = torch.ones(3, dtype=dtype, requires_grad=dtype.is_complex)
    for inplace in (False, True):
        with pytest.raises(NotImplementedError, match="not implemented for"):
            mish.torch.mish(x * 1, inplace, save)
    if save == "output":
        with pytest.raises(NotImplementedError, match="not implemented for"):
            torch.ops.mish.marked(x)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("marked_backward", (torch.ones(2), torch.ones(3)), "dy must have the shape"),
        ("marked_backward", (torch.ones(3).double(), torch.ones(3)), "and the dtype of y"),
        ("marked_backward", (torch.ones(3).int(), torch.ones(3).int()), "must be of float16"),
        ("sides", (torch.ones(3).int(),), "must be of float16"),
        ("codes", (torch.ones(3), 5), "bits must be 1, 2, 3 or 4"),
        ("coded_backward", (torch.ones(3), torch.ones(1).byte(), 0), "bits must be 1, 2, 3 or 4"),
        ("coded_backward", (torch.ones(9), torch.ones(1).byte(), 1), "made for a tensor of this"),
        ("sided_backward", (torch.ones(9),) * 3, "made for a tensor of this size: uint8"),
        ("sided_inverse", (torch.ones(9), torch.ones(3).byte()), "made for a tensor of this size"),
    ],
)
def test_operators_from_outputs(name, arguments, message):
    with pytest.raises(RuntimeError, match=message):
        getattr(torch.ops.mish, name)(*arguments)


def test_codes_of_too_many_bits():
    for x in (torch.ones(3), torch.ones(3, requires_grad=True), torch.ones(3, device="meta")):
        with pytest.raises((ValueError, RuntimeError), match="bits must be 1, 2, 3 or 4"):
            torch.ops.mish.codes(x, 5)
        with pytest.raises(ValueError, match="bits must be 1, 2, 3 or 4, not 0"):
            torch.ops.mish.coded(x, 0)


@pytest.mark.parametrize("order", [-1, -3])
def test_negative_order(order):
    with pytest.raises(ValueError, match=f"order must be 0 or more, not {order}"):
        mish.torch.derivative(torch.ones(3), order)
    with pytest.raises(ValueError, match=f"order must be 0 or more, not {order}"):
        torch.ops.mish.derivative(torch.ones(3), order)


def test_order_that_is_no_integer():
    with pytest.raises((TypeError, RuntimeError), match="order"):
        mish.torch.derivative(torch.ones(3), 1.5)


def test_convert_of_something_else():
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module or a .*, not list"):
        mish.torch.convert([torch.nn.Mish()])


@pytest.mark.parametrize("name", ["", "a..b", "mish-cuda", ".mish_cuda"])
def test_stand_in_for_no_name(name):
    with pytest.raises(ValueError, match="names must be dotted names of modules, and"):
        mish.torch.stand_in(name)


def test_a_runtime_that_is_not_known():
    model = torch.nn.Mish().eval()
    with pytest.raises(ValueError, match=r"no such runtime: 'coremls'; there are .*coreml, .*tvm"):
        mish.torch.convert_for_export(model, "coremls")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_models_that_cannot_be_converted_for_export():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Mish())
    with pytest.raises(ValueError, match=r"training mode; call model.eval\(\)"):
        mish.torch.convert_for_export(model, "coreml")
    model.eval()
    program = torch.export.export(model, (torch.ones(1, 2),))
    with pytest.raises(TypeError, match="not ExportedProgram; convert the module before"):
        mish.torch.convert_for_export(program, "coreml")
    with pytest.raises(TypeError, match=r"torch\.compile made; give the module"):
        mish.torch.convert_for_export(torch.compile(model), "coreml")


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_scripts_are_not_converted_for_export():
    script = torch.jit.script(torch.nn.Mish().eval())
    with pytest.raises(TypeError, match="TorchScript, which cannot be changed"):
        mish.torch.convert_for_export(script, "coreml")
    converted = mish.torch.convert_for_export(torch.nn.Sequential(script).eval(), "coreml")
    assert converted.left == {"0": "it is TorchScript, which cannot be changed"}


def test_lean_models_are_not_converted_for_export():
    class Caller(torch.nn.Module):
        def forward(self, x):
            return torch.nn.functional.mish(x) + 1

    model = torch.nn.Sequential(Caller()).eval()
    with mish.torch.lean(model), pytest.raises(ValueError, match="model is lean; call the method"):
        mish.torch.convert_for_export(model, "coreml")
    assert mish.torch.convert_for_export(model, "coreml")


def test_shapes_of_backward_that_differ():
    with pytest.raises(ValueError, match=r"dy must have the shape of x, \(3,\), not \(2,\)"):
        torch.ops.mish.backward(torch.ones(2, device="meta"), torch.ones(3, device="meta"))
    with pytest.raises(RuntimeError, match="size"):
        torch.ops.mish.backward(torch.ones(2), torch.ones(3))


def test_without_pytorch():
    program = "import sys; sys.modules['torch'] = None; import mish.torch"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].endswith("pip install 'mish[torch]'")


def test_a_wheel_without_the_module():
    code = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name == "mish.torch._native" else found(name)
try:
    import mish.torch
except ImportError as error:
    assert "mish.torch has no kernels here" in str(error) and "mish.formula" in str(error)
else:
    raise AssertionError("imported")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
