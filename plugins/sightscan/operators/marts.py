"""The hourly refresh and its data checks, which show their SQL as the SQL provider's operators do.

They build on the provider's base, so that the UI and lineage find `sql`, `parameters` and `conn_id`
where they look for them. They do not hand the SQL to its hook: a mart is one transaction, and all
offending rows are counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import jinja2
from airflow.providers.common.sql.operators.sql import BaseSQLOperator
from airflow.sdk import Context

from sightscan.operators.connections import WAREHOUSE_CONNECTION


class _MartOperator(BaseSQLOperator):
    """Shows `sql`, read when the task starts: parsing a DAG reads no SQL, nor does Jinja."""

    template_fields: Sequence[str] = ("sql", "parameters", *BaseSQLOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "parameters": "json"}

    def __init__(self, *, conn_id: str = WAREHOUSE_CONNECTION, **kwargs: Any) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.sql = ""
        self.parameters: dict[str, str | None] = {}

    @classmethod
    def get_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> Any:
        """Return the warehouse's hook, which falls back to the settings."""
        from sightscan.operators.warehouse import WarehouseHook

        return WarehouseHook(conn_id, **(hook_params or {}))


class RefreshMartsOperator(_MartOperator):
    """Compute the hourly marts anew for this run's data interval.

    One interval's rows and nothing else, so that a backfill in any order gives the same marts.
    Returns the number of rows written by mart.
    """

    def render_template_fields(
        self, context: Context, jinja_env: jinja2.Environment | None = None
    ) -> None:
        """Show the statements and the interval."""
        from sightscan.warehouse.marts.hourly_facts import REFRESH_STATEMENTS
        from sightscan.warehouse.statements import script

        super().render_template_fields(context, jinja_env)
        start, end = _interval(context)
        self.sql = script(REFRESH_STATEMENTS)
        self.parameters = {"start_at": start.isoformat(), "end_at": end.isoformat()}

    def execute(self, context: Context) -> dict[str, int]:
        """Refresh, one transaction a mart."""
        from sightscan.operators.warehouse import open_warehouse
        from sightscan.warehouse.marts.hourly_facts import refresh_hourly_marts

        start, end = _interval(context)
        with open_warehouse(self.get_db_hook()) as connection:
            counts = refresh_hourly_marts(connection, start, end)
        self.log.info("from=%s to=%s %s", start, end, counts)
        return counts


class CheckMartsOperator(_MartOperator):
    """Run the data checks; fail with the offending rows in the log if one of them must hold.

    Returns how many warn.
    """

    def render_template_fields(
        self, context: Context, jinja_env: jinja2.Environment | None = None
    ) -> None:
        """Show the checks, which are asked about all cities: what changed, or everything."""
        from sightscan.warehouse.marts.data_checks import check_script

        super().render_template_fields(context, jinja_env)
        self.sql = check_script()
        self.parameters = {"city_id": None, "keys": "what changed since; null once a day"}

    def execute(self, context: Context) -> int:
        """Run all checks and keep their results."""
        from sightscan.operators.quality import judge_marts
        from sightscan.operators.warehouse import open_warehouse

        with open_warehouse(self.get_db_hook()) as connection:
            warned = judge_marts(
                connection, dag_id=context["dag"].dag_id, run_id=str(context["run_id"])
            )
        return len(warned)


def _interval(context: Context) -> tuple[datetime, datetime]:
    from sightscan.warehouse.marts.hourly_facts import hour_of, whole_hours

    run = context["dag_run"]
    # A run by hand may have no interval: it then refreshes the hour before it was asked for.
    end = run.data_interval_end or hour_of(run.run_after)
    start = run.data_interval_start
    if start is None or start >= end:
        start = end - timedelta(hours=1)
    # It may also name any interval, through the API.
    return whole_hours(start, end)
