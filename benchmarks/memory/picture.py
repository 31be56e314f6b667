"""Draw which tensors of a layer are kept for the backward pass, and by whom.

Usage: python picture.py [RESULT.svg]    (default: results/memory-kept.svg in the folder above)

Needs torch and matplotlib besides mish. Each layer is run, and what its parts save is looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from torch import Tensor, nn

from mish.torch import BatchNormMish, Mish

SHAPE = (4, 8, 16, 16)
NUMBERS = 4 * 8 * 16 * 16
COLUMNS = {
    "x": "x\nconvolved",
    "z": "z\nnormalised",
    "y": "y\nactivated",
    "bits": "bits",
}
COLOURS = {"the normalisation": "#4c78a8", "the activation": "#e45756", "the next layer": "#72b7b2"}

# The way, and its parts after the convolution with the tensors that they give
Parts = list[tuple[str, str, nn.Module]]
NORM = "the normalisation"


def pair(act: nn.Module) -> Parts:
    return [("z", NORM, nn.BatchNorm2d(8)), ("y", "the activation", act)]


def one(save: str) -> Parts:
    return [("y", NORM, BatchNormMish(8, save=save))]


# Each way: its parts after the convolution, with the tensors that they give.
ROWS: dict[str, Parts] = {
    "nn.BatchNorm2d, nn.Mish": pair(nn.Mish()),
    "nn.BatchNorm2d, nn.ReLU": pair(nn.ReLU()),
    'nn.BatchNorm2d, Mish(save="output")': pair(Mish(save="output")),
    "BatchNormMish()": one("input"),
    'BatchNormMish(save="output+bit")': one("output+bit"),
    'BatchNormMish(save="output")': one("output"),
}


def keepers(parts: Parts) -> dict[str, list[str]]:
    """Of each tensor, who keeps it."""
    tensors = {"x": nn.Conv2d(8, 8, 1)(torch.randn(SHAPE))}
    saved: list[tuple[str, Tensor]] = []
    value, who = tensors["x"], ""

    def pack(tensor: Tensor) -> Tensor:
        saved.append((who, tensor))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        for name, part, module in [*parts, ("", "the next layer", nn.Conv2d(8, 8, 1))]:
            who = part
            value = module(value)
            tensors[name] = value
    found: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for part, tensor in saved:
        for name in ("x", "z", "y"):
            if name in tensors and _memory(tensors[name]) == _memory(tensor):
                found[name].append(part)
        if tensor.dtype == torch.uint8 and tensor.numel() == NUMBERS // 8:
            found["bits"].append(part)
    return {name: list(dict.fromkeys(each)) for name, each in found.items()}


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def draw(axes: Axes) -> None:
    """A row for each way, a column for each tensor."""
    for row, parts in enumerate(ROWS.values()):
        found = keepers(parts)
        for column, (name, each) in enumerate(found.items()):
            height = 0.5 if name != "bits" else 0.5 / 8
            for i, who in enumerate(each):
                width = 0.8 / len(each)
                corner = (column - 0.4 + i * width, row - height / 2)
                axes.add_patch(Rectangle(corner, width, height, color=COLOURS[who]))
        maps = sum(bool(found[name]) for name in ("x", "z", "y"))
        bits = " + 1/32" if found["bits"] else ""
        axes.text(len(COLUMNS) + 0.2, row, f"{maps}{bits}", va="center", ha="right")
    axes.set(xlim=(-0.5, len(COLUMNS) + 0.3), ylim=(len(ROWS) - 0.5, -0.5))
    axes.set_xticks([*range(len(COLUMNS)), len(COLUMNS) + 0.1], [*COLUMNS.values(), "maps"])
    axes.set_yticks(range(len(ROWS)), list(ROWS), family="monospace")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def main() -> None:
    default = Path(__file__).resolve().parents[1] / "results" / "memory-kept.svg"
    parser = argparse.ArgumentParser(description="Draw what is kept for the backward pass.")
    parser.add_argument("result", nargs="?", type=Path, default=default, help="SVG file")
    result: Path = parser.parse_args().result
    torch.manual_seed(0)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    draw(axes)
    handles = [Patch(color=colour, label=f"kept by {who}") for who, colour in COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(result, metadata={"Date": None})


if __name__ == "__main__":
    main()
