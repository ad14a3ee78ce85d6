"""Processor time of programs: what a machine that others use, too, can be asked about."""

import psutil


def cpu_seconds(root: psutil.Process) -> float:
    """Return the processor time of a process and of all that it started, those that ended, too."""
    living = [root, *root.children(recursive=True)]
    return sum(_seconds_of(process) for process in living)


def _seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        # Its parent has its time by now, or soon.
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
