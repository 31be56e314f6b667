"""Does anything run at all, and which machine is this?"""

from __future__ import annotations

import shutil
import subprocess

import torch
import torch.nn.functional as F
from context import DTYPES, Context, name_of

import mish
import mish.torch
from mish.bench import machine
from mish.torch import _cuda, functional
from mish.torch._fused import ops


def run(context: Context) -> None:
    for name, value in _machine(context).items():
        context.row("Machine", what=name, found=value)
    for dtype in DTYPES:
        context.check("Smoke", f"forward and backward, {name_of(dtype)}", _Pass(context, dtype))
    context.check("Smoke", "these were Triton kernels", lambda: _is_triton(context))
    context.check("Smoke", "fused group normalisation", lambda: _group_norm(context))
    context.check("Smoke", "accelerate", lambda: _accelerated(context))


def _machine(context: Context) -> dict[str, str]:
    versions = machine.facts(("torch", "triton"))["versions"]
    found = versions | {"CUDA of PyTorch": str(torch.version.cuda), "processor": machine.cpu()}
    found["C compiler"] = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), "none")
    if not context.dry:
        properties = torch.cuda.get_device_properties(context.device)
        found["GPU"] = properties.name
        found["multiprocessors"] = str(properties.multi_processor_count)
        found["memory, GiB"] = f"{properties.total_memory / 2**30:.1f}"
        found["capability"] = f"{properties.major}.{properties.minor}"
        found["driver, clocks"] = _nvidia_smi()
    return found


def _nvidia_smi() -> str:
    query = "--query-gpu=driver_version,clocks.max.sm,clocks.max.mem,power.limit"
    try:
        command = ["nvidia-smi", query, "--format=csv,noheader"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi: {type(error).__name__}"
    return told.stdout.strip()


class _Pass:
    """The operators on the device against those of the CPU, in float64."""

    def __init__(self, context: Context, dtype: torch.dtype) -> None:
        self.device, self.dtype = context.device, dtype

    def __call__(self) -> str:
        x = torch.linspace(-30, 20, 5003, dtype=torch.float64).to(self.dtype)
        wide = x.double().numpy()
        given = x.to(self.device).detach().clone().requires_grad_()
        y = mish.torch.mish(given)
        y.backward(torch.ones_like(y))
        worst = 0.0
        for ours, order in ((y.detach(), 0), (given.grad, 1)):
            truth = torch.from_numpy(mish.derivative(wide, order))
            form = torch.finfo(self.dtype)
            unit = form.eps * truth.abs().clamp(min=form.smallest_normal)
            difference = (ours.cpu().double() - truth).abs() / unit
            worst = max(worst, float(difference.max()))
        assert worst < 2, f"off by {worst:.2f} times the precision of the format"
        return f"largest error {worst:.3f} of the format's precision"


def _is_triton(context: Context) -> str:
    x = torch.ones(4, device=context.device)
    if context.dry:
        return "dry run: no"
    assert _cuda.kernels_for(x) is not None, "mish.torch does not use its kernels here"
    assert ops._fused_kernels(x) is not None, "mish.torch does not use its fused kernels here"
    return "pointwise and fused"


def _group_norm(context: Context) -> str:
    x = torch.randn(3, 16, 50, device=context.device, requires_grad=True)
    y = functional.group_norm_mish(x, 4)
    wide = x.detach().double().requires_grad_()
    exact = F.mish(F.group_norm(wide, 4))
    torch.testing.assert_close(y.double(), exact, rtol=1e-5, atol=1e-5)
    y.sum().backward()
    exact.sum().backward()
    torch.testing.assert_close(x.grad.double(), wide.grad, rtol=1e-4, atol=1e-4)
    return "as PyTorch in float64"


def _accelerated(context: Context) -> str:
    x = torch.randn(1000, device=context.device)
    with mish.torch.accelerate():
        y = F.mish(x)
    assert torch.equal(y, mish.torch.mish(x)), "F.mish is not ours while accelerated"
    return "F.mish is ours"
