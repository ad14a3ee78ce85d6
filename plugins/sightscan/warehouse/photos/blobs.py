"""Where the bytes of photos are: in PostgreSQL, or as objects of the store that PHOTO_STORE names.

An object's key is the hash of its bytes, and it is written before the row that points to it is
committed: whoever dies in between leaves an object that nothing points to and the next try writes
again. Whatever PHOTO_STORE says now, readers follow the row: some photos may be here, some there.
"""

import hashlib
import uuid
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row
from upath import UPath

from sightscan.dataset_folder import SUFFIXES
from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import Settings, settings
from sightscan.warehouse.connection import Connector
from sightscan.warehouse.statements import statement

# Objects asked for at a time: a store answers in some 20 ms, whoever else is asking.
PARALLEL_OBJECTS = 16


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """A photo as `core.photo_blob` has it: its bytes, or the address of its object."""

    sha256: bytes
    content: bytes | None
    uri: str | None


@dataclass(frozen=True, slots=True)
class PhotoStore:
    """An object store for photos; `url` ends without a slash."""

    url: str
    config: Settings

    @property
    def prefix(self) -> str:
        """Return what the addresses of its objects begin with."""
        return f"{self.url}/"

    def address(self, sha256: bytes, media_type: str) -> str:
        """Return where the photo with this hash is kept."""
        name = sha256.hex()
        return f"{self.url}/{name[:2]}/{name}{SUFFIXES[media_type]}"

    def write(self, photos: Sequence[tuple[bytes, str, bytes]]) -> list[str]:
        """Write (sha256, media type, bytes) of photos at once; return their addresses in order.

        Raises:
            WarehouseError: the store refuses one of them.

        """
        with ThreadPoolExecutor(PARALLEL_OBJECTS) as pool:
            return list(pool.map(lambda photo: self._write_one(*photo), photos))

    def _write_one(self, sha256: bytes, media_type: str, content: bytes) -> str:
        uri = self.address(sha256, media_type)
        path = _open(uri, self.config)
        try:
            if path.protocol in ("", "file", "local"):
                _write_file(path, content)
            else:
                # One request: an object is there whole, or not at all.
                path.fs.pipe_file(path.path, content, **_content_type(path, media_type))
        # Each object store has errors of its own.
        except Exception as error:
            raise WarehouseError(_refusal("write", uri, error)) from error
        return uri


def open_photo_store(config: Settings) -> PhotoStore | None:
    """Return the store that PHOTO_STORE names, or None: photos are kept in PostgreSQL.

    Raises:
        SettingsError: PHOTO_STORE is no URL, or of a kind that is not installed.

    """
    if not config.photo_store:
        return None
    scheme, separator, rest = config.photo_store.partition("://")
    if not (scheme and separator and rest.strip("/")) or (scheme == "file" and rest[0] != "/"):
        msg = (
            f"PHOTO_STORE={config.photo_store!r} is no place for photos: expected a URL such as "
            "s3://bucket/folder or file:///folder, or nothing for PostgreSQL; correct it"
        )
        raise SettingsError(msg)
    url = config.photo_store.rstrip("/")
    try:
        _open(url, config)
    except (ValueError, ImportError) as error:
        msg = f"PHOTO_STORE={config.photo_store!r} cannot be used: {error}; install what it needs"
        raise SettingsError(msg) from error
    return PhotoStore(url, config)


def read_contents(
    places: Iterable[PhotoPlace], connect: Connector
) -> Generator[tuple[bytes, bytes], None, None]:
    """Yield (sha256, bytes) of photos in their order; those in an object store are read ahead.

    At most PARALLEL_OBJECTS of them are in memory. `connect` opens another connection to look where
    a photo is now, should it have moved meanwhile.

    Raises:
        WarehouseError: an object is not there, or is not what it should be; the sentence names it.

    """
    ahead: deque[tuple[bytes, Future[bytes]]] = deque()
    with ExitStack() as stack:
        pool: ThreadPoolExecutor | None = None
        try:
            for place in places:
                if place.content is not None and not ahead:
                    yield place.sha256, place.content
                    continue
                if pool is None:
                    pool = stack.enter_context(ThreadPoolExecutor(PARALLEL_OBJECTS))
                ahead.append((place.sha256, pool.submit(read_content, place, connect)))
                if len(ahead) >= PARALLEL_OBJECTS:
                    sha256, future = ahead.popleft()
                    yield sha256, future.result()
            while ahead:
                sha256, future = ahead.popleft()
                yield sha256, future.result()
        finally:
            for _, future in ahead:
                future.cancel()


def read_content(place: PhotoPlace, connect: Connector) -> bytes:
    """Return the bytes of a photo, wherever they are.

    Raises:
        WarehouseError: its object is not there, or is not what it should be.

    """
    if place.content is not None:
        return place.content
    try:
        return read_object(place.sha256, place.uri or "")
    except FileNotFoundError:
        moved = _look_again(place.sha256, connect)
    # Moved after its row was read: it is where the row says now.
    if moved is not None and moved.uri != place.uri:
        try:
            return moved.content if moved.content is not None else read_object(*_object(moved))
        except FileNotFoundError:
            place = moved
    msg = (
        f"the photo {place.sha256.hex()} is not at {place.uri}: expected the object that "
        "core.photo_blob points to; restore it from a backup of the store, or remove the photo"
    )
    raise WarehouseError(msg)


def read_object(sha256: bytes, uri: str, config: Settings | None = None) -> bytes:
    """Return the object at this address, if it is the photo with this hash.

    Raises:
        FileNotFoundError: there is none.
        WarehouseError: it is another, or the store refuses.

    """
    path = _open(uri, config or settings())
    try:
        # One request: opening it as a file would ask for its size first.
        content: bytes = path.fs.cat_file(path.path)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise WarehouseError(_refusal("read", uri, error)) from error
    if hashlib.sha256(content).digest() != sha256:
        msg = (
            f"the object {uri} ({len(content)} bytes) is not the photo {sha256.hex()}: its hash "
            "differs; restore it from a backup of the store, or remove the photo"
        )
        raise WarehouseError(msg)
    return content


def delete_objects(uris: Sequence[str], config: Settings | None = None) -> None:
    """Delete objects; one that is gone already is fine.

    Raises:
        WarehouseError: the store refuses.

    """

    def delete(uri: str) -> None:
        try:
            path = _open(uri, config or settings())
            path.fs.rm_file(path.path)
        except FileNotFoundError:
            return
        except Exception as error:
            raise WarehouseError(_refusal("delete", uri, error)) from error

    with ThreadPoolExecutor(PARALLEL_OBJECTS) as pool:
        list(pool.map(delete, uris))


def _look_again(sha256: bytes, connect: Connector) -> PhotoPlace | None:
    # A connection of its own: the reader's may be in the middle of a COPY.
    with connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            statement("photos/read_photo_place"), {"sha256": sha256}, binary=True
        ).fetchone()
    return None if row is None else PhotoPlace(sha256, row["bytes"], row["uri"])


def _object(place: PhotoPlace) -> tuple[bytes, str]:
    return place.sha256, place.uri or ""


def _open(uri: str, config: Settings) -> UPath:
    """Open an address with the credentials of Airflow's connection `sightscan_aws`, if it is S3."""
    if not uri.startswith(("s3://", "s3a://")):
        return UPath(uri)
    secret = config.aws_access_key
    return UPath(
        uri,
        # Without a key of ours, the machine's own: an instance's role, a profile.
        key=config.aws_access_key_id,
        secret=secret.get_secret_value() if secret else None,
        endpoint_url=config.photo_store_endpoint_url or config.aws_endpoint_url,
        client_kwargs={"region_name": config.aws_region},
        # A listing that is remembered would hide what another process wrote.
        use_listings_cache=False,
    )


def _write_file(path: UPath, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two writers of one photo write the same bytes, each under a name of its own until it is whole.
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    part.write_bytes(content)
    part.rename(path)


def _content_type(path: UPath, media_type: str) -> dict[str, Any]:
    return {"ContentType": media_type} if path.protocol in ("s3", "s3a") else {}


def _refusal(verb: str, uri: str, error: Exception) -> str:
    return (
        f"the object store does not {verb} {uri} ({type(error).__name__}: {error}); check "
        "PHOTO_STORE, AWS_ACCESS_KEY_ID, AWS_ACCESS_KEY and AWS_REGION, and that the key may do so"
    )
