"""Photos of one's own, with an attribution file as people make it."""

import codecs
import unicodedata
from pathlib import Path

import pytest

from sightscan.errors import CrawlError
from sightscan.warehouse.photos.photos import Attribution
from tests.unit.crawl.sources.test_odd_records import ScriptedFetcher, listings, source_of

NAME = "Sé à noite.jpg"
HEADER, ROW = "file,licence,author", f"{NAME},CC BY 4.0,José"
TABLE = f"{HEADER}\n{ROW}\n"
UTF16 = TABLE.replace(",", "\t")


def found_in(folder: Path, names: list[str], table: bytes) -> list[Attribution]:
    sight = folder / "Town" / "Tower"
    sight.mkdir(parents=True)
    for name in names:
        (sight / name).touch()
    (sight / "attribution.csv").write_bytes(table)
    (listing,) = listings(source_of("local_folder", ScriptedFetcher(), photo_folder=folder))
    assert not listing.left_out
    return [photo for photo in listing.found if isinstance(photo, Attribution)]


TABLES = {
    "as documented": TABLE.encode(),
    "byte order mark": codecs.BOM_UTF8 + TABLE.encode(),
    "two marks": codecs.BOM_UTF8 * 2 + TABLE.encode(),
    "UTF-16 of Excel": codecs.BOM_UTF16_LE + UTF16.encode("utf-16-le"),
    "UTF-16, the large end first": codecs.BOM_UTF16_BE + UTF16.encode("utf-16-be"),
    "UTF-16 without a mark": UTF16.encode("utf-16-le"),
    "UTF-32": codecs.BOM_UTF32_LE + UTF16.encode("utf-32-le"),
    "cp1252": TABLE.encode("cp1252"),
    "a line of cp1252 in UTF-8": f"{HEADER}\nköln.jpg,CC0,Ł\n".encode() + ROW.encode("cp1252"),
    "CRLF": TABLE.replace("\n", "\r\n").encode(),
    "CR": TABLE.replace("\n", "\r").encode(),
    "no line end": TABLE.strip().encode(),
    "semicolons": TABLE.replace(",", ";").encode(),
    "semicolons with commas in cells": TABLE.replace(",", ";")
    .replace("José", "José, Ana")
    .encode(),
    "tabs": UTF16.encode(),
    "bars": TABLE.replace(",", "|").encode(),
    "delimiter said": b"sep=;\r\n" + TABLE.replace(",", ";").encode(),
    "spaces after commas": TABLE.replace(",", ", ").encode(),
    "quoted": f'"file","licence","author"\n"{NAME}","CC BY 4.0","José"\n'.encode(),
    "quoted after spaces": f'"file", "licence", "author"\n"{NAME}", "CC BY 4.0", "José"\n'.encode(),
    "license": TABLE.replace("licence", "license").encode(),
    "capitals": TABLE.replace(HEADER, "File,LICENCE,Author").encode(),
    "other words": TABLE.replace(HEADER, "File name,License,Photographer").encode(),
    "further columns": f"no,{HEADER},notes\n1,{ROW},mine\n".encode(),
    "other order": f"author,licence,file\nJosé,CC BY 4.0,{NAME}\n".encode(),
    "empty rows": f"\n{HEADER}\n\n,,\n{ROW}\n,,\n".encode(),
    "empty columns": f"{HEADER},,\n{ROW},,\n".encode(),
    "a row twice": f"{TABLE}{ROW}\n".encode(),
    "a row in two parts": f"{HEADER}\n{NAME},CC BY 4.0,\n{NAME},,José\n".encode(),
    "name in NFD": unicodedata.normalize("NFD", TABLE).encode(),
    "name in capitals": TABLE.replace(NAME, NAME.upper()).encode(),
    "name with a folder": TABLE.replace(NAME, f"Tower/{NAME}").encode(),
    "name with a drive": TABLE.replace(NAME, rf"C:\\Photos\{NAME}").encode(),
    "name with spaces": TABLE.replace(NAME, f"  {NAME.replace(' ', '  ')} ").encode(),
    "address of the licence": TABLE.replace(
        "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"
    ).encode(),
    "both spellings": f"file,licence,license,author\n{NAME},,CC BY 4.0,José\n".encode(),
}


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_attribution_is_read_as_people_write_it(tmp_path: Path, case: str, form: str) -> None:
    name = unicodedata.normalize(form, NAME)
    (photo,) = found_in(tmp_path, [name], TABLES[case])
    assert photo.url == f"local:Town/Tower/{name}"
    assert photo.licence == "cc-by-4.0"
    assert unicodedata.normalize("NFC", photo.author or "").split(",")[0] == "José"


def test_of_two_names_that_differ_in_case_each_has_its_own_row(tmp_path: Path) -> None:
    table = b"file,licence\na.jpg,CC0\nA.jpg,CC BY 4.0\nA.JPG,CC BY-NC 4.0\n"
    found = found_in(tmp_path, ["A.jpg", "a.jpg"], table)
    assert [photo.licence for photo in found] == ["cc-by-4.0", "cc0-1.0"]


def test_what_macos_puts_beside_photos_is_none(tmp_path: Path) -> None:
    found = found_in(tmp_path, ["1.jpg", "._1.jpg"], b"file,licence\n*,CC0\n")
    assert [photo.title for photo in found] == ["1.jpg"]


def test_attribution_file_in_capitals_is_found(tmp_path: Path) -> None:
    (tmp_path / "Town" / "Tower").mkdir(parents=True)
    (tmp_path / "Town" / "Tower" / "1.jpg").touch()
    (tmp_path / "Town" / "Tower" / "Attribution.CSV").write_text("file,licence\n1.jpg,CC0\n")
    (listing,) = listings(source_of("local_folder", ScriptedFetcher(), photo_folder=tmp_path))
    assert [getattr(photo, "licence", "") for photo in listing.found] == ["cc0-1.0"]


def test_rows_for_files_that_are_not_there_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found_in(tmp_path, ["1.jpg"], b"file,licence\n1.jpg,CC0\ntwo.jpg,CC0\n")
    assert "rows for files that are not there: 1, such as 'two.jpg'" in caplog.text


@pytest.mark.parametrize("table", [b"1.jpg,CC0,Ana\n", b"name;licence\n1.jpg;CC0\n"])
def test_table_that_names_no_files_is_explained(tmp_path: Path, table: bytes) -> None:
    with pytest.raises(CrawlError, match=r"has the columns .*expected file, licence"):
        found_in(tmp_path, ["1.jpg"], table)
