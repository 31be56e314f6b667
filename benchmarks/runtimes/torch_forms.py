"""The forms in PyTorch's operators, for converters that start there: the package's, and others."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch
from torch import Tensor

PATH = Path(__file__).resolve().parents[2] / "src" / "mish" / "torch" / "_export" / "forms.py"
"""Read from here, since the package is not installed beside the runtimes."""

spec = spec_from_file_location("forms", PATH)
assert spec is not None
assert spec.loader is not None
package = module_from_spec(spec)
spec.loader.exec_module(package)


def _log(x: Tensor) -> Tensor:
    return x * torch.tanh(torch.log(1 + torch.exp(x)))


FORMS = {**package.FORMS, "log": _log}


class Network(torch.nn.Module):
    """One Mish in a form."""

    def __init__(self, form: str) -> None:
        super().__init__()
        if form not in FORMS:
            raise NotImplementedError(f"there is no {form} in PyTorch's operators")
        self.function = FORMS[form]

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)
