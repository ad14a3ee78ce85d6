"""A sandbox with a world of coloured patches, and one city's DAG run in it.

Everything is real but the training, for which `quick_trainer.py` leaves a model folder in seconds.
Two ways to run:

- `run_city()`: the whole DAG by `dag.test()`, from the city's name on; some 15 s.
- `city_run.CityRun`: from `reserve_instance` on, in a `prepared_cloud` whose city is labelled and
  has a dataset; 2 to 5 s, with faults between the tasks. Start one cloud a module; before each test
  call `use(monkeypatch)` for the settings, and `restore()`: the warehouse, the instances and their
  disks are then as new.

Witnesses, besides the warehouse: `control.instance_history()` (EC2), `count_logins()` (sshd).
"""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG
from botocore.loaders import JSONFileLoader
from psycopg import sql

from sandbox.addresses import SandboxAddresses
from sandbox.control import ControlClient
from sandbox.demo.pipeline import migrate_warehouse, pipeline_settings
from sandbox.options import SandboxOptions
from sandbox.supervisor import Sandbox
from sightscan.city import City
from sightscan.dataset.freeze import freeze_dataset
from sightscan.discover.cities import resolve_city
from sightscan.discover.wikidata import open_client
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from sightscan.warehouse.registry.cities import add_city
from tests.cities.colour_city import store_colour_city
from tests.cities.colour_world import CITY, SLUG, draw_colour_world

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK_TRAINER = REPOSITORY / "tests" / "quick_trainer.py"
DAG_ID = f"city_{SLUG}"
KEPT_DATABASE = "kept"


# Each client of AWS that a task makes reads EC2's description, of megabytes; a task is a process
# elsewhere, and reads it once.
_read_description = JSONFileLoader.load_file
_descriptions = cache(lambda path: _read_description(JSONFileLoader(), path))
JSONFileLoader.load_file = lambda _, path: _descriptions(path)


@dataclass
class SmallCloud:
    """A running sandbox and what its city's runs left in it."""

    sandbox: Sandbox
    state: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def addresses(self) -> SandboxAddresses:
        return self.sandbox.addresses

    @property
    def instance_id(self) -> str:
        return self.addresses.instances[0].instance_id

    def instance_state(self) -> str:
        """Return what EC2 says of the instance now."""
        return str(self.control.instance_history(self.instance_id)[-1]["state"])

    @cached_property
    def ec2(self) -> Any:
        """A client of EC2 that is not the pipeline's."""
        aws = self.addresses.aws
        return boto3.client(
            "ec2",
            endpoint_url=aws.endpoint_url,
            region_name=aws.region,
            aws_access_key_id=aws.access_key_id,
            aws_secret_access_key=aws.access_key,
        )

    def start_instance(self) -> None:
        """Start the instance behind the pipeline's back, and wait until it runs."""
        self.ec2.start_instances(InstanceIds=[self.instance_id])
        self._await("running", self.instance_id)

    def stop_instance(self, instance_id: str) -> None:
        """Stop an instance behind the pipeline's back, and wait until it has stopped."""
        if self.control.instance_history(instance_id)[-1]["state"] == "pending":
            self._await("running", instance_id)
        self.ec2.stop_instances(InstanceIds=[instance_id])
        self._await("stopped", instance_id)

    def _await(self, state: str, instance_id: str) -> None:
        waiter = self.ec2.get_waiter(f"instance_{state}")
        waiter.wait(InstanceIds=[instance_id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})

    @property
    def control(self) -> ControlClient:
        """Ask the stand-ins what they were asked, and break them."""
        return ControlClient(self.addresses.control_url)

    def connect(self) -> Any:
        """Open the warehouse as the pipeline."""
        return self.addresses.warehouse.connect()

    def one(self, query: Any) -> Any:
        """Return the only value of a query."""
        with self.connect() as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def count_logins(self) -> int:
        """Return how many SSH connections the hosts have let in."""
        logs = self.state.glob("instances/*/sshd.log")
        return sum(log.read_text().count("Accepted publickey") for log in logs)

    def home(self, instance_id: str) -> Path:
        """Return where the disk of an instance is."""
        return self.state / "instances" / instance_id / "home"

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the settings of this test point at it."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    def add_city(self, name: str = CITY) -> City:
        """Put a city into the registry, as Wikidata's stand-in knows it; after `use`."""
        with self.connect() as connection, open_client(settings()) as client:
            return add_city(connection, resolve_city(client, name))

    def seconds_on(self, since: int = 0) -> list[float]:
        """Return how long the machine was on each time, by EC2's history from line `since` on.

        From its launch, which is the time that EC2 tells of a running instance, not from when it runs:
        between the two lie seconds on a busy machine.
        """
        start, has_run, spans = None, False, []
        for line in self.control.instance_history()[since:]:
            at = datetime.fromisoformat(line["at"])
            if line["state"] == "pending":
                start, has_run = at, False
            elif line["state"] == "running":
                has_run = True
            elif start is not None and has_run:
                spans.append((at - start).total_seconds())
                start = None
        return spans

    def keep(self) -> None:
        """Keep the warehouse as it is now, for `restore`."""
        self._copy_database(self.addresses.warehouse.database, KEPT_DATABASE)

    def restore(self) -> None:
        """Go back to the warehouse that was kept, with instances that never ran."""
        for instance in self.addresses.instances:
            self.stop_instance(instance.instance_id)
            for path in self.home(instance.instance_id).iterdir():
                shutil.rmtree(path)
            (self.home(instance.instance_id) / "tmp").mkdir(mode=0o700)
        self.control.refuse_next_starts(0)
        self._copy_database(KEPT_DATABASE, self.addresses.warehouse.database)

    def _copy_database(self, source: str, target: str) -> None:
        names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
        names["owner"] = sql.Identifier(self.addresses.warehouse.user)
        with self.addresses.postgres.connect() as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
                [source],
            )
            drop = sql.SQL("drop database if exists {target} with (force)")
            connection.execute(drop.format(**names))
            create = sql.SQL("create database {target} template {source} owner {owner}")
            connection.execute(create.format(**names))

    def forget(self) -> None:
        """Empty the warehouse: the next run is a city's first."""
        owner = replace(self.addresses.postgres, database=self.addresses.warehouse.database)
        with owner.connect() as connection:
            connection.execute("truncate core.city, core.photo cascade")

    def let_nobody_in(self, *, is_out: bool) -> None:
        """Let the warehouse refuse everybody and end who is in, or let them in again."""
        name = self.addresses.warehouse.database
        with self.addresses.postgres.connect() as connection:
            connection.autocommit = True
            allow = sql.SQL("alter database {} allow_connections {}")
            connection.execute(allow.format(sql.Identifier(name), sql.Literal(not is_out)))
            if is_out:
                end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
                connection.execute(end, [name])


@contextmanager
def small_cloud(folder: Path, *, instance_count: int = 1, **options: Any) -> Iterator[SmallCloud]:
    """Start a sandbox that shows coloured patches, with a migrated warehouse; options as `cloud_of`."""
    world = draw_colour_world(folder / "world")
    with cloud_of(folder, world.folder, instances=instance_count, **options) as cloud:
        yield cloud


@contextmanager
def cloud_of(folder: Path, world: Path, **options: Any) -> Iterator[SmallCloud]:
    """Start a sandbox that shows a world, with a migrated warehouse; the rest as SandboxOptions has it."""
    options = {"transition_seconds": 0.3, "boot_seconds": 0.1, **options}
    with Sandbox(SandboxOptions(state=folder / "state", world=world, **options)) as sandbox:
        cloud = SmallCloud(sandbox, folder / "state")
        migrate_warehouse(cloud.addresses)
        cloud.environment = _environment(cloud.addresses, folder)
        yield cloud


@contextmanager
def prepared_cloud(folder: Path, *, instance_count: int = 1) -> Iterator[SmallCloud]:
    """Start a small cloud whose city is labelled and has dataset 1; `restore` goes back to it."""
    with small_cloud(folder, instance_count=instance_count) as cloud:
        config = read_settings(min_image_number_per_label=3)
        with cloud.connect() as connection:
            city = store_colour_city(connection).city
            connection.execute("update core.city set slug = %s", [SLUG])
            freeze_dataset(connection, config, city, Run(city.city_id, DAG_ID, "earlier"))
        cloud.keep()
        yield cloud


def quick_trainer(*arguments: str) -> str:
    """Return a trainer command that ends in seconds."""
    return " ".join(["python", str(QUICK_TRAINER), *arguments])


def city_dag() -> DAG:
    """Parse the city's DAG; a task that fails in a test fails at once."""
    bag = DagBag(str(REPOSITORY / "dags"))
    assert bag.import_errors == {}
    dag = bag.dags[DAG_ID]
    for task in dag.tasks:
        task.retries = 0
    return dag


def run_city(**conf: Any) -> DagRun:
    """Run the city's DAG to its end in this process."""
    return city_dag().test(run_conf=conf)


def _environment(addresses: SandboxAddresses, folder: Path) -> dict[str, str]:
    environment = pipeline_settings(addresses, folder)
    Path(environment["REGISTRY_SNAPSHOT"]).write_text(
        f'[{{"slug": "{SLUG}", "name": "{CITY}", "country": "X", "is_active": true}}]'
    )
    return {
        **environment,
        # One stand-in of a catalogue is enough, and nobody needs to be spared.
        "PHOTO_SOURCES": "wikimedia_commons",
        "CRAWL_REQUESTS_PER_SECOND": "0",
        "MTS_CHECK_INTERVAL_SECONDS": "0.2",
        "MTS_HOST_TIMEOUT_SECONDS": "30",
        "MTS_TRAINER_COMMAND": quick_trainer(),
        "MTS_IMAGE_SIZE": "160",
        "MTS_ARCHITECTURE": "yolov5n",
        "MTS_WEIGHTS": "none",
        "MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING": "20",
        "MIN_IMAGE_NUMBER_PER_LABEL": "3",
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    }
