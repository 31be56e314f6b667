"""The database of finished jobs: one SQLite file, one row for each job."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from mish._support.drafts import holding
from mish._support.json_text import json_text
from mish.study._jobs import Finished, Job

SCHEMA = 1
"""The version of the tables; raised when they change."""

_APPLICATION = int.from_bytes(b"Mish", "big")  # what SQLite keeps to tell whose file it is

# A rate is positive, so 0 stands for none in the key: SQLite takes no two NULLs for equal.
_TABLES = """
CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY,
    study TEXT NOT NULL, version INTEGER NOT NULL, scale TEXT NOT NULL, stage TEXT NOT NULL,
    activation TEXT NOT NULL, seed INTEGER NOT NULL, settings TEXT NOT NULL, rate REAL,
    results TEXT NOT NULL, seconds REAL NOT NULL, finished TEXT NOT NULL,
    software TEXT NOT NULL, machine TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS once ON job (
    study, version, scale, stage, activation, seed, settings, ifnull(rate, 0)
);
"""
_COLUMNS = (
    "study, version, scale, stage, activation, seed, settings, rate,"
    " results, seconds, finished, software, machine"
)


class DatabaseError(ValueError):
    """A file is no database of studies, is one of another version, or cannot be used."""


class Store:
    """A database of finished jobs; close it, or use it as a context."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open a database.

        Args:
            path: its file.
            create: make a new one if there is none.

        Raises:
            DatabaseError: there is none, it cannot be opened, or it has another version.
        """
        self.path = path
        if not create and not path.exists():
            raise DatabaseError(f"there is no database {path}: `mish study NAME` makes one")
        mode = "rwc" if create else "rw"
        with self._told("open"):
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None
            )
        try:
            with self._told("open"):
                self._check(create)
        except BaseException:
            self._connection.close()
            raise

    def _check(self, create: bool) -> None:
        """Refuse what is not a database of this version, and make a new one of an empty file."""
        application = self._number("PRAGMA application_id")
        version = self._number("PRAGMA user_version")
        if application == 0 and not self._number("SELECT count(*) FROM sqlite_master"):
            if not create:
                raise DatabaseError(f"{self.path} is empty: `mish study NAME` fills it")
            # another process may be doing the same
            self._connection.executescript(
                f"BEGIN IMMEDIATE;{_TABLES}PRAGMA application_id={_APPLICATION};"
                f"PRAGMA user_version={SCHEMA};COMMIT;"
            )
        elif application != _APPLICATION:
            raise DatabaseError(f"{self.path} is a database of another program: give another file")
        elif version != SCHEMA:
            raise DatabaseError(
                f"{self.path} is a database of version {version}, and this mish reads version "
                f"{SCHEMA}: give another file, or use the mish that made it"
            )

    def _number(self, query: str) -> int:
        (number,) = self._connection.execute(query).fetchone()
        return int(number)

    def finished(self, study: str, version: int) -> dict[Job, Finished]:
        """Give the finished jobs of a version of a study."""
        query = f"SELECT {_COLUMNS} FROM job WHERE study = ? AND version = ? ORDER BY id"
        with self._told("read"):
            rows = self._connection.execute(query, (study, version)).fetchall()
        return {found.job: found for found in map(_finished, rows)}

    def add(self, found: Finished) -> None:
        """Keep a finished job; one that is there already stays.

        Raises:
            DatabaseError: it cannot be written, as on a full disk; what was there stays.
        """
        job = found.job
        row = (
            *(job.study, job.version, job.scale, job.stage),
            *(job.activation, job.seed, job.settings, job.rate),
            *(json_text(found.results, None), found.seconds, found.when),
            *(json_text(found.software, None), found.machine),
        )
        marks = ", ".join("?" * len(row))
        with self._told("write"):
            self._connection.execute(
                f"INSERT OR IGNORE INTO job ({_COLUMNS}) VALUES ({marks})", row
            )

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only process that runs jobs for this database.

        Raises:
            DatabaseError: another one is.
        """
        with _alone(self.path):
            with self._told("write"):
                # A commit waits for no disk. A killed process loses none, a dead machine the last.
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
            try:
                yield
            finally:
                # One file again, which can be read where nothing can be written.
                with contextlib.suppress(sqlite3.Error):  # somebody reads it now
                    self._connection.execute("PRAGMA journal_mode=DELETE")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Say in an error which file it is of."""
        try:
            yield
        except sqlite3.Error as error:
            raise DatabaseError(f"cannot {what} the database {self.path}: {error}") from error


def _finished(row: tuple[Any, ...]) -> Finished:
    *key, results, seconds, when, software, machine = row
    numbers = {
        name: math.nan if value is None else float(value)
        for name, value in json.loads(results).items()
    }
    return Finished(Job(*key), numbers, seconds, when, json.loads(software), machine)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep out every other process that runs jobs for a database.

    The lock lies beside it: SQLite loses its own when another part of the process opens and closes
    the database's file.
    """
    beside = path.with_name(f"{path.name}-lock")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(holding(beside))
        except BlockingIOError:
            raise DatabaseError(
                f"another process runs studies for {path}: wait for it, or give another file"
            ) from None
        except OSError as error:
            raise DatabaseError(f"cannot write {beside}: {error.strerror}") from error
        yield
