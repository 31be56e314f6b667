"""What ``mish cost --gpu`` prints: the Triton kernels' instructions, and the times they predict."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table

from mish.cli.console import EXIT_USAGE, fail, print_json
from mish.cli.tables import print_table

if TYPE_CHECKING:
    from mish.cost import GpuCount

_PREDICTED = 90  # the capability of the devices of mish.cost.DEVICES


def show_gpu(architecture: str, operation: str, dtype: str, as_json: bool) -> None:
    """Count the kernels and print a table, or one JSON object.

    Args:
        architecture: ``"sm_90"`` or another that the assembler of the Triton package knows.
        operation: a kernel, or ``"all"`` for those of one element each; those of fused layers are
            counted for several tensors.
        dtype: a format, or ``"all"``.
        as_json: print JSON.
    """
    from mish import cost as costs

    named = re.fullmatch(r"sm_(\d{2,3})", architecture)
    if named is None:
        fail(f"--gpu wants an architecture such as sm_90, not {architecture}", EXIT_USAGE)
    capability = int(named[1])
    operations = costs.OPERATIONS if operation == "all" else (operation,)
    dtypes = costs.FORMATS if dtype == "all" else (dtype,)
    if unknown := {*operations, *dtypes} - {*costs.OPERATIONS, *costs.FUSED, *costs.FORMATS}:
        fail(f"no kernel or dtype is called {', '.join(sorted(unknown))}", EXIT_USAGE)
    try:
        counted = [
            count
            for each in operations
            for kind in dtypes
            for count in _counts(each, kind, capability)
        ]
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"torch", "triton"}:
            raise
        fail("--gpu needs PyTorch and Triton: pip install torch triton", EXIT_USAGE)
    except (ValueError, RuntimeError) as problem:
        told = str(problem).strip().splitlines() or [type(problem).__name__]
        fail(f"cannot compile or read a kernel for {architecture}: {told[0]}", EXIT_USAGE)
    if as_json:
        print_json({"gpu": architecture, "kernels": [_data(each, capability) for each in counted]})
        return
    _print_counts(counted, architecture)
    if capability == _PREDICTED:
        _print_predictions(counted)


def _counts(operation: str, dtype: str, capability: int) -> list[GpuCount]:
    from mish import cost as costs

    if operation not in costs.FUSED:
        return [costs.count_gpu(operation, dtype, capability)]
    return [
        costs.count_fused(operation, dtype, layer, capability=capability)
        for layer in costs.layers_for(operation)
    ]


def _data(count: GpuCount, capability: int) -> dict[str, object]:
    from mish.cost import DEVICES, predict_gpu

    data: dict[str, object] = asdict(count) | {"total": count.total}
    if capability == _PREDICTED:
        data["predicted"] = {
            device.name: dict(
                zip(
                    ("by_memory", "by_instructions", "limit"),
                    predict_gpu(count, device),
                    strict=True,
                )
            )
            for device in DEVICES
        }
    return data


def _print_counts(counted: list[GpuCount], architecture: str) -> None:
    from mish.cost import SASS_CLASSES

    table = Table(title=f"Instructions an element, {architecture}", title_justify="left")
    for head in ("kernel", "dtype", "bytes", "all", *SASS_CLASSES, "registers"):
        table.add_column(head, justify="left" if head in {"kernel", "dtype"} else "right")
    for each in counted:
        numbers = [each.total, *(each.instructions[name] for name in SASS_CLASSES)]
        shown = [f"{number:.2f}" for number in numbers]
        table.add_row(each.operation, each.dtype, str(each.bytes), *shown, str(each.registers))
    print_table(table, keys=2)


def _print_predictions(counted: list[GpuCount]) -> None:
    from mish.cost import DEVICES, predict_gpu

    for device in DEVICES:
        title = (
            f"{device.name}, predicted, ps an element: {device.multiprocessors} multiprocessors at "
            f"{device.clock / 1e9:.2f} GHz, {device.bandwidth / 1e12:.2f} TB/s"
        )
        table = Table(title=title, title_justify="left")
        for head in ("kernel", "dtype", "memory", "instructions", "limit", "of the bandwidth"):
            table.add_column(head)
        for each in counted:
            memory, instructions, busiest = predict_gpu(each, device)
            table.add_row(
                each.operation,
                each.dtype,
                f"{memory * 1e12:.2f}",
                f"{instructions * 1e12:.2f}",
                "memory" if memory >= instructions else busiest,
                f"{min(1, memory / instructions):.0%}",
            )
        print_table(table, keys=2)
