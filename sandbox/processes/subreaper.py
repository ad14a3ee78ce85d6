"""Run one command on a control pipe: when the pipe is closed, the command and all it started end.

Run as `python -I -S subreaper.py GRACE_SECONDS SIGNAL USER -- COMMAND...`, by path, with the
standard library only. The sandbox holds the other end of the subreaper's standard input. When that
pipe closes, because the sandbox asked for it or because it is gone (killed with -9 included), the
subreaper sends SIGNAL to the command, waits up to GRACE_SECONDS, and then kills every descendant.

Three facts of Linux make this complete:
- A pipe is closed by the kernel however its holder died. PR_SET_PDEATHSIG alone would not do
  between the sandbox and the subreaper: it fires when the *thread* that started the child ends.
- PR_SET_CHILD_SUBREAPER makes detached grandchildren (setsid, nohup, double fork) fall back to
  the subreaper instead of init, so "no child left" means "no descendant left".
- A session of its own (given by whoever starts the subreaper) keeps a `kill -9 -GROUP` of the
  sandbox from taking the subreaper along. Should the subreaper itself be killed with -9, its direct
  child gets SIGNAL by PR_SET_PDEATHSIG: here the parent is a single thread, so it fires right.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CONTROL_PIPE_FD = 0
LIBC = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the control pipe is closed; return its exit status."""
    separator = arguments.index("--")
    grace_text, signal_name, user_text = arguments[:separator]
    stop_signal = signal.Signals[signal_name]
    _become_subreaper()
    wake_fd = _wake_on_signals()
    subreaper_pid = os.getpid()
    user = int(user_text) if user_text != "-" else None

    def in_child() -> None:
        # What a subreaper ignores, its command must not: an ignored signal stays so over exec.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        LIBC.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != subreaper_pid:  # the subreaper died before prctl was called
            os._exit(1)

    try:
        child = subprocess.Popen(
            arguments[separator + 1 :],
            stdin=subprocess.DEVNULL,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
            preexec_fn=in_child,  # noqa: PLW1509 - safe here: the subreaper has one thread
        )
    except OSError as error:
        print(f"cannot start {arguments[separator + 1]}: {error}", file=sys.stderr)
        return 127
    status = _watch(child.pid, wake_fd)
    if status is None:
        _signal(child.pid, stop_signal)
        status = _wait_for(child.pid, float(grace_text))
    _kill_descendants()
    return 0 if status is None else abs(os.waitstatus_to_exitcode(status))


def _become_subreaper() -> None:
    if LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("this kernel has no PR_SET_CHILD_SUBREAPER; the sandbox needs Linux 3.4 or later")


def _wake_on_signals() -> int:
    """Return a file descriptor that becomes readable on SIGCHLD; SIGTERM closes the pipe."""
    read_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write_fd)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: _let_go())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return read_fd


def _let_go() -> None:
    # /dev/null reads as end of file: the same path as a closed control pipe.
    null_fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null_fd, CONTROL_PIPE_FD)
    os.close(null_fd)


def _watch(child_pid: int, wake_fd: int) -> int | None:
    """Return the child's wait status when it ends, None when the control pipe was closed first."""
    while True:
        readable, _, _ = select.select([CONTROL_PIPE_FD, wake_fd], [], [])
        if wake_fd in readable:
            os.read(wake_fd, 4096)
            status = _reap(child_pid)
            if status is not None:
                return status
        if CONTROL_PIPE_FD in readable and not os.read(CONTROL_PIPE_FD, 4096):
            return None


def _reap(child_pid: int) -> int | None:
    """Collect ended children (adopted ones too); return the main child's status if it is there."""
    found: int | None = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child_pid:
            found = status


def _wait_for(child_pid: int, grace_seconds: float) -> int | None:
    deadline = time.monotonic() + grace_seconds
    while (status := _reap(child_pid)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return status


def _kill_descendants() -> None:
    """Kill and reap until no child is left. New forks of a dying tree are met again each round."""
    while True:
        for pid in _descendants(os.getpid()):
            _signal(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.01)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - starts in 20 ms without pathlib
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as stat:  # noqa: PTH123 - as above
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
