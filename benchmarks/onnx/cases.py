"""Runs numbered cases in a process of their own, and goes on behind one that kills it.

The worker is called with the number of the first case and how many there are. It prints a line of
JSON with the key `case` when it begins one, and another with more facts when it is done.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

SECONDS = 60  # of the processor, for one case; the slowest seen takes well under one

Facts = dict[str, Any]


def asked(what: str, page: str, count: int) -> argparse.Namespace:
    """The options of a script: its page, how many cases, and the first of them."""
    default = Path(__file__).resolve().parents[1] / "results" / page
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("result", nargs="?", type=Path, default=default, help="Markdown file")
    parser.add_argument("--count", type=int, default=count, help="how many models")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    return parser.parse_args()


def machine() -> str:
    """Where and with what the cases ran, in a line."""
    return (
        f"Machine: {platform.machine()}, {platform.system()}. Python {platform.python_version()}, "
        f"onnx {version('onnx')}, onnxruntime {version('onnxruntime')}."
    )


def work(worker: Path, first: int, count: int) -> tuple[list[Facts], list[str]]:
    """The facts of each case that came to its end, and the cases that did not."""
    facts: list[Facts] = []
    died: list[str] = []
    end = first + count
    while first < end:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-W", "error", str(worker), str(first), str(end - first)]
            with subprocess.Popen(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as process:
                assert process.stdout is not None
                last = first
                for line in process.stdout:
                    row = json.loads(line)
                    last = row["case"]
                    if len(row) > 1:
                        facts.append(row)
                    else:
                        _limit(process.pid)
        if process.returncode:
            died.append(f"{last}: the process ended with {process.returncode}")
        first = last + 1
    return facts, died


def _limit(pid: int) -> None:
    """Let a process use SECONDS more of the processor: a busy machine is not the case's fault."""
    _, _, fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    used = sum(map(int, fields.split()[11:13])) // os.sysconf("SC_CLK_TCK")
    _, most = resource.prlimit(pid, resource.RLIMIT_CPU)
    resource.prlimit(pid, resource.RLIMIT_CPU, (used + SECONDS, most))
