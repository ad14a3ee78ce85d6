"""A run's summary: what was crawled, in columns; what failed first, and why; the note for the UI."""

from contextlib import nullcontext
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_secret
from markdown_it import MarkdownIt

from sightscan.crawl.report import CrawlReport, SourceReport
from sightscan.errors import CrawlError
from sightscan.operators.conclusion import conclude
from sightscan.operators.conclusion.conclude import crawl_table
from sightscan.operators.conclusion.failures import (
    first_line,
    keep_error,
    list_failed,
    sentence_of,
)
from sightscan.operators.conclusion.note import RunSummary, beside, write_note
from sightscan.warehouse.marts.city_standing import CityStanding
from sightscan.warehouse.spend.budgets import RunSpend

ORDER = ["estimate_spend", "crawl_photos", "label_photos", "train_model", "stop_instance"]
GREEN = RunSummary(
    failure="",
    reports=[
        ("crawl_photos", "Tower", {"kept": 1200}),
        ("crawl_photos", "Bridge", {"kept": 34}),
        ("label_photos", "", {"accepted": 400}),
        ("decide_training", "", {"train": True, "reason": "400 labelled photos, 100 needed"}),
        (
            "freeze_dataset",
            "",
            {"version": 4, "counts": {"train": 300, "val": 40, "test": 60}},
        ),
        ("register_model", "", {"model_version": 3}),
        (
            "publish_model",
            "",
            {"published": True, "reason": "better by 0.05 | of 60", "map50": 0.9123},
        ),
    ],
    standing=CityStanding(5678, 900, 3, 0.9123),
    spend=RunSpend(1.5, 0.0, 0.25),
    most_usd=19.0,
    links={"review labels": "/sightscan/review/?city=lisbon", "app": ""},
)


def source(name: str, **changes: object) -> SourceReport:
    counts = {"expected": 9, "received": 9, "found": 9, "known": 0, "kept": 8, "shared": 0}
    rest = {"duplicate": 0, "failed": 0, "rejected": {"too_small": 1}, "seconds": 2.0}
    return SourceReport(source=name, **(counts | rest | changes))  # type: ignore[arg-type]


def test_each_sight_and_each_of_its_sources_has_a_line() -> None:
    broken = source("bing", kept=0, rejected={}, problem="its page has changed")
    report = CrawlReport.of((source("openverse"), broken), 4.0)
    head, total, *sources = crawl_table([("Tower", asdict(report))])
    assert head.split()[:3] == ["sight", "source", "expected"]
    assert total.startswith("Tower  all")
    assert "too_small 1" in total
    assert [line.split()[0] for line in sources] == ["openverse", "bing"]
    assert sources[1].endswith("its page has changed")


def test_city_without_a_crawl_has_no_table() -> None:
    assert crawl_table([]) == []


def cells(note: str) -> dict[str, list[str]]:
    rows = [line.strip("|").split("|") for line in note.splitlines() if line.startswith("|")]
    return {name.strip(): [cell.strip() for cell in rest] for name, *rest in rows}


def test_note_of_a_green_run_has_the_decision_the_figures_the_cost_and_links() -> None:
    note = write_note(GREEN)
    assert note.splitlines()[0] == r"**Published.** better by 0.05 \| of 60"
    found = cells(note)
    assert found["photos"] == ["1,234", "5,678"]
    assert found["labels"] == ["400", "900"]
    assert found["dataset"] == ["4 (300 train, 40 val, 60 test)", ""]
    assert found["model"] == ["3 (mAP50 0.912)", "3 (in place, mAP50 0.912)"]
    assert "Cost: 1.75 USD of at most 19.00 (Vision 1.50, GPU 0.25)." in note
    assert note.endswith("[review labels](/sightscan/review/?city=lisbon)")
    html = MarkdownIt().enable("table").render(note)
    assert (html.count("<tr>"), html.count("<a href")) == (5, 1)


def test_note_of_a_run_that_trained_nothing_says_why() -> None:
    reports = [("decide_training", "", {"train": False, "reason": "12 labelled photos"})]
    note = write_note(replace(GREEN, reports=reports, standing=CityStanding(0, 0, None, None)))
    assert "**Nothing trained.** 12 labelled photos" in note
    assert cells(note)["model"] == ["–", "none in place"]
    assert cells(note)["dataset"] == ["–", ""]


def test_note_of_a_red_run_begins_with_the_failure_and_shows_it_letter_by_letter() -> None:
    failure = "crawl_photos [0] failed: <b>*no*</b> [a](http://b) | `c` _d_"
    note = write_note(replace(GREEN, failure=failure))
    assert note.splitlines()[0].startswith("**Failed.** crawl_photos \\[0\\] failed")
    shown = MarkdownIt().parse(note)
    texts = [child.content for token in shown for child in token.children or []]
    assert "".join(texts).count("<b>*no*</b> [a](http://b) | `c` _d_") == 1


def test_note_keeps_to_airflows_size_and_leaves_out_what_matters_less() -> None:
    long = "x" * 2000
    reports = [
        *GREEN.reports[:-1],
        ("publish_model", "", {"published": False, "reason": long, "map50": 0.1}),
        ("decide_training", "", {"train": False, "reason": long}),
    ]
    note = write_note(replace(GREEN, failure=long, reports=reports))
    assert len(note) <= 1000
    assert "**Failed.** xxx" in note
    assert "**Not published.** xxx" in note
    assert "xxx…" in note
    assert "Cost: 1.75" in note


def test_what_a_person_wrote_stays_before_the_note_also_when_it_is_written_again() -> None:
    once = beside("Ask Ana before you clear this.  ", write_note(GREEN))
    assert once.startswith("Ask Ana before you clear this.\n\n**Published.** better")
    again = beside(once, write_note(replace(GREEN, failure="label_photos failed")))
    assert again.startswith("Ask Ana before you clear this.\n\n**Failed.** label_photos failed")
    assert again.count("| photos |") == 1
    assert beside("", write_note(GREEN)) == write_note(GREEN)
    full = "p" * 990
    assert beside(full, write_note(GREEN)) == full


@pytest.mark.parametrize("gap", ["\n\n", "\n"])
def test_what_a_person_wrote_below_the_note_stays_when_it_is_written_again(gap: str) -> None:
    warning = f"{gap}DO NOT RETRAIN{gap}| ticket | 7 |"
    again = beside(write_note(GREEN) + warning, write_note(replace(GREEN, failure="no photos")))
    assert again.startswith(f"DO NOT RETRAIN{gap}| ticket | 7 |\n\n**Failed.** no photos")
    assert again.count("| photos |") == again.count("Cost: ") == again.count("[review labels]") == 1


def test_what_failed_is_named_in_the_graphs_order_and_what_had_to_wait_is_not_blamed() -> None:
    states = {
        "conclude_run": None,
        "stop_instance": "failed",
        "estimate_spend": "success",
        "crawl_photos_10": "failed",
        "crawl_photos_2": "failed",
        "crawl_photos_1": "success",
        "label_photos": "upstream_failed",
    }
    failed = list_failed(ORDER, states)
    assert [one.name for one in failed] == [
        "crawl_photos [2]", "crawl_photos [10]", "stop_instance", "label_photos",
    ]  # fmt: skip
    assert sentence_of(failed, "no answer") == (
        "crawl_photos [2] failed: no answer (also failed: crawl_photos [10], stop_instance)"
    )
    assert sentence_of(failed[2:3], None) == "stop_instance failed; its log says why"
    assert list_failed(ORDER, {"estimate_spend": "success"}) == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (CrawlError("Commons is away:  again\nmore"), "Commons is away: again"),
        (KeyError("kept"), "KeyError: 'kept'"),
        (TimeoutError(), "TimeoutError"),
        (CrawlError("x" * 400), "x" * 299 + "…"),
    ],
)
def test_error_is_its_first_line(error: Exception, line: str) -> None:
    assert first_line(error) == line


def test_a_task_leaves_its_error_and_no_secret_of_it() -> None:
    mask_secret("correct-horse-battery")
    left: dict[str, Any] = {}
    instance = SimpleNamespace(
        dag_id="city_alpha", xcom_push=lambda key, value: left.update({key: value})
    )
    keep_error(instance, CrawlError("no login with correct-horse-battery"))
    assert left == {"error": "no login with ***"}
    left.clear()
    # As when somebody marks a task failed; and of another's DAG.
    keep_error(instance, "TaskInstance's state was manually set to `failed`.")
    instance.dag_id = "report_cities"
    keep_error(instance, CrawlError("theirs"))
    assert left == {}


@pytest.mark.parametrize("failure", ["", "label_photos failed: the cap is reached"])
def test_note_whose_figures_cannot_be_read_changes_nothing_of_how_the_run_ended(
    monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    left: dict[str, Any] = {}
    instance = SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))
    work = SimpleNamespace(connection=None, run=None, city=SimpleNamespace(slug="alpha"))
    monkeypatch.setattr(conclude, "get_current_context", lambda: {"ti": instance})
    monkeypatch.setattr(conclude, "city_work", lambda _slug: nullcontext(work))
    monkeypatch.setattr(conclude, "_failure", lambda _context: failure)
    monkeypatch.setattr(conclude, "list_reports", lambda *_: [("estimate_spend", "", {})])
    monkeypatch.setattr(conclude, "_end_training", lambda *_: None)
    monkeypatch.setattr("sightscan.warehouse.spend.budgets.end_estimate", lambda *_: None)
    ended = pytest.raises(AirflowFailException, match=failure) if failure else nullcontext()
    with ended:
        assert conclude.conclude("alpha") == "alpha: all tasks ended well"
    said = f"**Failed.** {failure}" if failure else "**Done.** all tasks ended well"
    assert left == {"note": said}
