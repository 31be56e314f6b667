"""Acts on another package when that is imported, and not before.

mish must not import the packages that it only serves when they are there: that would take time
from those who do not use them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # what importlib.abc brings along takes a third of the time of `import mish`

Action = Callable[[ModuleType], None]


def when_imported(package: str, action: Action) -> None:
    """Call ``action(module)``: now if the package is loaded already, else right after it loads."""
    module = sys.modules.get(package)  # None also where somebody forbids the import
    if module is not None:
        action(module)
    else:
        sys.meta_path.insert(0, _Finder(package, action))


class _Finder:
    """Steps aside at the first import of the package, and gives it a loader that acts."""

    def __init__(self, package: str, action: Action) -> None:
        self._package = package
        self._action = action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._package:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._action)
        return spec


class _Loader(Loader):
    """Loads as another loader does, then acts."""

    def __init__(self, loader: Loader, action: Action) -> None:
        self._loader = loader
        self._action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._action(module)
