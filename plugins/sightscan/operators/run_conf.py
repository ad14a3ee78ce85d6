"""What a run was asked for by API or command line: refused whole if it cannot be meant.

Airflow checks the values of the fields that the trigger form has, and lets through what it has not.
"""

from collections.abc import Collection, Mapping

from sightscan.errors import SettingsError
from sightscan.settings import did_you_mean


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
