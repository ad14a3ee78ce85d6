"""No test asks the internet, and no service is the real one."""

import socket

import httpx
import pytest
from pytest_socket import SocketConnectBlockedError

from sightscan.settings import Settings, read_settings
from tests.loopback_only import ForeignNameError


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_no_public_address_is_reached() -> None:
    with pytest.raises(SocketConnectBlockedError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)


def test_no_public_name_is_looked_up() -> None:
    with pytest.raises(ForeignNameError, match="a stand-in"):
        socket.getaddrinfo("www.example.org", 443)


def test_no_setting_names_a_real_service() -> None:
    config = read_settings()
    services = {
        name: value
        for name, value in config
        if name in Settings.model_fields and name.endswith(("_url", "_endpoint")) and value
    }
    assert len(services) >= 10
    assert {httpx.URL(f"//{url.rpartition('//')[2]}").host for url in services.values()} == {
        "127.0.0.1"
    }
