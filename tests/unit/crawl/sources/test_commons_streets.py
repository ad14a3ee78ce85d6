"""Which categories of Commons are asked for a city's streets, and what its answer says of them."""

import pytest

from sightscan.crawl.sources.commons_streets import read_counts, street_categories, take_turns


def test_categories_are_named_by_the_category_of_the_city() -> None:
    assert street_categories("Mons (Hainaut)") == {
        "Streets in Mons (Hainaut)": True,
        "Houses in Mons (Hainaut)": True,
        "Buildings in Mons (Hainaut)": False,
    }


@pytest.mark.parametrize("place", ["", "  ", "Lima|Berlin", "Lima#Streets", "[[Lima]]"])
def test_what_is_no_title_is_not_asked_for(place: str) -> None:
    assert street_categories(place) == {}


def test_counts_are_read_by_name() -> None:
    # As recorded: with `hidden`, empty, without a page, unknown, and not as documented.
    pages = [
        {
            "pageid": 718741,
            "ns": 14,
            "title": "Category:Yemen",
            "categoryinfo": {"size": 19, "pages": 3, "files": 0, "subcats": 16, "hidden": False},
        },
        {
            "pageid": 427119,
            "ns": 14,
            "title": "Category:Flames",
            "categoryinfo": {"size": 0, "pages": 0, "files": 0, "subcats": 0},
        },
        {
            "ns": 14,
            "title": "Category:Red link",
            "missing": True,
            "categoryinfo": {"size": 2, "pages": 0, "files": 2, "subcats": 0},
        },
        {"ns": 14, "title": "Category:Houses in Atlantis", "missing": True},
        {"title": "Category:Odd", "categoryinfo": {"files": "many", "subcats": None}},
        {"title": 7},
        None,
    ]
    assert read_counts(pages, ("files", "subcats")) == {
        "Yemen": 16,
        "Flames": 0,
        "Red link": 2,
        "Houses in Atlantis": 0,
        "Odd": 0,
    }
    assert read_counts(pages, ["files"])["Yemen"] == 0


def test_streets_and_houses_take_turns_and_come_once() -> None:
    walks = (iter(["streets", "first", "second"]), iter(["houses", "first"]), iter([]))
    assert list(take_turns(walks)) == ["streets", "houses", "first", "second"]
