"""A training's curve as a picture: an SVG of ours, since drawing libraries in browsers want `eval`."""

from collections.abc import Sequence
from typing import Final

from detector_app.texts import say, write_number

_CURVE_WIDTH: Final = 720
_CURVE_HEIGHT: Final = 220
_CURVE_LEFT: Final = 44
_CURVE_TOP: Final = 12
_CURVE_BOTTOM: Final = 30
# Told from light and from dark grounds alike.
_AXES_COLOUR: Final = "#808890"
_CURVE_COLOUR: Final = "#0d9488"


def draw_curve(values: Sequence[float]) -> str:
    """Return the curve of values from 0 to 1, one an epoch, with its axes."""
    plot_width, plot_height = (
        _CURVE_WIDTH - _CURVE_LEFT - 12,
        _CURVE_HEIGHT - _CURVE_TOP - _CURVE_BOTTOM,
    )
    last = max(len(values) - 1, 1)
    points = [
        (
            _CURVE_LEFT + plot_width * number / last,
            _CURVE_TOP + plot_height * (1 - min(max(value, 0.0), 1.0)),
        )
        for number, value in enumerate(values)
    ]
    lines = "".join(
        f'<line x1="{_CURVE_LEFT}" x2="{_CURVE_WIDTH - 12}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_AXES_COLOUR}" '
        f'stroke-opacity="0.35"/><text x="{_CURVE_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:g}</text>'
        for share in (0, 0.5, 1)
        for y in [_CURVE_TOP + plot_height * (1 - share)]
    )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    end = (
        f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="4" fill="{_CURVE_COLOUR}"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_CURVE_WIDTH} {_CURVE_HEIGHT}" width="{_CURVE_WIDTH}" '
        f'height="{_CURVE_HEIGHT}" font-family="sans-serif" font-size="13" fill="{_AXES_COLOUR}">{lines}'
        f'<text x="{_CURVE_LEFT}" y="{_CURVE_HEIGHT - 8}">1</text>'
        f'<text x="{_CURVE_WIDTH - 12}" y="{_CURVE_HEIGHT - 8}" text-anchor="end">{len(values)}</text>'
        f'<polyline points="{path}" fill="none" stroke="{_CURVE_COLOUR}" stroke-width="3" '
        f'stroke-linejoin="round"/>{end}</svg>'
    )


def describe_curve(language: str, values: Sequence[float]) -> str:
    """Say what the curve shows, for who hears it."""
    return say(
        language,
        "curve.alt",
        rounds=len(values),
        first=write_number(language, values[0], 2),
        last=write_number(language, values[-1], 2),
        best=write_number(language, max(values), 2),
    )
