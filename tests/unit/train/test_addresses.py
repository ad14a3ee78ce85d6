"""The pinned key of a host is found however the file with it was written."""

from pathlib import Path

import pytest

from sightscan.errors import SettingsError
from sightscan.settings import read_settings
from sightscan.train.addresses import host_address

LINES = "# hosts\n[i-0abc]:2222 ssh-ed25519 AAAA one\ni-0def ssh-ed25519 BBBB\n"
HOST_KEYS = {"i-0abc": (2222, "ssh-ed25519 AAAA"), "i-0def": (22, "ssh-ed25519 BBBB")}


def pinned(content: bytes, folder: Path, instance_id: str) -> tuple[int, str]:
    path = folder / "known_hosts"
    path.write_bytes(content)
    config = read_settings(mts_ssh_known_hosts=path, mts_ssh_key_file=folder / "key")
    address = host_address(config, instance_id, "host.example")
    return address.port, address.host_key


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("instance_id", ["i-0abc", "i-0def"])
def test_key_is_found_in_any_encoding_of_windows(
    tmp_path: Path, encoding: str, line_end: str, instance_id: str
) -> None:
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    content = (mark + LINES.removeprefix("# hosts\n").replace("\n", line_end)).encode(encoding)
    assert pinned(content, tmp_path, instance_id) == HOST_KEYS[instance_id]


@pytest.mark.parametrize("content", [b"\xff\xfei", b"i-0abc ssh-ed25519 AAAA \xe9", b"\x80"])
def test_file_that_is_no_text_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SettingsError, match=r"known_hosts is no text in UTF-8 .* save it as such"):
        pinned(content, tmp_path, "i-0abc")
