"""Fetch the archive of one pinned version from the npm registry, without npm.

The registry is npm's own setting (`NPM_CONFIG_REGISTRY`, else a line `registry=` of `~/.npmrc`), else
the public one. What comes must have the pinned hash, which is the one that the registry publishes.
"""

import base64
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PUBLIC_REGISTRY: Final = "https://registry.npmjs.org"
# Four times what the largest archive has; more is not it.
MAX_ARCHIVE_BYTES: Final = 140_000_000
DOWNLOAD_TIMEOUT_SECONDS: Final = 60
DOWNLOAD_ATTEMPTS: Final = 3
WAIT_BETWEEN_ATTEMPTS_SECONDS: Final = 2


class NotFetchedError(Exception):
    """An archive cannot be had; the text says what to do."""


@dataclass(frozen=True)
class NpmPackage:
    """One version of a package; `integrity` is what `npm view <name>@<version> dist.integrity` says."""

    name: str
    version: str
    integrity: str

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.name} {self.version}"


def fetch_archive(package: NpmPackage, registry: str | None = None) -> bytes:
    """Return the package's archive, a gzipped tar whose hash is the pinned one; raise `NotFetchedError`."""
    archive = _download(package, _address_of(package, registry or read_registry()))
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode("ascii")
    if f"sha512-{digest}" != package.integrity:
        msg = (
            f"the archive of {package} has the hash sha512-{digest[:16]}..., "
            f"expected {package.integrity[:23]}...; it was changed on its way, and is not used"
        )
        raise NotFetchedError(msg)
    return archive


def read_registry() -> str:
    """Return the registry's address as npm would: of the environment, of `~/.npmrc`, the public one."""
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if os.environ.get(name):
            return os.environ[name]
    settings = Path(os.environ.get("NPM_CONFIG_USERCONFIG") or "~/.npmrc").expanduser()
    try:
        lines = settings.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    stated = [
        value.strip().strip("\"'")
        for key, equals, value in (line.partition("=") for line in lines)
        if equals and key.strip() == "registry"
    ]
    return stated[-1] if stated and stated[-1] else PUBLIC_REGISTRY


def _address_of(package: NpmPackage, registry: str) -> str:
    if not registry.startswith(("https://", "http://")):
        msg = (
            f"the npm registry is {registry!r}, expected an address that begins with https:// or "
            "http://; correct NPM_CONFIG_REGISTRY or the line registry= of ~/.npmrc"
        )
        raise NotFetchedError(msg)
    return f"{registry.rstrip('/')}/{package.name}/-/{package.name}-{package.version}.tgz"


def _download(package: NpmPackage, address: str) -> bytes:
    reason: Exception | None = None
    for attempt in range(DOWNLOAD_ATTEMPTS):
        if attempt:
            time.sleep(WAIT_BETWEEN_ATTEMPTS_SECONDS)
        try:
            with urllib.request.urlopen(address, timeout=DOWNLOAD_TIMEOUT_SECONDS) as answer:  # noqa: S310 - http or https, checked
                content: bytes = answer.read(MAX_ARCHIVE_BYTES + 1)
                # A line that is cut in the middle of a body is an end to `read` with a size.
                stated = int(answer.headers.get("Content-Length") or len(content))
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            reason = error
            continue
        if len(content) == stated or len(content) > MAX_ARCHIVE_BYTES:
            return content
        reason = EOFError(f"{len(content)} of {stated} bytes came")
    msg = (
        f"{package} cannot be fetched from {address} ({reason}); set NPM_CONFIG_REGISTRY to a "
        "registry that can be reached, and run it again"
    )
    raise NotFetchedError(msg)
