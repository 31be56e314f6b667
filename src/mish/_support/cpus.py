"""How many CPUs this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath


def allowed_cpus() -> int:
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
