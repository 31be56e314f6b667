"""Acts on another package when that is imported, and not before.

mish must not import the packages that it only serves when they are there: that would take time
from those who do not use them.

Other threads may import at the same time. So the finder that waits for a package is in place
before anybody looks whether that is there, whoever comes first takes the action out of it, and it
stays where it is: importlib walks through the list of finders, and would miss the next one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib._bootstrap import _lock_unlock_module  # type: ignore[attr-defined]
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # what importlib.abc brings along takes a third of the time of `import mish`

Action = Callable[[ModuleType], None]


def when_imported(package: str, action: Action) -> None:
    """Call ``action(module)``: now if the package is loaded already, else right after it loads."""
    finder = _Finder(package, action)
    sys.meta_path.insert(0, finder)
    _lock_unlock_module(package)  # waits while a thread that has not met the finder imports it
    module = sys.modules.get(package)  # None also where somebody forbids the import
    if module is not None:
        finder.act(module)


class _Finder:
    """Finds the package as the finders behind it do, with a loader that acts."""

    def __init__(self, package: str, action: Action) -> None:
        self._package = package
        self._actions = [action]  # empty as soon as somebody acts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._package or not self._actions:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find = getattr(finder, "find_spec", None)  # which the oldest kind of finder has not
            spec: ModuleSpec | None = find(fullname, path, target) if find else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self)
                return spec
        return None

    def act(self, module: ModuleType) -> None:
        """Act, unless that is done."""
        try:
            action = self._actions.pop()
        except IndexError:
            return
        action(module)


class _Loader(Loader):
    """Loads as another loader does, then acts."""

    def __init__(self, loader: Loader, finder: _Finder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._finder.act(module)

    def __getattr__(self, name: str) -> Any:
        """What else can be asked of the loader, by those who only look for the package."""
        return getattr(self._loader, name)
