"""Which instructions a kernel executes for n elements, found by following its control flow.

Loop counters, addresses and spills are integers in registers and on the stack; those instructions
are carried out. Vectors are not: what matters of them is the branch to a rare case, taken when some
lane needs it. Each such branch is decided for the whole run, the way that makes the run shorter:
that is the common case, the fast path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import capstone  # type: ignore[import-untyped]
from capstone import x86

_ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
_STACK, _ARRAYS = 1 << 40, 1 << 44
_RETURN = (1 << 63) + 1  # the address that the last ret goes to
_MOST_STEPS = 4_000_000
_TRIAL = 128  # elements: enough for every loop, few enough to try branches out
_MASK = {size: (1 << 8 * size) - 1 for size in (1, 2, 4, 8)}
_WHOLE = {
    part: name
    for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")
    for part in (f"r{name}", f"e{name}", name, f"{name[0]}l" if name[1] == "x" else f"{name}l")
}
_COPIES = {"mov", "movabs", "movzx"}


class Unknown(Exception):
    """An instruction that cannot be followed."""


class _Step(NamedTuple):
    """One instruction, taken apart once."""

    mnemonic: str
    operands: list[x86.X86Op]
    address: int
    size: int


class _Program:
    """Instructions by address, loaded when they are first reached."""

    def __init__(self, load: Load) -> None:
        self.code: list[capstone.CsInsn] = []
        self.steps: list[_Step] = []
        self.idle: set[int] = set()  # places of instructions that are found to touch no integer
        self._at: dict[int, int] = {}
        self._load = load

    def at(self, address: int) -> int:
        """Give the place of the instruction at an address."""
        if address not in self._at:
            for each in self._load(address):
                self._at[each.address] = len(self.code)
                self.code.append(each)
                operands = list(each.operands)
                self.steps.append(_Step(each.mnemonic, operands, each.address, each.size))
        if address not in self._at:
            raise Unknown(f"a jump leaves the module's code, to {address:#x}")
        return self._at[address]


class _Flags(NamedTuple):
    result: int
    left: int
    right: int
    size: int
    difference: bool  # left − right, rather than a logical result


Load = Callable[[int], Sequence[capstone.CsInsn]]
"""Gives the instructions of the function around an address."""


class Path:
    """The fast path of one kernel, for any number of elements."""

    def __init__(self, start: int, load: Load, strides: Sequence[int]) -> None:
        """Decide the rare-case branches.

        Args:
            start: the address of the kernel.
            load: gives the instructions of the kernel, and of what it calls.
            strides: of its arrays, in bytes, as the kernel is called with them.

        Raises:
            Unknown: an instruction cannot be followed.
        """
        self._program = _Program(load)
        self._start = start
        self._strides = strides
        self._full: dict[int, bool] = {}
        best = self._run(_TRIAL)
        for site in best.sites:
            self._full[site] = True
            try:
                other = self._run(_TRIAL)
            except Unknown:
                other = None
            if other and len(other.trace) < len(best.trace):
                best = other
            else:
                del self._full[site]

    @property
    def code(self) -> list[capstone.CsInsn]:
        """All instructions that were looked at; ``trace`` gives places in it."""
        return self._program.code

    def trace(self, n: int) -> list[int]:
        """Give the places in the code of the instructions executed for n elements, in order."""
        return self._run(n).trace

    def _run(self, n: int) -> _Machine:
        arguments: list[int | None] = []
        for stride in self._strides:
            arguments += [None, stride]
        return _Machine(self._program, self._full).run(self._start, [*arguments, n])


class _Machine:
    """The integer part of a processor."""

    def __init__(self, program: _Program, full: dict[int, bool]) -> None:
        self.program = program
        self.full = full  # by address of an instruction that sums lanes up: all of them, not none
        self.sites: dict[int, None] = {}
        self.trace: list[int] = []
        self.registers: dict[str, int] = {}
        self.memory: dict[int, int] = {}
        self.flags = _Flags(0, 0, 0, 8, False)

    def run(self, start: int, arguments: Sequence[int | None]) -> _Machine:
        for place, (name, value) in enumerate(zip(_ARGUMENTS, arguments, strict=False)):
            self.registers[name] = _ARRAYS + (place << 36) if value is None else value
        self.registers["rsp"] = _STACK
        for i, value in enumerate(arguments[len(_ARGUMENTS) :]):
            self.memory[_STACK + 8 * (i + 1)] = value or 0
        self.memory[_STACK] = _RETURN
        index: int | None = self.program.at(start)
        while index is not None:
            self.trace.append(index)
            if len(self.trace) > _MOST_STEPS:
                raise Unknown("the run does not end")
            index = index + 1 if index in self.program.idle else self._step(index)
        return self

    def _step(self, index: int) -> int | None:
        """Carry out one instruction and give the place of the next; None after the last."""
        ins = self.program.steps[index]
        name = ins.mnemonic
        if name == "jmp" or (name[0] == "j" and self._holds(name[1:])):
            return self._target(ins)
        if name[0] == "j":
            return index + 1
        if name == "call":
            self._push(ins.address + ins.size)
            return self._target(ins)
        if name == "ret":
            back = self._pop()
            return None if back == _RETURN else self.program.at(back)
        if not self._execute(ins, name):
            self.program.idle.add(index)
        return index + 1

    def _target(self, ins: _Step) -> int:
        if ins.operands[0].type != x86.X86_OP_IMM:
            raise Unknown(f"{ins.mnemonic} to a computed address at {ins.address:#x}")
        return self.program.at(ins.operands[0].imm)

    def _push(self, value: int) -> None:
        self.registers["rsp"] -= 8
        self.memory[self.registers["rsp"]] = value

    def _pop(self) -> int:
        self.registers["rsp"] += 8
        return self.memory.get(self.registers["rsp"] - 8, 0)

    def _execute(self, ins: _Step, name: str) -> bool:
        """Carry out an instruction that does not jump; False if it never does anything here."""
        operands = ins.operands
        if name in _COPIES and self._integer(operands):
            self._write(ins, operands[0], self._read(ins, operands[1]))
        elif name in {"movsxd", "movsx"}:
            value, size = self._read(ins, operands[1]), operands[1].size
            self._write(ins, operands[0], _signed(value, size))
        elif name == "lea":
            self._write(ins, operands[0], self._address(ins, operands[1]))
        elif name in _ARITHMETIC and self._integer(operands):
            self._compute(ins, name)
        elif name in {"cmp", "test"}:
            left, right = (self._read(ins, each) for each in operands)
            self._set_flags(left, right, operands[0].size, name == "cmp")
        elif name.startswith("cmov"):
            value = self._read(ins, operands[1 if self._holds(name[4:]) else 0])
            self._write(ins, operands[0], value)
        elif name.startswith("set") and len(operands) == 1:
            self._write(ins, operands[0], int(self._holds(name[3:])))
        elif name == "push":
            self._push(self._read(ins, operands[0]))
        elif name == "pop":
            self._write(ins, operands[0], self._pop())
        elif name == "leave":
            self.registers["rsp"] = self.registers["rbp"]
            self.registers["rbp"] = self._pop()
        elif name.startswith(("rep", "div", "idiv")) or name == "mul":
            raise Unknown(f"{name} at {ins.address:#x}")
        else:
            return self._vector(ins, name)
        return True

    def _vector(self, ins: _Step, name: str) -> bool:
        """Take note of what a vector instruction does to integers: it sums up lanes, or nothing.

        Returns:
            Whether it does anything to them.
        """
        lanes = self.full.get(ins.address, False)
        if "ptest" in name or "ortest" in name or "ktest" in name or "comis" in name:
            self.sites[ins.address] = None
            self._set_flags(int(lanes), 0, 8, True)
            return True
        if ins.operands and self._is_integer(ins.operands[0]):
            if "movmsk" in name or "pmovm" in name or name.startswith("kmov"):
                self.sites[ins.address] = None
                width = 64 if name.startswith("kmov") else 8
                self._write(ins, ins.operands[0], (1 << width) - 1 if lanes else 0)
            else:
                self._write(ins, ins.operands[0], 0)
            return True
        return False

    def _compute(self, ins: _Step, name: str) -> None:
        operands = ins.operands
        size = operands[0].size
        if len(operands) == 3:  # imul r, r/m, imm; BMI2's shifts; rorx
            left, right = (self._read(ins, each) for each in operands[1:])
        else:
            left = self._read(ins, operands[0])
            right = self._read(ins, operands[1]) if len(operands) > 1 else 1
        result = _ARITHMETIC[name](left, right, size) & _MASK[size]
        if name in {"add", "inc"}:
            self._set_flags(result, 0, size, True)
        elif name in {"sub", "dec"}:
            self._set_flags(left, right, size, True)
        elif name not in {"not", "sarx", "shlx", "shrx"}:
            self._set_flags(result, result, size, False)
        self._write(ins, operands[0], result)

    def _set_flags(self, left: int, right: int, size: int, difference: bool) -> None:
        left, right = left & _MASK[size], right & _MASK[size]
        result = (left - right if difference else left & right) & _MASK[size]
        self.flags = _Flags(result, left, right, size, difference)

    def _holds(self, condition: str) -> bool:
        """Tell whether a condition is met, named as in the mnemonics of jumps."""
        result, left, right, size, difference = self.flags
        if condition[0] == "n" and condition != "n":
            return not self._holds(condition[1:])
        if condition in {"e", "z"}:
            return result == 0
        if condition == "s":
            return _signed(result, size) < 0
        below = difference and left < right
        less = (
            _signed(left, size) < _signed(right, size) if difference else _signed(result, size) < 0
        )
        answers = {
            "b": below,
            "c": below,
            "ae": not below,
            "be": below or result == 0,
            "a": not (below or result == 0),
            "l": less,
            "ge": not less,
            "le": less or result == 0,
            "g": not (less or result == 0),
            "p": False,
            "o": False,
        }
        if condition not in answers:
            raise Unknown(f"the condition {condition}")
        return answers[condition]

    def _integer(self, operands: Sequence[x86.X86Op]) -> bool:
        return all(each.type != x86.X86_OP_REG or self._is_integer(each) for each in operands)

    def _is_integer(self, operand: x86.X86Op) -> bool:
        return operand.type == x86.X86_OP_REG and _parent(_NAMES(operand.reg)) is not None

    def _read(self, ins: _Step, operand: x86.X86Op) -> int:
        if operand.type == x86.X86_OP_IMM:
            return int(operand.imm) & _MASK[8]
        if operand.type == x86.X86_OP_MEM:
            return self.memory.get(self._address(ins, operand), 0) & _MASK[operand.size]
        parent = _parent(_NAMES(operand.reg))
        if parent is None:
            raise Unknown(f"{ins.mnemonic} at {ins.address:#x}")
        return self.registers.get(parent, 0) & _MASK[operand.size]

    def _write(self, ins: _Step, operand: x86.X86Op, value: int) -> None:
        value &= _MASK[operand.size]
        if operand.type == x86.X86_OP_MEM:
            self.memory[self._address(ins, operand)] = value
            return
        parent = _parent(_NAMES(operand.reg))
        if parent is None:
            raise Unknown(f"{ins.mnemonic} at {ins.address:#x}")
        if (
            operand.size < 4
        ):  # narrow writes keep the rest of the register, those of 4 bytes clear it
            value |= self.registers.get(parent, 0) & ~_MASK[operand.size]
        self.registers[parent] = value

    def _address(self, ins: _Step, operand: x86.X86Op) -> int:
        memory = operand.mem
        total = memory.disp
        if memory.base == x86.X86_REG_RIP:
            return int(total + ins.address + ins.size)
        for register, scale in ((memory.base, 1), (memory.index, memory.scale)):
            parent = _parent(_NAMES(register)) if register else None
            total += scale * self.registers.get(parent, 0) if parent else 0
        return int(total) & _MASK[8]


_decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
_NAMES = _decoder.reg_name


def _parent(name: str | None) -> str | None:
    """Give the 64-bit register that a general register is part of; None for others."""
    if name is None:
        return None
    if name in _WHOLE:
        return f"r{_WHOLE[name]}"
    digits = name[1:].rstrip("dwb")
    return f"r{digits}" if name[0] == "r" and digits.isdigit() else None


def _signed(value: int, size: int) -> int:
    value &= _MASK[size]
    return value - (1 << 8 * size) if value >> (8 * size - 1) else value


def _shift_count(right: int, size: int) -> int:
    return right & (63 if size == 8 else 31)


_ARITHMETIC: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, size: a + b,
    "sub": lambda a, b, size: a - b,
    "inc": lambda a, b, size: a + 1,
    "dec": lambda a, b, size: a - 1,
    "neg": lambda a, b, size: -a,
    "not": lambda a, b, size: ~a,
    "and": lambda a, b, size: a & b,
    "or": lambda a, b, size: a | b,
    "xor": lambda a, b, size: a ^ b,
    "imul": lambda a, b, size: a * b,
    "shl": lambda a, b, size: a << _shift_count(b, size),
    "sal": lambda a, b, size: a << _shift_count(b, size),
    "shr": lambda a, b, size: a >> _shift_count(b, size),
    "sar": lambda a, b, size: _signed(a, size) >> _shift_count(b, size),
    "shlx": lambda a, b, size: a << _shift_count(b, size),
    "shrx": lambda a, b, size: a >> _shift_count(b, size),
    "sarx": lambda a, b, size: _signed(a, size) >> _shift_count(b, size),
}
