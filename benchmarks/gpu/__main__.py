"""Measure Mish under PyTorch on a GPU, and check it there.

Usage: python benchmarks/gpu [FOLDER]    (default: gpu-results)

Stage after stage runs in a process of its own, with a limit of time; one that fails, hangs or is
killed stops no other. FOLDER/results.md and results.json have, at every moment, all that was found.
Needs PyTorch for CUDA, pytest, pytest-xdist, ml_dtypes and python-flint. `--dry-run` goes
through all of it on the CPU, in small: it shows that the stages work, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import report
from stages import SECONDS, STAGES, Stage

_TICK = 1.0  # seconds between two looks at a stage
_GRACE = 3.0  # seconds that the last report and a killed stage may take


def do(stage: Stage, options: argparse.Namespace) -> None:
    """Run one stage, in this process."""
    import torch
    from context import Context

    device = torch.device("cpu" if options.dry_run else "cuda")
    until = time.monotonic() + 0.9 * options.seconds
    context = Context(device, options.rows, stage.name, until)
    importlib.import_module(stage.name).run(context)


def follow(stage: Stage, seconds: float, command: Sequence[str], log: Path, tick: object) -> str:
    """Run a stage's process until it ends or its time is over; returns how that came about."""
    with log.open("wb") as file:
        child = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        end = time.monotonic() + seconds
        while True:
            try:
                code = child.wait(timeout=min(_TICK, max(0.01, end - time.monotonic())))
                return "done" if code == 0 else f"failed (exit status {code})"
            except subprocess.TimeoutExpired:
                tick()
            except BaseException:
                _kill(child)
                raise
            if time.monotonic() >= end:
                _kill(child)
                return f"stopped after {seconds:.0f} s"


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def heading(dry: bool) -> str:
    """The device's name, by its own tool: this process does not load PyTorch."""
    if dry:
        return "dry run on the CPU: no measurement"
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "a device without nvidia-smi"
    return told.stdout.splitlines()[0].strip()


def everything(options: argparse.Namespace) -> bool:
    """Run the stages; returns whether all of them ended well."""
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    rows, log = folder / "rows.jsonl", folder / "stage.log"
    rows.unlink(missing_ok=True)
    chosen = [stage for stage in STAGES if not options.only or stage.name in options.only]
    outcomes: dict[str, dict[str, str]] = {stage.name: {"outcome": "not begun"} for stage in chosen}
    name = heading(options.dry_run)
    end = time.monotonic() + options.seconds

    def write() -> None:
        report.write(folder, name, chosen, report.read(rows), outcomes)

    for stage in chosen:
        start = time.monotonic()
        seconds = min(stage.seconds, end - start - _GRACE)
        if seconds <= 0:
            outcomes[stage.name] = {"outcome": "no time was left"}
            continue
        outcomes[stage.name] = {"outcome": "running"}
        command = [sys.executable, str(Path(__file__).parent), str(folder), "--stage", stage.name]
        command += ["--rows", str(rows), "--seconds", str(seconds)]
        command += ["--dry-run"] * options.dry_run
        outcome = follow(stage, seconds, command, log, write)
        outcomes[stage.name] = {
            "outcome": outcome,
            "seconds": f"{time.monotonic() - start:.1f}",
            "said": "" if outcome == "done" else log.read_text(errors="replace").strip()[-4000:],
        }
        print(f"{stage.name}: {outcome}, {outcomes[stage.name]['seconds']} s", flush=True)
        write()
    write()
    for made in (rows, log):
        made.unlink(missing_ok=True)
    return all(outcome["outcome"] == "done" for outcome in outcomes.values())


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Mish on a GPU.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("gpu-results"))
    parser.add_argument("--dry-run", action="store_true", help="small, on the CPU")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all stages together")
    parser.add_argument("--only", nargs="+", choices=[stage.name for stage in STAGES])
    parser.add_argument("--stage", help=argparse.SUPPRESS)  # in the process of a stage
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        do(next(stage for stage in STAGES if stage.name == options.stage), options)
    elif not everything(options):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
