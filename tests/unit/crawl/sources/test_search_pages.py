"""Pages of results are read in time that is linear in their length, whatever is on them."""

import pytest

from sightscan.crawl.sources.search_page import count_pictures
from sightscan.plain_text import ShownText, feed_html, shown_text


@pytest.mark.parametrize(
    ("page", "count"),
    [
        (b'"https://a.example/1.jpg" "https://a.example/1.jpg" "http://a.example/2.PNG"', 2),
        (rb'"https:\/\/a.example\/1.webp","https:\/\/a.example\/1.webp"', 1),
        (b"&quot;https://a.example/1.jpeg&quot;,&quot;https://b.example/2.jpg&quot;", 2),
        (b"https://a.example/1.gif https://a.example/ 1.jpg", 0),
        (b"1.jpg https://a.example/1.jpgs", 0),
    ],
)
def test_pictures_are_counted_once_each(page: bytes, count: int) -> None:
    assert count_pictures(page) == count


@pytest.mark.parametrize("piece", [b"http:", b"https://a", b".jpg", b"<title", b"<", b"\\/", b'"'])
@pytest.mark.timeout(60)
def test_long_page_of_one_piece_is_counted(piece: bytes) -> None:
    assert count_pictures(piece * (2_000_000 // len(piece))) == 0


@pytest.mark.parametrize(
    "piece", [b"<b></i>", b"<title", b"<div>", b"<p><b>", b"<a ", b"<!--", b"&"]
)
@pytest.mark.timeout(60)
def test_long_page_of_one_piece_is_shown(piece: bytes) -> None:
    assert len(shown_text(piece * (2_000_000 // len(piece)))) <= 2_000_004


def test_what_is_nested_too_deep_ends_the_reading_there() -> None:
    assert shown_text(b"Bea" + b"<b>x" * 5_000).strip().startswith("Beaxxx")
    with pytest.raises(ValueError, match="more than 1000 elements are open"):
        feed_html(b"<b>" * 5_000, ShownText())
