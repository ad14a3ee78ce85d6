"""Retry-After in both of its forms, and in none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sightscan.retry_after import seconds_to_wait

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:00:20 GMT", 20.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("١٢", None),
    ],
)
def test_header_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, NOW) == seconds
