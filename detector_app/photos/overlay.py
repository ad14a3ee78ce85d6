"""Draw what was found onto a picture: a box, a dot on the sight, its name.

The picture keeps its size and shape. Everything is drawn in proportion to it, with a dark rim,
so that it is readable on sky, stone and night alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from PIL import Image, ImageColor, ImageDraw

from detector_app.models.detection import Detection
from detector_app.photos.fonts import Font, can_write, split_by_font

# Apart from one another also for most colour-blind eyes, and each bright enough for dark text.
PALETTE: Final = (
    "#ffb000",
    "#3fd0c9",
    "#ff7eb6",
    "#8fb4ff",
    "#a6e22e",
    "#ff8f5c",
    "#d0a6ff",
    "#f4e04d",
    "#5fe08a",
    "#ff6b6b",
)
_RIM: Final = "#10131a"
_TEXT: Final = "#10131a"
_MIN_FONT_PIXELS: Final = 13
_MAX_FONT_PIXELS: Final = 72
# The font's height as a share of the shorter side: readable on a phone, not in the way.
_FONT_SHARE: Final = 1 / 24
_ELLIPSIS: Final = "…"


@dataclass(frozen=True)
class _Chip:
    """A name plate: its runs of text, and its place in pixels."""

    runs: tuple[tuple[str, Font], ...]
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def covers(self, other: Self) -> bool:
        """Tell whether the two plates share a pixel."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def choose_colours(class_names: Sequence[str]) -> dict[str, str]:
    """Give each sight of a model its colour, the same in every picture and on the page."""
    return {name: PALETTE[index % len(PALETTE)] for index, name in enumerate(class_names)}


def draw_detections(
    picture: Image.Image,
    detections: Sequence[Detection],
    colours: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> Image.Image:
    """Return a copy of the RGB picture, of the same size, with the detections drawn on it.

    `names` has what is written of a sight, by its class name; without, it is that one.
    """
    drawn = picture.copy()
    draw = ImageDraw.Draw(drawn)
    font_pixels = _font_pixels_for(picture)
    line = max(2, font_pixels // 7)
    # The surest last, so that it lies on top.
    for detection in reversed(detections):
        _draw_box(draw, detection, colours.get(detection.name, PALETTE[0]), line)
    plates: list[_Chip] = []
    for rank, detection in enumerate(detections, start=1):
        text = write_name(rank, (names or {}).get(detection.name, detection.name))
        plate = _place_chip(text, detection, font_pixels, line, size=picture.size, taken=plates)
        plates.append(plate)
        _draw_chip(draw, plate, colours.get(detection.name, PALETTE[0]), line)
    return drawn


def write_name(rank: int, name: str) -> str:
    """Return the name, or its number in the list on the page if no font here can write it."""
    line = " ".join(name.split())
    return line if line and can_write(line) else f"No. {rank}"


def _font_pixels_for(picture: Image.Image) -> int:
    wanted = round(min(picture.size) * _FONT_SHARE)
    return min(max(wanted, _MIN_FONT_PIXELS), _MAX_FONT_PIXELS)


def _draw_box(draw: ImageDraw.ImageDraw, detection: Detection, colour: str, line: int) -> None:
    corners = (detection.x1, detection.y1, detection.x2, detection.y2)
    radius = line * 2
    draw.rounded_rectangle(corners, radius, outline=_RIM, width=line + 2)
    inner = (corners[0] + 1, corners[1] + 1, corners[2] - 1, corners[3] - 1)
    # A box of a pixel or two has no inside to draw.
    if inner[2] > inner[0] and inner[3] > inner[1]:
        draw.rounded_rectangle(inner, radius, outline=colour, width=line)
    x, y = (corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2
    dot = line * 2.2
    draw.ellipse((x - dot - 2, y - dot - 2, x + dot + 2, y + dot + 2), fill=_RIM)
    draw.ellipse((x - dot, y - dot, x + dot, y + dot), fill=ImageColor.getrgb("white"))
    core = dot * 0.6
    draw.ellipse((x - core, y - core, x + core, y + core), fill=colour)


def _place_chip(
    text: str,
    detection: Detection,
    font_pixels: int,
    line: int,
    *,
    size: tuple[int, int],
    taken: Sequence[_Chip],
) -> _Chip:
    """Put the plate on top of its box, inside the picture, below plates that are in the way."""
    width, height = size
    pad = font_pixels * 0.4
    runs = _fit_runs(text, font_pixels, width - 2 * pad)
    chip_width = sum(font.getlength(run) for run, font in runs) + 2 * pad
    chip_height = font_pixels * 1.45
    left = min(max(detection.x1, 0), max(width - chip_width, 0))
    above = detection.y1 - chip_height
    top = above if above >= 0 else max(detection.y1 + line, 0)
    chip = _Chip(runs, left, min(top, max(height - chip_height, 0)), chip_width, chip_height)
    for other in sorted(taken, key=lambda plate: plate.top):
        if chip.covers(other) and other.bottom + chip_height <= height:
            chip = _Chip(runs, left, other.bottom + 1, chip_width, chip_height)
    return chip


def _fit_runs(text: str, font_pixels: int, max_width: float) -> tuple[tuple[str, Font], ...]:
    """Shorten the text from its end until it fits; smaller letters would not be readable."""
    runs = split_by_font(text, font_pixels)
    shown = text
    while len(shown) > 1 and sum(font.getlength(run) for run, font in runs) > max_width:
        shown = shown[:-1].rstrip()
        runs = split_by_font(shown + _ELLIPSIS, font_pixels)
    return tuple(runs)


def _draw_chip(draw: ImageDraw.ImageDraw, chip: _Chip, colour: str, line: int) -> None:
    place = (chip.left, chip.top, chip.right, chip.bottom)
    draw.rounded_rectangle(place, line * 2, fill=colour, outline=_RIM, width=1)
    text_width = sum(font.getlength(run) for run, font in chip.runs)
    x = chip.left + (chip.width - text_width) / 2
    y = (chip.top + chip.bottom) / 2
    for run, font in chip.runs:
        draw.text((x, y), run, font=font, fill=_TEXT, anchor="lm")
        x += font.getlength(run)
