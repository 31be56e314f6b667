"""GlobalInit, with which every script of Caffe2 begins."""

from __future__ import annotations

from collections.abc import Sequence

_arguments: list[str] = []


def GlobalInit(args: Sequence[str]) -> bool:
    """Keep the command line, of which no option matters here.

    Args:
        args: the name of the program, and options of Caffe2 such as ``--caffe2_log_level=0``.
    """
    _arguments.extend(args[1:])
    return True


def GetGlobalInitArgs() -> list[str]:
    """The options that were given to GlobalInit."""
    return list(_arguments)
