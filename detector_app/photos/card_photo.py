"""The photo of a sight's card: small, without its metadata, kept on disk once it was made."""

import logging
from pathlib import Path

from PIL import Image

from detector_app.atomic_file import write_atomically
from detector_app.photos.photo import read_photo, write_jpeg
from detector_app.sight_cards import CardSource

logger = logging.getLogger(__name__)

# Wide enough for a phone held upright; some 60 KB.
MAX_CARD_PHOTO_SIDE_PIXELS = 640
_FOLDER = "card_photos"


def obtain_card_photo(
    source: CardSource, city_slug: str, sha256: str, cache_folder: Path
) -> bytes | None:
    """Return a card's photo, small and without its metadata, from disk if it is there; None: it is gone.

    For a hash that one of the cards has. Raises `WarehouseAway`, `PhotoRefused` or `ServerBusy`.
    """
    path = cache_folder / _FOLDER / f"{sha256}.jpg"
    try:
        return path.read_bytes()
    except OSError:
        pass
    content = source.read_card_photo(city_slug, sha256)
    if content is None:
        return None
    photo = read_photo(content, "The photo")
    photo.thumbnail(
        (MAX_CARD_PHOTO_SIDE_PIXELS, MAX_CARD_PHOTO_SIDE_PIXELS), Image.Resampling.LANCZOS
    )
    small = write_jpeg(photo)
    try:
        write_atomically(path, small)
    except OSError as error:
        # It is made anew for the next visitor.
        logger.warning("cards: the photo %s was not kept: %s", path, error)
    return small


def has_card_photos(cache_folder: Path) -> bool:
    """Tell whether anything is kept."""
    return any(_kept(cache_folder))


def drop_card_photos(cache_folder: Path, shown: frozenset[str]) -> int:
    """Delete the files of photos that are not `shown`, half-written ones too; return how many."""
    count = 0
    for path in _kept(cache_folder):
        # A draft is called as the file that it becomes, between dots.
        if path.name.lstrip(".").partition(".")[0] in shown:
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.error("cards: the photo %s was not deleted, delete it: %s", path, error)  # noqa: TRY400 - a sentence
        else:
            count += 1
    return count


def _kept(cache_folder: Path) -> list[Path]:
    try:
        return list((cache_folder / _FOLDER).iterdir())
    except FileNotFoundError:
        return []
