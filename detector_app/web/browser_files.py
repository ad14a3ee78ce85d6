"""The browser's modules at addresses that have their version: `/browser/<version>/camera.js`.

The version is a hash of all of them. So a page and what it loads later, such as its worker or from
what the service worker keeps, are always of one version; and no browser has to ask whether a module
is still what it was.
"""

import hashlib
from pathlib import Path
from typing import Final

BROWSER_FOLDER: Final = Path(__file__).resolve().parent.parent / "browser"

_VERSION_DIGITS: Final = 16
# What the server puts the version into; a test reads these from the files.
_ADDRESS_IN_PAGE: Final = '"/browser/'
_PLACE_IN_WORKER: Final = 'const VERSION = "";'


def version_of(folder: Path = BROWSER_FOLDER) -> str:
    """Return the version of a folder: another one if any file has another name or content."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:_VERSION_DIGITS]


def write_page(version: str, folder: Path = BROWSER_FOLDER) -> bytes:
    """Return the page /camera, which loads everything from the addresses of a version."""
    page = (folder / "camera.html").read_text(encoding="utf-8")
    return page.replace(_ADDRESS_IN_PAGE, f"{_ADDRESS_IN_PAGE}{version}/").encode()


def write_service_worker(version: str, folder: Path = BROWSER_FOLDER) -> bytes:
    """Return the service worker of a version; with another one, browsers install it anew."""
    worker = (folder / "sw.js").read_text(encoding="utf-8")
    return worker.replace(_PLACE_IN_WORKER, f'const VERSION = "{version}";').encode()
