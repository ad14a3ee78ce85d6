"""Fonts that can write the names of sights: accents, Greek and Cyrillic always, others if there.

Streamlit ships Source Sans, which Pillow can open; so the names look as on the page, and no font
has to be installed. For other scripts the fonts of the machine are used where they exist.
"""

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import streamlit
from PIL import ImageFont

# By what they cover: Chinese, Japanese and Korean; Arabic and Hebrew; nearly everything.
_SYSTEM_FONT_PATTERNS: Final = (
    "NotoSansCJK*-Bold.ttc",
    "NotoSansCJK*.ttc",
    "wqy-*.ttc",
    "PingFang.ttc",
    "msgothic.ttc",
    "DejaVuSans-Bold.ttf",
    "NotoSans*-Bold.ttf",
    "Arial Unicode.ttf",
)
_SYSTEM_FONT_FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
# A code point that no font has: whatever is drawn for it is drawn for every missing one.
_NOBODYS_CHARACTER: Final = "\U0010ffff"
_PROBE_SIZE: Final = 16

Font = ImageFont.FreeTypeFont


def can_write(text: str) -> bool:
    """Tell whether every character of the text can be drawn."""
    return all(_font_path_of(character) is not None for character in text)


def split_by_font(text: str, size: int) -> list[tuple[str, Font]]:
    """Cut the text into runs, each with a font of that size (pixels) that covers it.

    Characters that no font has stay in the run before them, drawn as boxes.
    """
    main = _main_font_path()
    runs: list[tuple[str, Path]] = []
    for character in text:
        path = _font_path_of(character) or main
        # Marks and spaces belong to the letters before them, whatever font these have.
        joins = unicodedata.combining(character) != 0 or character.isspace()
        if runs and (joins or path == runs[-1][1]):
            runs[-1] = (runs[-1][0] + character, runs[-1][1])
        else:
            runs.append((character, path))
    return [(run, _open_font(path, size)) for run, path in runs]


@lru_cache(maxsize=4096)
def _font_path_of(character: str) -> Path | None:
    main = _main_font_path()
    if character.isspace() or _covers(main, character):
        return main
    return next((path for path in _system_font_paths() if _covers(path, character)), None)


@lru_cache(maxsize=1)
def _main_font_path() -> Path:
    media = Path(streamlit.__file__).parent / "static" / "static" / "media"
    # The file name carries a hash of Streamlit's build.
    return next(iter(sorted(media.glob("SourceSansVF-Upright*.woff2"))))


@lru_cache(maxsize=1)
def _system_font_paths() -> tuple[Path, ...]:
    return tuple(_find_system_fonts())


def _find_system_fonts() -> Iterator[Path]:
    # Of a user without a home, `~` stays as it is, and is no folder.
    folders = [Path(os.path.expanduser(folder)) for folder in _SYSTEM_FONT_FOLDERS]  # noqa: PTH111 - raises nothing
    present = [folder for folder in folders if os.path.isdir(folder)]  # noqa: PTH112 - raises nothing
    for pattern in _SYSTEM_FONT_PATTERNS:
        for folder in present:
            yield from sorted(folder.rglob(pattern))


@lru_cache(maxsize=64)
def _open_font(path: Path, size: int) -> Font:
    font = ImageFont.truetype(str(path), size)
    if path == _main_font_path():
        font.set_variation_by_name("Semibold")
    return font


def _covers(path: Path, character: str) -> bool:
    font = _open_font(path, _PROBE_SIZE)
    missing = font.getmask(_NOBODYS_CHARACTER)
    drawn = font.getmask(character)
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)
