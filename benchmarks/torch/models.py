"""Time whole models under PyTorch before and after `mish.torch.accelerate`.

Usage: python benchmarks/torch/models.py [RESULT.md]
       (default: benchmarks/results/torch-models.md)

Needs torch and timm besides mish; `pip install --no-deps timm` is enough, see cspdarknet.py, whose
CSPDarknet-53 this is. The others are made here: a 1-D U-Net of Conv1d, GroupNorm and Mish as in
diffusion policies, and a multilayer perceptron 3×256 as in reinforcement learning. Weights are
random, data are noise. A step is forward, backward and SGD. Before and after take turns; the share
of Mish comes from PyTorch's profiler, in a run of its own.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import mish.torch
from mish.bench import machine, timing

sys.path.append(str(Path(__file__).resolve().parents[1] / "onnx"))

from cspdarknet import build as cspdarknet53

MISH = ("aten::mish", "aten::mish_", "aten::mish_backward")


class Block(nn.Module):
    """Two Conv1d → GroupNorm → Mish, a condition added between them, and a shortcut."""

    def __init__(self, inputs: int, outputs: int, condition: int) -> None:
        super().__init__()
        self.first = layer(inputs, outputs)
        self.second = layer(outputs, outputs)
        self.condition = nn.Sequential(nn.Mish(), nn.Linear(condition, outputs))
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        hidden = self.first(x) + self.condition(condition).unsqueeze(-1)
        return self.second(hidden) + self.shortcut(x)


def layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 5, padding=2), nn.GroupNorm(8, outputs), nn.Mish()
    )


class UNet1d(nn.Module):
    """The noise of a trajectory of 16 steps with 10 numbers each, on a condition of 128."""

    def __init__(self, channels: int = 10, condition: int = 128) -> None:
        super().__init__()
        widths = (channels, 64, 128, 256)
        pairs = list(itertools.pairwise(widths))
        self.down = nn.ModuleList(Block(a, b, condition) for a, b in pairs)
        self.shrink = nn.ModuleList(nn.Conv1d(b, b, 3, 2, 1) for _, b in pairs[:-1])
        self.middle = Block(256, 256, condition)
        self.up = nn.ModuleList(Block(2 * b, a, condition) for a, b in reversed(pairs[1:]))
        self.grow = nn.ModuleList(nn.ConvTranspose1d(a, a, 4, 2, 1) for a, _ in reversed(pairs[1:]))
        self.last = nn.Sequential(layer(64, 64), nn.Conv1d(64, channels, 1))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        kept = []
        for i, block in enumerate(self.down):
            x = block(x, condition)
            kept.append(x)
            if i < len(self.shrink):
                x = self.shrink[i](x)
        x = self.middle(x, condition)
        for block, grow in zip(self.up, self.grow, strict=True):
            x = grow(block(torch.cat([x, kept.pop()], 1), condition))
        return self.last(x)


def perceptron() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs in (24, 256, 256):
        layers += [nn.Linear(inputs, 256), nn.Mish()]
    return nn.Sequential(*layers, nn.Linear(256, 6))


@dataclass(frozen=True)
class Case:
    name: str
    model: nn.Module
    inputs: tuple[Tensor, ...]

    def forward(self) -> Callable[[], object]:
        def call() -> Tensor:
            with torch.no_grad():
                return self.model(*self.inputs)

        return call

    def step(self) -> Callable[[], object]:
        optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-6)

        def call() -> None:
            optimizer.zero_grad()
            self.model(*self.inputs).square().mean().backward()
            optimizer.step()

        return call


def cases() -> list[Case]:
    torch.manual_seed(0)
    return [
        Case("CSPDarknet-53, 416×416, batch 1", cspdarknet53(), (torch.randn(1, 3, 416, 416),)),
        Case("1-D U-Net, batch 1", UNet1d(), (torch.randn(1, 10, 16), torch.randn(1, 128))),
        Case("1-D U-Net, batch 64", UNet1d(), (torch.randn(64, 10, 16), torch.randn(64, 128))),
        Case("MLP 3×256, batch 1", perceptron(), (torch.randn(1, 24),)),
        Case("MLP 3×256, batch 32", perceptron(), (torch.randn(32, 24),)),
        Case("MLP 3×256, batch 256", perceptron(), (torch.randn(256, 24),)),
    ]


def share(call: Callable[[], object], calls: int) -> float:
    """The part of the time that PyTorch's profiler finds within Mish's kernels."""
    call()
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(calls):
            call()
    times = {event.key: event.self_cpu_time_total for event in found.key_averages()}
    return sum(times.get(name, 0) for name in MISH) / sum(times.values())


def row(case: Case, kind: str, call: Callable[[], object], rounds: int) -> list[str]:
    def after(repeat: int) -> float:
        with mish.torch.accelerate():
            return timing.lap(call, repeat)

    laps = {"before": lambda repeat: timing.lap(call, repeat), "after": after}
    found = timing.alternate(laps, rounds, fill=5e-3, seconds=20)
    ratio = found["before"].ratio_to(found["after"])
    calls = max(3, found["before"].repeat)
    shares = [share(call, calls)]
    with mish.torch.accelerate():
        shares.append(share(call, calls))
    return [
        f"{case.name}, {kind}",
        *(f"{found[name].median * 1e3:.4g} ms" for name in ("before", "after")),
        f"{ratio.median:.2f} ± {ratio.spread:.2f}",
        *(f"{each:.0%}" for each in shares),
    ]


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "torch-models.md"
    parser = argparse.ArgumentParser(description="Time models before and after accelerate().")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    facts = machine.summary(machine.facts(["torch", "timm"]))
    rows = []
    for case in cases():
        rows.append(row(case, "forward", case.forward(), arguments.rounds))
        case.model.train()
        rows.append(row(case, "training step", case.step(), arguments.rounds))
        print(rows[-2:], flush=True)
    head = ["model", "before", "after", "times faster", "share of Mish before", "after"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    text = f"""# Whole models under PyTorch, before and after `mish.torch.accelerate()`

Made by `benchmarks/torch/models.py`, which says what the models are. One thread, float32, random
weights. Medians of up to {arguments.rounds} rounds in which before and after take turns; a ratio is
the median of the ratios within each round, ± half the distance between its quartiles.

{facts}

{table}
"""
    print(text)
    arguments.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
