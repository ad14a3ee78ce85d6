"""What a photo is known by besides its bytes and its address: the identifiers of its provider.

Addresses are no identity. Those of Commons' thumbnails change their host, carry what tracks or
expires, and one file has one for each width; Openverse names the same file by a third. What lasts is
the provider's: `commons:File:<name>` and `commons:<page id>`, `flickr:<photo id>`,
`openverse:<image id>`. They are read off what sources state, and off addresses of known forms; a
source that states none is known by its address without what only tracks.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote, unquote_plus

COMMONS, FLICKR, OPENVERSE = "commons:", "flickr:", "openverse:"
FILE = "File:"

# The name is a folder of its own in the address of a thumbnail, however that one is called.
_COMMONS_FILE = re.compile(
    r"https?://[^/?#]+/wikipedia/commons/(?:thumb/)?[0-9a-f]/[0-9a-f]{2}/([^/?#]+)"
)
_COMMONS = r"https?://commons\.(?:m\.)?wikimedia\.org/"
_TITLE = r"(?:File|Image|Special(?::|%3A)FilePath/|Special(?::|%3A)Redirect/file/)(?:(?<=/)|:|%3A)"
# In a path, & is a letter of the name; in a query it ends it, and + is a space.
_COMMONS_PAGE = re.compile(rf"{_COMMONS}wiki/(?:[^?#]*#/media/)?{_TITLE}([^?#]+)", re.IGNORECASE)
_COMMONS_QUERY = re.compile(
    rf"{_COMMONS}w/(?:index\.php\?(?:[^#]*&)?title={_TITLE}|thumb\.php\?(?:[^#]*&)?f=)([^#&]+)",
    re.IGNORECASE,
)
_COMMONS_ID = re.compile(
    rf"{_COMMONS}(?:(?:w/index\.php|wiki/)?\?(?:[^#]*&)?curid=|entity/M"
    r"|wiki/Special:Entity(?:Data|Page)/M)([1-9][0-9]{0,14})(?![0-9])"
)
_FLICKR_PAGE = re.compile(
    r"https?://(?:(?:www|m|secure)\.)?flickr\.com/photos/(?!tags/)[^/?#]+/([1-9][0-9]{0,14})(?![0-9])"
)
_FLICKR_SHORT = re.compile(r"https?://flic\.kr/p/([1-9A-HJ-NP-Za-km-z]{1,8})(?![0-9A-Za-z])")
_FLICKR_DIGITS = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_FLICKR_FILE = re.compile(
    r"https?://(?:[a-z0-9]+\.staticflickr|(?:[a-z0-9]+\.)?static\.flickr|photos[0-9]*\.flickr)\.com"
    r"/(?:[0-9]+/)*([1-9][0-9]{0,14})_[0-9a-f]+"
)
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OPENVERSE = re.compile(
    r"https?://(?:(?:api\.)?openverse\.(?:org|engineering)|wordpress\.org/openverse)/"
    rf"(?:[a-z-]+/)?(?:image|v1/images)/({_UUID})(?![0-9a-f])"
)
_TYPED = re.compile(
    rf"commons:(?:[1-9][0-9]{{0,14}}|File:.*\S.*)|flickr:[1-9][0-9]{{0,14}}|openverse:{_UUID}"
)
_TRACKING = re.compile(r"(?<=[?&])utm_[^&#]*&?")
# Copied along with a title, these are no part of it to MediaWiki.
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e]")
# What MediaWiki leaves as it is in the addresses of pages; in those of files it is nothing.
_PLAIN_IN_PAGES = ";@$!*(),/~:"


def identifiers_of(*addresses: str | None) -> tuple[str, ...]:
    """Return what addresses of a photo's file say of which photo it is."""
    given = [address for address in addresses if address]
    plain = [found for address in given for found in _without_tracking(address)]
    return tuple(dict.fromkeys((*provider_identifiers(*given), *plain)))


def provider_identifiers(*addresses: str | None) -> tuple[str, ...]:
    """Return the providers' identifiers in addresses: pages too, of which one may show many photos."""
    found = (name for address in addresses if address for name in _read(address))
    return tuple(dict.fromkeys(found))


def commons_file(title: str) -> str:
    """Return the identifier of a file of Commons, by its name or title, as MediaWiki writes it."""
    name = _DIRECTIONS.sub("", title.removeprefix(FILE)).replace("_", " ")
    name = " ".join(name.split())
    name = unicodedata.normalize("NFC", name)
    return f"{COMMONS}{FILE}{name[:1].upper()}{name[1:]}"


def read_identifier(text: str) -> str | None:
    """Return the identifier that a person wrote, such as `File:Tower.jpg`; None: it is none."""
    name = text.removeprefix(COMMONS)
    text = commons_file(name) if name.startswith(FILE) else text
    return text if _TYPED.fullmatch(text) else None


def page_id_of(identifiers: tuple[str, ...]) -> str | None:
    """Return the id of the page at Commons among identifiers."""
    ids = (name.removeprefix(COMMONS) for name in identifiers if name.startswith(COMMONS))
    return next((page_id for page_id in ids if page_id.isdecimal()), None)


def former_addresses(identifiers: tuple[str, ...]) -> Iterator[str]:
    """Yield addresses under which a photo was known before there were identifiers.

    Take-downs of then left no more than hashes of addresses: these are compared, never asked for.
    """
    for identifier in identifiers:
        name = identifier.removeprefix(COMMONS)
        if name == identifier:
            continue
        if not name.startswith(FILE):
            yield f"https://commons.wikimedia.org/w/index.php?curid={name}"
            continue
        name = name.removeprefix(FILE).replace(" ", "_")
        digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
        place, raw = f"{digest[0]}/{digest[:2]}", quote(name, safe="")
        yield f"https://commons.wikimedia.org/wiki/{FILE}{quote(name, safe=_PLAIN_IN_PAGES)}"
        yield f"https://upload.wikimedia.org/wikipedia/commons/{place}/{raw}"
        yield f"https://upload.wikimedia.org/wikipedia/commons/thumb/{place}/{raw}/960px-{raw}"


def name_sha256(name: str) -> bytes:
    """Return what the warehouse compares of an address or an identifier."""
    return hashlib.sha256(name.encode()).digest()


def _read(address: str) -> Iterator[str]:
    for pattern, decode in (
        (_COMMONS_FILE, unquote),
        (_COMMONS_PAGE, unquote),
        (_COMMONS_QUERY, unquote_plus),
    ):
        name = _decoded(found[1], decode) if (found := pattern.match(address)) else None
        if name and (identifier := read_identifier(f"{FILE}{name}")):
            yield identifier
    for pattern, prefix in (
        (_COMMONS_ID, COMMONS),
        (_FLICKR_PAGE, FLICKR),
        (_FLICKR_FILE, FLICKR),
        (_OPENVERSE, OPENVERSE),
    ):
        if found := pattern.match(address):
            yield f"{prefix}{found[1]}"
    if found := _FLICKR_SHORT.match(address):
        number = 0
        for digit in found[1]:
            number = number * len(_FLICKR_DIGITS) + _FLICKR_DIGITS.index(digit)
        yield f"{FLICKR}{number}"


def _without_tracking(address: str) -> Iterator[str]:
    plain = _TRACKING.sub("", address).rstrip("?&")
    if plain != address.rstrip("?&"):
        yield plain


def _decoded(name: str, decode: Callable[..., str]) -> str | None:
    """Return a name without percent signs; None: it is no text."""
    try:
        decoded = decode(name, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if "\0" in decoded else decoded
