"""Run the detector app for a test: on a free port, in its own environment, gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.ports import free_port
from tests.cities.published_city import APP_LOGIN, APP_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.postgres.server import PostgresAddress

ROOT = Path(__file__).resolve().parents[2]
APP_PYTHON = ROOT / ".venv" / "app" / "bin" / "python"
START_TIMEOUT_SECONDS = 240


@contextmanager
def run_app(
    cache_folder: Path, log: Path, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield the app's address once it answers; end it, with all it started, on leaving.

    `settings` are environment variables, such as PGHOST; without them the app finds no
    warehouse and lives on what lies in `cache_folder`. Raises `RuntimeError` with the end of
    the log when it does not come up.
    """
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {
        # A port where nobody listens, nor will: away, and at once.
        "PGHOST": "127.0.0.1",
        "PGPORT": "1",
        "MODEL_CACHE_DIR": str(cache_folder),
        "STREAMLIT_SERVER_PORT": str(port),
    } | dict(settings or {})
    command = [str(APP_PYTHON), "-m", "streamlit", "run", "detector_app/server.py"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(process, url, log)
        yield url
    finally:
        _end(process)


def app_settings(address: PostgresAddress) -> dict[str, str]:
    """Return what tells the app of a warehouse, which it enters by the login of the tests."""
    return {
        "PGHOST": address.host,
        "PGPORT": str(address.port),
        "PGDATABASE": address.database,
        "PGUSER": APP_LOGIN,
        "PGPASSWORD": APP_PASSWORD,
    }


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=20):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    msg = f"The app did not come up at {url}; its log ends with:\n{log.read_text()[-2000:]}"
    raise RuntimeError(msg)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
