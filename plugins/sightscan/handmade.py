"""Read files that people make: in the encoding of their editor, tables as their spreadsheet saves them.

Excel saves in UTF-8 with a mark, in UTF-16 with tabs, or in Windows' code page, and puts semicolons
where a comma is part of numbers. Headers are typed by hand. What can be understood is; a row that
cannot is told apart from the others.
"""

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

# UTF-32's mark for small ends begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WINDOWS = "cp1252"
# What cannot be read becomes this sign, which nobody writes.
UNREAD = "\ufffd"
DELIMITERS = ",;\t|"
# Excel tells itself the delimiter in a line of its own.
DELIMITER_LINE = "sep="


@dataclass(frozen=True, slots=True)
class HandmadeTable:
    """A table: its header as written, its rows by column; of `odd_rows` only parts can be read."""

    header: tuple[str, ...]
    columns: frozenset[str]
    rows: tuple[Mapping[str, str], ...]
    odd_rows: tuple[Mapping[str, str], ...]


def decode_text(content: bytes) -> str:
    """Return a text in UTF-8, UTF-16 or UTF-32, with or without a mark, or in Windows' code page.

    Each line is taken for itself: people add lines with another program.
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _readable(content.removeprefix(mark).decode(encoding, "replace"))
    # Of a text that begins with ASCII, every other byte.
    if content[:1] and content[1:2] == b"\0":
        return _readable(content.decode("utf-16-le", "replace"))
    if content[:1] == b"\0":
        return _readable(content.decode("utf-16-be", "replace"))
    return _readable("".join(map(_decode_line, content.splitlines(keepends=True))))


def read_table(content: bytes, spellings: Mapping[str, Sequence[str]]) -> HandmadeTable:
    """Return the table of a file; `spellings` has what else a column may be called.

    A row is odd if it has cells beyond the named columns, says two things in one column, or cannot
    be read. Empty rows are left out, other columns are not looked at.
    """
    lines = [line for line in io.StringIO(decode_text(content), newline="") if line.strip()]
    if lines and lines[0].lower().lstrip('"').startswith(DELIMITER_LINE):
        del lines[0]
    names = {spelling: name for name, others in spellings.items() for spelling in (name, *others)}
    delimiter = max(DELIMITERS, key=lambda sign: len(_columns(lines[:1], sign, names)[1]))
    header, columns = _columns(lines[:1], delimiter, names)
    rows: list[Mapping[str, str]] = []
    odd_rows: list[Mapping[str, str]] = []
    for cells in _records(lines[1:], delimiter):
        if any(cells):
            row, is_odd = _row(cells, header, columns)
            (odd_rows if is_odd else rows).append(row)
    return HandmadeTable(header, frozenset(columns.values()), tuple(rows), tuple(odd_rows))


def name_key(name: str) -> str:
    """Return what two spellings of a file's name share: case, Unicode's forms and spaces do not count."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def _readable(text: str) -> str:
    # A mark in the middle is where one file was put behind another.
    return text.replace("\ufeff", "").replace("\0", UNREAD)


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(WINDOWS, "replace")


def _columns(
    lines: Sequence[str], delimiter: str, names: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[int, str]]:
    """Return the header, and the names of the columns that are known by their place."""
    header = tuple(next(_records(lines, delimiter), []))
    keys = ("_".join(name_key(cell).replace("-", " ").replace("_", " ").split()) for cell in header)
    return header, {place: names[key] for place, key in enumerate(keys) if key in names}


def _records(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each row."""
    try:
        records = list(_cells(lines, delimiter, strict=True))
    except csv.Error:
        # A quote that is never closed would swallow all that follows: each line is taken for itself.
        for line in lines:
            try:
                yield from _cells([line], delimiter, strict=False)
            except csv.Error:
                yield [*line.split(delimiter), UNREAD]
        return
    yield from records


def _cells(lines: Sequence[str], delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)
    return ([cell.strip() for cell in cells] for cells in reader)


def _row(
    cells: Sequence[str], header: Sequence[str], columns: Mapping[int, str]
) -> tuple[Mapping[str, str], bool]:
    row: dict[str, str] = {}
    is_odd = UNREAD in "".join(cells)
    for place, cell in enumerate(cells):
        if not cell:
            continue
        # Nobody knows which cell is which.
        is_odd |= place >= len(header) or not header[place]
        if (name := columns.get(place)) is not None and row.setdefault(name, cell) != cell:
            is_odd = True
    return row, is_odd
