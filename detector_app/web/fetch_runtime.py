"""Fetch onnxruntime-web from the npm registry, without npm: `python -m detector_app.web.fetch_runtime`.

Run by `make setup` and by the image's build. Of the archive, only what browsers are sent is kept. A
folder appears whole or not at all, so that a cut download and two that fetch at once do no harm.
"""

import gzip
import importlib.util
import io
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

import brotli

from detector_app.web.npm_archive import NotFetchedError, NpmPackage, fetch_archive
from detector_app.web.runtime import (
    COMPRESSED_SUFFIXES,
    LICENCE_FILES,
    RUNTIME_FILES,
    RUNTIME_FOLDER,
    RUNTIME_INTEGRITY,
    RUNTIME_VERSION,
    find_faults,
)

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
    package = NpmPackage("onnxruntime-web", RUNTIME_VERSION, RUNTIME_INTEGRITY)
    try:
        archive = fetch_archive(package, registry)
    except NotFetchedError as error:
        msg = f"{error}. Without it the app names sights in photos, but in no film"
        raise RuntimeNotFetchedError(msg) from error
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder, prefix=f".{RUNTIME_VERSION}."))
    try:
        _unpack(archive, draft)
        draft.chmod(0o755)
        _put_in_place(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


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
