"""The sentences of the pages, by key and language; the sentences themselves are beside this, a file each."""

from collections.abc import Mapping
from typing import Final

from detector_app.texts import de, en

DEFAULT_LANGUAGE: Final = "en"
LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": en.TEXTS, "de": de.TEXTS}
# German swaps the marks of thousands and of decimals.
_GERMAN_MARKS: Final = str.maketrans(",.", ".,")


def choose_language(locale: str | None) -> str:
    """Return the language of ours that a browser's locale asks for, such as "de" for "de-AT"."""
    asked = (locale or "").split("-", maxsplit=1)[0].lower()
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


def say(language: str, key: str, **values: object) -> str:
    """Return a sentence, with values put into its {places}."""
    return LANGUAGES[language][key].format(**values)


def say_or(language: str, key: str, other: str, **values: object) -> str:
    """Return a sentence, or the `other` one: of what a newer warehouse says, there may be none yet."""
    return say(language, key if key in LANGUAGES[language] else other, **values)


def count(language: str, key: str, number: int) -> str:
    """Return a count with its noun: of `photos`, the sentence `photos.one` or `photos.many`."""
    key = f"{key}.one" if number == 1 else f"{key}.many"
    return say(language, key, count=write_number(language, number))


def write_number(language: str, number: float, decimals: int = 0) -> str:
    """Write a number as the language writes it."""
    english = f"{number:,.{decimals}f}"
    return english.translate(_GERMAN_MARKS) if language == "de" else english


def write_share(language: str, share: float) -> str:
    """Write a share of 1 as whole percents: German sets the sign apart."""
    return f"{share * 100:.0f}\N{NO-BREAK SPACE}%" if language == "de" else f"{share:.0%}"
