"""Bodies are unpacked whatever their server says of them, and no small one becomes a huge one."""

import gzip
import zlib
from contextlib import suppress
from functools import partial

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.content_coding import unpack_body
from sightscan.http_answers import NotNowError, TooLargeError

# Without the clock, which would stand in the names of tests: no two workers would agree on them.
pack_gzip = partial(gzip.compress, mtime=0)

PHOTO = b"\xff\xd8\xff\xe0photo" * 50
RIFF = b"RIFF\x10\0\0\0WEBPVP8 " + bytes(range(256))


def bare_deflate(content: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeezer.compress(content) + squeezer.flush()


@pytest.mark.parametrize(
    ("stated", "body"),
    [
        ("", PHOTO),
        ("identity", PHOTO),
        ("utf-8", PHOTO),
        ("aws-chunked", PHOTO),
        ("gzip", PHOTO),
        ("deflate", PHOTO),
        ("gzip", pack_gzip(PHOTO)),
        ("x-gzip", pack_gzip(PHOTO)),
        ("GZIP ", pack_gzip(PHOTO)),
        ("", pack_gzip(PHOTO)),
        ("identity", pack_gzip(PHOTO)),
        ("utf-8, gzip", pack_gzip(PHOTO)),
        ("gzip", pack_gzip(PHOTO) + b"\0" * 512),
        ("gzip", pack_gzip(PHOTO[:99]) + pack_gzip(PHOTO[99:])),
        ("gzip", pack_gzip(pack_gzip(PHOTO))),
        ("gzip, gzip", pack_gzip(pack_gzip(PHOTO))),
        ("deflate", zlib.compress(PHOTO)),
        ("deflate", bare_deflate(PHOTO)),
        ("deflate, gzip", pack_gzip(zlib.compress(PHOTO))),
        ("deflate", pack_gzip(PHOTO)),
        ("br", brotli.compress(PHOTO)),
        ("br", PHOTO),
        ("br, gzip", pack_gzip(brotli.compress(PHOTO))),
    ],
)
def test_body_is_unpacked(stated: str, body: bytes) -> None:
    assert unpack_body(body, stated, len(PHOTO)) == PHOTO


@pytest.mark.parametrize(
    "body", [RIFF, b"\x89PNG\r\n\x1a\n" + bytes(99), b"GIF89a" + bytes(99), b"User-agent: *", b""]
)
def test_what_is_no_deflate_stays_as_it_is(body: bytes) -> None:
    assert unpack_body(body, "deflate", 10_000) == body


BOMBS = {
    "gzip": ("gzip", pack_gzip(bytes(1_000_000))),
    "unlabelled": ("", pack_gzip(bytes(1_000_000))),
    "zlib": ("deflate", zlib.compress(bytes(1_000_000))),
    "bare": ("deflate", bare_deflate(bytes(1_000_000))),
    "brotli": ("br", brotli.compress(bytes(1_000_000))),
    "within a bomb": ("gzip, gzip", pack_gzip(pack_gzip(bytes(1_000_000)))),
    "of members": ("gzip", pack_gzip(bytes(600)) * 90),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bomb_is_too_large_or_cut(bomb: str) -> None:
    stated, body = BOMBS[bomb]
    with pytest.raises(TooLargeError, match="unpacks to more than the 20000 bytes"):
        unpack_body(body, stated, 20_000)
    assert unpack_body(body, stated, 20_000, is_part=True) == bytes(20_000)


@pytest.mark.parametrize("stated", ["zstd", "compress", "dcb", "zstd, identity"])
def test_what_cannot_be_unpacked_is_for_another_time(stated: str) -> None:
    with pytest.raises(NotNowError, match=r"compressed as \w+, which was not asked for") as caught:
        unpack_body(b"\x1b\x03\0", stated, 10)
    assert caught.value.is_final


@pytest.mark.parametrize(
    ("stated", "body"),
    [
        ("gzip", pack_gzip(PHOTO)[:-9]),
        ("gzip", b"\x1f\x8b\x08"),
        ("gzip", b"\x1f\x8b\x09" + bytes(20)),
        ("deflate", zlib.compress(PHOTO)[:-5]),
        ("deflate", bare_deflate(PHOTO)[:-3]),
        ("br", brotli.compress(PHOTO)[:-3]),
        ("gzip", pack_gzip(PHOTO)[:-6] + b"\0\0\0\0\0\0"),
        ("gzip", pack_gzip(b"") * 5_000 + pack_gzip(PHOTO)),
    ],
)
def test_what_breaks_off_or_is_broken_may_come_whole_another_time(stated: str, body: bytes) -> None:
    with pytest.raises(NotNowError):
        unpack_body(body, stated, 10_000)
    assert PHOTO.startswith(unpack_body(body, stated, 10_000, is_part=True))


@given(
    st.one_of(st.binary(), st.binary().map(b"\x1f\x8b\x08\0".__add__)),
    st.sampled_from(
        ["", "gzip", "deflate", "br", "gzip, deflate", ",,,,", "deflate" + ",deflate" * 99]
    ),
)
def test_anything_is_unpacked_or_refused(body: bytes, stated: str) -> None:
    with suppress(NotNowError, TooLargeError):
        assert len(unpack_body(body, stated, 1_000)) <= max(1_000, len(body))
