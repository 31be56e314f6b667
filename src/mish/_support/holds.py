"""Holds on files, which end with their process in whatever way: who owns a file in the making.

POSIX has locks for it. Windows lets nobody open a file in a way that another, who has it open, does
not share: there an owner shares everything, and whoever wants a file without an owner shares
nothing but its removal.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import _winapi

    _READ, _WRITE, _REMOVE = 1, 2, 4  # what to share
    _OPEN_ALWAYS = 4
    _NOT_SHARED = 32  # the error of it
    _PAUSE = 0.01  # seconds, between two tries

    def own(file: BinaryIO, path: Path) -> int:
        """Hold a new file, also after it was closed; ``release`` ends it."""
        return _open(path, _READ | _WRITE | _REMOVE, _winapi.OPEN_EXISTING)

    def take(path: Path) -> int:
        """Hold a file without an owner.

        Raises:
            FileNotFoundError: It is gone.
            PermissionError: Its owner's process is alive.
            OSError: It cannot be told.
        """
        return _open(path, _REMOVE, _winapi.OPEN_EXISTING)

    def wait_for(path: Path, patient: bool = True) -> int:
        """Hold a file, which is made if need be, as soon as no other process and thread does.

        Raises:
            BlockingIOError: Another does, and the caller is not patient.
            OSError: It cannot be made.
        """
        while True:
            try:
                return _open(path, _REMOVE, _OPEN_ALWAYS)
            except PermissionError as error:
                if error.winerror != _NOT_SHARED:
                    raise
                if not patient:
                    raise BlockingIOError(errno.EAGAIN, error.strerror, str(path)) from error
            time.sleep(_PAUSE)

    def release(hold: int) -> None:
        """End a hold."""
        _winapi.CloseHandle(hold)

    def _open(path: Path, share: int, how: int) -> int:
        return _winapi.CreateFile(str(path), _winapi.GENERIC_READ, share, 0, how, 0, 0)

else:
    import fcntl

    _READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC  # whatever lies there

    def own(file: BinaryIO, path: Path) -> int:
        """Hold a new file, also after it was closed; ``release`` ends it."""
        hold = os.dup(file.fileno())
        with suppress(OSError):  # where there are no locks, drafts of killed runs stay
            fcntl.flock(hold, fcntl.LOCK_EX)
        return hold

    def take(path: Path) -> int:
        """Hold a file without an owner.

        Raises:
            FileNotFoundError: It is gone.
            BlockingIOError: Its owner's process is alive.
            OSError: It cannot be told.
        """
        hold = os.open(path, _READ)
        try:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(hold)
            raise
        return hold

    def wait_for(path: Path, patient: bool = True) -> int:
        """Hold a file, which is made if need be, as soon as no other process and thread does.

        Raises:
            BlockingIOError: Another does, and the caller is not patient.
            OSError: It cannot be made.
        """
        while True:
            hold = os.open(path, _READ | os.O_CREAT, 0o666)
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
            except BlockingIOError:
                os.close(hold)
                raise
            except OSError:
                pass  # there are no locks here
            if os.fstat(hold).st_nlink:
                return hold
            os.close(hold)  # whoever had the lock has removed the file

    def release(hold: int) -> None:
        """End a hold."""
        os.close(hold)
