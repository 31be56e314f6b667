"""``mish cost``: instructions, memory traffic and time of each kernel; communication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from rich.table import Table

from mish._support.extras import needs
from mish.cli.console import EXIT_USAGE, fail, out, print_json, progress_bar
from mish.cli.gpu_costs import show_gpu
from mish.cli.memory_costs import show_memory
from mish.cli.tables import print_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mish.cost import Count, Curve, Machine, Peer, Time, Traffic

_Step: TypeAlias = Callable[[str, float], None]

# Shares of the progress bar; the rest is measuring the machine.
_COUNTING, _SIMULATING, _MEASURING = 0.3, 0.1, 0.3

_LOOKED_UP = (
    "16-bit formats: counted and predicted are the kernels that compute. Calls of 1,024 elements or"
    " more read their results from a table once that pays, and measured cycles are of that."
)

_PICTURES = (".png", ".svg", ".pdf")


def cost(
    isa: Annotated[
        str | None, typer.Option(help="The instruction set.", show_default="the one in use")
    ] = None,
    operation: Annotated[
        str,
        typer.Option(
            "--op",
            help="mish, mish_d1, mish_d2, mish_d3, mish_grad or all; with --gpu also group_norm, "
            "group_norm_grad, affine or affine_grad.",
        ),
    ] = "all",
    dtype: Annotated[str, typer.Option(help="float16, bfloat16, float32, float64 or all.")] = "all",
    measure: Annotated[
        bool,
        typer.Option(help="Measure times, bandwidth and peak as well; some 15 s."),
    ] = True,
    roofline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the roofline: .png, .svg or .pdf.")
    ] = None,
    patterns: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure access patterns instead, and draw them."),
    ] = None,
    peers: Annotated[
        bool, typer.Option("--peers", help="Count and time PyTorch's activations; minutes.")
    ] = False,
    communication: Annotated[
        bool, typer.Option("--communication", help="Print what devices send in a training step.")
    ] = False,
    memory: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHAPE",
            help="Print what layers keep in training instead, as 16x64x208x208; more than once.",
        ),
    ] = None,
    gpu: Annotated[
        str | None,
        typer.Option(metavar="ARCH", help="Count the Triton kernels for a GPU instead, as sm_90."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what each kernel costs an element: instructions by class, bytes, cycles.

    Instructions are read from the machine code of the installed extension module, along the path
    that is taken while no number lies far out in a tail. They are those of the kernels that
    compute. Without AVX-512 most calls in 16-bit formats are answered from a table, and measured
    times are of that.
    """
    from mish import cost as costs

    for picture in (roofline, patterns):
        if picture is not None and picture.suffix.lower() not in _PICTURES:
            fail(f"a picture must end in .png, .svg or .pdf: {picture}", EXIT_USAGE)
    if roofline is not None or patterns is not None:
        with needs("cost", "a picture"):
            import matplotlib  # noqa: F401
    if communication:
        _show_traffic(costs.step(costs.Training()), costs.Training(), as_json)
        return
    if memory:
        show_memory(memory, dtype, as_json)
        return
    if gpu is not None:
        show_gpu(gpu, operation, dtype, as_json)
        return
    if peers:
        _show_peers(costs.measure_peers(), as_json)
        return
    if patterns is not None:
        curves = costs.measure_patterns()
        _save_patterns(curves, patterns)
        _show_patterns(curves, as_json)
        return
    with progress_bar() as step:
        counted = _count(isa, operation, dtype, step)
        found = _Found(counted, measure or roofline is not None, step)
    if roofline is not None:
        _save_roofline(found, roofline)
    found.show(as_json)


def _count(isa: str | None, operation: str, dtype: str, step: _Step) -> list[Count]:
    from mish import cost as costs
    from mish._numpy.native import isa as isa_in_use

    operations = costs.OPERATIONS if operation == "all" else (operation,)
    dtypes = costs.FORMATS if dtype == "all" else (dtype,)
    wanted = [(each, kind) for each in operations for kind in dtypes]
    counted = []
    for each, kind in wanted:
        step(f"counting {each}, {kind}", _COUNTING / len(wanted))
        try:
            counted.append(costs.count(each, kind, isa or isa_in_use()))
        except (costs.Unreadable, ValueError) as problem:
            fail(str(problem), EXIT_USAGE)
    return counted


class _Found:
    """Counts, with predictions and perhaps measurements."""

    def __init__(self, counted: list[Count], measured: bool, step: _Step) -> None:
        from mish import cost as costs
        from mish._measure import machine
        from mish._numpy.native import isa as isa_in_use

        self.counted = counted
        self.core = costs.core_for(machine.cpu(), counted[0].isa)
        self.predicted = [costs.predict(each, self.core) for each in counted]
        self.simulated = []
        for each in counted:
            step(f"simulating {each.operation}, {each.dtype}", _SIMULATING / len(counted))
            self.simulated.append(costs.simulate(each, self.core))
        self.machine: Machine | None = None
        self.times: list[Time | None] = [None] * len(counted)
        self.summary = machine.summary(machine.facts())
        self.note = ""
        if measured and counted[0].isa != isa_in_use():
            self.note = f"Nothing is measured: the instruction set in use is {isa_in_use()}."
        elif measured:
            step("measuring the machine", 0)
            self.machine = costs.measure_machine()
            operations = list(dict.fromkeys(each.operation for each in counted))
            dtypes = list(dict.fromkeys(each.dtype for each in counted))
            step("measuring the kernels", _MEASURING)
            times = costs.measure_kernels(operations, dtypes)
            self.times = [times[each.operation, each.dtype] for each in counted]

    def show(self, as_json: bool) -> None:
        """Print everything."""
        if as_json:
            print_json(self._data())
            return
        from mish.cost import CLASSES

        isa = self.counted[0].isa
        table = Table(title=f"Instructions an element, {isa}", title_justify="left")
        for head in ("kernel", "dtype", "all", *CLASSES):
            table.add_column(head, justify="left" if head in {"kernel", "dtype"} else "right")
        for each in self.counted:
            numbers = [each.total, *(each.instructions[name] for name in CLASSES)]
            table.add_row(each.operation, each.dtype, *(f"{number:.2f}" for number in numbers))
        print_table(table, keys=2)
        self._print_cycles()
        if any(each.looked_up for each in self.counted):
            out.print(_LOOKED_UP, markup=False, highlight=False)
        if self.machine:
            out.print(self._machine_line(), markup=False, highlight=False)
            out.print(self.summary, markup=False, highlight=False)
        elif self.note:
            out.print(self.note, markup=False, highlight=False)

    def _print_cycles(self) -> None:
        """Print what is known of each kernel's time; what is known of none gets no column."""
        clock = self.machine.hertz if self.machine else None
        rows = zip(self.counted, self.predicted, self.simulated, self.times, strict=True)
        cells = [
            {
                "kernel": each.operation,
                "dtype": each.dtype,
                "bytes": str(each.bytes),
                "flops": f"{each.flops:.0f}",
                "flops/byte": f"{each.intensity:.2f}",
                "model": f"{cycles:.2f}",
                "limit": limit,
                "llvm-mca": "" if simulated is None else f"{simulated:.2f}",
                "in cache": f"{time.cache * clock:.2f}" if time and clock else "",
                "memory": f"{time.memory * clock:.2f}" if time and clock else "",
            }
            for each, (cycles, limit), simulated, time in rows
        ]
        heads = [head for head in cells[0] if any(row[head] for row in cells)]
        title = f"Cycles an element; model: {self.core.name}"
        table = Table(*heads, title=title, title_justify="left")
        for row in cells:
            table.add_row(*(row[head] for head in heads))
        print_table(table, keys=2)

    def _machine_line(self) -> str:
        assert self.machine is not None
        clock = self.machine.hertz
        peaks = ", ".join(f"{name} {peak / 1e9:.0f}" for name, peak in self.machine.peak.items())
        speed = "unknown" if clock is None else f"{clock / 1e9:.2f} GHz"
        return (
            f"Measured, one core: clock {speed}; "
            f"copy in cache {self.machine.cache_bandwidth / 1e9:.0f} GB/s, in memory "
            f"{self.machine.memory_bandwidth / 1e9:.1f} GB/s; matrix product in 10⁹ operations a "
            f"second: {peaks}."
        )

    def _data(self) -> dict[str, Any]:
        rows = zip(self.counted, self.predicted, self.simulated, self.times, strict=True)
        return {
            "isa": self.counted[0].isa,
            "core": self.core.name,
            "machine": asdict(self.machine) if self.machine else None,
            "kernels": [
                asdict(each)
                | {
                    "total": each.total,
                    "intensity": each.intensity,
                    "looked_up": each.looked_up,
                    "cycles_model": cycles,
                    "limit": limit,
                    "cycles_llvm_mca": simulated,
                    "seconds": asdict(time) if time else None,
                }
                for each, (cycles, limit), simulated, time in rows
            ],
            "summary": self.summary,
        }


def _save_roofline(found: _Found, path: Path) -> None:
    from matplotlib.figure import Figure

    from mish.cost import draw_roofline

    if found.machine is None:
        fail("--roofline needs measurements: leave --isa out", EXIT_USAGE)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    pairs = [(count, time) for count, time in zip(found.counted, found.times, strict=True) if time]
    draw_roofline(found.machine, pairs, figure.subplots())
    _save(figure, path)


def _save_patterns(curves: list[Curve], path: Path) -> None:
    from matplotlib.figure import Figure

    from mish._measure import machine
    from mish.cost import draw_patterns

    figure = Figure(figsize=(11, 4), layout="constrained")
    draw_patterns(curves, figure, machine.caches())
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    from mish._support.files import replacing

    try:
        with replacing(path) as file:
            figure.savefig(file, format=path.suffix.lower()[1:], dpi=150)
    except OSError as problem:
        fail(f"cannot write {path}: {problem.strerror}", EXIT_USAGE)


def _show_patterns(curves: list[Curve], as_json: bool) -> None:
    if as_json:
        print_json({"curves": [asdict(curve) for curve in curves]})
        return
    for curve in curves:
        points = ", ".join(f"{at}: {ns:.2f}" for at, ns in curve.points)
        out.print(
            f"{curve.property}, {curve.name} (ns an element): {points}",
            markup=False,
            highlight=False,
        )


def _show_peers(found: list[Peer], as_json: bool) -> None:
    if as_json:
        print_json({"peers": [each._asdict() for each in found]})
        return
    table = Table(title="PyTorch, float32 forward, one thread", title_justify="left")
    for head in ("activation", "instructions an element (AVX2)", "ns an element, in the caches"):
        table.add_column(head)
    for each in found:
        counted = "valgrind is missing" if each.instructions is None else f"{each.instructions:.2f}"
        table.add_row(each.name, counted, f"{each.seconds * 1e9:.3f}")
    print_table(table, keys=2)


def _show_traffic(found: list[Traffic], training: Any, as_json: bool) -> None:
    if as_json:
        data = asdict(training) | {"devices": training.devices}
        print_json({"training": data, "traffic": [asdict(each) for each in found]})
        return
    out.print(
        f"{training.devices} devices: d = {training.data} data-, t = {training.tensor} tensor-, "
        f"p = {training.pipeline} pipeline-parallel; {training.layers} layers of width "
        f"{training.width}, inner width {training.inner}; {training.tokens} tokens a replica, "
        f"{training.element} bytes a number.",
        markup=False,
        highlight=False,
    )
    table = Table()
    for head in ("what each device sends in a step", "formula", "GB"):
        table.add_column(head, justify="right" if head == "GB" else "left")
    for each in found:
        table.add_row(each.cause, each.formula, f"{each.bytes / 1e9:.2f}")
    print_table(table, keys=2)
