"""The gallery: its page is as the script writes it, its pictures are there and current."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import matplotlib
import pytest
from typer.testing import CliRunner

from mish.cli import app

ROOT = Path(__file__).resolve().parents[2]


def _load():
    spec = importlib.util.spec_from_file_location("gallery", ROOT / "docs" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gallery = _load()
# Those of peers depend on what is installed; the others take a second.
QUICK = [each for each in gallery.MADE if "--peer" not in each.command]


def test_the_page_is_what_the_script_writes():
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page()


def test_every_picture_is_there_and_shown():
    pictures = [*gallery.MADE, *gallery.MEASURED]
    for picture in pictures:
        assert (ROOT / picture.path).stat().st_size < 400_000
    names = {Path(picture.path).name for picture in gallery.MADE}
    assert names == {path.name for path in (ROOT / "docs" / "images").iterdir()}
    page = gallery.page()
    measured = (ROOT / "benchmarks" / "results").glob("*.[sp][vn]g")
    assert all(path.name in page for path in measured)


@pytest.mark.parametrize("picture", QUICK, ids=lambda picture: Path(picture.path).stem)
def test_pictures_are_current(picture, tmp_path):
    """By the coordinates in them: letters and compression are Matplotlib's own affair."""
    target = tmp_path / Path(picture.path).name
    arguments = shlex.split(picture.command.replace(picture.path, str(target)))[1:]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    shown = ROOT / picture.path
    if target.suffix == ".svg":
        shown_text, new_text = shown.read_text("utf-8"), target.read_text("utf-8")
        made_by = re.search(r"Matplotlib v([\d.]+)", shown_text)[1]
        if made_by != matplotlib.__version__:
            pytest.skip(f"made by Matplotlib {made_by}")
        paths = [re.findall(r'<path d="([^"]+)"', text) for text in (shown_text, new_text)]
        assert paths[0] == paths[1]
    else:
        from matplotlib.image import imread

        old, new = imread(shown), imread(target)
        assert old.shape == new.shape and abs(old - new).mean() < 1e-3
