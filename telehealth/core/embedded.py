"""The PostgreSQL of a house without a database server: our own child, in our own folder.

    home/lock        one supervisor per home (flock; the kernel lets go of it however we die)
    home/data        the cluster; made as data.new and renamed, so a killed initdb leaves none
    home/run         the socket: no TCP port is opened
    home/secrets     passwords, 0600
    home/log         postgres.log

As root the server runs as another account, since PostgreSQL refuses root. We start it
directly, not through pg_ctl: so we reap it, know its exit code, and the kernel shuts it down
when we are killed. Where the kernel cannot (macOS), the next start ends the orphan.
"""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from telehealth.core.binaries import find_programs, within_reach
from telehealth.core.homes import HomeLock
from telehealth.core.ownership import Account, NotOurs, give, private_folder, run_as
from telehealth.core.processes import (
    CannotStart,
    die_with_parent,
    log_tail,
    look_up,
    open_log,
    require_main_thread,
    working_in,
)

SUPERUSER = "postgres"
_ACCOUNTS = ("telehealth-pg", "postgres", "nobody")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
#: The kernel allows 107 bytes, of which ".s.PGSQL.5432" and a slash take 14.
_SOCKET_FOLDER_BYTES = 90
_POLL_S = 0.01

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",  # parameters are names, phones, complaints
    "log_line_prefix": "%m [%p] %a ",
}
_DURABLE = {"wal_compression": "pglz"}
#: A cluster that may be lost with the machine, for tests. autovacuum would hold on to templates.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class ServerFailed(CannotStart):
    """PostgreSQL ended, or was not ready in time; the message ends with its log."""


class EmbeddedPostgres:
    """One cluster under `home`. Call `start` from the main thread (see `die_with_parent`).

    `durable=False` trades safety against power loss for speed. `settings` overrides any
    server setting. May be started again after it stopped or died.
    """

    name = "postgres"
    grace_s = 30.0

    def __init__(
        self, home: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.log = self.home / "log" / "postgres.log"
        self._durable = durable
        self._settings = {**_SETTINGS, **(_DURABLE if durable else _FAST), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = HomeLock(self.home)

    def start(self, timeout_s: float = 30) -> None:
        """Return once the server accepts connections.

        Raises:
            HomeBusy, NotOurs, ServerFailed, ProgramsMissing.
        """
        require_main_thread()
        deadline = time.monotonic() + timeout_s
        self._take_home()
        try:
            self._prepare()
            self._end_predecessor(deadline)
            self._spawn_until_ready(deadline)
        except BaseException:
            self.stop(0)
            raise

    def poll(self) -> int | None:
        """The exit code, or None while it runs. 0 before the first start."""
        return 0 if self._process is None else self._process.poll()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def terminate(self) -> None:
        """Ask for a fast shutdown: open transactions roll back, a checkpoint is written."""
        self._signal(signal.SIGINT)

    def stop(self, timeout_s: float = grace_s) -> None:
        """End the server and let go of the home. After `timeout_s` it is stopped without a checkpoint."""
        for death, patience_s in ((signal.SIGINT, timeout_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            self._signal(death)
            if self._wait(patience_s):
                break
        self._leave_home()

    def superuser_dsn(self, db: str = "postgres") -> str:
        password = quote(self.secret(SUPERUSER), safe="")
        return f"postgresql://{SUPERUSER}:{password}@/{db}?host={quote(str(self.socket_folder), safe='')}"

    def secret(self, name: str) -> str:
        """The password of that name, made on first use and kept 0600 under the home."""
        path = self.home / "secrets" / name
        if path.exists():
            return path.read_text()
        private_folder(path.parent)
        fresh = path.with_name(name + ".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        fresh.rename(path)
        return path.read_text()

    @property
    def socket_folder(self) -> Path:
        """home/run, or a short private folder elsewhere when that path is too long for a socket."""
        if not self._socket_is_elsewhere:
            return self.home / "run"
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere"))
        if os.geteuid() == 0:
            runtime = Path("/run")
        if os.access(runtime, os.W_OK):
            return runtime / f"telehealth-{mark}"
        return Path("/tmp") / f"telehealth-{os.geteuid()}-{mark}"  # noqa: S108 - ownership checked on use

    @property
    def _socket_is_elsewhere(self) -> bool:
        return len(os.fsencode(self.home / "run")) > _SOCKET_FOLDER_BYTES

    @property
    def _account(self) -> Account | None:
        """Whom the server runs as when we are root. The owner of existing data keeps them."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            return Account.owner_of(self.data)
        if account := Account.first_of(_ACCOUNTS):
            return account
        raise NotOurs("PostgreSQL refuses to run as root and finds no other: useradd -r telehealth-pg")

    def _take_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o711 if self._account else 0o700)
        self._lock.take()

    def _leave_home(self) -> None:
        if self._socket_is_elsewhere:
            shutil.rmtree(self.socket_folder, ignore_errors=True)
        self._lock.release()

    def _prepare(self) -> None:
        account = self._account
        if account is not None and not account.can_enter(self.home):
            raise NotOurs(
                f"PostgreSQL runs as {account.name}, who cannot enter {self.home}: "
                "choose a TELEHEALTH_HOME outside closed folders"
            )
        private_folder(self.socket_folder, account)
        self._make_cluster(account)

    def _make_cluster(self, account: Account | None) -> None:
        made_by = self.data / "PG_VERSION"
        major = int(made_by.read_text()) if made_by.exists() else None
        self._programs = within_reach(find_programs(self.home, major=major), self.home, account)
        if major is not None:
            return
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        private_folder(fresh, account)
        # initdb reads it as the server's account, which cannot see our secrets folder.
        password = self.socket_folder / "password"
        password.write_text(self.secret(SUPERUSER))
        give(password, account, mode=0o600)
        try:
            made = subprocess.run(  # noqa: S603
                self._programs.initdb(fresh, superuser=SUPERUSER, password=password, sync=self._durable),
                env=_ENVIRONMENT, cwd="/", text=True, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **run_as(account),
            )  # fmt: skip
        finally:
            password.unlink()
        if made.returncode != 0:
            raise ServerFailed(f"initdb failed ({made.returncode}):\n{made.stdout}")
        fresh.rename(self.data)

    def _end_predecessor(self, deadline: float) -> None:
        """See to it that no process of an earlier run still works in our folder.

        We hold the lock, so whoever is left is an orphan: a server whose supervisor was
        killed, or the backends of a server that was.
        """
        pid_file = self.data / "postmaster.pid"
        while (pid := _postmaster(pid_file, self.data)) is not None:
            if time.monotonic() > deadline:
                raise ServerFailed(f"an earlier server (process {pid}) does not stop\n{log_tail(self.log)}")
            os.kill(pid, signal.SIGINT)
            time.sleep(_POLL_S)
        # A dead server's files name a process that is a zombie or somebody else by now;
        # PostgreSQL would take it for a live server and refuse to start.
        pid_file.unlink(missing_ok=True)
        for stale in self.socket_folder.glob(".s.PGSQL.*"):
            stale.unlink()
        for backend in working_in(self.data):
            os.kill(backend, signal.SIGQUIT)

    def _spawn_until_ready(self, deadline: float) -> None:
        while not self._spawn_and_wait(deadline):
            tail = log_tail(self.log)
            # A killed server's backends hold its shared memory until they notice.
            if "is still in use" not in tail or time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL ended with {self.poll()}:\n{tail}")
            time.sleep(0.1)

    def _spawn_and_wait(self, deadline: float) -> bool:
        """True once ready; False when the process ended before that."""
        argv: list[str | Path] = [self._programs.bin / "postgres", "-D", self.data]
        argv += ["-k", f'"{self.socket_folder}"']
        for key, value in self._settings.items():
            argv += ["-c", f"{key}={value}"]
        log = open_log(self.log)
        try:
            self._process = process = subprocess.Popen[bytes](
                argv, env=_ENVIRONMENT, cwd="/", umask=0o077, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent(signal.SIGINT), **run_as(self._account),
            )  # fmt: skip
        finally:
            os.close(log)
        while process.poll() is None:
            if self._is_ready(process.pid):
                return True
            if time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL was not ready in time\n{log_tail(self.log)}")
            time.sleep(_POLL_S)
        return False

    def _is_ready(self, pid: int) -> bool:
        """The server writes "ready" into the eighth line of its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _wait(self, patience_s: float) -> bool:
        if self._process is None:
            return True
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True


def _postmaster(pid_file: Path, data: Path) -> int | None:
    """The live server of `data`, or None when its pid file is missing, a zombie's or a stranger's."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    seen = look_up(pid)
    if seen is None or seen.is_zombie or str(data) not in seen.command:
        return None
    return pid
