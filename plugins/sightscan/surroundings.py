"""What a machine may lack: a name for its user, a home folder, an encoding with all letters."""

import getpass
import io
import os
from typing import TextIO


def login_name() -> str:
    """Return the name of who runs this; the number of a user who has none, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def provide_name_and_home() -> None:
    """Tell libraries that give up without the user's name and home what stands in for them.

    The home is then the root folder, as containers have it: nobody else leaves files there.
    """
    os.environ.setdefault("LOGNAME", login_name())
    if os.path.expanduser("~") == "~":  # noqa: PTH111 - pathlib raises
        os.environ["HOME"] = "/"


def write_any_letter(stream: TextIO) -> None:
    """Have letters that a stream's encoding lacks written out by their numbers, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def has_all_letters(stream: TextIO) -> bool:
    """Tell whether a stream's encoding has every letter there is."""
    return (stream.encoding or "utf-8").lower().replace("-", "").startswith("utf")
