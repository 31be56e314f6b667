"""Files in the making: each gets its name at once when it is whole, and none is left behind.

A draft lies beside the file that it will be, as ``.mish-TOKEN.tmp``, where the token is new each
time. Its process has a hold on it, which ends when the process does, in whatever way. So a draft
without a hold is left from a killed run, and the next run in that folder ends it.

A draft can have a companion, such as the weights of a model. Two files cannot be renamed in one
step; so the companion gets a name that nothing uses yet, before the draft gets its own. Until
then hard links tell what is to go: ``.mish-TOKEN.new.tmp`` is the companion, to go with a draft
that does not get its name, and each ``.mish-TOKEN.old-N.tmp`` is a file to go with the one that
the draft replaces. Which of them it is can be seen at any time: the draft is still there or not.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mish._support import holds

_NAME = re.compile(r"(\.mish-[0-9a-f]{16})\.(?:new\.|old-\d+\.)?tmp")
_LOCK = ".mish.lock"
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class Draft:
    """A file in the making.

    Attributes:
        target: The file that it will be.
        file: Where to write it.
    """

    def __init__(self, target: Path, mode: int, twin: os.stat_result | None) -> None:
        self.target = target
        self._placed: Path | None = None
        self._companion: BinaryIO | None = None
        while True:
            self._stem = f".mish-{secrets.token_hex(8)}"
            self._path = self._beside("tmp")
            self.file = _create(self._path, mode if twin is None else 0o600)
            self._hold = holds.own(self.file, self._path)
            if os.fstat(self.file.fileno()).st_nlink:
                break
            self.file.close()  # it was taken for one without a hold before it had its own
            holds.release(self._hold)
        if twin is not None:
            _resemble(self.file, twin)

    def companion(self, mode: int) -> BinaryIO:
        """Open the companion.

        Args:
            mode: The permissions that it may have at most, besides those of the draft.
        """
        status = os.fstat(self.file.fileno())
        self._companion = _create(self._beside("new.tmp"), 0o600)
        _resemble(self._companion, status, mode)
        return self._companion

    def place(self, names: Iterable[str]) -> str:
        """Give the companion, which is whole now, a name in the folder of the target.

        Args:
            names: Names without end. The first that is free is taken.
        """
        assert self._companion is not None
        _finish(self._companion)
        return next(name for name in names if self._take(name))

    def commit(self, old: Iterable[Path] = ()) -> None:
        """Let the draft, which is whole now, take the place of its target.

        Args:
            old: Files in the same folder that belong to what it replaces and go with it.
        """
        _finish(self.file)
        old = list(old)
        for number, path in enumerate(old):
            with suppress(OSError):  # without the link, a kill right now would leave the file
                os.link(path, self._beside(f"old-{number}.tmp"))
        self._path.replace(self.target)
        for path in old:
            with suppress(OSError):  # the new file is there; the next run tries once more
                path.unlink()

    def end(self) -> None:
        """Leave nothing that is not in use, whether the draft has taken its place or not.

        What cannot be removed now is left to the next run.
        """
        if self._companion is not None:
            with suppress(OSError):  # what was not yet written of a draft that failed
                self._companion.close()
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            if self._placed is not None and self._path.exists():
                self._placed.unlink(missing_ok=True)
            _end(self.target.parent, self._stem)
        holds.release(self._hold)

    def _take(self, name: str) -> bool:
        """Give the companion a name, unless it is taken."""
        path = self.target.with_name(name)
        try:
            _link(self._beside("new.tmp"), path)
        except FileExistsError:
            return False
        self._placed = path
        _sync_folder(path.parent)
        return True

    def _beside(self, suffix: str) -> Path:
        return self.target.with_name(f"{self._stem}.{suffix}")


@contextmanager
def drafting(path: Path, mode: int = 0o666, twin: Path | None = None) -> Iterator[Draft]:
    """Start a file that takes the place of ``path`` on commit, and else vanishes.

    A link stays: the draft takes the place of the file that it leads to. A file that is replaced
    hands on its permissions, and its owner and group where the process may set them.

    Args:
        path: The file to write.
        mode: The permissions of a file that is new, of which the process's umask takes some.
        twin: The file whose permissions and owner to take if ``path`` is new.

    Raises:
        OSError: The folder of ``path`` is missing or cannot be written to.
    """
    target = destination(path)
    model = next((each for each in (target, twin) if each is not None and each.exists()), None)
    clean(target.parent)
    draft = Draft(target, mode, None if model is None else model.stat())
    try:
        yield draft
    finally:
        draft.end()


def destination(path: Path) -> Path:
    """The file that a path leads to, through links, whether it is there or not.

    Raises:
        OSError: The links lead in a circle.
    """
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return target


def clean(folder: Path) -> None:
    """Remove what killed runs left in a folder; what cannot be removed is no hindrance."""
    with suppress(OSError):
        if (folder / _LOCK).exists():
            with alone(folder):
                pass
        names = (_NAME.fullmatch(name) for name in os.listdir(folder))
        for stem in {name[1] for name in names if name is not None}:
            with suppress(OSError), _without_owner(folder / f"{stem}.tmp"):
                _end(folder, stem)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep out every other process and thread that asks the same for a folder.

    Where there are no locks, or no file for one can be made, nobody is kept out.
    """
    path = folder / _LOCK
    try:
        hold = holds.wait_for(path)
    except OSError:
        yield
        return
    with _until_the_end(hold, path):
        yield


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold a lock, which is a file for the while; the system lifts it when the process ends.

    Raises:
        BlockingIOError: another process or thread holds it.
        OSError: the file cannot be made.
    """
    with _until_the_end(holds.wait_for(path, patient=False), path):
        yield


@contextmanager
def _until_the_end(hold: int, path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        holds.release(hold)


def _finish(file: BinaryIO) -> None:
    """Have all that was written to a file on the disk, and close it."""
    file.flush()
    os.fsync(file.fileno())
    file.close()  # Windows renames none that is open


def _create(path: Path, mode: int) -> BinaryIO:
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))


def _resemble(file: BinaryIO, status: os.stat_result, most: int = 0o777) -> None:
    """Give a file the owner, the group and the permissions of another, as far as possible."""
    if sys.platform == "win32":  # which hands rights on by folders
        return
    handle = file.fileno()
    mode = status.st_mode & most & 0o777
    for owner in ((-1, status.st_gid), (status.st_uid, -1)):
        with suppress(OSError):
            os.fchown(handle, *owner)
    if os.fstat(handle).st_gid != status.st_gid:  # another group gets no more than everybody
        mode &= 0o707 | (mode & 0o007) << 3
    with suppress(OSError):
        os.fchmod(handle, mode)


def _link(path: Path, name: Path) -> None:
    """Give a file a second name, or, where that cannot be, another. It must be free."""
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        path.replace(name)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # where none can be opened
        return
    with suppress(OSError):  # not every file system can
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _without_owner(draft: Path) -> Iterator[None]:
    """Hold a draft, if it is still there.

    Raises:
        OSError: Its process is alive, or it cannot be told.
    """
    try:
        hold = holds.take(draft)
    except FileNotFoundError:  # it has got its name, only its links are left
        yield
        return
    try:
        yield
    finally:
        holds.release(hold)


def _end(folder: Path, stem: str) -> None:
    draft = folder / f"{stem}.tmp"
    failed = draft.exists()
    for link in folder.glob(f"{stem}.*.tmp"):
        if link.name.startswith(f"{stem}.new") == failed:
            _unlink_others(link)
        link.unlink(missing_ok=True)
    draft.unlink(missing_ok=True)  # last, for it tells what the links mean


def _unlink_others(link: Path) -> None:
    """Remove a file's other names in its folder, unless anybody may have put the link there."""
    status = link.lstat()
    if link.parent.stat().st_mode & stat.S_ISVTX:
        return
    if not stat.S_ISREG(status.st_mode) or status.st_nlink == 1:
        return
    for other in link.parent.iterdir():
        with suppress(FileNotFoundError):
            if os.path.samestat(other.lstat(), status) and not _NAME.fullmatch(other.name):
                other.unlink()
