"""Reading SASS, the machine code of NVIDIA's GPUs, as the tools of the Triton package print it."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

CLASSES = (
    "fma",
    "multiply",
    "add",
    "select",
    "integer",
    "special",
    "convert",
    "load",
    "store",
    "other",
)
"""Fused multiply-add; multiplication; addition; comparison, minimum and selection; integer and
bitwise work; the unit of special functions; changes of format; loads; stores; and the rest:
branches, constants, moves, reads of special registers."""

_CLASS = {
    "fma": r"[FD]FMA$",
    "multiply": r"[FD]MUL$",
    "add": r"[FD]ADD$",
    "select": r"FMNMX|DMNMX|[FD]SETP|FSEL|SEL$|FCHK",
    "special": r"MUFU",
    "convert": r"F2F|F2FP|F2I|I2F|HADD2",
    "load": r"LD[GLS]$",
    "store": r"ST[GLS]$",
    "integer": r"U?(IADD|IMAD|ISETP|LOP3|SHF|PRMT|LEA)|V?IMNMX|VIADD|PLOP3",
}
_COMPILED = [(name, re.compile(pattern)) for name, pattern in _CLASS.items()]
_LINE = re.compile(r"^\S+\t(?P<guard>@!?U?P\w+ )?(?P<opcode>[A-Z][A-Z0-9_.]*)(?P<rest>[^;]*);")
_GLOBAL = re.compile(r"(LDG|STG)\b")
_MOST_PATHS = 4096


class Instruction(NamedTuple):
    """One instruction: whether a predicate guards it, its opcode, and where it may jump."""

    guarded: bool
    opcode: str
    target: str | None

    @property
    def kind(self) -> str:
        """Its class."""
        bare = self.opcode.split(".")[0]
        return next((name for name, pattern in _COMPILED if pattern.match(bare)), "other")


class Code(NamedTuple):
    """A kernel: its instructions, and the index at which each label stands."""

    instructions: list[Instruction]
    labels: dict[str, int]


def parse(text: str) -> Code:
    """Read what `triton.compile(...).asm["sass"]` gives."""
    instructions: list[Instruction] = []
    labels: dict[str, int] = {}
    for line in text.splitlines():
        label = re.match(r"^(\w+):$", line)
        found = _LINE.match(line)
        if label:
            labels[label[1]] = len(instructions)
        elif found:
            opcode = found["opcode"]
            jumps = opcode.split(".")[0] == "BRA"
            target = found["rest"].split(",")[-1].strip() if jumps else None
            instructions.append(Instruction(bool(found["guard"]), opcode, target))
    return Code(instructions, labels)


def fast_path(code: Code) -> list[Instruction]:
    """What a thread executes whose block lies wholly within the array.

    Of all ways through the kernel it is the one that touches memory by 16 bytes at a time only;
    the shortest, where there are several.

    Raises:
        ValueError: if there is none.
    """
    paths = [path for path in _paths(code) if all(map(_is_wide, path))]
    if not paths:
        raise ValueError(
            "no way through this kernel reads and writes 16 bytes at a time throughout"
        )
    return min(paths, key=len)


def _is_wide(instruction: Instruction) -> bool:
    return not _GLOBAL.match(instruction.opcode) or ".128" in instruction.opcode


def _paths(code: Code) -> list[list[Instruction]]:
    found = []
    waiting: list[tuple[int, list[Instruction]]] = [(0, [])]
    while waiting:
        at, path = waiting.pop()
        while True:
            each = code.instructions[at]
            path.append(each)
            if each.opcode == "EXIT" and not each.guarded:
                found.append(path)
                break
            if len(found) + len(waiting) > _MOST_PATHS or len(path) > len(code.instructions):
                raise ValueError("this kernel has loops or too many branches")
            at += 1
            if each.target is not None:
                target = code.labels[each.target]
                if not each.guarded:
                    at = target
                else:
                    waiting.append((target, list(path)))
    return found


def count(path: list[Instruction]) -> Counter[str]:
    """How many instructions of each class a path has."""
    return Counter(each.kind for each in path)
