"""The app's settings, read once from the environment.

The names that operators know from the pipeline (`PGHOST` ...) mean the same here; the user should
be the read-only `sightscan_app`. Every setting has a default with which the app starts.
"""

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from detector_app.errors import AppError
from detector_app.secret_files import FiledSettings
from detector_app.signature import read_public_keys


class SettingsInvalid(AppError):
    """A setting has a value that makes no sense."""


def _in_home(path: Path) -> Path:
    """Return a path whose `~` is the home folder; of a user who has none, the place for temporary files."""
    if path.parts[:1] != ("~",):
        return path
    try:
        home = Path.home()
    except RuntimeError:
        home = Path(tempfile.gettempdir()) / f"sightscan-app-{os.getuid()}"
    return home.joinpath(*path.parts[1:])


def _as_keys(text: str) -> str:
    read_public_keys(text)
    return text


class AppSettings(FiledSettings):
    """Everything the app can be told from outside."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    pghost: str = "127.0.0.1"
    pgport: int = Field(default=5432, ge=1, le=65535)
    pgdatabase: str = "sightscan"
    pguser: str = "sightscan_app"
    pgpassword: SecretStr | None = None

    model_cache_dir: Annotated[Path, AfterValidator(_in_home)] = Path("~/.cache/sightscan")
    model_public_keys: Annotated[str, AfterValidator(_as_keys)] = ""
    confidence_threshold: float = Field(default=0.25, ge=0.05, le=0.95)
    # How old the list of cities and models may be before the warehouse is asked again.
    catalogue_refresh_seconds: float = Field(default=30.0, gt=0)

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """Return the keys of which one must have signed a model; none: models are not checked."""
        return read_public_keys(self.model_public_keys)


@lru_cache(maxsize=1)
def read_settings() -> AppSettings:
    """Read the settings; raise `SettingsInvalid` with a sentence that names the bad ones."""
    try:
        return AppSettings()
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        msg = f"Settings that make no sense: {problems}. Correct them and start the app again."
        raise SettingsInvalid(msg) from error
