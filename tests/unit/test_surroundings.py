"""Commands work for a user without name and home, and where the encoding has few letters."""

import asyncio
import os
import pwd
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from sightscan.surroundings import login_name
from sightscan.train.host import HostAddress, connect_host

NAMES_OF_A_USER = ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME")
PRINT = """
import sys
from sightscan.cli import main, output
main.app = lambda **_: output.{call}
sys.exit(main.main([]))
"""
# One letter of Latin-1, one of Japanese, one beyond the first 65,536.
NAMES = "Bel\u00e9m \u6771\u4eac \U0001f3f0"


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user whom nobody has given a name or a home."""

    def not_found(uid: int) -> None:
        msg = f"getpwuid(): uid not found: {uid}"
        raise KeyError(msg)

    monkeypatch.setattr(pwd, "getpwuid", not_found)
    for name in NAMES_OF_A_USER:
        # Set first, so that what the code under test sets is taken back.
        monkeypatch.setenv(name, "somebody")
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("nameless")
def test_user_without_a_name_is_known_by_number() -> None:
    assert login_name() == str(os.getuid())


@pytest.mark.usefixtures("nameless")
def test_user_without_a_name_reaches_a_host(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key")
    address = HostAddress(
        "127.0.0.1", 1, "gpu", tmp_path / "key", key.export_public_key().decode().strip()
    )
    # Nobody listens there: that far it came.
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(connect_host(address))


def printed(call: str, encoding: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PRINT.format(call=call)],
        capture_output=True,
        text=True,
        encoding=encoding,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", r"Bel\xe9m \u6771\u4eac \U0001f3f0"),
        ("latin-1", r"Bel\u00e9m \u6771\u4eac \U0001f3f0".replace(r"\u00e9", "\u00e9")),
        ("utf-8", NAMES),
    ],
)
@pytest.mark.parametrize("call", ["print_lines({0!a})", "print_table(('name',), [({0!a},)])"])
def test_letters_that_an_encoding_lacks_are_written_out(
    call: str, encoding: str, shown: str
) -> None:
    assert shown in printed(call.format(NAMES), encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "utf-16"])
def test_json_stays_json_in_any_encoding(encoding: str) -> None:
    text = printed(f"print_json({NAMES!a})", encoding)
    assert text.removeprefix("\ufeff").strip() in {
        f'"{NAMES}"',
        r'"Bel\u00e9m \u6771\u4eac \ud83c\udff0"',
    }
