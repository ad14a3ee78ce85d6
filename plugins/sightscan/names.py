"""Name similarity: tell whether two names of places are spellings, or translations, of one name.

The one engine of entity resolution by name: `discover` asks it whether two entries are one sight,
`label` which sight a landmark is. Letters alone do not tell: "St Mary's Church" and "St Mark's
Church", "North Tower" and "South Tower", "Pier 35" and "Pier 39" share most of theirs, and may
stand next to each other. So names are compared word by word, and whatever is in doubt is two names.
"""

import re
import unicodedata
from collections.abc import Collection

from rapidfuzz import fuzz

# Of 100. A letter more or less is a spelling from three letters on ("tor", "thor": 86), another
# letter from seven on ("nikolai", "nicolai": 86); "mary" and "mark" (75) are two names.
MIN_WORD_SIMILARITY = 85
# Of 100. Below it, a name is not worth suggesting for a misspelt one.
MIN_SUGGESTION_SIMILARITY = 60
# "Berliner", "Pariser", "Münchner": an adjective of a city's name has an ending of its own, and
# keeps the name up to one or two letters if it is that long. ("Park" is no adjective of Paris.)
ENDING_LETTERS = 2
LOSES_ONE = 5
LOSES_TWO = 7

# Words that come and go between spellings of one name; "s", "d" and "l" stood before or after an
# apostrophe.
PARTICLES = frozenset(
    re.findall(
        r"\w+",
        "s d l the of at in on de du des la le les el los las di da do dos das della delle dei "
        "degli il lo gli der die den dem des von vom zu zum zur am im het een",
    )
)
SAINTS = frozenset(
    re.findall(r"\w+", "st ste saint sainte sankt sant san santa santo sao sveti svaty szent")
)
# The kinds of sights, each by its words in the languages of the names.
KINDS = (
    ("gate", "tor", "porte", "puerta", "porta"),
    ("tower", "turm", "tour", "torre"),
    ("bridge", "brucke", "pont", "puente", "ponte", "most"),
    ("church", "kirche", "eglise", "iglesia", "igreja", "chiesa"),
    ("cathedral", "dom", "kathedrale", "cathedrale", "catedral", "duomo", "cattedrale"),
    ("basilica", "basilika", "basilique"),
    ("chapel",),
    ("square", "platz", "place", "plaza", "praca", "piazza"),
    ("castle", "burg", "schloss", "chateau", "castillo", "castelo", "castello"),
    ("palace", "palast", "palais", "palacio", "palazzo"),
    ("fountain", "brunnen", "fontaine", "fuente", "fonte", "fontana"),
    ("statue", "estatua", "standbild"),
    ("monument", "denkmal", "monumento", "memorial"),
    ("theatre", "theater", "teatro"),
    ("museum", "musee", "museo", "museu"),
    ("house", "haus", "maison", "casa"),
    ("column", "saule", "colonne", "columna", "coluna"),
)
KIND_OF = {word: words[0] for words in KINDS for word in words}
# German writes the kind as the end of a word: "Karlsbrücke".
KIND_ENDINGS = (
    "brucke", "kirche", "platz", "turm", "brunnen", "schloss", "palast", "denkmal",
)  # fmt: skip
# A saint's house may be named without its kind: "St. Peter's", "St. Peter's Basilica".
SAINTS_HOUSES = frozenset({"church", "cathedral", "basilica", "chapel"})
# In these scripts a sign is a syllable or a word, or words are written without spaces between them:
# another sign makes another place.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u9fff]")
# Marks that choose between two drawings of one letter, or join two letters.
VARIATION = re.compile("[\u034f\ufe00-\ufe0f]")


def normalise_name(name: str) -> str:
    """Return the name in lower case, without accents, punctuation or doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    kept = (
        character if _is_letter(character) else " "
        for character in decomposed
        if not _is_accent(character)
    )
    return " ".join("".join(kept).split())


def plain_name(name: str) -> str:
    """Return a normalised name without particles, its saint written out: "st peter s" as "saint peter"."""
    return " ".join(_words(name)) or name


def name_similarity(one: str, other: str, city_names: Collection[str] = ()) -> float:
    """Return how alike two normalised names are, up to 100; 0 if they are two names.

    Words may change places. What one name has and the other has not must say nothing: particles,
    the city's name, the kind of a saint's house.
    """
    if one.replace(" ", "") == other.replace(" ", ""):
        return 100.0
    words, rest = sorted((_words(_without(city_names, name)) for name in (one, other)), key=len)
    ratios: list[tuple[float, bool]] = []
    unpaired: list[str] = []
    for word in words:
        ratio, partner = max(((_ratio(word, each), each) for each in rest), default=(0.0, ""))
        if ratio < MIN_WORD_SIMILARITY:
            unpaired.append(word)
            continue
        rest.remove(partner)
        ratios.append((ratio, _says_nothing(word, city_names)))
    if all(is_idle for _, is_idle in ratios):
        return 0.0
    left_over = [word for word in (*unpaired, *rest) if not _says_nothing(word, city_names)]
    # One kind may be missing; "St Paul's Church" and "St Paul's Cathedral" have one each.
    is_saints_house = (
        "saint" in words and len(left_over) == 1 and KIND_OF.get(left_over[0]) in SAINTS_HOUSES
    )
    if left_over and not is_saints_house:
        return 0.0
    return sum(ratio for ratio, _ in ratios) / len(ratios)


def is_same_name(one: str, other: str) -> bool:
    """Tell whether two normalised names say the same in one language or two: "Eiffel Tower", "Tour Eiffel".

    They must name the same kinds of sights, and the words of their own must be alike. What has no
    word of its own is the same as itself only, and a kind alone ("cathedral") names nothing.
    """
    (kinds, words), (other_kinds, other_words) = _split_kinds(one), _split_kinds(other)
    if one == other:
        return bool(words) or len(kinds) > 1
    if kinds != other_kinds or not words or not other_words:
        return False
    return name_similarity(" ".join(words), " ".join(other_words)) > 0


def _is_accent(character: str) -> bool:
    """Tell whether a mark may be left out where names are compared.

    By Unicode's combining classes: from 200 on are accents, of Latin, Greek and Cyrillic above all,
    and 1 are strokes; 10 to 36 are the points of Hebrew, Arabic and Syriac, which most writers
    leave out. The others are vowels and signs that make another letter: Thai, Devanagari, kana.
    """
    combining = unicodedata.combining(character)
    return combining == 1 or 10 <= combining <= 36 or combining >= 200  # noqa: PLR2004


def _is_letter(character: str) -> bool:
    is_mark = unicodedata.category(character) in {"Mn", "Mc"}
    return character.isalnum() or (is_mark and not VARIATION.match(character))


def _words(name: str) -> list[str]:
    return ["saint" if word in SAINTS else word for word in name.split() if word not in PARTICLES]


def _split_kinds(name: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the kinds of sights that a name says, and the words of its own."""
    kinds: set[str] = set()
    words: list[str] = []
    for word in _words(name):
        kind, stem = _kind_in(word)
        if kind is not None:
            kinds.add(kind)
        if stem:
            words.append(stem)
    return frozenset(kinds), tuple(words)


def _kind_in(word: str) -> tuple[str | None, str]:
    """Return the kind that a word names or ends with, and what is left of it: Karls|brucke."""
    if word in KIND_OF:
        return KIND_OF[word], ""
    for ending in KIND_ENDINGS:
        if word.endswith(ending):
            return KIND_OF[ending], word.removesuffix(ending)
    return None, word


def _without(city_names: Collection[str], name: str) -> str:
    for city_name in city_names:
        name = f" {name} ".replace(f" {city_name} ", " ")
    return name


def _ratio(one: str, other: str) -> float:
    if one == other:
        return 100.0
    both = one + other
    if any(map(str.isdigit, both)) or UNSPACED.search(both):
        return 0.0
    return float(fuzz.ratio(one, other))


def _says_nothing(word: str, city_names: Collection[str]) -> bool:
    return any(
        word.startswith(name[: len(name) - (len(name) >= LOSES_ONE) - (len(name) >= LOSES_TWO)])
        and len(word) <= len(name) + ENDING_LETTERS
        for name in city_names
    )
