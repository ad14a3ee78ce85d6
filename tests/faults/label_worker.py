"""A label task as a process of its own: `label_worker.py CITY_ID RUN_ID CAP [KILL_AT NTH]`.

KILL_AT names a step of the task: at the NTH time it is reached, the process ends as by `kill -9`.
Settings are read from the environment.
"""

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from sightscan.label import calls, sender
from sightscan.label.run import label_photos
from sightscan.label.vision import open_client
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import find_city

# step: module or class, function, whether the process ends before, while, or after the function does its work
STEPS: dict[str, tuple[Any, str, str]] = {
    "before the reservation": (calls, "reserve_calls", "before"),
    "after the reservation": (calls, "reserve_calls", "after"),
    "before the mark": (calls, "mark_calls_sent", "before"),
    "after the mark": (calls, "mark_calls_sent", "after"),
    "before the call": (sender, "annotate_photos", "before"),
    "during the call": (sender, "annotate_photos", "during"),
    "after the call": (sender, "annotate_photos", "after"),
    "before the result": (calls.VisionCalls, "store", "before"),
    "between result and labels": (calls, "record_call_results", "after"),
    "before the commit": (calls, "merge_labels", "after"),
    "after the commit": (calls.VisionCalls, "store", "after"),
}


def main(city_id: str, run_id: str, cap: str, step: str = "", nth: str = "1") -> None:
    """Label the city's photos, and print how many images were sent."""
    if step:
        _arm(*STEPS[step], int(nth))
    config = read_settings(max_google_vision_calls_per_new_city=int(cap), vision_concurrency=2)
    with connect(autocommit=True) as connection:
        city = find_city(connection, city_id)
        report = label_photos(
            connection, open_client(config), config, city, Run(city.city_id, city.dag_id, run_id)
        )
    sys.stdout.write(f"{report.sent}\n")


def _arm(owner: Any, name: str, moment: str, nth: int) -> None:
    function: Callable[..., Any] = getattr(owner, name)
    turns = itertools.count(1)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        # Its own: threads may reach the step at the same time.
        is_last = next(turns) == nth
        if moment == "before" and is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        if moment == "during" and is_last:
            # The stand-in takes a tenth of a second to answer.
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGKILL)).start()
        result = function(*args, **kwargs)
        if moment == "after" and is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


if __name__ == "__main__":
    main(*sys.argv[1:])
