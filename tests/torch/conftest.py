"""Hard points, layouts, and F.mish accelerated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

import mish.torch  # noqa: E402

HARD = (-1e4, -104, -88.8, -40, -20, -17, -3.2673378, -2.2563764, -1.1924312, -1, -0.0879344, -0.0)
HARD += (0.0, 1e-40, 0.5, 1.4905712, 2.1148426, 8, 10, 20, 44, 88.8, 1e4)
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def pytest_collection_modifyitems(items):
    # PyTorch itself runs into this when forward mode is used for the first time.
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated"))


@pytest.fixture
def two_processes(tmp_path):
    """Runs a script of this folder as rank 0 and as rank 1, which meet; gives what they print."""

    def run(script):
        worker = str(Path(__file__).with_name(script))
        processes = [
            subprocess.Popen(
                [sys.executable, worker, rank, str(tmp_path / "meet")],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in ("0", "1")
        ]
        outputs = []
        for process in processes:
            output, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            outputs.append(output)
        return outputs

    return run


@pytest.fixture
def accelerated():
    with mish.torch.accelerate():
        yield


def _with_ours(x, **options):
    return mish.torch.mish(x, **options)


def _with_theirs(x, **options):
    return F.mish(x, **options)


@pytest.fixture(params=["ours", "accelerated"])
def function(request):
    """mish.torch.mish, and F.mish while it is accelerated."""
    if request.param == "ours":
        yield _with_ours
    else:
        with mish.torch.accelerate():
            yield _with_theirs


@pytest.fixture
def hard():
    return torch.tensor(HARD, dtype=torch.float64)


LAYOUTS = {
    "contiguous": lambda: torch.randn(2, 3, 4, 5),
    "channels-last": lambda: torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "channels-last-3d": lambda: torch.randn(2, 3, 4, 5, 6).to(memory_format=torch.channels_last_3d),
    "permuted": lambda: torch.randn(2, 3, 4).permute(2, 0, 1),
    "one-channel": lambda: torch.randn(2, 1, 4, 5).to(memory_format=torch.channels_last),
    "odd-stride-of-one": lambda: torch.randn(3, 4)[:, :1].as_strided((3, 1), (1, 7)),
    "expanded": lambda: torch.randn(3, 1).expand(3, 4),
    "sliced": lambda: torch.randn(6, 8)[::2, 1:7:3],
    "transposed-slice": lambda: torch.randn(6, 8).t()[2:5],
    "0-d": lambda: torch.randn(()),
    "empty": lambda: torch.randn(0, 3),
    "empty-permuted": lambda: torch.randn(2, 0, 3).permute(2, 1, 0),
    "many-dimensions": lambda: torch.randn((1,) * 18 + (3,)),
    "large": lambda: torch.randn(300_001),
}


@pytest.fixture(params=LAYOUTS.values(), ids=LAYOUTS.keys())
def layout(request):
    torch.manual_seed(0)
    return request.param()


def truth(x, order=0):
    """The correctly rounded values, but for float64, where it is mish.derivative."""
    wide = x.detach().to(torch.float64).numpy()
    return torch.from_numpy(np.asarray(mish.derivative(wide, order))).to(x.dtype)


@pytest.fixture(name="truth")
def _truth():
    return truth
