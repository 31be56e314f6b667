"""What a run of the benchmark found: plain data that goes into JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mish._support.json_text import json_text
from mish.bench.imports import ImportTime


@dataclass(frozen=True)
class Row:
    """One peer at one case.

    Attributes:
        peer: Its name.
        label: What a table calls it.
        ours: Whether mish itself does the work.
        seconds: Median time of a call.
        spread: Half the distance between the quartiles, in seconds.
        repeat: How many calls each lap timed.
        ratio: Time over that of mish under NumPy, and its spread.
        ratio_spread: The spread of that ratio.
        copies: Time over that of a plain copy of the array.
        copies_spread: The spread of that ratio.
        worst: The largest error in ulp over the fixed hard inputs; None if not measured.
        at: An input that has it.
        specials: How many results were NaN or infinite and should not be, or the other way round.
        result: Where its results went: into a "given" array or into "new" memory.
    """

    peer: str
    label: str
    ours: bool
    seconds: float
    spread: float
    repeat: int
    ratio: float
    ratio_spread: float
    copies: float
    copies_spread: float
    worst: float | None = None
    at: float | None = None
    specials: int | None = None
    result: str = "given"


@dataclass(frozen=True)
class Absent:
    """A peer that was not measured, and why; ``failed`` if it was expected to work."""

    peer: str
    label: str
    reason: str
    failed: bool = False


@dataclass(frozen=True)
class Case:
    """One operation in one format at one size.

    Attributes:
        op: The operation, a key of ``peers.OPS``.
        dtype: The format.
        size: How many elements.
        threads: How many each peer may use.
        rounds: How many laps each did.
        rows: What was found, in order of time.
        absent: Who took no part.
        interrupted: The share of the laps in which the system gave a CPU to somebody else.
        sigma: The standard deviation of the inputs.
        result: Where results were to go, a key of ``peers.RESULTS``. With "both" a peer that can do
            either has two rows, and ratios are to mish and the copy with a given array.
    """

    op: str
    dtype: str
    size: int
    threads: int
    rounds: int
    rows: list[Row]
    absent: list[Absent]
    interrupted: float = 0.0
    sigma: float = 1.0
    result: str = "given"

    @property
    def title(self) -> str:
        """Say what was computed."""
        threads = "one thread" if self.threads == 1 else f"{self.threads} threads"
        spread = "" if self.sigma == 1 else f", σ = {self.sigma:g}"
        memory = {"given": "", "new": ", new results", "both": ", results given or new"}
        what = f"{self.op}, {self.dtype}, {elements(self.size)}{spread}, {threads}"
        return what + memory[self.result]

    def label(self, row: Row) -> str:
        """Name a row of this case."""
        return f"{row.label}, {row.result}" if self.result == "both" else row.label


@dataclass(frozen=True)
class Memory:
    """What one call of a peer allocates.

    Attributes:
        peer: Its name.
        label: What a table calls it.
        op: The operation.
        blocks: How many blocks of at least an eighth of the input's size.
        arrays: The most that was held at a time, in multiples of the input's size; the result is
            part of it, unless it goes into an array that is there already.
    """

    peer: str
    label: str
    op: str
    blocks: int
    arrays: float


@dataclass(frozen=True)
class Results:
    """A whole run. ``missing`` are the peers that are not installed."""

    command: str
    machine: dict[str, Any]
    missing: list[Absent]
    cases: list[Case]
    memory: list[Memory] = field(default_factory=list)
    memory_note: str = ""
    import_time: ImportTime | None = None

    def case(
        self,
        op: str,
        dtype: str,
        size: int,
        threads: int = 1,
        sigma: float = 1.0,
        result: str = "given",
    ) -> Case | None:
        """Look a case up."""
        wanted = (op, dtype, size, threads, sigma, result)
        for case in self.cases:
            if (case.op, case.dtype, case.size, case.threads, case.sigma, case.result) == wanted:
                return case
        return None

    def as_dict(self) -> dict[str, Any]:
        """Make plain data of it."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """Write it as JSON, which has no NaN and no infinity: both become null."""
        return json_text(self.as_dict(), indent=1) + "\n"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Results:
        """Read what ``as_dict`` made."""
        cases = [
            Case(
                **case
                | {
                    "rows": [Row(**row) for row in case["rows"]],
                    "absent": [Absent(**each) for each in case["absent"]],
                }
            )
            for case in data["cases"]
        ]
        imported = data["import_time"]
        return cls(
            **dict(data)
            | {
                "missing": [Absent(**each) for each in data["missing"]],
                "cases": cases,
                "memory": [Memory(**each) for each in data["memory"]],
                "import_time": ImportTime(**imported) if imported else None,
            }
        )


def elements(size: int) -> str:
    """Write a number of elements, as a power of two where it is a large one."""
    if size >= 2048 and size & (size - 1) == 0:
        return f"2^{size.bit_length() - 1} elements"
    return f"{size:,} element{'' if size == 1 else 's'}"
