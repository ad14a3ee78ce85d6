"""Each host of a crawl has the limits that its owner publishes, or those of the settings."""

import pytest

from sightscan.crawl.fetch.host_limits import crawl_throttle, day_rate, minute_rate
from sightscan.host_gate import HostLimit, Rate
from sightscan.settings import read_settings

CONTACT = "mailto:somebody@example.org"


def limit(host: str, **settings: object) -> HostLimit:
    return crawl_throttle(read_settings(**settings)).limit_of(host)


@pytest.mark.parametrize(
    "host",
    [
        *("commons.wikimedia.org", "upload.wikimedia.org", "thumb.wikimedia.org", "wikimedia.org"),
        *("www.wikidata.org", "query.wikidata.org", "de.wikipedia.org"),
    ],
)
def test_wikimedias_hosts_have_one_limit_together(host: str) -> None:
    own = "wikimedia.query.wikidata.org" if host == "query.wikidata.org" else None
    assert limit(host) == HostLimit(
        "wikimedia",
        Rate(10.0, 190 / 60),
        3,
        is_shared=True,
        has_shared_slots=True,
        own_pauses=own,
    )


@pytest.mark.parametrize("host", ["a.example", "notwikimedia.org", "wikimedia.org.example"])
def test_others_have_those_of_the_settings(host: str) -> None:
    found = limit(host, crawl_requests_per_second=4, crawl_requests_at_once=7)
    assert found == HostLimit(f"crawl.{host}", Rate(4.0, 4.0), 7)


@pytest.mark.parametrize(
    ("settings", "per_minute"),
    [
        ({"contact": CONTACT, "crawl_requests_per_second": 0}, 200),
        ({"contact": CONTACT, "crawl_requests_per_second": 50}, 200),
        ({"contact": CONTACT, "crawl_requests_per_second": 1}, 60),
        ({"contact": ""}, 10),
        ({"contact": "https://github.com/sightscan/sightscan"}, 10),
    ],
)
def test_wikimedia_is_asked_no_faster_than_it_allows(
    settings: dict[str, object], per_minute: float
) -> None:
    rate = limit("upload.wikimedia.org", **settings).rate
    assert rate is not None
    assert rate.capacity + rate.refill_per_second * 60 == pytest.approx(per_minute)


def test_hosts_of_catalogues_are_counted_by_all_workers() -> None:
    urls = {
        "openverse_api_url": "https://api.openverse.org",
        "google_images_url": "https://www.google.com/search",
    }
    hosts = ("api.openverse.org", "www.google.com", "a.example")
    assert [limit(host, **urls).is_shared for host in hosts] == [True, True, False]


def test_no_pace_is_no_limit() -> None:
    assert limit("a.example", crawl_requests_per_second=0).rate is None


def test_api_gets_a_quarter_of_a_minute_and_half_of_a_day_at_once() -> None:
    assert minute_rate(20) == Rate(5.0, 0.25)
    assert day_rate(200) == Rate(100.0, 100 / 86_400)
