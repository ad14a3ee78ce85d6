"""What is looked at every five minutes reads what is new, however long the warehouse has been there."""

from typing import Any

import psycopg

from sightscan.warehouse.marts.run_reports import CRAWL_TASK
from sightscan.warehouse.statements import statement

CITIES = (
    "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters)"
    " select 'Q' || number, 'c-' || number, 'C', 'X', 1, 1, 1000 from generate_series(1, 20) as number"
)
# A year of weekly runs, each with four other tasks for every crawl of a sight.
REPORTS = """
insert into core.stage_report (dag_id, run_id, city_id, task_id, subject, report, recorded_at)
select 'city_c-' || city, 'r' || week, 'Q' || city, task_id, 's' || sight,
    '{"found": 9, "sources": [{"source": "openverse"}]}', now() - week * interval '7 days'
from generate_series(1, 20) as city, generate_series(1, 52) as week, generate_series(1, 5) as sight,
    unnest(array['crawl_photos', 'embed_photos', 'label_photos', 'make_dataset', 'train']) as task_id
"""


def test_crawls_that_found_nothing_are_looked_for_among_those_of_two_weeks(
    warehouse: psycopg.Connection[Any],
) -> None:
    warehouse.execute(CITIES)
    warehouse.execute(REPORTS)
    warehouse.execute("analyze core.stage_report")
    rows = warehouse.execute(
        "explain " + statement("incidents/list_empty_crawls"), {"task_id": CRAWL_TASK}
    ).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "stage_report_by_task" in plan
    assert "Seq Scan on stage_report" not in plan
