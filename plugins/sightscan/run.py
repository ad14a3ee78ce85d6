"""A run of a city's DAG, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """The run that asks, and the city that pays; without a `run_id` it is still to come."""

    city_id: str
    dag_id: str
    run_id: str = ""
