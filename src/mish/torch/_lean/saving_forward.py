"""`torch.nn.functional.mish` inside of a module's forward, with another ``save``."""

from __future__ import annotations

from torch import Tensor
from torch.compiler import is_compiling

from mish.torch._convert.calls import CatchingForward
from mish.torch._functions import mish


class SavingForward(CatchingForward):
    """Keeps what the attribute ``mish_save`` says."""

    mish_save: str

    def catches(self) -> bool:
        """A compiler chooses what to keep."""
        return not is_compiling()

    def instead(self, input: Tensor, inplace: bool = False) -> Tensor:
        """Mish that keeps that."""
        return mish(input, inplace, save=self.mish_save)
