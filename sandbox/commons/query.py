"""Answer `action=query` of the Commons API: categories, search and places, with continuation.

See https://www.mediawiki.org/w/api.php?action=help&modules=query. A generator (`gcmtitle=...`) takes
the parameters of its list (`cmtitle=...`) with a `g` before them, and yields pages instead of rows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from sandbox.commons.files import CommonsCatalogue, CommonsCategory, CommonsFile
from sandbox.commons.pages import CATEGORY_NAMESPACE, FILE_NAMESPACE, Page, PageDescriber, stub_of
from sandbox.mediawiki import ApiError, JsonObject, required, values_of, whole_number
from sandbox.wikidata.graph import kilometres_between
from sandbox.world.city_terms import fold

MAX_ROWS = 500
SHOWN_ROWS = 10
_GOING_ON = ("gcmcontinue", "gsroffset")

_TERM = re.compile(r'(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))')


@dataclass(frozen=True)
class _Rows:
    """What a list found: pages, what to say of each, and how to go on."""

    pages: Sequence[Page]
    extras: Sequence[JsonObject]
    proceed: Mapping[str, str | int]
    total: int | None = None


def answer_query(
    catalogue: CommonsCatalogue, parameters: Mapping[str, str], origin: str
) -> JsonObject:
    """Return the answer to `action=query`; raise ApiError for what MediaWiki would refuse."""
    modern = parameters.get("formatversion") == "2"
    describer = PageDescriber(catalogue, parameters, origin)
    body: JsonObject = {"batchcomplete": True if modern else ""}
    query: JsonObject = {}
    generator = parameters.get("generator")
    if generator is not None:
        rows = _list(generator)(catalogue, _unprefixed(parameters))
        described, proceed = describer.describe_all(rows.pages)
        if proceed:
            # The rest of the batch first: it is asked for where it began.
            begun = {name: parameters[name] for name in _GOING_ON if name in parameters}
            body = {"continue": {**begun, **proceed, "continue": "||"}}
        elif rows.proceed:
            proceed = {f"g{name}": value for name, value in rows.proceed.items()}
            body["continue"] = {**proceed, "continue": f"{next(iter(proceed))}||"}
        indexed = generator == "search"
        pages = [
            page | ({"index": number + 1} if indexed else {})
            for number, page in enumerate(described)
        ]
        if pages:  # as in reality, an empty generator answers without "query"
            query["pages"] = (
                pages
                if modern
                else {
                    str(page.get("pageid", -1 - number)): page for number, page in enumerate(pages)
                }
            )
    elif "titles" in parameters or "pageids" in parameters:
        named = _named_pages(catalogue, parameters)
        described, proceed = describer.describe_all(
            [page for page in named.values() if page is not None]
        )
        if proceed:
            body = {"continue": {**proceed, "continue": "||"}}
        missing = {"missing": True if modern else ""}
        described += [
            {**_stub_of_missing(name), **missing} for name, page in named.items() if page is None
        ]
        query["pages"] = (
            described
            if modern
            else {str(found.get("pageid", -1 - n)): found for n, found in enumerate(described)}
        )
    for name in values_of(parameters.get("list", ""), name="list"):
        rows = _list(name)(catalogue, parameters)
        query[name] = [
            stub_of(page) | extra for page, extra in zip(rows.pages, rows.extras, strict=True)
        ]
        if rows.total is not None:
            query["searchinfo"] = {"totalhits": rows.total}
        if rows.proceed:
            body["continue"] = {**rows.proceed, "continue": "-||"}
    return body | ({"query": query} if query else {})


def _list(name: str) -> Callable[[CommonsCatalogue, Mapping[str, str]], _Rows]:
    lists = {"categorymembers": _members, "search": _search, "geosearch": _geosearch}
    if name not in lists:
        raise ApiError(
            code="badvalue", info=f'Unrecognized value for parameter "list" or "generator": {name}.'
        )
    return lists[name]


def _unprefixed(parameters: Mapping[str, str]) -> Mapping[str, str]:
    return {name[1:]: value for name, value in parameters.items() if name.startswith("g")}


def _named_pages(
    catalogue: CommonsCatalogue, parameters: Mapping[str, str]
) -> dict[str, Page | None]:
    """Return the pages that `titles` and `pageids` name; None: there is none."""
    known: dict[str, Page] = {}
    pages: list[Page] = [*catalogue.files, *catalogue.categories]
    for page in pages:
        known[str(stub_of(page)["title"])] = page
        known[str(page.page_id)] = page
    names = values_of(parameters.get("titles", ""), name="titles")
    names += values_of(parameters.get("pageids", ""), name="pageids")
    return {name: known.get(name) for name in (asked.replace("_", " ") for asked in names)}


def _stub_of_missing(name: str) -> JsonObject:
    if name.isdecimal():
        return {"pageid": int(name)}
    namespaces = {"File": FILE_NAMESPACE, "Category": CATEGORY_NAMESPACE}
    return {"ns": namespaces.get(name.partition(":")[0], 0), "title": name}


def _members(catalogue: CommonsCatalogue, parameters: Mapping[str, str]) -> _Rows:
    title = required(parameters, "cmtitle").replace("_", " ")
    if not title.startswith("Category:"):
        raise ApiError(
            code="invalidcategory", info=f'The category name you entered is not valid: "{title}".'
        )
    category = title.removeprefix("Category:")
    kinds = values_of(parameters.get("cmtype", "page|subcat|file"), name="cmtype")
    members: list[Page] = []
    if "subcat" in kinds:
        members.extend(catalogue.subcategories_of(category))
    if "file" in kinds:
        members.extend(catalogue.files_in(category))
    limit = whole_number(parameters, "cmlimit", SHOWN_ROWS, 1, MAX_ROWS)
    start = _position(members, parameters.get("cmcontinue"))
    shown = members[start : start + limit]
    proceed: dict[str, str | int] = {}
    if start + limit < len(members):
        proceed["cmcontinue"] = _token(members[start + limit])
    wanted = values_of(parameters.get("cmprop", "ids|title"), name="cmprop")
    extras = [{"type": _kind(page)} if "type" in wanted else {} for page in shown]
    return _Rows(shown, extras, proceed)


def _kind(page: Page) -> str:
    return "subcat" if isinstance(page, CommonsCategory) else "file"


def _token(page: Page) -> str:
    return f"{_kind(page)}|{page.name.upper().encode().hex().upper()}|{page.page_id}"


def _position(members: Sequence[Page], token: str | None) -> int:
    if token is None:
        return 0
    for position, page in enumerate(members):
        if _token(page) == token:
            return position
    raise ApiError(
        code="badcontinue", info="Invalid continue param. You should pass the original value."
    )


def _search(catalogue: CommonsCatalogue, parameters: Mapping[str, str]) -> _Rows:
    text = required(parameters, "srsearch")
    namespaces = values_of(parameters.get("srnamespace", "0"), name="srnamespace")
    searched = catalogue.files if str(FILE_NAMESPACE) in namespaces else ()
    terms = [_Term.read(found, catalogue) for found in _TERM.finditer(text)]
    found = [file for file in searched if all(term.holds_for(file) for term in terms)]
    limit = whole_number(parameters, "srlimit", SHOWN_ROWS, 1, MAX_ROWS)
    start = whole_number(parameters, "sroffset", 0, 0, 10_000)
    proceed: dict[str, str | int] = {}
    if start + limit < len(found):
        proceed["sroffset"] = start + limit
    shown = found[start : start + limit]
    extras = [{"size": 0, "wordcount": 0, "snippet": file.description} for file in shown]
    return _Rows(shown, extras, proceed, total=len(found))


@dataclass(frozen=True)
class _Term:
    """One part of a search: a word or phrase, perhaps behind a keyword, perhaps negated."""

    keyword: str
    value: str
    negated: bool
    categories: frozenset[str]

    @classmethod
    def read(cls, found: re.Match[str], catalogue: CommonsCatalogue) -> Self:
        keyword, value = (found[2] or "").lower(), found[3] or found[4] or ""
        categories = {value.replace("_", " ")}
        if keyword in ("deepcat", "deepcategory"):
            for category in catalogue.subcategories_of(value):
                categories.add(category.name)
        return cls(keyword, value, found[1] == "-", frozenset(categories))

    def holds_for(self, file: CommonsFile) -> bool:
        return self._matches(file) != self.negated

    def _matches(self, file: CommonsFile) -> bool:
        match self.keyword:
            case "incategory" | "deepcat" | "deepcategory":
                return bool(self.categories & set(file.categories))
            case "intitle":
                return fold(self.value) in fold(file.name)
            case "filemime":
                return self.value.strip('"') == file.mime
            case "filetype":
                is_bitmap = file.mime in ("image/jpeg", "image/png")
                return self.value == ("bitmap" if is_bitmap else "drawing")
            case "nearcoord":
                radius, latitude, longitude = self.value.split(",")
                kilometres = float(radius.rstrip("km")) / (1 if radius.endswith("km") else 1000)
                here = (file.latitude, file.longitude)
                return kilometres_between((float(latitude), float(longitude)), here) <= kilometres
            case _:
                words = f"{file.name} {file.description} {' '.join(file.categories)}"
                return fold(self.value) in fold(words)


def _geosearch(catalogue: CommonsCatalogue, parameters: Mapping[str, str]) -> _Rows:
    try:
        latitude, longitude = (
            float(part) for part in required(parameters, "gscoord").split("|", maxsplit=1)
        )
    except ValueError:
        raise ApiError(code="invalid-coord", info="Invalid coordinate provided.") from None
    radius = whole_number(parameters, "gsradius", 500, 10, 10_000)
    limit = whole_number(parameters, "gslimit", SHOWN_ROWS, 1, MAX_ROWS)
    namespaces = values_of(parameters.get("gsnamespace", "0"), name="gsnamespace")
    searched = catalogue.files if str(FILE_NAMESPACE) in namespaces else ()
    near = []
    for file in searched:
        metres = 1000 * kilometres_between((latitude, longitude), (file.latitude, file.longitude))
        if metres <= radius:
            near.append((round(metres, 1), file))
    near.sort(key=lambda pair: (pair[0], pair[1].name))
    near = near[:limit]
    extras: list[JsonObject] = [
        {"lat": file.latitude, "lon": file.longitude, "dist": metres, "primary": ""}
        for metres, file in near
    ]
    return _Rows([file for _, file in near], extras, {})
