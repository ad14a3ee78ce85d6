"""Whatever strangers write is plain text on one line, soon, and says what they meant to be seen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.plain_text import one_line, plain_text, web_address

TEXTS = {
    # HTML, as Commons sends its authors.
    "Bea": "Bea",
    "<p>Bea <b>and</b>\n Jo</p>": "Bea and Jo",
    '<a href="//commons.wikimedia.org/wiki/User:B" title="User:B">Bea &amp; Jo</a>': "Bea & Jo",
    "<style>.a{color:red}</style>Bea": "Bea",
    "<script>alert(1)</script>Bea": "Bea",
    '<span style="display: none;">Unknown</span>Bea': "Bea",
    '<div style="DISPLAY : none">a<p>b</p><br>c</div>Bea': "Bea",
    '<bdi>Unknown author<span style="display: none;">Unknown author</span></bdi>': "Unknown author",
    '<br style="display:none" />Bea': "Bea",
    "Bea<br/>Jo": "Bea Jo",
    "Mc<b>Donald</b>": "McDonald",
    "<!-- a note -->Bea": "Bea",
    "&lt;Bea&gt; &#38; Jo&nbsp;&eacute;": "<Bea> & Jo é",
    'Bea <a href="x': "Bea",
    "<style>.a{}</style>": None,
    # Not HTML, though it looks a little like it.
    "I <3 Paris, 5 < 6 & R&B, AT&T": "I <3 Paris, 5 < 6 & R&B, AT&T",
    # What Commons hides for Wikidata, and Openverse does not.
    'The Starry Nighttitle QS:P1476,en:"The Starry Night"': "The Starry Night",
    'Hylas label QS:Lde,"Hylas" label QS:Len,"Hylas and the Nym': "Hylas",
    'title QS:P1476,it:"Gioconda"label QS:Lde,"Mona Lisa"': "Gioconda",
    "Unknown artistcreator QS:P170,Q4233718": "Unknown artist",
    "Unknown author Unknown author": "Unknown author",
    "Duran Duran": "Duran Duran",
    # Wikitext.
    "[[File:Flag.svg|20px|link=]] Tower": "Tower",
    "[[Category:Towers]]Tower": "Tower",
    "[[User:Ana Lima|Ana]] and [[:commons:User:Bo]]": "Ana and Bo",
    "[[File:A.jpg|thumb|by [[User:Ana|Ana]]]] Tower": "Tower",
    "{{Creator:Claude Monet}}": "Claude Monet",
    "{{en|1=The '''old''' tower}}": "The old tower",
    "{{own}} Tower {{self|cc-by-4.0}}": "Tower",
    "[https://a.example/b?c the tower] [//a.example]": "the tower",
    "a [[b {{c": "a b c",
    "a ]] b }} c": "a ]] b }} c",
    "Pier [39], a 6'' gun": "Pier [39], a 6'' gun",
    # What cannot be seen, or turns the direction of what follows.
    "To\0wer\x1b[31m": "Tower[31m",
    "\u202egpj.rewoT\u202c": "gpj.rewoT",
    "\u2066a\u2069 &#8238;b&#x200B;c": "a bc",
    "\ufeffTo\u200bw\u00ade\u200dr": "Tower",
    "a\u2028b\x85c\td": "a b c d",
    "a\ud800b": "a\ufffdb",
    # Joiners that spell: Persian, Marathi, a family.
    "\u0645\u06cc\u200c\u062e": "\u0645\u06cc\u200c\u062e",
    "\u0930\u094d\u200d\u092f": "\u0930\u094d\u200d\u092f",
    "\U0001f469\u200d\U0001f467": "\U0001f469\u200d\U0001f467",
    " \u200b ": None,
    "": None,
}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_text_is_plain(text: str) -> None:
    assert plain_text(text) == TEXTS[text]


@pytest.mark.parametrize("value", [None, 7, True, ["Bea"], {"_content": "Bea"}])
def test_what_is_no_text_is_none(value: object) -> None:
    assert plain_text(value) is None


PIECES = (
    '<br style="display:none" />', "<b></i>", "<b>", "<p><b>", "<table><tr>", "<!--", "<", "</", "<a ",
    "&", "&#", "[[", "[[a|", "]]", "{{x|", "}}", "[//a ", "[//", " ", "'", " QS:", "title ", "\u200d",
    "\u202e", "<span hidden>",
)  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.timeout(60)
def test_megabyte_of_one_piece_is_read_and_gives_a_short_text(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for each in (text, f"{text}]]", f"[//a {text}", f"Bea {text}"):
        assert len(plain_text(each) or "") <= 1_000


def test_long_text_is_cut_with_a_sign_of_it() -> None:
    assert plain_text("a" * 1_001) == "a" * 999 + "…"
    assert plain_text("a" * 1_000) == "a" * 1_000


MARKUP = st.lists(st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=()))).map(
    "".join
)


@given(MARKUP)
def test_nothing_that_anybody_writes_leaves_controls(text: str) -> None:
    for read in (plain_text(text) or "", one_line(text)):
        assert read == " ".join(read.split())
        assert not {unicodedata.category(character) for character in read} & {"Cc", "Cs"}
        assert not set(read) & set("\u200b\u200e\u200f\u202a\u202e\u2066\u2069\ufeff")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://a.example/File:T.jpg?curid=7&b=é", "https://a.example/File:T.jpg?curid=7&b=é"),
        (" http://a.example ", "http://a.example"),
        ("//creativecommons.org/licenses/by/4.0", "https://creativecommons.org/licenses/by/4.0"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ('https://a.example/" onclick="x', None),
        ("https://a.example/<b>", None),
        ("https://a.example/\u202ex", None),
        ("a.example", None),
        ("", None),
        (None, None),
        (["https://a.example"], None),
    ],
)
def test_only_an_address_becomes_a_link(text: object, address: str | None) -> None:
    assert web_address(text) == address
