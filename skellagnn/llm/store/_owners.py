"""Owners of claims: which process of which machine made one, and whether it is still there."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

__all__ = ["is_dead", "started_at", "this_machine"]


def this_machine() -> str:
    """Name the machine, and on Linux the container: process numbers mean something only within."""
    try:
        inside = f"/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        inside = ""
    return platform.node().replace(":", "_")[:100] + inside


def started_at(pid: int) -> str:
    """Return when a process was started, ``""`` if there is none: its number may be that of another one later."""
    try:
        # since the machine was: what the clock says may be set
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state in "ZX" else fields[18]
    except (OSError, IndexError):
        if sys.platform == "linux":
            return ""
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except psutil.Error:
        return ""


def is_dead(owner: str) -> bool:
    """Say whether the owner of a claim was a process of this machine that is not there any more."""
    machine, pid, started, *_ = [*owner.rsplit(":", 3), "", "", ""]
    return machine == this_machine() and pid.isdecimal() and started_at(int(pid)) != started
