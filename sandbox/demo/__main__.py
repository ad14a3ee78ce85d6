"""`make demo`: take a city from its name to a detector in the browser, in sight of a person."""

import argparse
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import httpx
import psycopg
from rich.console import Console

from sandbox.demo.airflow_api import AirflowApi, AirflowApiError, TaskState
from sandbox.demo.chain import Chain, ChainOptions
from sandbox.demo.city_request import ask_for_city, city_of_request, refusal_of
from sandbox.demo.picture import draw_detections
from sandbox.demo.profile import profile_for
from sandbox.demo.progress import watch_run
from sandbox.demo.report import DemoReport, as_table, make_report, published_model
from sandbox.launch import SandboxFailed
from sandbox.ports import PortTaken
from sandbox.world.world import WorldError, load_world
from sightscan.city import City
from sightscan.errors import SightScanError
from sightscan.run import Run
from sightscan.surroundings import write_any_letter
from sightscan.warehouse.registry.cities import find_city
from sightscan.warehouse.registry.decisions import approve_city, find_decision

SYNC_TIMEOUT_SECONDS = 120
RUN_TIMEOUT_SECONDS = 3600
EXPLAINED = (
    AirflowApiError,
    PortTaken,
    SandboxFailed,
    SightScanError,
    WorldError,
    LookupError,
    OSError,
    RuntimeError,
    httpx.HTTPError,
    psycopg.Error,
    subprocess.SubprocessError,
)
# What a shell reports of a program that Ctrl-C ended.
INTERRUPTED = 130


def main() -> int:
    """Run the demo; 0 if the city's run was green, 1 if not, 2 on bad input, 130 if cut short."""
    options, once = _parse_arguments()
    write_any_letter(sys.stdout)
    console = Console(soft_wrap=True)
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    status = INTERRUPTED
    report_path = options.state / "report.json"
    try:
        # A report that is there is this run's.
        report_path.unlink(missing_ok=True)
        for folder in filter(None, (options.world, options.background)):
            load_world(folder)  # a bad world is said before anything is started
        console.print(f"[bold]SightScan demo[/], {options.profile.name}; state in {options.state}")
        with Chain(options, say=console.print) as chain:
            city = _add_city(chain, console)
            state, report = _run_city(chain, city, console, started)
            report.write(report_path)
            status = 0 if state == "success" else 1
            console.print(as_table(report))
            console.print(f"report    {report_path}")
            _draw(chain, city, options.state, console)
            if state != "success":
                console.print("[red]The run is red: see the log above.[/]")
            if not once:
                _stay_up(chain, console)
            return status
    except KeyboardInterrupt:
        console.print("\nended; everything that was started is stopped")
        return status
    except EXPLAINED as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _parse_arguments() -> tuple[ChainOptions, bool]:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description=__doc__)
    parser.add_argument("--state", type=Path, default=Path("var/demo"), help="keeps everything")
    parser.add_argument("--world", type=Path, help="folder with manifest.csv (default: drawn)")
    parser.add_argument(
        "--background", type=Path, help="another world, whose photos show none of its sights"
    )
    parser.add_argument("--weights", type=Path, help="weights to start from (default: nothing)")
    parser.add_argument("--airflow-port", type=int, default=8080)
    parser.add_argument("--app-port", type=int, default=8501)
    parser.add_argument("--once", action="store_true", help="write the report and end")
    values = parser.parse_args()
    if values.weights and not values.weights.is_file():
        parser.error(f"WEIGHTS={values.weights} is no file; name a .pt or .safetensors of YOLOv5")
    options = ChainOptions(
        state=values.state.resolve(),
        world=values.world,
        background=values.background,
        profile=profile_for(values.weights),
        airflow_port=values.airflow_port,
        app_port=values.app_port,
    )
    return options, values.once


def _add_city(chain: Chain, console: Console) -> City:
    """Ask for the city as a person would in the app, and let Airflow do the rest."""
    name = chain.world.city
    with chain.connect() as connection:
        ask_for_city(connection, name, asked_by="demo")
    console.print(f"city      asked for {name!r}; sync_cities looks it up")
    chain.api.await_dag("sync_cities", SYNC_TIMEOUT_SECONDS)
    _sync(chain)
    with chain.connect() as connection:
        refusal = refusal_of(connection, name)
        city_id = city_of_request(connection, name)
        if refusal or city_id is None:
            raise AirflowApiError(refusal or f"sync_cities left the request for {name!r} waiting")
        city = find_city(connection, city_id)
        if city.state == "waiting":
            console.print(
                f"city      {city.name} waits for a person's approval; the demo approves it"
            )
            city = approve_city(connection, city_id, decided_by="demo")
            _sync(chain)
        elif find_decision(connection, city_id)[0] == "let_in":
            console.print(
                f"city      {city.name} fits the monthly budget for requests: it is let in"
            )
    chain.parse_dags()
    chain.api.await_dag(city.dag_id, SYNC_TIMEOUT_SECONDS)
    return city


def _sync(chain: Chain) -> None:
    run_id = chain.api.trigger("sync_cities")
    state = chain.api.await_run("sync_cities", run_id, SYNC_TIMEOUT_SECONDS)
    if state != "success":
        failed = _failed_log(chain.api, "sync_cities", run_id)
        msg = f"the run of sync_cities is {state}\n{failed}"
        raise AirflowApiError(msg)


def _run_city(chain: Chain, city: City, console: Console, started: float) -> tuple[str, DemoReport]:
    begin = datetime.now(UTC)
    run = Run(city.city_id, city.dag_id, chain.api.trigger(city.dag_id))
    console.print(f"run       {chain.login.url}/dags/{run.dag_id}/runs/{run.run_id}")
    with chain.connect() as connection:
        state, tasks = watch_run(
            chain.api,
            connection,
            run,
            console=console,
            timeout_seconds=RUN_TIMEOUT_SECONDS,
            still_running=chain.check_running,
        )
        if state != "success":
            console.print(_failed_log(chain.api, run.dag_id, run.run_id), markup=False)
        report = make_report(
            connection,
            chain.world,
            slug=city.slug,
            run=run,
            cap=chain.settings.max_google_vision_calls_per_new_city,
            tasks=tasks,
            total_seconds=time.monotonic() - started,
            instance_states=_instance_states(chain, begin),
            stand_in_counts=chain.control.counts(),
        )
    return state, report


def _instance_states(chain: Chain, begin: datetime) -> list[str]:
    """Return the states of the first instance since `begin`, after the one that it was in."""
    history = chain.control.instance_history(chain.addresses.instances[0].instance_id)
    before = [line["state"] for line in history if _moment(line) < begin]
    since = [line["state"] for line in history if _moment(line) >= begin]
    return before[-1:] + since


def _moment(line: dict[str, str]) -> datetime:
    return datetime.fromisoformat(line["at"])


def _draw(chain: Chain, city: City, folder: Path, console: Console) -> None:
    with chain.connect() as connection:
        model = published_model(connection, chain.world, city.slug)
        path = draw_detections(connection, model, folder / "annotated.png") if model else None
    console.print(f"picture   {path}" if path else "picture   none: no model sees a sight yet")


def _failed_log(api: AirflowApi, dag_id: str, run_id: str) -> str:
    """Return the end of the log of the task that failed first."""
    failed = [task for task in api.task_states(dag_id, run_id) if task.state == "failed"]
    if not failed:
        return "(no task failed)"
    first = min(failed, key=_ended)
    return f"--- {first.task_id} {first.label}\n{api.log_tail(dag_id, run_id, first)}"


def _ended(task: TaskState) -> datetime:
    return task.ended_at or datetime.max.replace(tzinfo=UTC)


def _stay_up(chain: Chain, console: Console) -> None:
    console.print(
        f"\nLook around: Airflow at {chain.login.url} ({chain.login.username} / "
        f"{chain.login.password}), the app at {chain.app_url}. Ctrl-C ends everything."
    )
    while True:
        chain.check_running()
        time.sleep(2)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
