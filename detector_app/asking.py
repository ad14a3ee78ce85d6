"""What the pages of a city that was asked for know: what became of the request, and how far the city is."""

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from pydantic import TypeAdapter, ValidationError

from detector_app.city_search import fold
from detector_app.errors import WarehouseAway

# As `load.city_request` takes at most, and a good deal longer than any name.
MAX_NAME_CHARACTERS: Final = 100
# An answer comes within a minute, and a run has news within seconds; what waits to be let in waits for days.
LOOK_SECONDS: Final = 3
WAITING_LOOK_SECONDS: Final = 30
# Where a visitor's way goes through, in this order; each stage of a run is within one of these steps.
WAY_STEPS: Final = ("asked", "let_in", "sights", "photos", "labels", "training", "published")
_WAY_STEP_OF_STAGE: Final = {
    "waiting": "let_in",
    "refused": "let_in",
    "retired": "let_in",
    "starting": "sights",
    "budget": "sights",
    "discovering": "sights",
    "crawling": "photos",
    "photos": "photos",
    "labelling": "labels",
    "deciding": "labels",
    "machine": "training",
    "training": "training",
    "judging": "published",
    "ended": "published",
}


@dataclass(frozen=True)
class Choice:
    """A city that may have been meant; `id` is what is asked for instead."""

    id: str
    name: str
    region: str = ""
    country: str = ""
    description: str = ""
    population: int | None = None


@dataclass(frozen=True)
class CityAnswer:
    """What became of a request: received, resolved, merged into an earlier one, or refused."""

    stage: str
    try_count: int | None
    refusal: str | None
    detail: str | None
    choices: tuple[Choice, ...]
    city_slug: str | None


@dataclass(frozen=True)
class CityProgress:
    """How far a city is, live, and what the cities took that were built before."""

    city_slug: str
    city_name: str
    country: str | None
    stage: str
    vote_count: int
    queue_place: int | None
    waits_for: str | None
    probable_usd: float | None
    reason: str | None
    sight_count: int
    crawled_count: int
    crawl_count: int | None
    photo_count: int
    labelled_photo_count: int
    epoch_count: int | None
    curve: tuple[float, ...] | None
    model_version: int | None
    not_trained_because: str | None
    not_published_because: str | None
    past_count: int
    past_seconds: float | None
    past_usd: float | None

    @property
    def step(self) -> int | None:
        """Return the number of the step of WAY_STEPS that it is at; all of them, if it is published.

        None: its stage is one of a newer warehouse.
        """
        if self.stage == "published":
            return len(WAY_STEPS)
        step = _WAY_STEP_OF_STAGE.get(self.stage)
        return None if step is None else WAY_STEPS.index(step)

    @property
    def is_moving(self) -> bool:
        """Tell whether something of it may change within seconds."""
        return self.stage not in ("refused", "retired", "published", "ended", "photos", "budget")


_CITY_ANSWER: Final = TypeAdapter(CityAnswer)
_CITY_PROGRESS: Final = TypeAdapter(CityProgress)


def request_id_of(person: UUID, name: str) -> UUID:
    """Return the id of a person's request for a name: the same for the same, and a stranger's guess for nobody."""
    return uuid5(person, fold(name) or name)


def asker_of(person: UUID) -> str:
    """Return what the warehouse knows a person by: a hash, from which their number is not to be had."""
    return hashlib.sha256(person.bytes).hexdigest()


def read_answer(row: dict[str, object]) -> CityAnswer:
    """Return what the warehouse says of a request; raise `WarehouseAway` if it is of another age."""
    try:
        return _CITY_ANSWER.validate_python(row)
    except ValidationError as error:
        raise _of_another_age(error) from error


def read_progress(row: dict[str, object]) -> CityProgress:
    """Return what the warehouse says of a city; raise `WarehouseAway` if it is of another age."""
    try:
        return _CITY_PROGRESS.validate_python(row)
    except ValidationError as error:
        raise _of_another_age(error) from error


def look_seconds(answer: CityAnswer | None, progress: CityProgress | None) -> int | None:
    """Return after how many seconds a page looks again; None: what it says stays so for long."""
    if answer is None:
        return None
    if answer.stage == "received":
        return LOOK_SECONDS
    if progress is None or not progress.is_moving:
        return None
    return WAITING_LOOK_SECONDS if progress.stage == "waiting" else LOOK_SECONDS


def _of_another_age(error: ValidationError) -> WarehouseAway:
    return WarehouseAway(
        f"The warehouse describes a request in a way that this app cannot read "
        f"({error.error_count()} fields); update the app and the warehouse together."
    )
