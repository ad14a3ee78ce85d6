"""Ports are free, remembered and held."""

import socket
from pathlib import Path

import pytest

from sandbox.ports import PortBook, PortTaken, free_port, hold, is_free


def test_free_port_is_below_the_ephemeral_range() -> None:
    """No outgoing connection takes it between two starts."""
    assert 20_000 <= free_port() <= 32_000


def test_book_remembers_a_port(tmp_path: Path) -> None:
    """Addresses stay the same over a restart."""
    assert PortBook(tmp_path).port_for("web") == PortBook(tmp_path).port_for("web")


def test_book_gives_services_different_ports(tmp_path: Path) -> None:
    """Although neither listens yet."""
    book = PortBook(tmp_path)
    assert len({book.port_for(f"service {number}") for number in range(20)}) == 20


def test_book_replaces_a_port_that_was_taken(tmp_path: Path) -> None:
    """A stranger's server moves ours."""
    port = PortBook(tmp_path).port_for("web")
    with socket.create_server(("127.0.0.1", port)):
        assert PortBook(tmp_path).port_for("web") != port


def test_held_port_refuses_connections() -> None:
    """As a stopped machine does."""
    port = free_port()
    with hold(port), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_held_port_is_not_free() -> None:
    """Nobody else gets it."""
    port = free_port()
    with hold(port):
        assert not is_free(port)


def test_taken_port_cannot_be_held() -> None:
    """The error names the port."""
    port = free_port()
    taken = socket.create_server(("127.0.0.1", port))
    with taken, pytest.raises(PortTaken, match=f"port {port} on 127.0.0.1 is taken"):
        hold(port)
