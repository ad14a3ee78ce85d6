"""What may go wrong with a training, each against all that must hold then; docs/faults.md is its table.

A fault is a function that lets a city's run meet it. Whatever it is: the machine is stopped, by the
run itself or by a round of the reaper that is said, the lease is free, the bill is that of EC2's own
history, only what should be published is, no finished epoch is trained again, and a sentence says
what happened.
"""

import hashlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from psycopg import sql
from sqlalchemy import update

from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.gpu_host import GpuHost
from sightscan.operators.triggers import TrainingTrigger
from sightscan.settings import settings
from sightscan.train import upload
from sightscan.warehouse.models.datasets import list_dataset_photos
from tests.dags.city_run import CityRun, WorkerKilled, run_upkeep
from tests.dags.small_cloud import DAG_ID, SmallCloud, prepared_cloud, quick_trainer
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "faults.md"
ROUND_MINUTES = 5
MAX_ROUNDS = 5


class Drill:
    """One run of the city, the hands of the fault on it, and what EC2 showed before."""

    def __init__(self, cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.monkeypatch = monkeypatch
        self.rounds = 0
        self.history = len(cloud.control.instance_history())
        self.run: CityRun

    @property
    def host(self) -> GpuHost:
        """The machine."""
        return self.cloud.sandbox.hosts[self.cloud.instance_id]

    @property
    def fleet(self) -> Ec2Fleet:
        """EC2."""
        fleet = self.cloud.sandbox.fleet
        assert fleet is not None
        return fleet

    def set(self, **variables: str) -> None:
        """Change settings."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        settings.cache_clear()

    def begin(
        self,
        until: str | None = None,
        *,
        retries: Mapping[str, int] | None = None,
        **hooks: Mapping[str, Callable[["Drill"], None]],
    ) -> None:
        """Run the city's tasks; a hook acts once."""
        self.run = CityRun(self.cloud, retries=retries)
        for when, acts in hooks.items():
            for task_id, act in acts.items():
                getattr(self.run, when)[task_id] = self._once(when, task_id, act)
        self.run.go_on(until)

    def _once(
        self, when: str, task_id: str, act: Callable[["Drill"], None]
    ) -> Callable[[CityRun], None]:
        def hook(run: CityRun) -> None:
            del getattr(run, when)[task_id]
            act(self)

        return hook

    def train_with(self, *arguments: str) -> None:
        """Have the quick trainer called with these."""
        self.set(MTS_TRAINER_COMMAND=quick_trainer(*arguments))

    def hold_trainings(self) -> Path:
        """Have each training wait for a file, which one may be given, before its first epoch.

        Else it might be over by the time that the fault comes.
        """
        go = self.cloud.state / "go"
        self.train_with("--await", str(go))
        return go

    def reap(self) -> None:
        """Let the reaper make a round, and five minutes pass for the lease."""
        reaper = run_upkeep("stop_idle_instances")
        assert reaper.state == "success", reaper.errors
        with self.cloud.connect() as connection:
            connection.execute(
                "update core.instance_lease set quiet_since = quiet_since - interval '5 min'"
            )

    def reap_until_stopped(self) -> None:
        """Let the reaper make rounds until the machine has stopped; count them."""
        while self.cloud.instance_state() != "stopped" or self.count("core.instance_lease"):
            self.rounds += 1
            assert self.rounds <= MAX_ROUNDS, "the reaper leaves it on"
            self.reap()

    def require_on(self) -> None:
        """Insist on a machine that runs, also after a round of the reaper."""
        self.reap()
        assert self.cloud.instance_state() == "running"

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.cloud.one(sql.SQL("select count(*) from {}").format(sql.SQL(table))))

    def jobs(self) -> list[Path]:
        """Return the folders of the jobs on the host."""
        return sorted(self.cloud.home(self.cloud.instance_id).glob(".sightscan-jobs/*"))

    def await_file(self, name: str) -> Path:
        """Wait until the only job has written a file; return it."""

        def is_there() -> bool:
            return any((job / name).exists() and (job / name).read_text() for job in self.jobs())

        wait_until(is_there)
        (job,) = self.jobs()
        return job / name

    def model_file(self, name: str) -> Path:
        """Return a file of the model folder on the host."""
        home = self.cloud.home(self.cloud.instance_id)
        (request,) = home.glob("sightscan/runs/*/*/request.json")
        return request.parent / "model" / name

    def epochs(self) -> list[str]:
        """Return the lines of progress of all trainings on the host."""
        paths = self.cloud.home(self.cloud.instance_id).glob(
            "sightscan/runs/*/*/model/progress.jsonl"
        )
        return [line for path in paths for line in path.read_text().splitlines()]


def all_is_well(drill: Drill) -> None:
    drill.begin()


def start_refused(drill: Drill) -> None:
    drill.cloud.control.refuse_next_starts(2)
    drill.begin(retries={"start_instance": 1})


def start_slow(drill: Drill) -> None:
    drill.monkeypatch.setattr(drill.fleet, "transition_seconds", 1.2)
    drill.begin()


def sshd_late(drill: Drill) -> None:
    drill.monkeypatch.setattr(drill.host, "boot_seconds", 2.0)
    drill.begin()


def sshd_never_there(drill: Drill) -> None:
    drill.monkeypatch.setattr(drill.host, "boot_seconds", 3_600.0)
    drill.set(MTS_HOST_TIMEOUT_SECONDS="1")
    drill.begin()


def wrong_host_key(drill: Drill) -> None:
    known = Path(drill.cloud.environment["MTS_SSH_KNOWN_HOSTS"])
    pinned = drill.host.address.host_key
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    changed = known.with_name("other_known_hosts")
    changed.write_text(known.read_text().replace(pinned, other))
    drill.set(MTS_SSH_KNOWN_HOSTS=str(changed))
    drill.begin()


def self_check_fails(drill: Drill) -> None:
    drill.host.show_gpu(is_there=True)
    drill.train_with("--no-cuda")
    drill.begin()


def upload_cut(drill: Drill) -> None:
    real, written = upload.write_file, []

    async def write(*asked: Any) -> None:
        written.append(asked)
        if len(written) == 5:
            drill.host.power_off()
        await real(*asked)

    drill.monkeypatch.setattr(upload, "write_file", write)
    drill.begin(
        retries={"upload_dataset": 1}, after={"upload_dataset": lambda _: drill.host.power_on()}
    )


def training_exits_1(drill: Drill) -> None:
    drill.train_with("--fail")
    drill.begin(retries={"train_model": 1})


def training_exits_2(drill: Drill) -> None:
    drill.train_with("--status", "2")
    drill.begin(retries={"train_model": 1})


def out_of_memory(drill: Drill) -> None:
    drill.train_with("--status", "3")
    drill.begin(retries={"train_model": 1})


def training_killed(drill: Drill) -> None:
    drill.train_with("--die-after", "2")
    drill.begin(retries={"train_model": 1})


def has_members(group: int) -> bool:
    """Tell whether a process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def training_hangs(drill: Drill) -> None:
    go = drill.hold_trainings()

    def hold(drill: Drill) -> None:
        group = int(drill.await_file("pid").read_text())
        os.killpg(group, signal.SIGSTOP)
        patience = ("--stall-seconds", "1", "--quiet-seconds", "1", "--look-seconds", "0.05")
        drill.host.watch_anew(*patience)
        try:
            drill.await_file("ended")
            wait_until(lambda: not has_members(group))
        finally:
            # A second is too little for the next try, which on a busy machine begins slowly.
            drill.host.watch_anew()
        go.touch()

    drill.begin(retries={"train_model": 1}, during={"train_model": hold})


def connection_lost_for_60_s(drill: Drill) -> None:
    """As many attempts as fit into a minute find nobody."""
    real, refused = TrainingTrigger._connect, []

    async def connect(self: TrainingTrigger) -> asyncssh.SSHClientConnection:
        if len(refused) < 15:
            refused.append(self)
            raise ConnectionRefusedError
        return await real(self)

    drill.monkeypatch.setattr(TrainingTrigger, "_connect", connect)
    drill.monkeypatch.setattr(TrainingTrigger, "_reconnect_delay", lambda _self, _attempt: 0.02)
    drill.begin()


def kill_worker(_drill: Drill) -> None:
    raise WorkerKilled


def worker_killed(drill: Drill) -> None:
    """It had submitted the job, which goes on; the next try submits another."""
    drill.begin(retries={"train_model": 1}, during={"train_model": kill_worker})


def worker_killed_before_it_registers(drill: Drill) -> None:
    drill.begin(retries={"register_model": 1}, before={"register_model": kill_worker})


def worker_killed_for_good(drill: Drill) -> None:
    drill.begin(before={"register_model": kill_worker})


def triggerer_killed(drill: Drill) -> None:
    """Nobody watches until the training has ended; another triggerer takes over then."""
    drill.begin(during={"train_model": lambda drill: drill.await_file("exit_code") and None})


def scheduler_killed(drill: Drill) -> None:
    drill.begin(until="register_model")
    drill.require_on()
    drill.run.go_on()


def scheduler_killed_for_good(drill: Drill) -> None:
    drill.begin(until="register_model")
    drill.reap_until_stopped()


def run_marked_failed(drill: Drill) -> None:
    drill.begin(during={"train_model": lambda drill: drill.run.mark_failed()})
    drill.run.go_on()


def task_cleared(drill: Drill) -> None:
    def clear(drill: Drill) -> None:
        drill.run.clear("train_model")

    drill.begin(before={"register_model": clear})


def run_deleted(drill: Drill) -> None:
    drill.begin(until="register_model")
    drill.run.delete()
    drill.reap_until_stopped()


def dag_paused(drill: Drill) -> None:
    drill.begin(until="register_model")
    with dag_is(is_paused=True):
        drill.reap_until_stopped()


def snapshot_lost(drill: Drill) -> None:
    """Without it, the file of the DAGs makes none of this city: the scheduler leaves its runs alone."""
    drill.begin(until="register_model")
    with dag_is(is_stale=True):
        drill.reap_until_stopped()


@contextmanager
def dag_is(**flags: bool) -> Iterator[None]:
    def change(**values: bool) -> None:
        with create_session() as session:
            session.execute(update(DagModel).where(DagModel.dag_id == DAG_ID).values(**values))

    change(**flags)
    try:
        yield
    finally:
        change(**dict.fromkeys(flags, False))


def host_rebooted(drill: Drill) -> None:
    go = drill.hold_trainings()

    def reboot(drill: Drill) -> None:
        drill.await_file("pid")
        drill.host.power_off()
        drill.host.power_on()
        go.touch()

    drill.begin(retries={"train_model": 1}, during={"train_model": reboot})


def lease_lost(drill: Drill) -> None:
    def expire(drill: Drill) -> None:
        with drill.cloud.connect() as connection:
            connection.execute(
                "update core.instance_lease set leased_at = now() - interval '2 h',"
                " deadline_at = now() - interval '1 h'"
            )

    drill.begin(retries={"train_model": 1}, during={"train_model": expire})


def all_slots_busy(drill: Drill) -> None:
    """Nothing of the run is queued for five minutes, when its stop is due."""
    drill.begin(until="stop_instance")
    drill.require_on()
    drill.run.go_on()


def shut_out(drill: Drill) -> None:
    drill.cloud.let_nobody_in(is_out=True)


def let_in(drill: Drill) -> None:
    drill.cloud.let_nobody_in(is_out=False)


def warehouse_away_during_register(drill: Drill) -> None:
    drill.begin(
        retries={"register_model": 1},
        before={"register_model": shut_out},
        after={"register_model": let_in},
    )


def warehouse_away_from_register_on(drill: Drill) -> None:
    try:
        drill.begin(before={"register_model": shut_out})
        assert drill.cloud.instance_state() == "stopped"
    finally:
        let_in(drill)
    drill.reap_until_stopped()


def host_disk_full(drill: Drill) -> None:
    drill.host.set_free_bytes(4_000_000_000)
    drill.begin(retries={"await_host": 1})


def host_disk_full_in_training(drill: Drill) -> None:
    """When the trained model is written."""

    def fill(drill: Drill) -> None:
        model = drill.model_file("model.onnx")
        model.parent.mkdir(parents=True, exist_ok=True)
        model.symlink_to("/dev/full")

    drill.begin(before={"train_model": fill})


def photo_damaged(drill: Drill) -> None:
    """It lies on the host from an earlier training."""
    with drill.cloud.connect() as connection:
        rows = connection.execute("select city_id from core.city").fetchall()
        photo = list_dataset_photos(connection, rows[0][0], 1)[0]
    path = drill.cloud.home(drill.cloud.instance_id) / "sightscan" / "images" / photo.image_name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")

    def look(_drill: Drill) -> None:
        assert hashlib.sha256(path.read_bytes()).digest() == photo.sha256

    drill.begin(before={"train_model": look})


def result_missing(drill: Drill) -> None:
    drill.begin(
        retries={"register_model": 1},
        before={"register_model": lambda drill: drill.model_file("result.json").unlink()},
    )


def result_of_another_hash(drill: Drill) -> None:
    def damage(drill: Drill) -> None:
        drill.model_file("weights.safetensors").write_bytes(b"other weights")

    drill.begin(retries={"register_model": 1}, before={"register_model": damage})


def ec2_throttled(drill: Drill) -> None:
    drill.cloud.control.fail_next_requests("StartInstances", "RequestLimitExceeded", 1)
    drill.begin(retries={"start_instance": 1})


def ec2_500(drill: Drill) -> None:
    drill.cloud.control.fail_next_requests("StopInstances", "InternalError", 1)
    drill.begin(retries={"stop_instance": 1})


def ec2_500_when_asked_what_runs(drill: Drill) -> None:
    def fail(drill: Drill) -> None:
        drill.cloud.control.fail_next_requests("DescribeInstances", "InternalError", 1)

    drill.begin(retries={"stop_instance": 1}, before={"stop_instance": fail})


def stop_refused(drill: Drill) -> None:
    drill.cloud.control.fail_next_requests("StopInstances", "UnauthorizedOperation", 1)
    drill.begin()
    assert drill.cloud.instance_state() == "running"
    drill.reap_until_stopped()


@dataclass(frozen=True)
class Ending:
    """What a fault must lead to."""

    published: bool = False
    tries: int = 1  # of train_model
    epochs: int | None = 3  # that were trained, on the host; None: as far as it came
    rounds: int = 0  # of the reaper, five minutes each; 0: the run stops the machine by itself
    is_started: bool = True
    says: Mapping[str, str] = field(default_factory=dict)  # by task: what its failed try says
    log: str = ""  # what the reaper says, where no task can


HELD = r"no task of its run is at work for \d+ minutes"
FAULTS: dict[Callable[[Drill], None], Ending] = {
    all_is_well: Ending(published=True),
    start_refused: Ending(
        tries=0,
        epochs=0,
        is_started=False,
        says={"start_instance": "Amazon has none of this kind now: try later, or another zone"},
    ),
    start_slow: Ending(published=True),
    sshd_late: Ending(published=True),
    sshd_never_there: Ending(
        tries=0, epochs=0, says={"await_host": "does not answer .* gave up after 1 s"}
    ),
    wrong_host_key: Ending(
        tries=0, epochs=0, says={"await_host": "host key of .* is not the pinned one"}
    ),
    self_check_fails: Ending(
        tries=0, epochs=0, says={"await_host": "self-check of .* failed: .*torch finds no CUDA"}
    ),
    upload_cut: Ending(
        published=True, says={"upload_dataset": "broke off .* goes on where it stopped"}
    ),
    training_exits_1: Ending(
        tries=2, epochs=0, says={"train_model": "the training itself failed.: asked to fail"}
    ),
    training_exits_2: Ending(
        epochs=0, says={"train_model": "cannot use its input, so another try would not help"}
    ),
    out_of_memory: Ending(
        tries=2,
        epochs=0,
        says={"train_model": "not even one photo at a time fits into the memory"},
    ),
    training_killed: Ending(
        published=True, tries=2, says={"train_model": "ended after epoch 2: its processes are gone"}
    ),
    training_hangs: Ending(
        published=True,
        tries=2,
        says={"train_model": "it finished no epoch for .* its host ended it"},
    ),
    connection_lost_for_60_s: Ending(published=True),
    worker_killed: Ending(published=True, tries=2, says={"train_model": "the worker was killed"}),
    worker_killed_before_it_registers: Ending(
        published=True, says={"register_model": "the worker was killed"}
    ),
    worker_killed_for_good: Ending(
        says={
            "register_model": "the worker was killed",
            "conclude_run": "^register_model failed; its log says why",
        }
    ),
    triggerer_killed: Ending(published=True),
    scheduler_killed: Ending(published=True),
    scheduler_killed_for_good: Ending(rounds=3, log=HELD),
    run_marked_failed: Ending(epochs=None, says={"conclude_run": "^train_model failed"}),
    task_cleared: Ending(published=True, tries=2),
    run_deleted: Ending(rounds=1, log="its run was deleted"),
    dag_paused: Ending(rounds=2, log=f"its DAG is paused, and {HELD}"),
    snapshot_lost: Ending(rounds=3, log=HELD),
    host_rebooted: Ending(
        published=True, tries=2, says={"train_model": "they were killed, or the host was restarted"}
    ),
    lease_lost: Ending(says={"train_model": "does not hold instance .*its lease ended at"}),
    all_slots_busy: Ending(published=True),
    warehouse_away_during_register: Ending(published=True, says={"register_model": "warehouse"}),
    warehouse_away_from_register_on: Ending(
        rounds=1, says={"register_model": "warehouse", "stop_instance": "warehouse"}
    ),
    host_disk_full: Ending(
        tries=0, epochs=0, says={"await_host": "4000000000 bytes left and needs 5000000000"}
    ),
    host_disk_full_in_training: Ending(says={"train_model": "No space left on device"}),
    photo_damaged: Ending(published=True),
    result_missing: Ending(
        says={"register_model": "result.json is missing on the GPU host, so there is no model"}
    ),
    result_of_another_hash: Ending(
        says={"register_model": "weights.safetensors does not have the SHA-256"}
    ),
    ec2_throttled: Ending(
        published=True,
        says={"start_instance": "RequestLimitExceeded.*asked too often by this account"},
    ),
    ec2_500: Ending(published=True, says={"stop_instance": "EC2 does not stop .*InternalError"}),
    ec2_500_when_asked_what_runs: Ending(
        published=True, says={"stop_instance": "EC2 does not show .*InternalError"}
    ),
    stop_refused: Ending(
        published=True,
        rounds=1,
        says={"stop_instance": "EC2 does not stop .*let the IAM user do ec2:StartInstances"},
    ),
}
# In the end all is well, as after another that is like it: left to the night.
LIKE_ANOTHER = {
    start_slow,
    sshd_late,
    connection_lost_for_60_s,
    all_slots_busy,
    photo_damaged,
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    with prepared_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        cloud.environment["MTS_PRICE_PER_HOUR_USD"] = "3.6"
        yield cloud


@pytest.fixture
def drill(started: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> Drill:
    started.use(monkeypatch)
    started.restore()
    started.sandbox.hosts[started.instance_id].set_free_bytes(50_000_000_000)
    started.sandbox.hosts[started.instance_id].show_gpu(is_there=False)
    # The books of the drill before are gone, and EC2 knows of its launch.
    with started.connect() as connection:
        connection.execute(
            "insert into core.instance_session"
            " (instance_id, price_per_hour_usd, started_at, running_at, stopped_at, stopped_by)"
            " select %s, 0, now(), now(), now(), 'somebody'",
            [started.instance_id],
        )
    return Drill(started, monkeypatch)


@pytest.mark.slow
@pytest.mark.usefixtures("airflow_database")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=pytest.mark.nightly if fault in LIKE_ANOTHER else ())
        for fault in FAULTS
    ],
    ids=lambda fault: fault.__name__,
)
def test_all_holds_whatever_happens(
    drill: Drill, fault: Callable[[Drill], None], caplog: pytest.LogCaptureFixture
) -> None:
    ending = FAULTS[fault]
    fault(drill)
    run, cloud = drill.run, drill.cloud
    # Stopped within the limit, by whom it is said, and nobody holds it.
    assert cloud.instance_state() == "stopped"
    assert drill.rounds == ending.rounds
    assert drill.count("core.instance_lease") == 0
    assert drill.count("core.instance_session where stopped_at is null") == 0
    # The bill.
    on = cloud.seconds_on(drill.history)
    assert len(on) == ending.is_started
    seconds = "select coalesce(sum(extract(epoch from stopped_at - running_at)), 0)::float"
    assert cloud.one(f"{seconds} from core.instance_session") == pytest.approx(sum(on), abs=2)
    billed = cloud.one(
        "select coalesce(sum(cost_usd), 0)::float from core.session_cost where city_id is not null"
    )
    assert billed == pytest.approx(sum(max(60.0, each) for each in on) * 0.001, abs=0.002)
    # The model.
    assert drill.count("core.publication") == ending.published
    # What was trained is not trained again.
    assert run.tries["train_model"] == ending.tries
    epochs = drill.epochs()
    assert len(set(epochs)) == len(epochs)
    assert ending.epochs in {None, len(epochs)}
    # What happened is said, and nothing else.
    told = {task_id: run.errors.get(task_id, "") for task_id in ending.says}
    for task_id, sentence in ending.says.items():
        assert re.search(sentence, told[task_id], re.DOTALL), run.errors
    assert set(run.errors) - set(ending.says) <= {"conclude_run"}, run.errors
    assert re.search(ending.log, caplog.text)


# The real processes of a real Airflow on Celery.
STORY = "tests/end_to_end/cluster_story.py::"
# What a fault is tested for besides, more closely or on the real thing.
SEE_ALSO: dict[str, tuple[str, ...]] = {
    "start_refused": (
        "tests/dags/test_handover.py::test_second_refusal_for_lack_of_capacity_goes_on_with_the_next_machine",
        "tests/faults/test_gpu_books.py::test_start_that_may_not_be_tagged_does_not_begin",
    ),
    "sshd_late": (
        "tests/integration/test_training_host.py::test_host_that_starts_late_is_waited_for",
    ),
    "wrong_host_key": (
        "tests/integration/test_training_host.py::test_wrong_host_key_is_refused_at_once",
    ),
    "self_check_fails": (
        "tests/integration/test_self_check.py::test_host_that_cannot_train_is_told_what_failed",
    ),
    "upload_cut": (
        "tests/integration/test_training_host.py::test_upload_that_breaks_off_is_completed_by_the_next",
    ),
    "training_exits_2": (
        "tests/dags/test_training_outcomes.py::test_only_bad_input_or_a_bad_command_is_not_tried_again",
    ),
    "out_of_memory": (
        "tests/trainer/test_memory.py::test_training_goes_on_after_its_last_epoch_with_half_the_batch",
    ),
    "training_killed": (
        "tests/faults/test_dead_trainings.py::test_killed_group_is_noticed_and_the_next_try_goes_on",
    ),
    "training_hangs": (
        "tests/faults/test_dead_trainings.py::test_stopped_training_is_ended_by_its_host_and_the_next_try_goes_on",
        "tests/trainer/test_host_watch.py::test_training_without_an_epoch_for_ten_minutes_hangs",
    ),
    "connection_lost_for_60_s": (
        "tests/faults/test_dead_trainings.py::test_connection_lost_for_a_minute_is_survived",
    ),
    "worker_killed": (
        f"{STORY}kill_the_worker_that_starts_a_training",
        "tests/trainer/test_finished_model.py::test_same_request_again_does_nothing_and_changes_nothing",
        "tests/integration/test_training_host.py::test_lock_of_a_worker_that_died_is_free",
    ),
    "triggerer_killed": (
        f"{STORY}kill_triggerer_and_scheduler_while_it_trains",
        "tests/dags/test_waiting_triggers.py::test_turn_that_came_while_no_triggerer_ran_is_not_missed",
    ),
    "scheduler_killed": (f"{STORY}kill_triggerer_and_scheduler_while_it_trains",),
    "scheduler_killed_for_good": (
        "tests/faults/test_dead_trainings.py::test_machine_goes_off_at_its_deadline_though_all_the_rest_is_gone",
        "tests/faults/test_dead_trainings.py::test_idle_machine_goes_off",
    ),
    "run_marked_failed": (
        "tests/end_to_end/test_chain.py::test_run_marked_failed_by_hand_is_red_and_leaves_no_gpu",
    ),
    "task_cleared": (
        "tests/dags/test_clearing.py::test_nothing_that_needs_the_machine_is_cleared_without_lease_and_stop",
        "tests/dags/test_clearing.py::test_clearing_a_finished_run",
    ),
    "run_deleted": (
        "tests/dags/test_clearing.py::test_run_that_is_deleted_while_it_holds_the_machine_is_the_reapers",
    ),
    "dag_paused": ("tests/faults/test_gpu_books.py::test_run_that_cannot_go_on_is_dead",),
    "snapshot_lost": (
        "tests/faults/test_gpu_books.py::test_run_that_cannot_go_on_is_dead",
        "tests/dags/test_registry_snapshot.py::test_snapshot_that_would_lose_cities_is_refused",
    ),
    "host_rebooted": (
        "tests/faults/test_dead_trainings.py::test_restarted_host_is_noticed_and_the_next_try_goes_on",
    ),
    "lease_lost": (
        "tests/dags/test_lost_lease.py::test_lease_given_away_before_a_task",
        "tests/dags/test_lost_lease.py::test_lease_given_away_while_it_trains",
    ),
    "all_slots_busy": (
        "tests/dags/test_priorities.py::test_stop_and_reaper_are_queued_at_once_while_crawls_fill_all_slots",
        f"{STORY}end_a_training_while_crawls_hold_all_slots",
    ),
    "warehouse_away_from_register_on": (
        "tests/dags/test_task_graph_outcomes.py::test_machine_is_stopped_though_the_warehouse_died_in_mid_training",
        "tests/faults/test_gpu_books.py::test_bill_is_ec2s_and_nothing_is_left",
    ),
    "host_disk_full": (
        "tests/integration/test_host_files.py::test_host_without_room_is_refused_with_the_number_of_bytes",
        "tests/integration/test_host_files.py::test_disk_that_is_full_in_the_middle_is_named_and_the_upload_goes_on_later",
    ),
    "host_disk_full_in_training": (
        "tests/trainer/test_full_disk.py::test_training_that_can_write_its_model_alone_ends_with_it",
    ),
    "photo_damaged": (
        "tests/integration/test_host_files.py::test_whatever_is_damaged_is_made_whole_by_the_next_upload",
    ),
    "result_missing": (
        "tests/integration/test_training_host.py::test_training_without_result_is_no_model",
    ),
    "result_of_another_hash": (
        "tests/integration/test_training_host.py::test_fetched_file_with_another_hash_is_refused",
    ),
    "stop_refused": (
        "tests/faults/test_gpu_books.py::test_instance_that_cannot_be_stopped_is_not_given_away",
    ),
}
HEAD = (
    "| fault | stopped | lease free | bill is EC2's, +-2 s | model published | trainings begun"
    " | what is said | more closely |"
)


def write_row(name: str, ending: Ending) -> str:
    """Return a fault's line in the table."""
    stopped = f"reaper, within {ROUND_MINUTES * ending.rounds} min" if ending.rounds else "the run"
    cells = (
        name.replace("_", " "),
        stopped if ending.is_started else "never ran",
        "yes",
        "yes",
        "yes" if ending.published else "no",
        str(ending.tries),
        ", ".join(f"`{task_id}`" for task_id in ending.says)
        or ("`stop_idle_instances`" if ending.log else "nothing failed"),
        "; ".join(f"`{place}`" for place in SEE_ALSO.get(name, ())) or "-",
    )
    return f"| {' | '.join(cells)} |"


def test_page_has_the_table() -> None:
    lines = [write_row(fault.__name__, ending) for fault, ending in FAULTS.items()]
    table = "\n".join([HEAD, f"|{'---|' * HEAD.count(' | ')}---|", *lines]) + "\n"
    assert table in PAGE.read_text(encoding="utf-8"), f"{PAGE} lacks\n{table}"


def test_tests_that_are_named_are_there() -> None:
    names = {fault.__name__ for fault in FAULTS}
    assert set(SEE_ALSO) <= names
    missing = []
    # Those of the table, and of what is told below it.
    page = PAGE.read_text(encoding="utf-8")
    for path, function in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page):
        if f"def {function}" not in (REPOSITORY / path).read_text(encoding="utf-8"):
            missing.append(f"{path}::{function}")
    assert missing == []
