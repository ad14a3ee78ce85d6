"""Two spellings of one name are alike, two names that share most of their letters are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.names import is_same_name, name_similarity, normalise_name, plain_name

CITIES = ("berlin", "paris", "munchen", "new york")


def alike(one: str, other: str) -> float:
    return name_similarity(normalise_name(one), normalise_name(other), CITIES)


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ("São Paulo", "sao paulo"),
        ("Ødegård & Söhne", "ødegard sohne"),
        ("Ακρόπολη", "ακροπολη"),
        ("Новый Ёжик", "новыи ежик"),
        ("Notre\u2011Dame", "notre dame"),
        # Points that Arabic and Hebrew are mostly written without.
        ("مَسْجِد", "مسجد"),
        ("בַּיִת", "בית"),
        # Vowels, and signs that make another letter.
        ("ตึกแดง", "ตึกแดง"),
        ("केला मंदिर", "केला मंदिर"),
        ("ガ", "カ\u3099"),
        # The same heart, drawn in colours.
        ("Heart \u2764\ufe0f", "heart"),
    ],
)
def test_accents_go_and_vowels_stay(name: str, normalised: str) -> None:
    assert normalise_name(name) == normalised


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
        # Another letter in a word of six makes another word; so does an ending of three letters.
        ("Marien Tower", "Marian Tower"),
        ("Berlinale Palast", "Palast"),
        ("Berlin", "Berliner"),
        ("The Paris", "Paris"),
        ("天安门", "天安门东"),
        ("ตึกแดง", "ตักแดง"),
        ("พิพิธภัณฑ์ใหม่", "พิพิธภัณฑ์ใหม้"),
        ("केला मंदिर", "कुला मंदिर"),
        ("ガス灯", "カス灯"),
        ("Pier 2a", "Pier 2b"),
        ("Hall2000001", "Hall2000002"),
        ("", "Brandenburger Tor"),
    ],
)
def test_names(one: str, other: str) -> None:
    assert not alike(one, other)
    assert not alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brandenburg Gate", "Brandenburger Tor"),
        ("Eiffel Tower", "Tour Eiffel"),
        ("Karlsbrücke", "Karls-Brücke"),
        ("Chiesa di San Lorenzo", "San Lorenzo Church"),
        ("Tower Bridge", "Tower Bridge"),
        ("ตึกแดง", "ตึกแดง"),
    ],
)
def test_translations(one: str, other: str) -> None:
    left, right = normalise_name(one), normalise_name(other)
    assert is_same_name(left, right)
    assert is_same_name(right, left)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cathedral", "Cathedral"),
        ("Cathedral", "Dom"),
        ("Tower Bridge", "Bridge Tower"),
        ("San Lorenzo", "Chiesa di San Lorenzo"),
        ("Burgplatz", "Schlossplatz"),
        ("Petronas Tower", "Petronas Towers"),
        ("Marienkirche", "Martinskirche"),
        ("ตึกแดง", "ตักแดง"),
        ("केला मंदिर", "कुला मंदिर"),
        ("", "Brandenburger Tor"),
        ("", ""),
    ],
)
def test_what_says_something_else_or_nothing(one: str, other: str) -> None:
    left, right = normalise_name(one), normalise_name(other)
    assert not is_same_name(left, right)
    assert not is_same_name(right, left)


def test_worse_spelling_is_less_alike() -> None:
    assert alike("Nikolaikirche", "Nikolaikirche") > alike("Nikolaikirche", "Nicolaikirche") > 0


@given(st.text())
def test_any_name_is_its_own_spelling(name: str) -> None:
    assert alike(name, name) == 100
    assert plain_name(plain_name(name)) == plain_name(name)


@given(st.text(), st.text())
def test_similarity_of_anything_is_a_share_of_100(one: str, other: str) -> None:
    assert 0 <= alike(one, other) <= 100
