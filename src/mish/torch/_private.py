"""What `mish.torch` uses of PyTorch that PyTorch does not promise to keep: all of it, by name.

Nothing public does the same as what is `_NEEDED`. Where something of `_INSTEAD` is gone, something
else is done. Every name was there in `OLDEST` and in `DEVELOPED_WITH`. The functions of the C++
library are in `_shim.h`, which looks for them in the same way.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import torch

from mish._support.versions import require

OLDEST, DEVELOPED_WITH = "2.10", "2.13"

# The module, a colon, and the name in it; an object of a class is made to look at what it has.
_NEEDED = (
    # operators that are dispatched by hand, below the keys that have been served
    "torch._C:DispatchKey",
    "torch._C:DispatchKeySet",
    "torch._C:_AutoDispatchBelowADInplaceOrView",
    "torch._C:_AutoDispatchBelowAutograd",
    "torch._C:_after_autograd_keyset",
    "torch._C:_dispatch_keyset_full_after",
    "torch._ops:OpOverload.redispatch",
    # functions of autograd inside of operators, and the levels of torch.func
    "torch._C._functorch:_unwrap_for_grad",
    "torch._C._functorch:_wrap_for_grad",
    "torch._C._functorch:is_functorch_wrapped_tensor",
    "torch._C._functorch:maybe_current_level",
    "torch._C._functorch:maybe_get_level",
    "torch._functorch.utils:enable_single_level_autograd_function",
    "torch.autograd.forward_ad:_current_level",
    "torch.autograd.forward_ad:_set_fwd_grad_enabled",
    "torch.autograd.function:_SingleLevelFunction",
    "torch:ops.aten._fw_primal.default",
    # who watches
    "torch._C:_len_torch_dispatch_stack",
    "torch.fx.experimental.proxy_tensor:get_proxy_mode",
    # what a model is made of
    "torch.nn.functional:_verify_batch_size",
    "torch.nn.modules.batchnorm:_BatchNorm",
    "torch.nn.modules.batchnorm:_NormBase",
    "torch.nn.modules.conv:_ConvNd",
    "torch.nn.modules.dropout:_DropoutNd",
    "torch.nn:Module()._forward_hooks",
    "torch.nn:Module()._forward_pre_hooks",
    "torch.nn:Module()._modules",
    "torch:ops.aten.mish.default._schema",
    "torch:Tensor._is_view",
)

_INSTEAD = {
    "torch._C:_get_tracing_state": "torch.jit.is_tracing is asked, which takes longer",
    "torch._C:_nn.mish": "torch.nn.functional.mish is called, which takes longer",
    "torch._C:_nn.mish_": "torch.nn.functional.mish is called, which takes longer",
    "torch._decomp:decomposition_table": (
        "torch.compile takes PyTorch's formula of aten::mish while accelerate holds"
    ),
    "torch.autograd.graph:_engine_run_backward": (
        "second derivatives of aten::mish are PyTorch's own while accelerate holds"
    ),
    "torch.autograd:Function._compiled_autograd_key": "compiled autograd may refuse our nodes",
    "torch.library:Library._destroy": "a library ends when nobody holds it",
    "torch:ops.aten.mish.default._op": "operators are called as a whole, which takes longer",
}

# Of the compiler, which takes seconds to load; looked for once somebody has loaded it.
_INDUCTORS = {
    f"torch._inductor.decomposition:{name}": "compiled code calls our operators as they are"
    for name in ("decompositions", "fast_random_decomps")
}


def known_to_work() -> str:
    """Which versions of PyTorch are, in words that follow a complaint."""
    return (
        f"mish.torch is known to work with PyTorch {DEVELOPED_WITH} (docs/compatibility.md has "
        "more versions): install that one, or a newer mish"
    )


def check(version: str) -> None:
    """Look for all that is needed before anything is done; ``version`` is PyTorch's.

    Raises:
        ImportError: PyTorch is too old, or so new that something has gone.

    Warns:
        RuntimeWarning: something has gone in whose place something else can be done.
    """
    require("mish.torch", "torch", version, OLDEST, title="PyTorch")
    gone = _gone(_NEEDED)
    if gone:
        raise ImportError(f"PyTorch {version} has no {', '.join(gone)}; {known_to_work()}")
    _warn(version, _INSTEAD)


def has_inductors_table() -> bool:
    """Whether the compiler's table of operators is where it was, once it is loaded."""
    return not _warn(torch.__version__, _INDUCTORS)


def is_there(name: str) -> bool:
    """Whether PyTorch has this, written as above."""
    module, _, path = name.partition(":")
    try:
        found: Any = import_module(module)
        for step in path.split("."):
            found = getattr(found, step.removesuffix("()"))
            if step.endswith("()"):
                found = found()
    except (AttributeError, ModuleNotFoundError):
        return False
    return True


def _gone(names: Iterable[str]) -> list[str]:
    return [name.replace(":", ".") for name in names if not is_there(name)]


def _warn(version: str, instead: dict[str, str]) -> bool:
    gone = {name: what for name, what in instead.items() if not is_there(name)}
    for name, what in gone.items():
        warnings.warn(
            f"PyTorch {version} has no {name.replace(':', '.')}, so {what}; {known_to_work()}",
            RuntimeWarning,
            stacklevel=4,
        )
    return bool(gone)


check(torch.__version__)
