"""Text that PostgreSQL can store: others wrote it, and one bad character must not cost a batch."""

import re
from typing import overload

# NUL, and halves of characters.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Controls, and what turns the direction of all that follows. (Joiners are spelling.)
_UNNAMEABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@overload
def clean_text(text: str) -> str: ...
@overload
def clean_text(text: None) -> None: ...
def clean_text(text: str | None) -> str | None:
    """Drop NUL characters, and replace halves of characters (lone surrogates) by U+FFFD."""
    if text is None or is_clean(text):
        return text
    # Two halves that belong together become the character that they are.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def clean_name(text: str) -> str:
    """Return a name on one line, without what is no letter anywhere: it goes to logs, plots, pages."""
    return " ".join(_UNNAMEABLE.sub(" ", clean_text(text)).split())


def is_clean(text: str) -> bool:
    """Tell whether PostgreSQL stores the text as it is."""
    return _UNSTORABLE.search(text) is None
