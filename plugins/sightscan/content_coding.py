"""Undo the compression of bodies, within limits: also of those that nobody wanted compressed.

Servers compress what was asked for as it is, say that they did when they did not, or do it twice.
So what is inside is told from its first bytes where it can be.
"""

import zlib

import brotli

from sightscan.http_answers import NotNowError, TooLargeError

# What may be asked for, since it can be undone here.
ACCEPTED_CODINGS = "gzip, deflate"
# Whatever else a server says (none, utf-8, aws-chunked) is no compression.
UNREADABLE_CODINGS = frozenset({"zstd", "compress", "x-compress", "dcb", "dcz"})
# Twice happens; more often is somebody's game, as are many members of one file.
MAX_CODINGS = 3
MAX_GZIP_MEMBERS = 100

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = zlib.MAX_WBITS | 16


def unpack_body(body: bytes, stated: str, max_bytes: int, *, is_part: bool = False) -> bytes:
    """Return what is inside a body, by its Content-Encoding and its first bytes.

    `is_part`: the body may break off, and what is over `max_bytes` is left away.

    Raises:
        TooLargeError: it is more than `max_bytes`.
        NotNowError: it breaks off, or was compressed in a way that cannot be undone.

    """
    codings = [coding.strip().lower() for coding in stated.split(",")]
    for _ in range(MAX_CODINGS):
        coding = codings.pop() if codings else ""
        if coding in UNREADABLE_CODINGS:
            msg = f"compressed as {coding}, which was not asked for"
            raise NotNowError(msg, is_final=True)
        if body.startswith(_GZIP_MAGIC):
            body = _inflate(body, _GZIP_WINDOW, max_bytes, is_part=is_part)
        elif coding == "deflate" and _is_zlib(body):
            body = _inflate(body, zlib.MAX_WBITS, max_bytes, is_part=is_part)
        elif coding == "deflate" and body:
            body = _inflate_bare(body, max_bytes, is_part=is_part)
        elif coding == "br" and body:
            body = _unpack_brotli(body, max_bytes, is_part=is_part)
        elif not codings:
            break
    return body


def _is_zlib(body: bytes) -> bool:
    """Say whether a body begins as RFC 1950 has it."""
    return len(body) > 1 and body[0] & 15 == zlib.DEFLATED and (body[0] << 8 | body[1]) % 31 == 0


def _inflate_bare(body: bytes, max_bytes: int, *, is_part: bool) -> bytes:
    """Return what is inside of what many send as "deflate"; what is nothing of it, as it came."""
    try:
        zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, max_bytes + 1)
    except zlib.error:
        return body
    return _inflate(body, -zlib.MAX_WBITS, max_bytes, is_part=is_part)


def _unpack_brotli(body: bytes, max_bytes: int, *, is_part: bool) -> bytes:
    """Return what is inside; what is no brotli, as it came."""
    decoder = brotli.Decompressor()
    try:
        found: bytes = decoder.process(body, output_buffer_limit=max_bytes + 1)
    except brotli.error:
        return body
    if not is_part:
        _check_size(len(found), max_bytes)
        _check_end(is_whole=decoder.is_finished())
    return found[:max_bytes]


def _inflate(body: bytes, window: int, max_bytes: int, *, is_part: bool) -> bytes:
    found, rest = bytearray(), body
    for _ in range(MAX_GZIP_MEMBERS):
        member = zlib.decompressobj(window)
        try:
            found += member.decompress(rest, max_bytes + 1 - len(found))
        except zlib.error as error:
            if is_part:
                return bytes(found)
            msg = f"broken compression: {error}"
            raise NotNowError(msg) from error
        if not is_part:
            _check_size(len(found), max_bytes)
            _check_end(is_whole=member.eof)
        elif len(found) > max_bytes or not member.eof:
            break
        rest = member.unused_data
        # The members of a file follow one another; what else follows is padding.
        if window != _GZIP_WINDOW or not rest.startswith(_GZIP_MAGIC):
            break
    else:
        if not is_part:
            msg = f"compressed in more than {MAX_GZIP_MEMBERS} parts"
            raise NotNowError(msg, is_final=True)
    return bytes(found[:max_bytes])


def _check_size(byte_count: int, max_bytes: int) -> None:
    if byte_count > max_bytes:
        msg = f"unpacks to more than the {max_bytes} bytes allowed"
        raise TooLargeError(msg)


def _check_end(*, is_whole: bool) -> None:
    if not is_whole:
        msg = "compressed, and breaks off"
        raise NotNowError(msg)
