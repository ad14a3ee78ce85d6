"""What kind of sight a name speaks of, and how the name would read in other languages.

Real Wikidata items carry labels in many languages, and Google Vision answers with whichever it
likes. Worlds only have one name a sight, so the others are made here, from the generic word in it.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.files import read_table

LANGUAGES = ("en", "de", "fr", "es", "pt")


@dataclass(frozen=True)
class SightKind:
    """A class of sights: its Wikidata id and its word in each of `LANGUAGES`."""

    class_id: str
    words: tuple[str, ...]


_KINDS = Path(__file__).with_name("sight_kinds.csv")
ANY_SIGHT = SightKind("Q570116", ("Sight", "Sehenswürdigkeit", "Site", "Lugar", "Lugar"))

_PARTICLES = {"of", "the", "de", "del", "do", "da", "dos", "das", "du", "des", "la", "el", "von"}
_JOINERS = {"de": " ", "fr": " de ", "es": " de ", "pt": " de "}


@cache
def kinds() -> tuple[SightKind, ...]:
    """Return the kinds of sights that names speak of."""
    return tuple(SightKind(row.pop("class_id"), tuple(row.values())) for row in read_table(_KINDS))


def kind_of(name: str) -> SightKind:
    """Return the kind of sight that `name` speaks of, `ANY_SIGHT` if its words do not tell."""
    # The first such word decides: the Torre do Farol is a tower.
    for word in name.split():
        for kind in kinds():
            if fold(word) in {fold(known) for known in kind.words}:
                return kind
    return ANY_SIGHT


def labels_of(name: str) -> Mapping[str, str]:
    """Return a label of the sight in each of `LANGUAGES`; the English one is `name` itself."""
    kind = kind_of(name)
    rest = _own_words(name)
    labels = {"en": name}
    for language, word in zip(LANGUAGES, kind.words, strict=True):
        if language == "en":
            continue
        known = kind is not ANY_SIGHT and rest
        labels[language] = f"{word}{_JOINERS[language]}{' '.join(rest)}" if known else name
    return labels


def short_name_of(name: str) -> str:
    """Return the name without the word for its kind, as people who live there call it."""
    return " ".join(_own_words(name)) or name


def _own_words(name: str) -> list[str]:
    generic = {fold(word) for word in kind_of(name).words}
    return [word for word in name.split() if fold(word) not in generic | _PARTICLES]


def fold(text: str) -> str:
    """Return `text` in lower case without diacritics, as search indexes compare names."""
    return without_diacritics(text.casefold()).strip()


def without_diacritics(text: str) -> str:
    """Return `text` as somebody types it who has no accents on the keyboard."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
