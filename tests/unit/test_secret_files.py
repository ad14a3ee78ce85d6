"""A secret may lie in a file, whose name is told by NAME_FILE."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from sightscan.errors import SettingsError
from sightscan.settings import Settings, read_settings, sound_settings

SECRETS = {
    "PGPASSWORD": "pgpassword",
    "MAPS_KEY": "maps_key",
    "FLICKR_API_KEY": "flickr_api_key",
    "FIRST_DATABASE_URL": "first_database_url",
    "AWS_ACCESS_KEY": "aws_access_key",
    "AWS_SECRET_ACCESS_KEY": "aws_access_key",
    "SMTP_PASSWORD": "smtp_password",
    "ALERT_WEBHOOK_URL": "alert_webhook_url",
}


@pytest.fixture(autouse=True)
def no_secret_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_every_secret_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert kinds <= set(SECRETS.values()), "name the new secret's variable in SECRETS"
    for name, field in SECRETS.items():
        file = tmp_path / name
        # A line's end, as `echo` and editors leave it; blanks inside belong to the secret.
        file.write_text(f"of {name} \r\n")
        monkeypatch.setenv(f"{name}_FILE", str(file))
        assert getattr(read_settings(), field) == SecretStr(f"of {name} ")
        monkeypatch.delenv(f"{name}_FILE")


def test_an_empty_name_of_a_file_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAPS_KEY_FILE", "")
    monkeypatch.setenv("MAPS_KEY", "a key")
    assert read_settings().maps_key == SecretStr("a key")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"a\0b", "no text"),
        (b"\xff\xfe", "no text in utf-8"),
        (b"x" * 16_385, "more than 16384 bytes"),
    ],
    ids=["missing", "empty", "a line's end", "a zero byte", "not UTF-8", "too long"],
)
def test_a_file_that_cannot_be_used_is_told_and_its_content_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "maps"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("MAPS_KEY_FILE", str(file))
    with pytest.raises(SettingsError, match=sentence) as told:
        read_settings()
    assert str(file) in str(told.value)
    assert "MAPS_KEY" in str(told.value)
    assert "xxxx" not in str(told.value)


def test_a_file_and_a_value_at_once_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("another")
    monkeypatch.setenv("PGPASSWORD_FILE", str(file))
    monkeypatch.setenv("PGPASSWORD", "one")
    with pytest.raises(SettingsError, match="set as well") as told:
        read_settings()
    assert "another" not in str(told.value)


def test_what_stops_gpus_does_without_an_unreadable_key_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAPS_KEY_FILE", str(tmp_path / "gone"))
    monkeypatch.setattr("sightscan.settings.settings", read_settings)
    settings = sound_settings()
    assert settings.maps_key is None


def test_only_secrets_have_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "host").write_text("elsewhere")
    monkeypatch.setenv("PGDATABASE_FILE", str(tmp_path / "host"))
    monkeypatch.delenv("PGDATABASE", raising=False)
    assert read_settings().pgdatabase == "sightscan"
