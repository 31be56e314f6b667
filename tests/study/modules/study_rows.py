"""What the tests read of the fake study's runs."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

JOBS = 4 + 12  # two activations at two rates; then at four seeds of one setting, two of the other


def rows(database: Path) -> set[tuple]:
    """What a database has of each job, but when and how long."""
    columns = "study, version, scale, stage, activation, seed, settings, rate, results"
    connection = sqlite3.connect(database)
    try:
        return set(connection.execute(f"SELECT {columns} FROM job").fetchall())
    except sqlite3.OperationalError:  # there is no table yet
        return set()
    finally:
        connection.close()


def begun(folder: Path) -> Counter[str]:
    """How often each job was begun."""
    path = folder / "begun"
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line.partition(" ")[2] for line in lines)


def pids(folder: Path) -> list[int]:
    """The processes that have begun a job."""
    lines = (folder / "begun").read_text().splitlines()
    return [int(pid) for pid in dict.fromkeys(line.partition(" ")[0] for line in lines)]
