"""The embedded PostgreSQL: passwords, folders, restarts."""

import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox.addresses import PostgresAddress
from sandbox.postgres import cluster as postgres_cluster
from sandbox.postgres.server import EmbeddedPostgres, PostgresError
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for the tests that do not stop it."""
    running = EmbeddedPostgres(tmp_path_factory.mktemp("embedded"), survives_power_cut=False)
    with running:
        running.create_login("owner", "first password")
        running.create_login("visitor", "visitor's password")
        running.create_login("stranger", "stranger's password")
        running.create_database("things", "owner", visitors=["visitor"])
        yield running
    running.erase()


@pytest.fixture(scope="module")
def restartable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The cluster of the tests that start, stop and kill it."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("restartable"), survives_power_cut=False)
    yield server
    server.erase()


@pytest.fixture
def own_server(restartable: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """A stopped server that the test may start, kill and start again."""
    yield restartable
    restartable.stop()


def _as(server: EmbeddedPostgres, user: str, password: str) -> PostgresAddress:
    address = server.superuser
    return PostgresAddress(address.host, address.port, "things", user, password)


def test_database_belongs_to_its_owner(server: EmbeddedPostgres) -> None:
    """The owner may create schemas: migrations run as the owner."""
    with _as(server, "owner", "first password").connect() as connection:
        connection.execute("create schema core")


def test_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    """Passwords are checked even on loopback."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _as(server, "owner", "wrong").connect()


def test_creating_a_login_again_sets_its_password(server: EmbeddedPostgres) -> None:
    """A kept state folder and a new password meet."""
    server.create_login("renewed", "old")
    server.create_login("renewed", "new")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        _as(server, "renewed", "new").connect()


def test_creating_a_database_again_keeps_it(server: EmbeddedPostgres) -> None:
    """The second start of a sandbox finds its data."""
    server.create_database("things", "owner")
    with _as(server, "visitor", "visitor's password").connect() as connection:
        assert connection.execute("select current_user").fetchone() == ("visitor",)


def test_a_login_without_leave_cannot_enter_a_database(server: EmbeddedPostgres) -> None:
    """The app cannot look into Airflow's database."""
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        _as(server, "stranger", "stranger's password").connect()


def test_passwords_are_stored_as_scram(server: EmbeddedPostgres) -> None:
    """No hash weaker than scram-sha-256 is kept."""
    query = "select count(*) from pg_authid where rolpassword not like 'SCRAM-SHA-256$%'"
    with server.superuser.connect() as connection:
        assert connection.execute(query).fetchone() == (0,)


def test_listens_on_loopback_only(server: EmbeddedPostgres) -> None:
    """Neither another interface nor a unix socket."""
    query = "select current_setting('listen_addresses'), current_setting('unix_socket_directories')"
    with server.superuser.connect() as connection:
        assert connection.execute(query).fetchone() == ("127.0.0.1", "")


def test_password_file_is_private(server: EmbeddedPostgres) -> None:
    """Only the owner reads the superuser's password."""
    path = server._folder / "superuser_password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_address_does_not_show_its_password(server: EmbeddedPostgres) -> None:
    """A logged address tells no secret."""
    assert server.superuser.password not in repr(server.superuser)


def test_data_and_port_survive_a_restart(own_server: EmbeddedPostgres) -> None:
    """Stop and start lose nothing."""
    first = own_server.start()
    with first.connect() as connection:
        connection.execute("create table if not exists kept (value int)")
    own_server.stop()
    second = own_server.start()
    with second.connect() as connection:
        connection.execute("select from kept")
    assert second.port == first.port


def test_starts_after_a_kill_9(own_server: EmbeddedPostgres) -> None:
    """A stale postmaster.pid is no obstacle, what was committed is there."""
    with own_server.start().connect() as connection:
        connection.execute("create table if not exists kept (value int)")
        [process_id] = connection.execute(
            "select (regexp_match(pg_read_file('postmaster.pid'), '^\\d+'))[1]"
        ).fetchone() or [None]
    os.kill(int(str(process_id)), signal.SIGKILL)
    wait_until(lambda: not own_server.is_running())
    with own_server.start().connect() as connection:
        connection.execute("select from kept")


def test_starts_although_the_stale_lock_names_a_living_process(
    own_server: EmbeddedPostgres,
) -> None:
    """After a reboot the old process id may belong to anybody."""
    own_server.start()
    own_server.stop()
    home = own_server._folder
    pointer = home / "data_folder"
    if pointer.exists():
        home = Path(pointer.read_text(encoding="utf-8").strip())
    lock = home / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{home / 'data'}\n", encoding="utf-8")
    own_server.start().connect().close()


def test_another_port_is_taken_when_the_old_one_is_used(own_server: EmbeddedPostgres) -> None:
    """A program that took the port meanwhile does not stop the sandbox."""
    port = own_server.start().port
    own_server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert own_server.start().port != port


def test_lost_password_file_is_explained(own_server: EmbeddedPostgres) -> None:
    """A new password does not open an old cluster; the message says what to do."""
    own_server.start()
    own_server.stop()
    password_file = own_server._folder / "superuser_password"
    password = password_file.read_text(encoding="utf-8")
    password_file.unlink()
    with pytest.raises(PostgresError, match="restore that file, or remove the folder"):
        own_server.start()
    password_file.write_text(password, encoding="utf-8")


def test_a_folder_whose_data_is_gone_is_explained(tmp_path: Path) -> None:
    """The pointer to the data is followed, and its absence is named."""
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "data_folder").write_text(f"{tmp_path / 'gone'}\n", encoding="utf-8")
    with pytest.raises(PostgresError, match=r"gone, which is gone; remove .* to begin anew"):
        EmbeddedPostgres(folder).start()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the user")
def test_root_copies_programs_that_the_servers_user_cannot_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment below /root works: nobody's permissions are changed, the programs are copied."""
    can = postgres_cluster._can
    monkeypatch.setattr(
        postgres_cluster,
        "_can",
        lambda user, test, path: test != "-x" and can(user, test, path),
    )
    server = EmbeddedPostgres(tmp_path / "postgres", survives_power_cut=False)
    server.start().connect().close()
    server.erase()


def test_address_becomes_a_url_whatever_is_in_the_password() -> None:
    """Reserved characters are quoted."""
    address = PostgresAddress("127.0.0.1", 5432, "airflow", "air flow", "p@ss/w:rd")
    expected = "postgresql+psycopg2://air%20flow:p%40ss%2Fw%3Ard@127.0.0.1:5432/airflow"
    assert address.url() == expected
