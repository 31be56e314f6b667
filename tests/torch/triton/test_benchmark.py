"""benchmarks/gpu.py goes through all its steps where there is no GPU, in small."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import torch

import mish
from mish import ulp

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield importlib.import_module("gpu")
    for name in ("gpu", "gpu_accuracy", "gpu_fused"):
        del sys.modules[name]


def test_dry_run(script, monkeypatch, tmp_path):
    target = tmp_path / "page.md"
    monkeypatch.setattr(script.gpu_accuracy, "BLOCK", 1 << 16)
    monkeypatch.setattr(script.gpu_accuracy, "JUDGED", 100)
    monkeypatch.setattr(sys, "argv", ["gpu.py", str(target), "--dry-run", "--no-compile"])
    script.main()
    text = target.read_text(encoding="utf-8")
    for head in ("Accuracy", "Forward", "Backward", "Fused, forward", "Instructions"):
        assert f"## {head}" in text
    assert "no measurement" in text.splitlines()[0]
    assert text.count("| 2^10 |") == 2 * len(script.DTYPES)
    layers = len(script.gpu_fused.OPERATORS) * len(script.gpu_fused.SHAPES) * len(script.DTYPES)
    assert text.count(" and Mish |") == 2 * layers
    assert text.count("| mish_grad |") == len(script.DTYPES)


def test_without_a_gpu_it_says_so(script, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit, match="--dry-run"):
        script.main()


def test_its_errors_are_those_of_mish_ulp(script, monkeypatch):
    x = torch.linspace(-110, 20, 5001)
    wrong = torch.from_numpy(mish.mish(x.numpy())) * (1 + 2**-22)
    truth = mish.mish(x.double().numpy())
    expected = ulp.error_against(wrong.numpy(), truth).max()
    found = script.gpu_accuracy._add(script.gpu_accuracy.Errors(0, 0.0, 0.0, 0), x, wrong, 0)
    assert found.worst == pytest.approx(expected)
    assert found.count == 5001 and found.misrounded > 4000
    wrong[7] = torch.inf
    found = script.gpu_accuracy._add(found, x, wrong, 0)
    assert found.worst == torch.inf and found.at == pytest.approx(float(x[7]))


def test_every_pattern_is_a_number(script):
    for dtype, total in script.gpu_accuracy.PATTERNS.items():
        ends = torch.tensor([0, 1, total // 2, total // 2 + 1, total - 1])
        x = script.gpu_accuracy.numbers(ends, dtype)
        least = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps
        assert x[:4].tolist() == [0, least, -0.0, -least] and x[4].isnan()
