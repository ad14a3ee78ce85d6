"""`python -m trainer.host.user_data`: print the cloud-init user data that installs the watch.

For a new instance it is its user data; on one that runs, `sudo bash` takes what `--shell` prints.
`--template` puts it into a template of CloudFormation, where a line stands for it.
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
TEMPLATE_LINE = 'Fn::Base64: "the watch: make cloudformation"'
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
    parser.add_argument("--template", type=Path, help="print this template, with the watch in it")
    given = parser.parse_args()
    files = installed_files(given.options)
    if given.template:
        template = given.template.read_text(encoding="utf-8")
        print(filled_template(template, cloud_config(files)), end="")
    else:
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


def filled_template(template: str, user_data: str) -> str:
    """Return a template of CloudFormation with the user data where its line stands for it.

    Raises:
        ValueError: no line, or more than one, stands for it.

    """
    before, *after = template.split(TEMPLATE_LINE)
    if len(after) != 1:
        msg = f"expected one line {TEMPLATE_LINE!r} in the template, found {len(after)}"
        raise ValueError(msg)
    margin = " " * (len(before) - len(before.rstrip(" ")) + 2)
    block = "".join(f"\n{margin}{line}" for line in user_data.splitlines())
    return f"{before}Fn::Base64: |{block}{after[0]}"


def _packed(text: str) -> str:
    # The same text, the same bytes: no time stands in it.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


if __name__ == "__main__":
    main()
