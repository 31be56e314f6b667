"""Fused layers: their errors and times, beside PyTorch's operators."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import layers
import torch
from context import Context, name_of, ratios

DTYPES = (torch.float16, torch.bfloat16, torch.float32)
EXPONENT = 26
FEW = 2  # samples that are compared with float64
COMPILERS = 12  # processes that compile kernels ahead, each with a context of its own


class Case(NamedTuple):
    """One measurement."""

    shape: layers.Shape
    operator: str
    dtype: torch.dtype
    backward: bool

    def numbers(self, size: int, device: torch.device) -> torch.Tensor:
        return layers.layer_input(self.shape, size, self.dtype, device)


def cases() -> list[Case]:
    """Group normalisation first, for which most is predicted."""
    operators = sorted(layers.OPERATORS, reverse=True, key=lambda name: name == "GroupNorm")
    found = itertools.product(operators, layers.SHAPES, DTYPES, (False, True))
    return [Case(shape, operator, *rest) for operator, shape, *rest in found]


def run(context: Context) -> None:
    if not context.dry:
        compile_ahead(context)
    for case in cases()[:: 9 if context.dry else 1]:
        _accuracy(context, case)
        _time(context, case)


def compile_ahead(context: Context) -> None:
    """Call every layer once, in many processes: they leave what they compile in Triton's cache."""
    workers = min(COMPILERS, os.cpu_count() or 1)
    processes = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=processes) as pool:
        futures = [pool.submit(_call_once, i) for i in range(len(cases()))]
        for case, future in zip(cases(), futures, strict=True):
            error = future.exception()
            if error is not None:
                told = f"{type(error).__name__}: {str(error).strip()[:300]}"
                context.row("Layers that fail", layer=_words(case), outcome=told)


def _call_once(number: int) -> None:
    case = cases()[number]
    x = case.numbers(1 << EXPONENT, torch.device("cuda"))
    layers.contenders(x, case.operator, case.backward)["fused"]()
    torch.cuda.synchronize()


def _words(case: Case) -> str:
    way = "forward and backward" if case.backward else "forward"
    return f"{case.operator}, {case.shape.name}, {name_of(case.dtype)}, {way}"


def _accuracy(context: Context, case: Case) -> None:
    """Largest errors, relative to the largest number, of both against float64."""
    x = case.numbers(FEW * 512 * 512, context.device)[:FEW]
    given = [x, *layers.parameters(x)]
    dy = torch.randn_like(x)
    errors = {}
    exact = _results(layers.OPERATORS[case.operator][1], [v.double() for v in given], dy.double())
    for name, function in zip(("fused", "PyTorch"), layers.OPERATORS[case.operator], strict=True):
        found = _results(function, given, dy)
        chosen = slice(1, None) if case.backward else slice(0, 1)
        errors[name] = max(
            float((ours.double() - right).abs().max() / right.abs().max())
            for ours, right in zip(found[chosen], exact[chosen], strict=True)
        )
    context.row(
        "Errors",
        **_cells(case),
        **{f"{name}, of the largest": f"{error:.2e}" for name, error in errors.items()},
    )


def _results(function: layers.Layer, given: list[torch.Tensor], dy: torch.Tensor) -> list[Any]:
    """A layer's results, and its gradients."""
    inputs = [each.detach().requires_grad_() for each in given]
    y = function(*inputs)
    gradients = torch.autograd.grad(y, inputs, dy, allow_unused=True)
    return [y.detach(), *(each for each in gradients if each is not None)]


def _time(context: Context, case: Case) -> None:
    x = case.numbers(context.size(EXPONENT), context.device)
    found = context.measure(layers.contenders(x, case.operator, case.backward))
    ours = found["fused"]
    context.row(
        "Forward and backward" if case.backward else "Forward",
        **_cells(case),
        elements=f"{x.numel():,}",
        **{"fused, µs": f"{ours.median * 1e6:.2f}"},
        **{"copies of x": f"{ours.ratio_to(found['copy']).median:.2f}"},
        **ratios(found, "fused"),
    )


def _cells(case: Case) -> dict[str, str]:
    return {
        "layer": f"{case.operator} and Mish",
        "shape": case.shape.name,
        "format": name_of(case.dtype),
    }
