"""What the partitioner of torch.compile keeps for the backward pass, beside eager PyTorch.

Usage: python benchmarks/memory/compiled.py [RESULT.md]
       (default: benchmarks/results/memory-compiled.md)

Four convolutions, each with its activation. Bytes are those of the tensors that autograd keeps,
each memory once and without parameters, as maps of a layer's size; the network's input is one of
them. Needs torch and a C++ compiler.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
import torch._functorch.config
import torch.nn.functional as F
from torch import Tensor

import mish.torch

LAYERS, CHANNELS, SIDE = 4, 32, 64
BUDGETS = (1.0, 0.5)
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "ReLU": F.relu,
    "`F.mish`": F.mish,
    "`mish.torch.mish`": mish.torch.mish,
    '`save="output"`': lambda x: mish.torch.mish(x, save="output"),
    '`save="output+bit"`': lambda x: mish.torch.mish(x, save="output+bit"),
    '`save="3bit"`': lambda x: mish.torch.mish(x, save="3bit"),
}


class Network(torch.nn.Module):
    """Convolutions, and a function behind each."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        layers = (torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in range(LAYERS))
        self.layers = torch.nn.ModuleList(layers)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """The output of the last."""
        for layer in self.layers:
            x = self.activation(layer(x))
        return x


def maps(network: Network, run: Callable[[Tensor], Tensor]) -> float:
    """What is kept, in maps for each layer."""
    x = torch.randn(2, CHANNELS, SIDE, SIDE)
    parameters = {each.untyped_storage().data_ptr() for each in network.parameters()}
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


def row(activation: Callable[[Tensor], Tensor]) -> list[float]:
    network = Network(activation)
    found = [maps(network, network)]
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
    for name, activation in ACTIVATIONS.items():
        figures = " | ".join(f"{found:.2f}" for found in row(activation))
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
