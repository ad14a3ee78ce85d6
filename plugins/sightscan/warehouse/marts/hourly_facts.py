"""The hourly facts behind the marts: hours are computed anew from core and replace what was there.

A refresh reads committed rows only after it has the lock of a mart, so of two at once the later one
sees all that the earlier one saw. Hence any order, any number of times, at once: once each interval
was refreshed after its events, the facts are those of one computation from nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from sightscan.errors import WarehouseError
from sightscan.warehouse.locks import HOURLY_LOCK
from sightscan.warehouse.statements import statement

HOURLY_MARTS = ("city_activity_hourly", "sight_activity_hourly", "city_spend_hourly")
# What refresh_hourly_marts asks for.
REFRESH_STATEMENTS = (
    "marts/tell_time",
    "marts/list_hours_changed",
    "marts/lock_hourly_mart",
    "marts/prefer_indexes",
    *(f"marts/{verb}_{mart}" for mart in HOURLY_MARTS for verb in ("delete", "insert")),
    "marts/recount_labels",
    "marts/recount_answers",
    "marts/note_refreshed_hours",
)
HOUR = timedelta(hours=1)
# Rows are stamped when their transaction starts, and seen when it commits: two hours are more
# than any of our transactions takes.
IN_FLIGHT = timedelta(hours=2)
# A transaction of a long refresh: short enough to let the hourly run in between.
CHUNK = timedelta(days=7)

Span = tuple[datetime, datetime]


def refresh_hourly_marts(
    connection: psycopg.Connection[Any], start: datetime, end: datetime
) -> dict[str, int]:
    """Compute the facts anew for what became known or changed in [start, end).

    That is: the interval and the two hours before it; each other hour of a call that was settled
    since, or of a photo whose first source was seen late; and of other hours what labels that were
    read anew or reviewed since, and answers that came since, count for. Returns the number of rows of
    whole hours written by mart. Transactions of their own, at READ COMMITTED.

    Raises:
        WarehouseError: the interval is empty or does not consist of whole hours of UTC.

    """
    if start >= end or whole_hours(start, end) != (start, end):
        msg = f"an interval must consist of whole hours of UTC, but got {start} to {end}"
        raise WarehouseError(msg)
    start -= IN_FLIGHT
    # Looking before the locks is early enough: what happens after it has a refresh of its own.
    with connection.transaction():
        began_at = _tell_time(connection)
        connection.execute(statement("marts/prefer_indexes"))
        moved = connection.execute(
            statement("marts/list_hours_changed"), {"start_at": start, "end_at": end}
        ).fetchall()
    whole = {hour for kind, _, _, hour in moved if kind == "hour"}
    counts = _replace(connection, [(start, end), *_spans(whole)])
    rest = [row for row in moved if row[-1] not in whole]
    _recount(
        connection,
        labels=[(city, hour) for kind, city, _, hour in rest if kind == "labels"],
        answers=[(sight, hour) for kind, _, sight, hour in rest if kind == "answers"],
    )
    _note_refreshed(connection, (start, end), began_at)
    return counts


def refresh_hours(connection: psycopg.Connection[Any], hours: Iterable[datetime]) -> dict[str, int]:
    """Compute the facts anew for the hours of these moments, such as after rows were deleted."""
    return _replace(connection, _spans(hour_of(moment) for moment in hours))


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour of UTC in which a moment lies: zones may be half an hour off."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def whole_hours(start: datetime, end: datetime) -> Span:
    """Return the hours of UTC that [start, end) touches: an hour that is asked for in part is whole."""
    last = hour_of(end)
    return hour_of(start), last if last == end else last + HOUR


def list_photo_hours(
    connection: psycopg.Connection[Any], sha256s: Sequence[bytes]
) -> list[datetime]:
    """Return the hours whose facts count these photos: ask before rows go, refresh after."""
    rows = connection.execute(statement("marts/list_photo_hours"), {"sha256s": list(sha256s)})
    return [hour for (hour,) in rows]


def list_sight_hours(
    connection: psycopg.Connection[Any], city_id: str, state: str
) -> list[datetime]:
    """Return the hours whose facts count what hangs on the city's sights of a state.

    Ask before things move. All hours of a photo count, not only that of what moves: another source
    or box of it may be the first one then.
    """
    of_state = {"city_id": city_id, "state": state}
    photos = connection.execute(statement("marts/list_photos_of_state"), of_state).fetchall()
    refused = connection.execute(statement("marts/list_rejection_hours"), of_state).fetchall()
    hours = list_photo_hours(connection, [sha256 for (sha256,) in photos])
    return sorted({*hours, *(hour for (hour,) in refused)})


def rebuild_hourly_marts(
    connection: psycopg.Connection[Any],
    report: Callable[[datetime, datetime], None] = lambda _start, _end: None,
) -> dict[str, int]:
    """Compute the facts of all hours that core or the facts know, a week at a time.

    `report` is called after each week, with its bounds.
    """
    found = connection.execute(statement("marts/find_known_span")).fetchone()
    counts: Counter[str] = Counter(dict.fromkeys(HOURLY_MARTS, 0))
    start_at, end_at = found or (None, None)
    if start_at is not None and end_at is not None:
        for span in split_span(start_at, end_at):
            began_at = _tell_time(connection)
            counts.update(_replace(connection, [span]))
            _note_refreshed(connection, span, began_at)
            report(*span)
    return dict(counts)


def fill_empty_marts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Fill the facts if a migration made them new beside rows that are there."""
    found = connection.execute(statement("marts/has_empty_facts")).fetchone()
    return rebuild_hourly_marts(connection) if found == (True,) else {}


def split_span(start: datetime, end: datetime) -> Iterator[Span]:
    """Give [start, end) in parts of a week at most, the newest first: it is what people look at."""
    while start < end:
        middle = max(start, end - CHUNK)
        yield middle, end
        end = middle


def _replace(connection: psycopg.Connection[Any], spans: Sequence[Span]) -> dict[str, int]:
    counts: Counter[str] = Counter(dict.fromkeys(HOURLY_MARTS, 0))
    for number, mart in enumerate(HOURLY_MARTS):
        with connection.transaction():
            _lock_mart(connection, number)
            connection.execute(statement("marts/prefer_indexes"))
            for start, end in spans:
                interval = {"start_at": start, "end_at": end}
                connection.execute(statement(f"marts/delete_{mart}"), interval)
                counts[mart] += connection.execute(
                    statement(f"marts/insert_{mart}"), interval
                ).rowcount
    return dict(counts)


def _recount(
    connection: psycopg.Connection[Any],
    *,
    labels: Sequence[tuple[str, datetime]],
    answers: Sequence[tuple[int, datetime]],
) -> None:
    """Count anew what labels, by city and hour, and answers, by sight and hour, count for.

    Making whole hours anew would cost all that happened in them, for a few labels in each.
    """
    if not (labels or answers):
        return
    with connection.transaction():
        # Both in their order, of which another refresh holds one at a time: nobody waits in a circle.
        for mart in ("city_activity_hourly", "sight_activity_hourly"):
            _lock_mart(connection, HOURLY_MARTS.index(mart))
        connection.execute(statement("marts/prefer_indexes"))
        connection.execute(
            statement("marts/recount_labels"),
            {
                "city_ids": [city_id for city_id, _ in labels],
                "label_hours": [hour for _, hour in labels],
            },
        )
        connection.execute(
            statement("marts/recount_answers"),
            {
                "sight_ids": [sight_id for sight_id, _ in answers],
                "answer_hours": [hour for _, hour in answers],
            },
        )


def _lock_mart(connection: psycopg.Connection[Any], number: int) -> None:
    connection.execute(
        statement("marts/lock_hourly_mart"), {"lock_number": HOURLY_LOCK, "mart_number": number}
    )


def _tell_time(connection: psycopg.Connection[Any]) -> datetime:
    """Return the warehouse's time, in which rows are stamped."""
    row = connection.execute(statement("marts/tell_time")).fetchone()
    if row is None:
        raise AssertionError  # a clock always has a time
    moment: datetime = row[0]
    return moment


def _note_refreshed(connection: psycopg.Connection[Any], span: Span, began_at: datetime) -> None:
    """Note that the facts know all of these hours, and what changed in them: see mart.settled_hour."""
    connection.execute(
        statement("marts/note_refreshed_hours"),
        {"start_at": span[0], "end_at": span[1], "began_at": began_at},
    )


def _spans(hours: Iterable[datetime]) -> list[Span]:
    """Return the hours as spans, hours in a row as one."""
    spans: list[Span] = []
    for hour in sorted(set(hours)):
        if spans and spans[-1][1] == hour:
            spans[-1] = (spans[-1][0], hour + HOUR)
        else:
            spans.append((hour, hour + HOUR))
    return spans
