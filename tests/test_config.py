"""What an installation says of itself."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import numpy as np
import pytest

import mish
from mish._numpy.config import show_config


def test_facts():
    facts = show_config(as_dict=True)
    assert facts["version"] == importlib.metadata.version("mish")
    assert facts["numpy"] == np.__version__
    assert facts["isa"] in facts["available_isas"]
    assert facts["threads"] == mish.get_num_threads()


def test_override_is_shown(monkeypatch):
    monkeypatch.delenv("MISH_ISA", raising=False)
    assert show_config(as_dict=True)["isa_override"] is None
    monkeypatch.setenv("MISH_ISA", "baseline")
    assert show_config(as_dict=True)["isa_override"] == "baseline"


def test_printed(capsys):
    assert show_config() is None
    lines = capsys.readouterr().out.splitlines()
    assert f"version: {importlib.metadata.version('mish')}" in lines
    assert len(lines) == len(show_config(as_dict=True))


def test_frameworks_are_those_installed_and_stay_unloaded(monkeypatch):
    known = {"torch": "2.13.0", "onnx": "1.20"}

    def version(name):
        if name in known or name in {"mish", "numpy"}:
            return known.get(name, "0")
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    assert show_config(as_dict=True)["frameworks"] == known
    code = "import mish._numpy.config as c, sys; c.show_config(as_dict=True); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "onnx", "onnxruntime"} & set(shown.stdout.split())


@pytest.mark.parametrize("package", ["torch", "onnx"])
def test_frameworks_have_versions(package):
    pytest.importorskip(package)
    expected = importlib.metadata.version(package)
    assert show_config(as_dict=True)["frameworks"][package] == expected


def test_the_version_is_read_when_it_is_asked_for():
    code = (
        "import sys, mish; print('importlib.metadata' in sys.modules, '__version__' in vars(mish));"
        "print(mish.__version__, '__version__' in vars(mish)); from mish import __version__"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False", importlib.metadata.version("mish"), "True"]
    with pytest.raises(AttributeError, match="module 'mish' has no attribute 'versoin'"):
        mish.versoin  # noqa: B018
