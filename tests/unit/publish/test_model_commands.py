"""`sightscan model`: one command, or one sentence."""

import hashlib
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sightscan.cli.main import main
from sightscan.dataset.freeze import freeze_dataset
from sightscan.publish.register import register_model
from sightscan.run import Run
from sightscan.settings import read_settings, settings
from tests.cities.colour_city import (
    FIXTURES,
    ColourCity,
    ask_training,
    store_colour_city,
    write_model_folder,
)


def run(command: str, *arguments: str) -> int:
    return main(["model", command, "malaga", *arguments])


@pytest.fixture
def place(warehouse: psycopg.Connection[Any], tmp_path: Path) -> ColourCity:
    """A city whose models 1 (loose boxes) and 2 (exact ones) are registered."""
    place = store_colour_city(warehouse)
    config = read_settings(min_image_number_per_label=5)
    dataset = freeze_dataset(warehouse, config, place.city, Run(place.city.city_id, "d", "run"))
    for number, onnx in enumerate(("loose.onnx", "colours.onnx")):
        training = ask_training(warehouse, dataset, f"run {number}")
        folder = write_model_folder(tmp_path / str(number), training, dataset, onnx=onnx)
        register_model(warehouse, training, folder)
    return place


@pytest.mark.usefixtures("place")
def test_models_are_judged_compared_rolled_back_and_put_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for version, verdict in ((1, "first model: "), (2, "better than model 1: ")):
        assert run("publish", str(version)) == 0
        assert capsys.readouterr().out.startswith(
            f"malaga: model {version} is published: {verdict}"
        )
    assert run("compare", "1", "2") == 0
    printed = capsys.readouterr().out
    assert "Málaga: models 1 and 2 on 15 test photos" in printed
    assert re.search(r"Rosa Palast +3 +0\.\d+ +\d\.\d+ +0\.\d+", printed)
    assert "0 of them changed" in printed
    assert run("publish", "1") == 1
    printed = capsys.readouterr().out
    assert (
        "model 1 is not in place: model 2 is; it comes back with: sightscan model rollback"
        in printed
    )
    assert run("rollback", "--reason", "false alarms") == 0
    assert capsys.readouterr().out == "malaga: model 1 is in place\n"
    assert run("publish", "2") == 1
    printed = capsys.readouterr().out
    assert "model 2 is not in place: model 1 is, since it was rolled back (false alarms)" in printed
    assert 'sightscan model publish malaga 2 --reason "..."' in printed
    assert run("publish", "2", "--reason", "none after all") == 0
    assert capsys.readouterr().out == "malaga: model 2 is in place\n"


def test_refused_model_is_a_status_and_its_sentence(
    warehouse: psycopg.Connection[Any], place: ColourCity, capsys: pytest.CaptureFixture[str]
) -> None:
    run("publish", "2")
    capsys.readouterr()
    for _ in range(2):
        assert run("publish", "1") == 1
        assert capsys.readouterr().out.startswith("malaga: model 1 is refused: ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--accept-lost", "it burnt down", "--reason", "it was good"], "exclude each other"),
        (["--accept-lost", " "], "--accept-lost is empty"),
        (["--reason", ""], "--reason is empty"),
    ],
)
def test_publish_wants_one_reason(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", "1", *arguments) == 2
    assert problem in capsys.readouterr().err


def test_unknown_city_is_one_sentence(
    warehouse: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "rollback", "malga", "--reason", "false alarms"]) == 2
    assert capsys.readouterr().err.startswith("error: no city 'malga' in the registry")


def test_key_is_made_once_and_signs_what_is_there(
    place: ColourCity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "signing-key"
    assert main(["model", "keygen", str(file)]) == 0
    printed = capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in printed
    assert main(["model", "keygen", str(file)]) == 2
    assert "no key is ever overwritten" in capsys.readouterr().err
    (public_key,) = re.findall(r"public key +(\S+):", printed)
    assert run("sign") == 2
    assert "MODEL_SIGNING_KEY_FILE is empty" in capsys.readouterr().err
    monkeypatch.setenv("MODEL_SIGNING_KEY_FILE", str(file))
    monkeypatch.setenv("MODEL_PUBLIC_KEYS", public_key)
    settings.cache_clear()
    assert run("publish", "1") == 2
    assert "model 1 of malaga is refused: it is not signed" in capsys.readouterr().err
    for arguments, problem in (
        ([], "model 1 of malaga is refused: it is not signed"),
        (["1"], "model 1 of malaga is refused: it is not signed"),
        (["1", "--sha256", "0" * 64], "model 1 of malaga is refused: it is not signed"),
        (["1", "--sha256", "abc"], "--sha256 abc is no SHA-256"),
        (["--sha256", "0" * 64], "name it"),
    ):
        # Of several, one that is refused keeps no other from being signed.
        assert run("sign", *arguments) == (2 if arguments else 1)
        assert problem in capsys.readouterr().err
    known = hashlib.sha256((FIXTURES / "loose.onnx").read_bytes()).hexdigest()
    assert run("sign", "1", "--sha256", known.upper()) == 0
    # Before there are keys that are believed, a person vouches for all.
    monkeypatch.delenv("MODEL_PUBLIC_KEYS")
    settings.cache_clear()
    capsys.readouterr()
    assert run("sign") == 0
    assert re.findall(r"^ *(\d) +(\w+(?: \w+)?) ", capsys.readouterr().out, re.MULTILINE) == [
        ("1", "already signed"),
        ("2", "signed"),
    ]
    monkeypatch.setenv("MODEL_PUBLIC_KEYS", public_key)
    settings.cache_clear()
    assert run("publish", "1") == 0
