"""A stage is told by name what it works on, and keeps nothing to render that needs no rendering."""

from typing import Any

import pytest
from airflow.sdk import DAG

from sightscan.operators.stage_task import stage_task


@stage_task()
def greet(*, slug: str) -> str:
    """Greet a city."""
    return f"hello {slug}"


@stage_task()
def count(*, slug: str, photos: str) -> str:
    """Count photos of a city."""
    return f"{photos} of {slug}"


@pytest.fixture
def dag() -> Any:
    with DAG("stages", schedule=None) as made:
        yield made


def test_stage_that_is_told_only_the_city_renders_nothing(dag: DAG) -> None:
    task = greet(slug="{{ 1 }}").operator
    assert task.template_fields == ()
    assert task.execute({}) == "hello {{ 1 }}"
    assert task.doc_md == "Greet a city."


def test_stage_that_is_told_of_other_tasks_renders_what_it_is_told(dag: DAG) -> None:
    task = count(slug="malaga", photos="{{ 20 + 1 }}").operator
    task.render_template_fields({})
    assert task.execute({}) == "21 of malaga"


def test_argument_without_its_name_is_refused(dag: DAG) -> None:
    with pytest.raises(TypeError, match=r"greet is given \['malaga'\]: expected arguments by name"):
        greet("malaga")
