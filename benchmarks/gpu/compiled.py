"""torch.compile: of PyTorch's Mish, of ours, and of a normalisation with either."""

from __future__ import annotations

from collections.abc import Callable

import layers
import torch
import torch.nn.functional as F
from context import Context, name_of

import mish.torch
from mish.torch import functional

EXPONENT = 26


def _norm(x: torch.Tensor) -> torch.Tensor:
    return functional.group_norm_mish(x, layers.GROUPS)


def _norm_apart(x: torch.Tensor) -> torch.Tensor:
    return F.mish(F.group_norm(x, layers.GROUPS))


FUNCTIONS = {
    "F.mish": F.mish,
    "mish.torch.mish": mish.torch.mish,
    "F.group_norm, F.mish": _norm_apart,
    "group_norm_mish": _norm,
}


def run(context: Context) -> None:
    # On a CPU the compiler takes long.
    functions = dict(list(FUNCTIONS.items())[:1]) if context.dry else FUNCTIONS
    for dtype in (torch.float16, torch.float32)[: 1 if context.dry else 2]:
        shape = layers.SHAPES[0]
        x = layers.layer_input(shape, context.size(EXPONENT), dtype, context.device)
        for name, function in functions.items():
            for backward in (False, True):
                what = f"{name}, {name_of(dtype)}, {'both passes' if backward else 'forward'}"
                context.check("Compiles", what, _Case(context, name, function, x, backward))


class _Case:
    """Compile a function, compare it with the function itself, and time both."""

    def __init__(
        self,
        context: Context,
        name: str,
        function: Callable[[torch.Tensor], torch.Tensor],
        x: torch.Tensor,
        backward: bool,
    ) -> None:
        self.context, self.name, self.function = context, name, function
        self.x = x.clone().requires_grad_() if backward else x
        self.backward = backward

    def __call__(self) -> None:
        torch.compiler.reset()
        compiled = torch.compile(self.function, dynamic=False)
        calls = {
            "copy": self.x.detach().clone,
            "eager": lambda: self._do(self.function),
            "compiled": lambda: self._do(compiled),
        }
        close = 4 * torch.finfo(self.x.dtype).eps
        for ours, theirs in zip(calls["compiled"](), calls["eager"](), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=close, atol=8 * close)
        found = self.context.measure(calls)
        self.context.row(
            "Times",
            function=self.name,
            format=name_of(self.x.dtype),
            passes="forward and backward" if self.backward else "forward",
            **{"compiled, µs": f"{found['compiled'].median * 1e6:.2f}"},
            **{"copies of x": f"{found['compiled'].ratio_to(found['copy']).median:.2f}"},
            eager=f"{found['eager'].ratio_to(found['compiled']).median:.2f}×",
        )

    def _do(self, function: Callable[[torch.Tensor], torch.Tensor]) -> tuple[torch.Tensor, ...]:
        if not self.backward:
            with torch.no_grad():
                return (function(self.x),)
        y = function(self.x)
        (dx,) = torch.autograd.grad(y, self.x, y.detach())
        return y.detach(), dx
