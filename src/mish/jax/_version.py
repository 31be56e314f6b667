"""Which JAX this package works with."""

from __future__ import annotations

import re

OLDEST = (0, 7, 0)  # jax.ffi can say since then that a call may be cut into shards


def check(version: str) -> None:
    """Refuse a JAX that is too old.

    Raises:
        ImportError: it is older than `OLDEST`.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[: len(OLDEST)])
    if numbers < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise ImportError(
            f"mish.jax needs JAX {needed} or newer, and {version} is installed: "
            f"pip install 'jax>={needed}'"
        )
