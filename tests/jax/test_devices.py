"""Several devices: every part of an array is computed where it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_shards_need_no_communication():
    script = Path(__file__).with_name("several_devices.py")
    shown = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr[-3000:]
    assert shown.stdout == "done on 4 devices\n"
