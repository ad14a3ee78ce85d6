"""`python -m trainer.host.user_data`: print the cloud-init user data that installs the watch.

For a new instance it is its user data; on one that runs, `sudo bash` takes what `--shell` prints.
"""

import argparse
import base64
import gzip
import shlex
from pathlib import Path

LIBRARY = "/usr/local/lib/sightscan"
SERVICE = "sightscan-host.service"
SERVICE_FILE = f"/etc/systemd/system/{SERVICE}"
OPTIONS_FILE = "/etc/default/sightscan-host"
# A connection whose other end is gone is no session: sshd asks, and closes it.
SSHD_FILE = "/etc/ssh/sshd_config.d/60-sightscan.conf"
SSHD_TEXT = "ClientAliveInterval 60\nClientAliveCountMax 3\n"
COMMANDS = (
    "systemctl daemon-reload",
    f"systemctl enable --now {SERVICE}",
    "systemctl reload ssh || systemctl reload sshd",
)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m trainer.host.user_data")
    parser.add_argument("--options", default="", help="for the watch, as `--home /home/trainer`")
    parser.add_argument("--shell", action="store_true", help="print a script for a running host")
    given = parser.parse_args()
    files = installed_files(given.options)
    print(shell_script(files) if given.shell else cloud_config(files), end="")


def installed_files(options: str) -> dict[str, str]:
    """Return the texts of all files by their paths on the host."""
    here = Path(__file__).parent
    files = {
        f"{LIBRARY}/trainer/host/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(here.glob("*.py"))
        if path.name != Path(__file__).name
    }
    files[f"{LIBRARY}/trainer/__init__.py"] = (
        '"""The part of the trainer that watches its host."""\n'
    )
    files[SERVICE_FILE] = (here / SERVICE).read_text(encoding="utf-8")
    files[OPTIONS_FILE] = f"SIGHTSCAN_HOST_OPTIONS={shlex.quote(options)}\n"
    files[SSHD_FILE] = SSHD_TEXT
    return files


def cloud_config(files: dict[str, str]) -> str:
    """Return cloud-init's user data; compressed, since EC2 takes 16 KB."""
    lines = ["#cloud-config", "write_files:"]
    for path, text in files.items():
        lines += [f"  - path: {path}", "    encoding: gz+b64", f"    content: {_packed(text)}"]
    lines += ["runcmd:", *(f"  - {command}" for command in COMMANDS)]
    return "\n".join(lines) + "\n"


def shell_script(files: dict[str, str]) -> str:
    """Return a script that does the same as root."""
    lines = ["set -eu"]
    for path, text in files.items():
        lines += [
            f"mkdir -p {Path(path).parent}",
            f"echo {_packed(text)} | base64 -d | gunzip > {path}",
        ]
    return "\n".join([*lines, *COMMANDS]) + "\n"


def _packed(text: str) -> str:
    # The same text, the same bytes: no time stands in it.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


if __name__ == "__main__":
    main()
