"""Each kind of incident has a part of the runbook that its message names, and each part its kind."""

import re
from pathlib import Path

from sightscan.alerts.kinds import KINDS

REPOSITORY = Path(__file__).resolve().parents[2]


def test_each_message_names_a_part_of_the_page_that_is_there() -> None:
    named = [kind.runbook.partition("#") for kind in KINDS.values()]
    assert {page for page, _, _ in named} == {"docs/runbooks/alerts.md"}
    text = (REPOSITORY / "docs" / "runbooks" / "alerts.md").read_text(encoding="utf-8")
    assert sorted(part for _, _, part in named) == sorted(
        re.findall(r"^## (\S+)$", text, re.MULTILINE)
    )
