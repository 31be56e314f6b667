"""Times of the operators against a copy and PyTorch's own, by format and size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from context import DTYPES, Call, Context, name_of, ratios

import mish.torch  # noqa: F401 - has the operators

# The sizes that matter first: far beyond the caches, and within.
EXPONENTS = (28, 24, 20, 16, 10)
LARGEST = 28  # also for derivatives


def run(context: Context) -> None:
    for exponent in EXPONENTS:
        for dtype in DTYPES:
            for backward in (False, True):
                if context.fits(context.size(exponent), dtype):
                    _direction(context, dtype, exponent, backward)
    for dtype in DTYPES:
        for order in (2, 3):
            if context.fits(context.size(LARGEST), dtype):
                _derivative(context, dtype, order)


def _direction(context: Context, dtype: torch.dtype, exponent: int, backward: bool) -> None:
    x = torch.randn(context.size(exponent), device=context.device).to(dtype)
    with torch.no_grad():
        found = context.measure(contenders(x, backward))
    ours = found["mish"]
    traffic = 1.5 if backward else 1.0  # bytes, in those of a copy
    arrays = 3 if backward else 2
    context.row(
        "Backward" if backward else "Forward",
        format=name_of(dtype),
        elements=f"2^{exponent}",
        **{"mish, µs": f"{ours.median * 1e6:.2f}"},
        **{"GB/s": f"{arrays * x.numel() * dtype.itemsize / ours.median / 1e9:.0f}"},
        **{"of the copy's bandwidth": f"{traffic * found['copy'].ratio_to(ours).median:.1%}"},
        **ratios(found, "mish"),
    )


def contenders(x: torch.Tensor, backward: bool) -> dict[str, Call]:
    """A copy first, then the others; all allocate their results, as in a network."""
    if backward:
        dy = torch.randn_like(x)
        return {
            "copy": x.clone,
            "mish": lambda: torch.ops.mish.backward(dy, x),
            "PyTorch": lambda: torch.ops.aten.mish_backward(dy, x),
        }
    return {"copy": x.clone, "mish": lambda: torch.ops.mish.mish(x), "PyTorch": lambda: F.mish(x)}


def _derivative(context: Context, dtype: torch.dtype, order: int) -> None:
    x = torch.randn(context.size(LARGEST), device=context.device).to(dtype)
    found = context.measure({"copy": x.clone, "mish": lambda: torch.ops.mish.derivative(x, order)})
    ours = found["mish"]
    context.row(
        "Derivatives",
        format=name_of(dtype),
        order=order,
        elements=f"2^{LARGEST}",
        **{"mish, µs": f"{ours.median * 1e6:.2f}"},
        **{"of the copy's bandwidth": f"{found['copy'].ratio_to(ours).median:.1%}"},
    )
