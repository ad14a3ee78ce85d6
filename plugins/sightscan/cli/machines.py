"""`sightscan machines`: who holds which GPU instance, and who waits for one."""

from dataclasses import asdict
from datetime import datetime

from sightscan.cli.declare import AsJson
from sightscan.cli.environment import open_warehouse
from sightscan.cli.output import print_json, print_lines, print_table


def show_machines(*, as_json: AsJson = False) -> None:
    """Show the GPU instances with who holds them until when, and the queue of runs that wait.

    The queue stands in its order: first who has waited for more than a day, then by how many people
    asked for the city, then by age. A run that is silent is passed over until its triggerer is heard
    again. States and times (UTC) are those of the warehouse; what EC2 says, the reaper looks after.

    Changes: nothing.

    Examples:
        sightscan machines
        sightscan machines --json
    """
    from sightscan.warehouse.models.lease_queue import list_waiting
    from sightscan.warehouse.models.machines import list_machines

    with open_warehouse() as (config, connection):
        machines = list_machines(connection, config.listed_instance_ids)
        queue = list_waiting(connection)
    if as_json:
        print_json(
            {
                "machines": [asdict(machine) | {"state": machine.state} for machine in machines],
                "waiting": [
                    {"place": place, **asdict(waiting)}
                    for place, waiting in enumerate(queue, start=1)
                ],
            }
        )
        return
    print_table(
        ("instance", "state", "running since", "held for", "run", "since", "until at most"),
        [
            (
                machine.instance_id,
                machine.state,
                _minute(machine.running_at),
                machine.slug or machine.dag_id,
                machine.run_id,
                _minute(machine.leased_at),
                _minute(machine.deadline_at),
            )
            for machine in machines
        ],
    )
    print_lines("")
    if not queue:
        print_lines("nobody waits")
        return
    print_table(
        ("place", "city", "run", "waits since", "people asked", "knows", "is"),
        [
            (
                place,
                waiting.slug,
                waiting.run.run_id,
                _minute(waiting.asked_at),
                waiting.people,
                waiting.last_instance_id,
                _standing(is_awake=waiting.is_awake, is_overdue=waiting.is_overdue),
            )
            for place, waiting in enumerate(queue, start=1)
        ],
    )


def _minute(when: datetime | None) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M}"


def _standing(*, is_awake: bool, is_overdue: bool) -> str:
    if not is_awake:
        return "silent"
    return "overdue" if is_overdue else "waiting"
