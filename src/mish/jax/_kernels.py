"""The native kernels as targets of XLA's foreign function interface, and when they are taken."""

from __future__ import annotations

import ctypes
import string
from pathlib import Path
from typing import Any

import jax
import jax.ffi
import numpy as np
from jax.extend.mlir import ir
from jax.extend.mlir.dialects import stablehlo

from mish._support.libraries import loadable

KERNELS = ("auto", "fused", "native")
VALUE = {order: f"mish_order_{order}" for order in range(4)}
SLOPE = {1: "mish_backward_1"}
_DTYPES = ("float16", "bfloat16", "float32", "float64")

_LIBRARY = ctypes.CDLL(str(loadable(Path(__file__).parent, "_native")))


def _register() -> None:
    for name in (*VALUE.values(), *SLOPE.values()):
        handler = jax.ffi.pycapsule(getattr(_LIBRARY, name))
        jax.ffi.register_ffi_target(name, handler, platform="cpu")
        # XLA may then run the call on each shard of a sharded array.
        jax.ffi.register_ffi_target_as_batch_partitionable(name)


def check(kernel: object, order: int, dtype: np.dtype[Any]) -> None:
    """See that a kernel exists, and serves what is asked of it.

    Raises:
        ValueError: it does not.
    """
    if kernel not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(map(repr, KERNELS))}, not {kernel!r}")
    if kernel == "native" and order not in VALUE:
        raise ValueError(
            f"kernel='native' serves orders 0 to {max(VALUE)}, not {order}; use kernel='auto'"
        )
    if kernel == "native" and dtype.name not in _DTYPES:
        raise ValueError(
            f"kernel='native' serves {', '.join(_DTYPES)}, not {dtype}; use kernel='auto'"
        )


def chosen(ctx: Any, order: int, kernel: str) -> bool:
    """Whether the native kernel computes an order, in a program for the CPU."""
    served = order in VALUE and ctx.avals_in[0].dtype.name in _DTYPES
    # An exported program may run where this package is not installed.
    exported = ctx.module_context.lowering_parameters.for_export
    return served and (kernel == "native" or (kernel == "auto" and not exported))


def call(name: str, ctx: Any, *operands: Any) -> Any:
    """A call of a kernel in a program that is being lowered; each device calls for its shard.

    XLA's partitioners cut such a call along leading axes, which must not be all; so an axis of
    length 1 comes last.
    """
    (result,) = ctx.avals_out
    shape = (*result.shape, 1)
    type_ = ir.RankedTensorType.get(shape, ir.RankedTensorType(operands[0].type).element_type)
    layout = tuple(reversed(range(len(shape))))
    axes = ir.DictAttr.get({"num_batch_dims": ir.StringAttr.get(str(result.ndim))})
    attributes: dict[str, Any] = {"mhlo.frontend_attributes": axes}
    if jax.config.jax_use_shardy_partitioner:
        attributes["sdy.sharding_rule"] = _sharding_rule(shape, len(operands))
    lower = jax.ffi.ffi_lowering(
        name,
        operand_layouts=[layout] * len(operands),
        result_layouts=[layout],
        result_types=[type_],
        extra_attributes=attributes,
    )
    (found,) = lower(ctx, *(stablehlo.reshape(type_, operand) for operand in operands))
    return [stablehlo.reshape(operands[0].type, found)]


def _sharding_rule(shape: tuple[int, ...], inputs: int) -> Any:
    """What Shardy is told: inputs and result have the same axes, and each may be sharded."""
    rank = len(shape)
    names = [*string.ascii_lowercase[8:], *(f"z_{i}" for i in range(1, rank))][:rank]  # its own
    array = f"[{', '.join(names)}]"
    sizes = ", ".join(f"{name}={size}" for name, size in zip(names, shape, strict=True))
    operands = ", ".join([array] * inputs)
    return ir.Attribute.parse(f"#sdy.op_sharding_rule<({operands})->({array}) {{{sizes}}}, custom>")


_register()
