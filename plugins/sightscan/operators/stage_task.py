"""The decorator of a city's tasks: Airflow's `@task`, with no more in each DAG than our tasks use.

What a task's class says of itself is kept with each task of each city's DAG, sixteen times a thousand:
how the UI colours fields that we have not, and one that is always empty.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from airflow.providers.standard.decorators.python import _PythonDecoratedOperator
from airflow.sdk import BaseOperator
from airflow.sdk.bases.decorator import TaskDecorator, task_decorator_factory


class StageOperator(_PythonDecoratedOperator):
    """Calls a function with what tasks before it returned."""

    template_fields = ("op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    ui_color = BaseOperator.ui_color


def stage_task(python_callable: Callable[..., Any] | None = None, **options: Any) -> TaskDecorator:
    """Make a task of a function, as Airflow's `@task` does."""
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=StageOperator, **options
    )
