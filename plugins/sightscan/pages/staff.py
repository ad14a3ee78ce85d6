"""Who may see the pages, and who may decide: what Airflow's own login and roles say.

Airflow does not put its login before a plugin's application by itself. Seeing asks for the right to
see DAGs, deciding for the right to trigger their runs, which every auth manager knows.
"""

from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, Request
from pydantic import AfterValidator

from sightscan.warehouse.text import is_clean


def viewer(user: GetUserDep) -> str:
    """Return the name of the logged-in user, who may see DAGs; else 401 or 403."""
    if not get_auth_manager().is_authorized_dag(method="GET", user=user):
        raise HTTPException(403, f"{user.get_name()} may not see DAGs: ask an admin for a role")
    return user.get_name()


def decider(user: GetUserDep) -> str:
    """Return the name of the logged-in user, who may trigger runs; else 401 or 403."""
    if not may_decide(user):
        raise HTTPException(
            403, f"{user.get_name()} may look but not decide: that takes a role that triggers runs"
        )
    return user.get_name()


def may_decide(user: BaseUser) -> bool:
    """Tell whether the user may trigger runs, and so decide about labels."""
    return get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, user=user
    )


def from_own_page(request: Request) -> None:
    """Refuse what another site makes a browser send: the login's cookie goes along with it.

    Browsers say in Sec-Fetch-Site where a request comes from; over plain HTTP they may say only
    Origin. JSON cannot be sent across sites without asking first.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "expected a body of content type application/json")
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_own = (
        site == "same-origin"
        if site is not None
        else origin is None or urlsplit(origin).netloc == request.headers.get("host")
    )
    if not is_own:
        raise HTTPException(403, "expected a request of SightScan's own page, not of another site")


def storable(text: str) -> str:
    """Return a text that PostgreSQL can be asked with; else 422."""
    if not is_clean(text):
        msg = "expected a text without NUL characters and halves of characters"
        raise ValueError(msg)
    return text


Text = Annotated[str, AfterValidator(storable)]
Viewer = Annotated[str, Depends(viewer)]
Decider = Annotated[str, Depends(decider)]
FromOwnPage = Depends(from_own_page)
