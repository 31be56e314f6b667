"""Modules that old code and checkpoints name, with our Mish in them: `stand_in`."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from mish.torch._convert.changes import UndoneAtEnd
from mish.torch._module import Mish

# The package of CUDA kernels that the YOLOv4 family was trained with, and the name under which
# some of its published checkpoints have it.
_NAMES = ("mish_cuda", "mc.build.lib.mish_mish")


class StandIn(UndoneAtEnd):
    """What `stand_in` returns: a context manager, and a way to undo."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._before: list[tuple[str, ModuleType | None]] = []  # what stood at each name
        for name in names:
            self._provide(name)

    def undo(self) -> None:
        """Put back what stood at the names before."""
        while self._before:
            name, before = self._before.pop()
            parent, _, child = name.rpartition(".")
            if before is not None:
                sys.modules[name] = before
            else:
                sys.modules.pop(name, None)
            if parent in sys.modules:
                _link(sys.modules[parent], child, before)

    def _provide(self, name: str) -> None:
        module = ModuleType(name, "A stand-in of the package mish.")
        vars(module)["MishCuda"] = Mish
        self._put(name, module)

    def _provide_package(self, name: str) -> None:
        """The package that a module is in: the real one where there is one."""
        try:
            importlib.import_module(name)
        except ImportError:
            package = ModuleType(name, "A stand-in of the package mish.")
            package.__path__ = []
            self._put(name, package)

    def _put(self, name: str, module: ModuleType) -> None:
        parent, _, child = name.rpartition(".")
        if parent:
            self._provide_package(parent)
            _link(sys.modules[parent], child, module)
        self._before.append((name, sys.modules.get(name)))
        sys.modules[name] = module


def _link(parent: ModuleType, child: str, module: ModuleType | None) -> None:
    if module is not None:
        setattr(parent, child, module)
    else:
        vars(parent).pop(child, None)


def stand_in(*names: str) -> StandIn:
    """Let ``mish_cuda.MishCuda`` be `mish.torch.Mish`, where no such package can be built.

    Checkpoints that hold whole models name the classes of their modules, and those of the YOLOv4
    family name ``mish_cuda.MishCuda`` or ``mc.build.lib.mish_mish.MishCuda``. After this call both
    names are found, by code that imports them too::

        with mish.torch.stand_in():  # until the block ends
            model = torch.load("yolov4-p5.pt", weights_only=False)["model"]

        mish.torch.stand_in()  # until the process ends
        from mish_cuda import MishCuda

    What was loaded keeps working afterwards; saved again, it names `mish.torch.Mish`.

    Args:
        names: dotted names of modules to stand in for, instead of these two. Each is replaced as a
            whole, if it was imported before, and has the one class ``MishCuda``.

    Returns:
        A context manager; its method ``undo`` undoes the call.

    Raises:
        ValueError: if a name is no dotted name of a module.
    """
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"names must be dotted names of modules, and {name!r} is none")
    return StandIn(names or _NAMES)
