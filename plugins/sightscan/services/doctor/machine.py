"""Checks of this machine: its settings make sense, and its disks have room; and is anybody told."""

import shutil
import tempfile
from pathlib import Path

from sightscan.services.doctor.installation import Installation, InstallationCheck
from sightscan.services.question import CheckFailedError, CheckSkippedError
from sightscan.settings import REPOSITORY
from sightscan.warehouse.spend.paid_calls import PLACES_SEARCH, VISION_LANDMARKS
from sightscan.warehouse.spend.prices import gpu_price_per_hour_usd, unit_price

MIN_FREE_DISK_BYTES = 2_000_000_000
MIN_FREE_DISK_SHARE = 0.05


def read_all_settings(installation: Installation) -> str:
    """Say what is wrong with the settings, and read the price list that they name."""
    if installation.settings_problem:
        raise CheckFailedError(installation.settings_problem)
    _ = installation.config.photo_source_names
    for bought in (VISION_LANDMARKS, PLACES_SEARCH):
        unit_price(installation.config, bought.price_name)
    gpu_price_per_hour_usd(installation.config)
    return "each makes sense"


def measure_disks(installation: Installation) -> str:
    """Say how much room there is where files are written."""
    folders = {
        "AIRFLOW_HOME": installation.airflow_home if installation.has_airflow else None,
        "CRAWL_SPOOL_FOLDER": installation.config.crawl_spool_folder or Path(tempfile.gettempdir()),
        "BACKUP_FOLDER": installation.config.backup_folder,
        "var": REPOSITORY / "var",
    }
    told, full = [], {}
    for name, folder in folders.items():
        if folder is None:
            continue
        usage = shutil.disk_usage(_existing(folder))
        told.append(f"{name} {usage.free / 1e9:.0f} GB")
        if usage.free < max(MIN_FREE_DISK_BYTES, MIN_FREE_DISK_SHARE * usage.total):
            full[name] = (
                f"{name} ({folder}) has {usage.free / 1e9:.1f} of {usage.total / 1e9:.0f} GB left"
            )
    if full:
        raise CheckFailedError("; ".join(full.values()), things=[*full])
    return f"free: {', '.join(told)}"


def find_channels(installation: Installation) -> str:
    """See that somebody is told when something is wrong."""
    config = installation.config
    channels = ["webhook"] if config.alert_webhook_url else []
    if config.alert_recipients and config.smtp_host:
        channels.append("mail")
    elif config.alert_recipients or config.smtp_host:
        missing = "SMTP_HOST" if config.alert_recipients else "ALERT_MAIL_TO"
        msg = (
            f"{missing} is not set, so no mail is sent, unless Airflow's connection sightscan_smtp has the "
            "server"
        )
        raise CheckSkippedError(msg)
    if not channels:
        msg = (
            "nobody but the log is told: set ALERT_MAIL_TO and SMTP_HOST, or ALERT_WEBHOOK_URL, unless "
            "Airflow's connections have them"
        )
        raise CheckSkippedError(msg)
    return f"{' and '.join(channels)}; `sightscan alerts test` tries them"


def _existing(folder: Path) -> Path:
    """Return a folder, or what of the way to it is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


CHECKS = (
    InstallationCheck(
        name="settings",
        service="the environment",
        asks="whether each setting makes sense",
        why="a senseless one stops the task that needs it",
        expected="values within their bounds, and a price list that can be read",
        advice="correct it in the environment; .env.example explains each",
        ask=read_all_settings,
    ),
    InstallationCheck(
        name="disk",
        service="this machine",
        asks="how much room there is",
        why="a full disk stops crawls, logs and databases at once",
        expected="2 GB, and a twentieth of the disk",
        advice="delete old logs and backups, or make the disk larger",
        ask=measure_disks,
    ),
    InstallationCheck(
        name="channels",
        service="the environment",
        asks="by which channels people are told",
        why="a red run that nobody hears of is found a week later",
        expected="mail or a webhook beside the log",
        advice="docs/runbooks/alerts.md",
        ask=find_channels,
    ),
)
