"""Compare networks of half precision with right and with wrong Mish, and report the verdicts.

Usage: python benchmarks/onnx/rounding.py [--seeds N] [RESULT.md]

The default is 20 seeds and benchmarks/results/onnx-rounding.md. The networks are those of
tests/onnx/test_rounding.py.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from mish.bench import machine
from mish.onnx import Comparison, optimize, verify

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "tests" / "onnx"))

from test_rounding import WRONG, network  # noqa: E402

DEPTHS = (30, 60, 118)
SIDES = {"linear": 0, "convolutions, 16×16": 16}
FORMS = ("sigmoid", "native", "op")
KINDS = ("float32", "float16")


def compare(seeds: int) -> tuple[list[str], list[str]]:
    """The rows of both tables."""
    right, wrong = [], []
    for name, side in SIDES.items():
        for depth in DEPTHS:
            for form in FORMS:
                found = []
                for seed in range(seeds):
                    old = network("float16", seed=seed, depth=depth, side=side)
                    found.append(verify(old, optimize(old, form).model, threads=1))
                right.append(row(f"{name} | {depth} | `{form}`", found))
                print(right[-1], flush=True)
            for act in WRONG:
                for site in (None, depth // 2):
                    verdicts: Counter[tuple[bool, ...]] = Counter()
                    for seed in range(max(1, seeds // 10)):
                        pair = (verdict(kind, act, seed, depth, site, side) for kind in KINDS)
                        verdicts[tuple(pair)] += 1
                    where = "all" if site is None else "one"
                    wrong.append(
                        f"| {name} | {depth} | {act} | {where} | {verdicts[False, False]} | "
                        f"{verdicts[True, True]} | {verdicts[True, False]} | "
                        f"{verdicts[False, True]} |"
                    )
                    print(wrong[-1], flush=True)
    return right, wrong


def verdict(kind: str, act: str, seed: int, depth: int, site: int | None, side: int) -> bool:
    """Whether a network and the same with another activation are said to agree."""
    where = {"seed": seed, "depth": depth, "side": side}
    new = network(kind, WRONG[act], site=site, **where)
    return verify(network(kind, **where), new, threads=1).agree


def row(name: str, found: list[Comparison]) -> str:
    """What became of models that are all right."""
    judged = [each.rounding for each in found if each.rounding is not None]
    worst = max((each.max_relative for each in judged), default=0.0)
    ratio = max((each.error_after / each.error_before for each in judged), default=0.0)
    return (
        f"| {name} | {len(found)} | {len(judged)} | {sum(not each.agree for each in found)} | "
        f"{max(each.max_relative for each in found):.1e} | {worst:.1e} | {ratio:.2f} |"
    )


def main() -> None:
    """Compare and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "result", nargs="?", type=Path, default=HERE.parent / "results/onnx-rounding.md"
    )
    options = parser.parse_args()
    right, wrong = compare(options.seeds)
    text = f"""# Comparing models of half precision

Made by `python benchmarks/onnx/rounding.py`, which overwrites this page. Random networks in float16
that keep the variance, as Softplus, Tanh, Mul, and what `mish.onnx` makes of them, in ONNX Runtime.

## Right models

"Outputs differ": by more than the default tolerances, so that they would be refused if that were
all. The largest relative difference is of the outputs as they are, and with both models in float32;
the last column is the largest rounding error after, over that before.

| network | depth | form | models | outputs differ | refused | difference | in float32 | ratio |
|---|---:|---|---:|---:|---:|---:|---:|---:|
{chr(10).join(right)}

## Wrong models

Another function in the place of Mish, at all sites or at the one in the middle: SiLU, Mish of
1.01x, x·tanh(softplus(−x)), a constant of 2.002 for 2. How often such a model was refused in
float32 and in float16, accepted in both, or in one alone.

| network | depth | function | sites | refused | accepted | in float32 alone | in float16 alone |
|---|---:|---|---|---:|---:|---:|---:|
{chr(10).join(wrong)}

{machine.summary(machine.facts(("onnx", "onnxruntime")))}
"""
    options.result.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
