"""Studies of training: does Mish help, where, and how sure are we?

`run` does the runs of studies, over processes or a Dask cluster, and keeps them in a database;
`results` gives them as a table, `judge` says what they show, and `report` writes a page of it all.
``mish study`` does the same from a terminal. Needs the ``study`` extra.
"""

from __future__ import annotations

from mish.study import activations
from mish.study._cells import Cell, Measure, Study, Tuning
from mish.study._engine import Summary, run
from mish.study._jobs import Failed
from mish.study._outlook import Outlook, outlook
from mish.study._progress import Progress
from mish.study._registry import find, register, studies
from mish.study._results import judge, report, results

__all__ = [
    "Cell",
    "Failed",
    "Measure",
    "Outlook",
    "Progress",
    "Study",
    "Summary",
    "Tuning",
    "activations",
    "find",
    "judge",
    "outlook",
    "register",
    "report",
    "results",
    "run",
    "studies",
]
