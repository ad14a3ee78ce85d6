"""What a worker fetches late is run: nobody sends it again while there is no scheduler."""

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from airflow.api_fastapi.auth.tokens import JWTValidator
from airflow.executors.workloads.base import BaseWorkloadSchema

COMPOSE = Path(__file__).resolve().parents[3] / "docker" / "compose.yaml"
MINUTE = 60
KEY = "of at least sixty-four letters, as is asked of keys for this algorithm"
AUDIENCE = "urn:airflow.apache.org:task"


class Generator:
    """Sign what Airflow gives a message, as if it had been sent some time ago."""

    def __init__(self, age_seconds: float) -> None:
        self._sent_at = time.time() - age_seconds

    def generate(self, extras: dict[str, Any], valid_for: float) -> str:
        times = {"iat": self._sent_at, "nbf": self._sent_at, "exp": self._sent_at + valid_for}
        return jwt.encode(extras | times | {"aud": AUDIENCE}, KEY, algorithm="HS512")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set Airflow as workers and API server are set by Compose."""
    environment = yaml.safe_load(COMPOSE.read_text())["services"]["worker"]["environment"]
    for section in ("SCHEDULER", "API_AUTH"):
        for name, value in environment.items():
            if name.startswith(f"AIRFLOW__{section}__") and "$" not in value:
                monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("deployed")
def test_message_that_waited_while_no_scheduler_was_there_is_taken() -> None:
    generator: Any = Generator(25 * MINUTE)
    token = BaseWorkloadSchema.generate_token("a task", generator)
    claims = JWTValidator(secret_key=KEY, audience=AUDIENCE).validated_claims(token)
    assert claims["sub"] == "a task"


@pytest.mark.usefixtures("deployed")
def test_message_of_yesterday_is_not() -> None:
    generator: Any = Generator(24 * 60 * MINUTE)
    token = BaseWorkloadSchema.generate_token("a task", generator)
    with pytest.raises(jwt.ExpiredSignatureError):
        JWTValidator(secret_key=KEY, audience=AUDIENCE).validated_claims(token)
