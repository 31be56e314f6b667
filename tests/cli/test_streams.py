"""Standard output that takes no more, or not every sign; and its width."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mish.cli import app
from mish.cli.streams import spell

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"
COMMANDS = [
    ["--help"],
    ["--version"],
    ["bench", "--list"],
    ["cost", "--communication"],
    ["facts", "--compare"],
    ["facts", "gelu"],
    ["formula", "--order", "2"],
    ["info"],
    ["info", "--json"],
    ["optimize", str(DIGITS), "--dry-run"],
    ["plot", "--terminal"],
]
NAMES = [
    " ".join(command[:1] + command[2:]) if "optimize" in command else " ".join(command)
    for command in COMMANDS
]


def _no_room():
    """Let every write to a file fail, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize(
    "command", [["--help"], ["--version"], ["facts", "gelu"], ["info", "--json"]], ids=" ".join
)
def test_a_full_disk_is_told_in_a_line(command, tmp_path):
    with (tmp_path / "out.txt").open("w") as target:
        shown = subprocess.run(
            [sys.executable, "-m", "mish", *command],
            stdout=target,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            preexec_fn=_no_room,
        )
    assert shown.stderr == "error: cannot write standard output: File too large\n"
    assert shown.returncode == 2


def test_a_reader_that_leaves_is_no_error():
    code = "import sys; sys.argv = ['mish', 'facts']; from mish.cli import main; main()"
    reader = "import os; os.read(0, 1)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        subprocess.run([sys.executable, "-c", reader], stdin=writer.stdout, check=True)
        writer.stdout.close()
        assert writer.stderr.read() == b""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_any_encoding_will_do(command, encoding):
    shown = CliRunner(charset=encoding).invoke(app, command)
    assert shown.exit_code == 0, shown.exception
    text = shown.stdout_bytes.decode("utf-8" if encoding == "ascii" else encoding)
    assert "?" not in text.replace("(?", "")
    assert "\\u" not in text


def test_signs_are_spelled_out():
    text = "−0.3 ≤ f′(x) · e⁻ˣ → ∞ ⣿ Φ(α) \udcff"
    plain = text.encode("ascii", "mish.spell").decode()
    assert plain == r"-0.3 <= f'(x) * e^-^x -> inf * Phi(alpha) \udcff"
    with pytest.raises(UnicodeDecodeError):
        spell(UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range"))


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(
    "command",
    [
        ["cost", "--communication"],
        ["facts", "--compare"],
        ["facts", "gelu_tanh"],
        ["facts", "--gains"],
        ["facts", "--claim", "bounded-range"],
        ["info"],
    ],
    ids=" ".join,
)
def test_tables_fit_and_cut_nothing(command, columns):
    wide, shown = (
        CliRunner().invoke(app, command, env={"COLUMNS": str(width)}).stdout
        for width in (1000, columns)
    )
    assert max(map(len, shown.splitlines())) <= columns
    assert "…" not in shown
    missing = _words(wide) - _words(shown)
    assert not missing


def _words(table):
    """What stands between lines and spaces."""
    return set("".join(" " if 0x2500 <= ord(sign) < 0x2580 else sign for sign in table).split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_commands(shell):
    asked = {
        "bash": {"COMP_WORDS": "mish pl", "COMP_CWORD": "1"},
        "zsh": {"_TYPER_COMPLETE_ARGS": "mish pl"},
        "fish": {"_TYPER_COMPLETE_ARGS": "mish pl", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    run = CliRunner()
    env = {**asked, "_MISH_COMPLETE": f"complete_{shell}"}
    found = run.invoke(app, [], env=env, prog_name="mish").stdout
    assert "plot" in found and "facts" not in found
    script = run.invoke(app, [], env={"_MISH_COMPLETE": f"source_{shell}"}, prog_name="mish")
    assert f"_MISH_COMPLETE=complete_{shell}" in script.stdout
