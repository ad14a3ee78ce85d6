"""A model's card as HTML. Built as a tree: no name, author or reason in it can become markup."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from sightscan.box import Box
from sightscan.city import City
from sightscan.pages.navigation import navigation
from sightscan.plain_text import one_line, web_address
from sightscan.publish.card.card import ModelCard
from sightscan.publish.card.drawings import draw_card
from sightscan.publish.card.evidence import MatchedPhoto
from sightscan.publish.card.markdown import say_cell
from sightscan.publish.card.parts import Section, Table, moment
from sightscan.publish.card.words import say_shown, say_there, sections_of, title_of
from sightscan.warehouse.models.cards import ListedModel

PHOTO_SIDE_PIXELS = 480
# Steps of grey in the table of what is taken for what; the style sheet has a class for each.
SHADES = 5


def write_page(
    cities: Sequence[City],
    city: City | None,
    models: Sequence[ListedModel],
    card: ModelCard | None,
    trouble: str | None = None,
) -> str:
    """Return the page: cities and versions to choose from, and the card of one; or what is the trouble."""
    page = ET.Element("html", {"lang": "en"})
    head = ET.SubElement(page, "head")
    ET.SubElement(head, "meta", {"charset": "utf-8"})
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    ET.SubElement(head, "meta", viewport)
    _add(head, "title", f"{title_of(card) if card else 'Models'} · SightScan")
    for sheet in ("pages.css", "card.css"):
        ET.SubElement(head, "link", {"rel": "stylesheet", "href": f"../static/{sheet}"})
    body = ET.SubElement(page, "body", {"class": "models"})
    body.append(navigation("models"))
    _add_header(body, cities, city)
    if trouble is not None:
        _add(body, "p", trouble, id="trouble", role="alert")
    main = ET.SubElement(body, "main")
    if card is not None:
        _add_versions(main, city, models, card)
        _add_card(main, card)
    elif trouble is None:
        said = "No model yet: the first comes of the first training." if city else "Choose a city."
        _add(main, "p", said)
    return f"<!doctype html>\n{ET.tostring(page, encoding='unicode', method='html')}"


def _add_header(body: ET.Element, cities: Sequence[City], city: City | None) -> None:
    header = ET.SubElement(body, "header")
    _add(header, "h1", "Models")
    nav = ET.SubElement(header, "nav", {"aria-label": "Cities"})
    for one in cities:
        current = {"aria-current": "page"} if city and one.city_id == city.city_id else {}
        _add(nav, "a", one.name, href=f"?{urlencode({'city': one.slug})}", **current)


def _add_versions(
    main: ET.Element, city: City | None, models: Sequence[ListedModel], card: ModelCard
) -> None:
    if city is None or len(models) < 2:  # noqa: PLR2004 - one is no choice
        return
    nav = ET.SubElement(main, "nav", {"aria-label": "Versions"})
    for one in models:
        state = "in place" if one.is_in_place else one.state
        shown = one.model_version == card.facts.model_version
        query = urlencode({"city": city.slug, "version": one.model_version})
        _add(
            nav,
            "a",
            f"{one.model_version}: {state}, {moment(one.recorded_at)}",
            href=f"?{query}",
            **({"aria-current": "page"} if shown else {}),
        )


def _add_card(main: ET.Element, card: ModelCard) -> None:
    _add(main, "h2", title_of(card))
    drawings = draw_card(card)
    ranked = {"best": card.best, "worst": card.worst}
    for section in sections_of(card):
        part = ET.SubElement(main, "section", {"id": section.name})
        _add(part, "h3", section.title)
        for sentence in section.sentences:
            _add(part, "p", sentence)
        if section.name in drawings:
            part.append(drawings[section.name])
        if ranked.get(section.name):
            _add_photos(part, ranked[section.name], card)
        elif section.table is not None:
            _add_table(part, section, section.table)


def _add_table(part: ET.Element, section: Section, table: Table) -> None:
    is_matrix = section.name == "confusion"
    # What scrolls is reached by the keyboard, too.
    frame = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": section.title}
    element = ET.SubElement(ET.SubElement(part, "div", frame), "table")
    top = ET.SubElement(ET.SubElement(element, "thead"), "tr")
    kinds = ["number" if is_numeric else "words" for is_numeric in table.is_numeric]
    for column, kind in zip(table.columns, kinds, strict=True):
        _add(top, "th", column, **{"scope": "col", "class": kind})
    rows = ET.SubElement(element, "tbody")
    for row in table.rows:
        line = ET.SubElement(rows, "tr")
        _add(line, "th", say_cell(row[0]), scope="row")
        total = sum(cell for cell in row[1:] if isinstance(cell, int)) if is_matrix else 0
        for cell, kind in zip(row[1:], kinds[1:], strict=True):
            shade = f" shade-{-(-SHADES * int(cell or 0) // total)}" if total else ""
            _add(line, "td", say_cell(cell), **{"class": kind + shade})


def _add_photos(part: ET.Element, photos: Sequence[MatchedPhoto], card: ModelCard) -> None:
    _add(part, "p", "Dashed: what is there. Whole: what is shown; thick and red where it is wrong.")
    cards = ET.SubElement(part, "ul", {"class": "photos"})
    for photo in photos:
        figure = ET.SubElement(ET.SubElement(cards, "li"), "figure")
        frame = ET.SubElement(figure, "div", {"class": "frame"})
        sha256 = photo.row.sha256.hex()
        there = say_there(photo, card.facts.class_names)
        source = f"../photos/{sha256}.jpeg?side={PHOTO_SIDE_PIXELS}"
        image = {"src": source, "alt": f"Test photo of {there}", "loading": "lazy"}
        ET.SubElement(frame, "img", image)
        boxes = {"viewBox": "0 0 1 1", "preserveAspectRatio": "none", "aria-hidden": "true"}
        svg = ET.SubElement(frame, "svg", boxes)
        for _, box in photo.truths:
            _add_box(svg, box, "there")
        for one in photo.shown:
            _add_box(svg, one.box, "right" if one.is_right else "wrong")
        caption = ET.SubElement(figure, "figcaption")
        _add(caption, "strong", f"Mark {photo.mark:.2f}")
        _add(caption, "span", f"There: {there}")
        _add(caption, "span", f"Shown: {say_shown(photo, card.facts.class_names)}")
        _add_credit(caption, photo)


def _add_box(svg: ET.Element, box: Box, kind: str) -> None:
    place = {
        "x": f"{box.x1:.4f}",
        "y": f"{box.y1:.4f}",
        "width": f"{box.x2 - box.x1:.4f}",
        "height": f"{box.y2 - box.y1:.4f}",
    }
    for layer in ("under", kind):
        ET.SubElement(svg, "rect", {**place, "class": layer})


def _add_credit(caption: ET.Element, photo: MatchedPhoto) -> None:
    credit = f"{photo.row.author or 'author unknown'}, {photo.row.licence or 'licence unknown'}"
    address = web_address(photo.row.page_url)
    if address is None:
        _add(caption, "small", credit)
    else:
        outside = {"target": "_blank", "rel": "noopener noreferrer"}
        _add(ET.SubElement(caption, "small"), "a", credit, href=address, **outside)


def _add(parent: ET.Element, tag: str, text: str, **attributes: Any) -> None:
    """Add an element with a text, of which all that can be seen is seen."""
    ET.SubElement(parent, tag, attributes).text = one_line(text)
