"""The account of memory, against what PyTorch keeps."""

from __future__ import annotations

import pytest

from mish.cost import ELEMENTS, account, numbers

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from mish.torch import BatchNormMish, Mish, kept_bytes  # noqa: E402

SHAPE = (4, 8, 16, 16)
NUMBERS = 4 * 8 * 16 * 16


class Plus(nn.Module):
    """Keeps nothing of its input."""

    def forward(self, x):
        return x + 1


def layers(kept):
    """The layer, between one that keeps nothing of its output and what ``kept`` says."""
    name, _, save = kept.way.partition(", ")
    act = {"nn.Mish": nn.Mish(), "nn.ReLU": nn.ReLU()}.get(name) or Mish(save=save or "input")
    if name == "NormMish":
        middle = [BatchNormMish(8, save=save)]
    else:
        middle = [*([nn.BatchNorm2d(8)] if kept.norm else []), act]
    return nn.Sequential(*middle, nn.Conv2d(8, 8, 1) if kept.next_keeps else Plus())


@pytest.mark.parametrize("kept", account(), ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_account(kept, dtype):
    model = layers(kept).to(getattr(torch, dtype))
    x = torch.randn(SHAPE, dtype=getattr(torch, dtype), requires_grad=True)
    measured = kept_bytes(nn.Sequential(Plus(), model), x)
    assert 0 <= measured - kept.bytes(NUMBERS, ELEMENTS[dtype]) <= 8 * 8 * 3  # statistics


@pytest.mark.parametrize("text", ["16x64x208x208", "16X64X208X208", "16×64×208×208"])
def test_shapes(text):
    assert numbers(text) == 16 * 64 * 208 * 208


@pytest.mark.parametrize("text", ["", "16,64", "16xx4", "0x4", "-1x4", "16x4.5"])
def test_what_is_no_shape(text):
    with pytest.raises(ValueError, match="a shape is written as 16x64x208x208, and"):
        numbers(text)
