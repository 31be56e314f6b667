"""Registers the ufuncs for ml_dtypes' bfloat16, when that package is there."""

from __future__ import annotations

from types import ModuleType

from mish._numpy.native import register_bfloat16
from mish._support.when_imported import when_imported


def register_when_available() -> None:
    """Register now, or as soon as ml_dtypes has been imported."""
    when_imported("ml_dtypes", _register)


def _register(package: ModuleType) -> None:
    register_bfloat16(package.bfloat16)
