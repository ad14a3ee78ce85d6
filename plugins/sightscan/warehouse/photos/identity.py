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
from collections.abc import Iterator
from urllib.parse import quote, unquote

COMMONS, FLICKR, OPENVERSE = "commons:", "flickr:", "openverse:"
FILE = "File:"

# The name is a folder of its own in the address of a thumbnail, however that one is called.
_COMMONS_FILE = re.compile(
    r"https?://[^/?#]+/wikipedia/commons/(?:thumb/)?[0-9a-f]/[0-9a-f]{2}/([^/?#]+)"
)
_COMMONS_PAGE = re.compile(
    r"https?://commons\.(?:m\.)?wikimedia\.org/"
    r"(?:wiki/(?:[^?#]*#/media/)?|w/index\.php\?(?:[^#]*&)?title=)(?:File|Image):([^?#&]+)"
)
_COMMONS_ID = re.compile(
    r"https?://commons\.(?:m\.)?wikimedia\.org/"
    r"(?:(?:w/index\.php|wiki/)?\?(?:[^#]*&)?curid=|entity/M)([1-9][0-9]{0,14})(?![0-9])"
)
_FLICKR_PAGE = re.compile(
    r"https?://(?:www\.|m\.)?flickr\.com/photos/[^/?#]+/([1-9][0-9]{0,14})(?![0-9])"
)
_FLICKR_FILE = re.compile(
    r"https?://[a-z0-9]+\.(?:staticflickr\.com|static\.flickr\.com)"
    r"/(?:[0-9]+/)+([1-9][0-9]{0,14})_[0-9a-f]+"
)
_OPENVERSE = re.compile(
    r"https?://(?:api\.)?openverse\.org/(?:[a-z-]+/)?(?:image|v1/images)/"
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])"
)
_TYPED = re.compile(
    r"commons:(?:[1-9][0-9]{0,14}|File:.*\S.*)|flickr:[1-9][0-9]{0,14}"
    r"|openverse:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_TRACKING = re.compile(r"(?<=[?&])utm_[^&#]*&?")
# What MediaWiki leaves as it is in the addresses of pages; in those of files it is nothing.
_PLAIN_IN_PAGES = ";@$!*(),/~:"


def identifiers_of(*addresses: str | None) -> tuple[str, ...]:
    """Return the identifiers that addresses of a photo, and of its own page, name."""
    found = (name for address in addresses if address for name in _read(address))
    return tuple(dict.fromkeys(found))


def commons_file(title: str) -> str:
    """Return the identifier of a file of Commons, by its name or title, as MediaWiki writes it."""
    name = " ".join(title.removeprefix(FILE).replace("_", " ").split())
    name = unicodedata.normalize("NFC", name)
    return f"{COMMONS}{FILE}{name[:1].upper()}{name[1:]}"


def commons_page(page_id: object) -> str:
    """Return the identifier of a file of Commons, by the id of its page."""
    return f"{COMMONS}{page_id}"


def flickr_photo(photo_id: object) -> str:
    """Return the identifier of a photo of Flickr."""
    return f"{FLICKR}{photo_id}"


def openverse_image(image_id: object) -> str:
    """Return the identifier of an image of Openverse."""
    return f"{OPENVERSE}{image_id}"


def read_identifier(text: str) -> str | None:
    """Return the identifier that a person wrote, such as `File:Tower.jpg`; None: it is none."""
    text = f"{COMMONS}{text}" if text.startswith(FILE) else text
    if not _TYPED.fullmatch(text):
        return None
    name = text.removeprefix(COMMONS)
    return commons_file(name) if name.startswith(FILE) else text


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
    for pattern in (_COMMONS_FILE, _COMMONS_PAGE):
        if (found := pattern.match(address)) and (name := _decoded(found[1])):
            yield commons_file(name)
    for pattern, identifier in (
        (_COMMONS_ID, commons_page),
        (_FLICKR_PAGE, flickr_photo),
        (_FLICKR_FILE, flickr_photo),
        (_OPENVERSE, openverse_image),
    ):
        if found := pattern.match(address):
            yield identifier(found[1])
    plain = _TRACKING.sub("", address).rstrip("?&")
    if plain != address.rstrip("?&"):
        yield plain


def _decoded(name: str) -> str | None:
    """Return a name without percent signs; None: it is no text."""
    try:
        decoded = unquote(name, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if "\0" in decoded else decoded
