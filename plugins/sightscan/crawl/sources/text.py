"""Make what sites say about photos into text that people read and PostgreSQL takes."""

from __future__ import annotations

import re
from html import unescape

_TAG = re.compile(r"<[^>]*>")
_HIDDEN = re.compile(
    r"<(style|script)\b.*?</\1\s*>|<[^>]*display\s*:\s*none.*?</[^>]*>", re.IGNORECASE | re.DOTALL
)


def without_html(text: str) -> str:
    """Return the text of a piece of HTML on one line."""
    return " ".join(plain(unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text)))).split())


def plain(text: str) -> str:
    """Return text that PostgreSQL takes: no zero characters, no halves of surrogate pairs."""
    return str(text).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
