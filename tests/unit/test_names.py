"""Two spellings of one name are alike, two names that share most of their letters are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.city import normalise_name
from sightscan.names import likeness, plain_name

CITIES = ("berlin", "paris", "munchen", "new york")


def alike(one: str, other: str) -> float:
    return likeness(normalise_name(one), normalise_name(other), CITIES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brandenburger Tor", "Brandenburger Thor"),
        ("Museumsinsel", "Museums-Insel"),
        ("Palace of Westminster", "Westminster Palace"),
        ("Saint Peter's", "St. Peter's Basilica"),
        ("Fernsehturm", "Berliner Fernsehturm"),
        ("Münchner Residenz", "Residenz"),
        ("New York Public Library", "Public Library"),
        ("Nikolaikirche", "Nicolaikirche"),
        ("Храм Василия Блаженного", "Храм Василия Блаженнаго"),
    ],
)
def test_spellings(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Altes Rathaus", "Neues Rathaus"),
        ("North Tower", "South Tower"),
        ("Pier 35", "Pier 39"),
        ("Terminal A", "Terminal B"),
        ("St Mary's Church", "St Mark's Church"),
        ("St Paul's Church", "St Paul's Cathedral"),
        ("Westminster Abbey", "Westminster Bridge"),
        ("Notre-Dame", "Pont Notre-Dame"),
        ("Louvre", "Louvre Pyramid"),
        ("Park Hotel", "Hotel"),
        ("Berlin", "Berliner"),
        ("The Paris", "Paris"),
        ("天安门", "天安门东"),
        ("", "Brandenburger Tor"),
    ],
)
def test_names(one: str, other: str) -> None:
    assert not alike(one, other)
    assert not alike(other, one)


def test_worse_spelling_is_less_alike() -> None:
    assert alike("Nikolaikirche", "Nikolaikirche") > alike("Nikolaikirche", "Nicolaikirche") > 0


@given(st.text())
def test_any_name_is_its_own_spelling(name: str) -> None:
    assert alike(name, name) == 100
    assert plain_name(plain_name(name)) == plain_name(name)


@given(st.text(), st.text())
def test_likeness_of_anything_is_a_share_of_100(one: str, other: str) -> None:
    assert 0 <= alike(one, other) <= 100
