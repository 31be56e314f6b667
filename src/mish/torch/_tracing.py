"""Who watches the operations on a tensor: nobody, a transform or a compiler, or an exporter."""

from __future__ import annotations

import torch
from torch import Tensor
from torch._C import _functorch
from torch.autograd import forward_ad
from torch.compiler import is_dynamo_compiling, is_exporting
from torch.fx import Proxy
from torch.fx.experimental.proxy_tensor import get_proxy_mode

PLAIN = (Tensor, torch.nn.Parameter)

_dispatch_modes = torch._C._len_torch_dispatch_stack
_traces = getattr(torch._C, "_get_tracing_state", torch.jit.is_tracing)  # type: ignore[attr-defined]


def is_eager() -> bool:
    """Whether nothing but backward-mode autograd watches what happens to plain tensors."""
    return (
        not is_dynamo_compiling()
        and forward_ad._current_level < 0
        and _functorch.maybe_current_level() is None
        and not _dispatch_modes()
        and not _traces()
    )


def is_symbolic(x: object) -> bool:
    """Whether `torch.fx.symbolic_trace` has this in the place of a tensor."""
    return isinstance(x, Proxy)


def is_traced() -> bool:
    """Whether `torch.jit.trace` is at work, to which sizes are tensors."""
    return bool(_traces())


def is_written_down(x: object) -> bool:
    """Whether the operations on ``x`` become a program that may run where this package is not.

    Such programs come from `torch.jit.trace`, `torch.export`, the exporters to ONNX, `make_fx` and
    `torch.fx.symbolic_trace`, and they must hold PyTorch's own operators alone. `torch.compile`
    keeps ours, for which `_compile` has code.
    """
    if is_exporting():
        return True
    if is_dynamo_compiling():
        return False
    if is_symbolic(x) or is_traced():
        return True
    return not is_eager() and get_proxy_mode() is not None
