"""Whether `accelerate` holds: read on every call, so it is one name in one module."""

from __future__ import annotations

accelerated = False
