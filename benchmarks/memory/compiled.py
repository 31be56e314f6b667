"""What the partitioner of torch.compile keeps for the backward pass, beside eager PyTorch.

Usage: python benchmarks/memory/compiled.py [RESULT.md]
       (default: benchmarks/results/memory-compiled.md)

Four convolutions, each with its activation, and with a normalisation before it. Bytes are those of
the tensors that autograd keeps,
each memory once and without parameters, as maps of a layer's size; the network's input is one of
them. Needs torch and a C++ compiler.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

import torch
import torch._functorch.config
import torch._inductor.config
from torch import Tensor

import mish.torch

LAYERS, CHANNELS, SIDE = 4, 32, 64
BUDGETS = (1.0, 0.5)
SEQUENTIAL, NORM = torch.nn.Sequential, functools.partial(torch.nn.BatchNorm2d, CHANNELS)
BATCH_NORM_MISH = functools.partial(mish.torch.BatchNormMish, CHANNELS)
GROUPS = 8
GROUP_NORM_MISH = functools.partial(mish.torch.GroupNormMish, GROUPS, CHANNELS)
# What stands behind a convolution.
BEHIND: dict[str, Callable[[], torch.nn.Module]] = {
    "ReLU": torch.nn.ReLU,
    "`nn.Mish`": torch.nn.Mish,
    **{
        f'`Mish(save="{save}")`': functools.partial(mish.torch.Mish, save=save)
        for save in ("input", "output", "output+bit", "3bit")
    },
    "BatchNorm, ReLU": lambda: SEQUENTIAL(NORM(), torch.nn.ReLU()),
    "BatchNorm, `nn.Mish`": lambda: SEQUENTIAL(NORM(), torch.nn.Mish()),
    'BatchNorm, `Mish(save="output")`': lambda: SEQUENTIAL(NORM(), mish.torch.Mish(save="output")),
    **{
        f'`BatchNormMish(save="{save}")`': functools.partial(BATCH_NORM_MISH, save=save)
        for save in ("input", "output", "output+bit")
    },
    "GroupNorm, `nn.Mish`": lambda: SEQUENTIAL(
        torch.nn.GroupNorm(GROUPS, CHANNELS), torch.nn.Mish()
    ),
    **{
        f'`GroupNormMish(save="{save}")`': functools.partial(GROUP_NORM_MISH, save=save)
        for save in ("input", "output", "output+bit")
    },
}


class Network(torch.nn.Sequential):
    """Convolutions, and a module behind each."""

    def __init__(self, behind: Callable[[], torch.nn.Module]) -> None:
        super().__init__()
        for _ in range(LAYERS):
            self.append(torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)).append(behind())


def maps(network: Network, run: Callable[[Tensor], Tensor]) -> float:
    """What is kept, in maps for each layer."""
    x = torch.randn(2, CHANNELS, SIDE, SIDE)
    own = [*network.parameters(), *network.buffers()]
    parameters = {each.untyped_storage().data_ptr() for each in own}
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = run(x)
    y.sum().backward()
    kept = sum(size for at, size in storages.items() if at not in parameters)
    return kept / (x.numel() * x.itemsize) / LAYERS


def row(behind: Callable[[], torch.nn.Module]) -> list[float]:
    network = Network(behind)
    found = [maps(network, network)]
    # A cache on disk does not know by which decompositions a graph was cut.
    torch._inductor.config.force_disable_caches = True
    for budget in BUDGETS:
        torch._dynamo.reset()
        torch._functorch.config.activation_memory_budget = budget
        found.append(maps(network, torch.compile(network, fullgraph=True)))
    return found


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory-compiled.md"
    parser = argparse.ArgumentParser(description="Count what the compiler's partitioner keeps.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    arguments = parser.parse_args()
    lines = ["| | eager | compiled | compiled, memory budget 0.5 |", "|---|---:|---:|---:|"]
    for name, behind in BEHIND.items():
        figures = " | ".join(f"{found:.2f}" for found in row(behind))
        lines.append(f"| {name} | {figures} |")
    text = "\n".join(
        [
            "# What the compiler keeps for the backward pass",
            "",
            f"Made by `benchmarks/memory/compiled.py`, PyTorch {torch.__version__}: {LAYERS}",
            "convolutions with their activations; maps of a layer's size that are kept, for each",
            "layer, the network's input among them. The budget is",
            "`torch._functorch.config.activation_memory_budget`, 1 by default.",
            "",
            *lines,
            "",
        ]
    )
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
