"""Secrets from files: where NAME is a secret setting, NAME_FILE may say which file has it.

Docker, Kubernetes and systemd hand secrets out as files, which no list of processes and no
`docker inspect` shows. Only settings of the type `SecretStr` have such a second name. A file that
cannot be used is an error of that one setting, as any other senseless value is.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import AliasChoices, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

# A password, a key, a URL with a password: whatever is longer is the wrong file.
_MAX_SECRET_BYTES = 16_384


class UnusableFile:
    """What stands for a secret that could not be read, until the settings are checked."""

    def __init__(self, path: str, problem: str) -> None:
        """Remember which file it is and what is wrong with it."""
        self.path = path
        self.problem = problem

    def __repr__(self) -> str:
        """Return the file's path, which is what a person wrote."""
        return repr(self.path)


class SecretFiles(PydanticBaseSettingsSource):
    """The source of settings that reads the files named by NAME_FILE."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a field's secret (None: no file is named), the field's name, and that it is plain."""
        for name in _environment_names(field, field_name):
            path = os.environ.get(f"{name}_FILE", "").strip()
            if path:
                return _read_secret(name, path), field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the secrets of all fields whose file is named."""
        found = {}
        for field_name, field in self.settings_cls.model_fields.items():
            if SecretStr in (field.annotation, *get_args(field.annotation)):
                secret, _, _ = self.get_field_value(field, field_name)
                if secret is not None:
                    found[field_name] = secret
        return found


class FiledSettings(BaseSettings):
    """Settings whose secrets may lie in files."""

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_unusable(cls, value: object) -> object:
        if isinstance(value, UnusableFile):
            raise ValueError(value.problem)  # noqa: TRY004 - what pydantic takes as an answer
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - Pydantic names all of them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from: what is given, secrets' files, then the environment.

        Files come before it, so that one which contradicts a value is found instead of ignored.
        Nothing is read from a .env or a folder of secrets, so neither is asked.
        """
        return init_settings, SecretFiles(settings_cls), env_settings


def _environment_names(field: FieldInfo, field_name: str) -> Iterator[str]:
    names = field.validation_alias
    choices = names.choices if isinstance(names, AliasChoices) else [names or field_name]
    for name in choices:
        if isinstance(name, str):
            yield name.upper()


def _read_secret(name: str, path: str) -> str | UnusableFile:
    if os.environ.get(name):
        return UnusableFile(path, f"{name} is set as well; keep one of {name} and {name}_FILE")
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        return UnusableFile(path, f"{name}_FILE cannot be read ({error.strerror})")
    if len(content) > _MAX_SECRET_BYTES:
        return UnusableFile(
            path, f"{name}_FILE has more than {_MAX_SECRET_BYTES} bytes, so it is no secret's file"
        )
    try:
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return UnusableFile(path, f"{name}_FILE is no text in UTF-8")
    if not secret or "\0" in secret:
        return UnusableFile(path, f"{name}_FILE must hold the secret, and is empty or no text")
    return secret
