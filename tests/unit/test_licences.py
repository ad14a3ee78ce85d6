"""Licences have one id each, whoever spells them, and it is known which are open."""

import pytest

from sightscan.licences import is_open, licence_id

CC = "https://creativecommons.org/"


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("CC BY-SA 4.0", CC + "licenses/by-sa/4.0", "cc-by-sa-4.0"),
        ("CC BY-SA 4.0", None, "cc-by-sa-4.0"),
        ("CC BY-SA 3.0 de", CC + "licenses/by-sa/3.0/de/deed.en", "cc-by-sa-3.0-de"),
        ("CC BY-SA 3.0 de", None, "cc-by-sa-3.0-de"),
        ("CC BY 2.0", "http://creativecommons.org/licenses/by/2.0/deed.de", "cc-by-2.0"),
        ("cc-by-nc-nd-2.0", None, "cc-by-nc-nd-2.0"),
        ("Creative Commons BY-NC 4.0", None, "cc-by-nc-4.0"),
        (None, CC + "licenses/by-nc/4.0/", "cc-by-nc-4.0"),
        ("cc-by", None, "cc-by"),
        ("CC0", CC + "publicdomain/zero/1.0/deed.en", "cc0-1.0"),
        ("CC-Zero", None, "cc0-1.0"),
        ("pdm", CC + "publicdomain/mark/1.0/", "pdm-1.0"),
        ("Public Domain Mark 1.0", None, "pdm-1.0"),
        ("Public domain", None, "public-domain"),
        ("PD-old-70", None, "public-domain"),
        ("No restrictions", "https://www.flickr.com/commons/usage/", "public-domain"),
        ("GFDL 1.2", None, "gfdl-1.2"),
        ("GFDL", None, "gfdl"),
        ("GNU Free Documentation License", None, "gfdl"),
        ("FAL", None, "lal"),
        ("Free Art License 1.3", None, "lal-1.3"),
        ("GNU Free Documentation License, version 1.2 or later", None, "gfdl-1.2"),
        ("GFDL 1.2+", None, "gfdl-1.2"),
        ("MIT License", None, "mit"),
        ("Apache License 2.0", None, "apache-2.0"),
        ("Apache License, Version 2.0", None, "apache-2.0"),
        ("ODbL", None, "odbl"),
        ("Copyrighted free use", None, "copyrighted-free-use"),
        ("All rights reserved", None, "all-rights-reserved"),
        ("Fair use", None, "fair-use"),
        ("sampling+", CC + "licenses/sampling+/1.0/", "cc-sampling+-1.0"),
        ("", None, "unknown"),
        (None, "https://example.org/terms", "unknown"),
    ],
)
def test_licence_has_one_id(name: str | None, url: str | None, expected: str) -> None:
    assert licence_id(name, url) == expected


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("cc-by-4.0", True),
        ("cc-by-sa-3.0-de", True),
        ("cc-by", True),
        ("cc0-1.0", True),
        ("pdm-1.0", True),
        ("public-domain", True),
        ("gfdl-1.2", True),
        ("lal-1.3", True),
        ("copyrighted-free-use", True),
        ("attribution", True),
        ("beerware", True),
        ("mit", True),
        ("apache-2.0", True),
        ("odbl-1.0", True),
        ("odc-by-1.0", True),
        ("ogl-3", True),
        ("ogl-v1.0", True),
        ("ogl-uk-3.0", True),
        ("gfdl-1.3-or-later", True),
        ("cc-by-nc", False),
        ("cc-by-nd", False),
        ("cc-by-sa-3.0-nc", False),
        ("mit-genehmigung-des-urhebers", False),
        ("ogl-non-commercial", False),
        ("lalique", False),
        ("cc-by-nc-4.0", False),
        ("cc-by-nd-4.0", False),
        ("cc-by-nc-sa-2.0", False),
        ("cc-sampling+-1.0", False),
        ("all-rights-reserved", False),
        ("fair-use", False),
        ("unknown", False),
    ],
)
def test_only_licences_that_let_anybody_use_and_change_are_open(
    licence: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_open(licence) is expected


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("CC BY-NC", None),
        ("CC BY-ND", None),
        ("cc by nc sa", None),
        ("CC BY 4.0 NC", None),
        ("CC BY-SA 4.0 ND", None),
        ("Attribution-NonCommercial", None),
        ("mit Genehmigung des Urhebers", None),
        ("GFDL, non-commercial only", None),
        ("False", None),
        ("Apache Junction Tourist Board", None),
        (None, CC + "licenses/by-nc/"),
        (None, CC + "licenses/by-nd/"),
    ],
)
def test_limited_licence_is_not_open_however_it_is_written(
    name: str | None, url: str | None
) -> None:
    assert not is_open(licence_id(name, url))


def test_every_id_is_its_own_id() -> None:
    ids = ("cc-by-sa-4.0", "cc0-1.0", "pdm-1.0", "public-domain", "gfdl-1.2", "lal-1.3", "unknown")
    ids += ("mit", "apache-2.0", "odbl-1.0", "odc-by-1.0", "ogl-3", "wtfpl")
    assert tuple(map(licence_id, ids)) == ids
