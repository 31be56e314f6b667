"""How many threads a call on a large array uses."""

from __future__ import annotations

import math
import operator
import os
from pathlib import Path, PurePosixPath

from mish._numpy import native

_VARIABLES = ("MISH_NUM_THREADS", "OMP_NUM_THREADS")


def get_num_threads() -> int:
    """The number of threads that a call on a large array may use, the caller's among them.

    Before it is set it is what the environment variable ``MISH_NUM_THREADS`` says, else what
    ``OMP_NUM_THREADS`` says, else the number of CPUs that this process is allowed to use. Small
    arrays stay on the caller's thread, whatever the number. See docs/threads.md.
    """
    return native.get_num_threads()


def set_num_threads(n: int) -> None:
    """Set the number of threads that a call on a large array may use, for the whole process.

    The results have the same bits for every number. Calls that run already are not affected.

    Args:
        n: the number of threads, the caller's among them; from 1 to 1024.

    Raises:
        TypeError: if ``n`` is no integer.
        ValueError: if ``n`` is out of range.
    """
    try:
        number = operator.index(n)
    except TypeError:
        raise TypeError(f"n must be an integer, not {type(n).__name__}") from None
    if not 1 <= number <= native.MAX_THREADS:
        raise ValueError(f"n must be from 1 to {native.MAX_THREADS}, not {number}")
    native.set_num_threads(number)


def set_default() -> None:
    """Set the number that holds until somebody sets another.

    Raises:
        ImportError: if an environment variable says something that is no number of threads.
    """
    number = _from_environment() or min(_allowed_cpus(), native.MAX_THREADS)
    native.set_num_threads(number)


def _from_environment() -> int | None:
    for variable in _VARIABLES:
        value = os.environ.get(variable, "")
        if not value.strip():
            continue
        # OpenMP allows a list, a number for each level of nesting. There is one level here.
        first = value.split(",")[0].strip()
        if not (first.isdecimal() and 1 <= int(first) <= native.MAX_THREADS):
            raise ImportError(
                f"{variable}={value}: this is no number of threads; unset {variable} or set it "
                f"to a number from 1 to {native.MAX_THREADS}"
            )
        return int(first)
    return None


def _allowed_cpus() -> int:
    """The CPUs of the affinity mask, or fewer if the control groups grant less time than those."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    mask = len(os.sched_getaffinity(0))
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    except OSError:
        return mask
    quota = _cpu_quota(groups, Path("/sys/fs/cgroup"))
    # Part of a CPU's time is worth a thread.
    return min(mask, max(1, math.ceil(quota))) if math.isfinite(quota) else mask


def _cpu_quota(groups: str, mount: Path) -> float:
    """How many CPUs' time the groups grant; infinite where there is no limit.

    Args:
        groups: the groups of the process, as ``/proc/self/cgroup`` lists them.
        mount: the directory where they are mounted.
    """
    quota = math.inf
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Version 2 names no controllers; in version 1 each has its own hierarchy.
        hierarchy = mount / "cpu" if controllers else mount
        group = PurePosixPath(path.lstrip("/"))
        # A group has no more than the groups that it lies in. In a container its own directory may
        # be out of sight, and the limit then stands at the top.
        for each in (group, *group.parents):
            quota = min(quota, _limit(hierarchy / each))
    return quota


def _limit(group: Path) -> float:
    try:
        if (group / "cpu.max").exists():
            time, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        else:
            time = (group / "cpu.cfs_quota_us").read_text(encoding="utf-8").strip()
            period = (group / "cpu.cfs_period_us").read_text(encoding="utf-8")
    except OSError:
        return math.inf
    return math.inf if time in ("max", "-1") else int(time) / int(period)
