"""Plain text of what strangers wrote: titles, authors and licences hold HTML, wikitext and worse.

Commons sends authors as HTML, with parts that no browser shows; Openverse passes titles on as it
found them, with links, templates and the statements for Wikidata that Commons hides in its pages
(`Mona Lisatitle QS:P1476,it:"Gioconda"`). Anybody may write anything there. So a text is cut before
it is read, HTML is read by an HTML parser, and no pattern here goes back over what it has read.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

from lxml.etree import HTMLParser, LxmlError

# Of a longer text, the rest is not read.
MAX_READ_CHARACTERS = 20_000
MAX_PLAIN_CHARACTERS = 1_000

# Controls, invisible characters, those that turn the direction of a text, and what is no character.
# White space is not among them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
# Joiners are spelling in Persian, in India's scripts and in emoji, and nowhere else.
_JOINER = re.compile(
    "(?<![\u0590-\u1fff\u2190-\U000dffff])[\u200c\u200d]|[\u200c\u200d](?![\u0590-\u1fff\u2190-\U000dffff])"
)
_UNSHOWN_TAGS = frozenset({"style", "script", "title"})
# What is nested deeper is not read: libxml2 looks through all that is open for each end tag.
MAX_DEPTH = 1_000
PIECE_BYTES = 10_000
# Any other tag separates words.
_INLINE_TAGS = frozenset(
    re.findall(
        r"\w+",
        "a abbr b bdi bdo big cite code del em font i ins kbd mark q s small span strike strong sub "
        "sup tt u var",
    )
)
_BRACKET = re.compile(r"(\[\[|\]\]|\{\{|\}\})")
_OPENING_OF = {"]]": "[[", "}}": "{{"}
_EXTERNAL_LINK = re.compile(r"\[(?:https?:)?//[^\s\[\]]+(?: ([^\[\]]*))?\]")
_QUOTES = re.compile("'{2,5}")
# Links to these show a picture or nothing, not their name.
_UNSHOWN_NAMESPACES = frozenset(
    re.findall(r"\w+", "file image media category datei bild fichier archivo")
)
_NAMESPACES = frozenset(
    re.findall(r"\w+", "user creator institution special commons wikipedia wikidata")
)
MAX_PREFIX_LETTERS = 3  # as in `w:`, `de:` and the template `{{de|...}}`
_STATEMENT = re.compile(
    " ?(?:title|label|creator|artist|author|date|description|institution)? ?QS:[A-Z]"
)


def plain_text(text: object) -> str | None:
    """Return HTML or wikitext as plain text on one line; None if nothing is left, or it is no text."""
    if not isinstance(text, str):
        return None
    read = one_line(text[:MAX_READ_CHARACTERS])
    if "<" in read or "&" in read:
        read = one_line(_without_html(read))
    read = one_line(_without_repetition(_without_statements(_without_wikitext(read))))
    if len(read) > MAX_PLAIN_CHARACTERS:
        read = read[: MAX_PLAIN_CHARACTERS - 1].rstrip() + "…"
    return read or None


def one_line(text: str) -> str:
    """Return a text on one line, without what cannot be seen; its words stay as they are."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    seen = _HALF_CHARACTER.sub("\ufffd", _INVISIBLE.sub("", text))
    return " ".join(_JOINER.sub("", seen).split())


def web_address(text: object) -> str | None:
    """Return the address of a page; None for anything else: it becomes a link that people follow."""
    if not isinstance(text, str):
        return None
    address = text.strip()
    if address.startswith("//"):
        address = f"https:{address}"
    is_one = address.lower().startswith(("http://", "https://")) and not any(
        character.isspace() or character in '<>"' or not character.isprintable()
        for character in address
    )
    return address if is_one and one_line(address) == address else None


class ShownText:
    """What a browser would show of HTML, as a target of lxml's parser."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: list[str] = []
        self._depth = 0
        self._hidden_depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Enter an element; libxml2 sees to it that each is left again.

        Raises:
            ValueError: too many are open.

        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            msg = f"more than {MAX_DEPTH} elements are open at once"
            raise ValueError(msg)
        style = "".join(attributes.get("style", "").lower().split())
        is_hidden = tag in _UNSHOWN_TAGS or "hidden" in attributes or "display:none" in style
        if self._hidden_depth or is_hidden:
            self._hidden_depth += 1
        self._separate(tag)

    def end(self, tag: str) -> None:
        """Leave an element."""
        self._depth -= 1
        self._hidden_depth = max(self._hidden_depth - 1, 0)
        self._separate(tag)

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if not self._hidden_depth:
            self._parts.append(text)

    def close(self) -> str:
        """Return all that is shown."""
        return "".join(self._parts)

    def _separate(self, tag: str) -> None:
        if tag not in _INLINE_TAGS:
            self._parts.append(" ")


def shown_text(html: bytes) -> str:
    """Return what a browser would show of HTML in UTF-8, as far as it can be read."""
    target = ShownText()
    with suppress(ValueError):
        feed_html(html, target)
    return target.close()


def feed_html(html: bytes, target: ShownText) -> None:
    """Have HTML in UTF-8 read to a target, in time that is linear in its length.

    Raises:
        ValueError: it is nested as no page is.

    """
    parser = HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    # libxml2 complains about a text in which it finds nothing.
    with suppress(LxmlError):
        # An error of the target is raised at the end of a piece only.
        for start in range(0, len(html), PIECE_BYTES):
            parser.feed(html[start : start + PIECE_BYTES])
        parser.close()


def _without_html(text: str) -> str:
    return shown_text(text.encode())


def _without_wikitext(text: str) -> str:
    if "[[" in text or "{{" in text:
        text = _without_brackets(text)
    if "[" in text:
        text = _EXTERNAL_LINK.sub(r"\1", text)
    if "''" in text and len(_QUOTES.findall(text)) % 2 == 0:
        text = _QUOTES.sub("", text)
    return text


def _without_brackets(text: str) -> str:
    """Return a text with its links and templates as they would be shown, the inner ones first."""
    levels: list[tuple[str, list[str]]] = [("", [])]
    for piece in _BRACKET.split(text):
        if piece in _OPENING_OF.values():
            levels.append((piece, []))
        elif piece not in _OPENING_OF:
            levels[-1][1].append(piece)
        elif levels[-1][0] == _OPENING_OF[piece]:
            opening, parts = levels.pop()
            shown = _shown_link if opening == "[[" else _shown_template
            levels[-1][1].append(shown("".join(parts)))
    # What was never closed is no markup: its text stays.
    return "".join(part for _, parts in levels for part in parts)


def _shown_link(inside: str) -> str:
    target, *labels = inside.split("|")
    target = target.strip()
    if target.partition(":")[0].lower() in _UNSHOWN_NAMESPACES:
        return ""
    return (labels[-1].strip() if labels else "") or _without_prefixes(target.lstrip(":"))


def _shown_template(inside: str) -> str:
    name, *values = inside.split("|")
    name = name.strip()
    if name.partition(":")[0].lower() in _NAMESPACES:
        return _without_prefixes(name)
    # {{en|1=The tower}}, {{u|Ana}}: a language, a user.
    return values[0].removeprefix("1=").strip() if values and _is_prefix(name) else ""


def _without_prefixes(title: str) -> str:
    prefix, colon, rest = title.partition(":")
    while colon and (prefix.lower() in _NAMESPACES or _is_prefix(prefix)):
        title = rest
        prefix, colon, rest = title.partition(":")
    return title


def _is_prefix(text: str) -> bool:
    return text.isalpha() and text.islower() and len(text) <= MAX_PREFIX_LETTERS


def _without_statements(text: str) -> str:
    """Return a text up to its statements for Wikidata; if it is nothing else, the first value."""
    found = _STATEMENT.search(text)
    if found is None:
        return text
    value = text[found.end() :].partition('"')[2].partition('"')[0]
    return text[: found.start()].strip() or value


def _without_repetition(text: str) -> str:
    """Return "Unknown author" once: Commons' template says it a second time, hidden."""
    half = len(text) // 2
    is_twice = text.startswith("Unknown") and text[:half].strip() == text[-half:].strip()
    return text[:half].strip() if is_twice else text
