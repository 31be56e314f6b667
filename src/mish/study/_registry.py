"""The studies that there are, by name."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import cast

from mish.study._cells import Study
from mish.study._studies import STUDIES

_registered: dict[str, str] = {}


def register(study: Study) -> None:
    """Add a study to those that `run` and `studies` know.

    Worker processes import its module, so it must be the ``STUDY`` of a module that they find.

    Raises:
        ValueError: the name is taken, or the module of its class has no ``STUDY`` that is it.
    """
    module = type(study).__module__
    if module == "__main__" or getattr(sys.modules.get(module), "STUDY", None) is not study:
        raise ValueError(
            f"the study {study.name!r} must be called STUDY in the module of its class, "
            f"{module}, and that one must be importable: worker processes find it there"
        )
    if modules().get(study.name, module) != module:
        raise ValueError(f"a study is called {study.name!r} already: choose another name")
    _registered[study.name] = module


def modules() -> Mapping[str, str]:
    """Give the module of each study by its name."""
    return {**STUDIES, **_registered}


def find(name: str) -> Study:
    """Give the study of a name.

    Raises:
        ValueError: there is none.
    """
    known = modules()
    if name not in known:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise ValueError(f"no study is called {name!r}; {hint}")
    return cast(Study, import_module(known[name]).STUDY)


def studies() -> Mapping[str, Study]:
    """Give all studies by name."""
    return {name: find(name) for name in modules()}
