"""Who runs an installation is told apart from the project, and from nobody."""

import logging

import pytest

from sightscan.discover.wikidata import open_client
from sightscan.settings import read_settings

NOBODYS = ["", "   ", "https://github.com/sightscan/sightscan", "me", "@", "mailto:ä@example.org"]


@pytest.mark.parametrize(
    "contact",
    [
        *(
            "ops@example.org",
            "mailto:ops@example.org",
            "https://example.org/bot",
            "http://a.example",
        ),
        "https://example.org/bot; ops@example.org",
    ],
)
def test_contact_is_sent(contact: str) -> None:
    config = read_settings(contact=contact)
    assert config.user_agent == f"SightScan/1.0 ({contact})"
    assert config.contact_problem is None


@pytest.mark.parametrize("contact", NOBODYS)
def test_what_reaches_nobody_is_not_sent_and_said(contact: str) -> None:
    config = read_settings(contact=contact)
    assert config.user_agent == "SightScan/1.0"
    assert f"CONTACT={contact!r}" in str(config.contact_problem)


@pytest.mark.parametrize(
    ("url", "contact", "warnings"),
    [
        ("https://www.wikidata.org/w/api.php", "", 1),
        ("https://www.wikidata.org/w/api.php", "ops@example.org", 0),
        ("http://127.0.0.1:9/w/api.php", "", 0),
    ],
)
def test_missing_contact_is_a_warning_where_wikimedia_is_asked(
    caplog: pytest.LogCaptureFixture, url: str, contact: str, warnings: int
) -> None:
    config = read_settings(wikidata_api_url=url, contact=contact)
    with caplog.at_level(logging.WARNING), open_client(config):
        pass
    assert sum("CONTACT=" in record.message for record in caplog.records) == warnings
