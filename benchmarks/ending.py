"""End what a benchmark has started, also when it is told to end."""

import signal


def end_as_by_ctrl_c() -> None:
    """Have SIGTERM end this program as Ctrl-C does: what it started is ended on the way out."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
