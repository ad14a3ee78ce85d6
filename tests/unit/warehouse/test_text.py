"""Text of others is made such that PostgreSQL stores it, and is else left as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.warehouse.text import clean_text, is_clean


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\0b\0", "ab"),
        ("\0", ""),
        ("a\ud800b", "a\ufffdb"),
        ("\udcffa", "\ufffda"),
        # Two halves of one character.
        ("\ud83d\ude00", "\U0001f600"),
        ("São 天 \U0001f600\n", "São 天 \U0001f600\n"),
    ],
)
def test_text_is_fit_for_the_warehouse(text: str, stored: str) -> None:
    assert clean_text(text) == stored


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_clean_once_it_was_cleaned(text: str) -> None:
    cleaned = clean_text(text)
    assert is_clean(cleaned)
    assert cleaned.encode().decode() == cleaned
    assert clean_text(cleaned) == cleaned
