"""Airflow's API server alone, for tests of the pages in it: a user, a password, a free port."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sandbox.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_SECONDS = 240
USERNAME = "ann"


@dataclass(frozen=True)
class ApiServer:
    """Where it is, and how a user who may trigger runs logs in."""

    url: str
    password: str

    def log_in(self, page: Page, path: str) -> None:
        """Open a page of it, be led to the login, log in, and be led back."""
        page.goto(f"{self.url}{path}")
        page.locator("input[name=username]").fill(USERNAME)
        page.locator("input[name=password]").fill(self.password)
        page.locator("button[type=submit]").click()
        page.wait_for_url(f"**{path}**")


@contextmanager
def run_api_server(folder: Path) -> Iterator[ApiServer]:
    """Run the server in a folder of its own, with the PG... settings of this process."""
    port = free_port()
    server = ApiServer(f"http://127.0.0.1:{port}", secrets.token_urlsafe(9))
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({USERNAME: server.password}))
    environment = os.environ | {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERNAME}:op",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__API__BASE_URL": server.url,
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
    }
    log = folder / "server.log"
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=environment,
            stdout=output,
            stderr=output,
            check=True,
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "airflow.api_fastapi.main:app", "--port", str(port)],
            env=environment | {"AIRFLOW_API_APPS": "core"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _await(server.url, process, log)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/api/v2/version", timeout=20)
        except httpx.HTTPError:
            time.sleep(0.3)
        else:
            return
    msg = f"Airflow's API server did not come up; its log ends with:\n{log.read_text()[-2000:]}"
    raise RuntimeError(msg)
