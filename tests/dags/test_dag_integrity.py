"""Every DAG parses, is complete, and is what history and the runbooks rely on."""

import ast
import configparser
import inspect
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from airflow._shared.module_loading import find_path_from_directory
from airflow.api.common.trigger_dag import trigger_dag
from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.processor import (
    DagFileParseRequest,
    DagFileParsingResult,
    _parse_file,
)
from airflow.models.dag import DagModel
from airflow.models.taskinstance import TaskInstance
from airflow.sdk import DAG
from airflow.sdk.definitions.param import process_params
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType
from markdown_it import MarkdownIt

from sightscan.operators.city_dag.schedule import cron_of, weekly
from sightscan.operators.city_dag.shards import shard_of
from sightscan.operators.retries import RETRY_POLICY
from sightscan.operators.stage_task import Stage
from sightscan.training import lease_seconds, max_session_seconds
from tests.dags.conftest import SLUG, store_dags
from tests.nasty_names import NASTY_NAMES

REPOSITORY = Path(__file__).resolve().parents[2]
UPKEEP = {"refresh_data_marts", "sync_cities", "stop_idle_instances", "tell_incidents"}
CITY_TASKS = [
    "estimate_spend",
    "discover_sights",
    "crawl_photos",
    "label_photos",
    "refresh_marts",
    "decide_training",
    "freeze_dataset",
    "reserve_instance",
    "start_instance",
    "await_host",
    "upload_dataset",
    "train_model",
    "register_model",
    "publish_model",
    "stop_instance",
    "conclude_run",
]


def parse() -> dict[str, DAG]:
    bag = DagBag(str(REPOSITORY / "dags"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def dags(snapshot: Path) -> dict[str, DAG]:
    return parse()


@pytest.fixture
def city_dag(dags: dict[str, DAG]) -> DAG:
    return dags[f"city_{SLUG}"]


def test_there_is_one_dag_for_each_city_and_the_upkeep(dags: dict[str, DAG]) -> None:
    assert set(dags) == UPKEEP | {f"city_{SLUG}", "city_retired"}


def test_without_a_registry_only_the_upkeep_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(tmp_path / "none.json"))
    assert set(parse()) == UPKEEP


def test_a_worker_builds_only_the_dag_that_it_runs(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "city_retired")
    assert set(parse()) & {f"city_{SLUG}", "city_retired"} == {"city_retired"}


def test_task_ids_are_those_that_history_hangs_on(city_dag: DAG) -> None:
    assert sorted(city_dag.task_ids) == sorted(CITY_TASKS)


def test_parts_of_the_graph_can_be_folded_and_leave_ids_as_they_are(city_dag: DAG) -> None:
    groups = {
        name: {id_ for id_, child in group.children.items() if not hasattr(child, "children")}
        for name, group in city_dag.task_group.get_task_group_dict().items()
    }
    assert groups == {
        None: {"estimate_spend", "publish_model", "conclude_run"},
        "photos_and_labels": set(CITY_TASKS[1:5]),
        "training_data": set(CITY_TASKS[5:7]),
        "gpu": {*CITY_TASKS[7:13], "stop_instance"},
    }


def test_edges_are_those_of_the_design(city_dag: DAG) -> None:
    chain = CITY_TASKS[:14]
    edges = set(itertools.pairwise(chain)) | {
        # All that need the machine, and of these the setups; all that spend, or may turn it red.
        *((task_id, "stop_instance") for task_id in CITY_TASKS[7:13]),
        *((task_id, "conclude_run") for task_id in [*CITY_TASKS[:7], *CITY_TASKS[13:15]]),
    }
    found = {
        (task.task_id, downstream)
        for task in city_dag.tasks
        for downstream in task.downstream_task_ids
    }
    assert found == edges


def test_setups_and_teardowns_are_wired_so_that_no_gpu_is_forgotten(city_dag: DAG) -> None:
    tasks = {task.task_id: task for task in city_dag.tasks}
    assert {name for name, task in tasks.items() if task.is_setup} == {
        "estimate_spend",
        "reserve_instance",
        "start_instance",
        "await_host",
        "upload_dataset",
    }
    teardowns = {name: task for name, task in tasks.items() if task.is_teardown}
    assert set(teardowns) == {"stop_instance", "conclude_run"}
    assert all(task.on_failure_fail_dagrun for task in teardowns.values())
    setups = {"reserve_instance", "start_instance", "await_host", "upload_dataset"}
    assert setups < tasks["stop_instance"].upstream_task_ids
    # An edge to it would make it their teardown: publishing again would need the machine.
    assert setups.isdisjoint(tasks["conclude_run"].upstream_task_ids)


def test_lease_covers_the_time_outs_of_all_tasks_that_hold_an_instance(city_dag: DAG) -> None:
    """A task that is put between them needs a part of its own in the margin."""
    stop = city_dag.get_task("stop_instance")
    reserve = city_dag.get_task("reserve_instance")
    holding = reserve.get_flat_relative_ids(upstream=False) & (
        stop.get_flat_relative_ids(upstream=True) | {"stop_instance"}
    )
    time_outs = {
        name: city_dag.get_task(name).execution_timeout.total_seconds() for name in holding
    }
    assert set(time_outs) == {*CITY_TASKS[8:13], "stop_instance"}
    # The training is bounded by its own limit, and half an hour and a minute more.
    around = sum(time_outs.values()) - time_outs["train_model"]
    start = city_dag.get_task("start_instance")
    assert start.retry_delay.total_seconds() == 20
    waits = sum(2 * 20 * 2**retry for retry in range(start.retries))
    # What is left is for the scheduler and the workers.
    assert lease_seconds(0) - around - 1800 - 60 - waits == 500
    assert lease_seconds(0) == 5 * 3600 + 10 * 60


def test_what_the_reaper_takes_after_the_deadline_is_in_the_bill(dags: dict[str, DAG]) -> None:
    reaper = dags["stop_idle_instances"]
    assert reaper.schedule.summary == "*/5 * * * *"
    round_seconds = reaper.get_task("stop_idle_instances").execution_timeout.total_seconds()
    assert max_session_seconds(0) - lease_seconds(0) == 5 * 60 + round_seconds == 25 * 60


def test_one_broken_sight_does_not_stop_a_city(city_dag: DAG) -> None:
    assert city_dag.get_task("label_photos").trigger_rule == "all_done_min_one_success"


def test_no_city_has_a_run_timeout_since_that_skips_teardowns(city_dag: DAG) -> None:
    assert city_dag.dagrun_timeout is None


def test_every_task_has_a_time_out_and_an_owner(dags: dict[str, DAG]) -> None:
    bare = [
        f"{dag.dag_id}.{task.task_id}: give it execution_timeout and an owner"
        for dag in dags.values()
        for task in dag.tasks
        if task.execution_timeout is None or task.owner != "sightscan"
    ]
    assert bare == []


def test_every_task_knows_which_failures_another_try_would_repeat(dags: dict[str, DAG]) -> None:
    bare = [
        f"{dag.dag_id}.{task.task_id}: give it RETRY_POLICY"
        for dag in dags.values()
        for task in dag.tasks
        if task.retry_policy is not RETRY_POLICY
    ]
    assert bare == []


def test_every_dag_says_what_it_does_and_whether_it_may_run_again(dags: dict[str, DAG]) -> None:
    silent = [
        dag.dag_id for dag in dags.values() if "May it be run again?" not in (dag.doc_md or "")
    ]
    assert silent == []


def test_every_field_of_the_trigger_form_is_typed_and_explained(city_dag: DAG) -> None:
    assert set(city_dag.params) == {
        "sights",
        "photos_per_sight",
        "photo_sources",
        "licence_policy",
        "full_resolution",
        "skip_known",
        "vision_calls",
        "epochs",
        "image_size",
        "architecture",
        "weights",
        "batch_size",
        "minutes",
        "patience",
        "seed",
        "force_training",
    }
    for name in city_dag.params:
        param = city_dag.params.get_param(name)
        assert param.schema.get("type"), name
        assert param.schema.get("title"), name
        assert param.description, name


def test_a_retired_city_keeps_its_dag_and_lets_nobody_run_it(
    dags: dict[str, DAG], airflow_database: None
) -> None:
    retired = dags["city_retired"]
    assert {"city", "retired"} == set(retired.tags)
    assert retired.is_paused_upon_creation is True
    bag = DagBag(str(REPOSITORY / "dags"))
    store_dags(bag)
    with create_session() as session:
        stored = session.get(DagModel, "city_retired")
        assert stored is not None
        # It has a timetable that never plans a run, and lets only planned ones in.
        assert (stored.timetable_summary, stored.next_dagrun) == ("retired", None)
        assert stored.allowed_run_types == ["scheduled"]
    with pytest.raises(ValueError, match="does not allow manual runs"):
        trigger_dag("city_retired", triggered_by=DagRunTriggeredByType.CLI)
    assert "manual" in (dags[f"city_{SLUG}"].allowed_run_types or ())


def test_serialisation_is_the_same_over_two_parses(snapshot: Path) -> None:
    def serialised() -> dict[str, str]:
        return {
            dag_id: json.dumps(DagSerialization.to_dict(dag), sort_keys=True, default=str)
            for dag_id, dag in parse().items()
        }

    assert serialised() == serialised()


def test_form_is_part_of_the_dag_alone_and_is_still_merged_and_checked(
    dags: dict[str, DAG], city_dag: DAG
) -> None:
    """A form that is there before the tasks is copied into each: twelve times the cost of a parse."""
    assert [task.task_id for task in city_dag.tasks if task.params] == []
    task = city_dag.get_task("crawl_photos")
    given = process_params(city_dag, task, {"sights": 7}, suppress_exception=False)
    assert (given["sights"], given["epochs"], given["force_training"]) == (7, None, False)
    with pytest.raises(ParamValidationError, match="sights"):
        process_params(city_dag, task, {"sights": 0}, suppress_exception=False)
    # Another city's form does not hold what was asked of this one.
    assert dags["city_retired"].params["sights"] is None


def test_a_citys_dag_stays_small(snapshot: Path) -> None:
    """As the DAG processor sends and keeps it; what a change adds here, it adds for each city."""
    (shown,) = parse_as_airflow(shard_of(SLUG)).serialized_dags
    sent = shown.model_dump_json()
    # 20 is the bound of the benchmark; longer names and a city's own settings take some of the rest.
    assert len(sent) / 1000 < 19.5
    assert "default_args" not in shown.data["dag"]


def test_what_is_kept_once_for_all_tasks_is_each_tasks_own(
    airflow_database: None, dags: dict[str, DAG]
) -> None:
    """Owner and weight rule are defaults of airflow.cfg, which a task that says the same leaves out."""
    shown = DagSerialization.from_dict(DagSerialization.to_dict(dags[f"city_{SLUG}"]))
    assert {task.owner for task in shown.tasks} == {"sightscan"}
    for task in shown.tasks:
        # What comes after it adds nothing.
        assert (
            task.weight_rule.get_weight(TaskInstance(task, dag_version_id=None))
            == task.priority_weight
        )


def test_each_stage_is_given_what_its_function_takes(city_dag: DAG) -> None:
    stages = [task for task in city_dag.tasks if isinstance(task, Stage)]
    assert len(stages) == 11
    for task in stages:
        inspect.signature(task.function).bind(**task.op_kwargs)
        assert task.op_kwargs["slug"] == SLUG
        told = [name for name, value in task.op_kwargs.items() if "{{" in value]
        assert bool(told) == ("op_kwargs" in task.template_fields), task.task_id


def test_a_parse_has_time_and_one_that_is_killed_makes_no_city_vanish_at_once() -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(REPOSITORY / "airflow.cfg")
    times = config["dag_processor"]
    assert config["core"].getint("dagbag_import_timeout") == 300
    assert times.getint("dag_file_processor_timeout") == 600
    assert times.getint("stale_dag_threshold") == 3600


def test_name_of_a_city_is_no_markup_in_its_dag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "nasty.json"
    rows = [
        {"slug": f"city-{n}", "name": name, "country": name, "is_active": True}
        for n, name in enumerate(NASTY_NAMES)
    ]
    path.write_text(json.dumps(rows))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    dags = parse()
    for number, name in enumerate(NASTY_NAMES):
        dag = dags[f"city_city-{number}"]
        assert dag.dag_display_name.startswith(name)
        heading = (dag.doc_md or "").strip().splitlines()[0]
        assert heading.endswith(": from its name to a detector")
        (line,) = MarkdownIt().parseInline(heading)
        shown = line.children or []
        assert {token.type for token in shown} <= {"text", "text_special"}
        assert " ".join(name.split()) in "".join(token.content for token in shown)
        DagSerialization.to_dict(dag)


@pytest.mark.slow
# Seconds on any machine, but minutes if each city asked a database.
@pytest.mark.timeout(120)
def test_three_hundred_cities_parse_and_serialise_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.json"
    path.write_text(
        json.dumps(
            [
                {"slug": f"city-{n}", "name": f"City {n}", "country": "X", "is_active": True}
                for n in range(300)
            ]
        )
    )
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    # As the DAG processor does it, which sends all of it through a pipe.
    results = [parse_as_airflow(number) for number in range(16)]
    assert [result.import_errors for result in results] == [{}] * 16
    shown = [dag.dag_id for result in results for dag in result.serialized_dags]
    assert sorted(shown) == sorted(f"city_city-{n}" for n in range(300))
    # A parse that is killed hides a sixteenth, not half.
    assert max(len(result.serialized_dags) for result in results) < 40
    kilobytes = sum(len(result.model_dump_json()) for result in results) / 1000 / 300
    # 72 with a form in each task.
    assert kilobytes < 20


def parse_as_airflow(shard: int) -> DagFileParsingResult:
    file = REPOSITORY / "dags" / f"cities_{shard:02}.py"
    request = DagFileParseRequest(
        file=str(file), bundle_path=file.parent, bundle_name="dags-folder", callback_requests=[]
    )
    result = _parse_file(request, structlog.get_logger())
    assert result is not None
    return result


def test_a_shard_that_breaks_hides_no_other_cities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.json"
    rows = [
        {"slug": f"city-{n}", "name": f"City {n}", "country": "X", "is_active": True}
        for n in range(64)
    ]
    # A worker of another version, or a person, wrote what is no name.
    rows[7]["name"] = 7
    path.write_text(json.dumps(rows))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    bag = DagBag(str(REPOSITORY / "dags"))
    hidden = {f"city_city-{n}" for n in range(64)} - set(bag.dags)
    broken = shard_of("city-7")
    assert hidden == {f"city_city-{n}" for n in range(64) if shard_of(f"city-{n}") == broken}
    assert [Path(name).name for name in bag.import_errors] == [f"cities_{broken:02}.py"]


def test_a_shard_without_cities_imports_neither_settings_nor_the_graph(tmp_path: Path) -> None:
    """Each of sixteen files is parsed every minute, in a process of its own."""
    path = tmp_path / "cities.json"
    path.write_text("[]")
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1]);"
        "print(sorted(name for name in sys.modules if name.startswith('sightscan')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(REPOSITORY / "dags" / "cities_00.py")],
        env={**os.environ, "REGISTRY_SNAPSHOT": str(path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    imported = ast.literal_eval(done.stdout.splitlines()[-1])
    assert imported == [
        "sightscan",
        "sightscan.errors",
        "sightscan.operators",
        "sightscan.operators.city_dag",
        "sightscan.operators.city_dag.shards",
        "sightscan.operators.registry",
    ]


def test_the_graph_imports_nothing_of_amazons() -> None:
    """Each parse of each file, and each task, imports all that the graph does."""
    code = (
        "import sys; import sightscan.operators.city_dag.graph;"
        "print({name.split('.')[0] for name in sys.modules} & {'boto3', 'botocore'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


def test_every_shard_has_its_file() -> None:
    files = sorted(path.name for path in (REPOSITORY / "dags").glob("cities_*.py"))
    assert files == [f"cities_{number:02}.py" for number in range(16)]


def test_cities_are_spread_over_the_week_and_keep_their_time() -> None:
    times = [cron_of(f"city-{number}") for number in range(1_000)]
    assert cron_of("port-aurel") == "12 14 * * 2"
    assert len(set(times)) > 900
    by_day = Counter(time.split()[4] for time in times)
    assert sorted(by_day) == list("0123456")
    assert max(by_day.values()) < 200
    # Nor does the file that shows a city tell when it runs.
    assert (
        len({cron_of(f"city-{n}").split()[4] for n in range(999) if shard_of(f"city-{n}") == 3}) > 4
    )


@pytest.mark.parametrize("hours_ago", [0.1, 12, 100])
def test_a_city_that_is_new_runs_first_at_its_next_time(
    monkeypatch: pytest.MonkeyPatch, hours_ago: float
) -> None:
    """As the scheduler asks it: no time that is past is made up for, however short it is ago."""
    planned = decode_timetable(encode_timetable(weekly("port-aurel")))
    slot = datetime(2026, 11, 24, 14, 12, tzinfo=UTC)
    monkeypatch.setattr(
        "airflow.timetables.trigger.utcnow", lambda: slot + timedelta(hours=hours_ago)
    )
    due = planned.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=None, latest=None, catchup=False),
    )
    assert due is not None
    assert due.run_after == slot + timedelta(days=7)


def test_a_city_can_have_a_time_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cities.json"
    row = {"slug": SLUG, "name": "Port Aurel", "country": "Merídia", "is_active": True}
    path.write_text(json.dumps([{**row, "schedule": "30 4 * * 2"}]))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    assert parse()[f"city_{SLUG}"].timetable.summary == "30 4 * * 2"


def test_airflow_executes_no_module_of_the_library_as_a_plugin() -> None:
    """It would put them into sys.modules by their bare names: `http` in place of Python's own."""
    found = find_path_from_directory(str(REPOSITORY / "plugins"), ".airflowignore")
    assert {Path(path).name for path in found if path.endswith(".py")} == {
        "alerts_plugin.py",
        "notes_plugin.py",
        "connections_plugin.py",
        "pages_plugin.py",
        "pools_plugin.py",
        "timetables_plugin.py",
    }
