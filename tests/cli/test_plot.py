"""``mish plot``."""

from __future__ import annotations

import errno
import sys
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

import mish
from mish.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["plot", *map(str, arguments)])


def test_png(tmp_path):
    target = tmp_path / "mish.png"
    shown = run("-o", target, "--size", 4, 3)
    assert (shown.exit_code, shown.stdout) == (0, f"{target}\n")
    picture = imread(target)
    assert picture.shape[:2] == (450, 600)
    assert picture[..., :3].std() > 0.05
    assert list(tmp_path.iterdir()) == [target]


def test_svg_in_capitals_and_options(tmp_path):
    both, one = tmp_path / "both.SVG", tmp_path / "one.svg"
    assert run("-o", both).exit_code == 0
    assert run("-o", one, "--orders", "0", "--range", -2, 2).exit_code == 0
    for target in (both, one):
        assert ElementTree.parse(target).getroot().tag.endswith("svg")
    assert len(one.read_bytes()) < len(both.read_bytes())


def test_pdf(tmp_path):
    target = tmp_path / "mish.pdf"
    assert run("-o", target, "--against", "silu", "--theme", "print").exit_code == 0
    assert target.read_bytes().startswith(b"%PDF")


def test_errors_and_plane(tmp_path):
    target = tmp_path / "picture.svg"
    assert run("-o", target, "--error", "--dtype", "float16", "--order", 2).exit_code == 0
    assert "bound of mish, 0.5 ulp" in target.read_text("utf-8")
    target = tmp_path / "plane.png"
    shown = run("-o", target, "--complex", "--range", -2, 2, "--imaginary", 1, 4)
    assert (shown.exit_code, shown.stdout) == (0, f"{target}\n")


def test_errors_in_the_terminal():
    shown = run("--terminal", "--error", "--dtype", "bfloat16", "--size", 70, 20)
    assert shown.exit_code == 0
    assert "bound of mish, 0.5 ulp (bfloat16)" in shown.stdout


def test_terminal():
    shown = CliRunner().invoke(app, ["plot", "--terminal"], env={"COLUMNS": "100"})
    assert shown.exit_code == 0
    assert "mish′(x)" in shown.stdout
    assert any(0x2800 < ord(sign) < 0x2900 for sign in shown.stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "mish.jpg"], "--output must end in .png, .svg or .pdf: mish.jpg"),
        (["-o", "mish.png", "--against", "swoosh"], "against must be one of mish, silu"),
        (["-o", "mish.png", "--theme", "pink"], "theme must be one of light, dark, print"),
        (["-o", "mish.png", "--marks", "poles"], "marks must be some of extrema"),
        (["-o", "mish.png", "--terminal"], "give either --output or --terminal"),
        (["-o", "missing/mish.png"], "cannot write missing/mish.png: No such file or directory"),
        (["-o", "mish.png", "--range", "3", "2"], "interval must be two finite increasing"),
        (["-o", "mish.png", "--range", "nan", "2"], "interval must be two finite increasing"),
        (["-o", "mish.png", "--orders", "-7"], "orders must be one or more numbers from 0 on"),
        (["-o", "mish.png", "--orders", "a"], "--orders must be numbers with commas between"),
        (["-o", "mish.png", "--size", "0", "3"], "--size must be"),
        (["-o", "mish.png", "--size", "3", "51"], "--size must be two numbers from 2 to 50, not"),
        (["-o", "mish.png", "--size", "nan", "3"], "--size must be two numbers from 2 to 50"),
        (["--terminal", "--size", "inf", "24"], "--size must be two numbers, not inf 24.0"),
        ([], "give either --output or --terminal"),
        (["-o", "mish.png", "--error", "--complex"], "give one of --error, --complex and"),
        (["-o", "mish.png", "--error", "--orders", "1"], "--orders does not go with --error"),
        (["-o", "mish.png", "--complex", "--marks", "none"], "--marks does not go with --error,"),
        (["-o", "mish.png", "--peer", "torch"], "--peer belongs to --error"),
        (["-o", "mish.png", "--order", "1"], "--order belongs to --error"),
        (["-o", "mish.png", "--complex", "--dtype", "float16"], "--dtype belongs to --error"),
        (["-o", "mish.png", "--imaginary", "0", "1"], "--imaginary belongs to --complex"),
        (["-o", "mish.png", "--error", "--peer", "numpi"], "peer: no peer is called 'numpi'"),
        (["-o", "mish.png", "--error", "--peer", "copy"], "peer: a copy of the array is not Mish"),
        (["-o", "mish.png", "--error", "--dtype", "int8"], "dtype must be one of float32, float64"),
        (["-o", "mish.png", "--error", "--order", "4"], "order must be one of 0, 1, 2, 3, not 4"),
        (
            ["-o", "mish.png", "--error", "--order", "3", "--peer", "numpy"],
            "peer: no peer is asked for order 3",
        ),
        (
            ["-o", "mish.png", "--error", "--dtype", "float16", "--range", "0", "1e6"],
            "interval must be two increasing numbers within float16, not 0.0 and 1000000.0",
        ),
        (
            ["-o", "mish.png", "--error", "--dtype", "float16", "--order", "2", "--peer", "numpy"],
            "peer numpy: no expression for d2 in float16",
        ),
        (["-o", "mish.png", "--complex", "--range", "0", "201"], "real must be two increasing"),
        (["--terminal", "--complex"], "--complex needs colours that a terminal may lack"),
        (["--terminal", "--interactive"], "--interactive is for a browser: give --output"),
        (["-o", "mish.png", "--interactive"], "--output must end in .html with --interactive"),
        (["-o", "mish.html"], "--output must end in .png, .svg or .pdf: mish.html"),
        (["-o", "mish.html", "--interactive", "--error"], "give one of --error, --complex and"),
        (["-o", "mish.html", "--interactive", "--orders", "1"], "--orders does not go with"),
        (["-o", "mish.html", "--interactive", "--order", "1"], "--order belongs to --error"),
        (["-o", "mish.html", "--interactive", "--theme", "dark"], "--theme does not go with"),
        (["-o", "mish.html", "--interactive", "--range", "0", "1"], "--range does not go with"),
        (["-o", "mish.html", "--interactive", "--size", "3", "3"], "--size does not go with"),
        (
            ["-o", "mish.html", "--interactive", "--peer", "numpi"],
            "peer: no peer is called 'numpi'",
        ),
        (["-o", "mish.html", "--interactive", "--dtype", "int8"], "dtype must be one of float32"),
        (["-o", "missing/mish.html", "--interactive"], "cannot write missing/mish.html: No such"),
    ],
)
def test_bad_input(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    shown = run(*arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert shown.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_picture(tmp_path, monkeypatch):
    def savefig(figure, file, **options):
        file.write(b"half a picture")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", savefig)
    target = tmp_path / "mish.png"
    target.write_bytes(b"old")
    shown = run("-o", target)
    assert shown.exit_code == 2
    assert shown.stderr == f"error: cannot write {target}: No space left on device\n"
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    shown = run("-o", tmp_path / "mish.png")
    assert shown.exit_code == 2
    assert "pip install 'mish[plot]'" in shown.stderr


def test_a_page_without_sympy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    monkeypatch.delattr(mish, "symbolic", raising=False)
    for name in [each for each in sys.modules if each.startswith("mish.symbolic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "mish.plot._interactive._data", raising=False)
    shown = run("--interactive", "-o", tmp_path / "mish.html")
    assert shown.exit_code == 2
    assert "pip install 'mish[symbolic]'" in shown.stderr
    assert not list(tmp_path.iterdir())
