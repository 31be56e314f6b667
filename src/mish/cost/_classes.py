"""What kind of work an x86 instruction does."""

from __future__ import annotations

import re
from typing import NamedTuple

import capstone  # type: ignore[import-untyped]
from capstone import x86

CLASSES = (
    "fma",
    "multiply",
    "add",
    "divide",
    "convert",
    "shuffle",
    "logic",
    "load",
    "store",
    "other",
)
"""Fused multiply-add; multiplication; addition and subtraction; division and square root; changes
of format; shuffles, permutes, broadcasts and moves between kinds of registers; comparisons, blends,
minima, and integer or bitwise work on vectors; loads; stores; and the rest: counters, branches,
copies of registers, prefetches."""

# The first pattern that fits the mnemonic, without the v of AVX, tells the class.
_PATTERNS = (
    ("fma", r"fn?m(add|sub)"),
    ("divide", r"(div|sqrt|rcp|rsqrt)\d*[ps][sdh]"),
    ("multiply", r"mul[ps][sdh]"),
    ("add", r"(add|sub|addsub)[ps][sdh]"),
    ("convert", r"cvt|pmov[sz]x|pmov(d|q|w)|packus|packss|roundp|rndscale|getexp|scalef"),
    ("shuffle", r"perm|unpck|punpck|shuf|pshuf|insert|extract|pinsr|pextr|broadcast|pbroadcast"),
    ("shuffle", r"movmsk|pmovmsk|kmov|movd$|movq$|movhl|movlh|movddup|movs[hl]dup|palignr|valign"),
    ("logic", r"(and|andn|or|xor)[ps][sd]|pand|por|pxor|ptern|cmp\w*[ps][sd]|pcmp|p?blend"),
    (
        "logic",
        r"(min|max)[ps][sd]|p(add|sub|min|max|mul|sll|srl|sra|abs)|ptest|test[ps][sd]|k[a-z]",
    ),
    ("logic", r"u?comis|fpclass|range"),
)
_COMPILED = [(name, re.compile(pattern)) for name, pattern in _PATTERNS]
_MOVES = re.compile(r"v?mov|v?lddqu|vp?broadcast|v?movnt")
_WRITES_NOTHING = {"cmp", "test", "push", "nop", "prefetcht0", "prefetchw", "prefetchnta"}


class Kind(NamedTuple):
    """How one instruction counts."""

    name: str  # its class
    loads: int  # whether it reads memory, in whatever class it is
    stores: int
    lanes: int  # numbers that it computes with, if it does floating-point arithmetic
    vector: bool  # whether it needs a vector unit; loads, stores and copies do not


def classify(ins: capstone.CsInsn, element: int) -> Kind:
    """Classify an instruction.

    Args:
        ins: the instruction.
        element: bytes of the numbers that the kernel computes with, 4 or 8.
    """
    mnemonic: str = ins.mnemonic
    bare = mnemonic.removeprefix("v") if mnemonic != "verr" else mnemonic
    operands = list(ins.operands)
    memory = [i for i, each in enumerate(operands) if each.type == x86.X86_OP_MEM]
    touches = bool(memory) and mnemonic not in {"lea", "nop"} and not bare.startswith("prefetch")
    stores = touches and memory[0] == 0 and bare not in _WRITES_NOTHING
    reads_too = stores and not _MOVES.match(mnemonic) and not bare.startswith("extract")
    loads = touches and (not stores or reads_too)
    width = max((each.size for each in operands if each.type == x86.X86_OP_REG), default=0)
    name = next((name for name, pattern in _COMPILED if pattern.match(bare)), "other")
    if touches and (name == "other" or (name == "shuffle" and _MOVES.match(mnemonic))):
        name = "store" if stores else "load"
    arithmetic = name in {"fma", "multiply", "add", "divide"}
    scalar = arithmetic and re.search(r"s[sdh]$", bare) is not None
    lanes = 0 if not arithmetic else 1 if scalar else width // element
    wide = width >= 16 or mnemonic.startswith(("v", "k"))
    vector = wide and name not in {"load", "store", "other"}
    return Kind(name, int(loads), int(stores), lanes, vector)
