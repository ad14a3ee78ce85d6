"""A stored model is believed by its signature: whoever writes the warehouse makes none."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.errors import LastingPublicationError
from sightscan.publish.compare import compare_models
from sightscan.publish.publish import publish_model, put_back, rollback
from sightscan.publish.register import register_model
from sightscan.publish.signed import NotAllSignedError, Signing, sign_models
from sightscan.run import Run
from sightscan.settings import Settings, read_settings, settings
from sightscan.signature import write_key
from sightscan.signing import SigningKey, write_key_file
from sightscan.warehouse.models.models import read_model
from tests.cities.colour_city import (
    ColourCity,
    ask_training,
    store_colour_city,
    write_model_folder,
)

OURS, THEIRS = SigningKey(b"\1" * 32), SigningKey(b"\2" * 32)


class Foundry:
    """A city's models, each registered under a key or none."""

    def __init__(self, warehouse: psycopg.Connection[Any], folder: Path) -> None:
        self.warehouse, self.folder = warehouse, folder
        self.place: ColourCity = store_colour_city(warehouse)
        config = read_settings(min_image_number_per_label=5)
        self.dataset = freeze_dataset(
            warehouse, config, self.place.city, Run(self.place.city.city_id, "d", "run")
        )

    def register(self, onnx: str, key: SigningKey | None, live: str | None = None) -> int:
        count = self.warehouse.execute("select count(*) from core.model").fetchone()
        training = ask_training(self.warehouse, self.dataset, f"run {count}")
        folder = write_model_folder(
            self.folder / str(count), training, self.dataset, onnx=onnx, live=live
        )
        return register_model(self.warehouse, training, folder, signing_key=key)

    def publish(self, version: int, config: Settings) -> bool:
        return publish_model(
            self.warehouse, config, self.place.city, version, published_by="run"
        ).published

    def sign(
        self,
        key: SigningKey,
        trusted: tuple[SigningKey, ...],
        version: int | None = None,
        files: tuple[str, ...] = (),
    ) -> list[str]:
        """Sign; `files` of the version are known by their SHA-256, as they were registered."""
        keys = [one.public_key for one in trusted]
        sha256s = [
            hashlib.sha256(
                (self.folder / f"({(version or 0) - 1},)" / one).read_bytes()
            ).hexdigest()
            for one in files
        ]
        done = sign_models(self.warehouse, self.place.city, key, keys, version, sha256s=sha256s)
        return [one.done for one in done]


@pytest.fixture
def foundry(warehouse: psycopg.Connection[Any], tmp_path: Path) -> Foundry:
    return Foundry(warehouse, tmp_path)


def trusting(*keys: SigningKey) -> Settings:
    return read_settings(
        min_image_number_per_label=5,
        model_public_keys=",".join(write_key(key.public_key) for key in keys),
    )


def test_model_is_signed_as_it_is_registered_and_published(foundry: Foundry) -> None:
    version = foundry.register("colours.onnx", OURS)
    assert foundry.publish(version, trusting(THEIRS, OURS))
    row = foundry.warehouse.execute(
        "select model.onnx_signature, model.onnx_signed_by, published_model.onnx_signature"
        " from core.model cross join mart.published_model"
    ).fetchone()
    assert row is not None
    onnx = (foundry.folder / "(0,)" / "model.onnx").read_bytes()
    assert (row[0], row[1]) == OURS.sign(onnx)
    assert row[2] == write_key(row[0])


def test_without_a_key_models_are_unsigned_and_say_so(
    foundry: Foundry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        version = foundry.register("colours.onnx", None)
    assert "signed_by=None" in caplog.text
    assert foundry.publish(version, trusting())
    assert foundry.warehouse.execute(
        "select onnx_signature from mart.published_model"
    ).fetchone() == (None,)


@pytest.mark.parametrize(
    ("key", "problem"),
    [(None, "it is not signed"), (THEIRS, "not one of these bytes by a key of MODEL_PUBLIC_KEYS")],
)
def test_model_that_is_not_signed_rightly_is_not_published(
    foundry: Foundry, key: SigningKey | None, problem: str
) -> None:
    version = foundry.register("colours.onnx", key)
    with pytest.raises(
        LastingPublicationError,
        match=f"model 1 of malaga is refused: .*{problem}.*sightscan model sign malaga 1",
    ):
        foundry.publish(version, trusting(OURS))
    assert read_model(foundry.warehouse, "Q8851", version).state == "registered"


def test_signature_of_another_model_is_refused(foundry: Foundry) -> None:
    foundry.register("loose.onnx", OURS)
    version = foundry.register("colours.onnx", OURS)
    foundry.warehouse.execute(
        "update core.model set onnx_signature = (select onnx_signature from core.model"
        " where model_version = 1) where model_version = 2"
    )
    with pytest.raises(LastingPublicationError, match="model 2 of malaga is refused"):
        foundry.publish(version, trusting(OURS))


def test_file_that_was_exchanged_with_its_hash_is_refused(foundry: Foundry) -> None:
    foundry.register("loose.onnx", OURS)
    version = foundry.register("colours.onnx", OURS)
    # Another file of ours, put in the place of this one as whoever writes the warehouse can.
    foundry.warehouse.execute(
        "with other as (select * from core.model_file where model_version = 1)"
        " update core.model_file as file set bytes = other.bytes, sha256 = other.sha256 from other"
        " where file.model_version = 2 and file.file_name = other.file_name"
    )
    with pytest.raises(LastingPublicationError, match="model 2 of malaga is refused"):
        foundry.publish(version, trusting(OURS))


def test_model_in_place_that_nobody_may_load_is_not_judged_against(foundry: Foundry) -> None:
    foundry.publish(foundry.register("colours.onnx", None), trusting())
    # Worse than the one in place, but good enough for a first model.
    version = foundry.register("loose.onnx", OURS)
    assert foundry.publish(version, trusting(OURS))
    decision = read_model(foundry.warehouse, "Q8851", version).decision or ""
    assert decision.startswith("first model: ")
    assert (
        "; not judged against model 1, which is in place and which nobody may load: it is not signed"
        in decision
    )
    assert "sightscan model sign malaga 1" in decision


def test_model_in_place_that_was_signed_since_is_judged_against(foundry: Foundry) -> None:
    foundry.publish(foundry.register("colours.onnx", None), trusting())
    version = foundry.register("loose.onnx", OURS)
    foundry.sign(OURS, (OURS,), 1, ("model.onnx",))
    assert not foundry.publish(version, trusting(OURS))


def test_unsigned_models_are_not_compared_rolled_back_to_or_put_back(foundry: Foundry) -> None:
    for onnx in ("loose.onnx", "colours.onnx"):
        foundry.publish(foundry.register(onnx, None), trusting())
    warehouse, city, keys = foundry.warehouse, foundry.place.city, [OURS.public_key]
    with pytest.raises(LastingPublicationError, match="not signed"):
        compare_models(warehouse, city, 1, 2, public_keys=keys)
    with pytest.raises(LastingPublicationError, match="model 1 of malaga is refused"):
        rollback(warehouse, city, by="ada", reason="worse", public_keys=keys)
    rollback(warehouse, city, by="ada", reason="worse", public_keys=())
    with pytest.raises(LastingPublicationError, match="model 2 of malaga is refused"):
        put_back(warehouse, city, 2, by="ada", reason="better", public_keys=keys)
    in_place = warehouse.execute("select model_version from mart.published_model").fetchall()
    assert in_place == [(1,)]


def test_older_models_are_signed_once_by_a_person(foundry: Foundry) -> None:
    for onnx in ("loose.onnx", "colours.onnx"):
        foundry.register(onnx, None)
    assert foundry.sign(OURS, ()) == ["signed", "signed"]
    assert foundry.sign(OURS, (OURS,)) == ["already signed", "already signed"]
    assert foundry.publish(2, trusting(OURS))


def test_keys_rotate_and_nothing_is_refused_on_the_way(foundry: Foundry) -> None:
    version = foundry.register("colours.onnx", OURS)
    assert foundry.publish(version, trusting(OURS, THEIRS))
    assert foundry.sign(THEIRS, (OURS, THEIRS)) == ["signed anew"]
    city, keys = foundry.place.city, [THEIRS.public_key]
    assert compare_models(foundry.warehouse, city, 1, 1, public_keys=keys).changed == ()


def take_signature_away(foundry: Foundry) -> None:
    foundry.warehouse.execute("update core.model set onnx_signature = null, onnx_signed_by = null")


def sign_by_another(foundry: Foundry) -> None:
    signature = THEIRS.sign((foundry.folder / "(0,)" / "model.onnx").read_bytes())
    foundry.warehouse.execute(
        "update core.model set onnx_signature = %s, onnx_signed_by = %s", signature
    )


@pytest.mark.parametrize("spoil", [take_signature_away, sign_by_another])
def test_file_that_nobody_believes_is_signed_only_by_its_version_and_hash(
    foundry: Foundry, spoil: Callable[[Foundry], None]
) -> None:
    foundry.register("colours.onnx", OURS)
    spoil(foundry)
    for version in (None, 1):
        with pytest.raises(LastingPublicationError, match=r"model 1 of malaga is refused.*SHA-256"):
            foundry.sign(OURS, (OURS,), version)
    assert foundry.sign(OURS, (OURS,), 1, ("model.onnx",))[0].startswith("signed")
    assert sign_models(foundry.warehouse, foundry.place.city, OURS, []) == [
        Signing(1, read_model(foundry.warehouse, "Q8851", 1).onnx_sha256.hex(), "already signed")
    ]


def test_all_others_are_signed_beside_one_that_nobody_believes(
    foundry: Foundry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for signed_by in (THEIRS, None, THEIRS):
        foundry.register("colours.onnx", signed_by)
    keys = [OURS.public_key, THEIRS.public_key]
    with pytest.raises(NotAllSignedError) as raised:
        sign_models(foundry.warehouse, foundry.place.city, OURS, keys)
    assert [(one.version, one.done) for one in raised.value.done] == [
        (1, "signed anew"),
        (3, "signed anew"),
    ]
    (refusal,) = raised.value.refusals
    assert refusal.startswith("model 2 of malaga is refused")
    key_file = foundry.folder / "key"
    write_key_file(key_file, OURS)
    monkeypatch.setenv("MODEL_SIGNING_KEY_FILE", str(key_file))
    monkeypatch.setenv("MODEL_PUBLIC_KEYS", write_key(OURS.public_key))
    settings.cache_clear()
    assert main(["model", "sign", "malaga"]) == 1
    told = capsys.readouterr()
    assert "2 models" in told.out
    assert "model 2 of malaga is refused" in told.err


def test_signature_without_its_key_is_refused_by_the_warehouse(foundry: Foundry) -> None:
    foundry.register("colours.onnx", OURS)
    with pytest.raises(psycopg.errors.CheckViolation):
        foundry.warehouse.execute("update core.model set onnx_signed_by = null")


def variant_of(foundry: Foundry) -> tuple[str, str]:
    """Return the state of the live variant, and by whom it is signed."""
    row = foundry.warehouse.execute(
        "select state, onnx_signed_by, onnx_signature from core.model_variant"
    ).fetchone()
    assert row is not None
    state, signed_by, signature = row
    live = (foundry.folder / "(0,)" / "live.onnx").read_bytes()
    for name, key in (("ours", OURS), ("theirs", THEIRS)):
        if (signature, signed_by) == key.sign(live):
            return state, name
    return state, "nobody"


def test_live_variant_is_signed_and_offered_with_its_model(foundry: Foundry) -> None:
    version = foundry.register("colours.onnx", OURS, live="colours.onnx")
    assert foundry.publish(version, trusting(OURS))
    assert variant_of(foundry) == ("offered", "ours")


@pytest.mark.parametrize("signature", [(None, None), OURS.sign(b"another file")])
def test_model_is_published_without_a_live_variant_that_is_not_signed_rightly(
    foundry: Foundry, signature: tuple[bytes | None, bytes | None]
) -> None:
    version = foundry.register("colours.onnx", OURS, live="colours.onnx")
    foundry.warehouse.execute(
        "update core.model_variant set onnx_signature = %s, onnx_signed_by = %s", signature
    )
    assert foundry.publish(version, trusting(OURS))
    state, _ = variant_of(foundry)
    assert state == "registered"
    assert foundry.warehouse.execute(
        "select live_onnx_sha256, live_onnx_signature from mart.published_model"
    ).fetchone() == (None, None)
    (decision,) = foundry.warehouse.execute(
        "select decision from core.model_variant"
    ).fetchone() or ("",)
    assert decision.startswith("live.onnx of model 1 is refused: it")


def unsigned_variant(foundry: Foundry) -> int:
    """Publish a model whose live variant is not signed."""
    version = foundry.register("colours.onnx", OURS, live="colours.onnx")
    foundry.warehouse.execute(
        "update core.model_variant set onnx_signature = null, onnx_signed_by = null"
    )
    assert foundry.publish(version, trusting(OURS))
    return version


def test_live_variant_is_judged_once_its_signature_was_mended(foundry: Foundry) -> None:
    version = unsigned_variant(foundry)
    assert foundry.publish(version, trusting(OURS))
    assert variant_of(foundry) == ("registered", "nobody")
    foundry.sign(OURS, (OURS,), version, ("live.onnx",))
    card = "select bytes from core.model_file where file_name = 'card.md'"
    (before,) = foundry.warehouse.execute(card).fetchone() or ()
    assert foundry.publish(version, trusting(OURS))
    assert variant_of(foundry) == ("offered", "ours")
    decision, shipped, map50_95 = foundry.warehouse.execute(
        "select decision, shipped, map50_95 from core.model_variant"
    ).fetchone() or ((), {}, 0)
    assert decision.startswith("mAP50-95 1.000 at 160 px against 1.000")
    assert (shipped["precision"], round(map50_95, 2)) == (1, 1.0)
    (after,) = foundry.warehouse.execute(card).fetchone() or ()
    assert b"not judged yet" in before
    assert b"not judged yet" not in after


def test_live_variant_of_a_model_that_was_judged_without_it_shows_no_hidden_sight(
    foundry: Foundry,
) -> None:
    version = unsigned_variant(foundry)
    foundry.warehouse.execute(
        "update core.model set hidden_sight_ids ="
        " (select sight_ids[1:1] from core.dataset where dataset_version = 1)"
    )
    foundry.sign(OURS, (OURS,), version, ("live.onnx",))
    foundry.publish(version, trusting(OURS))
    (shipped,) = (
        foundry.warehouse.execute("select shipped from core.model_variant").fetchone() or ()
    )
    assert shipped["sight_photos"] == 12


def test_live_variant_is_signed_with_its_model_by_a_person(foundry: Foundry) -> None:
    foundry.register("colours.onnx", None, live="colours.onnx")
    assert variant_of(foundry) == ("registered", "nobody")
    assert foundry.sign(OURS, ()) == ["signed"]
    assert foundry.publish(1, trusting(OURS))
    assert variant_of(foundry) == ("offered", "ours")
    assert foundry.sign(THEIRS, (OURS, THEIRS)) == ["signed anew"]
    assert variant_of(foundry) == ("offered", "theirs")


def test_live_variant_that_nobody_believes_is_signed_only_by_its_version_and_hash(
    foundry: Foundry,
) -> None:
    foundry.register("colours.onnx", OURS, live="colours.onnx")
    foundry.warehouse.execute(
        "update core.model_variant set onnx_signature = null, onnx_signed_by = null"
    )
    with pytest.raises(
        LastingPublicationError,
        match=r"live\.onnx of model 1 of malaga is refused: .*sightscan model sign malaga 1",
    ):
        foundry.sign(OURS, (OURS,), 1)
    assert foundry.sign(OURS, (OURS,), 1, ("live.onnx",)) == ["signed anew"]
    assert variant_of(foundry) == ("registered", "ours")


def test_file_that_was_exchanged_with_its_signature_taken_away_is_not_signed(
    foundry: Foundry,
) -> None:
    """As whoever writes the warehouse could do it: the hash of the file that was ours is another's now."""
    foundry.register("loose.onnx", OURS)
    foundry.register("colours.onnx", OURS)
    foundry.warehouse.execute(
        "with other as (select * from core.model_file where model_version = 1)"
        " update core.model_file as file set bytes = other.bytes, sha256 = other.sha256 from other"
        " where file.model_version = 2 and file.file_name = other.file_name"
    )
    take_signature_away(foundry)
    with pytest.raises(LastingPublicationError, match="model 2 of malaga is refused"):
        foundry.sign(OURS, (OURS,), 2, ("model.onnx",))
    row = foundry.warehouse.execute(
        "select onnx_signature from core.model where model_version = 2"
    ).fetchone()
    assert row == (None,)
