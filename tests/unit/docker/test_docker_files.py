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
HASHED = REPOSITORY / "trainer" / "hashed-requirements.txt"
# Airflow's own, and what the detector app reads.
OTHER_NAMES = {"REGISTRY_SNAPSHOT", "GOOGLE_APPLICATION_CREDENTIALS", "AIRFLOW_CONFIG"}
# Of the proxy's file, and of nobody else.
PROXY_NAMES = {"APP_DOMAIN", "AIRFLOW_DOMAIN", "APP_ADDRESS", "AIRFLOW_ADDRESS"}
SECRET_NAME = re.compile(
    r"PASSWORD|SECRET|TOKEN|ACCESS_KEY$|FERNET|MAPS_KEY|SQL_ALCHEMY_CONN", re.IGNORECASE
)
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z0-9_]+)(?::[-?+][^}]*)?\}")


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
        "upkeep",
        "doctor",
        "app",
        "proxy",
        "sandbox",
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
    for one, slots in ((celery, "8"), (celery["sets"][0], "4")):
        assert one["args"][-1].endswith(f"--queues {one['queue']} --concurrency {slots}")


def test_every_service_that_stays_up_has_a_health_check() -> None:
    bare = {name for name, options in compose()["services"].items() if "healthcheck" not in options}
    # One ends, one sleeps until the night, and one sleeps five minutes: that a backup is missing, and
    # what the doctor sees, is told.
    assert bare == {"migrate", "upkeep", "doctor"}


def test_the_upkeep_is_done_each_night_where_backups_and_logs_are() -> None:
    upkeep = compose()["services"]["upkeep"]
    assert upkeep["command"][-1] == 'exec repeat "$$UPKEEP_AT" sightscan upkeep night'
    assert upkeep["stop_grace_period"] == "2m"
    folder = upkeep["environment"]["BACKUP_FOLDER"]
    logs = re.search(r"BASE_LOG_FOLDER=(\S+)", (DOCKER / "pipeline.Dockerfile").read_text())
    assert logs is not None
    mounted = {volume.removesuffix(":ro").rpartition(":")[2] for volume in upkeep["volumes"]}
    assert {folder, logs[1]} <= mounted
    cleanup = helm_values()["databaseCleanup"]
    assert (cleanup["enabled"], cleanup["applyCustomEnv"]) == (True, True)
    assert cleanup["args"][-1] == "exec sightscan upkeep night"
    # Its pod has the volumes of all, so the claim of the backups is one of them.
    (backups,) = [one for one in cleanup["env"] if one["name"] == "BACKUP_FOLDER"]
    mounts = {one["mountPath"]: one["name"] for one in helm_values()["volumeMounts"]}
    claims = {one["name"]: one.get("persistentVolumeClaim") for one in helm_values()["volumes"]}
    assert claims[mounts[backups["value"]]] == {"claimName": "sightscan-backups"}


def test_no_path_of_the_host_reaches_a_container_of_compose() -> None:
    text = (REPOSITORY / ".env.example").read_text()
    paths = set(
        re.findall(
            r"^([A-Z0-9_]+_(?:FILE|FOLDER|FOLDERS)|MTS_SSH_KNOWN_HOSTS)=", text, re.MULTILINE
        )
    )
    assert len(paths) > 5
    services = compose()["services"]
    for name in ("scheduler", "worker", "urgent-worker", "doctor"):
        service = services[name]
        for path in paths:
            inside = service["environment"].get(path)
            assert inside is not None, f"{path} of .env is the host's path in {name}"
            where = re.sub(r"\$\{[A-Z_]+:[+-]([^}]*)\}", r"\1", inside)
            mounted = {
                volume.removesuffix(":ro").rpartition(":")[2] for volume in service["volumes"]
            }
            mounted |= {f"/run/secrets/{secret}" for secret in service["secrets"]}
            assert not where or any(
                Path(where).is_relative_to(one)
                for one in (*mounted, "/tmp")  # noqa: S108
            ), f"{path} is {where} in {name}, where nothing is mounted"


def test_runbooks_type_what_is_about_backups_where_backups_are() -> None:
    place = re.search(
        r"`sightscan upkeep`.*?exec (\S+) bash`",
        (REPOSITORY / "docs" / "runbooks" / "README.md").read_text(),
        re.DOTALL,
    )
    assert place is not None
    service = compose()["services"][place[1]]
    folder = service["environment"]["BACKUP_FOLDER"]
    assert folder in {volume.rpartition(":")[2] for volume in service["volumes"]}


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
        if where not in {"compose: postgres", "compose: proxy"}
        and not name.startswith("AIRFLOW__")
        and name not in known
    }
    assert unknown == set()
    proxy = set(compose()["services"]["proxy"]["environment"])
    assert proxy == PROXY_NAMES
    text = (DOCKER / "Caddyfile").read_text()
    assert set(re.findall(r"\{\$([A-Z_]+)", text)) == PROXY_NAMES


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


def test_people_come_in_by_the_proxy_and_until_it_is_said_from_this_machine_only() -> None:
    ports = {
        name: options["ports"]
        for name, options in compose()["services"].items()
        if "ports" in options
    }
    assert set(ports) == {"proxy"}
    assert all(port.startswith("${PROXY_ADDRESS:-127.0.0.1}:") for port in ports["proxy"])


def networks_of(service: str) -> set[str]:
    return set(compose()["services"][service]["networks"])


def test_the_visitors_app_shares_no_network_with_airflow_and_its_queue() -> None:
    reached = {
        other
        for other in compose()["services"]
        if other != "app" and networks_of(other) & networks_of("app")
    }
    assert reached == {"proxy", "postgres"}
    # And none leads out, as long as the warehouse is here.
    networks = compose()["networks"]
    assert {networks[name]["internal"] for name in networks_of("app")} == {
        True,
        "${APP_NETWORK_INTERNAL:-true}",
    }


def test_nobody_reaches_the_queue_without_its_password() -> None:
    redis = compose()["services"]["redis"]
    assert networks_of("redis") == {"pipeline"}
    assert "requirepass $$REDIS_PASSWORD" in redis["entrypoint"][-1]
    url = compose()["services"]["worker"]["environment"]["AIRFLOW__CELERY__BROKER_URL"]
    assert url.startswith("redis://:${REDIS_PASSWORD:?")


def test_every_container_is_contained() -> None:
    for name, options in compose()["services"].items():
        assert options["security_opt"] == ["no-new-privileges:true"], name
        assert options["cap_drop"] == ["ALL"], name
        assert options["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert options["mem_limit"], name
        assert options["pids_limit"], name
    added = {name: o["cap_add"] for name, o in compose()["services"].items() if "cap_add" in o}
    assert added == {"proxy": ["NET_BIND_SERVICE"]}


def test_every_container_but_the_servers_is_read_only_and_has_room_in_memory() -> None:
    services = compose()["services"]
    assert {name for name, options in services.items() if not options.get("read_only")} == {
        "postgres"
    }
    places = {str(place).split(":")[0] for place in services["worker"]["tmpfs"]}
    assert places == {"/tmp", "/var/lib/airflow"}  # noqa: S108 - of a container
    # What must outlast a start is not there, but in a volume.
    volumes = [str(volume).split(":")[1] for volume in services["worker"]["volumes"]]
    assert "/var/lib/airflow/logs" in volumes
    spool = services["worker"]["environment"]["CRAWL_SPOOL_FOLDER"]
    assert any(spool.startswith(f"{volume}/") for volume in volumes)


def test_nobody_gets_into_airflow_of_a_cluster_by_a_default() -> None:
    values = helm_values()
    # The chart's own: a user admin whose password is admin, and an Ingress without name and TLS.
    assert values["createUserJob"]["enabled"] is False
    hosts = values["ingress"]["apiServer"]["hosts"]
    assert all(host["name"] and host["tls"]["enabled"] for host in hosts)
    assert hosts


def test_a_task_of_a_cluster_is_not_ended_to_save_a_node() -> None:
    workers = helm_values()["workers"]
    assert (workers["kubernetes"]["safeToEvict"], workers["celery"]["safeToEvict"]) == (
        False,
        False,
    )
    assert workers["kubernetes"]["resources"]["requests"]["memory"]


def test_no_key_stands_twice_in_a_file_of_a_deployment() -> None:
    # Compose refuses that, and PyYAML takes the last without a word.
    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"twice at line {node.start_mark.line}: {twice}"
        loader.flatten_mapping(node)
        return dict(loader.construct_pairs(node, deep=True))

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    for name in ("compose.yaml", "helm-values.yaml"):
        yaml.load((DOCKER / name).read_text(), Loader=Strict)  # noqa: S506 - a safe loader's child


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
    sources = re.findall(r"^COPY (?!--from=)(\S+) ", dockerfile.read_text(), re.MULTILINE)
    assert sources
    for source in sources:
        assert (REPOSITORY / source).exists()
        assert any(source == name or source.startswith(f"{name}/") for name in let_in)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_is_locked_unprivileged_and_starts_what_is_there(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    # pip and what it leaves are not in the last stage, whose packages are the locked ones.
    packages, _, last = text.rpartition("\nFROM ")
    assert "COPY --from=packages /opt/venv /opt/venv" in last
    installs = re.findall(r"(?:pip install|install-trainer /).*", packages)
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "hashed-requirements.txt" in install
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


def test_backups_are_made_by_the_servers_own_version() -> None:
    server = compose()["services"]["postgres"]["image"]
    assert server.startswith("postgres:17.")
    text = (DOCKER / "pipeline.Dockerfile").read_text()
    assert f"FROM {server} AS postgres" in text
    assert "postgresql-client-17 " in text


def locked(text: str) -> dict[str, tuple[str, int]]:
    """Return the packages of a lock file, each with its version and its number of hashes."""
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return {
        found[1]: (
            found[2],
            len(re.findall(r"^    --hash=sha256:[0-9a-f]{64}\b", entry, re.MULTILINE)),
        )
        for entry in entries
        if (found := re.match(r"([a-z0-9-]+)==(\S+)", entry))
    }


def asked_of_pip(folder: Path, *index: str) -> list[tuple[str, dict[str, tuple[str, int]]]]:
    """Run the script of the images with a Python whose pip keeps what it is asked for.

    Return the options of each call, and the packages of the file that it was given.
    """
    for program, script in {
        "python": 'mkdir -p "$3/bin" && cp "$KEPT/pip" "$3/bin/"',
        "pip": 'cp "${@: -1}" "$KEPT/" && echo "$*"',
    }.items():
        (folder / program).write_text(f"#!/bin/bash\n{script}\n")
        (folder / program).chmod(0o755)
    lock = folder / "lock"
    lock.mkdir()
    shutil.copy(HASHED, lock)
    done = subprocess.run(
        [DOCKER / "install-trainer.sh", folder / "venv", lock / HASHED.name, *index],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "KEPT": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    calls = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
    return [(said, locked((folder / Path(file).name).read_text())) for said, file in calls]


def test_the_trainers_images_have_its_packages_each_with_hashes() -> None:
    plain = locked((REPOSITORY / "trainer" / "requirements.txt").read_text())
    hashed = locked(HASHED.read_text())
    versions = [{name: version for name, (version, _) in each.items()} for each in (plain, hashed)]
    assert versions[0] == versions[1], "write both anew: make lock"
    assert [name for name, (_, hashes) in hashed.items() if not hashes] == []
    # No file of a lock names where somebody got it.
    assert "://" not in HASHED.read_text()


def test_a_trainer_with_a_gpu_is_installed_by_hash_alone(tmp_path: Path) -> None:
    ((said, packages),) = asked_of_pip(tmp_path)
    assert "--require-hashes" in said
    assert "--index-url" not in said
    assert packages == locked(HASHED.read_text())


def test_a_trainer_without_a_gpu_leaves_out_what_is_cudas(tmp_path: Path) -> None:
    (torch_said, torch), (others_said, others) = asked_of_pip(tmp_path, "https://example.org/cpu")
    assert "--index-url https://example.org/cpu" in torch_said
    assert "--require-hashes" not in torch_said
    assert set(torch) == {"torch", "torchvision"}
    # That index has other files of this version.
    assert [hashes for _, hashes in torch.values()] == [0, 0]
    assert "--require-hashes" in others_said
    assert "--index-url" not in others_said
    assert all(hashes for _, hashes in others.values())
    left_out = set(locked(HASHED.read_text())) - set(torch) - set(others)
    assert {"triton", "cuda-bindings", "nvidia-cublas"} <= left_out
    # NVIDIA's name, and no part of CUDA: it is asked for by others.
    assert "nvidia-ml-py" in others


def test_shell_scripts_are_well_formed_and_executable() -> None:
    bash = shutil.which("bash")
    assert bash
    for script in (
        DOCKER / "entrypoint.sh",
        DOCKER / "install-trainer.sh",
        DOCKER / "healthy-or-restart.sh",
        DOCKER / "postgres" / "create-databases.sh",
    ):
        subprocess.run([bash, "-n", script], check=True)
        assert os.access(script, os.X_OK)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_image_has_a_home_for_whatever_user_it_is_run_as(path: Path) -> None:
    # Streamlit and asyncssh do not start without one, and a user id may have no entry anywhere.
    assert re.search(r"^(?:ENV|   ) HOME=/", path.read_text(encoding="utf-8"), re.MULTILINE)
