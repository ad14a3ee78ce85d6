"""A client of Airflow's own API server in this process, logged in as whoever a test needs."""

from functools import cache
from typing import Any

import httpx

ORIGIN = "http://testserver"


def client_of(name: str, role: str) -> httpx.Client:
    """Return a client with the login of a user of a role of the simple auth manager."""
    # Airflow is configured by the conftest of all tests, so that it is imported after it.
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415
    from airflow.api_fastapi.auth.managers.simple.user import (  # noqa: PLC0415
        SimpleAuthManagerUser,
    )
    from starlette.testclient import TestClient  # noqa: PLC0415

    app = _application()
    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role))
    return TestClient(app, base_url=ORIGIN, cookies={"_token": token})


def stranger() -> httpx.Client:
    """Return a client without a login."""
    from starlette.testclient import TestClient  # noqa: PLC0415

    return TestClient(_application())


@cache
def _application() -> Any:
    from airflow.api_fastapi.app import create_app  # noqa: PLC0415
    from airflow.utils.db import initdb  # noqa: PLC0415

    initdb()
    return create_app("core")
