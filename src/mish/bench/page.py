"""Results of a full run as a page of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mish._measure import machine
from mish._measure.peers import COPY, MISH
from mish.bench.full_run import CURVE, OVERHEAD, RESULTS_AT, SIGMAS, SIZE
from mish.bench.report import HEAD, RATIOS, beaten, cells, digits, lacking, notes
from mish.bench.results import Case, Results, Row, elements

_FORWARD = ("forward", "float32")

# The columns of the summary: what most people compute, then the rest.
SUMMARY = (
    ("forward", "float32"),
    ("backward", "float32"),
    ("d2", "float32"),
    ("forward", "float64"),
    ("forward", "bfloat16"),
    ("forward", "float16"),
)


def page(results: Results, name: str) -> str:
    """Write the page.

    Args:
        results: what was found.
        name: of the files beside the page, without a suffix.
    """
    parts = [
        f"# {results.machine['cpu']}, {results.machine['isa']}",
        f"Made by `{results.command}`, which `make bench` runs. How: see"
        " [benchmarking.md](../../docs/benchmarking.md).",
        machine.summary(results.machine),
        "\n".join(f"- {line}" for line in notes(results)),
        "## Summary",
        f"Nanoseconds an element, {elements(SIZE)}, one thread; in brackets, times as long as"
        f" mish. {RATIOS}",
    ]
    for sigma in SIGMAS:
        if table := summary(results, sigma):
            parts += [f"Normal numbers with σ = {sigma:g}:", table]
    parts += [
        "Ours are in bold. Where one of them takes longer than a peer:",
        "\n".join(f"- {line}" for line in beaten(results)) or "- nowhere",
        f"![Bars: time of each, forward, float32]({name}-bars.png)",
        f"![Curves: time over size]({name}-curve.png)",
    ]
    whole = [
        case
        for case in results.cases
        if (case.size, case.threads, case.result) == (SIZE, 1, "given")
    ]
    threaded = [case for case in results.cases if case.threads > 1]
    for title, cases in (("Every case", whole), ("Several threads", threaded)):
        parts.append(f"## {title}" if cases else "")
        for case in cases:
            parts += [f"### {case.title}", _table(case), lacking(case)]
    small, curve = _forward(results, OVERHEAD), _forward(results, CURVE)
    parts += [
        "## Small arrays",
        "Nanoseconds of a call by number of elements, forward, float32, one thread.",
        _matrix(small, lambda row, case: digits(row.seconds * 1e9)),
        "## Over size",
        "Nanoseconds an element by number of elements, forward, float32, one thread.",
        _matrix(curve, _per_element),
    ]
    if both := [each for n in RESULTS_AT if (each := results.case(*_FORWARD, n, result="both"))]:
        parts += [
            "## Memory of the result",
            "Nanoseconds an element by number of elements, forward, float32, one thread: the result"
            " goes into an array that is there already, or into new memory.",
            _matrix(both, _per_element),
        ]
    parts += [
        "## Memory",
        _memory(results),
        "## Import",
        _imports(results),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def summary(results: Results, sigma: float = 1.0) -> str:
    """Make the table of all peers at the common size."""
    found = [case for key in SUMMARY if (case := results.case(*key, SIZE, sigma=sigma))]
    heads = [f"{case.op}, {case.dtype}" for case in found]

    def figure(row: Row, case: Case) -> str:
        ratio = "" if row.peer in (MISH, COPY) else f" ({digits(row.ratio)}×)"
        return _per_element(row, case) + ratio

    return _matrix(found, figure, heads) if found else ""


def _per_element(row: Row, case: Case) -> str:
    return digits(row.seconds / case.size * 1e9)


def _forward(results: Results, sizes: Iterable[int]) -> list[Case]:
    return [case for size in sizes if (case := results.case(*_FORWARD, size))]


def _matrix(
    cases: Sequence[Case],
    figure: Callable[[Row, Case], str],
    heads: Sequence[str] | None = None,
) -> str:
    """Peers by cases."""
    labels: dict[str, Row] = {}
    for case in cases:
        for row in case.rows:
            labels.setdefault(case.label(row), row)
    rows = []
    for label, first in labels.items():
        found = [
            next((row for row in case.rows if case.label(row) == label), None) for case in cases
        ]
        figures = [figure(row, case) if row else "" for row, case in zip(found, cases, strict=True)]
        rows.append(_marked(first, [label, *figures]))
    return _rows(["", *(heads or [elements(case.size).split()[0] for case in cases])], rows)


def _table(case: Case) -> str:
    return _rows(HEAD, [_marked(row, cells(row, case)) for row in case.rows])


def _memory(results: Results) -> str:
    if results.memory_note:
        return f"Not measured: {results.memory_note}."
    ops = list(dict.fromkeys(each.op for each in results.memory))
    labels = dict.fromkeys(each.label for each in results.memory)
    rows = []
    for label in labels:
        row = [label]
        for op in ops:
            found = [each for each in results.memory if (each.label, each.op) == (label, op)]
            row += [str(found[0].blocks), f"{found[0].arrays:.1f}"] if found else ["", ""]
        rows.append(row)
    heads = [head for op in ops for head in (f"{op}: blocks", "arrays")]
    return (
        "Large blocks that the first call at a size allocates, and how much it holds at most, in"
        " arrays of the input's size; the result counts unless a given array takes it.\n\n"
        + _rows(["", *heads], rows)
    )


def _imports(results: Results) -> str:
    found = results.import_time
    if found is None:
        return "Not measured."
    extra = ", ".join(found.extra) or "nothing"
    return (
        f"`import numpy` takes {found.numpy * 1e3:.0f} ms, `import mish` (with NumPy)"
        f" {found.mish * 1e3:.0f} ms: {found.ratio:.2f} ± {found.spread:.2f} times as long. Beside"
        f" NumPy and the standard library it loads {extra}."
    )


def _marked(row: Row, texts: Sequence[str]) -> list[str]:
    """Ours in bold."""
    return [f"**{text}**" if row.ours and text else text for text in texts]


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
