"""Studies of training: does Mish help, where, and how sure are we?"""

from __future__ import annotations

from mish.study._cells import Cell, Measure, Study, Tuning

__all__ = ["Cell", "Measure", "Study", "Tuning"]
