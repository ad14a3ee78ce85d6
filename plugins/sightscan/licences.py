"""Licences by one short id each, and which of them are open.

Every catalogue spells them in its own way: "CC BY-SA 3.0 de", "by-sa" with "3.0" beside it, a URL.
Ids are those of SPDX in lower case where SPDX has one. A licence is open when anybody may use,
change and share the work, for any purpose, as opendefinition.org has it: NC and ND are not.
"""

import re

UNKNOWN = "unknown"
PUBLIC_DOMAIN = "public-domain"
OPEN_LICENCES = frozenset(
    {"cc0-1.0", "pdm-1.0", PUBLIC_DOMAIN, "copyrighted-free-use", "attribution", "beerware"}
)

_CC_URL = re.compile(
    r"creativecommons\.org/(?P<kind>licenses|publicdomain)/(?P<code>[a-z+-]+)"
    r"(?:/(?P<version>\d\.\d))?(?:/(?P<place>[a-z]{2,3})(?=/|$))?",
    re.IGNORECASE,
)
# A country comes after a version only: "cc-by-nc" has none.
_OPEN_CC = re.compile(r"^cc-by(?:-sa)?(?:-\d\.\d(?:-(?!nc|nd|sa)[a-z]{2,3})?)?$")
# Beside Creative Commons' own. LAL is the Licence Art Libre, OGL some governments'. Nothing but a
# version may follow: "mit" is German for "with", as in "mit Genehmigung des Urhebers".
_OPEN_FAMILY = re.compile(
    r"^(?:gfdl|lal|wtfpl|mit|apache|odbl|odc-by|ogl(?:-(?:c|uk|ca|canada|bc|ontario|taiwan))?)"
    r"(?:-v?\d+(?:\.\d+)*)?(?:-only|-or-later)?$"
)
_NO_RIGHTS = (
    (re.compile(r"^(?:cc[ -]?0|cc[ -]zero|creative commons zero)\b"), "cc0-1.0"),
    (re.compile(r"^(?:pdm|public domain mark)\b"), "pdm-1.0"),
    (
        re.compile(
            r"^(?:public[ -]domain|pd|pd[ -].*|no (?:known copyright )?restrictions|"
            r"united states government work)$"
        ),
        PUBLIC_DOMAIN,
    ),
)
_VERSION = r"(?:[ -]v?(?P<version>\d\.\d))?"
# Of a family's name nothing may be left over: it could say "non-commercial".
_LONG_VERSION = (
    r"(?:,?[ -](?:version |v\.? ?)?(?P<version>\d(?:\.\d)?))?"
    r"(?:\+|[ -]only|,? (?:or|and) (?:any )?later(?: versions?)?|-or-later)?$"
)
_FAMILIES = {
    "cc": re.compile(
        r"^(?:cc|creative commons)[ -](?P<code>by(?:[ -](?:nc|nd|sa))*)"
        + _VERSION
        + r"(?:[ -](?P<place>[a-z]{2,3}))?$"
    ),
    "gfdl": re.compile(r"^(?:gnu free documentation licen[cs]e|gnu fdl|gfdl)" + _LONG_VERSION),
    "lal": re.compile(r"^(?:fal|free art licen[cs]e|licence art libre|lal)" + _LONG_VERSION),
    "mit": re.compile(r"^(?:the )?mit(?: licen[cs]e)?$"),
    "apache": re.compile(r"^apache(?: (?:software )?licen[cs]e)?" + _LONG_VERSION),
    "odbl": re.compile(r"^(?:odbl|open database licen[cs]e)" + _LONG_VERSION),
}


def licence_id(name: str | None, url: str | None = None) -> str:
    """Return the short id of a licence by the address of its text, else by its name.

    A name that is not understood is its own id, in lower case; no name at all is `unknown`.
    """
    by_url = _CC_URL.search(url or "")
    if by_url is not None and (found := _of_creative_commons(by_url)) is not None:
        return found
    return _of_name(" ".join((name or "").lower().split()))


def is_open(licence: str) -> bool:
    """Say whether a licence, by its id, lets anybody use, change and share the work."""
    return (
        licence in OPEN_LICENCES
        or _OPEN_CC.match(licence) is not None
        or _OPEN_FAMILY.match(licence) is not None
    )


def _of_name(name: str) -> str:
    for pattern, meant in _NO_RIGHTS:
        if pattern.match(name):
            return meant
    for family, pattern in _FAMILIES.items():
        if (found := pattern.match(name)) is not None:
            parts = found.groupdict()
            return _joined(family, parts.get("code"), parts.get("version"), parts.get("place"))
    return name.replace(" ", "-") or UNKNOWN


def _of_creative_commons(found: re.Match[str]) -> str | None:
    code = found["code"].lower().strip("-")
    if found["kind"].lower() == "publicdomain":
        return {"zero": "cc0-1.0", "mark": "pdm-1.0"}.get(code, PUBLIC_DOMAIN)
    if not code.startswith("by"):
        # Sampling and developing nations' licences: retired, and not open.
        return _joined("cc", code, found["version"])
    place = found["place"]
    return _joined("cc", code, found["version"], None if place in ("deed", "legalcode") else place)


def _joined(*parts: str | None) -> str:
    return "-".join(part.lower().replace(" ", "-") for part in parts if part)
