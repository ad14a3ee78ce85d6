"""What an earlier run left undone is done by the next: a judgement, a live variant, a card."""

import hashlib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.publish import publish as publishing
from sightscan.publish.left_over import finish_left_over
from sightscan.publish.publish import PublicationDecision, publish_model
from sightscan.publish.register import register_model
from sightscan.publish.signed import sign_models
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.signature import write_key
from sightscan.signing import SigningKey
from sightscan.warehouse.models.models import read_model
from tests.cities.colour_city import (
    FIXTURES,
    ColourCity,
    ask_training,
    store_colour_city,
    write_model_folder,
)

KEY = SigningKey(b"\1" * 32)


class City:
    """A city whose models are registered and left there."""

    def __init__(self, warehouse: psycopg.Connection[Any], folder: Path) -> None:
        self.warehouse, self._folder = warehouse, folder
        self.config = read_settings(min_image_number_per_label=5)
        self.place: ColourCity = store_colour_city(warehouse)
        run = Run(self.place.city.city_id, "d", "freeze")
        self._dataset = freeze_dataset(warehouse, self.config, self.place.city, run)

    def register(self, onnx: str = "colours.onnx", **model: Any) -> int:
        count = self.warehouse.execute("select count(*) from core.model").fetchone()
        training = ask_training(self.warehouse, self._dataset, f"run {count}")
        folder = write_model_folder(
            self._folder / str(count), training, self._dataset, onnx=onnx, **model
        )
        return register_model(self.warehouse, training, folder, signing_key=KEY)

    def publish(self, version: int, config: Settings | None = None) -> PublicationDecision:
        return publish_model(
            self.warehouse, config or self.config, self.place.city, version, published_by="run"
        )

    def finish(
        self, config: Settings | None = None, *, pass_over: bool = False
    ) -> PublicationDecision | None:
        return finish_left_over(
            self.warehouse,
            config or self.config,
            self.place.city,
            published_by="run",
            pass_over=pass_over,
        )

    def cards(self) -> list[int]:
        rows = self.warehouse.execute(
            "select model_version from core.model_file where file_name = 'card.md' order by 1"
        ).fetchall()
        return [version for (version,) in rows]


@pytest.fixture
def city(warehouse: psycopg.Connection[Any], tmp_path: Path) -> City:
    return City(warehouse, tmp_path)


def test_model_that_was_left_unjudged_is_judged(city: City) -> None:
    assert city.finish() is None
    city.register()
    decision = city.finish()
    assert decision is not None
    assert decision.published
    assert city.finish() is None


def test_model_that_cannot_be_judged_stops_the_city_unless_training_is_forced(city: City) -> None:
    version = city.register()
    city.warehouse.execute("delete from core.model_file")
    with pytest.raises(PublicationError, match=r"model 1 was registered and never judged.*missing"):
        city.finish()
    assert city.finish(pass_over=True) is None
    assert read_model(city.warehouse, city.place.city.city_id, version).state == "registered"


def test_model_that_is_not_signed_stops_the_city_for_good_and_says_so(city: City) -> None:
    trusting = read_settings(
        min_image_number_per_label=5, model_public_keys=write_key(SigningKey(b"\2" * 32).public_key)
    )
    city.register()
    with pytest.raises(
        LastingPublicationError,
        match=r"model 1 was registered and never judged, and cannot be now: model 1 of malaga is "
        r"refused: .*sightscan model sign malaga 1",
    ):
        city.finish(trusting)


def test_card_that_was_lost_between_judgement_and_storing_is_made(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = city.register()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "store_cards", crash)
        with pytest.raises(KeyboardInterrupt):
            city.publish(version)
    assert read_model(city.warehouse, city.place.city.city_id, version).state == "published"
    assert city.cards() == []
    # Another try of the same task finds the decision, and stores what is missing.
    assert city.publish(version).published
    assert city.cards() == [version]


def test_next_run_makes_every_card_that_is_missing_and_no_other(city: City) -> None:
    for onnx in ("colours.onnx", "loose.onnx"):
        city.publish(city.register(onnx))
    city.register()
    city.warehouse.execute("delete from core.model_file where file_name = 'card.md'")
    city.finish()
    # The third was judged now, the others before.
    assert city.cards() == [1, 2, 3]
    city.warehouse.execute("update core.model_file set bytes = 'ours' where file_name = 'card.md'")
    city.finish()
    assert city.warehouse.execute(
        "select count(*) from core.model_file where bytes = 'ours'"
    ).fetchone() == (3,)


def test_next_run_makes_the_public_card_of_a_model_that_was_judged_before_there_were_any(
    city: City,
) -> None:
    city.publish(city.register())
    city.publish(city.register("loose.onnx"))
    city.warehouse.execute("delete from core.model_example where model_version = 1")
    city.warehouse.execute("delete from core.model_card where model_version = 1")
    city.warehouse.execute("update core.model_card set markdown = 'ours'")
    city.warehouse.execute("update core.model_file set bytes = 'ours' where file_name = 'card.md'")
    city.finish()
    rows = city.warehouse.execute(
        "select markdown = 'ours', (select convert_from(bytes, 'UTF8') from core.model_file"
        "  where file_name = 'card.md' and model_version = model_card.model_version)"
        " from core.model_card order by model_version"
    ).fetchall()
    # What was there stays as it was.
    assert rows == [(False, "ours"), (True, "ours")]


def test_model_that_was_judged_by_an_older_version_gets_no_card(city: City) -> None:
    city.publish(city.register())
    city.warehouse.execute("delete from core.model_file where file_name = 'card.md'")
    city.warehouse.execute("delete from core.model_card")
    city.warehouse.execute("update core.model set shipped = null")
    city.finish()
    assert city.cards() == []
    assert city.warehouse.execute("select count(*) from core.model_card").fetchone() == (0,)


def test_live_variant_in_place_is_judged_after_its_keys_were_mended(city: City) -> None:
    trusting = read_settings(
        min_image_number_per_label=5, model_public_keys=write_key(KEY.public_key)
    )
    version = city.register(live="colours.onnx")
    city.warehouse.execute(
        "update core.model_variant set onnx_signature = null, onnx_signed_by = null"
    )
    city.publish(version, trusting)

    def state() -> Any:
        return city.warehouse.execute("select state from core.model_variant").fetchone()

    assert city.finish(trusting) is None
    assert state() == ("registered",)
    known = [hashlib.sha256((FIXTURES / "colours.onnx").read_bytes()).hexdigest()]
    sign_models(city.warehouse, city.place.city, KEY, [KEY.public_key], version, sha256s=known)
    assert city.finish(trusting) is None
    assert state() == ("offered",)


def test_live_variant_that_was_damaged_while_it_waited_is_refused_and_stops_nobody(
    city: City,
) -> None:
    trusting = read_settings(
        min_image_number_per_label=5, model_public_keys=write_key(KEY.public_key)
    )
    version = city.register(live="colours.onnx")
    city.warehouse.execute(
        "update core.model_variant set onnx_signature = null, onnx_signed_by = null"
    )
    city.publish(version, trusting)
    city.warehouse.execute("update core.model_file set bytes = 'x' where file_name = 'live.onnx'")
    assert city.finish(trusting) is None
    row = city.warehouse.execute("select state, decision from core.model_variant").fetchone()
    assert row is not None
    assert row[0] == "refused"
    assert "live.onnx" in row[1]
    assert read_model(city.warehouse, city.place.city.city_id, version).state == "published"
