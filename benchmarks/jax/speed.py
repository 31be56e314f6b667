"""Time Mish under JAX on the CPU: JAX's own, the formula that XLA fuses, the native kernel.

Usage: python benchmarks/jax/speed.py [RESULT.md]    (default: benchmarks/results/jax-speed.md)

One thread on one core. Everyone takes turns; see docs/benchmarking.md. Times are those of the
processor, not of the clock on the wall, and of the fastest lap, so that a machine with other work
to do gives the same; calls by number of elements, where threads wait for each other, are timed by
the clock. Needs jax.
"""

from __future__ import annotations

import os

# Read when JAX starts, as are the cores.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import mish.jax
from mish.bench import machine, timing

Function = Callable[..., Any]

SIZE = 1 << 20
SIDE = 1 << 10
SIZES = (1, 1024, 16384, 65536)
THEIRS = "jax.nn.mish"
WAYS: dict[str, Function] = {
    THEIRS: jax.nn.mish,
    "fused": functools.partial(mish.jax.mish, kernel="fused"),
    "native": functools.partial(mish.jax.mish, kernel="native"),
}


def forward(f: Function) -> Function:
    return lambda x, dy: f(x)


def gradient(f: Function) -> Function:
    return lambda x, dy: jax.vjp(f, x)[1](dy)[0]


def after_bias(f: Function) -> Function:
    return lambda x, dy: f(x + dy[0])


def before_residual(f: Function) -> Function:
    return lambda x, dy: f(x) + dy


def between(f: Function) -> Function:
    return lambda x, dy: f(x + dy[0]) + x


def network(f: Function, bias: bool, residual: bool) -> Function:
    """Four layers; the sum of their result."""

    def loss(weights: Any, x: Any) -> Any:
        for w in weights:
            z = x @ w + w[0] if bias else x @ w
            x = f(z) + x if residual else f(z)
        return x.sum()

    return loss


def processor_lap(call: Callable[[], object], repeat: int) -> float:
    """As `timing.lap`, in seconds that the processor worked for this process."""
    call()
    start = time.process_time()
    for _ in range(repeat):
        call()
    return (time.process_time() - start) / repeat


def times(
    make: Callable[[Function], Function],
    arguments: tuple[Any, ...],
    rounds: int,
    lap: Callable[[Callable[[], object], int], float] = processor_lap,
) -> dict[str, timing.Timing]:
    laps = {}
    for name, f in WAYS.items():
        program = jax.jit(make(f))
        jax.block_until_ready(program(*arguments))

        def call(program: Function = program) -> object:
            return jax.block_until_ready(program(*arguments))

        laps[name] = functools.partial(lap, call)
    return timing.alternate(laps, rounds, seconds=60)


def row(label: str, found: dict[str, timing.Timing], scale: float) -> str:
    best = {name: min(each.laps) for name, each in found.items()}
    cells = [label, *(f"{best[name] * scale:.3g}" for name in WAYS)]
    cells += [f"{best[THEIRS] / best[name]:.2f}" for name in list(WAYS)[1:]]
    return f"| {' | '.join(cells)} |"


def table(unit: str, rows: list[str]) -> str:
    head = [unit, *WAYS, *(f"times faster, {name}" for name in list(WAYS)[1:])]
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}", *rows]
    return "\n".join(lines)


def pair(dtype: Any, *shape: int) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return tuple(jnp.asarray(random.standard_normal(shape)).astype(dtype) for _ in range(2))


def alone(rounds: int) -> str:
    rows = []
    for dtype in (jnp.float32, jnp.float64, jnp.bfloat16, jnp.float16):
        for name, make in (("forward", forward), ("gradient", gradient)):
            found = times(make, pair(dtype, SIZE), rounds)
            rows.append(row(f"{name}, {jnp.dtype(dtype)}", found, 1e9 / SIZE))
    return table("ns an element", rows)


def neighbours(rounds: int) -> str:
    rows = []
    for dtype in (jnp.float32, jnp.float64, jnp.bfloat16):
        for name, make in (
            ("mish(x + b)", after_bias),
            ("mish(x) + y", before_residual),
            ("mish(x + b) + x", between),
        ):
            found = times(make, pair(dtype, SIDE, SIDE), rounds)
            rows.append(row(f"{name}, {jnp.dtype(dtype)}", found, 1e9 / SIZE))
    return table("ns an element", rows)


def networks(rounds: int) -> str:
    rows = []
    for rows_, side in ((1, 64), (32, 64), (4096, 32)):
        x, _ = pair(jnp.float32, rows_, side)
        w, _ = pair(jnp.float32, 4, side, side)
        weights = list(w / side**0.5)
        for label, bias, residual in (
            ("mish(x·W)", False, False),
            ("mish(x·W + b)", True, False),
            ("x + mish(x·W + b)", True, True),
        ):
            make = functools.partial(network, bias=bias, residual=residual)
            for name, step in (("forward", make), ("training", lambda f: jax.grad(make(f)))):  # noqa: B023
                found = times(step, (weights, x), rounds)
                rows.append(row(f"{label}, {rows_}×{side}, {name}", found, 1e6))
    return table("µs", rows)


def by_size(rounds: int) -> str:
    rows = [
        row(f"{name}, {size:,}", times(make, pair(jnp.float32, size), rounds, timing.lap), 1e6)
        for size in SIZES
        for name, make in (("forward", forward), ("gradient", gradient))
    ]
    return table("µs a call", rows)


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "jax-speed.md"
    parser = argparse.ArgumentParser(description="Time Mish under JAX.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    facts = machine.summary(machine.facts(["jax", "jaxlib"]))
    rounds = arguments.rounds
    text = f"""# Mish under JAX on the CPU

Made by `benchmarks/jax/speed.py`, compiled by `jax.jit`, one thread on one core, standard normal
input. The fastest of up to {rounds} laps, in which all take turns; processor time, but in the last
table. "fused" and "native" are `mish.jax.mish` with that kernel.

{facts}

## Alone, 2^20 elements

{alone(rounds)}

## Among elementwise operations, 2^20 elements

{neighbours(rounds)}

## Four layers, float32

The whole program: matrix products included.

{networks(rounds)}

## By number of elements, float32

{by_size(rounds)}
"""
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
