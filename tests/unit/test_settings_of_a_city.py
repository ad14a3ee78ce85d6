"""The choices of the first crawler keep working in a city's row, under their old names."""

import pytest

from sightscan.errors import SettingsError
from sightscan.settings import Settings, read_settings


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"limit": 7}, {"max_images_per_sight": 7}),
        ({"limit": 0}, {"max_images_per_sight": 0}),
        ({"sights_limit": 3}, {"max_sights_per_city": 3}),
        ({"threads": 9}, {"crawl_threads": 9}),
        ({"full": True}, {"crawl_full_resolution": True}),
        ({"skip": False}, {"crawl_skip_known": False}),
        ({"google": True}, {"photo_sources": "wikimedia_commons,openverse,google"}),
        ({"google": False}, {}),
        ({"limit": 7, "max_images_per_sight": 8}, {"max_images_per_sight": 8}),
    ],
)
def test_old_name_means_what_it_meant(old: dict[str, object], new: dict[str, object]) -> None:
    assert read_settings().with_overrides(old) == read_settings(**new)


@pytest.mark.parametrize("name", ["no_gui", "no_driver"])
def test_choice_that_is_gone_says_why(name: str) -> None:
    with pytest.raises(SettingsError, match="for the browser that the first crawler drove"):
        read_settings().with_overrides({name: True})


@pytest.mark.parametrize(
    ("named", "sentence"),
    [("", "no source"), (" , ", "no source"), ("openverse,pinterest", "'pinterest'")],
)
def test_unknown_source_is_a_sentence(named: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        _ = Settings(photo_sources=named).photo_source_names


def test_each_source_is_asked_once_in_the_order_given() -> None:
    config = read_settings(photo_sources="Openverse, wikimedia_commons,openverse")
    assert config.photo_source_names == ("openverse", "wikimedia_commons")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"max_sights_per_city": 0}, r"MAX_SIGHTS_PER_CITY=0: .*greater than or equal to 1;"),
        ({"max_sights_per_city": 300}, r"MAX_SIGHTS_PER_CITY=300: .*less than or equal to 200;"),
        ({"sights_limit": 300}, r"MAX_SIGHTS_PER_CITY=300: "),
        ({"max_sights_per_city": True}, r"MAX_SIGHTS_PER_CITY=True: expected a value, not yes"),
        ({"crawl_face_share": True}, r"CRAWL_FACE_SHARE=True: expected a value"),
        ({"max_sights_per_city": "many"}, r"MAX_SIGHTS_PER_CITY='many': .*valid integer"),
        ({"max_sights_per_city": 7.5}, r"MAX_SIGHTS_PER_CITY=7.5: "),
        ({"mts_image_size": 650}, r"MTS_IMAGE_SIZE=650: .*multiple of 32"),
        ({"licence_policy": "free"}, r"LICENCE_POLICY='free': .*'open' or 'any'"),
        ({"max_usd_per_run": float("nan")}, r"MAX_USD_PER_RUN=nan: "),
        ({"crawl_face_filter": 7}, r"CRAWL_FACE_FILTER=7: .*boolean"),
        ({"mts_epoch": 7}, r"'mts_epoch' \(did you mean 'mts_epochs'\?\)"),
        ({"colour": 7}, r"no setting is called 'colour'; "),
        # Whoever may write a city's row must not say whose models are believed.
        ({"model_public_keys": ""}, r"MODEL_PUBLIC_KEYS is set for all cities alone"),
        ({"model_signing_key_file": "key"}, r"MODEL_SIGNING_KEY_FILE is set for all cities alone"),
    ],
)
def test_value_that_cannot_be_meant_is_refused_not_bent(
    overrides: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence) as caught:
        read_settings().with_overrides(overrides)
    assert "environment" not in str(caught.value)


def test_misspelt_source_is_told_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"'opnverse' \(did you mean 'openverse'\?\)"):
        _ = Settings(photo_sources="opnverse").photo_source_names
