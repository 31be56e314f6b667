"""Make docs/gallery.md and the pictures in docs/images, each by the command below it.

Usage: python docs/gallery.py [NAME ...]    (by default all pictures; "none": the page alone)

Peers of error pictures must be installed. Pictures of measurements lie in benchmarks/results and
take their machine and some minutes; the page shows them, and this script leaves them alone.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGE = DOCS / "gallery.md"


class Picture(NamedTuple):
    """A picture, what it shows, and the command that makes it, run in the folder of the project."""

    path: str
    title: str
    text: str
    command: str


def _plot(name: str, title: str, text: str, options: str) -> Picture:
    path = f"docs/images/{name}"
    command = " ".join(filter(None, ("mish plot", options, f"-o {path}")))
    return Picture(path, title, text, command)


MADE = (
    _plot(
        "errors.svg",
        "Errors in ulp, float32",
        "PyTorch, JAX, ONNX Runtime and mish: the largest error in each bin of x.",
        "--error --peer torch,jax,onnxruntime",
    ),
    _plot(
        "errors-slope.svg",
        "Errors of the derivative, float32",
        "The backward pass, on a dark background. Beside the zero at x = −1.19 others lose digits.",
        "--error --order 1 --peer torch,jax --theme dark",
    ),
    _plot(
        "errors-float16.svg",
        "Errors in float16",
        "The formula x·tanh(log1p(exp(x))) in NumPy, and mish.",
        "--error --dtype float16 --peer numpy --range -20 20",
    ),
    _plot(
        "function.svg",
        "The function and its derivative",
        "Extrema, zeros and inflections are marked where they are proved to be.",
        "",
    ),
    _plot(
        "derivatives.svg",
        "Four derivatives",
        "In black and grey, for print.",
        "--orders 0,1,2,3 --marks none --theme print",
    ),
    _plot(
        "others.svg",
        "Beside other activations",
        "",
        "--orders 0 --against silu,gelu,softplus,relu --marks extrema",
    ),
    _plot(
        "complex.png",
        "The complex plane",
        "The hue is the argument, the shade the size. Poles at ln √2 ± 3πi/4 + 2πik; zeros at 0 "
        "and at ln 2 + πi + 2πik.",
        "--complex",
    ),
    _plot(
        "mish.html",
        "An interactive page",
        "One file, without network: derivatives to order 5, with a point that is moved by pointer "
        "or keyboard, other activations, the inverse, errors of PyTorch, JAX, ONNX Runtime and "
        "mish, and the formulas.",
        "--interactive --peer torch,jax,onnxruntime",
    ),
)

MEASURED = (
    Picture(
        "benchmarks/results/amd-epyc-zen3-avx2-bars.png",
        "Time an element",
        "On an AMD EPYC (Zen 3), one thread; also "
        "[Zen 4](../benchmarks/results/amd-epyc-zen4-avx512-bars.png) and "
        "[Zen 5](../benchmarks/results/amd-epyc-zen5-avx512-bars.png).",
        "mish bench --full benchmarks/results",
    ),
    Picture(
        "benchmarks/results/amd-epyc-zen3-avx2-curve.png",
        "Time over size",
        "On the same machine; also "
        "[Zen 4](../benchmarks/results/amd-epyc-zen4-avx512-curve.png) and "
        "[Zen 5](../benchmarks/results/amd-epyc-zen5-avx512-curve.png).",
        "mish bench --full benchmarks/results",
    ),
    Picture(
        "benchmarks/results/cost-roofline.svg",
        "Roofline",
        "What the kernels compute for each byte that they move; see [cost.md](cost.md).",
        "mish cost --roofline benchmarks/results/cost-roofline.svg",
    ),
    Picture(
        "benchmarks/results/cost-patterns.svg",
        "Access patterns",
        "Strides and what they cost; see [cost.md](cost.md).",
        "mish cost --patterns benchmarks/results/cost-patterns.svg",
    ),
    Picture(
        "benchmarks/results/memory-kept.svg",
        "What training keeps",
        "Tensors kept by a block of layers; see [memory.md](memory.md).",
        "python benchmarks/memory/picture.py",
    ),
    *(
        Picture(
            f"benchmarks/results/memory-curves-{name}.svg",
            f"Training curves: {name}",
            "Learning with coarser slopes kept; see [memory.md](memory.md).",
            "python benchmarks/memory/curves.py",
        )
        for name in ("digits", "transformer")
    ),
)


def page() -> str:
    """Write the page."""
    parts = [
        "# Gallery\n",
        "Every picture with the command that makes it. `python docs/gallery.py` makes this page "
        "and the pictures of the first section anew.\n",
    ]
    for head, pictures in (("Made anew", MADE), ("Measured on a machine", MEASURED)):
        parts.append(f"## {head}\n")
        for picture in pictures:
            parts.append(f"### {picture.title}\n")
            if picture.text:
                parts.append(f"{picture.text}\n")
            shown = "[Open it]" if picture.path.endswith(".html") else f"![{picture.title}]"
            parts.append(f"{shown}(../{picture.path})\n")
            parts.append(f"```sh\n{picture.command}\n```\n")
    return "\n".join(parts)


def main(names: list[str]) -> None:
    """Make pictures by name, and the page."""
    known = [Path(picture.path).stem for picture in MADE]
    if unknown := set(names) - {*known, "none"}:
        sys.exit(f"no picture is called {sorted(unknown)[0]}; there are {', '.join(known)}, none")
    for picture, name in zip(MADE, known, strict=True):
        if not names or name in names:
            command = [sys.executable, "-m", *shlex.split(picture.command)]
            subprocess.run(command, cwd=ROOT, check=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
