"""Which runs there may be, and what they may be asked for: what cannot be meant is refused whole.

Airflow checks the values of the fields that the trigger form has, and lets through what it has not.
"""

from collections.abc import Collection, Mapping

from sightscan.errors import SettingsError
from sightscan.settings import did_you_mean

# All but backfills: what there is to crawl, to stop, or to answer is there now, and has no past.
RUN_TYPES = (
    "scheduled",
    "manual",
    "operator_triggered",
    "asset_triggered",
    "asset_materialization",
)


def check_conf(conf: Mapping[str, object] | None, fields: Collection[str]) -> None:
    """Refuse a run's conf that names anything but fields of the trigger form.

    Raises:
        SettingsError: it does; the sentence has the nearest field.

    """
    unknown = sorted(set(conf or {}) - set(fields))
    if unknown:
        named = ", ".join(f"{name!r}{did_you_mean(name, fields)}" for name in unknown)
        msg = (
            f"the run's conf names {named}, which the trigger form does not have; expected one or "
            f"several of {', '.join(sorted(fields))}; nothing was spent: trigger another run with "
            "names that there are"
        )
        raise SettingsError(msg)
