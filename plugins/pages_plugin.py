"""SightScan's pages for staff inside Airflow's API server, behind its login, under /sightscan.

Airflow loads plugins in every process. The pages are therefore imported by the first request for
one, which only the API server gets.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from sightscan.pages.navigation import PAGES


class Pages:
    """An ASGI application that becomes the pages when it is first called."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on."""
        from sightscan.pages.app import pages  # noqa: PLC0415 - see the module's docstring

        await pages()(scope, receive, send)


class SightScanPages(AirflowPlugin):
    """What Airflow is told of the pages."""

    name = "sightscan_pages"
    fastapi_apps = [  # noqa: RUF012 - Airflow's own form
        {"app": Pages(), "url_prefix": "/sightscan", "name": "SightScan's pages"}
    ]
    external_views = [  # noqa: RUF012 - see above
        {
            "name": name,
            "href": f"/sightscan/{path}/",
            "destination": "nav",
            "category": "browse",
        }
        for path, name in PAGES.items()
    ]
