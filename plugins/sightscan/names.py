"""Tell whether two names of one place are spellings of one name: word by word.

Letters alone do not tell: "St Mary's Church" and "St Mark's Church", "North Tower" and "South
Tower", "Pier 35" and "Pier 39" share most of theirs, and may stand next to each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rapidfuzz import fuzz

# Of 100. A letter more or less is a spelling from three letters on ("tor", "thor": 86), another
# letter from seven on ("nikolai", "nicolai": 86); "mary" and "mark" (75) are two names.
SAME_WORD = 84
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
        "s d l the of at in on de du des la le les el los las del di da do dos das della dei "
        "il lo gli der die den dem des von vom zu zum zur am im het een",
    )
)
SAINTS = frozenset(
    re.findall(r"\w+", "st ste saint sainte sankt sant san santa santo sao sveti svaty szent")
)
# A saint's house may be named without its kind: "St. Peter's", "St. Peter's Basilica".
SAINTS_HOUSES = frozenset(
    re.findall(
        r"\w+",
        "church cathedral basilica chapel kirche dom kathedrale basilika eglise cathedrale "
        "basilique iglesia catedral igreja chiesa duomo cattedrale",
    )
)
# In these scripts a sign is a syllable or a word, and one more makes another place.
SIGN_IS_A_WORD = re.compile("[\u1100-\u11ff\u3040-\u9fff]")


def plain_name(name: str) -> str:
    """Return a normalised name without particles, its saint written out: "st peter s" as "saint peter"."""
    return " ".join(_words(name)) or name


def likeness(one: str, other: str, city_names: Collection[str] = ()) -> float:
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
        if ratio < SAME_WORD:
            unpaired.append(word)
            continue
        rest.remove(partner)
        ratios.append((ratio, _says_nothing(word, city_names)))
    if all(is_idle for _, is_idle in ratios):
        return 0.0
    left_over = [word for word in (*unpaired, *rest) if not _says_nothing(word, city_names)]
    # One kind may be missing; "St Paul's Church" and "St Paul's Cathedral" have one each.
    is_saints_house = "saint" in words and len(left_over) == 1 and left_over[0] in SAINTS_HOUSES
    if left_over and not is_saints_house:
        return 0.0
    return sum(ratio for ratio, _ in ratios) / len(ratios)


def _words(name: str) -> list[str]:
    return ["saint" if word in SAINTS else word for word in name.split() if word not in PARTICLES]


def _without(city_names: Collection[str], name: str) -> str:
    for city_name in city_names:
        name = f" {name} ".replace(f" {city_name} ", " ")
    return name


def _ratio(one: str, other: str) -> float:
    if one == other:
        return 100.0
    if one.isdecimal() or other.isdecimal() or SIGN_IS_A_WORD.search(one):
        return 0.0
    return float(fuzz.ratio(one, other))


def _says_nothing(word: str, city_names: Collection[str]) -> bool:
    return any(
        word.startswith(name[: len(name) - (len(name) >= LOSES_ONE) - (len(name) >= LOSES_TWO)])
        and len(word) <= len(name) + ENDING_LETTERS
        for name in city_names
    )
