"""A plugin of pytest: a framework's own tests, with our Mish in the place of its own.

Two environment variables steer it. `MISH_IN_PLACE` names the adapter, or is empty: then the tests
run as they are. `MISH_OUTCOMES` is the file that the outcome of each test goes to.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

outcomes: dict[str, tuple[str, str]] = {}


def pytest_configure(config: Any) -> None:
    if adapter := os.environ["MISH_IN_PLACE"]:
        import_module(f"mish.{adapter}").accelerate()


def pytest_runtest_logreport(report: Any) -> None:
    name = report.nodeid.partition("::")[2]
    if report.skipped:
        outcomes[name] = "skipped", str(report.longrepr[2])
    elif report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        outcomes[name] = "failed", crash.message if crash else report.longreprtext
    elif report.when == "call":
        outcomes.setdefault(name, ("passed", ""))


def pytest_sessionfinish() -> None:
    Path(os.environ["MISH_OUTCOMES"]).write_text(json.dumps(outcomes), encoding="utf-8")
