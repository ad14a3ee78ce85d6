"""Text that PostgreSQL can store: others wrote it, and one bad character must not cost a batch."""

from typing import overload


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


def is_clean(text: str) -> bool:
    """Tell whether PostgreSQL stores the text as it is."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
