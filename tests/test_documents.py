"""What README, the docs and the docstrings show is run here, and no output is typed by hand.

The language of a block of code says what happens to it:

- ``python`` runs, all blocks of a page in one process and in order; with ``>>>`` as a doctest;
- ``console`` holds commands after ``$``, each followed by what it prints;
- ``sh`` holds commands without output, to be typed; those of ours must take their options;
- ``text`` is none of these.

Each page has a folder of its own, with the example network in it as ``model.onnx``.
"""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for folder in (".", "docs", "docs/tutorials", "examples/*")
    for path in ROOT.glob(f"{folder}/*.md")
)
SOURCES = ROOT / "src"
# What pages need beside the lock: `make test-more` runs those.
NEEDS = {"keras.md": ("keras", "tensorflow"), "thinc.md": ("spacy",)}
# Whose recipes each need other packages, and run one by one.
ELSEWHERE = {"deploy.md": "tests/torch/test_exports.py runs its blocks"}
PROGRAMS = {"bash", "dask", "make", "mish", "pip", "python"}
# a warning is an error, but for what others announce of their own future
KERAS = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
PYTHON = (sys.executable, "-W", "error", "-W", "ignore::FutureWarning", "-W", KERAS, __file__)


class Block(NamedTuple):
    """A fenced block: its language, its text, and the line of the page that its text begins at."""

    language: str
    text: str
    line: int


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in some languages, of any if none is given."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(match[1], match[2], text.count("\n", 0, match.start(2)))
        for match in re.finditer(r"^```(.*)\n((?s:.*?))^```$", text, re.MULTILINE)
    ]
    return [each for each in found if not languages or each.language in languages]


def pages(*languages: str) -> pytest.MarkDecorator:
    """Parametrize a test over the pages that have blocks in some languages."""
    chosen = [page for page in PAGES if blocks(page, *languages)]
    return pytest.mark.parametrize(
        "page", chosen, ids=[str(page.relative_to(ROOT)) for page in chosen]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "examples" / "digits" / "digits.onnx", tmp_path / "model.onnx")
    return tmp_path


def run(*command: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command where the package's own commands are found."""
    scripts = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    environment = os.environ | {"PATH": scripts, "PYTHONUTF8": "1", "COLUMNS": "100"}
    return subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pages()
def test_every_block_has_a_language(page):
    for block in blocks(page):
        assert block.language in ("python", "console", "sh", "text"), f"{page}:{block.line}"
        assert block.language == "python" or ">>>" not in block.text, f"{page}:{block.line}"


@pages("python")
@pytest.mark.slow
def test_python_runs(page, folder):
    if page.name in ELSEWHERE:
        pytest.skip(ELSEWHERE[page.name])
    for module in NEEDS.get(page.name, ()):
        pytest.importorskip(module)
    done = run(*PYTHON, page, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pages("console")
def test_commands_print_what_is_shown(page, folder):
    for block in blocks(page, "console"):
        shown = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
        assert shown[0] == "", f"{page}:{block.line} does not begin with a command"
        for command, output in zip(shown[1::2], shown[2::2], strict=True):
            done = run(*shlex.split(command), folder=folder)
            assert done.returncode == 0, done.stderr
            assert done.stdout == output, command


@pages("sh")
def test_commands_to_type_are_commands(page):
    import typer

    from mish.cli import app

    for block in blocks(page, "sh"):
        text = re.sub(r"#.*|\.venv/bin/", "", block.text).replace("&&", "\n")
        for line in filter(None, map(str.strip, text.splitlines())):
            program, *arguments = shlex.split(line)
            assert program in PROGRAMS, f"{page}:{block.line}: {line}"
            command = typer.main.get_command(app)
            if program == "mish":
                while hasattr(command, "commands"):
                    command = command.commands[arguments.pop(0)]
                command.make_parser(typer.Context(command)).parse_args(arguments)


@pytest.mark.slow
def test_docstrings(folder):
    done = run(*PYTHON, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def _run_page(page: Path) -> bool:
    """Run the Python of a page; whether all its doctests hold. Other failures raise."""
    names: dict[str, object] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner()
    for block in blocks(page, "python"):
        if ">>>" in block.text:
            test = doctest.DocTestParser().get_doctest(
                block.text, names, page.name, str(page), block.line
            )
            runner.run(test, clear_globs=False)
            names.update(test.globs)
        else:
            exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
    return runner.summarize().failed == 0


def _run_docstrings() -> bool:
    """Run the examples in all docstrings; whether they hold."""
    failed = 0
    for path in sorted(SOURCES.rglob("*.py")):
        if ">>>" in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
            module = importlib.import_module(name.removesuffix(".__init__"))
            result = doctest.testmod(module)
            assert result.attempted, f"{name} has >>> outside of its docstrings"
            failed += result.failed
    return failed == 0


if __name__ == "__main__":
    sys.exit(not (_run_page(Path(sys.argv[1])) if len(sys.argv) > 1 else _run_docstrings()))
