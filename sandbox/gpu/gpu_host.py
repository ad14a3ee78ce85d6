"""Be the GPU host behind each EC2 instance: an SSH server that lives while its instance runs.

Booting starts one process (`ssh_server`) under a subreaper; stopping the instance kills it
and every descendant, detached ones too. The disk (`<folder>/home`), the host key and the port
survive, as a stopped instance's do. While the instance is stopped, connections are refused and
the port is held, so that no other program gets it.

Beside it runs the watch of a real host, `trainer.host`, as after an installation by user data: over the
processes of this machine alone, and with a file for its power switch.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import asyncssh

from sandbox.addresses import SshAddress
from sandbox.counts import Counts
from sandbox.files import private_folder, write_private
from sandbox.gpu.ec2_fleet import State
from sandbox.gpu.ssh_server import FREE_BYTES_FILE
from sandbox.ports import ON_LOOPBACK, Listening, PortBook, hold, wait_until_open
from sandbox.processes.processes import KeptProcess, start_kept

USER = "ubuntu"
BOOT_TIMEOUT_SECONDS = 30
REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_TRAINER_BIN = REPOSITORY / ".venv" / "trainer" / "bin"


class TrainerEnvironmentMissing(RuntimeError):
    """The folder that should hold the trainer's Python does not."""


def require_trainer_environment(trainer_bin: Path) -> Path:
    """Return the folder if it holds a Python that can be run; raise if not."""
    if not os.access(trainer_bin / "python", os.X_OK):
        msg = (
            f"the trainer's environment is missing: no python in {trainer_bin}; "
            "run `make setup`, or name its bin folder with --trainer-bin"
        )
        raise TrainerEnvironmentMissing(msg)
    return trainer_bin


class GpuHost:
    """The machine of one instance. `on_state` belongs into `Ec2Fleet.on_state`."""

    def __init__(
        self,
        instance_id: str,
        folder: Path,
        counts: Counts,
        ports: PortBook,
        *,
        client_key: Path,
        trainer_bin: Path = DEFAULT_TRAINER_BIN,
        boot_seconds: float = 1.0,
        watch_options: Sequence[str] = (),
        on_shutdown: Callable[[], None] | None = None,
        listening: Listening = ON_LOOPBACK,
    ) -> None:
        """Prepare disk and host key, and hold the port; nothing answers before it runs."""
        self._instance_id = instance_id
        self._listening = listening
        self._folder = private_folder(folder)
        self._counts = counts
        self._trainer_bin = trainer_bin
        self._client_key = client_key
        self.boot_seconds = boot_seconds
        self.watch_options = watch_options
        # What follows when the machine powers itself off: EC2 notices.
        self._on_shutdown = on_shutdown or self.power_off
        self._watch: KeptProcess | None = None
        self._watch_count = 0
        self._booted_at = 0.0
        self._lock = threading.Lock()
        self._process: KeptProcess | None = None
        self._boot: threading.Timer | None = None
        self.home = private_folder(folder / "home")
        private_folder(self.home / "tmp")
        self._host_key = ed25519_key(folder / "ssh_host_ed25519_key", f"{instance_id} host key")
        self._port = ports.port_for(f"ssh {instance_id}", listening.address)
        self._holder: socket.socket | None = hold(self._port, listening.address)

    @property
    def address(self) -> SshAddress:
        """How clients reach it, while its instance runs."""
        public = self._host_key.with_suffix(".pub").read_text(encoding="utf-8").split()
        return SshAddress(
            instance_id=self._instance_id,
            host=self._listening.host,
            port=self._port,
            user=USER,
            key_file=self._client_key,
            host_key=" ".join(public[:2]),
        )

    def on_state(self, state: State) -> None:
        """Boot some time after `running`, lose every process before `stopping` is visible."""
        if state == "running":
            # "Running" comes before sshd answers: clients have to wait for the port.
            self._boot = threading.Timer(self.boot_seconds, self.power_on)
            self._boot.daemon = True
            self._boot.start()
        elif state != "pending":
            self.power_off()

    def power_on(self) -> None:
        """Start the SSH server and wait until it answers."""
        with self._lock:
            if self._process is not None or self._holder is None:
                return
            self._process = start_kept(
                f"instance {self._instance_id}",
                self._command(),
                environment=self._environment(),
                folder=self.home,
                log_path=self._folder / "sshd.log",
            )
            process = self._process
            self._booted_at = time.clock_gettime(time.CLOCK_BOOTTIME)
            self._start_watch(process.subreaper.pid)
        self._counts.add("gpu_host", "boots")
        address = self._listening.address
        if not wait_until_open(self._port, BOOT_TIMEOUT_SECONDS, process.is_running, address):
            # Not raised: a real instance "runs" as well while its sshd is broken.
            self._counts.add("gpu_host", "failed_boots")
            if self._process is not None:  # else it was powered off meanwhile
                sys.stderr.write(
                    f"the SSH server of {self._instance_id} did not start: {process.last_lines()}\n"
                )

    def power_off(self) -> None:
        """Kill every process of the machine; return when none is left."""
        if self._boot is not None:
            self._boot.cancel()
        with self._lock:
            for process in (self._process, self._watch):
                if process is not None:
                    process.stop()
            self._process = self._watch = None

    def watch_anew(self, *options: str) -> None:
        """Have another watch, with these options, take over the machine as it runs."""
        with self._lock:
            if self._watch is not None:
                self._watch.stop()
            if self._process is not None:
                self.watch_options = options
                self._start_watch(self._process.subreaper.pid)

    def set_free_bytes(self, free_bytes: int) -> None:
        """Leave so much room on the disk: for what is sent by SFTP, and as `df --output=avail` says."""
        room = self._folder / FREE_BYTES_FILE
        room.write_text(str(free_bytes), encoding="ascii")
        self._add_program("df", f"echo Avail\ncat '{room}'")

    def show_gpu(self, *, is_there: bool) -> None:
        """Have `nvidia-smi` list a GPU, or not. There is none: torch finds no CUDA, and a self-check fails."""
        if is_there:
            gpu = "GPU 0: NVIDIA T4 (UUID: GPU-00000000-0000-0000-0000-000000000000)"
            self._add_program("nvidia-smi", f"echo '{gpu}'")
        else:
            (self._folder / "bin" / "nvidia-smi").unlink(missing_ok=True)

    def _add_program(self, name: str, script: str) -> None:
        program = private_folder(self._folder / "bin") / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o700)

    def close(self) -> None:
        """Power off and give the port back."""
        self.power_off()
        with self._lock:
            if self._holder is not None:
                self._holder.close()
                self._holder = None

    def _start_watch(self, root_pid: int) -> None:
        # Its own: whoever watched before must not take it for theirs.
        self._watch_count += 1
        switch = self._folder / f"powered_off_{self._watch_count}"
        switch.unlink(missing_ok=True)
        # A real system ends the watch with all the rest.
        power_off = f"sh -c 'touch {switch}; kill $PPID'"
        command: list[str | Path] = [sys.executable, "-m", "trainer.host", "--home", self.home]
        command += ["--root-pid", str(root_pid), "--power-off", power_off]
        command += ["--booted-at", str(self._booted_at)]
        watch = self._watch = start_kept(
            f"watch of {self._instance_id}",
            [*command, *self.watch_options],
            environment=self._environment(),
            folder=self.home,
            log_path=self._folder / "watch.log",
        )

        def follow() -> None:
            watch.subreaper.wait()
            if switch.exists():
                self._counts.add("gpu_host", "shutdowns")
                self._on_shutdown()

        threading.Thread(target=follow, daemon=True).start()

    def _command(self) -> list[str | Path]:
        command: list[str | Path] = [sys.executable, "-m", "sandbox.gpu.ssh_server"]
        command += ["--address", self._listening.address, "--port", str(self._port)]
        command += ["--user", USER, "--home", self.home]
        command += ["--host-key", self._host_key, "--trainer-bin", self._trainer_bin]
        command += ["--authorized-keys", self._client_key.with_suffix(".pub")]
        return [*command, "--library", REPOSITORY]

    def _environment(self) -> dict[str, str]:
        # Built anew: no password, token or key of the sandbox's caller reaches the host.
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
        }


def ed25519_key(path: Path, comment: str) -> Path:
    """Return a private key file (0600) with its `.pub` beside it; made once, then kept."""
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
        public = key.export_public_key().decode()
        write_private(path.with_suffix(".pub"), public)
        write_private(path, key.export_private_key().decode())
    return path
