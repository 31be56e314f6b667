"""How `make docs` makes a site of README, these pages, the results and the docstrings.

The root of the repository is Sphinx's source folder, so links between pages are the same here as
in the repository itself. With Furo's theme and its search nothing is asked of any server.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

import mish

project = "mish"
author = "The Mish contributors"
copyright = author
version = release = mish.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
root_doc = "README"
include_patterns = [
    "*.md",
    "benchmarks/results/*.md",
    "studies/results/*.md",
    "docs/**.md",
    "examples/**.md",
    "tests/caffe2/data/README.md",
]
exclude_patterns = ["**/.*", "build", "dist", "out"]

default_role = "py:obj"  # `mish.mish` in a docstring leads to its entry
myst_heading_anchors = 4  # as GitHub does, so that `page.md#heading` leads there
# Headings of results begin at any level. `bytes`, a type, is also an attribute of ours.
suppress_warnings = ["myst.header", "ref.python"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_use_ivar = True

html_theme = "furo"
html_title = "mish"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it would be fetched, which a browser refuses for files
html_theme_options = {"navigation_with_keys": True}


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("build-finished", open_with_readme)


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """README has no table of contents in the repository; in the site it is the first page."""
    if name == root_doc:
        source[0] += (Path(__file__).parent / "contents.txt").read_text(encoding="utf-8")


def keep_bars(
    app: Sphinx, what: str, name: str, of: object, options: object, lines: list[str]
) -> None:
    """In a docstring |x| is an absolute value, which docutils would take for a substitution."""
    lines[:] = [line.replace("|", r"\|") for line in lines]


def open_with_readme(app: Sphinx, error: Exception | None) -> None:
    """Let the folder itself lead to the first page."""
    if error is None:
        text = (app.outdir / f"{root_doc}.html").read_text(encoding="utf-8")
        (app.outdir / "index.html").write_text(text, encoding="utf-8")
