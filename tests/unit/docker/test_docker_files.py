"""The images and deployments name what the repository has, and hold no secret."""

import configparser
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightscan.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[3]
DOCKER = REPOSITORY / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
# Airflow's own, and what the detector app reads.
OTHER_NAMES = {"REGISTRY_SNAPSHOT", "GOOGLE_APPLICATION_CREDENTIALS", "AIRFLOW_CONFIG"}
SECRET_NAME = re.compile(
    r"PASSWORD|SECRET|TOKEN|ACCESS_KEY$|FERNET|MAPS_KEY|SQL_ALCHEMY_CONN", re.IGNORECASE
)
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z0-9_]+)(?::[-?][^}]*)?\}")


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DOCKER / "compose.yaml").read_text()))


def helm_values() -> dict[str, Any]:
    return dict(yaml.safe_load((DOCKER / "helm-values.yaml").read_text()))


def listed_settings() -> set[str]:
    text = (REPOSITORY / ".env.example").read_text()
    return set(re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE))


def environments() -> Iterator[tuple[str, str, str]]:
    """Yield where, name and value of every environment variable that a deployment sets."""
    for service, options in compose()["services"].items():
        for name, value in options.get("environment", {}).items():
            yield f"compose: {service}", name, str(value)
    for entry in helm_values()["env"]:
        yield "helm", entry["name"], str(entry["value"])


def test_compose_has_every_part_of_the_deployment() -> None:
    assert set(compose()["services"]) == {
        "postgres",
        "redis",
        "migrate",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "worker",
        "urgent-worker",
        "app",
    }


def test_urgent_tasks_have_a_worker_of_their_own_and_all_slots_are_counted() -> None:
    services = compose()["services"]
    assert services["worker"]["command"] == ["celery", "worker", "--queues", "default"]
    urgent = ["celery", "worker", "--queues", "urgent", "--concurrency", "4"]
    assert services["urgent-worker"]["command"] == urgent
    environment = services["worker"]["environment"]
    # One GPU instance, the reaper, and two tasks of sync_cities.
    assert environment["AIRFLOW__CELERY__WORKER_CONCURRENCY"] == "8"
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "12"
    celery = helm_values()["workers"]["celery"]
    assert (celery["queue"], [one["queue"] for one in celery["sets"]]) == ("default", ["urgent"])


def test_every_service_that_stays_up_has_a_health_check() -> None:
    bare = {name for name, options in compose()["services"].items() if "healthcheck" not in options}
    assert bare == {"migrate"}


def test_compose_reads_only_what_env_example_lists() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    names = set(VARIABLE.findall("\n".join(lines)))
    assert names
    assert names - listed_settings() == set(), "add these to .env.example, or read them no more"


def test_settings_that_deployments_name_exist() -> None:
    known = {name.upper() for name in Settings.model_fields} | listed_settings() | OTHER_NAMES
    unknown = {
        (where, name)
        for where, name, _ in environments()
        if where != "compose: postgres" and not name.startswith("AIRFLOW__") and name not in known
    }
    assert unknown == set()


def test_no_secret_has_a_literal_value() -> None:
    literal = [
        (where, name)
        for where, name, value in environments()
        if SECRET_NAME.search(name) and value and not VARIABLE.search(value)
    ]
    assert literal == []


def test_the_app_gets_no_credential_but_its_own() -> None:
    app = compose()["services"]["app"]
    assert "env_file" not in app
    assert app["environment"]["PGUSER"] == "sightscan_app"
    assert app["environment"]["PGPASSWORD"].startswith("${APP_PGPASSWORD")


def test_only_this_machine_reaches_the_published_ports() -> None:
    ports = [
        port for options in compose()["services"].values() for port in options.get("ports", [])
    ]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_helm_has_the_lines_of_airflow_cfg() -> None:
    given = configparser.ConfigParser()
    given.read(REPOSITORY / "airflow.cfg")
    expected = {(s, name): value for s in given.sections() for name, value in given[s].items()}
    # A laptop's limit; a cluster has its own.
    del expected["core", "parallelism"]
    config = helm_values()["config"]
    found = {(s, name): str(value) for s, lines in config.items() for name, value in lines.items()}
    missing = {key: value for key, value in expected.items() if found.get(key) != value}
    assert missing == {}, "bring `config` of helm-values.yaml in line with airflow.cfg"


def test_the_versions_are_those_of_the_lock() -> None:
    locked = re.search(
        r"^apache-airflow==(\S+)", (REPOSITORY / "requirements.txt").read_text(), re.MULTILINE
    )
    assert locked
    assert helm_values()["airflowVersion"] == locked[1]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_an_image_copies_exists_and_is_let_in(dockerfile: Path) -> None:
    let_in = re.findall(r"^!(\S+)", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE)
    sources = re.findall(r"^COPY (\S+) ", dockerfile.read_text(), re.MULTILINE)
    assert sources
    for source in sources:
        assert (REPOSITORY / source).exists()
        assert any(source == name or source.startswith(f"{name}/") for name in let_in)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_is_pinned_unprivileged_and_starts_what_is_there(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["python:3.11-slim-bookworm"]
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE)[-1] not in {"root", "0"}
    assert not re.search(rf"^(ENV|ARG) .*({SECRET_NAME.pattern})", text, re.MULTILINE)
    assert (REPOSITORY / "trainer" / "__main__.py").is_file()
    assert (REPOSITORY / "detector_app" / "server.py").is_file()


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["scheduler"], "airflow scheduler"),
        # `users` is a program of every Linux, too, but here it is a word of Airflow.
        (["users", "list"], "airflow users list"),
        (["airflow", "db", "migrate"], "airflow db migrate"),
        (["sightscan", "warehouse", "migrate"], "sightscan warehouse migrate"),
        (["bash", "-c", "exec airflow triggerer"], "airflow triggerer"),
    ],
)
def test_the_entry_point_takes_words_of_airflow_and_programs(
    tmp_path: Path, words: list[str], output: str
) -> None:
    for program in ("airflow", "sightscan"):
        stub = tmp_path / program
        stub.write_text(f'#!/bin/bash\necho "{program} $*"\n')
        stub.chmod(0o755)
    done = subprocess.run(
        [DOCKER / "entrypoint.sh", *words],
        env={"PATH": os.pathsep.join([str(tmp_path), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == output


def test_shell_scripts_are_well_formed_and_executable() -> None:
    bash = shutil.which("bash")
    assert bash
    for script in (DOCKER / "entrypoint.sh", DOCKER / "postgres" / "create-databases.sh"):
        subprocess.run([bash, "-n", script], check=True)
        assert os.access(script, os.X_OK)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_image_has_a_home_for_whatever_user_it_is_run_as(path: Path) -> None:
    # Streamlit and asyncssh do not start without one, and a user id may have no entry anywhere.
    assert re.search(r"^(?:ENV|   ) HOME=/", path.read_text(encoding="utf-8"), re.MULTILINE)
