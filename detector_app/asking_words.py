"""The sentences about a city that was asked for, from what the warehouse says; no widgets."""

from html import escape

from detector_app.asking import WAY_STEPS, Choice, CityAnswer, CityProgress
from detector_app.texts import count, say, say_or, write_number

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# Below two of a unit, the next smaller one says more.
_TIME_UNITS = (
    (2 * _DAY, _DAY, "days"),
    (2 * _HOUR, _HOUR, "hours"),
    (2 * _MINUTE, _MINUTE, "minutes"),
)


def say_refusal(language: str, answer: CityAnswer) -> str:
    """Say why a request was refused, in the reader's language where it is a reason that we know."""
    match answer.refusal:
        case "unknown" if answer.choices:
            return say(language, "answer.unknown.near")
        case "unknown" | "ambiguous" | "retired" | "unanswered" | "unfit":
            return say(language, f"answer.{answer.refusal}")
        case "refused":
            # The sentence is the registry's own: the reason comes after the colon.
            reason = (answer.detail or "").partition(" was refused: ")[2] or "-"
            return say(language, "answer.refused", reason=reason)
        case _:
            return say(language, "answer.said", reason=answer.detail or "-")


def say_choice(language: str, choice: Choice) -> str:
    """Name a city that may have been meant, so that it is told from its namesakes."""
    where = ", ".join(
        dict.fromkeys(part for part in (choice.name, choice.region, choice.country) if part)
    )
    if choice.population is None:
        return f"{where} · {choice.id}"
    people = say(language, "answer.people", count=write_number(language, choice.population))
    return f"{where} · {people}"


def say_stage(language: str, progress: CityProgress) -> list[str]:
    """Say where a city is and what it waits for, a sentence each."""
    sentences = [_stage_sentence(language, progress)]
    if progress.stage == "waiting" and progress.waits_for:
        sentences.append(say_or(language, f"waits.{progress.waits_for}", "waits.other"))
    if progress.vote_count:
        sentences.append(count(language, "votes", progress.vote_count))
    if progress.model_version is not None and progress.is_moving:
        sentences.append(say(language, "stage.also", version=progress.model_version))
    return sentences


def say_expectation(language: str, progress: CityProgress) -> list[str]:
    """Say how long it will take and what it will cost, as far as past runs and the bill tell."""
    if progress.stage in ("published", "refused", "retired"):
        return []
    sentences = []
    if progress.stage == "waiting" and progress.probable_usd is not None:
        usd = write_number(language, progress.probable_usd, 2)
        sentences.append(say(language, "cost.probable", usd=usd))
    if not progress.past_count or progress.past_seconds is None:
        return [*sentences, say(language, "past.none")]
    key = "past.one" if progress.past_count == 1 else "past.many"
    time = say_duration(language, progress.past_seconds)
    usd = write_number(language, progress.past_usd or 0, 2)
    sentences.append(say(language, key, count=progress.past_count, time=time, usd=usd))
    return sentences


def say_duration(language: str, seconds: float) -> str:
    """Say how long something took, to the grain that matters."""
    for least, unit, key in _TIME_UNITS:
        if seconds >= least:
            return count(language, key, round(seconds / unit))
    return count(language, "seconds", round(seconds))


def list_steps(language: str, progress: CityProgress) -> str:
    """Return the HTML of the way of a city: what is done, where it is, what is to come; none if not known."""
    at = progress.step
    if at is None:
        return ""
    stands = progress.stage in ("refused", "retired")
    items = []
    for number, step in enumerate(WAY_STEPS):
        state = "done" if number < at else "now" if number == at and not stands else "next"
        current = ' aria-current="step"' if state == "now" else ""
        name, told = escape(say(language, f"way.{step}")), escape(say(language, f"way.{state}"))
        items.append(f'<li class="{state}"{current}>{name} <small>{told}</small></li>')
    label = escape(say(language, "way.title"))
    return f'<ol class="ss-way" aria-label="{label}">{"".join(items)}</ol>'


def list_counts(language: str, progress: CityProgress) -> str:
    """Return the HTML of what there is of a city so far."""
    counts = {
        "count.sights": progress.sight_count,
        "count.photos": progress.photo_count,
        "count.labelled": progress.labelled_photo_count,
    }
    rows = "".join(
        f"<div><dt>{escape(say(language, key))}</dt><dd>{write_number(language, number)}</dd></div>"
        for key, number in counts.items()
    )
    return f'<dl class="ss-counts">{rows}</dl>'


def _stage_sentence(language: str, progress: CityProgress) -> str:
    key, values = _stage_key(language, progress)
    return say_or(language, key, "stage.other", **values)


def _stage_key(language: str, progress: CityProgress) -> tuple[str, dict[str, object]]:
    """Return the sentence of a stage and what is put into it."""
    key = f"stage.{progress.stage}"
    values: dict[str, object] = {
        "place": progress.queue_place,
        "reason": progress.reason,
        "done": progress.crawled_count,
        "all": progress.crawl_count,
    }
    match progress.stage:
        case "refused" if not progress.reason:
            key = "stage.refused.unsaid"
        case "training" if progress.epoch_count:
            key = "stage.training.epochs"
            values["epochs"] = count(language, "epochs", progress.epoch_count)
        case "photos":
            values["reason"] = progress.not_trained_because or "-"
        case "ended" if progress.not_published_because:
            key = "stage.ended.judged"
            values["reason"] = progress.not_published_because
    return key, values
