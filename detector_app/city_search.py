"""Find a city by any of its names, as people type them: without accents, from the first letters on.

The static page searches by the same rule (`browser/catalogue.js`).
"""

import unicodedata
from typing import Final

from detector_app.catalogue import Catalogue, City

# Letters that Unicode does not take apart into a letter and its accent.
_PLAIN_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)


def fold(text: str) -> str:
    """Return the text in small letters, without accents and punctuation, words apart by one space."""
    bare = "".join(
        character
        for character in unicodedata.normalize("NFD", text)
        if not unicodedata.combining(character)
    )
    plain = bare.lower().translate(_PLAIN_LETTERS)
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def search_cities(catalogue: Catalogue, text: str) -> list[City]:
    """Return the cities one of whose names has words that begin as those of the text.

    A city that is called just so comes alone.
    """
    wanted = fold(text)
    if not wanted:
        return []
    names = {city.slug: [fold(name) for name in _names_of(city)] for city in catalogue.cities}
    called_so = [city for city in catalogue.cities if wanted in names[city.slug]]
    return called_so or [
        city
        for city in catalogue.cities
        if any(
            all(any(word.startswith(part) for word in name.split()) for part in wanted.split())
            for name in names[city.slug]
        )
    ]


def _names_of(city: City) -> tuple[str, ...]:
    return (city.name, city.slug, *city.names.values())
