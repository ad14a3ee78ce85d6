"""Fetch onnxruntime-web from the npm registry, without npm: `python -m detector_app.web.fetch_runtime`.

Run by `make setup` and by the image's build. The registry is npm's own setting (`NPM_CONFIG_REGISTRY`,
else a line `registry=` of `~/.npmrc`), else the public one. The archive must have the pinned hash;
of it, only what browsers are sent is kept. A folder appears whole or not at all, so that a cut
download and two that fetch at once do no harm.
"""

import base64
import gzip
import hashlib
import http.client
import importlib.util
import io
import os
import shutil
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import brotli

from detector_app.web.runtime import (
    COMPRESSED_SUFFIXES,
    LICENCE_FILES,
    RUNTIME_FILES,
    RUNTIME_FOLDER,
    RUNTIME_INTEGRITY,
    RUNTIME_VERSION,
    find_faults,
)

PUBLIC_REGISTRY: Final = "https://registry.npmjs.org"
# Four times what the archive has; more is not it.
MAX_ARCHIVE_BYTES: Final = 140_000_000
DOWNLOAD_TIMEOUT_SECONDS: Final = 60
DOWNLOAD_ATTEMPTS: Final = 3
WAIT_BETWEEN_ATTEMPTS_SECONDS: Final = 2
# The best would take five minutes, and send a fifth less.
BROTLI_QUALITY: Final = 6


class RuntimeNotFetchedError(Exception):
    """The runtime is not here and cannot be had; the text says what to do."""


def ensure_runtime(folder: Path = RUNTIME_FOLDER, registry: str | None = None) -> bool:
    """Fetch the pinned version unless it is there, whole; tell whether anything was fetched.

    Raises `RuntimeNotFetchedError`.
    """
    target = folder / RUNTIME_VERSION
    if target.is_dir() and not find_faults(target):
        return False
    archive = _download(_address_of(registry or read_registry()))
    _check_integrity(archive)
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder, prefix=f".{RUNTIME_VERSION}."))
    try:
        _unpack(archive, draft)
        draft.chmod(0o755)
        _put_in_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


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


def _address_of(registry: str) -> str:
    if not registry.startswith(("https://", "http://")):
        msg = (
            f"the npm registry is {registry!r}, expected an address that begins with https:// or "
            "http://; correct NPM_CONFIG_REGISTRY or the line registry= of ~/.npmrc"
        )
        raise RuntimeNotFetchedError(msg)
    return f"{registry.rstrip('/')}/onnxruntime-web/-/onnxruntime-web-{RUNTIME_VERSION}.tgz"


def _download(address: str) -> bytes:
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
        f"onnxruntime-web {RUNTIME_VERSION} cannot be fetched from {address} ({reason}); set "
        "NPM_CONFIG_REGISTRY to a registry that can be reached, and run it again. Without it the "
        "app names sights in photos, but in no film"
    )
    raise RuntimeNotFetchedError(msg)


def _check_integrity(archive: bytes) -> None:
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode("ascii")
    if f"sha512-{digest}" != RUNTIME_INTEGRITY:
        msg = (
            f"the archive of onnxruntime-web {RUNTIME_VERSION} has the hash sha512-{digest[:16]}..., "
            f"expected {RUNTIME_INTEGRITY[:23]}...; it was changed on its way, and is not used"
        )
        raise RuntimeNotFetchedError(msg)


def _unpack(archive: bytes, folder: Path) -> None:
    # By name: nothing of the archive says where a file is written.
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        for name in RUNTIME_FILES:
            member = files.extractfile(f"package/dist/{name}")
            assert member is not None  # noqa: S101 - the archive's hash is the pinned one
            content = member.read()
            (folder / name).write_bytes(content)
            brotlied = brotli.compress(content, quality=BROTLI_QUALITY, lgwin=24)  # type: ignore[no-untyped-call]
            (folder / (name + COMPRESSED_SUFFIXES["br"])).write_bytes(brotlied)
            zipped = gzip.compress(content, mtime=0)
            (folder / (name + COMPRESSED_SUFFIXES["gzip"])).write_bytes(zipped)
    # The archive has no licence's text; the package for Python is of the same source.
    package = importlib.util.find_spec("onnxruntime")
    assert package is not None  # noqa: S101 - a requirement of the app
    assert package.origin is not None  # noqa: S101
    for name in LICENCE_FILES:
        shutil.copyfile(Path(package.origin).parent / name, folder / name)


def _put_in_place(draft: Path, target: Path) -> None:
    if target.exists() and find_faults(target):
        # Damaged: it makes room. What another process has just put there whole stays.
        shutil.rmtree(target, ignore_errors=True)
    try:
        draft.rename(target)
    except OSError:
        faults = find_faults(target) if target.is_dir() else [f"{target} cannot be written"]
        if faults:
            msg = f"onnxruntime-web was fetched, but {'; '.join(faults)}"
            raise RuntimeNotFetchedError(msg) from None


def main() -> int:
    """Fetch what is missing; say what was done."""
    try:
        fetched = ensure_runtime()
    except RuntimeNotFetchedError as error:
        sys.stderr.write(f"error: {error}.\n")
        return 1
    if fetched:
        sys.stdout.write(f"onnxruntime-web {RUNTIME_VERSION} is in {RUNTIME_FOLDER}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
