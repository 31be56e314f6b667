"""Which JAX this package works with."""

from __future__ import annotations

from mish._support.versions import require

OLDEST = "0.7.0"  # jax.ffi can say since then that a call may be cut into shards


def check(version: str) -> None:
    """Refuse a JAX that is too old.

    Raises:
        ImportError: it is older than `OLDEST`.
    """
    require("mish.jax", "jax", version, OLDEST, title="JAX")
