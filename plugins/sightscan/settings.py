"""Every setting, read once, at run time, from the environment.

The names are those that operators of the first SightScan know; `.env.example` lists them all
with one line of meaning each. Nothing is read at import.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from croniter import croniter
from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import SettingsConfigDict

from sightscan.errors import SettingsError
from sightscan.secret_files import FiledSettings
from sightscan.signature import read_public_keys

logger = logging.getLogger(__name__)

REPOSITORY = Path(__file__).resolve().parents[2]
PHOTO_SOURCES = ("wikimedia_commons", "openverse", "flickr", "google", "bing", "local_folder")
# The choices of the first crawler, as a city's row may still have them.
FIRST_CRAWLER_NAMES = {
    "limit": "max_images_per_sight",
    "sights_limit": "max_sights_per_city",
    "threads": "crawl_threads",
    "full": "crawl_full_resolution",
    "skip": "crawl_skip_known",
    "face": "crawl_face_filter",
}
# The project's address reaches the project: an installation that sends it names somebody else.
PROJECT_URL = "https://github.com/sightscan/sightscan"
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+|https?://[^\s/]+\.\w+", re.IGNORECASE)
_MAIL_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.-]+")
Architecture = Literal["yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x"]
ARCHITECTURES: tuple[str, ...] = get_args(Architecture)
# What a training may start from, besides a file: the model in place, where there is one of the same
# architecture, else COCO's weights; COCO's weights; nothing.
STARTS = ("model", "coco", "none")
# What waits for machines together must see each of them in time.
MAX_CHECK_INTERVAL_SECONDS = 60.0
GONE_CHOICES = frozenset({"no_gui", "no_driver"})
# Signatures are there for whoever may write the warehouse, and a city's row lies in it.
ENVIRONMENT_ONLY = frozenset({"model_signing_key_file", "model_public_keys"})
# What is told goes where the operator wants it, whoever may write a city's row.
ALERT_SETTINGS = frozenset(
    {
        "alert_mail_to",
        "alert_mail_from",
        "alert_webhook_url",
        "smtp_host",
        "smtp_port",
        "smtp_encryption",
        "smtp_user",
        "smtp_password",
        "max_backup_age_hours",
        # Nor do people follow a link that a city's row brings.
        "app_url",
    }
)
# What is removed each night is of all cities.
UPKEEP_SETTINGS = frozenset(
    {
        "keep_history_days",
        "keep_logs_days",
        "keep_exports_days",
        "backup_folder",
        "keep_daily_backups",
        "keep_weekly_backups",
        "restore_drill_days",
    }
)
_OVERRIDES = "correct it in the trigger form, or in the city's row (core.city.overrides)"


def _addresses_of(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _as_cron(value: str) -> str:
    expression = " ".join(value.split())
    if not expression:
        return expression
    try:
        # Seconds, years and @daily would be understood here and not by everyone who reads the file;
        # the 30th of February by everyone, and never comes.
        _, _, _, _, _ = expression.split()
        croniter(expression).get_next()  # type: ignore[no-untyped-call]
    except ValueError:
        msg = (
            "expected five fields as cron has them, minute hour day month weekday, such as "
            "30 4 * * 2, that mean a time which comes"
        )
        raise ValueError(msg) from None
    return expression


class Settings(FiledSettings):
    """What operators set. A city's row and the trigger form can override caps for one city or run."""

    model_config = SettingsConfigDict(
        env_file=None, extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    # The warehouse
    pghost: str | None = None
    pgport: int = Field(5432, ge=1, le=65535)
    pgdatabase: str = "sightscan"
    pguser: str = "sightscan_pipeline"
    pgpassword: SecretStr | None = None
    first_database_url: SecretStr | None = None
    pg_bin_folder: Path | None = None
    sql_folder: Path = REPOSITORY / "include" / "sql"
    prices_file: Path = REPOSITORY / "include" / "prices.yaml"
    photo_store: str | None = None
    photo_store_endpoint_url: str | None = None

    # When a city runs
    city_schedule: Annotated[str, AfterValidator(_as_cron)] = ""

    # Discover
    contact: str = ""
    wikidata_sparql_url: str = "https://query.wikidata.org/sparql"
    wikidata_api_url: str = "https://www.wikidata.org/w/api.php"
    places_api_url: str = "https://places.googleapis.com"
    maps_key: SecretStr | None = None
    max_places_calls_per_city: int = Field(30, ge=0)
    max_sights_per_city: int = Field(10, ge=1, le=200)
    sights_folder: Path = REPOSITORY / "include" / "sights"
    sight_languages: str = Field(
        "en,de,fr,es,pt", pattern=r"^[a-z]{2,3}(-[a-z]+)*(,[a-z]{2,3}(-[a-z]+)*)*$"
    )

    # Crawl
    commons_api_url: str = "https://commons.wikimedia.org/w/api.php"
    openverse_api_url: str = "https://api.openverse.org"
    flickr_api_url: str = "https://api.flickr.com/services/rest/"
    google_images_url: str = "https://www.google.com/search"
    bing_images_url: str = "https://www.bing.com/images/async"
    flickr_api_key: SecretStr | None = None
    photo_folder: Path | None = None
    photo_sources: str = "wikimedia_commons,openverse"
    licence_policy: Literal["open", "any"] = "open"
    max_images_per_sight: int = Field(200, ge=0, le=10_000)
    max_background_photos: int = Field(400, ge=0, le=10_000)
    max_street_photos: int = Field(100, ge=0, le=10_000)
    crawl_threads: int = Field(4, ge=1, le=64)
    crawl_full_resolution: bool = False
    crawl_skip_known: bool = True
    crawl_spool_folder: Path | None = None
    crawl_requests_at_once: int = Field(2, ge=1, le=64)
    crawl_requests_per_second: float = Field(5, ge=0)
    openverse_requests_per_minute: float = Field(20, ge=1)
    openverse_requests_per_day: float = Field(200, ge=1)
    commons_category_depth: int = Field(2, ge=0, le=5)
    commons_nearby_meters: int = Field(150, ge=0, le=10_000)
    crawl_obey_robots_of_search_pages: bool = True
    crawl_trusted_origins: str = ""
    min_photo_side_pixels: int = Field(200, ge=32)
    max_photo_bytes: int = Field(20_000_000, ge=1_000)
    # Photos that are mostly a face: of the area, the square from brow to mouth.
    crawl_face_filter: bool = True
    crawl_face_share: float = Field(0.15, gt=0, le=1)
    # Of 256. Measured in docs/decisions/0005-near-duplicates.md.
    near_duplicate_bits: int = Field(72, ge=0, le=128)

    # Label
    max_google_vision_calls_per_new_city: int = Field(1000, ge=0)
    max_google_vision_calls_per_run: int | None = Field(None, ge=0)
    max_google_vision_calls_per_month: int | None = Field(None, ge=0)
    max_google_vision_calls_in_all: int | None = Field(None, ge=0)
    max_usd_per_run: float | None = Field(None, ge=0)
    max_usd_per_month: float | None = Field(None, ge=0)
    max_usd_in_all: float | None = Field(None, ge=0)
    max_usd_per_month_for_requests: float = Field(40.0, ge=0, allow_inf_nan=False)
    vision_endpoint: str | None = None
    vision_concurrency: int = Field(4, ge=1, le=32)
    vision_images_per_minute: int = Field(1_700, ge=1, le=1_800)
    min_label_score: float = Field(0.3, ge=0, le=1)

    # Dataset and training
    min_labelled_images_needed_for_training: int = Field(100, ge=1)
    min_image_number_per_label: int = Field(30, ge=3)
    mts_epochs: int = Field(100, ge=1, le=2_000)
    mts_image_size: int = Field(640, ge=64, le=1_536, multiple_of=32)
    # 0: as many photos as fit into memory.
    mts_batch_size: int = Field(16, ge=0, le=512)
    # 0: all epochs are trained.
    mts_patience: int = Field(0, ge=0, le=2_000)
    mts_seed: int = Field(1, ge=0, le=2**31 - 1)
    mts_architecture: Architecture = "yolov5s"
    # One of STARTS, or the path of a file.
    mts_weights: str = "model"
    mts_weights_folder: Path = REPOSITORY / "weights"
    mts_time_limit_seconds: int = Field(4 * 3600, ge=60, le=7 * 24 * 3600)
    min_map50_for_first_model: float = Field(0.5, ge=0, le=1)
    model_signing_key_file: Path | None = None
    model_public_keys: str = ""

    # The GPU host
    mts_ec2_instance_id: str = ""
    mts_trainer_command: str = "python -m trainer"
    mts_price_per_hour_usd: float | None = Field(None, ge=0)
    aws_access_key_id: str | None = None
    aws_access_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("aws_access_key", "aws_secret_access_key")
    )
    aws_region: str = "eu-central-1"
    aws_endpoint_url: str | None = None
    mts_ssh_user: str = "ubuntu"
    mts_ssh_key_file: Path | None = None
    mts_ssh_known_hosts: Path | None = None
    mts_host_timeout_seconds: int = Field(300, ge=1)
    mts_check_interval_seconds: float = Field(5, gt=0)

    # Where people reach the app, for links to it.
    app_url: str = Field("", pattern=r"^(https?://[^\s()<>]+)?$")

    # Who is told what is wrong
    alert_mail_to: str = ""
    alert_mail_from: str = ""
    alert_webhook_url: SecretStr | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_encryption: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    # 0: nobody misses one.
    max_backup_age_hours: int = Field(26, ge=0, le=24 * 366)

    # What is kept, and for how long
    # What people are told of is looked for in the last two weeks.
    keep_history_days: int = Field(90, ge=15, le=3_660)
    keep_logs_days: int = Field(30, ge=1, le=3_660)
    # 0: for ever.
    keep_exports_days: int = Field(30, ge=0, le=3_660)
    backup_folder: Path | None = None
    keep_daily_backups: int = Field(7, ge=1, le=366)
    keep_weekly_backups: int = Field(5, ge=0, le=520)
    # 0: never.
    restore_drill_days: int = Field(7, ge=0, le=366)

    @field_validator("mts_check_interval_seconds")
    @classmethod
    def _bound_interval(cls, seconds: float) -> float:
        # Not refused: longer ones were valid, and whoever waits for a stop looks more often than that.
        return min(seconds, MAX_CHECK_INTERVAL_SECONDS)

    @field_validator("model_public_keys")
    @classmethod
    def _are_keys(cls, text: str) -> str:
        read_public_keys(text)
        return text

    @field_validator("alert_mail_to", "alert_mail_from")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        for address in _addresses_of(text):
            if not _MAIL_ADDRESS.fullmatch(address):
                msg = f"{address!r} is no address: expected such as ops@example.org"
                raise ValueError(msg)
        return text

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """Return the keys of which one must have signed a model; none: models are not checked."""
        return read_public_keys(self.model_public_keys)

    @property
    def listed_instance_ids(self) -> tuple[str, ...]:
        """Return the GPU instances, in the order given; none if none is set."""
        return tuple(part.strip() for part in self.mts_ec2_instance_id.split(",") if part.strip())

    @property
    def instance_ids(self) -> tuple[str, ...]:
        """Return the GPU instances, in the order given.

        Raises:
            SettingsError: none is set.

        """
        ids = self.listed_instance_ids
        if not ids:
            msg = (
                "MTS_EC2_INSTANCE_ID is empty: expected one or several EC2 instance ids, "
                "comma-separated; set it to the GPU instance that trains"
            )
            raise SettingsError(msg)
        return ids

    @property
    def photo_source_names(self) -> tuple[str, ...]:
        """Return the sources of photos in the order in which they are asked, each once.

        Raises:
            SettingsError: none is named, or one that there is not.

        """
        asked = (part.strip().lower() for part in self.photo_sources.split(","))
        names = tuple(dict.fromkeys(name for name in asked if name))
        unknown = [name for name in names if name not in PHOTO_SOURCES]
        if unknown or not names:
            named = (
                f"the unknown source {unknown[0]!r}{did_you_mean(unknown[0], PHOTO_SOURCES)}"
                if unknown
                else "no source"
            )
            msg = (
                f"PHOTO_SOURCES={self.photo_sources!r} names {named}; expected one "
                f"or several of {', '.join(PHOTO_SOURCES)}, comma-separated"
            )
            raise SettingsError(msg)
        return names

    @property
    def trusted_origins(self) -> frozenset[str]:
        """Return the origins (scheme://host:port) that may be crawled on private addresses."""
        return frozenset(
            part.strip().rstrip("/")
            for part in self.crawl_trusted_origins.split(",")
            if part.strip()
        )

    @property
    def alert_recipients(self) -> tuple[str, ...]:
        """Return the addresses that are told what is wrong; none: no mail is sent."""
        return _addresses_of(self.alert_mail_to)

    @property
    def rejected_face_share(self) -> float | None:
        """Return the share of a photo from which on a face is too much; None: any is kept."""
        return self.crawl_face_share if self.crawl_face_filter else None

    def with_overrides(self, overrides: Mapping[str, object]) -> "Settings":
        """Return these settings with some values replaced: a city's row, or a trigger form.

        Raises:
            SettingsError: a name is not a setting, or not one of a city, or a value is senseless.

        """
        overrides = self._renamed(overrides)
        fields = type(self).model_fields
        unknown = sorted(set(overrides) - set(fields))
        if unknown:
            msg = (
                f"no setting is called {unknown[0]!r}{did_you_mean(unknown[0], fields)}; "
                ".env.example lists those that there are"
            )
            raise SettingsError(msg)
        for name in sorted(ENVIRONMENT_ONLY & set(overrides)):
            msg = (
                f"{name.upper()} is set for all cities alone, since a city's row says nothing of who "
                "signs models; take it out"
            )
            raise SettingsError(msg)
        for name in sorted((ALERT_SETTINGS | UPKEEP_SETTINGS) & set(overrides)):
            msg = f"{name.upper()} is set for all cities alone, in the environment; take it out"
            raise SettingsError(msg)
        given = {name: value for name, value in overrides.items() if value is not None}
        for name, value in given.items():
            # Else it would count as 1 or 0.
            if isinstance(value, bool) and fields[name].annotation is not bool:
                msg = f"{name.upper()}={value!r}: expected a value, not yes or no; {_OVERRIDES}"
                raise SettingsError(msg)
        return _read(dict(self) | given, _OVERRIDES)

    def _renamed(self, overrides: Mapping[str, object]) -> dict[str, object]:
        """Return overrides under today's names; a name of today wins over one of the first crawler."""
        gone = sorted(set(overrides) & GONE_CHOICES)
        if gone:
            msg = (
                f"{gone[0]!r} was for the browser that the first crawler drove: there is none any "
                "more, pages are read without; take it out (docs/crawl.md lists the old choices)"
            )
            raise SettingsError(msg)
        renamed = {
            FIRST_CRAWLER_NAMES[name]: value
            for name, value in overrides.items()
            if name in FIRST_CRAWLER_NAMES
        }
        if overrides.get("google"):
            renamed["photo_sources"] = f"{self.photo_sources},google"
        old = {*FIRST_CRAWLER_NAMES, "google"}
        return renamed | {name: value for name, value in overrides.items() if name not in old}

    @property
    def own_contact(self) -> str | None:
        """Return how whoever runs this installation is reached; None: nobody can tell."""
        contact = " ".join(self.contact.split())
        is_sendable = contact.isascii() and contact.isprintable()
        is_projects = contact.lower().startswith(PROJECT_URL)
        return contact if is_sendable and not is_projects and _ADDRESS.search(contact) else None

    @property
    def contact_problem(self) -> str | None:
        """Return what is wrong with CONTACT, and what comes of it; None: nothing."""
        if self.own_contact is not None:
            return None
        return (
            f"CONTACT={self.contact!r} reaches nobody who runs this SightScan: expected an e-mail "
            "address or a web page of yours, which services that we disturb can turn to; without "
            "it, Wikimedia lets us ask 10 times a minute instead of 200"
        )

    @property
    def user_agent(self) -> str:
        """Return the User-Agent of every request, with the contact that Wikimedia asks for."""
        contact = self.own_contact
        return "SightScan/1.0" if contact is None else f"SightScan/1.0 ({contact})"


@cache
def settings() -> Settings:
    """Return the settings of this process, read from the environment at the first call.

    Raises:
        SettingsError: a value is missing or senseless; the sentence names it.

    """
    return read_settings()


def sound_settings() -> Settings:
    """Return the settings, with the default of each that is senseless.

    For what ends costs: a stop must not fail over a number of the next crawl.
    """
    try:
        return settings()
    except SettingsError as told:
        logger.warning("%s; until then its default holds for what stops GPUs", told)
    fields = Settings.model_fields
    return read_settings(**{name: fields[name].get_default() for name in senseless_settings()})


def senseless_settings() -> frozenset[str]:
    """Return the names of the settings of the environment that make no sense."""
    try:
        Settings.model_validate({})
    except ValidationError as error:
        return frozenset(str(problem["loc"][0]) for problem in error.errors(include_url=False))
    return frozenset()


def read_settings(**overrides: object) -> Settings:
    """Read the settings anew, with some values given instead of read.

    Raises:
        SettingsError: a value is missing or senseless; the sentence names it.

    """
    return _read(overrides, "correct it in the environment (.env.example explains each)")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that names the nearest of the known names; empty if none is near."""
    near = get_close_matches(name.lower(), known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _read(values: Mapping[str, object], advice: str) -> Settings:
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(_sentence(error, advice)) from None


def _sentence(error: ValidationError, advice: str) -> str:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']).upper()}="
        f"{problem['input']!r}: {problem['msg'].lower()}"
        for problem in error.errors(include_url=False)
    ]
    return f"{'; '.join(problems)}; {advice}"
