"""Whether a process belongs to what was started in a folder: a part of Airflow, or a GPU host's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil


def processes_of(folder: Path) -> list[psutil.Process]:
    """Return those whose home, or working folder, is a folder or below it."""
    return [process for process in psutil.process_iter() if _is_below(process, folder)]


def _is_below(process: psutil.Process, folder: Path) -> bool:
    return any(path.is_relative_to(folder) for path in _folders_of(process))


def _folders_of(process: psutil.Process) -> Iterator[Path]:
    asked: tuple[Callable[[], str], ...] = (
        lambda: process.environ().get("HOME", ""),
        process.cwd,
    )
    for ask in asked:
        try:
            yield Path(ask())
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
