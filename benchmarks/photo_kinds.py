"""Twenty-four kinds of file that people give to a page which asks for photos; most are none."""

import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def make_kinds(photo: Image.Image) -> dict[str, bytes]:
    """Return a file of each kind, the pictures showing the photo."""
    alpha = photo.convert("RGBA")
    alpha.putalpha(200)
    jpeg = _save(photo, "JPEG")
    pictures: dict[str, Callable[[], bytes]] = {
        "JPEG": lambda: jpeg,
        "JPEG, progressive": lambda: _save(photo, "JPEG", progressive=True),
        "JPEG, grey": lambda: _save(photo.convert("L"), "JPEG"),
        "JPEG, for print (CMYK)": lambda: _save(photo.convert("CMYK"), "JPEG"),
        "PNG": lambda: _save(photo, "PNG"),
        "PNG, transparent": lambda: _save(alpha, "PNG"),
        "PNG, with a palette": lambda: _save(photo.quantize(64), "PNG"),
        "PNG, sixteen bits of grey": lambda: _save(photo.convert("L").convert("I;16"), "PNG"),
        "PNG, black and white": lambda: _save(photo.convert("1"), "PNG"),
        "WebP": lambda: _save(photo, "WEBP"),
        "WebP, animated": lambda: _save(
            photo, "WEBP", save_all=True, append_images=[photo.convert("L").convert("RGB")]
        ),
        "GIF": lambda: _save(photo.quantize(64), "GIF"),
        "BMP": lambda: _save(photo, "BMP"),
        "TIFF": lambda: _save(photo, "TIFF"),
        "HEIC": lambda: _save(photo, "HEIF"),
        "AVIF": lambda: _save(photo, "AVIF"),
        "JPEG 2000": lambda: _save(photo, "JPEG2000"),
        "JPEG, cut in half": lambda: jpeg[: len(jpeg) // 2],
        "PNG that unpacks to gigabytes": lambda: _bomb(60_000, 60_000),
        "MP4": lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(10_000),
        "PDF": lambda: b"%PDF-1.7\n" + bytes(10_000),
        "SVG": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "a letter": lambda: b"Dear reader, " * 100,
        "nothing": lambda: b"",
    }
    return {name: make() for name, make in pictures.items()}


def make_large(megapixels: int, form: str) -> bytes:
    """Return a photo of so many megapixels, three by four."""
    height = round((megapixels * 1_000_000 * 3 / 4) ** 0.5)
    width = megapixels * 1_000_000 // height
    gradient = Image.linear_gradient("L").resize((width, height))
    return _save(Image.merge("RGB", (gradient, gradient, gradient)), form)


def _save(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checked)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )
