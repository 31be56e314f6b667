"""The error that everything in this package raises for nets, operators and blobs."""

from __future__ import annotations


class Caffe2Error(RuntimeError):
    """A net, an operator or a blob that cannot be used. The message names it and the remedy.

    Caffe2 raised ``RuntimeError`` here, so scripts that catch that go on working.
    """
