"""Mish for JAX: fast on the CPU, one formula elsewhere, and right to any order.

>>> import jax, mish.jax
>>> acceleration = mish.jax.accelerate()  # jax.nn.mish is ours from here on

Needs the extra ``jax``.
"""

from __future__ import annotations

from mish._support.extras import needs

with needs("jax", "mish.jax"):
    import jax

from mish.jax._version import check

check(jax.__version__)

from mish._support.when_imported import when_imported  # noqa: E402
from mish.jax import _jet  # noqa: E402
from mish.jax._accelerate import accelerate  # noqa: E402
from mish.jax._functions import derivative, mish  # noqa: E402

__all__ = ["accelerate", "derivative", "mish"]

when_imported("jax.experimental.jet", _jet.register)
