"""Estimate what a query costs on Wikidata's query service, which no engine of ours would notice.

The service is Blazegraph over some 15 billion triples, and stops a query after 60 s; pyoxigraph
answers any query over a small world at once. So what others measured on the service is kept here:

- a walk without end (`P279*`) in one query with `wikibase:around`: Lisbon ran into the limit, and
  took 2 s without the walk;
- 49 classes against 67 roots: 88 s with `VALUES ?root`, 38 s with a bare path, 2.7 s with
  `hint:Prior hint:gearing "forward"` and `FILTER(?root IN (...))`;
- a query around an inner `SELECT ... LIMIT`: the engine flattens it as soon as something outside
  uses its variables, so that the limit protects nothing (1 s became 60 s).

Invented are the straight lines through these points (seconds for each class, and for each pair of
class and root), and that every inner limit is lost: the manual recommends one before the label
service, and there it may hold. A walk down from one given root, and whatever has no walk, is
counted as free; there is no index of how many triples a pattern has.

The text is taken apart by a small reader of its groups and triples; it knows no more of SPARQL than
this needs, and leaves the judgement of what is well-formed to pyoxigraph.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

AROUND_SECONDS = 2.0
# Of the measured 88, 38 and 2.7 s.
PAIR_SECONDS = 88 / (49 * 67)
BARE_WALK_SECONDS = 38 / 49
GEARED_WALK_SECONDS = 2.7 / 49

_TOKEN = re.compile(
    r"#[^\n]*|<[^<>\s{}|^`\"]*>"
    r"|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
    r"|[?$]\w+|[\w-]*:(?:[\w-]|\.(?=[\w-]))*|\d+(?:\.\d+)?|@?[\w-]+|\S",
    re.DOTALL,
)
_VARIABLE = re.compile(r"[?$]\w")
_TERM = re.compile(r"[?$]\w|<.|[\w-]*:|[\"'\d]|a$|true$|false$")
# What a pattern of triples ends at.
_KEYWORD = re.compile(
    r"SELECT|CONSTRUCT|DESCRIBE|ASK|WHERE|DISTINCT|REDUCED|PREFIX|BASE|OPTIONAL|UNION|MINUS|FILTER"
    r"|EXISTS|NOT|BIND|VALUES|SERVICE|SILENT|GRAPH|GROUP|ORDER|BY|HAVING|ASC|DESC|LIMIT|OFFSET|AS"
    r"|INCLUDE|WITH",
    re.IGNORECASE,
)


@dataclass
class _Group:
    """What stands between two braces."""

    parts: list["str | _Group"] = field(default_factory=list)

    def groups(self) -> "Iterator[_Group]":
        """Yield this group and all within."""
        yield self
        for part in self.parts:
            if isinstance(part, _Group):
                yield from part.groups()

    def tokens(self, without: "_Group | None" = None) -> Iterator[str]:
        """Yield all tokens in their order, but those of one group."""
        for part in self.parts:
            if isinstance(part, str):
                yield part
            elif part is not without:
                yield from part.tokens(without)


@dataclass
class _Pattern:
    """A triple pattern: two ends and the path between them."""

    subject: str
    path: tuple[str, ...]
    value: str
    is_geared: bool = False

    @property
    def is_walk(self) -> bool:
        """Say whether its path has no end."""
        return "*" in self.path or "+" in self.path


@dataclass(frozen=True)
class QueryCost:
    """How long a query takes on the real service, and whether rows come before the last is found."""

    seconds: float
    is_streamed: bool


def cost_of(query: str) -> QueryCost:
    """Return the estimate for a well-formed query."""
    whole = _read(iter(_TOKEN.findall(query)))
    words = [token.upper() for token in whole.tokens()]
    is_around = "WIKIBASE:AROUND" in words
    patterns = [pattern for group in whole.groups() for pattern in _patterns(group)]
    walks = [pattern for pattern in patterns if pattern.is_walk]
    seconds = AROUND_SECONDS * is_around
    if (is_around and walks) or any(_is_flattened(group, whole) for group in whole.groups()):
        seconds = inf
    starts, ends = _bound(whole), _bound(whole)
    _spread(starts, [pattern for pattern in patterns if not pattern.is_walk])
    for walk in walks:
        seconds += _walk_seconds(walk, starts, ends)
    # What is sorted or counted cannot begin before it is complete.
    is_streamed = "ORDER" not in words and "GROUP" not in words
    return QueryCost(seconds, is_streamed)


def _walk_seconds(walk: _Pattern, starts: dict[str, int], ends: dict[str, int]) -> float:
    start_count = 1 if not _VARIABLE.match(walk.subject) else starts.get(walk.subject)
    is_open = bool(_VARIABLE.match(walk.value))
    if start_count is None:
        return inf if is_open else 0.0
    if is_open and walk.value in ends:
        return start_count * ends[walk.value] * PAIR_SECONDS
    return start_count * (GEARED_WALK_SECONDS if walk.is_geared else BARE_WALK_SECONDS)


def _is_flattened(group: _Group, whole: _Group) -> bool:
    """Say whether it is an inner query with a limit, of which something outside uses a variable."""
    words = [part.upper() if isinstance(part, str) else "" for part in group.parts]
    if group is whole or words[:1] != ["SELECT"] or "LIMIT" not in words:
        return False
    inner = list(group.tokens())
    head = inner[: next(n for n, part in enumerate(group.parts) if isinstance(part, _Group))]
    named = {token for token in head if _VARIABLE.match(token)} or set(inner)
    first_group = next(part for part in whole.parts if isinstance(part, _Group))
    before = whole.parts.index(first_group)
    outside = _Group(whole.parts[before:]).tokens(without=group)
    return any(token in named and _VARIABLE.match(token) for token in outside)


def _bound(whole: _Group) -> dict[str, int]:
    """Return how many values each variable is given by VALUES."""
    counts = {}
    for group in whole.groups():
        for number, part in enumerate(group.parts):
            if not (isinstance(part, str) and part.upper() == "VALUES"):
                continue
            rest = group.parts[number + 1 :]
            given = next((each for each in rest if isinstance(each, _Group)), _Group())
            names = [str(each) for each in rest[: rest.index(given)] if _VARIABLE.match(str(each))]
            values = [token for token in given.tokens() if token not in ("(", ")")]
            counts |= dict.fromkeys(names, len(values) // max(1, len(names)))
    return counts


def _spread(counts: dict[str, int], patterns: list[_Pattern]) -> None:
    """Count what is reached from bound variables as often as these, as far as triples lead."""
    for _ in patterns:
        for pattern in patterns:
            if not _VARIABLE.match(pattern.subject):
                counts.setdefault(pattern.value, 1)
            elif pattern.subject in counts:
                counts.setdefault(pattern.value, counts[pattern.subject])


def _patterns(group: _Group) -> list[_Pattern]:
    """Return the triple patterns right in a group, hints applied to the ones before them."""
    found: list[_Pattern] = []
    for statement in _statements(group):
        subject = statement[0]
        for part in _split(statement[1:], ";"):
            if subject == "hint:Prior" and part[:2] == ["hint:gearing", '"forward"'] and found:
                found[-1].is_geared = True
            elif not subject.startswith("hint:") and len(part) > 1:
                end = part.index(",") if "," in part else len(part)
                found.append(_Pattern(subject, tuple(part[: end - 1]), part[end - 1]))
    return found


def _statements(group: _Group) -> Iterator[list[str]]:
    """Yield what stands between dots, keywords and braces, as far as it begins like a triple."""
    current: list[str] = []
    depth, is_expression = 0, False
    for part in [*group.parts, "."]:
        if is_expression and (depth or isinstance(part, str)):
            # FILTER and BIND: up to the parenthesis that closes the expression.
            if isinstance(part, str):
                depth += {"(": 1, ")": -1}.get(part, 0)
                is_expression = depth > 0 or part != ")"
            continue
        keyword = _KEYWORD.fullmatch(part) if isinstance(part, str) else None
        if isinstance(part, _Group) or part == "." or keyword:
            if len(current) > 2 and _TERM.match(current[0]):
                yield current
            current = []
            is_expression = keyword is not None and keyword[0].upper() in ("FILTER", "BIND")
        else:
            current.append(part)


def _split(tokens: list[str], separator: str) -> Iterator[list[str]]:
    part: list[str] = []
    for token in [*tokens, separator]:
        if token == separator:
            yield part
            part = []
        else:
            part.append(token)


def _read(tokens: Iterator[str]) -> _Group:
    """Return the group up to the brace that closes it."""
    group = _Group()
    for word in tokens:
        if word == "}":
            break
        if word == "{":
            group.parts.append(_read(tokens))
        elif not word.startswith("#"):
            group.parts.append(word)
    return group
