"""The cluster of docker/compose.yaml on this machine: Airflow on Celery with three workers, and Redis.

Commands and environment are read from that file; what one machine wants otherwise stands here. Each
part is a process group with HOME, AIRFLOW_HOME and TMPDIR of its own, as a container is.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil
import redis
import yaml

from sandbox.demo.airflow_services import REPOSITORY, USERNAME, AirflowServices
from sandbox.ports import LOOPBACK, free_port
from tests.dags.small_cloud import SmallCloud

END_SECONDS = 60
# By the service of compose.yaml whose command it has.
SERVICES = {
    "redis": "redis",
    "api-server": "api-server",
    "scheduler": "scheduler",
    "dag-processor": "dag-processor",
    "triggerer": "triggerer",
    "worker-1": "worker",
    "worker-2": "worker",
    "urgent-worker": "urgent-worker",
}
WORKERS = ("worker-1", "worker-2", "urgent-worker")
# Two slots of one ordinary worker, one of the other, and the urgent one's four. `work` has the three,
# which one city's crawls fill.
SIZES = {"AIRFLOW__CORE__PARALLELISM": "7", "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2"}
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
PASSWORD_OF_REDIS = "${REDIS_PASSWORD:?set it in .env, of letters and digits}"


class Cluster(AirflowServices):
    """All parts in a folder; who is killed takes along what it started, as in a container."""

    parts = tuple(SERVICES)
    start_timeout_seconds = 400

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        super().__init__(folder, port, environment)
        self._services = services_of_compose()
        self._redis_port = free_port()
        self._ports = {name: str(free_port()) for name in (*WORKERS, "triggerer", "scheduler")}
        # Of letters and digits, as compose.yaml asks.
        self.redis_password = secrets.token_hex(24)

    @property
    def environment(self) -> dict[str, str]:
        composed = {
            name: value
            for name, value in self._services["worker"]["environment"].items()
            # The rest are secrets and addresses, which are this machine's own.
            if name.startswith("AIRFLOW__") and "://" not in value and "${" not in value
        }
        broker = self._services["worker"]["environment"]["AIRFLOW__CELERY__BROKER_URL"]
        broker = broker.replace(PASSWORD_OF_REDIS, self.redis_password)
        return {
            **super().environment,
            **composed,
            "AIRFLOW__CELERY__BROKER_URL": broker.replace(
                "redis:6379", f"{LOOPBACK}:{self._redis_port}"
            ),
            **SIZES,
            # A parse is asked for where somebody waits.
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
            **self._given,
        }

    def prepare(self, password: str) -> None:
        """Make a user as compose.yaml says: Airflow asks for the password."""
        person = ["--firstname", "Ana", "--lastname", "Lima", "--email", "ana@example.org"]
        self.run(
            ["users", "create", "--username", USERNAME, *person, "--role", "Admin"],
            answers=f"{password}\n{password}\n",
        )

    def command_of(self, name: str) -> list[str]:
        """Return the command of compose.yaml."""
        service = self._services[SERVICES[name]]
        if name == "redis":
            bash, option, script = service["entrypoint"]
            listening = f"redis-server - --bind {LOOPBACK} --port {self._redis_port}"
            return [bash, option, script.replace("$$", "$").replace("redis-server -", listening)]
        node = ["--celery-hostname", f"celery@{name}"] if name in WORKERS else []
        size = ["--concurrency", "1"] if name == "worker-2" else []
        return ["airflow", *service["command"], *node, *size]

    def environment_of(self, name: str) -> dict[str, str]:
        """Return what a part is given: folders of its own, as in a container."""
        folder = self._folder / name
        own = {
            variable: str(folder / kind)
            for variable, kind in {
                "HOME": "home",
                "AIRFLOW_HOME": "airflow",
                "TMPDIR": "tmp",
                "CRAWL_SPOOL_FOLDER": "spool",
            }.items()
        }
        for path in own.values():
            Path(path).mkdir(parents=True, exist_ok=True)
        if name == "redis":
            environment = self.environment
            return {
                "HOME": own["HOME"],
                "PATH": environment["PATH"],
                "REDIS_PASSWORD": self.redis_password,
            }
        return {
            **self.environment,
            **own,
            "CONTAINER_NAME": name,
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "tests.cluster.container_name.container_name",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": self._ports.get(name, ""),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": self._ports["triggerer"],
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": self._ports["scheduler"],
        }

    def kill(self, name: str) -> None:
        """Kill a part with -9; what it started goes with it."""
        part = self.part(name)
        # The first: those that it orphaned come to the subreaper, too.
        children = psutil.Process(part.subreaper.pid).children()
        min(children, key=lambda process: process.create_time()).kill()
        part.subreaper.wait(END_SECONDS)

    def queued_in_redis(self, queue: str) -> int:
        """Return how many messages lie in Celery's queue, fetched by nobody."""
        with self.redis() as client:
            return int(client.llen(queue))

    def redis(self) -> Any:
        """Open Redis as the workers do."""
        return redis.Redis(port=self._redis_port, password=self.redis_password, socket_timeout=5)

    def secret(self, name: str) -> str:
        """Return one of those that were made for this Airflow."""
        return self._secret(name)


@contextmanager
def running_cluster(
    folder: Path, cloud: SmallCloud, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[Cluster]:
    """Start a cluster in front of a cloud; whatever was started of it is ended, however this ends.

    `settings` are given to Airflow beside those of the cloud. Ask `require_redis` first.
    """
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": cloud.addresses.airflow_db.url()}
    cluster = Cluster(folder, free_port(), {**cloud.environment, **settings, **database})
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def services_of_compose() -> dict[str, Any]:
    """Return the services of docker/compose.yaml."""
    text = (REPOSITORY / "docker" / "compose.yaml").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def require_redis() -> None:
    """Fail, with what to do, where there is no Redis to start."""
    if shutil.which("redis-server") is None:
        msg = "no redis-server on PATH; run `make redis`, which installs Debian's"
        raise RuntimeError(msg)
