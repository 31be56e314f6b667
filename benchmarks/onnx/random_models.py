"""Rewrite random models to every form and compare what they compute before and after.

Usage: python benchmarks/onnx/random_models.py [--count N] [--first CASE] [RESULT.md]

The default is 6,000 models and benchmarks/results/onnx-random.md. tests/onnx/random_graphs.py
grows the models, tests/onnx/random_runs.py runs them. Exit code 1 if any computes something else
afterwards, or does not run.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cases import asked, machine, work

WORKER = Path(__file__).resolve().parents[2] / "tests" / "onnx" / "random_runs.py"

PAGE = """\
# Random models before and after `optimize`

Made by `python benchmarks/onnx/random_models.py`, which overwrites this page. The models hold Mish
in many spellings, near misses, and Mish spoilt by a limit, in the main graph, in If, Loop, Scan
and functions, in float32, float64 and float16, among operators that look at shapes; axes are
fixed, named, unnamed or mixed. Each is rewritten to every form and run in ONNX Runtime at two
sizes of its axes, on normal and on hard inputs, beside the old one.

| | |
|---|---:|
{rows}

## What is wrong

{wrong}

{machine}
"""


def main() -> None:
    """Work on all cases and write the page."""
    options = asked("Compare random models before and after.", "onnx-random.md", 6_000)
    facts, died = work(WORKER, options.first, options.count)
    ran = [row for row in facts if "before" not in row]
    sites: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for row in ran:
        sites.update(row["sites"])
        refused.update(text.split(":", maxsplit=1)[0] for text in row["refused"])
    wrong = [*died, *(f"{row['case']}: {text}" for row in ran for text in row["wrong"])]
    rows = {
        "models": options.count,
        "of these ONNX Runtime ran before": len(ran),
        **{f"sites rewritten, {form}": count for form, count in sites.items()},
        **{f"models refused or warned of, {form}": count for form, count in refused.items()},
        "runs compared": sum(row["compared"] for row in ran),
        "models that compute something else, or do not run": len(
            {text.split(":", maxsplit=1)[0] for text in wrong}
        ),
    }
    for text in wrong:
        print(text)
    page = PAGE.format(
        rows="\n".join(f"| {name} | {number:,} |" for name, number in rows.items()),
        wrong="\n".join(f"- {text}" for text in wrong[:20]) or "Nothing.",
        machine=machine(),
    )
    print(page)
    options.result.write_text(page, encoding="utf-8")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
