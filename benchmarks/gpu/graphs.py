"""CUDA graphs, and streams other than the current one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from context import Call, Context

from mish.torch import functional

SIZES = (12, 16, 20)
ROUNDS = 200


def run(context: Context) -> None:
    if context.dry:
        context.row("Graphs", what="all of it", outcome="not in dry runs: it needs a device")
        return
    context.check("Streams", "an input that is still being made", lambda: _late_input(context))
    context.check("Streams", "two streams at once", lambda: _two_streams(context))
    context.check("Graphs", "mish", lambda: _replays(torch.ops.mish.mish))
    context.check("Graphs", "backward", lambda: _replays(lambda x: torch.ops.mish.backward(x, x)))
    context.check("Graphs", "group_norm_mish", lambda: _replays(_group_norm))
    for exponent in SIZES:
        _times(context, exponent)


def _group_norm(x: torch.Tensor) -> torch.Tensor:
    return functional.group_norm_mish(x.view(5, 8, -1), 4)


def _captured(call: Call) -> torch.cuda.CUDAGraph:
    """A call, which has been made before, as a graph."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph


def _replays(function: object) -> None:
    x = torch.randn(5000, device="cuda")
    function(x)
    graph = torch.cuda.CUDAGraph()
    with torch.no_grad(), torch.cuda.graph(graph):
        y = function(x)
    for seed in range(3):
        torch.manual_seed(seed)
        x.copy_(torch.randn(5000, device="cuda") * 5)
        graph.replay()
        assert torch.equal(y, function(x)), "a replay gives other results"


def _times(context: Context, exponent: int) -> None:
    x = torch.randn(1 << exponent, device=context.device)
    eager: dict[str, Call] = {
        "copy": x.clone,
        "mish": lambda: torch.ops.mish.mish(x),
        "PyTorch": lambda: F.mish(x),
    }
    for call in eager.values():
        call()
    graphs = {name: _captured(call) for name, call in eager.items()}
    found = context.measure({name: graph.replay for name, graph in graphs.items()})
    context.row(
        "A call in a graph",
        elements=f"2^{exponent}",
        **{f"{name}, µs": f"{timing.median * 1e6:.2f}" for name, timing in found.items()},
    )


def _late_input(context: Context) -> None:
    """The kernel must run on the current stream, after what fills its input."""
    torch.ops.mish.mish(torch.zeros(8, device=context.device))
    stream = torch.cuda.Stream()
    a = torch.randn(4096, 4096, device=context.device)
    torch.cuda.synchronize()
    with torch.cuda.stream(stream):
        b = a
        for _ in range(10):
            b = (b @ a) * 1e-2
        y = torch.ops.mish.mish(b)
    stream.synchronize()
    assert torch.equal(y, torch.ops.mish.mish(b)), "the kernel did not wait for its input"


def _two_streams(context: Context) -> None:
    streams = [torch.cuda.Stream() for _ in range(2)]
    inputs = [torch.randn(100_003, device=context.device) for _ in streams]
    exact = [torch.ops.mish.mish(x) for x in inputs]
    torch.cuda.synchronize()
    for _ in range(ROUNDS):
        results = []
        for stream, x in zip(streams, inputs, strict=True):
            with torch.cuda.stream(stream):
                results.append(torch.ops.mish.mish(x))
        torch.cuda.synchronize()
        assert all(map(torch.equal, results, exact)), "results differ"
