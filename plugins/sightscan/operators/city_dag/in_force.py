"""What a field of the trigger form says of the setting that holds while the field is empty."""

from collections.abc import Mapping

from sightscan.operators.work import SECONDS_PER_MINUTE
from sightscan.settings import Settings


class InForce:
    """The settings of a city in words; those that its own row overrides are said to be its own."""

    def __init__(self, config: Settings | None, own: Mapping[str, object]) -> None:
        """Take the settings with the city's own; None: what holds is not known here."""
        self._config = config
        self._own = own

    def __call__(self, setting: str) -> str:
        """Return the sentence of a field that may stay empty."""
        if self._config is None:
            return f"Empty: {setting.upper()}."
        return self._empty(self._value(setting), setting)

    def minutes(self, setting: str) -> str:
        """Return the sentence of a field in minutes, whose setting is in seconds."""
        if self._config is None:
            return f"Empty: {setting.upper()}."
        minutes = getattr(self._config, setting) / SECONDS_PER_MINUTE
        return self._empty(f"{minutes:,.6g}", setting)

    def vision_calls(self) -> str:
        """Return the end of a sentence about images to pay for, which the city's cap bounds, and the next."""
        run, city = "max_google_vision_calls_per_run", "max_google_vision_calls_per_new_city"
        own, of = "Empty: no limit but that.", ""
        if self._config is not None:
            of = f" of {self._value(city)} in all"
            own = self(run) if getattr(self._config, run) is not None else own
        return f"within the city's cap{of} ({self._whose(city)}). {own}"

    def choice(self, setting: str) -> str:
        """Return the entry of a choice that leaves things as they are."""
        if self._config is None:
            return f"as {setting.upper()} says"
        return f"{self._value(setting)} ({self._whose(setting)})"

    def _empty(self, value: str, setting: str) -> str:
        return f"Empty: {value} ({self._whose(setting)})."

    def _whose(self, setting: str) -> str:
        return f"{setting.upper()} of this city" if setting in self._own else setting.upper()

    def _value(self, setting: str) -> str:
        value = getattr(self._config, setting)
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, int):
            # A seed is no quantity.
            return str(value) if setting == "mts_seed" else f"{value:,}"
        return str(value).replace(",", ", ")
