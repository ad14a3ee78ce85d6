"""The stand-ins without PostgreSQL, for a pipeline that has its own and runs elsewhere: in a container, say."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sandbox.addresses import StandInAddresses
from sandbox.counts import Counts
from sandbox.files import write_private
from sandbox.gpu.gpu_host import require_trainer_environment
from sandbox.options import SandboxOptions
from sandbox.ports import PortBook
from sandbox.postgres.databases import KeptSecrets
from sandbox.processes.startable import Startable
from sandbox.stand_ins import StandIns, load_shown_world
from sandbox.state_lock import lock_state

# What the pipeline is given of them as files: MTS_SSH_KEY_FILE, MTS_SSH_KNOWN_HOSTS, AWS_ACCESS_KEY_FILE.
SSH_KEY, KNOWN_HOSTS, AWS_KEY = "ssh_key", "ssh_known_hosts", "aws_access_key"


class StandInsAlone(Startable):
    """All stand-ins; `files` is the folder in which the pipeline finds keys and pinned host keys.

    One at a time in a process, as `StandIns`.
    """

    def __init__(self, options: SandboxOptions, files: Path, say: Callable[[str], None]) -> None:
        self._options = options
        self._files = files
        self._say = say
        self._stand_ins: StandIns | None = None
        self._closing = ExitStack()

    def start(self) -> StandInAddresses:
        """Start them, then write the files: who sees these may ask."""
        options, state = self._options, self._options.state.resolve()
        require_trainer_environment(options.trainer_bin)
        with ExitStack() as closing:
            state.mkdir(parents=True, exist_ok=True)
            closing.enter_context(lock_state(state))
            self._stand_ins = stand_ins = StandIns(
                options,
                load_shown_world(options, self._say),
                PortBook(state, options.ports),
                KeptSecrets(state / "secrets.json"),
                counts=Counts(),
                say=self._say,
            )
            addresses = stand_ins.start()
            closing.callback(stand_ins.stop)
            self._write(addresses)
            self._closing = closing.pop_all()
        return addresses

    def stop(self) -> None:
        """End them; a second call does nothing."""
        self._closing.close()

    def broken_part(self) -> str | None:
        """Return a sentence about a service that died by itself, None while all is well."""
        return self._stand_ins.broken_part() if self._stand_ins else None

    def _write(self, addresses: StandInAddresses) -> None:
        hosts = addresses.instances
        write_private(self._files / SSH_KEY, hosts[0].key_file.read_text(encoding="utf-8"))
        write_private(self._files / KNOWN_HOSTS, "".join(host.pinned_line for host in hosts))
        write_private(self._files / AWS_KEY, addresses.aws.access_key)
