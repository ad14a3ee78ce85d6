"""The drawings of a card, as SVG: plain lines in the colour of the text, for light and dark.

Built as a tree, so that no text in them can become markup. Whatever they show is in a table beside
them; colours and dashes say the same twice.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from sightscan.publish.card.card import ModelCard
from sightscan.publish.shown import CONFIDENCE_BINS

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 30, 36
# Seen on white and on dark grey alike.
FIRST, SECOND = "#3b82f6", "#d97706"
GRIDLINES = 5
# A drawing in a file of its own has no page to take its colours from.
FILE_STYLE = (
    "svg{color:#1b1f26;background:#fff;font-family:system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{color:#e8ebf0;background:#1e232b}}"
)


def draw_card(card: ModelCard) -> dict[str, ET.Element]:
    """Return the drawings by the name of their section; none of what was not recorded."""
    drawings = {}
    if len(card.facts.epoch_metrics) > 1:
        drawings["training"] = _draw_training(card)
    if any(one.count for one in card.bins):
        drawings["reliability"] = _draw_reliability(card)
    return drawings


def draw_files(card: ModelCard) -> dict[str, bytes]:
    """Return the drawings as files, by name."""
    files = {}
    for name, drawing in draw_card(card).items():
        drawing.set("xmlns", "http://www.w3.org/2000/svg")
        style = ET.Element("style")
        style.text = FILE_STYLE
        drawing.insert(0, style)
        files[f"{name}.svg"] = ET.tostring(drawing)
    return files


def _draw_training(card: ModelCard) -> ET.Element:
    epochs = card.facts.epoch_metrics
    svg = _frame("mAP on the validation photos after each epoch", "epoch", "mAP")
    last = len(epochs) - 1
    _label_across(svg, [(0.0, str(epochs[0].get("epoch"))), (1.0, str(epochs[last].get("epoch")))])
    for key, name, colour, dash, place in (
        ("val_map50", "mAP50", SECOND, "6 4", 0),
        ("val_map50_95", "mAP50-95", FIRST, "", 1),
    ):
        points = [(number / last, one.get(key) or 0.0) for number, one in enumerate(epochs)]
        _add_line(svg, points, colour, dash)
        _add_key(svg, name, colour, dash, place)
    return svg


def _draw_reliability(card: ModelCard) -> ET.Element:
    svg = _frame("How often names are right, by their confidence", "confidence", "right")
    _label_across(svg, [(number / GRIDLINES, f"{number / GRIDLINES:.1f}") for number in range(6)])
    for one in card.bins:
        if one.count:
            left, width = _across(one.least), (WIDTH - LEFT - RIGHT) / CONFIDENCE_BINS
            bar = {
                "x": _text(left + 1),
                "y": _text(_down(one.right_share)),
                "width": _text(width - 2),
                "height": _text(_down(0) - _down(one.right_share)),
                "fill": FIRST,
                "fill-opacity": "0.75",
            }
            tip = ET.SubElement(ET.SubElement(svg, "rect", bar), "title")
            tip.text = (
                f"{one.count} names, mean confidence {one.mean_confidence:.2f}, "
                f"{one.right_share:.0%} right"
            )
    _add_line(svg, [(0.0, 0.0), (1.0, 1.0)], "currentColor", "2 4")
    _add_key(svg, "as sure as right", "currentColor", "2 4", 0)
    return svg


def _frame(title: str, across: str, up: str) -> ET.Element:
    """Return a drawing of shares, 0 to 1 upwards, with its title and axes."""
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "class": "drawing"})
    ET.SubElement(svg, "title").text = title
    for number in range(GRIDLINES + 1):
        share = number / GRIDLINES
        height = _text(_down(share))
        line = {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": height, "y2": height}
        ET.SubElement(svg, "line", {**line, "stroke": "currentColor", "stroke-opacity": "0.2"})
        _write(svg, LEFT - 6, _down(share) + 4, f"{share:.1f}", "end")
    _write(svg, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, across, "middle")
    _write(svg, 4, TOP - 14, up, "start")
    return svg


def _label_across(svg: ET.Element, labels: Sequence[tuple[float, str]]) -> None:
    for share, label in labels:
        _write(svg, _across(share), HEIGHT - BOTTOM + 16, label, "middle")


def _add_line(
    svg: ET.Element, points: Sequence[tuple[float, float]], colour: str, dash: str
) -> None:
    places = " ".join(f"{_text(_across(x))},{_text(_down(y))}" for x, y in points)
    line = {"points": places, "fill": "none", "stroke": colour, "stroke-width": "2"}
    ET.SubElement(svg, "polyline", line | ({"stroke-dasharray": dash} if dash else {}))


def _add_key(svg: ET.Element, name: str, colour: str, dash: str, place: int) -> None:
    """Say what a line is, beside the others above the drawing."""
    left, height = LEFT + 80 + 130 * place, str(TOP - 18)
    line = {"x1": str(left), "x2": str(left + 26), "y1": height, "y2": height, "stroke": colour}
    ET.SubElement(
        svg, "line", {**line, "stroke-width": "2"} | ({"stroke-dasharray": dash} if dash else {})
    )
    _write(svg, left + 32, TOP - 14, name, "start")


def _write(svg: ET.Element, x: float, y: float, words: str, anchor: str) -> None:
    place: dict[str, Any] = {"x": _text(x), "y": _text(y), "text-anchor": anchor}
    ET.SubElement(svg, "text", {**place, "font-size": "12", "fill": "currentColor"}).text = words


def _across(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _down(share: float) -> float:
    return TOP + (1 - min(max(share, 0.0), 1.0)) * (HEIGHT - TOP - BOTTOM)


def _text(value: float) -> str:
    return f"{value:.1f}"
