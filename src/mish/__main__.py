"""``python -m mish``: the ``mish`` command."""

from __future__ import annotations

from mish.cli import main

main()
