"""Take a photo's file apart without decoding it: what is about the photo goes, the pixels stay.

Cameras write where they stood (EXIF, XMP), editors who they are (IPTC, comments), and attackers
kilobytes that unpack to gigabytes (PNG's compressed texts). None of it is kept, and no library
sees it. The pixels' own bytes are copied, so nothing is lost; a file without any of this comes
back as it was. Licence and author are stored beside the photo, from where it was found.

The app and the pipeline each have this file, byte by byte the same: they share no code, and are to
read the same photos.
"""

import re
import struct
from dataclasses import dataclass

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
EXIF_START = b"Exif\0\0"
ICC_START = b"ICC_PROFILE\0"
# How other pictures begin, or go on at the fifth byte: named in the refusal.
OTHER_FORMS = {
    "GIF": re.compile(rb"GIF8[79]a"),
    "TIFF": re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    "BMP": re.compile(rb"BM.{4}\0{4}", re.DOTALL),
    "AVIF": re.compile(rb".{4}ftypavi[fs]", re.DOTALL),
    "HEIC": re.compile(rb".{4}ftyp(hei|hev|mif1|msf1)", re.DOTALL),
    "JPEG 2000": re.compile(rb".{4}jP  |\xff\x4f\xff\x51", re.DOTALL),
    "JPEG XL": re.compile(rb".{4}JXL |\xff\x0a", re.DOTALL),
    "PSD": re.compile(rb"8BPS"),
}

# JPEG: in the coded pixels a marker is 0xFF and neither zero, nor a restart, nor more filling.
MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
END, SCAN, COMMENT = 0xD9, 0xDA, 0xFE
# Markers without anything behind them; here they are out of place, and left out.
ALONE = frozenset({0x01, 0xD8})
APP0, APP1, APP2, APP14, APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
# A progressive photo has about ten; each is decoded over all its pixels.
MAX_SCANS = 100

# PNG: what says which pixels and which colours. Texts, times, EXIF and private chunks do not.
PNG_KEPT = frozenset(
    # The last three are an animated one's: it must not pass for a still when it is opened.
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT acTL fcTL fdAT".split()
)
WEBP_KEPT = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
WEBP_HAS_ICC, WEBP_HAS_EXIF, WEBP_HAS_XMP = 0x20, 0x08, 0x04


class PhotoFileError(Exception):
    """The file is no photo; `reason` is one word for it, `detail` says what is wrong."""

    def __init__(self, reason: str, detail: str) -> None:
        """Keep both."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class BarePhoto:
    """A photo without what is about it; `exif` is what was taken away, for its orientation."""

    form: str
    content: bytes
    exif: bytes | None = None


def without_metadata(content: bytes, *, keeps_profile: bool = True) -> BarePhoto:
    """Return a photo's bytes without EXIF, XMP, IPTC, texts, previews, and what follows its end.

    Raises:
        PhotoFileError: it is no JPEG, PNG or WebP, or its parts do not fit together.

    """
    if content.startswith(JPEG_START):
        return _bare_jpeg(content, keeps_profile=keeps_profile)
    if content.startswith(PNG_START):
        return _bare_png(content, keeps_profile=keeps_profile)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _bare_webp(content, keeps_profile=keeps_profile)
    for form, start in OTHER_FORMS.items():
        if start.match(content):
            reason = "unsupported_format"
            raise PhotoFileError(reason, f"{form}; JPEG, PNG and WebP are kept")
    reason = "not_an_image"
    raise PhotoFileError(reason, f"{len(content)} bytes: {content[:24]!r}")


def _bare_jpeg(content: bytes, *, keeps_profile: bool) -> BarePhoto:
    kept, exif, scans, position = [content[:2]], None, 0, 2
    while (found := MARKER.search(content, position)) and found[1][0] != END:
        marker, start = found[1][0], found.start()
        if marker in ALONE:
            position = found.end()
            continue
        _check_within(content, start + 4)
        end = start + 2 + int.from_bytes(content[start + 2 : start + 4])
        _check_within(content, end)
        body = content[start + 4 : end]
        if marker == APP1 and body.startswith(EXIF_START):
            exif = exif or body.removeprefix(EXIF_START)
        if marker == SCAN:
            scans += 1
            # The coded pixels go on to the next marker; without one, the decoder judges.
            following = MARKER.search(content, end)
            end = following.start() if following else len(content)
        if _is_about_pixels(marker, body, keeps_profile=keeps_profile):
            kept.append(content[start:end])
        position = end
    if scans > MAX_SCANS:
        reason = "too_many_scans"
        raise PhotoFileError(reason, f"{scans} scans, at most {MAX_SCANS}")
    if found:
        kept.append(found[0])
    return BarePhoto("JPEG", b"".join(kept), exif)


def _is_about_pixels(marker: int, body: bytes, *, keeps_profile: bool) -> bool:
    """Say whether the decoder needs a JPEG segment to get the right pixels and colours."""
    if marker == APP0:
        return body.startswith(b"JFIF\0")
    if marker == APP2:
        return keeps_profile and body.startswith(ICC_START)
    # Adobe's says whether colours are those of print, and upside down.
    return marker == APP14 or not (APP1 <= marker <= APP15 or marker == COMMENT)


def _bare_png(content: bytes, *, keeps_profile: bool) -> BarePhoto:
    kept, exif, position = [content[:8]], None, 8
    kind = b""
    while kind != b"IEND":
        _check_within(content, position + 12)
        length, kind = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        _check_within(content, end)
        if kind == b"eXIf":
            exif = content[position + 8 : end - 4]
        if kind in PNG_KEPT and (keeps_profile or kind != b"iCCP"):
            kept.append(content[position:end])
        position = end
    return BarePhoto("PNG", b"".join(kept), exif)


def _bare_webp(content: bytes, *, keeps_profile: bool) -> BarePhoto:
    end_of_file = 8 + int.from_bytes(content[4:8], "little")
    _check_within(content, end_of_file)
    content = content[:end_of_file]
    kept, exif, position = [], None, 12
    while position + 8 <= end_of_file:
        kind, length = struct.unpack_from("<4sI", content, position)
        # Chunks of odd length have one more byte, of zero.
        end = position + 8 + length + length % 2
        _check_within(content, position + 8 + length)
        chunk = content[position:end].ljust(end - position, b"\0")
        if kind == b"EXIF":
            exif = chunk[8 : 8 + length].removeprefix(EXIF_START)
        if kind == b"VP8X" and length:
            gone = WEBP_HAS_EXIF | WEBP_HAS_XMP | (0 if keeps_profile else WEBP_HAS_ICC)
            chunk = chunk[:8] + bytes([chunk[8] & ~gone]) + chunk[9:]
        if kind in WEBP_KEPT and (keeps_profile or kind != b"ICCP"):
            kept.append(chunk)
        position = end
    body = b"WEBP" + b"".join(kept)
    return BarePhoto("WEBP", b"RIFF" + len(body).to_bytes(4, "little") + body, exif)


def _check_within(content: bytes, end: int) -> None:
    """Refuse a photo one of whose parts ends behind its own end."""
    if end > len(content):
        reason = "truncated"
        raise PhotoFileError(reason, f"a part ends at byte {end}, the file at {len(content)}")
