"""JAX: jax.nn.mish and mish.jax, compiled by XLA for the CPU."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from mish._measure.peers import Contender, Task

jax.config.update("jax_enable_x64", True)


def set_threads(n: int) -> None:
    """XLA takes its threads when it starts, from what ``mish._measure.workers`` sets."""


def jit(task: Task) -> Contender:
    return _contender(task, jax.nn.mish)


def jit_ours(task: Task) -> Contender:
    import mish.jax

    return _contender(task, mish.jax.mish)


def _contender(task: Task, mish: Callable[..., Any]) -> Contender:
    x = jnp.asarray(task.x)
    arguments = (jnp.asarray(task.dy), x) if task.op == "backward" else (x,)
    function = _compiled(task.op, mish)
    return Contender(lambda: function(*arguments).block_until_ready())


@functools.cache
def _compiled(op: str, mish: Callable[..., Any]) -> Any:
    def backward(dy: Any, x: Any) -> Any:
        return jax.vjp(mish, x)[1](dy)[0]

    def second(x: Any) -> Any:
        ones = jnp.ones_like(x)
        return jax.vjp(lambda point: backward(ones, point), x)[1](ones)[0]

    functions: dict[str, Callable[..., Any]] = {"forward": mish, "backward": backward, "d2": second}
    return jax.jit(functions[op])
