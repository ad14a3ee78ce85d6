"""The decorator of a city's tasks: Airflow's `@task`, with no more in each DAG than our tasks use.

What a task's class says of itself, and all that it could render, is kept with each task of each city's
DAG, sixteen times a thousand. So a stage takes its arguments by name only, and has no fields to render
if it is told nothing but the city.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.bases.decorator import Task, task_decorator_factory


class Stage(BaseOperator):
    """Call a function with a city's slug, and with nothing of other tasks."""

    template_fields: Sequence[str] = ()

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_kwargs: Mapping[str, Any],
        op_args: Collection[Any] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if op_args:
            msg = f"{self.task_id} is given {list(op_args)}: expected arguments by name"
            raise TypeError(msg)
        # Not by its own name: Airflow would keep the function's beside the task's, which is the same.
        self.function = python_callable
        self.op_kwargs = op_kwargs

    def execute(self, context: Context) -> Any:
        """Return what the function returns."""
        del context
        returned = self.function(**self.op_kwargs)
        self.log.info("returned: %s", returned)
        return returned


class FedStage(Stage):
    """Call a function with a city's slug and with what tasks before it returned."""

    template_fields: Sequence[str] = ("op_kwargs",)


def stage_task(**options: Any) -> Callable[[Callable[..., Any]], Task[..., Any]]:
    """Make a task of a function of keyword-only arguments, as Airflow's `@task` does."""

    def decorate(function: Callable[..., Any]) -> Task[..., Any]:
        told_only_the_city = list(inspect.signature(function).parameters) == ["slug"]
        decorator = task_decorator_factory(
            # One row of what is returned, not one more for each key.
            multiple_outputs=False,
            decorated_operator_class=Stage if told_only_the_city else FedStage,
            **options,
        )
        return decorator(function)

    return decorate
