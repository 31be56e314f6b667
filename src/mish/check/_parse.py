"""From text to a program. The text is read, never run: what is not known here is an error.

Python's own parser makes a tree of it, and only the kinds of nodes named here are taken. Length,
depth and the size of numbers are limited, so that no text takes long.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NoReturn

from mish.check._functions import CONSTANTS, FUNCTIONS, PREFIXES, REQUIRED, Function, find
from mish.check._program import TRUTHS, Program

_MOST_LENGTH = 2000  # characters
_MOST_DEPTH = 60  # operators within operators
_MOST_STEPS = 400
_LARGEST_EXPONENT = 300  # of ten, in a number

_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
_TURNED = {ast.Gt: "<", ast.GtE: "<="}
_SIGNS = {"^": "**", "−": "-", "·": "*", "×": "*"}
_SHOWN = 40  # characters of what is not understood


def parse(text: str) -> Program:
    """Read an expression.

    Args:
        text: as ``"x*tanh(log(1 + exp(x)))"``; see ``mish.check.expression``.

    Raises:
        TypeError: ``text`` is no string.
        ValueError: it is not understood; the message names the place.
    """
    if not isinstance(text, str):
        raise TypeError(f"the expression must be a string, not {type(text).__name__}")
    if not text.strip():
        raise ValueError("the expression is empty")
    if len(text) > _MOST_LENGTH:
        raise ValueError(
            f"the expression has {len(text)} characters; at most {_MOST_LENGTH} are read"
        )
    return _Reader(text).read()


class _Reader:
    """One text, and the program that grows from it."""

    def __init__(self, text: str) -> None:
        self._text = text
        start = len(text) - len(text.lstrip())
        parts, self._origin = [], []
        for place in range(start, len(text.rstrip())):
            sign = " " if text[place].isspace() else _SIGNS.get(text[place], text[place])
            parts.append(sign)
            self._origin += [place] * len(sign.encode(errors="replace"))
        self._origin.append(len(text.rstrip()))
        self._source = "".join(parts)
        self._program = Program()
        self._depth = 0

    def read(self) -> Program:
        self._count_brackets()
        try:
            with _no_warnings():
                tree = ast.parse(self._source, mode="eval").body
        except SyntaxError as problem:
            column = len(self._source[: max((problem.offset or 1) - 1, 0)].encode(errors="replace"))
            self._fail(self._place(column), "this is no expression")
        except (RecursionError, MemoryError):
            self._fail(0, f"more than {_MOST_DEPTH} operators lie within each other")
        except ValueError as problem:  # a NUL, a lone surrogate
            self._fail(0, f"this is no text: {problem}")
        result = self._number(tree)
        program = self._program.end(result)
        if not any(step.op == "x" for step in program.steps):
            raise ValueError(f"the expression has no x: {self._text.strip()!r}")
        return program

    def _count_brackets(self) -> None:
        """Refuse what would be too deep for Python's parser."""
        depth = 0
        for place, sign in enumerate(self._text):
            depth += (sign in "([{") - (sign in ")]}")
            if depth > _MOST_DEPTH:
                self._fail(place, f"more than {_MOST_DEPTH} operators lie within each other")

    def _place(self, column: int) -> int:
        return self._origin[min(column, len(self._origin) - 1)]

    def _fail(self, place: int, why: str, end: int | None = None) -> NoReturn:
        shown = self._text[place : None if end is None else end].strip()
        if len(shown) > _SHOWN:
            shown = shown[:_SHOWN] + "…"
        where = f"at character {place + 1}, {shown!r}" if shown else "at its end"
        raise ValueError(f"the expression is not understood {where}: {why}")

    def _refuse(self, node: ast.expr, why: str) -> NoReturn:
        self._fail(self._place(node.col_offset), why, self._end(node))

    def _end(self, node: ast.expr) -> int:
        assert node.end_col_offset is not None  # the parser always says
        return self._place(node.end_col_offset - 1) + 1

    def _written(self, node: ast.expr) -> str:
        return self._text[self._place(node.col_offset) : self._end(node)]

    def _add(self, node: ast.expr, op: str, *inputs: int) -> int:
        place = self._program.add(op, inputs, text=self._written(node))
        if len(self._program.steps) > _MOST_STEPS:
            self._refuse(node, f"the expression has more than {_MOST_STEPS} operators")
        return place

    @contextmanager
    def _deeper(self, node: ast.expr) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            self._refuse(node, f"more than {_MOST_DEPTH} operators lie within each other")
        yield
        self._depth -= 1

    def _number(self, node: ast.expr) -> int:
        """Read what must be a number."""
        place = self._any(node)
        if self._program.steps[place].op in TRUTHS:
            self._refuse(node, "this is true or false, and a number is wanted")
        return place

    def _truth(self, node: ast.expr) -> int:
        """Read what must be true or false."""
        place = self._any(node)
        if self._program.steps[place].op not in TRUTHS:
            self._refuse(node, "this is a number, and a condition is wanted, as x > 20")
        return place

    def _any(self, node: ast.expr) -> int:
        with self._deeper(node):
            if isinstance(node, ast.Name):
                return self._name(node)
            if isinstance(node, ast.Constant):
                return self._constant(node)
            if isinstance(node, ast.UnaryOp):
                return self._unary(node)
            if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
                pair = self._number(node.left), self._number(node.right)
                if type(node.op) is ast.Pow and self._program.steps[pair[0]].op == "e":
                    return self._add(node, "e**", pair[1])
                return self._add(node, _ARITHMETIC[type(node.op)], *pair)
            if isinstance(node, ast.Compare):
                return self._compare(node)
            if isinstance(node, ast.BoolOp):
                op = "and" if isinstance(node.op, ast.And) else "or"
                return self._fold(node, op, [self._truth(each) for each in node.values])
            if isinstance(node, ast.IfExp):
                parts = self._truth(node.test), self._number(node.body), self._number(node.orelse)
                return self._add(node, "where", *parts)
            if isinstance(node, ast.Call):
                return self._call(node)
            if isinstance(node, ast.Attribute) and _modules(node.value) is not None:
                return self._named(node, node.attr)
        self._refuse(node, "only numbers, x, + - * / ** ^, comparisons and functions are known")

    def _fold(self, node: ast.expr, op: str, parts: list[int]) -> int:
        whole = parts[0]
        for each in parts[1:]:
            whole = self._add(node, op, whole, each)
        return whole

    def _name(self, node: ast.Name) -> int:
        return self._add(node, "x") if node.id == "x" else self._named(node, node.id)

    def _named(self, node: ast.expr, name: str) -> int:
        if name in CONSTANTS:
            return self._add(node, CONSTANTS[name])
        if name in FUNCTIONS:
            self._refuse(node, f"{name} is a function: {name}(…)")
        self._refuse(node, "the variable is x, the constants are e and pi")

    def _constant(self, node: ast.Constant) -> int:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            self._refuse(node, "this is no real number")
        text = self._written(node).replace("_", "")
        try:
            decimal = Decimal(text) if isinstance(node.value, float) else Decimal(node.value)
        except InvalidOperation:
            self._refuse(node, "this is no decimal number")
        if decimal and abs(decimal.adjusted()) > _LARGEST_EXPONENT:
            self._refuse(node, f"numbers from 1e-{_LARGEST_EXPONENT} to 1e{_LARGEST_EXPONENT} fit")
        return self._program.add("number", number=Fraction(decimal), text=text)

    def _unary(self, node: ast.UnaryOp) -> int:
        if isinstance(node.op, ast.Not):
            return self._add(node, "not", self._truth(node.operand))
        if isinstance(node.op, ast.USub):
            return self._add(node, "negative", self._number(node.operand))
        if isinstance(node.op, ast.UAdd):
            return self._number(node.operand)
        self._refuse(node, "~ is not known; write not")

    def _compare(self, node: ast.Compare) -> int:
        values = [self._number(each) for each in (node.left, *node.comparators)]
        parts = []
        for op, left, right in zip(node.ops, values, values[1:], strict=False):
            if type(op) in _COMPARISONS:
                parts.append(self._add(node, _COMPARISONS[type(op)], left, right))
            elif type(op) in _TURNED:
                parts.append(self._add(node, _TURNED[type(op)], right, left))
            else:
                self._refuse(node, "numbers are compared by < <= > >= == !=")
        return self._fold(node, "and", parts)

    def _call(self, node: ast.Call) -> int:
        function, name, first = self._callee(node.func)
        given: dict[str, ast.expr] = {}
        names = [each for each, _ in function.parameters]
        arguments = [*first, *node.args]
        if len(arguments) > len(names):
            self._refuse(node, f"{name} takes {', '.join(names)}")
        given.update(zip(names, arguments, strict=False))
        for keyword in node.keywords:
            known = {"input": "x", "a_min": "min", "a_max": "max"}.get(
                keyword.arg or "", keyword.arg
            )
            if known not in names or known in given:
                self._refuse(node, f"{name} takes {', '.join(names)}, each once")
            given[known] = keyword.value
        places: list[object] = []
        for each, default in function.parameters:
            if each not in given:
                if default is REQUIRED:
                    self._refuse(node, f"{name} takes {', '.join(names)}")
                places.append(default)
            elif each == "condition":
                places.append(self._truth(given[each]))
            else:
                places.append(self._number(given[each]))
        result = function.build(self._program, self._written(node), *places)
        if len(self._program.steps) > _MOST_STEPS:
            self._refuse(node, f"the expression has more than {_MOST_STEPS} operators")
        return result

    def _callee(self, node: ast.expr) -> tuple[Function, str, list[ast.expr]]:
        """Find the function, its name, and what it is a method of."""
        prefix: tuple[str, ...] = ()
        first: list[ast.expr] = []
        if isinstance(node, ast.Attribute):
            name, modules = node.attr, _modules(node.value)
            if modules is None:
                first = [node.value]
            prefix = modules or ()
        elif isinstance(node, ast.Name):
            name = node.id
        else:
            self._refuse(node, "only functions are called; write * between factors")
        for module in prefix:
            if module not in PREFIXES:
                self._refuse(node, f"the module {module} is not known")
        function = find(name, prefix)
        if function is None:
            near = difflib.get_close_matches(name.lower(), FUNCTIONS, n=1)
            if name in ("x", *CONSTANTS):
                self._refuse(node, f"{name} is no function; write * between factors")
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FUNCTIONS)}"
            self._refuse(node, f"there is no function {name}; {hint}")
        return function, name, first


def _modules(node: ast.expr) -> tuple[str, ...] | None:
    """The names in a path like torch.nn.functional, or None if it is an expression."""
    if isinstance(node, ast.Name):
        return None if node.id in ("x", *CONSTANTS) else (node.id,)
    if isinstance(node, ast.Attribute):
        before = _modules(node.value)
        return None if before is None else (*before, node.attr)
    return None


@contextmanager
def _no_warnings() -> Iterator[None]:
    """The parser warns of what it will refuse one day; here that is text like any other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
