"""The note of a run, in Markdown, as Airflow's UI shows it beside the run and in the list of runs.

Airflow keeps 1,000 characters. The parts stand in the order in which they matter, and one that has no
room any more is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sightscan.warehouse.marts.city_standing import CityStanding
from sightscan.warehouse.marts.run_reports import CRAWL_TASK
from sightscan.warehouse.spend.budgets import RunSpend

MAX_NOTE_CHARACTERS: Final = 1000
# The first line is what the UI shows of a note that is folded. By these words a note of ours is found
# again: what a person wrote beside it stays.
OUTCOMES: Final = (
    "Failed", "Published", "Not published", "Nothing trained", "Training was due", "Done",
)  # fmt: skip
_OUTCOME = re.compile(rf"\*\*(?:{'|'.join(OUTCOMES)})\.\*\*")
# By how they begin, its other lines: those of the table, cost, links.
_FIGURES = ("|  | this run", "| --- | --: |", "| photos |", "| labels |", "| dataset |", "| model |",
            "Cost: ", "[review labels](")  # fmt: skip
# Of all sentences together, so that table, cost and links have room beside them.
MAX_SAID_CHARACTERS: Final = 460
# What would be read as Markdown, or as the end of a table's cell. An underscore inside a word is none.
_MARKDOWN = re.compile(r"[\\`*\[\]<>|~#]|(?<!\w)_|_(?!\w)")
Report = tuple[str, str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a note is written from; `failure` is empty if all went well, a link's address if there is none."""

    failure: str
    reports: Sequence[Report]
    standing: CityStanding
    spend: RunSpend
    most_usd: float | None
    links: Mapping[str, str]


def write_note(summary: RunSummary) -> str:
    """Return the note of a run that was concluded."""
    outcomes = [("Failed", summary.failure)] if summary.failure else []
    outcomes += decisions_of(summary.reports)
    outcomes = outcomes or [("Done", "all tasks ended well")]
    most = MAX_SAID_CHARACTERS // len(outcomes)
    said = [outcome_note(word, sentence, most) for word, sentence in outcomes]
    figures = [_table(summary), _cost(summary), _links(summary.links)]
    return fit([*said, *figures], MAX_NOTE_CHARACTERS)


def outcome_note(outcome: str, sentence: str, most: int = MAX_SAID_CHARACTERS) -> str:
    """Return the line that says what came of a run, and why."""
    return f"**{outcome}.** {_said(sentence, most)}"


def beside(theirs: str, ours: str) -> str:
    """Return a note of ours after what a person wrote before and below an earlier one of ours."""
    lines = [line for line in theirs.splitlines() if not _is_ours(line)]
    kept = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return fit([kept, *ours.split("\n\n")], MAX_NOTE_CHARACTERS)


def _is_ours(line: str) -> bool:
    return bool(_OUTCOME.match(line)) or line.startswith(_FIGURES)


def fit(parts: Sequence[str], most: int) -> str:
    """Return as many of the parts as have room, in their order, as paragraphs."""
    text = ""
    for part in filter(None, parts):
        longer = f"{text}\n\n{part}" if text else part
        if len(longer) <= most:
            text = longer
    return text


def decisions_of(reports: Sequence[Report]) -> Iterator[tuple[str, str]]:
    """Return what was decided, and why: whether to publish, else whether to train."""
    found = _by_task(reports)
    published = found.get("publish_model")
    if published is not None:
        yield "Published" if published["published"] else "Not published", published["reason"]
    decided = found.get("decide_training")
    if decided is not None and (published is None or not decided["train"]):
        yield "Training was due" if decided["train"] else "Nothing trained", decided["reason"]


def _said(sentence: str, most: int) -> str:
    """Return a sentence that shows letter by letter, and not all of a long one."""
    text = " ".join(sentence.split())
    if len(text) > most:
        text = text[: most - 1].rstrip() + "…"
    return _MARKDOWN.sub(r"\\\g<0>", text)


def _table(summary: RunSummary) -> str:
    found = _by_task(summary.reports)
    standing = summary.standing
    kept = sum(int(report["kept"]) for task, _, report in summary.reports if task == CRAWL_TASK)
    accepted = int(found.get("label_photos", {}).get("accepted", 0))
    frozen = found.get("freeze_dataset")
    registered = found.get("register_model", {}).get("model_version")
    measured = found.get("publish_model", {}).get("map50")
    rows = [
        ("", "this run", "in all"),
        ("---", "--:", "--:"),
        ("photos", f"{kept:,}", f"{standing.photo_count:,}"),
        ("labels", f"{accepted:,}", f"{standing.box_count:,}"),
        ("dataset", _dataset(frozen) if frozen else "–", ""),
        (
            "model",
            _model(registered, measured),
            _model(standing.model_version, standing.map50, "in place"),
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _dataset(frozen: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count:,} {split}" for split, count in frozen["counts"].items())
    return f"{frozen['version']} ({counts})"


def _model(version: int | None, map50: float | None, where: str = "") -> str:
    if version is None:
        return "none in place" if where else "–"
    said = [where] if where else []
    said += [f"mAP50 {map50:.3f}"] if map50 is not None else []
    return f"{version} ({', '.join(said)})" if said else str(version)


def _cost(summary: RunSummary) -> str:
    spend = summary.spend
    parts = [f"Vision {spend.vision_usd:.2f}", f"GPU {spend.gpu_usd:.2f}"]
    if spend.places_usd:
        parts.append(f"Places {spend.places_usd:.2f}")
    most = f" of at most {summary.most_usd:.2f}" if summary.most_usd is not None else ""
    return f"Cost: {spend.usd:.2f} USD{most} ({', '.join(parts)})."


def _links(links: Mapping[str, str]) -> str:
    return " · ".join(f"[{name}]({address})" for name, address in links.items() if address)


def _by_task(reports: Sequence[Report]) -> dict[str, Mapping[str, Any]]:
    return {task_id: report for task_id, _, report in reports}
