"""Choose ports, remember them between starts, and hold those whose server is away.

All is on loopback, unless somebody says which address the stand-ins listen on. Ports lie below Linux's range of ephemeral ports (32768 and up), so that no outgoing connection
takes one between two starts.
"""

import errno
import json
import random
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.files import write_private

LOOPBACK = "127.0.0.1"
FIRST_PORT, LAST_PORT = 20_000, 32_000
ATTEMPTS = 200


@dataclass(frozen=True)
class Listening:
    """The address that stand-ins listen on, and the host by which others know them."""

    address: str = LOOPBACK
    host: str = LOOPBACK


ON_LOOPBACK = Listening()


class PortTaken(RuntimeError):
    """A port that had to be this one is in use, or no free one was found."""


class PortBook:
    """The ports of one state folder by the name of the service: `<folder>/ports.json`.

    Those of `given` are what somebody has said.
    """

    def __init__(self, folder: Path, given: Mapping[str, int] | None = None) -> None:
        self._path = folder / "ports.json"
        self._given = given or {}
        self._ports: dict[str, int] = {}
        if self._path.exists():
            self._ports = json.loads(self._path.read_text(encoding="utf-8"))

    def port_for(self, name: str, address: str = LOOPBACK) -> int:
        """Return the port that this service had last time if it is still free, else a new one.

        Raises:
            PortTaken: it was given, and is not free.

        """
        if (given := self._given.get(name)) is not None:
            require_free(given, f"--port {name}=", address)
            return given
        known = self._ports.get(name)
        if known is not None and is_free(known, address):
            return known
        port = self._ports[name] = self._new_port(address)
        write_private(self._path, json.dumps(self._ports, indent=2))
        return port

    def _new_port(self, address: str) -> int:
        # A port that another service of this book had is not given away.
        taken = {*self._ports.values(), *self._given.values()}
        return free_port(lambda port: port not in taken, address)


def free_port(accept: Callable[[int], bool] = lambda _: True, address: str = LOOPBACK) -> int:
    """Return a port that nothing listens on and that `accept` agrees to."""
    for _ in range(ATTEMPTS):
        port = random.randint(FIRST_PORT, LAST_PORT)
        if accept(port) and is_free(port, address):
            return port
    msg = f"no free port found among {FIRST_PORT}-{LAST_PORT}; end some of the servers there"
    raise PortTaken(msg)


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Say whether a server could listen on this port now."""
    with socket.socket() as probe:
        # Ended connections of an earlier server (TIME_WAIT) do not count; a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def require_free(port: int, option: str, address: str = LOOPBACK) -> None:
    """Raise PortTaken if a server could not listen there; `option` chooses another port."""
    if not is_free(port, address):
        msg = (
            f"port {port} on {address} is taken or not allowed; end the program that listens "
            f"there, or choose another with {option}"
        )
        raise PortTaken(msg)


def hold(port: int, address: str = LOOPBACK) -> socket.socket:
    """Reserve a port without listening on it: connections are refused, nobody else gets it.

    A server of the same user may still listen there with SO_REUSEPORT.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        holder.bind((address, port))
    except OSError as error:
        holder.close()
        msg = f"port {port} on {address} is taken; end the program that listens there"
        raise PortTaken(msg) from error
    # Needed for binding while old connections linger (TIME_WAIT); left on, it would let anybody
    # in who sets it as well, as most servers do.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return holder


def wait_until_open(
    port: int, timeout_seconds: float, is_alive: Callable[[], bool], address: str = LOOPBACK
) -> bool:
    """Wait for a server on a port; return False if it died or the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while is_alive() and time.monotonic() < deadline:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
