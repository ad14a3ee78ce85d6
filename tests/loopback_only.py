"""No test asks the internet: pytest-socket closes connections but for loopback, this closes DNS.

What C libraries (gRPC, libpq) and child processes ask is outside both. Their addresses come from
settings, which `conftest.py` points at nobody unless a test points them at a stand-in.
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest


class ForeignNameError(RuntimeError):
    """A test looked up another machine; no OSError, lest code takes it for a network in trouble."""


@pytest.fixture(scope="session", autouse=True)
def no_foreign_names() -> Iterator[None]:
    """Refuse to look up any name but those of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, _refusing_foreign_names(getattr(socket, name)))
        yield


def _refusing_foreign_names(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: str | bytes | None, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name not in ("localhost", socket.gethostname()) and not _is_address(name):
            msg = f"a test looked up {name!r}: point its setting at a stand-in on 127.0.0.1"
            raise ForeignNameError(msg)
        return look_up(host, *args, **kwargs)

    return guarded


def _is_address(name: str) -> bool:
    try:
        socket.inet_aton(name)  # in any spelling: 127.1, 0x7f.1
    except OSError:
        return ":" in name
    return True
