"""Models as programs of PyTorch, for runtimes whose converters start there."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from advice import FORMS as WHOLE
from torch import Tensor, nn

import mish.torch
from mish.torch._export.forms import FORMS as PACKAGE
from mish.torch._export.forms import in_form


def _log(x: Tensor) -> Tensor:
    return x * torch.tanh(torch.log(1 + torch.exp(x)))


OTHERS = {"log": _log}
FORMS = (*PACKAGE, *OTHERS)


class InForm(nn.Module):
    """Mish in a form, in PyTorch's operators."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def forward(self, x: Tensor) -> Tensor:
        return OTHERS[self._form](x) if self._form in OTHERS else in_form(self._form, x)


def exported(network: nn.Module, example: Tensor) -> bytes:
    """The file of the program of a network."""
    stream = io.BytesIO()
    torch.export.save(torch.export.export(network.eval(), (example,)), stream)
    return stream.getvalue()


def write_programs(network: nn.Module, example: Tensor, path: Path) -> None:
    """Write the program of a network in each form that networks are tried in beside a path."""
    converted = mish.torch.convert(network)
    for form in WHOLE:
        for place in converted:
            network.set_submodule(place, InForm(form))
        path.with_suffix(f".{form}.pt2").write_bytes(exported(network, example))
