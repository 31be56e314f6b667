"""Tables of any width: nothing in them is cut."""

from __future__ import annotations

import pytest
from rich.table import Table

from mish.cli.tables import print_table


@pytest.fixture
def shown(capsys, monkeypatch):
    def show(table, columns, keys=1):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_table(table, keys)
        return capsys.readouterr().out

    return show


@pytest.mark.parametrize("columns", [32, 40, 120])
def test_columns_are_spread_over_tables(shown, columns):
    heads = [f"heading {i}" for i in range(20)]
    table = Table(*heads, title="What it shows")
    for row in range(2):
        table.add_row(*(f"{row + i + 0.125:.3f}" for i in range(20)))
    text = shown(table, columns, keys=2)
    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    count = text.count("What it shows")
    assert count > 1
    # the keys stand in each
    assert text.count(" 1.125 ") == 2 * count and text.count(" 2.125 ") == count + 1
    assert all(f" {i + 0.125:.3f} " in text for i in range(20))


def test_text_is_wrapped_at_spaces_and_words_stay_whole(shown):
    long = "−1.19243121451549531680537212345678"
    table = Table("name", "number", "what it is")
    table.add_row("minimum", long, "a number with very many digits that was found by a proof")
    text = shown(table, 60)
    assert long in text and "…" not in text
    assert max(map(len, text.splitlines())) <= 60
    narrow = shown(table, 20)
    assert long in narrow


def test_nothing_is_markup(shown):
    table = Table("path")
    table.add_row("[bold]model[/bold].onnx :smile:")
    assert "[bold]model[/bold].onnx :smile:" in shown(table, 80)
