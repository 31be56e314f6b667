"""What the kernels of group normalisation have in common.

A group of a sample is a matrix: of channels by places, or, where channels come ``last`` in memory,
of places by channels. It has ``depth`` channels.
"""

from __future__ import annotations

import triton
import triton.language as tl

from mish.torch._triton.elementary import root


@triton.constexpr_function
def is_power_of_two(number):
    return number > 0 and number & (number - 1) == 0


@triton.jit
def start_of(
    places, groups: tl.constexpr, depth: tl.constexpr, last: tl.constexpr, wide: tl.constexpr
):
    """Where this program's group starts, in elements, and its first channel."""
    program = tl.program_id(0)
    channel = program % groups * depth
    if wide:
        program = program.to(tl.int64)
    if last:
        return program // groups * places * (groups * depth) + channel, channel
    else:
        return program * (depth * places), channel


@triton.jit
def parameter(
    pointer,
    channel,
    has: tl.constexpr,
    otherwise: tl.constexpr,
    depth,
    check: tl.constexpr,
    kind: tl.constexpr,
):
    """The weights or biases of channels of the group, in a format.

    Args:
        pointer: to that of the group's first channel.
        channel: which ones, counted from there.
        has: whether there are any.
        otherwise: what they are if not.
        depth: how many channels the group has.
        check: whether some of ``channel`` may not be less.
        kind: the format.
    """
    if not has:
        return tl.full(channel.shape, otherwise, kind)
    else:
        known = channel < depth if check else None
        return tl.load(pointer + channel, mask=known, other=0.0 if check else None).to(kind)


@triton.jit
def along_channels(value, x, last: tl.constexpr):
    """Numbers of channels, repeated in the shape of a tile x."""
    return tl.broadcast_to(value[None, :] if last else value[:, None], x.shape)


# Triton's own float32 division rounds to the nearest too, but some versions (3.5.1) flush subnormal
# numbers to zero.
@triton.jit
def _quotient(x, y):
    return tl.inline_asm_elementwise(
        "div.rn.f32 $0, $1, $2;", "=f,f,f", [x, y], tl.float32, is_pure=True, pack=1
    )


@triton.jit
def mean_of(values, count, known: tl.constexpr):
    """The sum of a block over ``count``, which may be known to be ``known``."""
    sum = tl.sum(values)
    if is_power_of_two(known):
        return sum * (1.0 / known)
    elif sum.dtype == tl.float32:
        return _quotient(sum, count.to(tl.float32))
    else:
        return sum / count.to(tl.float64)


@triton.jit
def reciprocal_root(x):
    """1/√x."""
    if x.dtype == tl.float32:
        return _quotient(1.0, root(x))
    else:
        return 1.0 / tl.sqrt(x)
