"""`torch.nn.SyncBatchNorm.convert_sync_batchnorm`, which knows nothing of Mish inside a module.

It makes a plain SyncBatchNorm of all that inherits from PyTorch's batch normalisation, so the Mish
of a BatchNormMish would silently be gone. It is wrapped, and acts as before on all other modules.
"""

from __future__ import annotations

import functools
from typing import Any

from torch import Tensor, nn

from mish.torch._functions import mish
from mish.torch._fused.kept_norm import INPUT
from mish.torch._fused.modules import BatchNormMish


class SyncBatchNormMish(nn.SyncBatchNorm):
    """`torch.nn.SyncBatchNorm` followed by Mish, with its arguments, state dict and errors.

    `torch.nn.SyncBatchNorm.convert_sync_batchnorm` makes it of a BatchNormMish, whose ``save`` it
    takes: PyTorch's normalisation keeps its input, and Mish what ``save`` says.

    Shape:
        Input (N, C, ...); output of the same shape.
    """

    save = INPUT  # of objects that were made as another class and became this one

    def forward(self, input: Tensor) -> Tensor:
        """Mish of the normalised input."""
        return mish(super().forward(input), save=self.save)


def _install() -> None:
    plain = nn.SyncBatchNorm.convert_sync_batchnorm.__func__  # type: ignore[attr-defined]

    @functools.wraps(plain)
    def convert(cls: Any, module: nn.Module, process_group: Any = None) -> nn.Module:
        ours = {
            name: each.save
            for name, each in module.named_modules(remove_duplicate=False)
            if isinstance(each, BatchNormMish)
        }
        converted: nn.Module = plain(cls, module, process_group)
        for name, save in ours.items():
            norm = converted.get_submodule(name)
            norm.__class__ = SyncBatchNormMish
            norm.save = save  # type: ignore[assignment]
        return converted

    nn.SyncBatchNorm.convert_sync_batchnorm = classmethod(convert)  # type: ignore[assignment,method-assign]


_install()
