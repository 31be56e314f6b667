"""A process that does jobs one after another, as `_processes` asks.

``python -m mish.study._worker FD`` takes jobs from the connection with that file descriptor and
answers each with its outcome. It ends at once when the other side is gone, in whatever way.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import TypeAlias

from mish.study._jobs import Task
from mish.study._work import perform

_Tasks: TypeAlias = "queue.SimpleQueue[Task]"


def serve(connection: Connection) -> None:
    """Do jobs until the other side closes the connection."""
    tasks: _Tasks = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    while True:
        connection.send(perform(tasks.get()))


def _receive(connection: Connection, tasks: _Tasks) -> None:
    """Take in jobs, and end the process, whatever it is doing, when there will be no more."""
    try:
        while True:
            tasks.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    serve(Connection(int(sys.argv[1])))
