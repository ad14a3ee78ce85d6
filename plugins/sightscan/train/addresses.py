"""Where the host of an instance is, from the settings.

MTS_SSH_KNOWN_HOSTS is an OpenSSH known_hosts file whose host names are instance ids, since a
public name changes at each start: `i-0abc ssh-ed25519 AAAA...`, or `[i-0abc]:2222 ...` where sshd
does not listen on port 22.
"""

import codecs
import re

from sightscan.errors import SettingsError
from sightscan.settings import Settings
from sightscan.train.host import HostAddress

SSH_PORT = 22
# What editors and shells of Windows begin a file with: `ssh-keyscan ... > known_hosts` writes it so.
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
KNOWN_HOST = re.compile(
    r"(?:\[(?P<bracketed>[^\]]+)\]:(?P<port>\d+)|(?P<plain>\S+))\s+(?P<key>\S+\s+\S+)"
)


def host_address(config: Settings, instance_id: str, host: str) -> HostAddress:
    """Return how to reach the instance, which is at `host` since its last start.

    Raises:
        SettingsError: MTS_SSH_KEY_FILE or MTS_SSH_KNOWN_HOSTS is not set, or does not know it.

    """
    if config.mts_ssh_key_file is None:
        msg = (
            "MTS_SSH_KEY_FILE is not set: expected the private key that opens the GPU host; "
            "set it to the path of the key"
        )
        raise SettingsError(msg)
    port, host_key = _pinned(config, instance_id)
    return HostAddress(
        host=host,
        port=port,
        user=config.mts_ssh_user,
        key_file=config.mts_ssh_key_file,
        host_key=host_key,
    )


def _pinned(config: Settings, instance_id: str) -> tuple[int, str]:
    path = config.mts_ssh_known_hosts
    if path is None:
        msg = (
            "MTS_SSH_KNOWN_HOSTS is not set: expected a known_hosts file with one line per "
            "instance, '<instance id> ssh-ed25519 AAAA...'; write it with ssh-keyscan"
        )
        raise SettingsError(msg)
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"MTS_SSH_KNOWN_HOSTS={path} cannot be read ({error.strerror}); correct the path"
        raise SettingsError(msg) from None
    try:
        text = content.decode("utf-16" if content[:2] in UTF_16_MARKS else "utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"MTS_SSH_KNOWN_HOSTS={path} is no text in UTF-8 ({error.reason}); save it as such"
        raise SettingsError(msg) from None
    for line in text.splitlines():
        found = KNOWN_HOST.match(line.strip())
        if found and instance_id in (found["bracketed"], found["plain"]):
            return int(found["port"] or SSH_PORT), found["key"]
    msg = (
        f"MTS_SSH_KNOWN_HOSTS={path} has no line for {instance_id}; add "
        f"'{instance_id} ssh-ed25519 AAAA...' with the key that the host shows"
    )
    raise SettingsError(msg)
