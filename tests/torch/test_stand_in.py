"""stand_in: old checkpoints and import lines find our module."""

from __future__ import annotations

import importlib
import io
import sys
from types import ModuleType

import pytest
import torch

import mish.torch
from mish.torch import Mish, stand_in

NAMES = ["mish_cuda", "mc.build.lib.mish_mish"]


def checkpoint(name):
    """A model as the package ``name`` saved it, whose class has no ``inplace`` and no __init__."""
    module = ModuleType(name)
    exec("import torch\nclass MishCuda(torch.nn.Module): pass", vars(module))
    module.MishCuda.__module__ = name
    parts = name.split(".")
    parents = {".".join(parts[: i + 1]): ModuleType(parts[i]) for i in range(len(parts) - 1)}
    sys.modules.update(parents)
    sys.modules[name] = module
    file = io.BytesIO()
    try:
        torch.save(torch.nn.Sequential(torch.nn.Linear(3, 3), module.MishCuda()), file)
    finally:
        for each in (*parents, name):
            del sys.modules[each]
    file.seek(0)
    return file


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_load(name):
    file = checkpoint(name)
    with pytest.raises(ModuleNotFoundError):
        torch.load(file, weights_only=False)
    file.seek(0)
    with stand_in():
        model = torch.load(file, weights_only=False)
    assert type(model[1]) is Mish
    assert repr(model[1]) == "Mish()"
    x = torch.randn(4, 3)
    assert torch.equal(model(x), mish.torch.mish(model[0](x)))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)
    again = io.BytesIO()
    torch.save(model, again)  # which names our class
    again.seek(0)
    assert torch.equal(torch.load(again, weights_only=False)(x), model(x))


def test_import_lines():
    with stand_in():
        import mc.build.lib.mish_mish as nested
        from mish_cuda import MishCuda

        assert MishCuda is nested.MishCuda is Mish


def test_a_name_of_ones_own_beside_real_modules(tmp_path, monkeypatch):
    package = tmp_path / "of_mine"
    package.mkdir()
    (package / "__init__.py").write_text("here = True")
    (package / "layers.py").write_text("here = True")
    monkeypatch.syspath_prepend(tmp_path)
    with stand_in("of_mine.mish", "of_mine.layers"):
        mine = importlib.import_module("of_mine")
        assert mine.here
        assert mine.mish.MishCuda is mine.layers.MishCuda is Mish
    assert not hasattr(mine, "mish")
    assert importlib.import_module("of_mine.layers").here


def test_undone_and_what_was_there_is_back(monkeypatch):
    real = ModuleType("mish_cuda")
    monkeypatch.setitem(sys.modules, "mish_cuda", real)
    outer = stand_in()
    with stand_in("mish_cuda"):
        assert sys.modules["mish_cuda"] is not real
    assert sys.modules["mish_cuda"].MishCuda is Mish
    outer.undo()
    assert sys.modules["mish_cuda"] is real
    assert "mc" not in sys.modules
    outer.undo()
    assert sys.modules["mish_cuda"] is real
