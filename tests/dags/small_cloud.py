"""A sandbox with a world of coloured patches, and one city's DAG run through `dag.test()`.

Everything is real but the training, for which `quick_trainer.py` leaves a model folder in seconds.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG
from psycopg import sql

from sandbox.addresses import SandboxAddresses
from sandbox.control import ControlClient
from sandbox.demo.pipeline import migrate_warehouse, pipeline_settings
from sandbox.supervisor import Sandbox, SandboxOptions
from tests.cities.colour_world import CITY, SLUG, draw_colour_world

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK_TRAINER = REPOSITORY / "tests" / "quick_trainer.py"
DAG_ID = f"city_{SLUG}"


@dataclass
class SmallCloud:
    """A running sandbox and what its city's runs left in it."""

    sandbox: Sandbox
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

    def start_instance(self) -> None:
        """Start the instance behind the pipeline's back, and wait until it runs."""
        aws = self.addresses.aws
        client = boto3.client(
            "ec2",
            endpoint_url=aws.endpoint_url,
            region_name=aws.region,
            aws_access_key_id=aws.access_key_id,
            aws_secret_access_key=aws.access_key,
        )
        client.start_instances(InstanceIds=[self.instance_id])
        waiter = client.get_waiter("instance_running")
        waiter.wait(InstanceIds=[self.instance_id], WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})

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
def small_cloud(folder: Path) -> Iterator[SmallCloud]:
    """Start a sandbox that shows coloured patches, with a migrated warehouse."""
    world = draw_colour_world(folder / "world")
    options = SandboxOptions(
        state=folder / "state",
        world=world.folder,
        transition_seconds=0.3,
        boot_seconds=0.1,
    )
    with Sandbox(options) as sandbox:
        cloud = SmallCloud(sandbox)
        migrate_warehouse(cloud.addresses)
        cloud.environment = _environment(cloud.addresses, folder)
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
        "MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING": "20",
        "MIN_IMAGE_NUMBER_PER_LABEL": "3",
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    }
