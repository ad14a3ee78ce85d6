import pwd
from pathlib import Path

import pytest

from detector_app.settings import SettingsInvalid, read_settings


def test_app_starts_without_any_setting() -> None:
    settings = read_settings()
    assert settings.pguser == "sightscan_app"
    assert settings.model_cache_dir == Path.home() / ".cache" / "sightscan"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PGPORT", "many"), ("CONFIDENCE_THRESHOLD", "2"), ("MODEL_PUBLIC_KEYS", "AAAA")],
)
def test_senseless_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=name):
        read_settings()


def test_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hidden-word")
    assert "hidden-word" not in repr(read_settings())


def test_user_without_a_home_keeps_models_in_the_place_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nobody(uid: int) -> None:
        msg = f"getpwuid(): uid not found: {uid}"
        raise KeyError(msg)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = read_settings().model_cache_dir
    assert folder.is_relative_to(tmp_path)
    assert folder.parts[-2:] == (".cache", "sightscan")
    monkeypatch.setenv("MODEL_CACHE_DIR", "/srv/models")
    read_settings.cache_clear()
    assert read_settings().model_cache_dir == Path("/srv/models")


def test_the_password_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("secret\n")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSWORD_FILE", str(tmp_path / "password"))
    password = read_settings().pgpassword
    assert password is not None
    assert password.get_secret_value() == "secret"


def test_a_password_file_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSWORD_FILE", str(tmp_path / "gone"))
    read_settings.cache_clear()
    with pytest.raises(SettingsInvalid, match="PGPASSWORD_FILE cannot be read"):
        read_settings()
