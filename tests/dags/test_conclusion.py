"""The run's summary shows what was crawled, in columns."""

from dataclasses import asdict

from sightscan.crawl.report import CrawlReport, SourceReport
from sightscan.operators.conclusion import crawl_table


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
