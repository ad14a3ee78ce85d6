"""Tell of a process whether it runs."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended does not, though its parent may be late to hear of it."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    # The name in brackets may hold anything.
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}
