"""What lies on the disk of a GPU host between runs, and whether it is what its name says.

    sightscan/images/<sha256>.<jpg|png|webp>
    sightscan/weights/weights-<sha256>.<safetensors|pt>
    sightscan/verified.index
    sightscan/runs/<city>/<dataset>-<request>/     links to those above
    .sightscan-jobs/<job>/                         logs of Airflow's remote jobs

A file is read there once and known from then on by its size, inode and times, the time of its last
change among them, which nobody can set. The index that says so is signed with what is derived from
our SSH key: one that was cut short, made by hand or brought from elsewhere counts for nothing.

Names go in and out on standard input and output, ended by zeros, never on a command line.
"""

import hashlib
import hmac
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncssh

from sightscan.errors import HostDiskFull, InstanceError
from sightscan.progress import PROGRESS_SECONDS
from sightscan.train.host import HostAddress
from sightscan.train.transfer import PART_SUFFIX, open_connection, run_script, write_file
from sightscan.training import HOST_LOCK_FILE

logger = logging.getLogger(__name__)

INDEX_FILE = "sightscan/verified.index"
# One command for so many files: seconds of reading, between two lines of progress.
HASH_BATCH_FILES = 500
# Less room than this is a disk that is full: file systems keep some for root.
FULL_DISK_BYTES = 50_000_000

# $1 is the lock, which is made if it is no file; the rest are folders, the upper ones first, of which
# the first is made, never replaced. Links to folders may lead to another disk.
_MAKE_FOLDERS = """
set -e
lock=$1
shift
mkdir -p -- "$1"
for folder; do
    if [ ! -d "$folder" ]; then rm -f -- "$folder"; mkdir -- "$folder"; fi
    if [ ! -r "$folder" ] || [ ! -w "$folder" ] || [ ! -x "$folder" ]; then
        chmod u+rwx -- "$folder"
    fi
done
if [ -L "$lock" ] || [ ! -f "$lock" ]; then rm -rf -- "$lock"; : > "$lock"; fi
if [ ! -r "$lock" ] || [ ! -w "$lock" ]; then chmod u+rw -- "$lock"; fi
"""
_LIST = r"""
find sightscan/images/ sightscan/weights/ -mindepth 1 -maxdepth 1 \
    -printf '%y %s:%i:%T@:%C@ %p\0'
"""
# What cannot be read has no line.
_HASH = "xargs -0 -r sha256sum -z -- 2>/dev/null || true"
# Folders that may not be written are opened first; what still will not go is told.
_REMOVE = r"""
xargs -0 -r bash -c '
    rm -rf -- "$@" 2>/dev/null && exit
    for path; do
        [ -L "$path" ] || find "$path" -type d -exec chmod u+rwx {} \; 2>/dev/null
    done
    rm -rf -- "$@"
' remove 2>&1 | { head -c 300; cat >/dev/null; }
"""
_READ_INDEX = '[ ! -f "$1" ] || head -c "$2" -- "$1"'
MAX_INDEX_BYTES = 200_000_000
_FREE = "df --block-size=1 --output=avail -- sightscan sightscan/images | tail -n +2 | sort -n | head -1"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the host lists it: kind as of find (`f`, `d`, `l`, ...), stamp as in the index."""

    kind: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Which of the wanted files are whole, which are there but are not; how many were read for it."""

    whole: frozenset[str]
    damaged: frozenset[str]
    hashed: int


@asynccontextmanager
async def open_store(address: HostAddress) -> AsyncIterator["HostStore"]:
    """Open the disk of a host, with its folders made; what breaks on the way becomes one sentence.

    Raises:
        HostDiskFull: something broke, and there is no room left.
        InstanceError: the connection is lost, or the host refuses an operation.

    """
    async with open_connection(address) as host, host.start_sftp_client() as sftp:
        store = HostStore(address, host, sftp)
        try:
            await store.make_folders()
            yield store
        except (asyncssh.SFTPError, InstanceError, ExceptionGroup):
            # OpenSSH says no more than "Failure" of a disk that is full.
            await store.require_room(FULL_DISK_BYTES, "for anything at all")
            raise


@dataclass(frozen=True, slots=True)
class HostStore:
    """The files of one host, through a connection that its caller opened."""

    address: HostAddress
    host: asyncssh.SSHClientConnection
    sftp: asyncssh.SFTPClient

    async def run(self, script: str, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a script in the home folder, as `run_script`."""
        return await run_script(self.host, script, *arguments, stdin=stdin)

    async def make_folders(self) -> None:
        """Make the folders and the lock's file; what else stands in their place goes."""
        folders = ("sightscan", "sightscan/images", "sightscan/weights", "sightscan/runs")
        await self.run(_MAKE_FOLDERS, HOST_LOCK_FILE, *folders)

    async def list_files(self) -> dict[str, StoredFile]:
        """Return whatever lies in the folders of photos and weights, by path."""
        records = (record.split(" ", 2) for record in split_paths(await self.run(_LIST)))
        return {path: StoredFile(kind, stamp) for kind, stamp, path in records}

    async def verify(self, wanted: Mapping[str, bytes]) -> Verified:
        """Compare files with their SHA-256, by path; read only those that are not known as whole.

        The index is left up to date: what it says of other files stays as long as it holds.
        """
        files = await self.list_files()
        index = await self._read_index()
        known = {path for path, file in files.items() if _index_line(path, file) in index}
        present = wanted.keys() & files.keys()
        doubtful = sorted(path for path in present - known if files[path].kind == "f")
        hashes = await self._hash(doubtful)
        good = {path for path in doubtful if hashes.get(path) == wanted[path]}
        # A listing from before the reading: what is written meanwhile is read the next time.
        lines = {_index_line(path, files[path]) for path in known | good}
        if lines != index:
            await self._write_index(lines)
        whole = (present & known) | good
        return Verified(frozenset(whole), frozenset(present - whole), len(doubtful))

    async def remove(self, paths: Collection[str]) -> str:
        """Remove files, links and folders with all that is in them; return what the host says if it cannot."""
        if not paths:
            return ""
        told = await self.run(_REMOVE, stdin=_join_paths(sorted(paths)))
        return " ".join(told.decode("utf-8", "replace").split())

    async def remove_surely(self, paths: Collection[str]) -> None:
        """Remove files, links and folders.

        Raises:
            InstanceError: the host cannot.

        """
        complaint = await self.remove(paths)
        if complaint:
            msg = (
                f"{self.address} cannot remove what must go ({complaint}): delete it there as root, "
                "run the task again"
            )
            raise InstanceError(msg)

    async def free_bytes(self) -> int:
        """Return for how many bytes there is room, on the fuller disk if there are two."""
        told = (await self.run(_FREE)).decode("ascii", "replace").strip()
        if not told.isdecimal():
            msg = f"df on {self.address} says {told[:80]!r}, expected a number of bytes; look there"
            raise InstanceError(msg)
        return int(told)

    async def require_room(self, byte_count: int, purpose: str) -> int:
        """Return the number of free bytes.

        Raises:
            HostDiskFull: it is less than this.

        """
        free = await self.free_bytes()
        if free < byte_count:
            msg = (
                f"the disk of {self.address} has {free} bytes left and needs {byte_count} {purpose}: "
                "delete there what is not SightScan's, or photos in ~/sightscan/images (they are "
                "sent again), or give the instance a larger disk; then clear await_host with "
                "everything downstream"
            )
            raise HostDiskFull(msg)
        return free

    async def _hash(self, paths: Sequence[str]) -> dict[str, bytes]:
        hashes: dict[str, bytes] = {}
        said_at = time.monotonic()
        for start in range(0, len(paths), HASH_BATCH_FILES):
            batch = paths[start : start + HASH_BATCH_FILES]
            for record in split_paths(await self.run(_HASH, stdin=_join_paths(batch))):
                digits, _, path = record.partition("  ")
                hashes[path] = bytes.fromhex(digits)
            if time.monotonic() - said_at >= PROGRESS_SECONDS:
                said_at = time.monotonic()
                logger.info("verified=%d of=%d", start + len(batch), len(paths))
        return hashes

    async def _read_index(self) -> set[str]:
        content = await self.run(_READ_INDEX, INDEX_FILE, str(MAX_INDEX_BYTES))
        signature, _, text = content.partition(b"\n")
        if not hmac.compare_digest(signature, self._sign(text)):
            if content:
                logger.warning("host=%s index is not ours: every file is read", self.address)
            return set()
        return set(split_paths(text))

    async def _write_index(self, lines: Collection[str]) -> None:
        part = f"{INDEX_FILE}{PART_SUFFIX}"
        await self.remove_surely([INDEX_FILE, part])
        text = _join_paths(sorted(lines))
        await write_file(self.sftp, INDEX_FILE, self._sign(text) + b"\n" + text)

    def _sign(self, text: bytes) -> bytes:
        secret = hashlib.sha256(b"sightscan index\n" + self.address.key_file.read_bytes()).digest()
        return hmac.digest(secret, text, "sha256").hex().encode()


def split_paths(printed: bytes) -> list[str]:
    """Return what is ended by zeros, as text that keeps bytes that are none."""
    return [one.decode("utf-8", "surrogateescape") for one in printed.split(b"\0")[:-1]]


def _join_paths(paths: Collection[str]) -> bytes:
    return b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)


def _index_line(path: str, file: StoredFile) -> str:
    return f"{file.kind} {file.stamp} {path}"
