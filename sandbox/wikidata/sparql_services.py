"""Rewrite the query service's own `SERVICE` blocks into plain SPARQL 1.1.

Wikidata's query service answers `SERVICE wikibase:label`, `wikibase:around` and `wikibase:box` by
extensions of its engine. Here the same meaning is written out as triples, filters and bindings,
which any engine evaluates: the query that a client sends is still the one that is answered.
See https://www.mediawiki.org/wiki/Wikidata_Query_Service/User_Manual.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Where the functions live that the rewritten label service calls: label, description, altLabel.
LABEL_FUNCTIONS = "urn:sightscan:sandbox:"

_SERVICE = re.compile(
    r"SERVICE\s+(?:SILENT\s+)?(wikibase:\w+|<[^>]*>|\w+:\w+|\?\w+)\s*\{", re.IGNORECASE
)
_HINT = re.compile(r"hint:(?:Prior|Query|Group|SubQuery|BGP)\s+hint:\w+\s+(?:\"[^\"]*\"|\w+)\s*\.?")
_PARAMETER = re.compile(
    r"(?:bd:serviceParam\s+)?(wikibase:\w+)\s+"
    r"(\"(?:[^\"\\]|\\.)*\"(?:\^\^\S+?|@\w+)?|\?\w+|[\w:.+-]+?)\s*(?=[.;}]|$)"
)
_OPAQUE = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|<[^<>\s{}|^`\"]*>|#[^\n]*",
    re.DOTALL,
)
_LABEL_PARTS = (
    ("Label", "rdfs:label"),
    ("Description", "schema:description"),
    ("AltLabel", "skos:altLabel"),
)


class UnsupportedServiceError(ValueError):
    """A `SERVICE` that the query service does not offer, or that lacks a parameter."""


@dataclass(frozen=True)
class _Block:
    name: str
    body: str
    start: int
    end: int
    group_end: int


def rewrite_services(query: str) -> str:
    """Return `query` without wikibase services and engine hints, meaning the same.

    Raises UnsupportedServiceError for a service that is not known or not complete.
    """
    query = _HINT.sub("", _without_comments(query))
    while (block := _first_block(query)) is not None:
        before, after = query[: block.start], query[block.end : block.group_end]
        rest = query[block.group_end :]
        if block.name == "wikibase:label":
            # Labels are added to what the whole group found, so they are looked up last.
            query = f"{before} {after} {_labels(block, query)} {rest}"
        elif block.name in ("wikibase:around", "wikibase:box"):
            inside = _around(block) if block.name == "wikibase:around" else _box(block)
            query = f"{before} {inside} {after}{rest}"
        else:
            msg = (
                f"Service call not allowed: {block.name} (have: wikibase:label, "
                "wikibase:around, wikibase:box); write it without this service"
            )
            raise UnsupportedServiceError(msg)
    return query


def _labels(block: _Block, query: str) -> str:
    languages = _required(_parameters(block), "wikibase:language", block).strip('"').split(",")
    names = [name.strip() for name in languages if not name.strip().startswith("[")] or ["en"]
    manual = re.findall(
        r"(\?\w+)\s+(rdfs:label|schema:description|skos:altLabel)\s+(\?\w+)", block.body
    )
    wanted = manual or list(_mentioned(block, query))
    return " ".join(
        _label(subject, predicate, target, names) for subject, predicate, target in wanted
    )


def _mentioned(block: _Block, query: str) -> Iterator[tuple[str, str, str]]:
    """Yield what the automatic mode fills in: ?xLabel for each variable ?x of the query."""
    text = _masked(query[: block.start] + " " + query[block.end :])
    variables = dict.fromkeys(re.findall(r"\?\w+", text))
    for target in variables:
        for part, predicate in _LABEL_PARTS:
            subject = target.removesuffix(part)
            if target.endswith(part) and subject in variables and subject != target:
                yield subject, predicate, target


def _label(subject: str, predicate: str, target: str, languages: list[str]) -> str:
    # A function, not an optional triple: for an unbound subject a triple would match every item.
    function = f"<{LABEL_FUNCTIONS}{predicate.partition(':')[2]}>"
    return f'BIND({function}({subject}, "{",".join(languages)}") AS {target})'


def _around(block: _Block) -> str:
    parameters = _parameters(block)
    triple, location = _location(block)
    centre = _required(parameters, "wikibase:center", block)
    radius = _required(parameters, "wikibase:radius", block).split("^^")[0].strip('"')
    lines = [triple, f"FILTER(geof:distance({location}, {centre}) <= {float(radius)})"]
    if "wikibase:distance" in parameters:
        lines.append(
            f"BIND(geof:distance({location}, {centre}) AS {parameters['wikibase:distance']})"
        )
    return " ".join(lines)


def _box(block: _Block) -> str:
    """Write a box out as comparisons; boxes over the date line are not supported."""
    parameters = _parameters(block)
    triple, location = _location(block)
    corners = {"wikibase:cornerSouthWest", "wikibase:cornerNorthEast"} <= parameters.keys()
    low, high = (
        ("wikibase:cornerSouthWest", "wikibase:cornerNorthEast")
        if corners
        else ("wikibase:cornerWest", "wikibase:cornerEast")
    )
    first, second = (_required(parameters, name, block) for name in (low, high))
    lines = [triple]
    for axis in ("longitude", "latitude"):
        here, a, b = (f"geof:{axis}({place})" for place in (location, first, second))
        between = f"{here} >= {a} && {here} <= {b}"
        # West and east name two corners, of which either may be the northern one.
        either = axis == "latitude" and not corners
        lines.append(
            f"FILTER(({between}) || ({here} >= {b} && {here} <= {a}))"
            if either
            else f"FILTER({between})"
        )
    return " ".join(lines)


def _location(block: _Block) -> tuple[str, str]:
    found = re.search(r"(\?\w+)\s+(wdt:\w+)\s+(\?\w+)", block.body)
    if found is None:
        msg = f"{block.name} needs a triple such as '?place wdt:P625 ?location'"
        raise UnsupportedServiceError(msg)
    return f"{found[0]} .", found[3]


def _parameters(block: _Block) -> dict[str, str]:
    return {found[1]: found[2] for found in _PARAMETER.finditer(block.body)}


def _required(parameters: dict[str, str], name: str, block: _Block) -> str:
    if name not in parameters:
        msg = f"{block.name} needs {name}; add 'bd:serviceParam {name} ...'"
        raise UnsupportedServiceError(msg)
    return parameters[name]


def _first_block(query: str) -> _Block | None:
    masked = _masked(query, keep_iris=True)
    found = _SERVICE.search(masked)
    if found is None:
        return None
    end = _closing(masked, found.end())
    return _Block(
        name=query[found.start(1) : found.end(1)],
        body=query[found.end() : end],
        start=found.start(),
        end=end + 1,
        group_end=_closing(masked, end + 1),
    )


def _closing(masked: str, start: int) -> int:
    """Return where the brace closes that is open at `start`."""
    depth = 1
    for position in range(start, len(masked)):
        depth += {"{": 1, "}": -1}.get(masked[position], 0)
        if depth == 0:
            return position
    msg = "a brace is never closed; add the missing '}'"
    raise UnsupportedServiceError(msg)


def _masked(query: str, *, keep_iris: bool = False) -> str:
    """Return `query` with strings (and IRIs) blanked out, every position kept."""

    def blank(found: re.Match[str]) -> str:
        return found[0] if keep_iris and found[0].startswith("<") else " " * len(found[0])

    return _OPAQUE.sub(blank, query)


def _without_comments(query: str) -> str:
    return _OPAQUE.sub(lambda found: " " if found[0].startswith("#") else found[0], query)
