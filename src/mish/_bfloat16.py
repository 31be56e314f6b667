"""Registers the ufuncs for ml_dtypes' bfloat16, when that package is there, and not before.

mish must not import ml_dtypes, which would take time from those who do not use it. So the
registration happens at once if ml_dtypes is loaded already, and else right after it loads.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from mish._native import register_bfloat16

_PACKAGE = "ml_dtypes"


def register_when_available() -> None:
    """Register now, or as soon as ml_dtypes has been imported."""
    if _PACKAGE in sys.modules:
        _register(sys.modules[_PACKAGE])
    else:
        sys.meta_path.insert(0, _Finder())


def _register(package: ModuleType) -> None:
    register_bfloat16(package.bfloat16)


class _Finder(MetaPathFinder):
    """Steps aside at the first import of ml_dtypes, and gives it a loader that registers."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _PACKAGE:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads as another loader does, then registers."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _register(module)
