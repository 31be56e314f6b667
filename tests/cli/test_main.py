"""The command as a whole: help, version, missing packages."""

from __future__ import annotations

import importlib.metadata
import itertools
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from mish.cli import app

COMMANDS = [
    *("optimize", "plot", "bench", "verify", "info", "formula", "facts", "cost", "caffe2"),
]


def run(*arguments):
    return CliRunner().invoke(app, arguments)


def test_help_names_every_command():
    shown = run("--help")
    assert shown.exit_code == 0
    for command in COMMANDS:
        assert f" {command} " in shown.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command):
    shown = run(command, "--help")
    assert shown.exit_code == 0
    assert f"mish {command}" in shown.stdout.replace("root ", "mish ")


def test_version():
    shown = run("--version")
    assert (shown.exit_code, shown.stdout.strip()) == (0, importlib.metadata.version("mish"))


@pytest.mark.parametrize(
    "command", [*([each] for each in COMMANDS if each != "caffe2"), ["caffe2", "run"], []]
)
def test_help_shows_no_type_for_flags_and_fills_its_lines(command):
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).stdout
    assert "<bool>" not in shown and "BOOLEAN" not in shown
    for paragraph in re.split(r"\n *\n", shown.partition("╭")[0]):
        for line, after in itertools.pairwise(paragraph.strip().splitlines()):
            assert len(line.strip()) + 1 + len(after.split()[0]) > 78, "a line is not full"


def test_unknown_command():
    shown = run("fly")
    assert shown.exit_code == 2
    assert "No such command" in shown.stderr


def test_module_runs_the_command():
    shown = subprocess.run(
        [sys.executable, "-m", "mish", "--version"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == importlib.metadata.version("mish")


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_the_extra_the_command_says_how_to_get_it(package):
    block = f"import sys; sys.modules[{package!r}] = None; from mish.cli import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", block], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 2
    assert shown.stderr == (
        "error: the mish command needs the 'cli' extra: pip install 'mish[cli]'\n"
    )
