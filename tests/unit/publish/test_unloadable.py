"""A model in place that cannot be run counts as none: it stops no city, and nothing goes back to it."""

import hashlib
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.errors import LastingPublicationError
from sightscan.publish.compare import compare_models
from sightscan.publish.contender import find_unloadable
from sightscan.publish.left_over import finish_left_over
from sightscan.publish.publish import put_back, rollback
from sightscan.settings import read_settings
from sightscan.warehouse.models.models import read_model
from tests.model_files import BAD_MODELS
from tests.unit.publish.test_signed import Foundry, trusting

REFUSED = r"model\.onnx of model 1 of malaga is not run, because its operator 'Loop'"
DAMAGED = r"model\.onnx of model 1 of Q8851 does not have the hash"


@pytest.fixture
def foundry(warehouse: psycopg.Connection[Any], tmp_path: Path) -> Foundry:
    return Foundry(warehouse, tmp_path)


def exchange(foundry: Foundry, version: int) -> None:
    """Let a stored file be one that the check refuses, as after an upgrade that made it stricter."""
    content = BAD_MODELS["loop"][0]
    foundry.warehouse.execute(
        "update core.model_file set bytes = %(bytes)s, sha256 = %(sha256)s"
        " where model_version = %(version)s and file_name = 'model.onnx'",
        {
            "bytes": content,
            "sha256": hashlib.sha256(content).digest(),
            "version": version,
        },
    )


def damage(foundry: Foundry, version: int) -> None:
    """Let a stored file be another than was registered."""
    foundry.warehouse.execute(
        "update core.model_file set bytes = 'broken' where model_version = %s"
        " and file_name = 'model.onnx'",
        (version,),
    )


SPOILT = pytest.mark.parametrize(("spoil", "problem"), [(exchange, REFUSED), (damage, DAMAGED)])


@SPOILT
def test_new_model_is_judged_alone_and_the_sentence_names_the_one_that_cannot_be_run(
    foundry: Foundry, spoil: Any, problem: str
) -> None:
    foundry.publish(foundry.register("colours.onnx", None), trusting())
    spoil(foundry, 1)
    # Worse than the one in place, but good enough for a first model.
    version = foundry.register("loose.onnx", None)
    assert foundry.publish(version, trusting())
    decision = read_model(foundry.warehouse, "Q8851", version).decision or ""
    assert decision.startswith("first model: ")
    assert re.search(problem, decision), decision
    assert "not judged against model 1, which is in place and which nobody may load" in decision


@SPOILT
def test_city_goes_on_and_trains_as_without_a_model(
    foundry: Foundry, spoil: Any, problem: str
) -> None:
    warehouse, city = foundry.warehouse, foundry.place.city
    version = foundry.register("colours.onnx", None, live="colours.onnx")
    foundry.publish(version, trusting())
    spoil(foundry, version)
    # Its live variant is still to be judged.
    warehouse.execute("update core.model_variant set state = 'registered'")
    config = read_settings(min_image_number_per_label=5)
    assert finish_left_over(warehouse, config, city, published_by="run") is None
    why = find_unloadable(warehouse, city, read_model(warehouse, city.city_id, version), ())
    assert why is not None
    assert re.search(problem, why), why


@SPOILT
def test_nothing_goes_back_to_it_or_is_compared_with_it(
    foundry: Foundry, spoil: Any, problem: str
) -> None:
    warehouse, city = foundry.warehouse, foundry.place.city
    for onnx in ("loose.onnx", "colours.onnx"):
        foundry.publish(foundry.register(onnx, None), trusting())
    spoil(foundry, 1)
    with pytest.raises(LastingPublicationError, match=problem):
        rollback(warehouse, city, by="ada", reason="worse", public_keys=())
    with pytest.raises(LastingPublicationError, match=problem):
        compare_models(warehouse, city, 1, 2, public_keys=())
    in_place = warehouse.execute("select model_version from mart.published_model").fetchall()
    assert in_place == [(2,)]


def test_it_is_not_put_back(foundry: Foundry) -> None:
    warehouse, city = foundry.warehouse, foundry.place.city
    for onnx in ("loose.onnx", "colours.onnx"):
        foundry.publish(foundry.register(onnx, None), trusting())
    rollback(warehouse, city, by="ada", reason="worse", public_keys=())
    exchange(foundry, 2)
    with pytest.raises(LastingPublicationError, match=r"model 2 of malaga is not run, because"):
        put_back(warehouse, city, 2, by="ada", reason="better", public_keys=())
