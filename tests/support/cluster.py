"""One throw-away PostgreSQL for a whole pytest run, whatever the number of its processes.

    pytest (the controller)      holds a lock on a folder as long as it lives
    pytest-xdist workers         inherit the folder's name; whoever needs a database first
                                 starts the keeper, the others wait for it
    keeper (this module, run)    supervises the server; ends it and removes the folder when
                                 the controller's lock falls, even by kill -9

Databases are cloned from a migrated template, 13 ms each. `TELEHEALTH_TEST_DATABASE`, the
URL of a superuser on another server, takes the place of ours.

PYTEST_DONT_REWRITE: conftest.py imports this for its types before pytest loads it as a plugin.
"""

import fcntl
import functools
import hashlib
import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from telehealth.core.embedded import EmbeddedPostgres
from telehealth.core.provisioning import APP, OWNER, Addresses, addresses, create_roles, prepare_database
from tests.support.programs import ROOT
from tests.support.waiting import eventually

EXTERNAL = "TELEHEALTH_TEST_DATABASE"
SESSION = "TELEHEALTH_TESTSESSION"
_PREFIX = "th_test_"


class Cluster:
    """The run's server. Every address it hands out is of its own roles, never the superuser's."""

    def __init__(self, superuser_url: str, passwords: dict[str, str]) -> None:
        self._passwords = passwords
        parts = urlsplit(superuser_url)
        self._head = f"{parts.scheme}://{parts.netloc}"
        self._where = parts.netloc.rpartition("@")[2] + "/{}" + (f"?{parts.query}" if parts.query else "")
        self._query = parts.query
        self._template = ""

    def superuser_url(self, database: str = "postgres") -> str:
        return f"{self._head}/{database}" + (f"?{self._query}" if self._query else "")

    def addresses(self, database: str) -> Addresses:
        return addresses(database, self._passwords, self._where)

    def template(self, migrate: Callable[[str], object], fingerprint: str) -> str:
        """The database that `clone` copies: made once a run by `migrate(owner_url)`.

        `fingerprint` stands for all that `migrate` does; another one makes another template.
        """
        self._template = f"{_PREFIX}template_{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}"
        with self._superuser() as connection:
            connection.execute("select pg_advisory_lock(hashtext(%s))", (self._template,))
            if not self._is_finished(connection):
                self._make_template(connection, migrate)
        return self._template

    def clone(self, template: str = "") -> Addresses:
        """A new database with the template's contents; drop it when its user is done."""
        source = template or self._template
        if not source:
            raise RuntimeError("there is no template yet: call template() first")
        name = f"{_PREFIX}{os.environ.get(SESSION, '')[-8:]}_{uuid.uuid4().hex[:12]}"
        with self._superuser() as connection:
            connection.execute(
                SQL("create database {} owner {} template {} strategy file_copy").format(
                    Identifier(name), Identifier(OWNER), Identifier(source)
                )
            )
        return self.addresses(name)

    def drop(self, database: Addresses) -> None:
        """Gone at once, whoever is still connected."""
        name = urlsplit(database.owner_url).path.lstrip("/")
        with self._superuser() as connection:
            connection.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))

    def drop_all(self, session: str) -> None:
        """Whatever a run left on a server that outlives it, its template kept for the next."""
        with self._superuser() as connection:
            left = connection.execute(
                "select datname from pg_database where starts_with(datname, %s)",
                (f"{_PREFIX}{session[-8:]}_",),
            ).fetchall()
            for (name,) in left:
                connection.execute(SQL("drop database {} with (force)").format(Identifier(name)))

    @contextmanager
    def _superuser(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            yield connection

    def _is_finished(self, connection: psycopg.Connection[tuple[Any, ...]]) -> bool:
        row = connection.execute(
            "select datistemplate from pg_database where datname = %s", (self._template,)
        ).fetchone()
        return row is not None and row[0] is True

    def _make_template(
        self, connection: psycopg.Connection[tuple[Any, ...]], migrate: Callable[[str], object]
    ) -> None:
        name = Identifier(self._template)
        # Half made by a run that was killed.
        connection.execute(SQL("drop database if exists {} with (force)").format(name))
        connection.execute(SQL("create database {} owner {}").format(name, Identifier(OWNER)))
        prepare_database(self.superuser_url(self._template))
        migrate(self.addresses(self._template).owner_url)
        # A template that somebody is connected to cannot be copied.
        closed = SQL("alter database {} with is_template true allow_connections false")
        connection.execute(closed.format(name))


def attach() -> Cluster:
    """The run's server, started if nobody has yet. Cheap to call again."""
    if external := os.environ.get(EXTERNAL):
        return _external(external)
    folder = Path(os.environ[SESSION])
    about = folder / "cluster.json"
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not about.exists():
            _start_keeper(folder)
    said = json.loads(about.read_text())
    return Cluster(said["url"], said["passwords"])


def open_session() -> None:
    """The controller's part before any worker starts: name the run, and hold its lock."""
    folder = Path(tempfile.mkdtemp(prefix="th-"))
    folder.chmod(0o711)
    alive = os.open(folder / "alive.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(alive, fcntl.LOCK_EX)
    os.environ[SESSION] = str(folder)
    _Held.lock = alive


def close_session() -> None:
    folder = Path(os.environ.pop(SESSION))
    if external := os.environ.get(EXTERNAL):
        _external(external).drop_all(str(folder))
    fcntl.flock(_Held.lock, fcntl.LOCK_UN)
    os.close(_Held.lock)
    if (folder / "cluster.json").exists():
        eventually(lambda: not folder.exists(), timeout_s=60)
    shutil.rmtree(folder, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        open_session()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and SESSION in os.environ:
        close_session()


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return attach()


class _Held:
    """The controller's lock, for as long as its process lives."""

    lock = -1


def _external(url: str) -> Cluster:
    """Passwords follow from the URL, so that runs side by side on one server agree on them."""
    passwords = {role: hashlib.sha256(f"{role} {url}".encode()).hexdigest()[:32] for role in (OWNER, APP)}
    _make_roles_once(url, *passwords.items())
    return Cluster(url, passwords)


@functools.cache
def _make_roles_once(url: str, *passwords: tuple[str, str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # Two processes altering one role at once: "tuple concurrently updated".
        connection.execute("select pg_advisory_lock(hashtext(%s))", (_PREFIX,))
        create_roles(url, dict(passwords))


def _start_keeper(folder: Path) -> None:
    # Not Popen: the keeper outlives the worker that happens to start it, and Popen would warn.
    log = folder / "keeper.log"
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "tests.support.cluster", str(folder)],
        {**os.environ, "PYTHONPATH": str(ROOT)},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    about, failed = folder / "cluster.json", folder / "failed"
    eventually(lambda: about.exists() or failed.exists(), timeout_s=120)
    if failed.exists():
        raise RuntimeError(f"the test server did not start:\n{log.read_text()}")


def keep(folder: Path) -> None:
    """Run the server until the controller's lock falls, then leave nothing behind."""
    settings = {"max_connections": "200", "shared_buffers": "64MB", "log_min_duration_statement": "-1"}
    server = EmbeddedPostgres(folder / "pg", durable=False, settings=settings)
    try:
        server.start()
        passwords = {role: server.secret(role) for role in (OWNER, APP)}
        create_roles(server.superuser_dsn(), passwords)
        fresh = folder / "cluster.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"url": server.superuser_dsn(), "passwords": passwords}))
        fresh.rename(folder / "cluster.json")
        with (folder / "alive.lock").open("r+") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)
    except BaseException:
        (folder / "failed").touch()
        raise
    finally:
        server.stop(0)
    shutil.rmtree(folder)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
