from pathlib import Path

import pytest

from detector_app.settings import SettingsInvalid, read_settings


def test_app_starts_without_any_setting() -> None:
    settings = read_settings()
    assert settings.pguser == "sightscan_app"
    assert settings.model_cache_dir == Path.home() / ".cache" / "sightscan"
    assert settings.rtc_configuration() == {"iceServers": []}


def test_turn_server_is_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "RTC_ICE_SERVERS", '[{"urls": "turn:t.example", "username": "u", "credential": "c"}]'
    )
    assert read_settings().rtc_configuration() == {
        "iceServers": [{"urls": "turn:t.example", "username": "u", "credential": "c"}]
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("PGPORT", "many"), ("CONFIDENCE_THRESHOLD", "2"), ("RTC_ICE_SERVERS", "stun:x")],
)
def test_senseless_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=name):
        read_settings()


def test_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hidden-word")
    assert "hidden-word" not in repr(read_settings())
