"""The tables that are checked in are those that their generators make.

All of them take minutes: `make tables-check`. Here it is some rows of every core table, and all
that the kernels for GPUs take from them.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GENERATORS = ROOT / "native/coefficients"


@pytest.fixture(scope="module")
def generator():
    """Imports a generator; the modules beside it go again, as their names are not ours alone."""
    beside = {path.stem for path in GENERATORS.glob("*.py")}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(GENERATORS)
        for name in beside & set(sys.modules):
            patch.delitem(sys.modules, name)
        yield importlib.import_module
    for name in beside & set(sys.modules):
        del sys.modules[name]


def lines_of_table(name: str, order: int) -> list[str]:
    text = (ROOT / "native/tables.h").read_text(encoding="utf-8")
    space = text[text.index(f"namespace {name} {{") : text.index(f"}}  // namespace {name}")]
    struct = space[space.index(f"struct Core<{order}>") :]
    found = re.search(r" kTable\[[^]]*\] = \{\n(.*?)\n  \};", struct, re.DOTALL)
    assert found
    return found[1].split("\n")


@pytest.mark.parametrize("order", range(4))
@pytest.mark.parametrize("format_number", [0, 1])
def test_rows_of_the_core_tables(generator, format_number, order):
    generate = generator("generate")
    fmt = generate.FORMATS[format_number]
    shape = fmt.shapes[order]
    lines = lines_of_table(fmt.name, order)
    assert len(lines) == shape.rows
    last = shape.first + shape.rows - 1
    for number in (shape.first, shape.first // 2, 1, last // 2, last):
        row, error = generate.core_row(fmt, order, number)
        assert lines[number % shape.rows] == generate.row_line(fmt, row), number
        assert error < 0.5  # of half an ulp, so that the polynomial's error hardly counts


def test_constants_of_the_kernels_for_gpus(generator):
    module = generator("generate_triton")
    assert module.OUTPUT.read_text(encoding="utf-8") == module.render()
