"""What the commands share."""

from __future__ import annotations

import json
import math

import pytest
import typer

from mish.cli.console import EXIT_USAGE, fail, print_json


def test_fail_prints_the_message_as_it_is(capsys):
    with pytest.raises(typer.Exit) as left:
        fail("no [bold]file[/] " + "long " * 60 + "end", EXIT_USAGE)
    assert left.value.exit_code == 2
    assert capsys.readouterr().err == "error: no [bold]file[/] " + "long " * 60 + "end\n"


def test_json_has_null_for_what_it_cannot_say(capsys):
    print_json({"a": math.inf, "b": [1.5, math.nan], "c": {"d": "NaN"}, "e": (1, True)})
    shown = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert shown == {"a": None, "b": [1.5, None], "c": {"d": "NaN"}, "e": [1, True]}
