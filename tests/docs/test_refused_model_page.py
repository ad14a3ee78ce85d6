"""docs/runbooks/refused-model.md explains each sentence by which what is shown refuses a model."""

import inspect
import re
from pathlib import Path

from sightscan.publish import shipped
from sightscan.publish.shipped import object_to
from tests.unit.publish.test_fit_to_be_shown import model

PAGE = Path(__file__).parents[2].joinpath("docs", "runbooks", "refused-model.md").read_text("utf-8")
# One for each sentence, in the order of the module.
REFUSED = (
    object_to(model(alarms=range(40)), None),
    object_to(model(alarms=range(14)), model(1)),
    object_to(model(wrong=40), None),
    object_to(model(named=(0, 0)), model(1, named=(0, 0))),
    object_to(model(named=(8, 8)), model(1)),
    object_to(model(named=(2, 20)), model(1)),
)


def test_each_sentence_is_explained() -> None:
    said = [_form(sentence) for sentences in REFUSED for sentence in sentences]
    assert len({*said}) == len(re.findall(r"\byield\b", inspect.getsource(shipped)))
    explained = {_form(row) for row in re.findall(r"^\| `(.+?)` \|", PAGE, re.MULTILINE)}
    assert [sentence for sentence in said if sentence not in explained] == []


def _form(sentence: str) -> str:
    """Return a sentence without its numbers and the name of a sight that it begins with."""
    return re.sub(r"^\D+(?= is named)", "X", re.sub(r"\d+", "0", sentence))
