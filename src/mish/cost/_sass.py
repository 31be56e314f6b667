"""Reading SASS, the machine code of NVIDIA's GPUs, as the tools of the Triton package print it."""

from __future__ import annotations

import re
from collections import Counter, deque
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
# A line of nvdisasm with labels and control codes, or one of cuobjdump with addresses.
_LINE = re.compile(
    r"^(?:\S+\t|\s*/\*(?P<address>[0-9a-f]+)\*/\s+)"
    r"(?P<guard>@!?U?P\w+ )?(?P<opcode>[A-Z][A-Z0-9_.]*)(?P<rest>[^;]*);"
)
_LABEL = re.compile(r"^(\w+):$")
_GLOBAL = re.compile(r"(LDG|STG)\b")


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
    """Read a kernel as ``cuobjdump -sass`` or `triton.compile(...).asm["sass"]` gives it."""
    instructions: list[Instruction] = []
    labels: dict[str, int] = {}
    for line in text.splitlines():
        label = _LABEL.match(line)
        found = _LINE.match(line)
        if label:
            labels[label[1]] = len(instructions)
        elif found:
            if found["address"]:
                labels[f"{int(found['address'], 16):#x}"] = len(instructions)
            opcode = found["opcode"]
            jumps = opcode.split(".")[0] == "BRA"
            target = found["rest"].split(",")[-1].strip() if jumps else None
            instructions.append(Instruction(bool(found["guard"]), opcode, target))
    return Code(instructions, labels)


def fast_path(code: Code) -> list[Instruction]:
    """What a thread executes that meets no rare case, in a block wholly within the array.

    It is the shortest way through the kernel that touches memory by 16 bytes at a time only.

    Raises:
        ValueError: if there is none, or if there are loops.
    """
    before: dict[int, int] = {0: -1}  # where each instruction was reached from first
    waiting = deque([0])
    while waiting:
        at = waiting.popleft()
        each = code.instructions[at]
        if _GLOBAL.match(each.opcode) and ".128" not in each.opcode:
            continue
        if _is_exit(each):
            return _way_to(at, before, code)
        for following in _after(at, code):
            if following not in before:
                before[following] = at
                waiting.append(following)
    raise ValueError("no way through this kernel reads and writes 16 bytes at a time throughout")


def once_and_each(code: Code) -> tuple[list[Instruction], list[Instruction]]:
    """What a thread executes that meets no rare case: once, and each time around the loop.

    It is the shortest way to the loop that writes to memory, through it and on to the end. Without
    such a loop it is all once.

    Raises:
        ValueError: if there are several such loops, one after the other.
    """
    last = len(code.instructions) - 1
    ends = [at for at, each in enumerate(code.instructions) if _is_exit(each)]
    loops = [
        (code.labels[each.target], at)
        for at, each in enumerate(code.instructions[: ends[0] + 1])
        if each.target is not None and code.labels[each.target] < at
    ]
    loops = [(a, b) for a, b in loops if any(map(_stores, code.instructions[a:b]))]
    inner = [(a, b) for a, b in loops if not any(a <= c and d < b for c, d in loops)]
    if not inner:
        return _shortest(code, 0, ends), []
    if len(inner) > 1:
        raise ValueError("this kernel has several loops that write")
    head, tail = inner[0]
    before, after = _shortest(code, 0, [head])[:-1], _shortest(code, min(tail + 1, last), ends)
    return before + after, _shortest(code, head, [tail])


def _stores(each: Instruction) -> bool:
    return each.opcode.startswith("STG")


def _is_exit(each: Instruction) -> bool:
    return each.opcode == "EXIT" and not each.guarded


def _shortest(code: Code, start: int, ends: list[int]) -> list[Instruction]:
    """The shortest way that never goes back."""
    before: dict[int, int] = {start: -1}
    waiting = deque([start])
    while waiting:
        at = waiting.popleft()
        if at in ends:
            return _way_to(at, before, code)
        for following in _next(at, code):
            if following > at and following not in before:
                before[following] = at
                waiting.append(following)
    raise ValueError("there is no way through this kernel")


def _next(at: int, code: Code) -> list[int]:
    each = code.instructions[at]
    following = [at + 1] if each.target is None or each.guarded else []
    return following if each.target is None else [*following, code.labels[each.target]]


def _after(at: int, code: Code) -> list[int]:
    following = _next(at, code)
    if any(target < at for target in following):
        raise ValueError("this kernel has loops")
    return following


def _way_to(at: int, before: dict[int, int], code: Code) -> list[Instruction]:
    path = []
    while at >= 0:
        path.append(code.instructions[at])
        at = before[at]
    return path[::-1]


def count(path: list[Instruction]) -> Counter[str]:
    """How many instructions of each class a path has."""
    return Counter(each.kind for each in path)
