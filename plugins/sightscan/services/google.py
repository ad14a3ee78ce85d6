"""Checks of Google, which cost money: each only if the operator agreed, and booked in the ledger."""

import hashlib
from functools import partial

from sightscan.discover.places import open_places
from sightscan.label.prepare import UnfitPhotoError, prepare_photo
from sightscan.label.vision import Outcome, SendStatus, annotate_photos, open_client
from sightscan.services.check import Check, Paid, Probe
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.services.wikimedia import PARIS
from sightscan.settings import Settings
from sightscan.spend.caps import vision_caps
from sightscan.warehouse.spend.paid_calls import (
    PLACES_SEARCH,
    VISION_LANDMARKS,
    CallResult,
    Caps,
    PaidFeature,
    Reservation,
    mark_calls_sent,
    record_call_results,
    reserve_calls,
)
from sightscan.warehouse.spend.prices import unit_price

BOUGHT: dict[Paid, PaidFeature] = {"vision": VISION_LANDMARKS, "places": PLACES_SEARCH}


def most_usd(config: Settings, paid: Paid) -> float:
    """Return what the check costs at the most, in US dollars: one unit that is not free any more."""
    return max(step.usd_per_unit for step in unit_price(config, BOUGHT[paid].price_name).steps)


def label_photo(probe: Probe) -> str:
    """Send one photo to Google Vision, as a label task does: reserved, sent once, recorded."""
    _require_agreement(probe, "vision")
    if probe.photo is None:
        msg = "there is no photo to send: mend the check `thumbnails`"
        raise CheckSkippedError(msg)
    try:
        prepared = prepare_photo(probe.photo)
    except UnfitPhotoError as error:
        raise CheckFailedError(str(error)) from error
    # Before anything is reserved: without credentials nothing is sent.
    client = open_client(probe.config)
    connection, run = probe.open_ledger()
    reserved = reserve_calls(
        connection,
        VISION_LANDMARKS,
        run,
        [hashlib.sha256(probe.photo).digest()],
        caps=vision_caps(probe.config),
        price=unit_price(probe.config, VISION_LANDMARKS.price_name),
        is_marked_when_sent=True,
    )
    if reserved.stopped_by:
        msg = f"the cap {reserved.stopped_by[0]!r} allows no image more"
        raise CheckSkippedError(msg)
    call = _only(reserved.calls)
    mark_calls_sent(connection, [call.call_id])
    outcome = Outcome(SendStatus.UNKNOWN, detail="interrupted")
    try:
        outcome = annotate_photos(client, [prepared], PARIS)
    finally:
        record_call_results(connection, [_result(call, outcome)])
    if outcome.status is not SendStatus.ANSWERED:
        msg = f"{outcome.status.value.replace('_', ' ')}: {outcome.detail}"
        raise CheckFailedError(msg)
    (response,) = outcome.responses
    if "error" in response:
        msg = f"the photo is refused: {response['error'].get('message')}"
        raise CheckFailedError(msg)
    names = [str(each.get("description")) for each in response.get("landmark_annotations", ())]
    return f"answered; landmarks: {', '.join(names) or 'none'}"


def search_places(probe: Probe) -> str:
    """Buy one page of Google Places."""
    client = probe.closing.enter_context(open_places(probe.config))
    if client is None:
        msg = "MAPS_KEY is not set: sights are ranked by Wikidata alone"
        raise CheckSkippedError(msg)
    _require_agreement(probe, "places")
    connection, run = probe.open_ledger()
    reserved = reserve_calls(
        connection,
        PLACES_SEARCH,
        run,
        [hashlib.sha256(f"check-services/{run.run_id}".encode()).digest()],
        caps=Caps(city=probe.config.max_places_calls_per_city),
        price=unit_price(probe.config, PLACES_SEARCH.price_name),
    )
    if reserved.stopped_by:
        msg = "MAX_PLACES_CALLS_PER_CITY allows no page more"
        raise CheckSkippedError(msg)
    call = _only(reserved.calls)
    result = CallResult(call.call_id, "unknown", error="interrupted")
    try:
        page = client.search("tourist attractions in Paris, France", PARIS, None)
        # Google lets nobody keep what a place is called, and nobody needs these.
        counted = {"places": [], "count": len(page.places)}
        answer = counted if page.state == "succeeded" else None
        result = CallResult(call.call_id, page.state, answer=answer, error=page.error)
    finally:
        record_call_results(connection, [result])
    if page.state != "succeeded":
        msg = f"{page.state}: {page.error}"
        raise CheckFailedError(msg)
    if not page.places:
        msg = "no place at all, for the sights of Paris"
        raise CheckFailedError(msg)
    return f"{len(page.places)} places on the first page"


def _require_agreement(probe: Probe, paid: Paid) -> None:
    if paid not in probe.agreed:
        msg = (
            f"it costs up to {most_usd(probe.config, paid):g} USD, and nobody agreed to that: "
            f"give --pay-for-{paid}"
        )
        raise CheckSkippedError(msg)


def _only(calls: tuple[Reservation, ...]) -> Reservation:
    if not calls:
        msg = "the ledger has an answer about this photo already; it is not paid for twice"
        raise CheckSkippedError(msg)
    return calls[0]


def _result(call: Reservation, outcome: Outcome) -> CallResult:
    make = partial(CallResult, call.call_id)
    if outcome.status is SendStatus.ANSWERED and "error" not in outcome.responses[0]:
        return make("succeeded", answer=outcome.responses[0])
    if outcome.status is SendStatus.ANSWERED:
        return make("failed", answer=outcome.responses[0], error="the photo is refused")
    if outcome.status is SendStatus.UNKNOWN:
        return make("unknown", error=outcome.detail)
    return make("failed", error=outcome.detail)


CHECKS = (
    Check(
        name="vision",
        service="Google Vision",
        asks="for the landmarks on one photo; only with --pay-for-vision",
        why="whether the API is enabled, billing is on and the account may use it, only a call tells",
        expected="an answer, with a landmark or without",
        advice="docs/runbooks/vision-quota-or-credentials.md says what to mend",
        max_requests=1,
        ask=label_photo,
        paid="vision",
    ),
    Check(
        name="places",
        service="Google Places",
        asks="for one page of sights of Paris; only with --pay-for-places",
        why="a key may be restricted to other services or addresses",
        expected="places with names and coordinates",
        advice="check MAPS_KEY: Places API (New) enabled, billing on, no restriction that excludes us",
        max_requests=1,
        ask=search_places,
        paid="places",
    ),
)
