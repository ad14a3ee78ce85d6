"""The SSH server inside a GPU instance: runs commands and serves files from its home folder.

Started by `gpu_host` as `python -m sandbox.gpu.ssh_server ...`, once for each boot of an instance, and
killed with everything it started when the instance stops. Key logins of one user only; commands
run as `bash -c`, as with OpenSSH; SFTP sees nothing outside the home folder. Each connection that is
let in has a process with OpenSSH's title, by which others on the machine know of it.

Modelled on OpenSSH's behaviour: of a disk that is full, SFTP says "Failure" and no more. Invented: the
machine, which is this one, and a disk of the size that the file `free_bytes` beside the home folder
says, for what comes by SFTP and for `df`.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from asyncssh.misc import MaybeAwait

CHUNK_BYTES = 65_536
# Training leaves the other processor time to the rest of the sandbox's machine.
NICENESS = 5
FREE_BYTES_FILE = "free_bytes"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class SshServerOptions:
    """Everything a server needs to know; no secret among it but paths to key files."""

    address: str
    port: int
    user: str
    home: Path
    host_key: Path
    authorized_keys: Path
    trainer_bin: Path
    library: Path  # the folder that holds the package `trainer`


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.gpu.ssh_server")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", required=True)
    for name in ("home", "host-key", "authorized-keys", "trainer-bin", "library"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = SshServerOptions(**vars(parser.parse_args()))
    try:
        asyncio.run(serve(options))
    except (OSError, asyncssh.Error) as error:
        sys.exit(f"the SSH server on port {options.port} failed: {error}")


async def serve(options: SshServerOptions) -> None:
    """Listen and answer for ever."""
    commands = _Commands(options)
    server = await asyncssh.listen(
        options.address,
        options.port,
        reuse_port=True,  # the sandbox holds the port while the instance is stopped
        server_factory=lambda: _OneUser(options),
        server_host_keys=[str(options.host_key)],
        process_factory=commands.run,
        sftp_factory=lambda channel: _HomeFiles(channel, options.home),
        allow_scp=True,
        encoding=None,
        line_editor=False,
        agent_forwarding=False,
        x11_forwarding=False,
        keepalive_interval=15,
    )
    await server.wait_closed()


class _OneUser(asyncssh.SSHServer):
    """Admits one user by key, and nobody else by anything."""

    def __init__(self, options: SshServerOptions) -> None:
        self._options = options
        self._title: subprocess.Popen[bytes] | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def auth_completed(self) -> None:
        # As OpenSSH's log says it: the witness of who came in.
        user = self._connection.get_extra_info("username")
        sys.stderr.write(f"Accepted publickey for {user}\n")
        sys.stderr.flush()
        title = f"sshd: {self._options.user}@notty"
        command = ["bash", "-c", 'exec -a "$0" sleep infinity', title]
        self._title = subprocess.Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._title is not None:
            self._title.kill()
            self._title.wait()

    def begin_auth(self, username: str) -> bool:
        # Another user has no authorised key: the client reads "permission denied", as anywhere.
        if username == self._options.user:
            self._connection.set_authorized_keys(str(self._options.authorized_keys))
        return True


class _Commands:
    """Runs one command for each SSH channel."""

    def __init__(self, options: SshServerOptions) -> None:
        self._home = options.home
        self._environment = {
            "HOME": str(options.home),
            "USER": options.user,
            "LOGNAME": options.user,
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "PATH": f"{options.home.parent / 'bin'}:{options.trainer_bin}:{SYSTEM_PATH}",
            "PYTHONPATH": str(options.library),
            "TMPDIR": str(options.home / "tmp"),
        }

    async def run(self, channel: asyncssh.SSHServerProcess[bytes]) -> None:
        shell = ["nice", "-n", str(NICENESS), "bash"]
        shell += ["-c", channel.command] if channel.command is not None else ["-s"]
        process = await asyncio.create_subprocess_exec(
            *shell, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=self._home, env=self._environment
        )
        feeding = asyncio.create_task(_feed(channel, process))
        outputs = [
            asyncio.create_task(_copy(process.stdout, channel.stdout)),
            asyncio.create_task(_copy(process.stderr, channel.stderr)),
        ]
        # As with OpenSSH, a background job that keeps the output open keeps the channel open.
        await asyncio.gather(*outputs)
        status = await process.wait()
        feeding.cancel()
        with suppress(OSError, asyncssh.Error):  # the client may have gone meanwhile
            if status < 0:
                channel.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
            else:
                channel.exit(status)


async def _feed(channel: asyncssh.SSHServerProcess[bytes], process: Process) -> None:
    """Pass the client's input and signals on. The command outlives a client that goes away."""
    if process.stdin is None:
        return
    while True:
        try:
            data = await channel.stdin.read(CHUNK_BYTES)
        except asyncssh.SignalReceived as received:
            with suppress(ProcessLookupError, KeyError):
                process.send_signal(signal.Signals[f"SIG{received.signal}"])
            continue
        except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived):
            continue
        except (OSError, asyncssh.Error):
            data = b""
        try:
            if not data:
                process.stdin.close()
                return
            process.stdin.write(data)
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return


async def _copy(source: asyncio.StreamReader | None, target: asyncssh.SSHWriter[bytes]) -> None:
    while source is not None and (data := await source.read(CHUNK_BYTES)):
        try:
            target.write(data)
            await target.drain()
        except (OSError, asyncssh.Error):
            return


class _HomeFiles(asyncssh.SFTPServer):
    """SFTP over the home folder: the paths that commands see, and none outside."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], home: Path) -> None:
        super().__init__(channel)
        self._home = os.fsencode(home)
        self._free_bytes = home.parent / FREE_BYTES_FILE

    def write(self, file_obj: object, offset: int, data: bytes) -> MaybeAwait[int]:
        if self._free_bytes.exists():
            left = int(self._free_bytes.read_text(encoding="ascii")) - len(data)
            self._free_bytes.write_text(str(max(left, 0)), encoding="ascii")
            if left < 0:
                msg = "Failure"
                raise asyncssh.SFTPFailure(msg)
        return super().write(file_obj, offset, data)

    def map_path(self, path: bytes) -> bytes:
        local = os.path.normpath(os.path.join(self._home, path))  # noqa: PTH118 - bytes
        if local == os.path.dirname(self._home):  # noqa: PTH120 - bytes
            return self._home  # `..` of the topmost folder is itself, as below a chroot
        # A link is followed to its folder before the comparison: `link/../..` leads nowhere else.
        folder = os.path.realpath(os.path.dirname(local))  # noqa: PTH120 - bytes
        inside = local == self._home or _is_below(folder, os.path.realpath(self._home))
        if not inside:
            msg = f"{os.fsdecode(path)} is outside of {os.fsdecode(self._home)}"
            raise asyncssh.SFTPPermissionDenied(msg)
        return local


def _is_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")


if __name__ == "__main__":
    main()
