"""A plugin of pytest: the outcomes of tests as rows of a stage; see `kernel_tests`.

Failures are told one by one as they come, the rest as a count that grows.
"""

from __future__ import annotations

import json
import os
from collections import Counter

EVERY = 100  # tests to a row
_counts: Counter[str] = Counter()


def pytest_runtest_logreport(report):
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # its master reports
    if report.when == "call" or report.outcome != "passed":
        _counts[report.outcome] += 1
        if report.outcome == "failed":
            lines = (report.longreprtext or "").strip().splitlines()
            reason = next((line for line in lines[::-1] if line.startswith("E ")), lines[-1:])
            _row(what=report.nodeid, outcome=f"FAILED: {reason}"[:400])
        elif sum(_counts.values()) % EVERY == 0:
            _row(what="so far", outcome=_told())


def pytest_sessionfinish(session):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _row(what="in the end", outcome=_told())


def _told() -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(_counts.items()))


def _row(**cells):
    told = json.loads(os.environ["KERNEL_TESTS"])
    line = {"stage": told["stage"], "table": told["table"], "cells": cells}
    with open(told["rows"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
