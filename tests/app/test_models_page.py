"""The page of models: whom it names for a photo, and under which licence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from detector_app.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping

CC_BY = "https://creativecommons.org/licenses/by/4.0/"
VERSION: dict[str, Any] = {
    "city_slug": "porto", "city_name": "Porto", "country": None, "model_version": 1,
    "state": "published", "is_in_place": True, "decision": None, "published_at": None,
    "recorded_at": datetime(2026, 1, 2, tzinfo=UTC), "map50": 0.9, "map50_95": 0.6,
    "precision": None, "recall": None, "false_alarms": None, "class_names": ["Gate"],
    "train_count": 1, "val_count": 1, "test_count": 1, "curve": None, "markdown": None,
    "confusions": None,
}  # fmt: skip
CREDIT: dict[str, Any] = {
    "author": "Ann", "title": "A gate", "licence": "cc-by-4.0", "licence_url": CC_BY,
    "page_url": "https://a.example/1", "split": "train", "credit_count": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (CC_BY, f'<a href="{CC_BY}" target="_blank" rel="noopener noreferrer">cc-by-4.0</a>'),
        ("javascript:alert(1)", "Ann, cc-by-4.0"),
        (None, "Ann, cc-by-4.0"),
    ],
)
def test_name_of_a_licence_leads_to_its_text(
    monkeypatch: pytest.MonkeyPatch, address: str | None, told: str
) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "list_model_versions": [VERSION],
        "find_model_version": [VERSION],
        "list_model_credits": [{**CREDIT, "licence_url": address}],
    }

    def answer(_: Warehouse, statement: str, values: Mapping[str, object]) -> list[dict[str, Any]]:
        del values
        return rows.get(statement, [])

    monkeypatch.setattr(Warehouse, "ask", answer)
    st.cache_data.clear()

    def show_models() -> None:
        from detector_app.views import models  # noqa: PLC0415 - AppTest runs the body alone

        models.show()

    page = AppTest.from_function(show_models, default_timeout=120).run()
    assert not page.exception
    shown = "".join(one.proto.body for one in page.get("html"))
    assert told in shown
    assert "javascript" not in shown
