"""No test of the app asks the internet."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError

from tests.loopback_only import ForeignNameError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_app_reaches_nobody() -> None:
    with pytest.raises(SocketConnectBlockedError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)


def test_app_looks_up_no_name() -> None:
    with pytest.raises(ForeignNameError, match="a stand-in"):
        socket.getaddrinfo("www.example.org", 443)
