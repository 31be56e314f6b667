"""Give `mish optimize` damaged models and report how each run ended.

Usage: python benchmarks/onnx/fuzz.py [--count N] [--first CASE] [RESULT.md]

The default is 20,000 models and benchmarks/results/onnx-fuzz.md. The damage is done by
tests/onnx/fuzz.py, in a process of its own: if it dies, that is a crash of the optimizer (or of
onnx or ONNX Runtime) and is counted. Exit code 1 if anything went wrong.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cases import asked, machine, work

WORKER = Path(__file__).resolve().parents[2] / "tests" / "onnx" / "fuzz.py"

PAGE = """\
# Damaged models given to `mish optimize`

Made by `python benchmarks/onnx/fuzz.py`, which overwrites this page. The damage, from truncated
files to functions that call themselves, is in `tests/onnx/fuzz.py`. Each model is rewritten to one
of the forms, or to tables, run in ONNX Runtime beside the old one, and written if all is well.

| | models |
|---|---:|
{rows}

- Wrong: {wrong} (crashes, hangs, exceptions that are no clear error, partial or stray files).
- Slowest model: {seconds:.2f} s.
- Peak memory of the process, its libraries included: {peak:.0f} MiB.

{machine}
"""


def main() -> None:
    """Work on all cases and write the page."""
    options = asked("Give mish optimize damaged models.", "onnx-fuzz.md", 20_000)
    facts, wrong = work(WORKER, options.first, options.count)
    wrong += [f"{row['case']}: {row['wrong']}" for row in facts if row["wrong"]]
    for each in wrong:
        print(each)
    statuses = Counter(row["status"] for row in facts)
    names = {
        "failed": "an error, nothing written",
        "nothing": "no Mish to rewrite",
        "refused": "outputs differ, nothing written",
        "written": "rewritten and written",
    }
    page = PAGE.format(
        rows="\n".join(
            [f"| {names[key]} | {statuses[key]:,} |" for key in names]
            + [f"| all | {options.count:,} |"]
        ),
        wrong=len(wrong),
        seconds=max(row["seconds"] for row in facts),
        peak=max(row["peak"] for row in facts) / 1024,
        machine=machine(),
    )
    print(page)
    options.result.write_text(page, encoding="utf-8")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
